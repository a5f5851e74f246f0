"""The doors, as people run them, against the stand-in over TLS: what is right is ready, and what is wrong is named."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.facts import ids
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Severity
from tests.azure import runs
from tests.azure.fixtures import Serve
from tests.azure.standin import Fault, Standin
from tests.environment import HEALTHY, ROOT
from tools.examples import of_fault
from tools.shop.environment import LEGACY_CLIENT, NODE_GROUP, PROD, SHOP, SUBSCRIPTION
from tools.shop.fault import Fault as Broken
from tools.shop.faults import faults

DOORS: Final = {"pullready": runs.PULLREADY, "pytest": runs.PYTEST}
OTHER_SHOP: Final = SHOP.replace(SUBSCRIPTION, "99999999-1111-4111-8111-111111111111")
NAME_OF_OTHER: Final = ids.registry_name(SUBSCRIPTION, "othershop")
SERVICE_PRINCIPAL: Final = ids.service_principal(LEGACY_CLIENT)
SCALE_SETS: Final = ids.scale_sets_in(NODE_GROUP)
OTHER_POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop}
spec: {containers: [{name: other, image: "othershop.azurecr.io/other:1"}], nodeSelector: {kubernetes.io/os: linux}}
"""


@pytest.mark.parametrize("door", DOORS)
def test_the_healthy_shop_is_ready_live_and_again_from_what_was_saved(door: str, serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served())
    runs.configure(tmp_path, standin, runs.targets("prod", "legacy"))
    live = runs.run(tmp_path, DOORS[door])
    assert live.exit_code == 0, live.said
    source = live.report["source"]
    asked = {"arm": len(standin.asked("arm")), "graph": len(standin.asked("graph"))}
    assert (source["kind"], source["unreadable"], source["requests"]) == ("live", 0, asked)
    assert set(live.verdicts.values()) <= {"clear", "not-applicable"}

    runs.configure(tmp_path, standin, runs.targets("prod", "legacy"), snapshot="saved.json")
    again = runs.run(tmp_path, [word for word in DOORS[door] if "save-snapshot" not in word])
    assert again.exit_code == 0, again.said
    assert again.report["source"]["kind"] == "snapshot"
    assert json.dumps(again.report["results"]) == json.dumps(live.report["results"])
    assert len(standin.requests) == sum(asked.values()), "from a snapshot nothing is read"


def test_a_snapshot_that_was_saved_live_needs_nothing_else_to_be_judged(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served())
    tenant = "99999999-9999-4999-8999-999999999999"
    runs.configure(tmp_path, standin, [{**one, "tenant": tenant} for one in runs.targets("prod", "legacy")])
    live = runs.run(tmp_path)
    (tmp_path / "pullready.yaml").unlink()
    again = runs.run(tmp_path, ("pullready", "run", "--snapshot=saved.json"))
    assert (live.exit_code, again.exit_code) == (0, 0), again.said
    assert again.verdicts == live.verdicts
    assert standin.tenants == {tenant}


@pytest.mark.parametrize("fault", list(faults()), ids=lambda fault: fault.slug)
def test_each_fault_of_the_examples_is_found_live(fault: Broken, serve: Serve, tmp_path: Path) -> None:
    example = of_fault(fault)
    for name, text in example.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    standin = serve(runs.served(example.bodies))
    runs.configure(tmp_path, standin, [{"cluster": fault.cluster, "manifests": ["manifests"]}])
    done = runs.run(tmp_path)
    gates = runs.CHECKS[fault.slug].severity is Severity.BLOCKER and not fault.is_risk
    assert done.exit_code == (1 if gates else 0), done.said
    assert [one["check"] for one in done.report["results"] if one["gating"]] == ([fault.slug] if gates else [])
    assert done.verdicts[fault.slug, fault.cluster.rpartition("/")[2]] == "found"
    assert done.report["source"]["kind"] == "live"


def test_a_missing_role_is_found_where_graph_does_not_say_who_is_gone(serve: Serve, tmp_path: Path) -> None:
    root, follower = "pull-role-on-stale-principal", "kubelet-pull-role-missing"
    example = of_fault(next(fault for fault in faults() if fault.slug == root))
    (tmp_path / "manifests").mkdir()
    for name, text in example.files.items():
        (tmp_path / name).write_text(text)
    standin = serve(runs.served(example.bodies))
    [directory] = [id_ for id_ in example.bodies if "getByIds" in id_]
    runs.configure(tmp_path, standin, [{"cluster": PROD, "manifests": ["manifests"]}])
    seen = runs.run(tmp_path)
    assert [request.method for request in standin.requests if request.id.casefold() == directory.casefold()] == ["POST"]
    assert (seen.verdicts[root, "prod"], seen.verdicts[follower, "prod"]) == ("found", "found")
    standin.fails(directory, Fault(403, {"error": {"code": "Authorization_RequestDenied", "message": "said by Azure"}}))
    hidden = runs.run(tmp_path)
    assert (hidden.verdicts[root, "prod"], hidden.verdicts[follower, "prod"]) == ("unknown", "found")
    assert [one["check"] for one in hidden.report["results"] if one["gating"]] == [root, follower]
    assert "Directory.Read.All is missing at Microsoft Graph" in hidden.said
    assert hidden.exit_code == 1


@dataclass(frozen=True)
class Bad:
    """What is wrong, the line that says so, and the checks that are unknown because of it, by target."""

    says: str
    prod: frozenset[str] = frozenset()
    legacy: frozenset[str] = frozenset()
    spoil: Callable[[Standin], object] = lambda _: None
    environ: dict[str, str] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=lambda: runs.targets("prod")[0])


def answered(id_: str, status: int, code: str, **headers: str) -> Callable[[Standin], object]:
    body = {"error": {"code": code, "message": "said by Azure"}}
    return lambda standin: standin.fails(id_, Fault(status, body, {k.replace("_", "-"): v for k, v in headers.items()}))


def all_forbidden(standin: Standin) -> None:
    for document in standin.snapshot:
        answered(document.id, 403, "AuthorizationFailed")(standin)


def goes_on_elsewhere(standin: Standin) -> None:
    link = f"https://127.0.0.1:{standin.urls['graph'].rpartition(':')[2]}{SCALE_SETS}?api-version=2026-04-01"
    standin.fails(SCALE_SETS, Fault(200, {"value": [], "nextLink": link}))


def with_another_name(standin: Standin) -> None:
    taken = {"nameAvailable": False, "reason": "AlreadyExists", "message": "said by Azure"}
    standin.snapshot = standin.snapshot.with_documents(
        [Document(id=NAME_OF_OTHER, provider=Provider.ARM, status=Status.READ, body=taken)]
    )


#: The checks that judge what registries hold, which are not asked here: they do not apply.
OF_CONTENTS: Final = frozenset(
    slug for slug, check in runs.CHECKS.items() if {"pulled_images", "quarantined_images"} & set(check.facts)
)
ALL: Final = frozenset(runs.CHECKS) - OF_CONTENTS
#: The checks that judge what the manifests say, and read nothing of Azure.
OF_MANIFESTS: Final = frozenset(
    {
        "cloud-suffix-mismatch",
        "image-pull-policy-hazard",
        "image-uses-privatelink-hostname",
        "invalid-image-reference",
    }
)
OF_AZURE: Final = ALL - OF_MANIFESTS
OF_CLUSTER: Final = OF_AZURE - {"dnl-login-server-mismatch", "image-reference-registry-unknown"}
OF_REGISTRY: Final = frozenset(
    {
        "abac-registry-acrpull-not-honoured",
        "hub-firewall-blocks-private-endpoint",
        "kubelet-pull-role-missing",
        "nsg-blocks-registry-egress",
        "nva-or-firewall-blocks-registry",
        "private-dns-zone-not-linked-to-cluster-vnet",
        "pull-role-on-stale-principal",
        "registry-firewall-excludes-cluster-egress",
        "route-table-blackholes-registry",
        "tls-handshake-timeout-path",
        "vnet-peering-missing-or-disconnected",
        "registry-public-access-disabled-without-private-path",
    }
)
PERMISSION: Final = "Microsoft.ContainerService/managedClusters/read is missing at /subscriptions/.*/prod"
BAD_INPUT: Final = {
    "cluster-not-found": Bad(
        rf"cannot read {PROD}: ResourceNotFound", OF_CLUSTER, spoil=answered(PROD, 404, "ResourceNotFound")
    ),
    "cluster-forbidden": Bad(
        f"cannot read {PROD}: AuthorizationFailed: {PERMISSION}",
        OF_CLUSTER,
        spoil=answered(PROD, 403, "AuthorizationFailed"),
    ),
    "subscription-forbidden": Bad(PERMISSION, OF_AZURE, OF_AZURE, all_forbidden),
    "subscription-of-another-tenant": Bad(
        r"remedy: +Sign in to the tenant that the resource belongs to .*tenant: in pullready.yaml",
        OF_AZURE,
        OF_AZURE,
        lambda standin: standin.homes.update({SUBSCRIPTION: "another"}),
    ),
    "login-expired": Bad(
        r"signing in to Azure .* failed: .* AADSTS7000222 \(the client secret has expired\)\. .*AZURE_CLIENT_SECRET",
        OF_AZURE,
        OF_AZURE,
        lambda standin: setattr(standin.entra, "refusal", "AADSTS7000222: The client secret keys are expired."),
    ),
    "login-absent": Bad(
        r"signing in to Azure .* failed: no way to sign in worked \(.*\)\. Run az login, .*\(OIDC",
        OF_AZURE,
        OF_AZURE,
        # Neither the machine's own identity is asked, nor a person's login that may be there.
        environ={"AZURE_CLIENT_ID": "", "AZURE_CLIENT_SECRET": "", "AZURE_TOKEN_CREDENTIALS": "dev", "PATH": ""},
    ),
    "registry-elsewhere-by-the-host-of-an-image": Bad(
        r"othershop\.azurecr\.io\n.*\n? *remedy: +Name it by its resource id under registries: in pullready\.yaml",
        OF_REGISTRY | {"image-reference-registry-unknown"},
        spoil=with_another_name,
        target={"cluster": PROD, "manifests": [str(HEALTHY / "manifests" / "prod"), "other.yaml"]},
    ),
    "registry-elsewhere-by-its-resource-id": Bad(
        f"cannot read {OTHER_SHOP}: .*Microsoft.ContainerRegistry/registries/read is missing at {OTHER_SHOP}",
        OF_REGISTRY | {"dnl-login-server-mismatch", "image-reference-registry-unknown"},
        spoil=answered(OTHER_SHOP, 403, "AuthorizationFailed"),
        target={**runs.targets("prod")[0], "registries": [OTHER_SHOP]},
    ),
    "throttled-for-an-hour": Bad(
        rf"cannot read {PROD}: localhost:\d+ throttles \(TooManyRequests\)",
        OF_CLUSTER,
        spoil=answered(PROD, 429, "TooManyRequests", Retry_After="3600"),
    ),
    "list-that-goes-on-elsewhere": Bad(
        rf"cannot read {SCALE_SETS}: the list goes on at another host than localhost",
        frozenset({"kubelet-identity-not-on-vmss", "nsg-blocks-registry-egress", "tls-handshake-timeout-path"}),
        spoil=goes_on_elsewhere,
    ),
    "graph-forbidden": Bad(
        r"cannot read graph:.*Authorization_RequestDenied: Application\.Read\.All is missing at Microsoft Graph",
        legacy=frozenset({"cluster-sp-secret-expired", "kubelet-pull-role-missing", "pull-role-on-stale-principal"}),
        spoil=answered(SERVICE_PRINCIPAL, 403, "Authorization_RequestDenied"),
    ),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_clear_line_and_the_rest_is_judged(
    name: str, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = BAD_INPUT[name]
    for variable, value in bad.environ.items():
        monkeypatch.setenv(variable, value)
    (tmp_path / "other.yaml").write_text(OTHER_POD)
    standin = serve(runs.served())
    bad.spoil(standin)
    runs.configure(tmp_path, standin, [bad.target, *runs.targets("legacy")])
    done = runs.run(tmp_path)
    assert done.exit_code == 10, done.said
    assert re.search(bad.says, done.said), done.said
    for target, unknown in (("prod", bad.prod), ("legacy", bad.legacy)):
        said = {check: verdict for (check, of), verdict in done.verdicts.items() if of == target}
        assert {check for check, verdict in said.items() if verdict == "unknown"} == unknown
        assert set(said) == ALL | OF_CONTENTS
        assert {said[check] for check in OF_CONTENTS} == {"not-applicable"}
        assert set(said.values()) <= {"unknown", "clear", "not-applicable"}
    assert len(re.findall(r"^(cannot read \S+: )?signing in to Azure", done.said, re.MULTILINE)) <= 1, done.said
    for request in standin.requests:
        assert standin.tokens[request.token].audience == standin.urls[request.service], "the token went elsewhere"


def test_throttled_for_a_moment_is_waited_for(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served())
    standin.fails(PROD, Fault(429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": "1"}, times=1))
    runs.configure(tmp_path, standin, runs.targets("prod", "legacy"))
    done = runs.run(tmp_path)
    assert done.exit_code == 0, done.said
    assert standin.asked().count(PROD) == 2
    assert done.report["source"]["requests"]["arm"] == len(standin.asked("arm"))


def test_manifests_alone_are_judged_beside_a_live_cluster(serve: Serve, tmp_path: Path) -> None:
    standin = serve(runs.served())
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "pod.yaml").write_text(OTHER_POD)
    runs.configure(tmp_path, standin, [*runs.targets("prod"), {"manifests": ["alone"]}])
    done = runs.run(tmp_path)
    assert done.exit_code == 0, done.said
    clear = {check for (check, target), verdict in done.verdicts.items() if (target, verdict) == ("manifests", "clear")}
    assert clear == OF_MANIFESTS | {"image-reference-registry-unknown", "pod-os-nodeselector-mismatch"}
    assert set(done.verdicts.values()) == {"clear", "not-applicable"}
    assert not [id_ for id_ in standin.asked() if "othershop" in id_], "it belongs to no cluster"


def test_a_run_loads_only_the_clients_that_it_asks(serve: Serve, tmp_path: Path) -> None:
    path = runs.configure(tmp_path, serve(runs.served()), runs.targets("prod"))
    slug = "kubelet-identity-not-on-vmss"
    script = f"""
import sys
from pathlib import Path
from tests.azure import runs
assert runs.judge(Path({str(path)!r}), {{{slug!r}: runs.CHECKS[{slug!r}]}}).exit_code == 0
print(*sys.modules)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    clients = {name for name in done.stdout.split() if re.fullmatch(r"azure\.mgmt\.\w+|kubernetes|aiohttp", name)}
    read = {"compute", "containerregistry", "containerservice"}
    assert clients == {f"azure.mgmt.{one}" for one in (*read, "core")}
