"""Pools, and what node auto-provisioning may make, each as a place for one workload's pods."""

from __future__ import annotations

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.cluster import NodePool
from pullready.facts.provisioning import ProvisioningPool
from pullready.facts.scheduling import Truth
from pullready.verdict import Evidence


class Place(msgspec.Struct, frozen=True):
    """A pool as a place for one workload's pods; ``because`` says why it is not, or why that cannot be decided."""

    pool: NodePool
    because: str
    fits: Truth

    @property
    def name(self) -> str:
        """The pool's name."""
        return self.pool.name

    @property
    def os(self) -> str | None:
        """The operating system of the pool's nodes; none where the cluster's document does not tell."""
        try:
            return self.pool.os_type
        except FactUnavailable:
            return None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What says that the pool is there."""
        return (self.pool.evidence("/osType", f"pool {self.name} may take the pods"),)


class ProvisionedPlace(msgspec.Struct, frozen=True):
    """What a NodePool of node auto-provisioning may make for one workload's pods: nodes with one operating system.

    ``architectures`` are those that the pods may land on. ``unread`` says why the operating system is not known.
    """

    pool: ProvisioningPool
    os: str | None
    architectures: tuple[str, ...]
    because: str
    fits: Truth
    unread: FactUnavailable | None = None

    @property
    def name(self) -> str:
        """The NodePool."""
        return self.pool.subject

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What says which nodes it may make."""
        return self.pool.required


class BuiltSystem(msgspec.Struct, frozen=True):
    """An operating system in lower case that an image is for, and what says so."""

    os: str
    evidence: Evidence
