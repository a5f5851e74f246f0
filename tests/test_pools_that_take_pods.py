"""Which pools a pod may be scheduled on: all that a pod asks for, against all that pools are made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from pullready.facts import Facts, Placement
from tests.environment import case_scope

ALL: Final = "tolerations: [{operator: Exists}]"
IMAGE: Final = "containers: [{name: a, image: shop.azurecr.io/a}]"
#: system (Linux, CriticalAddonsOnly), linux1 (Linux), win1 (Windows 2022, os=windows) and, made by this, three more.
POOLS: Final[list[dict[str, Any]]] = [
    {
        "name": "arm1",
        "vmSize": "Standard_D4ps_v5",
        "osType": "Linux",
        "osSKU": "AzureLinux",
        "availabilityZones": ["1"],
        "nodeLabels": {"tier": "web", "cpus": "4"},
        "nodeTaints": ["arch=arm64:NoExecute"],
    },
    {"name": "spot1", "vmSize": "Standard_D8s_v5", "osType": "Linux", "osSKU": "Ubuntu", "scaleSetPriority": "Spot"},
    {"name": "win25", "vmSize": "Standard_D4s_v5", "osType": "Windows", "osSKU": "Windows2025"},
]
PATCH: Final = [
    {
        "document": "prod",
        "pointer": "/properties/agentPoolProfiles/-",
        "value": {"type": "VirtualMachineScaleSets", "mode": "User", "count": 1, **pool},
    }
    for pool in POOLS
]


def affinity(*terms: str) -> str:
    needed = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{', '.join(terms)}]}}"
    return f"affinity: {{nodeAffinity: {{{needed}}}}}"


def term(key: str, operator: str, *values: str) -> str:
    listed = f", values: [{', '.join(repr(one) for one in values)}]" if values else ""
    return f"{{matchExpressions: [{{key: {key}, operator: {operator}{listed}}}]}}"


def placed(folder: Path, spec: str, more: str = "", **case: Any) -> tuple[set[str], set[str]]:
    """Return the names of the pools that take a pod with *spec*, and of those that perhaps do."""
    pod = f"{more}{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop}}, spec: {{{spec}, {IMAGE}}}}}"
    facts = Facts(case_scope({"manifests": pod, **case, "patch": [*PATCH, *case.get("patch", ())]}, folder))
    (one,) = facts("placements")
    assert isinstance(one, Placement)
    sure = {place.pool.name for place in one.places if place.fits}
    return sure, {place.pool.name for place in one.places if place.fits is None}


EVERY: Final = {"system", "linux1", "win1", "arm1", "spot1", "win25"}
LINUX: Final = EVERY - {"win1", "win25"}


@pytest.mark.parametrize(
    ("spec", "sure", "perhaps"),
    [
        ("nodeSelector: {}", {"linux1", "win25"}, set()),
        ("tolerations: []", {"linux1", "win25"}, set()),
        (ALL, EVERY, set()),
        ("tolerations: [{key: CriticalAddonsOnly, operator: Exists}]", {"system", "linux1", "win25"}, set()),
        ("tolerations: [{key: CriticalAddonsOnly}]", {"linux1", "win25"}, set()),
        ("tolerations: [{key: CriticalAddonsOnly, value: 'true'}]", {"system", "linux1", "win25"}, set()),
        ("tolerations: [{operator: Exists, effect: NoSchedule}]", EVERY - {"arm1"}, set()),
        ("tolerations: [{operator: Exists, effect: NoExecute}]", {"linux1", "win25", "arm1"}, set()),
        ("tolerations: [{operator: Exists, effect: PreferNoSchedule}]", {"linux1", "win25"}, set()),
        ("tolerations: [{key: arch, value: arm64, effect: NoExecute}]", {"linux1", "win25", "arm1"}, set()),
        (
            "tolerations: [{key: arch, value: arm64, effect: NoExecute, tolerationSeconds: 5}]",
            {"linux1", "win25", "arm1"},
            set(),
        ),
        ("tolerations: [{key: arch, value: amd64}]", {"linux1", "win25"}, set()),
        ("tolerations: [{key: arch, operator: Gt, value: '1'}]", {"linux1", "win25"}, {"arm1"}),
        (
            "tolerations: [{key: kubernetes.azure.com/scalesetpriority, value: spot}]",
            {"linux1", "win25", "spot1"},
            set(),
        ),
        (
            f"{ALL}, nodeSelector: {{kubernetes.azure.com/scalesetpriority: spot}}",
            {"spot1"},
            set(),
        ),
        (f"{ALL}, nodeSelector: {{kubernetes.io/os: linux}}", LINUX, set()),
        (f"{ALL}, nodeSelector: {{kubernetes.io/os: Linux}}", set(), set()),
        (f"{ALL}, nodeSelector: {{beta.kubernetes.io/os: windows}}", {"win1", "win25"}, set()),
        (f"{ALL}, os: {{name: windows}}", EVERY, set()),
        (f"{ALL}, nodeSelector: {{kubernetes.io/arch: arm64}}", set(), LINUX),
        (f"{ALL}, nodeSelector: {{kubernetes.io/arch: amd64}}", {"win1", "win25"}, LINUX),
        (f"{ALL}, nodeSelector: {{kubernetes.azure.com/agentpool: arm1}}", {"arm1"}, set()),
        (f"{ALL}, nodeSelector: {{agentpool: win25}}", {"win25"}, set()),
        (f"{ALL}, nodeSelector: {{kubernetes.azure.com/mode: system}}", {"system"}, set()),
        (f"{ALL}, nodeSelector: {{kubernetes.azure.com/mode: user}}", EVERY - {"system"}, set()),
        (f"{ALL}, nodeSelector: {{node.kubernetes.io/instance-type: Standard_D8s_v5}}", {"spot1"}, set()),
        (f"{ALL}, nodeSelector: {{kubernetes.azure.com/os-sku: AzureLinux}}", {"arm1"}, set()),
        (f"{ALL}, nodeSelector: {{node.kubernetes.io/windows-build: 10.0.26100}}", {"win25"}, set()),
        (f"{ALL}, nodeSelector: {{topology.kubernetes.io/region: westeurope}}", EVERY, set()),
        (f"{ALL}, nodeSelector: {{topology.kubernetes.io/region: northeurope}}", set(), set()),
        (f"{ALL}, nodeSelector: {{topology.kubernetes.io/zone: westeurope-1}}", {"arm1"}, set()),
        (f"{ALL}, nodeSelector: {{topology.kubernetes.io/zone: westeurope-2}}", set(), set()),
        (f"{ALL}, nodeSelector: {{topology.kubernetes.io/zone: '0'}}", set(), EVERY - {"arm1"}),
        (f"{ALL}, nodeSelector: {{tier: web}}", {"arm1"}, EVERY - {"arm1"}),
        (f"{ALL}, nodeSelector: {{tier: api}}", set(), EVERY - {"arm1"}),
        (f"{ALL}, nodeSelector: {{agentpool: linux1, kubernetes.io/os: windows}}", set(), set()),
        (f"{ALL}, {affinity(term('kubernetes.io/os', 'In', 'linux', 'windows'))}", EVERY, set()),
        (f"{ALL}, {affinity(term('kubernetes.io/os', 'NotIn', 'linux'))}", {"win1", "win25"}, set()),
        (f"{ALL}, {affinity(term('node.kubernetes.io/windows-build', 'Exists'))}", {"win1", "win25"}, set()),
        (f"{ALL}, {affinity(term('node.kubernetes.io/windows-build', 'DoesNotExist'))}", LINUX, set()),
        (
            f"{ALL}, {affinity(term('node.kubernetes.io/windows-build', 'NotIn', '10.0.20348'))}",
            EVERY - {"win1"},
            set(),
        ),
        (f"{ALL}, {affinity(term('cpus', 'Gt', '3'))}", {"arm1"}, EVERY - {"arm1"}),
        (f"{ALL}, {affinity(term('cpus', 'Lt', '4'))}", set(), EVERY - {"arm1"}),
        (
            f"{ALL}, {affinity(term('agentpool', 'In', 'arm1'), term('agentpool', 'In', 'win1'))}",
            {"arm1", "win1"},
            set(),
        ),
        (f"{ALL}, {affinity('{}', term('agentpool', 'In', 'arm1'))}", {"arm1"}, set()),
        (f"{ALL}, {affinity('{}')}", set(), set()),
        (f"{ALL}, {affinity()}", set(), set()),
        (
            f"{ALL}, nodeSelector: {{kubernetes.io/os: linux}}, {affinity(term('agentpool', 'In', 'arm1', 'win1'))}",
            {"arm1"},
            set(),
        ),
        (f"{ALL}, runtimeClassName: unread, nodeSelector: {{agentpool: arm1}}", set(), {"arm1"}),
        (f"{ALL}, schedulerName: own", set(), EVERY),
        (f"{ALL}, schedulerName: default-scheduler", EVERY, set()),
        (f"{ALL}, schedulerName: own, nodeSelector: {{agentpool: arm1}}", set(), {"arm1"}),
    ],
)
def test_pools_that_take_a_pod(tmp_path: Path, spec: str, sure: set[str], perhaps: set[str]) -> None:
    assert placed(tmp_path, spec) == (sure, perhaps)


CLASS: Final = (
    "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: windows}, handler: runhcs-wcow-process, "
    "scheduling: {nodeSelector: {kubernetes.io/os: windows}, tolerations: [{key: os, operator: Exists}]}}\n---\n"
)


@pytest.mark.parametrize(
    ("spec", "sure"),
    [
        ("runtimeClassName: windows", {"win1", "win25"}),
        ("runtimeClassName: windows, nodeSelector: {node.kubernetes.io/windows-build: 10.0.20348}", {"win1"}),
        ("runtimeClassName: windows, nodeSelector: {kubernetes.io/os: linux}", set()),
    ],
)
def test_a_runtime_class_adds_its_own_selection_and_tolerations(tmp_path: Path, spec: str, sure: set[str]) -> None:
    assert placed(tmp_path, spec, CLASS) == (sure, set())


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"count": 0}, False),
        ({"count": 0, "enableAutoScaling": True, "maxCount": 3}, True),
        ({"count": 0, "enableAutoScaling": True, "maxCount": 0}, False),
        ({"powerState": {"code": "Stopped"}}, False),
        ({"mode": "Gateway"}, None),
        ({"mode": "User"}, True),
    ],
)
def test_pools_that_can_have_no_nodes_take_none(tmp_path: Path, changes: dict[str, Any], *, taken: bool | None) -> None:
    at = "/properties/agentPoolProfiles/1"
    patch = [{"document": "prod", "pointer": f"{at}/{key}", "value": value} for key, value in changes.items()]
    sure, perhaps = placed(tmp_path, f"{ALL}, nodeSelector: {{agentpool: linux1}}", patch=patch)
    assert ("linux1" in sure, "linux1" in perhaps) == (taken is True, taken is None)


CONTEXT: Final = "prod-admin"
NODES: Final = f"kubernetes:{CONTEXT}/api/v1/nodes"
PODS: Final = f"kubernetes:{CONTEXT}/api/v1/pods"
EMPTY: Final = {"document": PODS, "body": {"apiVersion": "v1", "kind": "PodList", "items": []}}


def node(pool: str, number: int = 0, taints: tuple[str, ...] = (), **labels: str) -> dict[str, Any]:
    """Return a node as a snapshot has it; ``_`` in the name of a label stands for what may not be in Python's names."""
    given = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    listed = [dict(zip(("key", "effect"), one.split(":"), strict=True)) for one in taints]
    return {
        "kind": "Node",
        "metadata": {
            "name": f"aks-{pool}-12345678-vmss00000{number}",
            "labels": {"agentpool": pool, "kubernetes.azure.com/agentpool": pool, **given},
        },
        "spec": {"taints": listed},
    }


def seen(folder: Path, spec: str, *nodes: dict[str, Any], **case: Any) -> tuple[set[str], set[str]]:
    """Return what *placed* does where the live cluster has *nodes*."""
    listed = {"document": NODES, "body": {"apiVersion": "v1", "kind": "NodeList", "items": list(nodes)}}
    return placed(folder, spec, context=CONTEXT, patch=[EMPTY, listed, *case.get("patch", ())])


AT: Final = "/properties/agentPoolProfiles/1"
GROWS: Final = [
    {"document": "prod", "pointer": f"{AT}/enableAutoScaling", "value": True},
    {"document": "prod", "pointer": f"{AT}/maxCount", "value": 5},
]
LINUX1: Final = "nodeSelector: {agentpool: linux1, disk: ssd}"


@pytest.mark.parametrize(
    ("spec", "nodes", "sure", "perhaps"),
    [
        (LINUX1, (), set(), {"linux1"}),
        (LINUX1, (node("linux1", disk="ssd"),), {"linux1"}, set()),
        (LINUX1, (node("linux1", disk="hdd"), node("linux1", 1, disk="ssd")), {"linux1"}, set()),
        (LINUX1, (node("linux1", disk="hdd"),), set(), set()),
        (LINUX1, (node("linux1"),), set(), set()),
        (LINUX1, (node("system", disk="ssd"),), set(), {"linux1"}),
        (f"nodeSelector: {{agentpool: linux1}}, {affinity(term('disk', 'Exists'))}", (node("linux1"),), set(), set()),
        (
            f"nodeSelector: {{agentpool: linux1}}, {affinity(term('disk', 'NotIn', 'hdd'))}",
            (node("linux1"),),
            {"linux1"},
            set(),
        ),
        ("nodeSelector: {agentpool: system, disk: ssd}", (node("system", disk="ssd"),), set(), set()),
        (
            "nodeSelector: {topology.kubernetes.io/zone: '0', agentpool: linux1}",
            (node("linux1", topology_kubernetes_io__zone="0"),),
            {"linux1"},
            set(),
        ),
        ("nodeSelector: {agentpool: linux1}", (node("linux1", taints=("gpu:NoSchedule",)),), set(), {"linux1"}),
        (
            "nodeSelector: {agentpool: linux1}",
            (node("linux1", taints=("gpu:NoExecute",)), node("linux1", 1)),
            {"linux1"},
            set(),
        ),
        (
            "nodeSelector: {agentpool: linux1}, tolerations: [{key: gpu, operator: Exists}]",
            (node("linux1", taints=("gpu:NoSchedule",)),),
            {"linux1"},
            set(),
        ),
        ("nodeSelector: {agentpool: linux1}", (node("linux1", taints=("gpu:PreferNoSchedule",)),), {"linux1"}, set()),
        (
            "nodeSelector: {agentpool: linux1}",
            (node("linux1", taints=("node.kubernetes.io/not-ready:NoExecute",)),),
            {"linux1"},
            set(),
        ),
        ("nodeName: aks-linux1-12345678-vmss000000", (node("linux1"), node("win1")), {"linux1"}, set()),
        ("nodeName: aks-virtual-12345678-vmss000000", (node("linux1"), node("virtual")), set(), EVERY),
        ("nodeName: aks-linux1-12345678-vmss000009", (node("linux1"), node("win1")), set(), EVERY),
        (
            affinity("{matchFields: [{key: metadata.name, operator: In, values: [aks-linux1-12345678-vmss000000]}]}"),
            (node("linux1"), node("win25")),
            {"linux1"},
            set(),
        ),
        (
            affinity(
                "{matchFields: [{key: metadata.name, operator: NotIn, values: [aks-linux1-12345678-vmss000000]}]}"
            ),
            (node("linux1"), node("win25")),
            {"win25"},
            set(),
        ),
    ],
)
def test_nodes_tell_what_the_definition_of_their_pool_leaves_open(
    tmp_path: Path, spec: str, nodes: tuple[dict[str, Any], ...], sure: set[str], perhaps: set[str]
) -> None:
    assert seen(tmp_path, spec, *nodes) == (sure, perhaps)


def test_a_pool_that_grows_may_get_a_node_that_fits(tmp_path: Path) -> None:
    assert seen(tmp_path, LINUX1, node("linux1"), patch=GROWS) == (set(), {"linux1"})
    assert seen(tmp_path, LINUX1, node("linux1", disk="ssd"), patch=GROWS) == ({"linux1"}, set())


def test_nodes_that_could_not_be_read_decide_nothing(tmp_path: Path) -> None:
    patch = [EMPTY, {"document": NODES, "status": "forbidden"}]
    assert placed(tmp_path, LINUX1, context=CONTEXT, patch=patch) == (set(), {"linux1"})
