"""The generated ClusterRole is enough for all that is read, and nothing in it is too much: RBAC itself says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.collectors import kubernetes
from pullready.collectors.permissions import KubernetesRule, permissions
from pullready.facts import needs_of
from pullready.outcome import Exit, Run
from pullready.verdict import Unknown, Verdict
from tests.azure import acr, environments, runs
from tests.azure.fixtures import Serve
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, ApiServer
from tools.shop.environment import PROD

SECRETS: Final = ("", "secrets")
NODES: Final = ("", "nodes")
EVENTS: Final = ("", "events")
Resource = tuple[str, str]
ALL: Final[dict[Resource, str]] = {**objects.listed(), SECRETS: kubernetes.SECRETS}
#: Checks that judge what pods name, and are unknown wherever some pods may not be known.
OF_PODS: Final = {"kubelet-pull-role-missing", "image-manifest-missing", "pod-os-nodeselector-mismatch"}
OF_PLACES: Final = {"pod-os-nodeselector-mismatch"}
OF_LOGINS: Final = {
    one for one in runs.CHECKS if one.startswith(("pull-secret-", "admin-user-", "registry-token-", "scope-map-"))
}
#: What is unknown without lists that no pods are in: only what goes by that which is in them. Events prove nothing.
BESIDE: Final[dict[Resource, set[str]]] = {
    ("node.k8s.io", "runtimeclasses"): OF_PLACES,
    NODES: OF_PLACES,
    SECRETS: OF_LOGINS,
    EVENTS: set(),
}
Judge = Callable[..., Run]


@pytest.fixture(scope="module")
def shop(server: ApiServer) -> ApiServer:
    """The shop in a live cluster, with an object of every kind, whose reader has the generated ClusterRole.

    One workload chooses nodes by a label that somebody set by hand, which only the nodes tell, and one is sandboxed.
    """
    anywhere: dict[str, Any] = {"nodeSelector": {}, "tolerations": [{"operator": "Exists"}]}
    choosing = objects.deployment("choosing", **anywhere | {"nodeSelector": {"disk": "ssd"}})
    sandboxed = objects.deployment("sandboxed", **anywhere, runtimeClassName="sandboxed")
    linux_only = objects.runtime_class("sandboxed", **{"kubernetes.io/os": "linux"})
    nodes = [
        objects.node("aks-linux1-1", "linux1", {"disk": "ssd"}),
        objects.node("aks-system-1", "system"),
        objects.node("aks-win1-1", "win1", {"kubernetes.io/os": "windows"}),
    ]
    more = [*objects.every_kind(), objects.service_account("builder"), linux_only]
    roles = [objects.bound(), objects.secrets_reader(), objects.bound(role="secrets")]
    true = acr.digests(runs.served())
    server.apply([*roles, *nodes, *objects.shop(true), *more, choosing, sandboxed])
    return server


@pytest.fixture
def judge(shop: ApiServer, sign_in: SignIn, serve_registries: Serve, tmp_path: Path) -> Judge:
    """Judge the live shop as somebody who has the ClusterRole and may list Secrets, less one resource."""

    def judged(without: Resource | None = None) -> Run:
        shop.apply([objects.cluster_role(without), objects.secrets_reader(() if without == SECRETS else ("list",))])
        allowed = [path for resource, path in ALL.items() if resource != without]
        shop.await_access(allowed, [ALL[without]] if without else [])
        sign_in(shop.kubeconfig())
        standin = serve_registries(acr.genuine(runs.served()))
        target = {"cluster": PROD, "context": CONTEXT, "registries": [*environments.REGISTRIES["prod"]]}
        more = {"read-registries": True, "read-secrets": True}
        return runs.judge(runs.configure(tmp_path, standin, [target], **more))

    return judged


def said(run: Run) -> dict[str, Verdict]:
    return {result.check.id: result.verdict for result in run.results}


def declaring(resource: Resource) -> set[str]:
    """Return the checks that declare the list of *resource*."""
    group, name = resource
    return {
        slug
        for slug, check in runs.CHECKS.items()
        for declared in permissions()
        for rule in declared.permissions
        if isinstance(rule, KubernetesRule) and group == rule.group and name in rule.resources
        if not needs_of(check.facts).isdisjoint(declared.needs)
    }


@pytest.fixture(scope="module")
def whole() -> dict[str, Verdict]:
    """What the checks say where nothing is refused; filled by who needs it first."""
    return {}


def test_with_the_generated_role_all_is_read_and_the_live_shop_is_ready(judge: Judge) -> None:
    run = judge()
    assert (run.exit_code, run.source.unreadable) == (Exit.READY, 0)
    assert run.source.requests["kubernetes"] == len(ALL)


@pytest.mark.parametrize("resource", ALL, ids="/".join)
def test_without_one_list_just_checks_that_declare_it_are_unknown(
    resource: Resource, judge: Judge, whole: dict[str, Verdict]
) -> None:
    whole.update(whole or said(judge()))
    run = judge(resource)
    assert run.source.unreadable == 1
    changed = {slug: verdict for slug, verdict in said(run).items() if whole[slug] is not verdict}
    assert set(changed.values()) <= {Verdict.UNKNOWN}
    assert changed.keys() <= declaring(resource)
    if resource in BESIDE:
        assert changed.keys() == BESIDE[resource]
    else:
        assert changed.keys() >= OF_PODS
    assert run.exit_code is (Exit.INCOMPLETE if changed else Exit.READY)
    told = [one.judgement for result in run.results for one in result.judged if isinstance(one.judgement, Unknown)]
    reason = f"the list of {resource[1]} in all namespaces is forbidden"
    # Without nodes, what is said is that Azure does not tell the labels which a pod asks for.
    assert {reason in one.reason for one in told} == ({resource != NODES} if changed else set())


def test_nodes_that_may_not_be_listed_leave_open_only_what_azure_does_not_tell(judge: Judge, shop: ApiServer) -> None:
    """Azure tells the labels and taints of pools, so that without nodes a run says what one without a context would.

    What somebody set by hand on nodes is open then. It is open only where a pod asks for it.
    """
    [result] = (one for one in judge(NODES).results if one.check.id == "pod-os-nodeselector-mismatch")
    unknown = {one.judgement.subject for one in result.judged if isinstance(one.judgement, Unknown)}
    assert unknown == {"Deployment shop/choosing"}
