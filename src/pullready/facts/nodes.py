"""The machines behind a cluster's node pools, and the identities that are attached to them.

Sources: https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/list and
https://learn.microsoft.com/rest/api/compute/virtual-machines/list
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.bootstrap import bootstrap_registry
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.registry import Registry
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Document
from pullready.verdict import Evidence

#: The tags that name a machine's pool: today's, and the one of clusters that were made before it.
POOL_TAGS: Final = ("aks-managed-poolName", "poolName")
#: The tag of machines that node auto-provisioning made.
PROVISIONED_TAG: Final = "karpenter.azure.com_cluster"
#: The subject that those machines are judged as; they belong to no agent pool.
PROVISIONED: Final = "node auto-provisioning"
_SCALE_SETS: Final = "virtualmachinescalesets"
_MACHINES: Final = frozenset({"virtualmachines", "availabilityset"})


class _Identity(Struct, frozen=True):
    type: str | UnsetType | None = UNSET
    userAssignedIdentities: dict[str, Any] | UnsetType | None = UNSET


class _Machine(Struct, frozen=True):
    id: str
    tags: dict[str, str] | UnsetType | None = UNSET
    identity: _Identity | UnsetType | None = UNSET


class _Machines(Struct, frozen=True):
    value: list[_Machine]


class Machine(Fact, frozen=True):
    """A scale set or a virtual machine; ``base`` points at it in the list of its resource group."""

    wire: _Machine

    @property
    def name(self) -> str:
        """The name of the scale set or virtual machine."""
        return ids.name_of(self.wire.id)

    def tag(self, name: str) -> str | None:
        """Return the value of the tag *name*, which Azure compares without case."""
        tags = self.wire.tags or {}
        return next((value for key, value in tags.items() if key.casefold() == name.casefold()), None)

    @property
    def pool(self) -> str | None:
        """The name of the node pool it is a part of, as its tags say."""
        return next((pool for tag in POOL_TAGS if (pool := self.tag(tag))), None)

    def attached(self, identity: str) -> Evidence | None:
        """Return the place that says that *identity* (resource id) is attached; none where it is not.

        Azure leaves ``identity`` out of a machine that has none.
        """
        if not self.wire.identity:
            return None
        key = next((key for key in self.wire.identity.userAssignedIdentities or () if ids.same(key, identity)), None)
        if key is None:
            return None
        if "userassigned" not in self.require(self.wire.identity.type, "/identity/type").lower():
            return None
        step = key.replace("~", "~0").replace("/", "~1")
        return self.evidence(f"/identity/userAssignedIdentities/{step}", f"the identity is attached to {self.name}")


class MachineList(msgspec.Struct, frozen=True, dict=True):
    """All scale sets or all virtual machines of a resource group."""

    document: Document

    @cached_property
    def machines(self) -> tuple[Machine, ...]:
        """The machines, in Azure's order; raise :class:`FactUnavailable` where the list was not read."""
        listed = decode(self.document, _Machines).value
        return tuple(Machine(self.document, f"/value/{index}", machine) for index, machine in enumerate(listed))

    @property
    def evidence(self) -> Evidence:
        """The list as a whole."""
        return Fact(self.document, "").evidence("/value", "what the node resource group has of this kind")


class PoolMachines(msgspec.Struct, frozen=True):
    """The machines of a node pool, or without ``pool`` those that node auto-provisioning made; ``listed`` has them.

    ``registries`` are those that the target uses; none where that is not known.
    """

    cluster: Cluster
    pool: NodePool | None
    listed: MachineList | FactUnavailable
    registries: tuple[Registry | Unread, ...] = ()

    @property
    def subject(self) -> str:
        """The pool's name."""
        return self.pool.name if self.pool else PROVISIONED

    @property
    def source(self) -> MachineList:
        """The list that the machines stand in; raise :class:`FactUnavailable` where it cannot be said which that is."""
        if isinstance(self.listed, FactUnavailable):
            raise self.listed
        return self.listed

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The machines of the pool, in Azure's order."""
        return tuple(machine for machine in self.source.machines if self._has(machine))

    @property
    def may_be_empty(self) -> bool:
        """Whether it is in order that no machine is there: nothing runs, or auto-provisioning made none so far."""
        return self.pool is None or self.cluster.is_stopped or not self.pool.can_have_nodes

    @property
    def open_to_anybody(self) -> tuple[Evidence, ...]:
        """What says that every registry lets anybody pull; nothing where one does not, or cannot be told to."""
        says: list[Evidence] = []
        for registry in self.registries:
            try:
                if isinstance(registry, Unread) or not registry.pulls_anonymously:
                    return ()
            except FactUnavailable:
                return ()
            says.append(registry.evidence("/properties/anonymousPullEnabled", "anybody may pull"))
        return tuple(says)

    def _has(self, machine: Machine) -> bool:
        if self.pool is None:
            return machine.tag(PROVISIONED_TAG) is not None
        return machine.pool is not None and machine.pool.casefold() == self.pool.name.casefold()


def machine_list_of(cluster: Cluster, pool: NodePool | None) -> str:
    """Return the id of the list that the machines of *pool* stand in; of those without a pool where it is none.

    Raise :class:`FactUnavailable` where the cluster does not say its node resource group, or the pool its type.
    """
    kind = pool.kind if pool else "virtualmachines"
    if kind == _SCALE_SETS:
        return ids.scale_sets_in(cluster.node_resource_group)
    if kind in _MACHINES:
        return ids.virtual_machines_in(cluster.node_resource_group)
    raise FactUnavailable(
        f"node pools of type {kind} are not known",
        "Look whether a newer pullready knows them",
        document=cluster.document.id,
        pointer=f"{pool.base}/type" if pool else "",
    )


def machine_lists_needed(cluster: Cluster) -> tuple[str, ...]:
    """Return the ids of the lists that say which machines *cluster* has, each once.

    None where no node pulls with an identity that is attached to it: a cluster with a service principal, or one whose
    service accounts pull everything. Raise :class:`FactUnavailable` where the cluster does not say.
    """
    accounts_alone = cluster.service_accounts_pull and bootstrap_registry(cluster) is None
    if cluster.service_principal_client_id is not None or accounts_alone:
        return ()
    needed: dict[str, str] = {}
    for pool in _pools_of(cluster):
        try:
            list_ = machine_list_of(cluster, pool)
        except FactUnavailable:
            continue
        needed.setdefault(list_.casefold(), list_)
    return tuple(needed.values())


def _pools_of(cluster: Cluster) -> Iterator[NodePool | None]:
    yield from cluster.pools
    if cluster.provisions_nodes:
        yield None


@fact(Need.NODE_IDENTITIES)
def pool_machines(
    scope: Scope, cluster: Cluster, registries: tuple[Registry | Unread, ...] | None = None
) -> tuple[PoolMachines, ...]:
    """Return the machines of each node pool, and of node auto-provisioning where the cluster has it."""
    lists: dict[str, MachineList] = {}

    def listed(pool: NodePool | None) -> MachineList | FactUnavailable:
        try:
            list_ = machine_list_of(cluster, pool)
        except FactUnavailable as why:
            return why
        return lists.setdefault(list_.casefold(), MachineList(scope.document(list_)))

    return tuple(PoolMachines(cluster, pool, listed(pool), registries or ()) for pool in _pools_of(cluster))
