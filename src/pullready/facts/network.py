"""Virtual networks and their subnets, and which of them a node pool is in.

Source: https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

#: Azure's own DNS, which answers from the zones that are linked to the network that asks.
AZURE_DNS: Final = "168.63.129.16"
#: A gateway or a route server in one of these teaches the network routes that no route table shows.
_ROUTING_SUBNETS: Final = frozenset({"gatewaysubnet", "routeserversubnet"})


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _ServiceEndpoint(Struct, frozen=True):
    service: str | UnsetType | None = UNSET


class _SubnetProperties(Struct, frozen=True):
    addressPrefix: str | UnsetType | None = UNSET
    addressPrefixes: list[str] | UnsetType | None = UNSET
    networkSecurityGroup: _Reference | UnsetType | None = UNSET
    privateEndpointNetworkPolicies: str | UnsetType | None = UNSET
    natGateway: _Reference | UnsetType | None = UNSET
    routeTable: _Reference | UnsetType | None = UNSET
    serviceEndpoints: list[_ServiceEndpoint] | UnsetType | None = UNSET
    defaultOutboundAccess: bool | UnsetType | None = UNSET


class _Subnet(Struct, frozen=True):
    id: str
    properties: _SubnetProperties


class _AddressSpace(Struct, frozen=True):
    addressPrefixes: list[str] | UnsetType | None = UNSET


class _DhcpOptions(Struct, frozen=True):
    dnsServers: list[str] | UnsetType | None = UNSET


class _PeeringProperties(Struct, frozen=True):
    remoteVirtualNetwork: _Reference | UnsetType | None = UNSET
    remoteAddressSpace: _AddressSpace | UnsetType | None = UNSET
    peeringState: str | UnsetType | None = UNSET
    peeringSyncLevel: str | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET
    allowVirtualNetworkAccess: bool | UnsetType | None = UNSET
    allowForwardedTraffic: bool | UnsetType | None = UNSET
    useRemoteGateways: bool | UnsetType | None = UNSET
    peerCompleteVnets: bool | UnsetType | None = UNSET
    localSubnetNames: list[str] | UnsetType | None = UNSET
    remoteSubnetNames: list[str] | UnsetType | None = UNSET


class _Peering(Struct, frozen=True):
    properties: _PeeringProperties


class _Properties(Struct, frozen=True):
    addressSpace: _AddressSpace | UnsetType | None = UNSET
    dhcpOptions: _DhcpOptions | UnsetType | None = UNSET
    subnets: list[_Subnet] | UnsetType | None = UNSET
    virtualNetworkPeerings: list[_Peering] | UnsetType | None = UNSET
    defaultPublicNatGateway: _Reference | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _VirtualNetwork(Struct, frozen=True):
    id: str
    properties: _Properties


class _List(Struct, frozen=True):
    value: list[_VirtualNetwork]


class Peering(Fact, frozen=True):
    """A network's own half of a peering. A peering of which the other side is not named leads nowhere."""

    wire: _PeeringProperties

    @property
    def remote(self) -> str | None:
        """The id of the network on the other side."""
        return (self.wire.remoteVirtualNetwork.id or None) if self.wire.remoteVirtualNetwork else None

    @property
    def is_connected(self) -> bool:
        """Whether both halves are there."""
        return self.require(self.wire.peeringState, "/peeringState").lower() == "connected"

    @property
    def shown(self) -> Evidence:
        """Its state as evidence."""
        return self.evidence("/peeringState", f"the peering with {ids.name_of(self.remote or '')}")

    def may_hold(self, address: str) -> bool:
        """Say whether *address* can be on the other side, as far as this side knows."""
        space = self.wire.remoteAddressSpace
        return not space or not space.addressPrefixes or _holds(space.addressPrefixes, address)

    def holds(self, address: str) -> bool:
        """Say whether this side knows that *address* is on the other side."""
        space = self.wire.remoteAddressSpace
        return bool(space and space.addressPrefixes) and self.may_hold(address)


class Subnet(Fact, frozen=True, dict=True):
    """A subnet, in the document of its virtual network. Azure omits what is not attached to it."""

    wire: _Subnet
    network: VirtualNetwork

    @property
    def id(self) -> str:
        """The resource id, as Azure spells it."""
        return self.wire.id

    @cached_property
    def prefixes(self) -> tuple[IPv4Network, ...]:
        """The ranges of IPv4 addresses, at least one."""
        listed = self.wire.properties.addressPrefixes or [
            self.require(self.wire.properties.addressPrefix or None, "/properties/addressPrefix")
        ]
        ranges = tuple(ip_network(one, strict=False) for one in listed if ":" not in one)
        return self.require(
            tuple(one for one in ranges if isinstance(one, IPv4Network)) or None, "/properties/addressPrefix"
        )

    @property
    def security_group(self) -> str | None:
        """The id of the network security group that is attached."""
        group = self.wire.properties.networkSecurityGroup
        return (group.id or None) if group else None

    @property
    def governs_endpoints(self) -> bool | None:
        """Whether its network security group is for the private endpoints in it, too; none where that is not told."""
        policies = self.wire.properties.privateEndpointNetworkPolicies
        return policies.lower() in {"enabled", "networksecuritygroupenabled"} if policies else None

    @property
    def nat_gateway(self) -> str | None:
        """The id of the NAT gateway that is attached."""
        return (self.wire.properties.natGateway.id or None) if self.wire.properties.natGateway else None

    @property
    def route_table(self) -> str | None:
        """The id of the route table that is attached."""
        return (self.wire.properties.routeTable.id or None) if self.wire.properties.routeTable else None

    @property
    def has_default_outbound_access(self) -> bool:
        """Whether Azure may lend its own addresses; only the value false is documented to rule that out."""
        return self.wire.properties.defaultOutboundAccess is not False

    def service_endpoint(self, service: str) -> Evidence | None:
        """Return the service endpoint for *service*, where the subnet has one."""
        for index, one in enumerate(self.wire.properties.serviceEndpoints or ()):
            if one.service and one.service.lower() == service.lower():
                return self.evidence(f"/properties/serviceEndpoints/{index}", "traffic to the service leaves privately")
        return None


class VirtualNetwork(Fact, frozen=True, dict=True):
    """A virtual network; ``base`` points at it in a list, or is empty."""

    wire: _VirtualNetwork

    @property
    def id(self) -> str:
        """The resource id, as Azure spells it."""
        return self.wire.id

    @property
    def dns_servers(self) -> tuple[str, ...]:
        """The DNS servers that are set; with none, Azure's own DNS answers (documented).

        Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
        """
        options = self.wire.properties.dhcpOptions
        return tuple(options.dnsServers or ()) if options else ()

    @property
    def default_nat_gateway(self) -> str | None:
        """The id of the NAT gateway (StandardV2) that serves the network as a whole; absent where there is none."""
        gateway = self.wire.properties.defaultPublicNatGateway
        return (gateway.id or None) if gateway else None

    @property
    def is_updating(self) -> bool:
        """Whether Azure is changing it right now."""
        state = self.wire.properties.provisioningState
        return bool(state and state.lower() == "updating")

    @cached_property
    def subnets(self) -> tuple[Subnet, ...]:
        """The subnets."""
        subnets = self.require(self.wire.properties.subnets, "/properties/subnets")
        return tuple(
            Subnet(self.document, f"{self.base}/properties/subnets/{index}", subnet, self)
            for index, subnet in enumerate(subnets)
        )

    @cached_property
    def peerings(self) -> tuple[Peering, ...]:
        """The peerings with other networks."""
        return tuple(
            Peering(self.document, f"{self.base}/properties/virtualNetworkPeerings/{index}/properties", one.properties)
            for index, one in enumerate(self.wire.properties.virtualNetworkPeerings or ())
        )

    def peering_with(self, network: str) -> Peering | None:
        """Return the network's own half of its peering with the one with the id *network*, in whatever state."""
        return next((one for one in self.peerings if one.remote and ids.same(one.remote, network)), None)

    @property
    def shown(self) -> Evidence:
        """Its peerings as evidence."""
        names = ", ".join(ids.name_of(one.remote) for one in self.peerings if one.remote)
        says = f"{ids.name_of(self.id)} is peered with {names or 'no network'}"
        return self.evidence("/properties/virtualNetworkPeerings", says)

    @property
    def may_learn_routes(self) -> bool:
        """Whether a gateway or a route server, here or behind a peering, may teach it a default route."""
        return any(peering.wire.useRemoteGateways is True for peering in self.peerings) or any(
            ids.name_of(subnet.id).lower() in _ROUTING_SUBNETS for subnet in self.subnets
        )

    def holds(self, address: str) -> bool:
        """Say whether *address* is in the network's address space."""
        space = self.wire.properties.addressSpace
        prefixes = self.require(space.addressPrefixes if space else UNSET, "/properties/addressSpace/addressPrefixes")
        return _holds(prefixes, address)

    def range_of(self, address: IPv4Address) -> IPv4Network | None:
        """Return the range of the network's address space that *address* is in; none where it is in none."""
        space = self.wire.properties.addressSpace
        prefixes = self.require(space.addressPrefixes if space else UNSET, "/properties/addressSpace/addressPrefixes")
        ranges = (ip_network(one, strict=False) for one in prefixes)
        return next((one for one in ranges if isinstance(one, IPv4Network) and address in one), None)

    def subnet(self, id_: str) -> Subnet:
        """Return the subnet with *id_*; raise :class:`FactUnavailable` where the network has no such subnet."""
        for subnet in self.subnets:
            if ids.same(subnet.id, id_):
                return subnet
        raise FactUnavailable(
            f"{self.id} has no subnet {ids.name_of(id_)}",
            "Run again; if it stays, look for a pool that is left over from a deleted subnet",
            document=self.document.id,
            pointer=f"{self.base}/properties/subnets",
        )


def virtual_network(scope: Scope, id_: str) -> VirtualNetwork:
    """Return the virtual network with *id_*."""
    document = scope.document(id_)
    return VirtualNetwork(document, "", decode(document, _VirtualNetwork))


def pool_subnet(scope: Scope, cluster: Cluster, pool: NodePool) -> Subnet:
    """Return the subnet that the nodes of *pool* are in: the one it names, else that which AKS made for the cluster."""
    named = pool.wire.vnetSubnetID
    if named:
        return virtual_network(scope, ids.parent_of(named)).subnet(named)
    document = scope.document(ids.virtual_networks_in(cluster.node_resource_group))
    made = [
        VirtualNetwork(document, f"/value/{index}", wire)
        for index, wire in enumerate(decode(document, _List).value)
        if ids.name_of(wire.id).lower().startswith("aks-vnet-")
    ]
    subnets = list(_node_subnets(made[0])) if len(made) == 1 else []
    if len(subnets) != 1:
        raise FactUnavailable(
            f"which subnet the nodes of {pool.name} are in cannot be told from the networks in the node resource group",
            "Look at the networks named aks-vnet-… there; there should be one, with the subnet aks-subnet",
            document=document.id,
            pointer="/value",
        )
    return subnets[0]


def _node_subnets(network: VirtualNetwork) -> Iterator[Subnet]:
    named = [subnet for subnet in network.subnets if ids.name_of(subnet.id).lower() == "aks-subnet"]
    yield from named or network.subnets


def _holds(prefixes: list[str], address: str) -> bool:
    try:
        return any(ip_address(address) in ip_network(prefix, strict=False) for prefix in prefixes)
    except ValueError:
        return False
