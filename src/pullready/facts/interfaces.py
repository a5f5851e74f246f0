"""The network interfaces of a pool's machines, and the security groups that are attached to them.

Sources: https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/list,
https://learn.microsoft.com/rest/api/compute/virtual-machines/list
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.nodes import Machine, MachineList, PoolMachines, machine_list_of
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _InterfaceProperties(Struct, frozen=True):
    networkSecurityGroup: _Reference | UnsetType | None = UNSET


class _Interface(Struct, frozen=True):
    properties: _InterfaceProperties


class _ScaleSetNetwork(Struct, frozen=True):
    networkInterfaceConfigurations: list[_Interface] | UnsetType | None = UNSET


class _Model(Struct, frozen=True):
    networkProfile: _ScaleSetNetwork | UnsetType | None = UNSET


class _MachineNetwork(Struct, frozen=True):
    networkInterfaces: list[_Reference] | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    virtualMachineProfile: _Model | UnsetType | None = UNSET
    networkProfile: _MachineNetwork | UnsetType | None = UNSET


class _Machine(Struct, frozen=True):
    properties: _Properties


class NodeInterface(msgspec.Struct, frozen=True):
    """A network interface of nodes; ``security_group`` is the id of what is attached to it, none where nothing is.

    Azure leaves the property out of an interface that has none.
    """

    security_group: str | None
    evidence: Evidence


def node_interfaces(scope: Scope, cluster: Cluster, pool: NodePool) -> tuple[NodeInterface, ...]:
    """Return the interfaces of the machines of *pool*, at least one; those of a scale set stand for its instances.

    Raise :class:`FactUnavailable` where a machine does not say which it has, and where the pool has no machine.
    """
    listed = MachineList(scope.document(machine_list_of(cluster, pool)))
    machines = PoolMachines(cluster, pool, listed).machines
    found = tuple(one for machine in machines for one in _of(scope, machine))
    if not found:
        raise FactUnavailable(
            f"{listed.document.id} lists no machine of the pool {pool.name}, so what its interfaces have is not known",
            "Check that the tag aks-managed-poolName of its scale set or machines is as AKS set it",
            document=listed.document.id,
            pointer="/value",
        )
    return found


def _of(scope: Scope, machine: Machine) -> Iterator[NodeInterface]:
    wire = decode(machine.document, _Machine, machine.base).properties
    if wire.virtualMachineProfile:
        at = "/properties/virtualMachineProfile/networkProfile/networkInterfaceConfigurations"
        network = wire.virtualMachineProfile.networkProfile
        listed = machine.require((network.networkInterfaceConfigurations or None) if network else None, at)
        for index, interface in enumerate(listed):
            yield _interface(machine, interface, f"{at}/{index}", machine.name)
        return
    at = "/properties/networkProfile/networkInterfaces"
    references = machine.require((wire.networkProfile.networkInterfaces or None) if wire.networkProfile else None, at)
    for index, reference in enumerate(references):
        read = Fact(scope.document(machine.require(reference.id, f"{at}/{index}/id")), "")
        yield _interface(read, decode(read.document, _Interface), "", ids.name_of(read.document.id))


def _interface(fact: Fact, interface: _Interface, at: str, name: str) -> NodeInterface:
    group = interface.properties.networkSecurityGroup
    says = f"the network interface of {name} has {'this' if group else 'no'} network security group"
    shown = fact.evidence(f"{at}/properties/networkSecurityGroup", says)
    return NodeInterface((group.id or None) if group else None, shown)
