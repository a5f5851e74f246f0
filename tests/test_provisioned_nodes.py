"""What node auto-provisioning may make for a pod: all that a pod asks for, against all that NodePools are made with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.facts import Facts, Placement
from tests.environment import case_scope
from tests.test_pools_that_take_pods import ALL, CONTEXT, EMPTY, IMAGE, NODES, affinity, node, term

POOLS_LISTED: Final = f"kubernetes:{CONTEXT}/apis/karpenter.sh/v1/nodepools"
CLASSES_LISTED: Final = f"kubernetes:{CONTEXT}/apis/karpenter.azure.com/v1beta1/aksnodeclasses"
AUTO: Final = {"document": "prod", "pointer": "/properties/nodeProvisioningProfile", "value": {"mode": "Auto"}}
CLASSES: Final = [
    {"kind": "AKSNodeClass", "metadata": {"name": "default"}, "spec": {"imageFamily": "Ubuntu"}},
    {"kind": "AKSNodeClass", "metadata": {"name": "plain"}},
    {"kind": "AKSNodeClass", "metadata": {"name": "win"}, "spec": {"imageFamily": "Windows2022"}},
]


def required(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": [*values]} if values else {})}


ONLY_AMD64: Final = required("kubernetes.io/arch", "In", "amd64")


def node_pool(*requirements: dict[str, Any], family: str = "default", **spec: Any) -> dict[str, Any]:
    """Return a NodePool as a snapshot has it, and with an apiVersion as a manifest has it."""
    labels, limits = spec.pop("labels", {}), spec.pop("limits", None)
    inner = {"requirements": [*requirements], "nodeClassRef": {"kind": "AKSNodeClass", "name": family}, **spec}
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "default"},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": inner}, **({"limits": limits} if limits else {})},
    }


def listing(id_: str, kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    group = id_.split("/apis/")[1].rpartition("/")[0]
    every = [{"apiVersion": group, **one} for one in items]
    return {"document": id_, "body": {"apiVersion": group, "kind": f"{kind}List", "items": every}}


def provisioned(folder: Path, spec: str, *pools: dict[str, Any], **case: Any) -> Placement:
    """Return where a pod with *spec* may run in a live cluster that has NodePools, and no pool of its own for it."""
    listed = [listing(POOLS_LISTED, "NodePool", *pools), listing(CLASSES_LISTED, "AKSNodeClass", *CLASSES)]
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop}}, spec: {{{spec}, {IMAGE}}}}}"
    manifests = "\n---\n".join((pod, *case.pop("manifests", ())))
    patch = [AUTO, EMPTY, *listed, *case.pop("patch", ())]
    facts = Facts(case_scope({"manifests": manifests, "context": CONTEXT, **case, "patch": patch}, folder))
    (one,) = facts("placements")
    assert isinstance(one, Placement)
    return one


def made(placement: Placement) -> list[tuple[str | None, tuple[str, ...], bool | None]]:
    return [(one.os, one.architectures, one.fits) for one in placement.provisioned]


BOTH: Final = ("amd64", "arm64")
NONE: Final[tuple[str, ...]] = ()
ANY: Final = "tolerations: []"
FAMILY: Final = "karpenter.azure.com/sku-family"
CPUS: Final = "karpenter.azure.com/sku-cpu"
ON_ARM: Final = "nodeSelector: {kubernetes.io/arch: arm64}"
ON_AMD: Final = "nodeSelector: {kubernetes.io/arch: amd64}"


@pytest.mark.parametrize(
    ("spec", "pool", "expected"),
    [
        (ANY, node_pool(), [("linux", BOTH, True)]),
        (ANY, node_pool(ONLY_AMD64), [("linux", ("amd64",), True)]),
        (ANY, node_pool(required("beta.kubernetes.io/arch", "In", "arm64")), [("linux", ("arm64",), True)]),
        (ANY, node_pool(required("kubernetes.io/arch", "NotIn", "arm64")), [("linux", ("amd64",), True)]),
        (ANY, node_pool(required("kubernetes.io/arch", "Exists")), [("linux", BOTH, True)]),
        (ANY, node_pool(required("kubernetes.io/arch", "DoesNotExist")), [("linux", NONE, False)]),
        (ANY, node_pool(labels={"kubernetes.io/arch": "arm64"}), [("linux", ("arm64",), True)]),
        (ON_ARM, node_pool(), [("linux", ("arm64",), True)]),
        (ON_ARM, node_pool(ONLY_AMD64), [("linux", NONE, False)]),
        ("nodeSelector: {beta.kubernetes.io/arch: arm64}", node_pool(ONLY_AMD64), [("linux", NONE, False)]),
        (affinity(term("kubernetes.io/arch", "NotIn", "amd64")), node_pool(), [("linux", ("arm64",), True)]),
        (ANY, node_pool(family="plain"), [("linux", BOTH, True)]),
        (ANY, node_pool(family="win"), [("windows", ("amd64",), True)]),
        (ANY, node_pool(required("kubernetes.io/os", "In", "linux"), family="win"), []),
        (ANY, node_pool(family="gone"), [(None, NONE, None)]),
        (ANY, node_pool(required("kubernetes.io/os", "In", "linux"), family="gone"), [("linux", BOTH, True)]),
        ("nodeSelector: {kubernetes.io/os: windows}", node_pool(), [("linux", NONE, False)]),
        ("nodeSelector: {agentpool: linux1}", node_pool(), [("linux", NONE, False)]),
        ("nodeSelector: {karpenter.sh/nodepool: default}", node_pool(), [("linux", BOTH, True)]),
        ("nodeSelector: {karpenter.sh/nodepool: other}", node_pool(), [("linux", NONE, False)]),
        ("nodeSelector: {tier: web}", node_pool(), [("linux", NONE, False)]),
        ("nodeSelector: {tier: web}", node_pool(labels={"tier": "web"}), [("linux", BOTH, True)]),
        ("nodeSelector: {tier: web}", node_pool(labels={"tier": "api"}), [("linux", NONE, False)]),
        ("nodeSelector: {tier: web}", node_pool(required("tier", "In", "api", "web")), [("linux", BOTH, True)]),
        ("nodeSelector: {tier: web}", node_pool(required("tier", "Exists")), [("linux", BOTH, True)]),
        ("nodeSelector: {tier: web}", node_pool(required("tier", "NotIn", "web")), [("linux", NONE, False)]),
        ("nodeSelector: {tier: web}", node_pool(required("tier", "NotIn", "api")), [("linux", BOTH, True)]),
        ("nodeSelector: {tier: web}", node_pool(required("tier", "DoesNotExist")), [("linux", NONE, False)]),
        (affinity(term("tier", "DoesNotExist")), node_pool(), [("linux", BOTH, True)]),
        (affinity(term("tier", "NotIn", "web")), node_pool(), [("linux", BOTH, True)]),
        (affinity(term("tier", "Exists")), node_pool(), [("linux", NONE, False)]),
        (affinity(term("tier", "Exists")), node_pool(labels={"tier": "web"}), [("linux", BOTH, True)]),
        (affinity(term("tier", "DoesNotExist")), node_pool(labels={"tier": "web"}), [("linux", NONE, False)]),
        (f"nodeSelector: {{{FAMILY}: D}}", node_pool(), [("linux", BOTH, None)]),
        (f"nodeSelector: {{{FAMILY}: D}}", node_pool(required(FAMILY, "In", "D", "E")), [("linux", BOTH, True)]),
        (f"nodeSelector: {{{FAMILY}: N}}", node_pool(required(FAMILY, "In", "D", "E")), [("linux", NONE, False)]),
        (f"nodeSelector: {{{FAMILY}: D}}", node_pool(required(FAMILY, "NotIn", "D")), [("linux", NONE, False)]),
        (f"nodeSelector: {{{FAMILY}: D}}", node_pool(required(FAMILY, "NotIn", "E")), [("linux", BOTH, None)]),
        (affinity(term(CPUS, "Gt", "8")), node_pool(required(CPUS, "Lt", "9")), [("linux", NONE, False)]),
        (affinity(term(CPUS, "Gt", "8")), node_pool(required(CPUS, "Lt", "10")), [("linux", BOTH, None)]),
        (affinity(term(CPUS, "Lt", "5")), node_pool(required(CPUS, "Gt", "4")), [("linux", NONE, False)]),
        (affinity(term("cpus", "Lt", "5")), node_pool(required("cpus", "Gt", "3")), [("linux", BOTH, True)]),
        (
            affinity(term(FAMILY, "In", "N"), term("kubernetes.io/arch", "In", "arm64")),
            node_pool(required(FAMILY, "In", "D")),
            [("linux", ("arm64",), True)],
        ),
        (
            "nodeSelector: {topology.kubernetes.io/zone: westeurope-1}",
            node_pool(required("failure-domain.beta.kubernetes.io/zone", "In", "westeurope-2")),
            [("linux", NONE, False)],
        ),
        (ANY, node_pool(taints=[{"key": "gpu", "effect": "NoSchedule"}]), [("linux", NONE, False)]),
        (ALL, node_pool(taints=[{"key": "gpu", "effect": "NoSchedule"}]), [("linux", BOTH, True)]),
        (ANY, node_pool(taints=[{"key": "gpu", "effect": "PreferNoSchedule"}]), [("linux", BOTH, True)]),
        (ANY, node_pool(startupTaints=[{"key": "gpu", "effect": "NoSchedule"}]), [("linux", BOTH, True)]),
        (
            "tolerations: [{key: arch, operator: Gt, value: '1'}]",
            node_pool(taints=[{"key": "arch", "value": "2", "effect": "NoSchedule"}]),
            [("linux", BOTH, None)],
        ),
        (ANY, node_pool(limits={"cpu": "0"}), [("linux", BOTH, None)]),
        (ANY, node_pool(limits={"cpu": 0}), [("linux", BOTH, None)]),
        (ANY, node_pool(limits={"memory": "0Gi"}), [("linux", BOTH, None)]),
        (ANY, node_pool(limits={"cpu": "100", "memory": "400Gi"}), [("linux", BOTH, True)]),
        (ANY, node_pool(required("kubernetes.io/arch", "Newer", "amd64")), [("linux", BOTH, None)]),
        ("schedulerName: own", node_pool(), [("linux", BOTH, None)]),
        ("nodeName: aks-default-x2k4f", node_pool(), [("linux", BOTH, None)]),
        ("runtimeClassName: unread", node_pool(), [("linux", BOTH, None)]),
        ("runtimeClassName: unread, nodeSelector: {tier: web}", node_pool(), [("linux", NONE, False)]),
    ],
)
def test_what_a_node_pool_may_make_for_a_pod(
    tmp_path: Path, spec: str, pool: dict[str, Any], expected: list[tuple[str | None, tuple[str, ...], bool | None]]
) -> None:
    placement = provisioned(tmp_path, spec, pool)
    assert made(placement) == expected
    assert placement.others is None
    assert placement.may_be_provisioned is any(fits is not False for *_, fits in expected)


def test_a_pod_bound_to_a_node_of_a_pool_gets_none_made(tmp_path: Path) -> None:
    listed = {"document": NODES, "body": {"apiVersion": "v1", "kind": "NodeList", "items": [node("linux1")]}}
    spec = "nodeName: aks-linux1-12345678-vmss000000"
    assert made(provisioned(tmp_path, spec, node_pool(), patch=[listed])) == [("linux", NONE, False)]


def test_too_many_combinations_are_not_decided(tmp_path: Path) -> None:
    keys = [f"k{number}" for number in range(8)]
    pool = node_pool(*(required(key, "In", "a", "b", "c", "d") for key in keys))
    terms = "{matchExpressions: [" + ", ".join(f"{{key: {key}, operator: In, values: [a]}}" for key in keys) + "]}"
    assert made(provisioned(tmp_path, affinity(terms), pool)) == [("linux", BOTH, None)]


WHY: Final = "which architectures the NodePools of node auto-provisioning allow was not read"


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ({"body": {"apiVersion": "karpenter.sh/v1", "kind": "NodePoolList", "items": []}}, None),
        ({"status": "not-found", "detail": "the API server has no list of nodepools"}, "has no list of nodepools"),
        ({"status": "forbidden", "detail": "the list of nodepools in all namespaces is forbidden"}, "is forbidden"),
        ({"status": "failed"}, "could not be read"),
        ({"absent": True}, WHY),
    ],
)
def test_only_a_list_that_was_read_says_that_there_are_no_others(
    tmp_path: Path, patch: dict[str, Any], reason: str | None
) -> None:
    placement = provisioned(tmp_path, ANY, node_pool(), patch=[{"document": POOLS_LISTED, **patch}])
    assert made(placement) == []
    assert placement.may_be_provisioned is (reason is not None)
    assert (placement.others is None) is (reason is None)
    assert not reason or (placement.others and reason in placement.others.reason and WHY in placement.others.reason)


def test_a_manifest_replaces_the_live_node_pool_of_its_name(tmp_path: Path) -> None:
    manifest = json.dumps(node_pool(required("kubernetes.io/arch", "In", "arm64")))
    placement = provisioned(tmp_path, ANY, node_pool(ONLY_AMD64), manifests=[manifest])
    assert (made(placement), placement.others) == ([("linux", ("arm64",), True)], None)


def test_manifests_alone_do_not_say_that_there_are_no_others(tmp_path: Path) -> None:
    family = json.dumps({**CLASSES[0], "apiVersion": "karpenter.azure.com/v1beta1"})
    placement = provisioned(tmp_path, ANY, context=None, manifests=[json.dumps(node_pool(ONLY_AMD64)), family])
    assert made(placement) == [("linux", ("amd64",), True)]
    assert placement.others
    assert placement.others.reason == WHY
    assert provisioned(tmp_path, "nodeSelector: {kubernetes.io/os: windows}", context=None).others is None


def test_a_node_pool_that_is_malformed_may_be_anything(tmp_path: Path) -> None:
    broken = {"kind": "NodePool", "metadata": {"name": "broken"}, "spec": {"template": {"spec": {}}}}
    placement = provisioned(tmp_path, ANY, broken, node_pool(ONLY_AMD64))
    assert made(placement) == [("linux", ("amd64",), True)]
    assert placement.others
    assert "documented shape" in placement.others.reason


def test_classes_that_may_not_be_listed_leave_the_operating_system_open(tmp_path: Path) -> None:
    patch = [{"document": CLASSES_LISTED, "status": "forbidden", "detail": "the list of aksnodeclasses is forbidden"}]
    [place] = provisioned(tmp_path, ANY, node_pool(), patch=patch).provisioned
    assert (place.os, place.fits) == (None, None)
    assert "the list of aksnodeclasses is forbidden" in place.because


def test_another_kind_of_that_name_is_no_node_pool(tmp_path: Path) -> None:
    other = json.dumps({**node_pool(), "apiVersion": "example.com/v1"})
    placement = provisioned(tmp_path, ANY, manifests=[other])
    assert (made(placement), placement.others) == ([], None)


def test_where_nodes_are_not_provisioned_node_pools_make_none(tmp_path: Path) -> None:
    off = {**AUTO, "value": {"mode": "Manual"}}
    placement = provisioned(tmp_path, ANY, node_pool(), patch=[off])
    assert (made(placement), placement.others, placement.may_be_provisioned) == ([], None, False)
