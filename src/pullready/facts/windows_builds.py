"""Builds of Windows: those of the nodes of a pool, and which images containerd takes for them and Windows runs on them.

Sources: https://github.com/containerd/platforms (``platform_windows_compat.go``), the values of ``osSKU`` at
https://learn.microsoft.com/rest/api/aks/agent-pools/get and
https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.cluster import NodePool
from pullready.facts.live_nodes import LiveNode
from pullready.facts.scheduling import Truth
from pullready.verdict import Evidence

#: kubelet puts it on the nodes with Windows, and on no others.
#: Source: https://kubernetes.io/docs/reference/labels-annotations-taints/#nodekubernetesiowindows-build
BUILD_LABEL: Final = "node.kubernetes.io/windows-build"
#: From this build on, Windows Server runs the containers of earlier releases as far back as this build.
_STABLE: Final = 20348
_NAMES: Final = {17763: "Windows Server 2019", 20348: "Windows Server 2022", 26100: "Windows Server 2025"}
_SKUS: Final = {"windows2019": 17763, "windows2022": 20348, "windows2025": 26100}
#: The tags of Microsoft's base images.
#: Source: https://learn.microsoft.com/virtualization/windowscontainers/manage-containers/container-base-images
_TAGS: Final = {17763: "ltsc2019", 20348: "ltsc2022", 26100: "ltsc2025"}
#: What pools are still made with. Source: https://learn.microsoft.com/azure/aks/upgrade-windows-os
_OFFERED: Final = {20348: "Windows2022", 26100: "Windows2025"}
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:\.|$)")
_NODE_IMAGE: Final = re.compile(r"akswindows-.*?(\d{5})\.\d+\.\d+", re.IGNORECASE)


class WindowsBuild(msgspec.Struct, frozen=True, order=True):
    """The first three parts of a version of Windows; the fourth, its revision, makes no difference to containers."""

    major: int
    minor: int
    number: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.number}"

    @property
    def name(self) -> str:
        """The build, and the release it belongs to where that has a name."""
        return f"{self} ({_NAMES[self.number]})" if self.number in _NAMES else str(self)

    @property
    def tag(self) -> str:
        """The tag of Microsoft's base images of this build; the build itself where none is known."""
        return _TAGS.get(self.number, str(self))

    @property
    def sku(self) -> str | None:
        """The ``osSKU`` of pools with this build; none where AKS makes no more of them."""
        return _OFFERED.get(self.number)

    def takes(self, version: str) -> bool:
        """Say whether containerd on a node of this build takes an image whose platform has *version* as ``os.version``.

        It takes one without a version as well. Before Windows Server 2022 the build must be the same; from then on it
        may be any between that and the node's.
        """
        if not version:
            return True
        built = build(version)
        if built is None or (built.major, built.minor) != (self.major, self.minor):
            return False
        return built == self if self.number < _STABLE else _STABLE <= built.number <= self.number

    def runs(self, built: WindowsBuild) -> Truth:
        """Say whether a node of this build runs containers of the build *built* in process isolation.

        Documented are the node's own build and, on later nodes, that of Windows Server 2022. What containerd takes
        beyond that is not decidable.
        """
        if built == self or (built.number == _STABLE and self.takes(str(built))):
            return True
        return None if self.takes(str(built)) else False


def build(version: str) -> WindowsBuild | None:
    """Return the build that *version* (``10.0.20348.2700``) names; none where it has no three numbers."""
    found = _VERSION.match(version)
    return WindowsBuild(*map(int, found.groups())) if found else None


class NodeBuilds(msgspec.Struct, frozen=True):
    """The builds that the nodes of a pool may have, and what says so; one, unless the pool is being changed."""

    possible: tuple[WindowsBuild, ...]
    evidence: tuple[Evidence, ...]

    @property
    def name(self) -> str:
        """The builds for people."""
        return " or ".join(one.name for one in self.possible)


def node_builds(pool: NodePool, nodes: Iterable[LiveNode] = ()) -> NodeBuilds:
    """Return the builds of the nodes of the Windows pool *pool*; raise :class:`FactUnavailable` where nothing tells.

    Those *nodes* that are there, and else the node image, tell what the nodes have, and ``osSKU`` what new ones get:
    after a change of one they may differ.
    """
    said = dict(_said(pool))
    labelled = {one.labels.get(BUILD_LABEL, ""): one for one in nodes}
    for version, one in labelled.items():
        if found := build(version):
            said[found] = one.labelled(BUILD_LABEL, f"node {one.name} of {pool.name} has Windows {found}")
    if not said:
        raise FactUnavailable(
            f"the Windows build of the nodes of {pool.name} is not known: neither its node image nor its osSKU "
            f"({pool.wire.osSKU or 'none'}) names one",
            f"Look at the label {BUILD_LABEL} of its nodes: kubectl describe nodes --selector agentpool={pool.name}",
            document=pool.document.id,
            pointer=f"{pool.base}/nodeImageVersion",
        )
    return NodeBuilds(tuple(said), tuple(said.values()))


def _said(pool: NodePool) -> Iterator[tuple[WindowsBuild, Evidence]]:
    image = _NODE_IMAGE.fullmatch(pool.wire.nodeImageVersion or "")
    number = _SKUS.get((pool.wire.osSKU or "").casefold())
    if number:
        yield _of(pool, number, "/osSKU")
    if image:
        yield _of(pool, int(image[1]), "/nodeImageVersion")


def _of(pool: NodePool, number: int, pointer: str) -> tuple[WindowsBuild, Evidence]:
    found = WindowsBuild(10, 0, number)
    return found, pool.evidence(pointer, f"the nodes of {pool.name} have Windows {found}")
