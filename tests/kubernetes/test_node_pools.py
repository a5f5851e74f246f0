"""NodePools of a real API server: where it has no such resource, with the generated ClusterRole, and without it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pullready.collectors.live import collect
from pullready.config import Settings, Target
from pullready.facts import Facts, Need, Scope, ids
from pullready.facts.provisioning import Provisioning
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure import environments
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, ApiServer
from tools.shop.environment import PROD

TARGET: Final = Target(CONTEXT, cluster=PROD, context=CONTEXT)
POOLS: Final = "/apis/karpenter.sh/v1/nodepools"
CLASSES: Final = "/apis/karpenter.azure.com/v1beta1/aksnodeclasses"


def definition(group: str, version: str, kind: str) -> dict[str, Any]:
    """Return what makes the API server have a resource of the whole cluster that may hold anything."""
    plural = f"{kind.lower()}{'es' if kind.endswith('s') else 's'}"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": "Cluster",
            "versions": [served],
        },
    }


DEFINED: Final = [
    definition("karpenter.sh", "v1", "NodePool"),
    definition("karpenter.azure.com", "v1beta1", "AKSNodeClass"),
]
REQUIRED: Final = [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]
REFERENCE: Final = {"group": "karpenter.azure.com", "kind": "AKSNodeClass", "name": "default"}
MADE: Final = [
    {
        "apiVersion": "karpenter.azure.com/v1beta1",
        "kind": "AKSNodeClass",
        "metadata": {"name": "default"},
        "spec": {"imageFamily": "Ubuntu"},
    },
    {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "arm"},
        "spec": {"template": {"spec": {"requirements": REQUIRED, "nodeClassRef": REFERENCE}}},
    },
]


def read() -> tuple[Document, Provisioning]:
    """Return the list of NodePools of a cluster that has node auto-provisioning, and what it comes to."""
    body = {"id": PROD, "properties": {"nodeProvisioningProfile": {"mode": "Auto"}}}
    cluster = Document(id=PROD, provider=Provider.ARM, status=Status.READ, body=body)
    started = Snapshot([cluster], captured_at=environments.hub().captured_at)
    found = collect([TARGET], Settings(), {CONTEXT: frozenset({Need.NODE_POOLS})}, started, lambda _: None)
    known: Provisioning = Facts(Scope(found, TARGET, Settings()))("provisioning")
    return found.document(ids.live_node_pools(CONTEXT)), known


@pytest.fixture
def live(server: ApiServer, sign_in: SignIn) -> ApiServer:
    """The API server, whose reader has the generated ClusterRole."""
    server.apply([objects.cluster_role(), objects.bound()])
    server.await_access(objects.listed().values())
    sign_in(server.kubeconfig())
    return server


def test_a_cluster_without_the_resource_leaves_it_open_and_one_with_it_says_which(live: ApiServer) -> None:
    document, known = read()
    assert (document.status, known.pools) == (Status.NOT_FOUND, ())
    assert known.others
    assert "the API server has no list of nodepools" in known.others.reason
    live.apply(DEFINED)
    live.await_access([POOLS, CLASSES])
    assert read()[1].others is None
    live.apply(MADE)
    [pool] = read()[1].pools
    assert (pool.name, pool.systems, pool.architectures("linux")) == ("arm", frozenset({"linux"}), ("arm64",))
    live.apply([objects.cluster_role(("karpenter.sh", "nodepools"))])
    live.await_access([CLASSES], [POOLS])
    document, known = read()
    assert (document.status, known.pools) == (Status.FORBIDDEN, ())
    assert known.others
    assert "the list of nodepools in all namespaces is forbidden" in known.others.reason
