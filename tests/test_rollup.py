"""The roll-up: what all checks together say of each image on each pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pullready import catalogue, links, rollup
from pullready.config import Waiver
from pullready.facts import Facts
from pullready.outcome import ImageOutcome, Result, result
from pullready.spec import run_check
from pullready.verdict import Found, Judgement, NotApplicable, Severity, Unknown, Verdict
from pullready.waivers import Waivers
from tests.environment import case_scope

CHECKS = catalogue.load()
Ran = tuple[dict[str, Facts], list[Result]]

POD = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {%s containers: [{name: a, image: %s}]}}"
NO_ARTIFACTS = {"no-artifacts": True}
LINUX = "nodeSelector: {kubernetes.io/os: linux},"
WEB = "shopimages.azurecr.io/web:1.4.2"
TOKEN_POD = (
    POD % (f"{LINUX} imagePullSecrets: [{{name: token}}],", WEB)
    + """
---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: shop}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: |
    {"auths": {"shopimages.azurecr.io": {"username": "shop-pull", "password": "example-not-a-password"}}}
"""
)
#: Kubelet's identity has no role at the registry; it has the token ``shop-pull``, which may read ``web``.
TOKEN: tuple[Mapping[str, Any], ...] = (
    {"document": "shop-roles", "body": {"value": []}},
    {
        "document": "{shop}/tokens/shop-pull",
        "body": {
            "properties": {
                "status": "enabled",
                "provisioningState": "Succeeded",
                "scopeMapId": "{shop}/scopeMaps/web",
                "credentials": {"passwords": [{"name": "password1", "creationTime": "2026-10-30T08:00:00Z"}]},
            }
        },
    },
    {
        "document": "{shop}/scopeMaps/web",
        "body": {"properties": {"actions": ["repositories/web/content/read"]}},
    },
)


def run(
    folder: Path,
    case: Mapping[str, Any] | None = None,
    said: Mapping[str, tuple[Judgement, ...]] | None = None,
    waivers: tuple[Waiver, ...] = (),
) -> Ran:
    """Judge every check on the healthy shop as *case* changes it; *said* replaces what a check says."""
    facts = Facts(case_scope(case or {}, folder))
    target = facts.scope.target
    results: list[Result] = []
    for check in catalogue.roots_first(CHECKS.values()):
        judgements = (said or {}).get(check.id) or run_check(check, facts)
        accepted = Waivers(waivers, today=date(2026, 11, 2))
        made = result(check, target, judgements, waivers=accepted, earlier=results, fail_on=Severity.BLOCKER)
        results.append(made)
    return {target.name: facts}, results


def outcomes(ran: Ran) -> dict[tuple[str | None, str], ImageOutcome]:
    return {(one.pool, one.image): one for one in rollup.images(*ran)}


def found(subject: str, severity: Severity | None = None) -> Found:
    return Found(subject, "broken", "whole", "mend it", (), severity)


#: The checks whose finding breaks no link of the way.
OFF_THE_WAY = {"kubelet-pull-qps-throttle", "node-resource-group-unlocked"}


def test_every_check_that_proves_a_link_exists_and_every_check_has_its_link() -> None:
    explaining = {root for check in CHECKS.values() for root in check.follows_from}
    assert set(links.PROVES) == set(CHECKS) - OFF_THE_WAY - (explaining - set(links.PROVES))
    assert all(CHECKS[check].severity is not Severity.BLOCKER for check in OFF_THE_WAY)
    assert set(links.PROVES.values()) < set(links.PULL_PATH)


def test_every_image_of_the_healthy_shop_will_be_pulled(tmp_path: Path) -> None:
    known = outcomes(run(tmp_path))
    assert list(known) == [
        ("win1", "shopimages.azurecr.io/billing:7.0.3"),
        ("linux1", "shoptools.azurecr.io/db-migrate:2.1.0"),
        ("linux1", "shopimages.azurecr.io/web:1.4.2"),
        ("linux1", "shopimages.azurecr.io/jobs/report@sha256:" + "0123456789abcdef" * 4),
    ]
    web = known["linux1", "shopimages.azurecr.io/web:1.4.2"]
    assert web == ImageOutcome(
        target="prod",
        pool="linux1",
        image="shopimages.azurecr.io/web:1.4.2",
        workloads=("Deployment shop/web",),
        verdict="will-pull",
        because=(),
        proven=links.PULL_PATH,
        unproven=(),
    )
    public = known["linux1", "shoptools.azurecr.io/db-migrate:2.1.0"]
    assert (public.verdict, public.proven) == ("will-pull", links.PULL_PATH)


def test_what_registries_hold_is_unproven_where_it_was_not_read(tmp_path: Path) -> None:
    known = outcomes(run(tmp_path, NO_ARTIFACTS))
    assert {one.verdict for one in known.values()} == {"no-fault-found"}
    assert not [one for one in known.values() if {"manifest", "platform"} & set(one.proven)]


def test_an_architecture_blocks_the_image_on_that_pool_alone(tmp_path: Path) -> None:
    check, subject = "image-architecture-mismatch", "linux1 → shopimages.azurecr.io/web:1.4.2 in Deployment shop/web"
    known = outcomes(run(tmp_path, said={check: (found(subject),)}))
    assert [one.image for one in known.values() if one.verdict == "blocked"] == ["shopimages.azurecr.io/web:1.4.2"]
    elsewhere = outcomes(run(tmp_path, said={check: (found(subject.replace("linux1", "system")),)}))
    assert {one.verdict for one in elsewhere.values()} <= {"will-pull", "no-fault-found"}


def test_the_windows_build_blocks_the_image_on_that_pool_and_without_it_no_platform_is_proven(tmp_path: Path) -> None:
    check, image = "windows-os-build-mismatch", "shopimages.azurecr.io/billing:7.0.3"
    facts, results = run(tmp_path)
    assert "platform" in outcomes((facts, results))["win1", image].proven
    unasked = [one for one in results if one.check.id != check]
    assert not [one for one in outcomes((facts, unasked)).values() if "platform" in one.proven]
    known = outcomes(run(tmp_path, said={check: (found(f"win1 → {image} in Deployment shop/billing"),)}))
    assert [one.image for one in known.values() if one.verdict == "blocked"] == [image]
    assert known["win1", image].because == (check,)


def test_no_manifest_is_proven_where_nobody_asked_for_its_quarantine(tmp_path: Path) -> None:
    facts, results = run(tmp_path)
    unasked = [one for one in results if one.check.id != "quarantine-policy-hides-image"]
    for one in outcomes((facts, unasked)).values():
        assert (one.verdict, one.unproven) == ("no-fault-found", ("manifest", "layers"))


def test_a_pull_policy_breaks_the_link_of_the_manifest_and_advice_on_it_breaks_none(tmp_path: Path) -> None:
    check, image = "image-pull-policy-hazard", "shopimages.azurecr.io/web:1.4.2"
    subject = f"{image} in Deployment shop/web"
    for severity, verdict, proven in (
        (None, "blocked", False),
        (Severity.RISK, "at-risk", False),
        (Severity.ADVICE, "will-pull", True),
    ):
        known = outcomes(run(tmp_path, said={check: (found(subject, severity),)}))["linux1", image]
        assert (known.verdict, "manifest" in known.proven) == (verdict, proven)


def test_cluster_with_a_service_principal_proves_its_credential(tmp_path: Path) -> None:
    (stock,) = rollup.images(*run(tmp_path, {"target": "legacy"}))
    assert (stock.target, stock.pool, stock.verdict) == ("legacy", "nodes", "will-pull")
    assert "credential" in stock.proven


def test_a_token_of_the_registry_proves_nothing_for_its_password_is_told_nobody(tmp_path: Path) -> None:
    """What is wrong with it breaks its link; where nothing is, the password may still be another one."""
    token, scope_map = "registry-token-disabled-or-expired", "scope-map-lacks-repository-read"
    secret, image = "Secret shop/stagetools-token → stagetools.azurecr.io", "stagetools.azurecr.io/db-migrate:2.2.0"
    nodes = {"kubelet-identity-not-on-vmss": (NotApplicable(secret, "not here"),)}
    for said, verdict in (
        ({}, "no-fault-found"),
        ({scope_map: (found(secret),)}, "blocked"),
        ({token: (found(secret),)}, "blocked"),
        ({token: (Unknown(secret, "unread", "read it", ()),)}, "unknown"),
    ):
        one = outcomes(run(tmp_path, {"target": "stage"}, said={**nodes, **said}))["linux1", image]
        assert ({"credential", "identity"} & {*one.proven}, one.verdict) == (set(), verdict)


def test_an_image_that_only_a_token_pulls_is_never_sure_to_be_pulled(tmp_path: Path) -> None:
    """Of the whole way nothing else is left: the nodes' own identity is attached, and has no role."""
    known = outcomes(run(tmp_path, {"manifests": TOKEN_POD, "patch": TOKEN}))["linux1", WEB]
    assert (known.verdict, known.unproven) == ("no-fault-found", ("identity",))
    kept = outcomes(run(tmp_path, {"manifests": TOKEN_POD, "patch": TOKEN[1:]}))["linux1", WEB]
    assert (kept.verdict, kept.unproven) == ("will-pull", ())


@pytest.mark.parametrize(
    ("check", "subject", "images"),
    [
        ("kubelet-pull-role-missing", "prod → shopimages.azurecr.io", {"billing", "web", "report"}),
        ("kubelet-pull-role-missing", "PROD → ShopImages.azurecr.io", {"billing", "web", "report"}),
        ("kubelet-pull-role-missing", "prod → shoptools", {"db-migrate"}),
        ("kubelet-identity-not-on-vmss", "win1", {"billing"}),
        ("cluster-sp-secret-expired", "prod", {"billing", "web", "report", "db-migrate"}),
        ("registry-firewall-excludes-cluster-egress", "linux1 → shoptools.azurecr.io", {"db-migrate"}),
        ("registry-firewall-excludes-cluster-egress", "win1 → shoptools.azurecr.io", set()),
        ("private-dns-zone-not-linked-to-cluster-vnet", "shopimages.azurecr.io", {"billing", "web", "report"}),
        ("pod-os-nodeselector-mismatch", "Deployment shop/web", {"web", "db-migrate"}),
        ("pod-os-nodeselector-mismatch", "Deployment shop/we", set()),
        ("image-reference-registry-unknown", "shopimages.azurecr.io/web:1.4.2 in Deployment shop/web", {"web"}),
        ("quarantine-policy-hides-image", "shopimages.azurecr.io/web:1.4.2 in Deployment shop/web", {"web"}),
        ("soft-deleted-artifact", "shopimages.azurecr.io/web:1.4.2 in Deployment shop/web", {"web"}),
        ("scope-map-lacks-repository-read", "Secret shop/shopimages-admin → shopimages.azurecr.io", {"report"}),
        ("image-reference-registry-unknown", "", {"billing", "web", "report", "db-migrate"}),
    ],
)
def test_finding_blocks_the_pulls_that_it_concerns(tmp_path: Path, check: str, subject: str, images: set[str]) -> None:
    known = outcomes(run(tmp_path, said={check: (found(subject),)}))
    blocked = {one for one in known.values() if one.verdict == "blocked"}
    assert {one.image.rpartition("/")[2].partition("@")[0].partition(":")[0] for one in blocked} == images
    assert all(one.because == (check,) for one in blocked)
    assert all(links.PROVES[check] in one.unproven for one in blocked)


def test_waived_finding_blocks_all_the_same(tmp_path: Path) -> None:
    check, subject = "kubelet-pull-role-missing", "prod → shopimages.azurecr.io"
    waiver = Waiver(check, subject, "known", "team", date(2026, 12, 31))
    ran = run(tmp_path, said={check: (found(subject),)}, waivers=(waiver,))
    assert next(one for one in ran[1] if one.check.id == check).verdict is Verdict.WAIVED
    assert outcomes(ran)["linux1", "shopimages.azurecr.io/web:1.4.2"].verdict == "blocked"


def test_blocker_stands_before_risk_and_risk_before_unknown(tmp_path: Path) -> None:
    role, vmss, os = "kubelet-pull-role-missing", "kubelet-identity-not-on-vmss", "pod-os-nodeselector-mismatch"
    blocker, risk = found("prod → shopimages.azurecr.io"), found("linux1", Severity.RISK)
    unknown = Unknown("Deployment shop/web", "not read", "read it")
    web = "linux1", "shopimages.azurecr.io/web:1.4.2"
    tools = "linux1", "shoptools.azurecr.io/db-migrate:2.1.0"
    known = outcomes(run(tmp_path, said={role: (blocker,), vmss: (risk,), os: (unknown,)}))
    assert (known[web].verdict, known[web].because) == ("blocked", (role,))
    assert (known[tools].verdict, known[tools].because) == ("at-risk", (vmss,))
    known = outcomes(run(tmp_path, said={os: (unknown,)}))
    assert (known[web].verdict, known[web].because) == ("unknown", (os,))
    assert "platform" in known[web].unproven
    report = next(one for (_, image), one in known.items() if "report" in image)
    assert report.verdict == "will-pull"


def test_advice_harms_no_pull(tmp_path: Path) -> None:
    known = outcomes(run(tmp_path, said={"kubelet-identity-not-on-vmss": (found("linux1", Severity.ADVICE),)}))
    assert known["linux1", "shopimages.azurecr.io/web:1.4.2"].verdict == "no-fault-found"
    assert "credential" in known["linux1", "shopimages.azurecr.io/web:1.4.2"].unproven


def test_advice_that_is_unknown_leaves_no_pull_unknown(tmp_path: Path) -> None:
    unknown = Unknown("prod", "not read", "read it")
    known = outcomes(run(tmp_path, said={"node-resource-group-unlocked": (unknown,)}))
    assert {one.verdict for one in known.values()} == {"will-pull"}


def test_broken_check_leaves_every_pull_unknown(tmp_path: Path) -> None:
    facts, results = run(tmp_path)
    broken = [replace(one, broken="ValueError", judged=()) if i == 0 else one for i, one in enumerate(results)]
    known = outcomes((facts, broken))
    assert {(one.verdict, one.because) for one in known.values()} == {("unknown", (results[0].check.id,))}


def test_public_registry_needs_its_gate_open_and_a_private_one_has_none(tmp_path: Path) -> None:
    gate = "registry-firewall-excludes-cluster-egress"
    said = {
        gate: (
            NotApplicable("linux1 → shopimages.azurecr.io", "private"),
            NotApplicable("linux1 → shoptools.azurecr.io", "for some other reason"),
        )
    }
    known = outcomes(run(tmp_path, said=said))
    assert "gate" in known["linux1", "shopimages.azurecr.io/web:1.4.2"].proven
    assert "gate" in known["linux1", "shoptools.azurecr.io/db-migrate:2.1.0"].unproven


def test_gate_of_a_private_registry_that_was_not_judged_is_not_proven(tmp_path: Path) -> None:
    facts, results = run(tmp_path)
    gates = {check for check, link in links.PROVES.items() if link == "gate"}
    others = [one for one in results if one.check.id not in gates]
    assert "gate" in outcomes((facts, others))["linux1", "shopimages.azurecr.io/web:1.4.2"].unproven


def test_same_image_on_several_pools_stands_there_once_for_each(tmp_path: Path) -> None:
    case = {
        "manifests": POD % ("tolerations: [{operator: Exists}],", "shoptools.azurecr.io/a")
        + "\n---\n"
        + (POD % (LINUX, "shoptools.azurecr.io/a")).replace("name: a, namespace", "name: b, namespace")
    }
    known = outcomes(run(tmp_path, case))
    assert {pool: one.workloads for (pool, _), one in known.items()} == {
        "system": ("Pod shop/a",),
        "linux1": ("Pod shop/a", "Pod shop/b"),
        "win1": ("Pod shop/a",),
    }


def test_auto_provisioned_nodes_are_a_pool_of_their_own(tmp_path: Path) -> None:
    patch = {"document": "prod", "pointer": "/properties/nodeProvisioningProfile", "value": {"mode": "Auto"}}
    windows = "nodeSelector: {kubernetes.io/os: windows}, tolerations: [{operator: Exists}],"
    for selector, pools in ((LINUX, {"linux1", "node auto-provisioning"}), (windows, {"win1"})):
        case = {"manifests": POD % (selector, "shoptools.azurecr.io/a"), "patch": [patch]}
        assert {pool for pool, _ in outcomes(run(tmp_path, case))} == pools


def test_node_pools_that_are_known_tell_whether_nodes_are_made(tmp_path: Path) -> None:
    live = "kubernetes:prod/apis/karpenter"
    required = [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]
    spec = {"requirements": required, "nodeClassRef": {"kind": "AKSNodeClass", "name": "default"}}
    taints = [{"key": "gpu", "effect": "NoSchedule"}]
    for more, pools in (({}, {"linux1", "node auto-provisioning"}), ({"taints": taints}, {"linux1"})):
        one = {"kind": "NodePool", "metadata": {"name": "a"}, "spec": {"template": {"spec": {**spec, **more}}}}
        group = {"apiVersion": "karpenter.sh/v1"}
        two = {**group, **one, "metadata": {"name": "b"}}
        patch = [
            {"document": "prod", "pointer": "/properties/nodeProvisioningProfile", "value": {"mode": "Auto"}},
            {"document": "kubernetes:prod/api/v1/pods", "body": {"apiVersion": "v1", "kind": "PodList", "items": []}},
            {"document": f"{live}.sh/v1/nodepools", "body": {"kind": "NodePoolList", "items": [{**group, **one}, two]}},
        ]
        for artifacts in ({}, NO_ARTIFACTS):
            case = {"context": "prod", "manifests": POD % (LINUX, "shopimages.azurecr.io/web:1.4.2"), "patch": patch}
            known = rollup.images(*run(tmp_path, {**case, **artifacts}))
            assert sorted(str(image.pool) for image in known) == sorted(pools)
            assert {image.workloads for image in known} == {("Pod shop/a",)}


def test_image_that_no_pool_takes_stands_there_without_a_pool(tmp_path: Path) -> None:
    case = {"manifests": POD % ("nodeSelector: {kubernetes.io/os: Linux},", "shoptools.azurecr.io/a")}
    known = outcomes(run(tmp_path, case))
    assert list(known) == [(None, "shoptools.azurecr.io/a")]
    assert "platform" in known[None, "shoptools.azurecr.io/a"].unproven


def test_cluster_that_cannot_be_read_leaves_its_images_unknown(tmp_path: Path) -> None:
    known = outcomes(run(tmp_path, {"patch": [{"document": "prod", "status": "forbidden"}]}))
    assert len(known) == 4
    assert {(pool, one.verdict) for (pool, _), one in known.items()} == {(None, "unknown")}


def test_without_a_cluster_the_reference_is_all_that_is_proven(tmp_path: Path) -> None:
    case = {"no-cluster": True, "manifests": POD % (LINUX, "contoso.azurecr.io/a"), **NO_ARTIFACTS}
    (image,) = rollup.images(*run(tmp_path, case))
    assert (image.pool, image.verdict, image.proven) == (None, "no-fault-found", ("reference",))


def test_what_cannot_be_read_is_listed_as_unknown(tmp_path: Path) -> None:
    manifests = POD % (LINUX, "'shopimages.azurecr.io/Web:1'")
    manifests += "\n---\nspec: {containers: 7}\nkind: Pod\napiVersion: v1\n"
    known = rollup.images(*run(tmp_path, {"manifests": manifests}))
    assert [(one.image, one.verdict) for one in known] == [
        ("Pod default/…", "unknown"),
        ("shopimages.azurecr.io/Web:1", "blocked"),
    ]
    assert known[0].unproven == links.PULL_PATH


def test_target_without_manifests_has_no_images(tmp_path: Path) -> None:
    scope = case_scope({}, tmp_path)
    facts = Facts(replace(scope, manifests=(), target=replace(scope.target, manifests=())))
    assert rollup.images({"prod": facts}, []) == ()


def test_finding_on_one_target_concerns_no_other(tmp_path: Path) -> None:
    facts, results = run(tmp_path, said={"cluster-sp-secret-expired": (found("prod"),)})
    other = {"copy": facts["prod"]}
    assert {one.verdict for one in rollup.images(facts | other, results) if one.target == "copy"} == {"no-fault-found"}


def test_a_repository_that_a_condition_leaves_out_blocks_its_own_images_alone(tmp_path: Path) -> None:
    name = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]"
    pods = "\n---\n".join(POD % (LINUX, f"shopteams.azurecr.io/{image}") for image in ("web:1", "jobs/report:1"))
    patch = [
        {"document": "shopteams-roles", "pointer": f"/value/0/properties/{key}", "value": value}
        for key, value in (("condition", f"{name} StringEqualsIgnoreCase 'web'"), ("conditionVersion", "2.0"))
    ]
    known = {
        one.image: one for one in rollup.images(*run(tmp_path, {"manifests": pods, "patch": patch, **NO_ARTIFACTS}))
    }
    blocked = known["shopteams.azurecr.io/jobs/report:1"]
    assert (blocked.verdict, blocked.because) == ("blocked", ("abac-registry-acrpull-not-honoured",))
    assert known["shopteams.azurecr.io/web:1"].verdict == "no-fault-found"
    assert "identity" in known["shopteams.azurecr.io/web:1"].proven
    assert "identity" not in blocked.proven


@pytest.mark.parametrize(
    "named", ["shopteams.azurecr.io", "jobs/report", "prod", "prod -> shopteams.azurecr.io -> jobs/report"]
)
def test_a_waiver_names_a_repository_or_its_registry(named: str, tmp_path: Path) -> None:
    waiver = Waiver("abac-registry-acrpull-not-honoured", named, "known", "team", date(2026, 12, 31))
    said = {"abac-registry-acrpull-not-honoured": (found("prod → shopteams.azurecr.io → jobs/report"),)}
    _, results = run(tmp_path, said=said, waivers=(waiver,))
    (one,) = [one for result in results for one in result.judged if one.kind is Verdict.FOUND]
    assert one.waiver == waiver


@pytest.mark.parametrize(
    ("deselected", "image", "proven"),
    [
        ("abac-registry-acrpull-not-honoured", "shopteams.azurecr.io/web:1", False),
        ("abac-registry-acrpull-not-honoured", "shopimages.azurecr.io/web:1", True),
        ("kubelet-pull-role-missing", "shopteams.azurecr.io/web:1", True),
        ("kubelet-pull-role-missing", "shopimages.azurecr.io/web:1", False),
        (None, "shopteams.azurecr.io/web:1", True),
    ],
)
def test_each_mode_of_registry_has_its_check_and_without_it_the_identity_is_not_proven(
    deselected: str | None, image: str, tmp_path: Path, *, proven: bool
) -> None:
    facts, results = run(tmp_path, {"manifests": POD % (LINUX, image), **NO_ARTIFACTS})
    (known,) = rollup.images(facts, [one for one in results if one.check.id != deselected])
    assert ("identity" in known.proven, "identity" in known.unproven) == (proven, not proven)
    assert known.verdict == "no-fault-found"


def test_a_pull_secret_counts_for_the_images_of_the_workloads_that_name_it(tmp_path: Path) -> None:
    slug = "pull-secret-admin-password-stale"
    report, web = ("shopimages.azurecr.io/jobs/report", "shopimages.azurecr.io/web")
    for severity, verdict in ((None, "blocked"), (Severity.RISK, "at-risk")):
        bad = found("Secret shop/shopimages-admin → shopimages.azurecr.io", severity)
        known = outcomes(run(tmp_path, said={slug: (bad,)}))
        said = {image.partition("@")[0].partition(":")[0]: one for (_, image), one in known.items()}
        assert (said[report].verdict, said[report].because) == (verdict, (slug,))
        assert "credential" not in said[report].proven
        assert (said[web].verdict, said[web].unproven) == ("will-pull", ())


def test_a_scope_map_blocks_the_images_of_the_repositories_that_it_lacks_alone(tmp_path: Path) -> None:
    pod = TOKEN_POD.replace("containers: [", "containers: [{name: b, image: shopimages.azurecr.io/one:1}, ")
    known = outcomes(run(tmp_path, {"manifests": pod, "patch": TOKEN}))
    lacking = known["linux1", "shopimages.azurecr.io/one:1"]
    assert (lacking.verdict, lacking.because) == ("blocked", ("scope-map-lacks-repository-read",))
    assert known["linux1", WEB].verdict == "no-fault-found"
