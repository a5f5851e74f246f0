"""Where pods may run: the rules of labels, affinity, taints and tolerations as Kubernetes documents them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pullready.facts import Facts, NodePool, Placement
from pullready.facts.declared_os import declared_systems, is_windows_only
from pullready.facts.pods import Requirement, Toleration
from pullready.facts.pool_labels import labels_of, taints_of
from pullready.facts.scheduling import Labels, Taint, Truth, attracted, every, holds, selected, some, taint, tolerated
from pullready.predicates.node_os import os_mismatch
from pullready.verdict import Clear, Found, NotApplicable, Unknown
from tests.environment import case_scope

LABELS: Labels = {
    "os": frozenset({"linux"}),
    "arch": frozenset({"amd64", "arm64"}),
    "cpus": frozenset({"8"}),
    "maybe": frozenset({"spot", None}),
    "gone": frozenset({None}),
}


class Term:
    def __init__(self, *expressions: Requirement, fields: tuple[Requirement, ...] = ()) -> None:
        self.expressions = expressions
        self.fields = fields


@pytest.mark.parametrize(
    ("key", "operator", "values", "met"),
    [
        ("os", "In", ("linux",), True),
        ("os", "In", ("windows", "linux"), True),
        ("os", "In", ("windows",), False),
        ("os", "In", ("Linux",), False),
        ("os", "NotIn", ("windows",), True),
        ("os", "NotIn", ("linux",), False),
        ("os", "Exists", (), True),
        ("os", "DoesNotExist", (), False),
        ("os", "Gt", ("1",), False),
        ("gone", "In", ("linux",), False),
        ("gone", "NotIn", ("linux",), True),
        ("gone", "Exists", (), False),
        ("gone", "DoesNotExist", (), True),
        ("gone", "Lt", ("1",), False),
        ("cpus", "Gt", ("7",), True),
        ("cpus", "Gt", ("8",), False),
        ("cpus", "Gt", ("+7",), True),
        ("cpus", "Gt", ("-9",), True),
        ("cpus", "Lt", ("10",), True),
        ("cpus", "Lt", ("8",), False),
        ("cpus", "Gt", ("7.5",), False),
        ("cpus", "Gt", ("7", "6"), False),
        ("cpus", "Gt", (), False),
        ("cpus", "Near", ("8",), None),
        ("arch", "In", ("amd64",), None),
        ("arch", "In", ("amd64", "arm64"), True),
        ("arch", "In", ("s390x",), False),
        ("arch", "NotIn", ("s390x",), True),
        ("arch", "NotIn", ("arm64",), None),
        ("arch", "Exists", (), True),
        ("maybe", "In", ("spot",), None),
        ("maybe", "In", ("regular",), False),
        ("maybe", "Exists", (), None),
        ("unheard-of", "In", ("x",), None),
        ("unheard-of", "NotIn", ("x",), None),
        ("unheard-of", "Exists", (), None),
        ("unheard-of", "DoesNotExist", (), None),
    ],
)
def test_requirements(key: str, operator: str, values: tuple[str, ...], *, met: Truth) -> None:
    assert holds(Requirement(key, operator, values), LABELS) is met


@pytest.mark.parametrize(
    ("selector", "met"),
    [
        ({}, True),
        ({"os": "linux"}, True),
        ({"os": "windows"}, False),
        ({"os": "linux", "arch": "amd64"}, None),
        ({"os": "windows", "arch": "amd64"}, False),
        ({"arch": "s390x"}, False),
        ({"disk": "ssd"}, None),
        ({"disk": "ssd", "os": "windows"}, False),
    ],
)
def test_node_selectors_need_every_label(selector: dict[str, str], *, met: Truth) -> None:
    assert selected(selector, LABELS) is met


LINUX = Requirement("os", "In", ("linux",))
WINDOWS = Requirement("os", "In", ("windows",))
OPEN = Requirement("disk", "Exists")
NODE = Requirement("metadata.name", "In", ("node-1",))


@pytest.mark.parametrize(
    ("terms", "met"),
    [
        (None, True),
        ((), False),
        ((Term(),), False),
        ((Term(LINUX),), True),
        ((Term(WINDOWS),), False),
        ((Term(LINUX, WINDOWS),), False),
        ((Term(WINDOWS), Term(LINUX)), True),
        ((Term(), Term(LINUX)), True),
        ((Term(LINUX, OPEN),), None),
        ((Term(WINDOWS, OPEN),), False),
        ((Term(WINDOWS), Term(OPEN)), None),
        ((Term(OPEN), Term(LINUX)), True),
        ((Term(fields=(NODE,)),), None),
        ((Term(LINUX, fields=(NODE,)),), None),
        ((Term(WINDOWS, fields=(NODE,)),), False),
    ],
)
def test_any_term_of_an_affinity_is_enough_and_all_of_its_requirements_count(
    terms: tuple[Term, ...] | None, *, met: Truth
) -> None:
    assert attracted(terms, LABELS) is met


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("os=windows:NoSchedule", Taint("os", "windows", "NoSchedule")),
        ("dedicated:NoExecute", Taint("dedicated", "", "NoExecute")),
        ("a:b=c:NoSchedule", Taint("a:b", "c", "NoSchedule")),
        ("example.com/gpu=a=b:PreferNoSchedule", Taint("example.com/gpu", "a=b", "PreferNoSchedule")),
    ],
)
def test_taints_are_read_and_written_alike(text: str, parsed: Taint) -> None:
    assert taint(text) == parsed
    assert str(parsed) == text


@pytest.mark.parametrize(
    ("toleration", "met"),
    [
        (Toleration("os", "Equal", "windows", "NoSchedule"), True),
        (Toleration("os", "", "windows", "NoSchedule"), True),
        (Toleration("os", "Equal", "windows"), True),
        (Toleration("os", "Equal", "linux", "NoSchedule"), False),
        (Toleration("os", "Equal", "", "NoSchedule"), False),
        (Toleration("os", "Exists"), True),
        (Toleration("os", "Exists", effect="NoExecute"), False),
        (Toleration("gpu", "Exists"), False),
        (Toleration(operator="Exists"), True),
        (Toleration(operator="Exists", effect="NoSchedule"), True),
        (Toleration(operator="Exists", effect="NoExecute"), False),
        (Toleration("os", "Lt", "5"), None),
        (Toleration("gpu", "Gt", "5"), False),
    ],
)
def test_tolerations(toleration: Toleration, *, met: Truth) -> None:
    assert tolerated(taint("os=windows:NoSchedule"), (toleration,)) is met


def test_a_taint_is_tolerated_by_any_toleration_and_by_none_when_there_is_none() -> None:
    against = taint("os=windows:NoExecute")
    assert tolerated(against, ()) is False
    assert tolerated(against, (Toleration("gpu", "Exists"), Toleration("os", "Exists"))) is True


def test_a_taint_that_is_a_mere_preference_repels_nobody() -> None:
    assert tolerated(taint("os=windows:PreferNoSchedule"), ()) is True


@pytest.mark.parametrize(
    ("truths", "all_of_them", "any_of_them"),
    [
        ((), True, False),
        ((True, True), True, True),
        ((True, False), False, True),
        ((True, None), None, True),
        ((False, None), False, None),
        ((None, False, True), False, True),
    ],
)
def test_what_is_not_decidable_decides_nothing(
    truths: tuple[Truth, ...], *, all_of_them: Truth, any_of_them: Truth
) -> None:
    assert every(truths) is all_of_them
    assert some(truths) is any_of_them


def pool(folder: Path, index: int, **changes: Any) -> NodePool:
    """Return a pool of the healthy shop's prod: system, linux1 or win1."""
    known: NodePool = Facts(case_scope({}, folder))("cluster").pools[index]
    return replace(
        known, wire=type(known.wire)(**{f: getattr(known.wire, f) for f in known.wire.__struct_fields__} | changes)
    )


def test_labels_that_aks_gives_a_linux_node(tmp_path: Path) -> None:
    both = frozenset({"amd64", "arm64"})
    assert labels_of(pool(tmp_path, 1, nodeLabels={"tier": "web", "agentpool": "other"})) == {
        "tier": frozenset({"web"}),
        "kubernetes.io/os": frozenset({"linux"}),
        "beta.kubernetes.io/os": frozenset({"linux"}),
        "kubernetes.io/arch": both,
        "beta.kubernetes.io/arch": both,
        "agentpool": frozenset({"linux1"}),
        "kubernetes.azure.com/agentpool": frozenset({"linux1"}),
        "node.kubernetes.io/instance-type": frozenset({"Standard_D4s_v5"}),
        "beta.kubernetes.io/instance-type": frozenset({"Standard_D4s_v5"}),
        "kubernetes.azure.com/mode": frozenset({"user"}),
        "kubernetes.azure.com/role": frozenset({"agent"}),
        "kubernetes.azure.com/scalesetpriority": frozenset({"regular", None}),
        "kubernetes.azure.com/os-sku": frozenset({"Ubuntu"}),
        "node.kubernetes.io/windows-build": frozenset({None}),
        "topology.kubernetes.io/region": frozenset({"westeurope"}),
        "failure-domain.beta.kubernetes.io/region": frozenset({"westeurope"}),
        "topology.kubernetes.io/zone": frozenset("0123456789"),
        "failure-domain.beta.kubernetes.io/zone": frozenset("0123456789"),
    }


@pytest.mark.parametrize(
    ("index", "changes", "key", "values"),
    [
        (0, {}, "kubernetes.azure.com/mode", {"system"}),
        (1, {"mode": None}, "kubernetes.azure.com/mode", None),
        (1, {"mode": "Gateway"}, "kubernetes.azure.com/mode", None),
        (1, {"vmSize": None}, "node.kubernetes.io/instance-type", None),
        (1, {"scaleSetPriority": "SPOT"}, "kubernetes.azure.com/scalesetpriority", {"spot"}),
        (1, {"scaleSetPriority": "Regular"}, "kubernetes.azure.com/scalesetpriority", {"regular", None}),
        (2, {}, "kubernetes.io/arch", {"amd64"}),
        (2, {}, "kubernetes.io/os", {"windows"}),
        (1, {"availabilityZones": ["1", "3"]}, "topology.kubernetes.io/zone", {"westeurope-1", "westeurope-3"}),
        (1, {"availabilityZones": []}, "topology.kubernetes.io/zone", set("0123456789")),
        (1, {"osSKU": "Ubuntu2204"}, "kubernetes.azure.com/os-sku", {"Ubuntu2204", "Ubuntu"}),
        (1, {"osSKU": None}, "kubernetes.azure.com/os-sku", None),
        (1, {}, "kubernetes.azure.com/node-image-version", None),
        (1, {"nodeImageVersion": "AKSUbuntu-1"}, "kubernetes.azure.com/node-image-version", {"AKSUbuntu-1"}),
        (2, {}, "kubernetes.azure.com/os-sku", {"Windows2022"}),
        (2, {}, "node.kubernetes.io/windows-build", {"10.0.20348"}),
        (2, {"osSKU": "WindowsAnnual"}, "node.kubernetes.io/windows-build", None),
        (
            2,
            {"osSKU": "Windows2025", "nodeImageVersion": "AKSWindows-2022-containerd-20348.2031.231011"},
            "node.kubernetes.io/windows-build",
            {"10.0.20348", "10.0.26100"},
        ),
        (2, {"osType": "Plan9"}, "kubernetes.io/os", {"plan9"}),
        (2, {"osType": "Plan9"}, "kubernetes.io/arch", None),
    ],
)
def test_labels_follow_the_pool(
    tmp_path: Path, index: int, changes: dict[str, Any], key: str, values: set[str | None] | None
) -> None:
    assert labels_of(pool(tmp_path, index, **changes)).get(key) == values


SPOT = taint("kubernetes.azure.com/scalesetpriority=spot:NoSchedule")


@pytest.mark.parametrize(
    ("changes", "taints"),
    [
        ({}, (taint("os=windows:NoSchedule"),)),
        ({"nodeTaints": None}, ()),
        ({"nodeTaints": ["", "a:NoExecute"]}, (taint("a:NoExecute"),)),
        ({"nodeTaints": None, "scaleSetPriority": "Spot"}, (SPOT,)),
        ({"nodeTaints": ["a:NoExecute"], "scaleSetPriority": "spot"}, (taint("a:NoExecute"), SPOT)),
        ({"nodeTaints": [str(SPOT)], "scaleSetPriority": "Spot"}, (SPOT,)),
        ({"nodeTaints": None, "scaleSetPriority": "Regular"}, ()),
    ],
)
def test_taints_of_a_pool(tmp_path: Path, changes: dict[str, Any], taints: tuple[Taint, ...]) -> None:
    assert taints_of(pool(tmp_path, 2, **changes)) == taints


@pytest.mark.parametrize(
    ("image", "windows"),
    [
        ("mcr.microsoft.com/windows:20H2", True),
        ("mcr.microsoft.com/windows/servercore/iis:windowsservercore-ltsc2022", True),
        ("mcr.microsoft.com/dotnet/framework/runtime:4.8", True),
        ("mcr.microsoft.com/oss/kubernetes/windows-host-process-containers-base-image:v1.0.0", True),
        ("mcr.microsoft.com/windowsother", False),
        ("mcr.microsoft.com/dotnet/runtime:9.0", False),
        ("shop.azurecr.io/windows/servercore", False),
        ("mcr.microsoft.com/Windows/servercore", False),
    ],
)
def test_images_that_are_for_windows_alone(image: str, *, windows: bool) -> None:
    assert is_windows_only(image) is windows


def placement(folder: Path, spec: str, **case: Any) -> Placement:
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop}}, spec: {{{spec}}}}}"
    (one,) = Facts(case_scope({"manifests": pod, **case}, folder))("placements")
    assert isinstance(one, Placement)
    return one


HOST_PROCESS = "securityContext: {windowsOptions: {hostProcess: true}}"


@pytest.mark.parametrize(
    ("spec", "declared"),
    [
        ("containers: [{name: a, image: a}]", []),
        (
            "os: {name: Windows}, containers: [{name: a, image: a}]",
            [("windows", "/spec/os/name", "the pod says that it is for windows")],
        ),
        (
            HOST_PROCESS + ", containers: [{name: a, image: a}]",
            [
                (
                    "windows",
                    "/spec/securityContext/windowsOptions/hostProcess",
                    "HostProcess containers exist on Windows alone",
                )
            ],
        ),
        (
            "initContainers: [{name: a, image: a}, {name: b, image: b, " + HOST_PROCESS + "}], "
            "containers: [{name: c, image: mcr.microsoft.com/windows/nanoserver}]",
            [
                (
                    "windows",
                    "/spec/initContainers/1/securityContext/windowsOptions/hostProcess",
                    "HostProcess containers exist on Windows alone",
                ),
                ("windows", "/spec/containers/0/image", "the image of c is for Windows alone"),
            ],
        ),
    ],
)
def test_what_a_pod_says_of_the_operating_system(
    tmp_path: Path, spec: str, declared: list[tuple[str, str, str]]
) -> None:
    known = declared_systems(placement(tmp_path, spec).workload)
    assert [(one.os, one.evidence.pointer, one.evidence.says) for one in known] == declared


IMAGE = "containers: [{name: a, image: shop.azurecr.io/a}]"
ANYWHERE = "tolerations: [{operator: Exists}]"
PICK = "kubernetes.io/os is linux or windows, in lower case"
POOLS = {
    name: (f"/properties/agentPoolProfiles/{index}/osType", f"pool {name} may take the pods")
    for index, name in enumerate(("system", "linux1", "win1"))
}
NAMED = ("/spec/os/name", "the pod says that it is for windows")
CHOSEN = ("/spec/nodeSelector", "chooses the nodes' operating system")


@pytest.mark.parametrize(
    ("spec", "observed", "expected", "remedy", "shown"),
    [
        (
            f"os: {{name: windows}}, {IMAGE}",
            "the images are for windows, and the pods may run on linux1 (linux)",
            "every pool that takes the pods has windows",
            "Set nodeSelector: {kubernetes.io/os: windows} in the pod template of Pod shop/a",
            [NAMED, POOLS["linux1"]],
        ),
        (
            f"os: {{name: windows}}, {IMAGE}, {ANYWHERE}",
            (
                "the images are for windows, and the pods may run on system (linux), linux1 (linux); "
                "they are right on win1 (windows)"
            ),
            "every pool that takes the pods has windows",
            "Set nodeSelector: {kubernetes.io/os: windows} in the pod template of Pod shop/a",
            [NAMED, *POOLS.values()],
        ),
        (
            f"os: {{name: windows}}, nodeSelector: {{kubernetes.io/os: linux}}, {IMAGE}",
            "the images are for windows, and the pods choose nodes with linux",
            "the pods run on nodes with the operating system of their images",
            "Make os.name, the images and the nodeSelector kubernetes.io/os of the pod template agree",
            [NAMED, CHOSEN],
        ),
    ],
)
def test_what_is_found(  # noqa: PLR0917
    tmp_path: Path, spec: str, observed: str, expected: str, remedy: str, shown: list[tuple[str, str]]
) -> None:
    (found,) = os_mismatch(placement(tmp_path, spec))
    assert isinstance(found, Found)
    assert (found.observed, found.expected, found.remedy) == (observed, expected, remedy)
    assert [(one.pointer, one.says) for one in found.evidence] == shown


NAP = {"document": "prod", "pointer": "/properties/nodeProvisioningProfile", "value": {"mode": "Auto"}}


@pytest.mark.parametrize(
    ("spec", "patch", "reason", "remedy", "shown"),
    [
        (
            f"{ANYWHERE}, {IMAGE}",
            [],
            (
                "the pods may run on system (linux), linux1 (linux), win1 (windows), "
                "nothing pins the operating system, and what is known of the images does not tell it"
            ),
            "Set nodeSelector: {kubernetes.io/os: linux|windows} in the pod template of Pod shop/a",
            [*POOLS.values()],
        ),
        (
            f"os: {{name: windows}}, nodeSelector: {{disk: ssd}}, {IMAGE}",
            [],
            (
                "the images are for windows, and whether the pods may run elsewhere cannot be told: "
                "whether its nodes have the labels asked for is not known"
            ),
            "Set nodeSelector: {kubernetes.io/os: windows} in the pod template of Pod shop/a",
            [NAMED, POOLS["linux1"]],
        ),
        (
            f"os: {{name: windows}}, runtimeClassName: other, {ANYWHERE}, nodeSelector: {{agentpool: system}}, {IMAGE}",
            [],
            (
                "the images are for windows, and whether the pods may run elsewhere cannot be told: "
                "the RuntimeClass other was not read"
            ),
            "Set nodeSelector: {kubernetes.io/os: windows} in the pod template of Pod shop/a",
            [NAMED, POOLS["system"]],
        ),
        (
            f"os: {{name: windows}}, nodeName: one, {IMAGE}",
            [],
            (
                "the images are for windows, and whether the pods may run elsewhere cannot be told: "
                "the pod does not go through Kubernetes' own scheduler"
            ),
            "Set nodeSelector: {kubernetes.io/os: windows} in the pod template of Pod shop/a",
            [NAMED, *POOLS.values()],
        ),
        (
            f"os: {{name: windows}}, nodeSelector: {{agentpool: win1}}, {ANYWHERE}, {IMAGE}",
            [NAP],
            (
                "the images are for windows, and whether the pods may run elsewhere cannot be told: "
                "node auto-provisioning may add Linux nodes for them"
            ),
            "Set nodeSelector: {kubernetes.io/os: windows} in the pod template of Pod shop/a",
            [NAMED, POOLS["win1"]],
        ),
        (
            f"nodeSelector: {{agentpool: gone}}, {IMAGE}",
            [NAP],
            (
                "no pool takes the pods (system: its labels are not those asked for; linux1: its labels are not those "
                "asked for; win1: its labels are not those asked for), "
                "and what nodes auto-provisioning adds for them was not read"
            ),
            "Name a pool that exists in the pod template's nodeSelector, or look at the NodePool resources",
            [],
        ),
    ],
)
def test_what_is_unknown(  # noqa: PLR0917
    tmp_path: Path, spec: str, patch: list[Any], reason: str, remedy: str, shown: list[tuple[str, str]]
) -> None:
    (unknown,) = os_mismatch(placement(tmp_path, spec, patch=patch))
    assert isinstance(unknown, Unknown)
    assert (unknown.reason, unknown.remedy) == (reason, remedy)
    assert [(one.pointer, one.says) for one in unknown.evidence] == shown


STOPPED = {"document": "prod", "pointer": "/properties/powerState/code", "value": "Stopped"}


@pytest.mark.parametrize(
    ("spec", "case", "reason", "shown"),
    [
        (
            IMAGE,
            {"patch": [STOPPED]},
            "the cluster is stopped: nothing is pulled until it is started",
            [("/properties/powerState/code", "the cluster is stopped")],
        ),
        (
            IMAGE,
            {"no-cluster": True},
            "no cluster is given, so whether it has nodes with two operating systems is not known",
            [],
        ),
        (
            f"nodeSelector: {{kubernetes.io/os: Linux}}, {IMAGE}",
            {"no-cluster": True},
            f"no node has the labels that the pods ask for: they stay pending, and nothing is pulled; {PICK}",
            [CHOSEN],
        ),
        (
            f"nodeSelector: {{kubernetes.io/os: windows}}, {IMAGE}",
            {},
            (
                "no pool takes the pods (system: its labels are not those asked for; linux1: its labels are not those "
                "asked for; win1: its taint os=windows:NoSchedule is not tolerated): they stay pending, and nothing is "
                f"pulled; {PICK}"
            ),
            [CHOSEN],
        ),
    ],
)
def test_what_is_not_applicable(
    tmp_path: Path, spec: str, case: dict[str, Any], reason: str, shown: list[tuple[str, str]]
) -> None:
    (judgement,) = os_mismatch(placement(tmp_path, spec, **case))
    assert isinstance(judgement, NotApplicable)
    assert judgement.reason == reason
    assert [(one.pointer, one.says) for one in judgement.evidence] == shown


def test_clear_shows_what_chooses_and_what_is_chosen(tmp_path: Path) -> None:
    spec = f"os: {{name: windows}}, nodeSelector: {{kubernetes.io/os: windows}}, {ANYWHERE}, {IMAGE}"
    (clear,) = os_mismatch(placement(tmp_path, spec))
    assert isinstance(clear, Clear)
    assert [(one.pointer, one.says) for one in clear.evidence] == [NAMED, CHOSEN, POOLS["win1"]]
