"""The sizes of virtual machines, and the architecture of their processors.

Source: https://learn.microsoft.com/rest/api/compute/resource-skus/list. Names of sizes follow a convention in which
``p`` stands for Arm; Azure's own answer is taken instead, and without it the architecture is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import decode, evidence
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.platforms import AMD64, ARM64
from pullready.facts.scope import Scope
from pullready.snapshot import Document
from pullready.verdict import Evidence

RESOURCE_TYPE: Final = "virtualmachines"
CAPABILITY: Final = "cpuarchitecturetype"
_ARCHITECTURES: Final = {"x64": AMD64, "arm64": ARM64}


class _Capability(Struct, frozen=True):
    name: str
    value: str | UnsetType | None = UNSET


class _Sku(Struct, frozen=True):
    name: str
    resourceType: str | UnsetType | None = UNSET
    capabilities: list[_Capability] | UnsetType | None = UNSET


class _Skus(Struct, frozen=True):
    value: list[_Sku]


class Architecture(msgspec.Struct, frozen=True):
    """The architecture of a pool's nodes in containerd's spelling, and what says so."""

    value: str
    evidence: tuple[Evidence, ...]


class VmSizes(msgspec.Struct, frozen=True, dict=True):
    """The sizes of machines that Azure offers where *cluster* is."""

    scope: Scope
    cluster: Cluster

    @property
    def _document(self) -> Document:
        return self.scope.document(ids.vm_sizes_in(self.cluster.subscription, self.cluster.region))

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[int, _Sku]]:
        skus = decode(self._document, _Skus).value
        return {
            sku.name.casefold(): (place, sku)
            for place, sku in enumerate(skus)
            if sku.resourceType and sku.resourceType.casefold() == RESOURCE_TYPE
        }

    def architecture(self, pool: NodePool) -> Architecture:
        """Return the architecture of the nodes of *pool*; raise :class:`FactUnavailable` where Azure does not tell."""
        size = pool.require(pool.wire.vmSize, "/vmSize")
        place, sku = self._by_name.get(size.casefold(), (-1, None))
        for index, one in enumerate((sku and sku.capabilities) or ()):
            known = _ARCHITECTURES.get((one.value or "").lower())
            if one.name.casefold() == CAPABILITY and known:
                said = evidence(self._document, f"/value/{place}/capabilities/{index}/value", f"{size} is {known}")
                return Architecture(known, (pool.evidence("/vmSize", f"the size of the nodes of {pool.name}"), said))
        raise FactUnavailable(
            f"Azure does not tell the architecture of {size} in {self.cluster.region}",
            f"Look at az vm list-skus --location {self.cluster.region} --size {size} --query '[].capabilities'",
            document=self._document.id,
            pointer="/value",
        )
