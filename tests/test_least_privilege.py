"""The generated custom role is enough, and nothing in it is too much; what Azure leaves out of a list is not absent."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.collectors import effort, grants
from pullready.collectors.permissions import permissions
from pullready.facts import ids, needs_of
from pullready.outcome import Exit, Run
from pullready.snapshot import Provider, Snapshot
from pullready.verdict import Unknown, Verdict
from tests.azure import acr, environments, rbac, runs
from tests.azure.fixtures import Serve
from tests.azure.rbac import Grant
from tests.azure.standin import PRINCIPAL, Fault, Request, Standin
from tests.environment import CASES, case_scope
from tests.test_collectors import read
from tools.examples import EXAMPLES as MANIFESTS
from tools.examples import of_fault
from tools.shop.environment import GROUP, LEGACY_NODE_GROUP, NODE_GROUP, SUBSCRIPTION, healthy
from tools.shop.faults import faults
from tools.shop.hub import hub
from tools.shop.landing_zone import landing_zone

ROLE: Final = json.loads((MANIFESTS.parent / "docs" / "custom-role.json").read_text())
#: What registries' own API goes by is tried in test_registry_api.
OF_REGISTRIES: Final = {acr.PULL, acr.DELETED}
ACTIONS: Final[tuple[str, ...]] = tuple(one for one in ROLE["Actions"] if one not in OF_REGISTRIES)
GRAPH: Final = ("Application.Read.All", "Directory.Read.All")


def assign(standin: Standin, *without: str) -> None:
    """Let the caller do what the custom role has, at every subscription, and read Graph; less *without*."""
    actions = tuple(action for action in ACTIONS if action not in without)
    subscriptions = {document.id.split("/")[2] for document in standin.snapshot if document.id.startswith("/subscr")}
    standin.grants = [Grant(PRINCIPAL, f"/subscriptions/{one}", actions) for one in subscriptions]
    standin.grants.append(Grant(PRINCIPAL, "/providers/Microsoft.Authorization", actions))
    # Who may read the directory may read the applications in it.
    standin.permitted = set() if GRAPH[0] in without else set(GRAPH) - set(without)


@pytest.mark.parametrize("name", ["hub", "healthy", "landing_zone"])
def test_the_custom_role_reads_everything(name: str, serve: Serve) -> None:
    environment = getattr(environments, name)()
    standin = serve(environment)
    assign(standin)
    found, _ = read(standin, environment)
    expected = {document.id.casefold(): document.status for document in environment}
    assert {document.id.casefold(): document.status for document in found} == expected


#: Read only where a registry was asked what it holds, which none is here.
OF_CONTENTS: Final = ("Microsoft.Compute/skus/read", "Microsoft.ContainerRegistry/registries/cacheRules/read")
Setting = tuple[Snapshot, list[dict[str, Any]]]


def in_health(name: str, _: Path) -> Setting:
    """Return a healthy example, and its targets."""
    makers = {"healthy": healthy, "hub": hub, "landing-zone": landing_zone}
    clusters = {"healthy": ("prod", "legacy"), "hub": ("stage",), "landing-zone": ("retail", "batch")}
    return runs.served(makers[name]()), runs.targets_of(name, *clusters[name])


def with_fault(slug: str, _: Path) -> Setting:
    """Return the example of the fault *slug*, and its target."""
    fault = next(one for one in faults() if one.slug == slug)
    manifests = MANIFESTS / "broken" / slug / "manifests"
    return runs.served(of_fault(fault).bodies), [{"cluster": fault.cluster, "manifests": [str(manifests)]}]


def in_case(name: str, folder: Path) -> Setting:
    """Return what a case of a check makes of the healthy shop, and its target."""
    slug, _, case = name.partition(": ")
    scope = case_scope(tomllib.loads((CASES / f"{slug}.toml").read_text())[case], folder)
    bodies = {one.id: one.body for one in scope.snapshot if one.provider in {Provider.ARM, Provider.GRAPH}}
    return runs.served(bodies), [{"cluster": scope.target.cluster, "manifests": [*scope.target.manifests]}]


#: Where all of the permissions are taken: most are by what is healthy, some only by what is out of the ordinary.
SETTINGS: Final[dict[str, Callable[[str, Path], Setting]]] = {
    "healthy": in_health,
    "hub": in_health,
    "landing-zone": in_health,
    "pull-role-on-stale-principal": with_fault,
    "vnet-peering-missing-or-disconnected": with_fault,
    "image-reference-registry-unknown: found-nobody-has-the-registry": in_case,
    "registry-firewall-excludes-cluster-egress: found-address-of-a-node": in_case,
    "route-table-blackholes-registry: clear-appliance-whose-address-is-assigned": in_case,
    "vnet-peering-missing-or-disconnected: found-not-peered-at-all": in_case,
    "kubelet-identity-not-on-vmss: clear-machines-of-a-virtual-machines-pool": in_case,
    "private-dns-zone-not-linked-to-cluster-vnet: clear-zone-named-by-a-zone-group-alone": in_case,
}


def judged(name: str, serve: Serve, folder: Path, *without: str) -> tuple[Run, Standin]:
    """Judge a setting as somebody who has the custom role, less the actions *without*."""
    snapshot, targets = SETTINGS[name](name, folder)
    standin = serve(snapshot, page_size=100)
    assign(standin, *without)
    return runs.judge(runs.configure(folder, standin, targets)), standin


@cache
def declaring(permission: str) -> frozenset[str]:
    """Return the checks that declare *permission*, as docs/permissions.md lists them."""
    return frozenset(
        slug
        for slug, check in runs.CHECKS.items()
        for one in permissions()
        if not needs_of(check.facts).isdisjoint(one.needs)
        and permission in (getattr(each, "action", getattr(each, "name", "")) for each in one.permissions)
    )


def said(run: Run) -> dict[tuple[str, str], Verdict]:
    return {(result.check.id, result.target): result.verdict for result in run.results}


@pytest.fixture(scope="module")
def whole() -> dict[str, tuple[dict[tuple[str, str], Verdict], frozenset[str]]]:
    """What each setting comes to with the whole role, and the actions taken for it; filled as it is needed."""
    return {}


@pytest.mark.parametrize("permission", [*ACTIONS, *GRAPH])
def test_without_one_action_just_checks_that_declare_it_are_unknown(
    permission: str, whole: dict[str, Any], serve: Serve, tmp_path: Path
) -> None:
    unknown: set[str] = set()
    for name in SETTINGS:
        if name not in whole:
            run, standin = judged(name, serve, tmp_path)
            whole[name] = said(run), frozenset(map(asked_by, standin.requests))
        verdicts, taken = whole[name]
        if permission.casefold() in taken:
            run, _ = judged(name, serve, tmp_path, permission)
            changed = {pair: now for pair, now in said(run).items() if verdicts[pair] is not now}
            # What said that it did not apply may say more where the reason for that cannot be read.
            more = {pair for pair in changed if verdicts[pair] is Verdict.NOT_APPLICABLE}
            assert {now for pair, now in changed.items() if pair not in more} <= {Verdict.UNKNOWN}, changed
            assert set(changed.values()) <= {Verdict.UNKNOWN, Verdict.CLEAR}, changed
            assert run.exit_code is not Exit.READY or not changed
            unknown |= {check for (check, _), now in changed.items() if now is Verdict.UNKNOWN}
    assert unknown or permission in OF_CONTENTS
    assert unknown <= declaring(permission)


def asked_by(request: Request) -> str:
    if request.service == "graph":
        return (
            "Directory.Read.All" if "/directoryobjects" in request.id.casefold() else "Application.Read.All"
        ).casefold()
    return rbac.action_of(request.method, request.id.partition("?")[0]).casefold()


GROUPS: Final = (GROUP, NODE_GROUP, LEGACY_NODE_GROUP)


def test_a_list_that_may_leave_something_out_proves_no_absence(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served(), page_size=100)
    assign(standin)
    standin.grants = [Grant(PRINCIPAL, group, ACTIONS) for group in GROUPS]
    run = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod", "legacy")))
    reasons = run_reasons(run, "private-dns-zone-not-linked-to-cluster-vnet")
    action = "Microsoft.ContainerRegistry/registries/read"
    beside = "Microsoft.Authorization/permissions/read are not known to be granted"
    partial = f"{action} and {beside} at /subscriptions/{SUBSCRIPTION}, so that Azure may leave"
    assert any(partial in one for one in reasons), reasons
    assert Verdict.FOUND not in said(run).values()
    # The list of a resource group is whole for whoever may read all of the group.
    assert said(run)["kubelet-identity-not-on-vmss", "legacy"] is not Verdict.UNKNOWN


def test_whoever_may_tell_what_is_granted_and_not_list_it_all_is_told_which(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served(), page_size=100)
    assign(standin, "Microsoft.Network/privateDnsZones/read")
    assert standin.grants is not None
    standin.grants.append(Grant(PRINCIPAL, GROUP, ("Microsoft.Network/privateDnsZones/read",)))
    run = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod")))
    [reason] = set(run_reasons(run, "private-dns-zone-not-linked-to-cluster-vnet"))
    assert f"Microsoft.Network/privateDnsZones/read is not granted at /subscriptions/{SUBSCRIPTION}, so that" in reason


def test_what_azure_left_out_of_a_list_is_not_absent(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served(), page_size=100)
    assign(standin, "Microsoft.Network/privateDnsZones/read")
    assert standin.grants is not None
    standin.grants.append(Grant(PRINCIPAL, f"{GROUP}-of-others", ("Microsoft.Network/privateDnsZones/read",)))
    before = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod")))
    assert said(before)["private-dns-zone-not-linked-to-cluster-vnet", "prod"] is Verdict.UNKNOWN


def run_reasons(run: Run, check: str) -> list[str]:
    judged = (one.judgement for result in run.results if result.check.id == check for one in result.judged)
    return [one.reason for one in judged if isinstance(one, Unknown)]


@pytest.mark.parametrize(
    ("roles", "is_allowed"),
    [
        ([], False),
        ([{"actions": ["*"], "notActions": []}], True),
        ([{"actions": ["*/read"]}], True),
        ([{"actions": ["MICROSOFT.NETWORK/*"], "notActions": None}], True),
        ([{"actions": ["*"], "notActions": ["Microsoft.Network/*"]}], False),
        ([{"actions": ["*"], "notActions": ["Microsoft.Network/*"]}, {"actions": ["*/read"], "notActions": []}], True),
        ([{"actions": ["*"], "notActions": "Microsoft.Network/*"}], False),
        ([{"actions": ["*"], "notActions": [7]}], False),
        ([{"actions": "*"}], False),
        ([{"notActions": []}, "role"], False),
        (None, False),
        ("roles", False),
    ],
)
def test_what_the_caller_may_do_is_what_some_role_gives(roles: object, is_allowed: bool) -> None:  # noqa: FBT001
    assert grants.allows({"value": roles}, "Microsoft.Network/privateDnsZones/read") is is_allowed


@pytest.mark.parametrize(
    ("id_", "scopes"),
    [
        (ids.private_dns_zones_in("s"), ["/subscriptions/s"]),
        (
            ids.scale_sets_in("/subscriptions/s/resourceGroups/g"),
            ["/subscriptions/s", "/subscriptions/s/resourceGroups/g"],
        ),
        (ids.vm_sizes_in("s", "westeurope"), []),
        (ids.registry_name("s", "shop"), []),
        (ids.links_of(f"{GROUP}/providers/Microsoft.Network/privateDnsZones/z"), []),
        (ids.role_assignments_at(f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/r"), []),
        (ids.events_of(f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/r"), []),
        (f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v", []),
        (ids.service_principal("c"), []),
    ],
)
def test_lists_of_a_subscription_or_group_are_those_that_may_lack_something(id_: str, scopes: list[str]) -> None:
    assert [*grants.scopes_listed(id_)] == scopes


@pytest.mark.parametrize("answer", [(503, "ServiceUnavailable"), (403, "AuthorizationFailed")])
def test_where_it_cannot_be_told_whether_a_list_is_whole_it_is_unknown(
    answer: tuple[int, str], serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effort, "BACKOFF", 0.001)
    standin = serve(runs.served(), page_size=100)
    status, code = answer
    permissions_ = grants.permissions_at(f"/subscriptions/{SUBSCRIPTION}")
    standin.fails(permissions_, Fault(status, {"error": {"code": code, "message": "said by Azure"}}))
    run = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod")))
    assert run.exit_code is Exit.INCOMPLETE
    reasons = run_reasons(run, "private-dns-zone-not-linked-to-cluster-vnet")
    told = "so that Azure may leave out" if status == 403 else "answered 503"
    assert all(told in one for one in reasons)
    assert reasons
