"""Azure Firewalls: which of them an appliance in a route is, and the public addresses that it leaves from.

Source: https://learn.microsoft.com/rest/api/firewall/azure-firewalls/get
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.network import Subnet, VirtualNetwork, virtual_network
from pullready.facts.outbound import EgressAddress, nat_gateway_addresses, public_addresses, stated
from pullready.facts.routes import Route, public_route
from pullready.facts.scope import Scope


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _ConfigurationProperties(Struct, frozen=True):
    privateIPAddress: str | UnsetType | None = UNSET
    publicIPAddress: _Reference | UnsetType | None = UNSET
    subnet: _Reference | UnsetType | None = UNSET


class _Configuration(Struct, frozen=True):
    properties: _ConfigurationProperties


class _HubAddress(Struct, frozen=True):
    address: str | UnsetType | None = UNSET


class _HubPublic(Struct, frozen=True):
    addresses: list[_HubAddress] | UnsetType | None = UNSET


class _HubAddresses(Struct, frozen=True):
    privateIPAddress: str | UnsetType | None = UNSET
    publicIPs: _HubPublic | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    ipConfigurations: list[_Configuration] | UnsetType | None = UNSET
    hubIPAddresses: _HubAddresses | UnsetType | None = UNSET
    managementIpConfiguration: _Configuration | UnsetType | None = UNSET


class _Firewall(Struct, frozen=True):
    id: str
    properties: _Properties


class _List(Struct, frozen=True):
    value: list[_Firewall]


class Firewall(Fact, frozen=True):
    """An Azure Firewall; ``base`` points at it in a subscription's list. Its management addresses carry no traffic."""

    wire: _Firewall

    @property
    def name(self) -> str:
        """Its name."""
        return ids.name_of(self.wire.id)

    @property
    def configurations(self) -> tuple[_ConfigurationProperties, ...]:
        """The IP configurations of a firewall in a virtual network; none in one of a virtual hub."""
        return tuple(one.properties for one in self.wire.properties.ipConfigurations or ())

    @property
    def subnet(self) -> str | None:
        """The id of AzureFirewallSubnet; none in a virtual hub."""
        return next((one.subnet.id for one in self.configurations if one.subnet and one.subnet.id), None)

    @property
    def may_be_tunnelled(self) -> bool:
        """Whether its default route may lead elsewhere than to the Internet: only with a management address.

        Source: https://learn.microsoft.com/azure/firewall/forced-tunneling
        """
        return bool(self.wire.properties.managementIpConfiguration)

    def listens_at(self, address: str, reach: list[str]) -> bool:
        """Say whether *address* is the firewall's own; one in a virtual network counts only within *reach* (ids)."""
        hub = self.wire.properties.hubIPAddresses
        if hub and hub.privateIPAddress == address:
            return True
        if self.subnet is None or not any(ids.same(ids.parent_of(self.subnet), network) for network in reach):
            return False
        return any(one.privateIPAddress == address for one in self.configurations)


def firewall_at(scope: Scope, address: str, network: VirtualNetwork) -> Firewall | None:
    """Return the Azure Firewall that has *address*; none where nothing of the kind can be read.

    Looked for in the subscriptions of *network* and of the networks that are peered with it. Raise
    :class:`FactUnavailable` where it is none of those that were read, and others could not be.
    """
    reach = [network.id, *(peering.remote for peering in network.peerings if peering.remote)]
    documents = [scope.document(ids.firewalls_in(one)) for one in ids.subscriptions_of(reach)]
    unread: FactUnavailable | None = None
    for document in documents:
        try:
            listed = decode(document, _List).value
        except FactUnavailable as why:
            unread = unread or why
            continue
        for index, wire in enumerate(listed):
            firewall = Firewall(document, f"/value/{index}", wire)
            if firewall.listens_at(address, reach):
                return firewall
    if unread is not None:
        raise unread
    return None


def appliance_addresses(scope: Scope, route: Route, network: VirtualNetwork) -> tuple[EgressAddress, ...]:
    """Return the addresses that the appliance in *route* leaves from, where it is an Azure Firewall.

    Raise :class:`NotInAzure` where it is none that can be read, or sends the traffic on to something else.
    """
    address = route.hop[1]
    where = f"{address}, where traffic to the registry is routed to,"
    try:
        firewall = firewall_at(scope, address, network)
    except FactUnavailable as why:
        raise route.opaque(f"{where} may be a firewall: {why.reason}") from why
    if firewall is None:
        raise route.opaque(f"{where} is no Azure Firewall that can be read")
    return _leaving(scope, firewall, route)


def onward_subnet(scope: Scope, firewall: Firewall) -> Subnet | None:
    """Return the subnet of *firewall*, once it is sure that public traffic goes to the Internet from there.

    A firewall in a virtual hub has none. Raise :class:`NotInAzure` where it sends the traffic on to something else.
    """
    if firewall.subnet is None:
        return None
    subnet = virtual_network(scope, ids.parent_of(firewall.subnet)).subnet(firewall.subnet)
    onward = public_route(scope, subnet, may_learn=firewall.may_be_tunnelled)
    if onward is not None and onward.hop[0] != "internet":
        raise onward.opaque(f"the firewall {ids.name_of(firewall.wire.id)} sends the traffic on to something else")
    return subnet


def _leaving(scope: Scope, firewall: Firewall, route: Route) -> tuple[EgressAddress, ...]:
    hub = firewall.wire.properties.hubIPAddresses
    subnet = onward_subnet(scope, firewall)
    if subnet is None:
        pointer = "/properties/hubIPAddresses/publicIPs/addresses"
        listed = firewall.require(hub.publicIPs.addresses if hub and hub.publicIPs else UNSET, pointer)
        addresses = tuple(
            stated(
                firewall.require(one.address, f"{pointer}/{index}/address"),
                firewall.evidence(f"{pointer}/{index}/address", "the firewall leaves from here"),
            )
            for index, one in enumerate(listed)
        )
    else:
        if subnet.nat_gateway:
            return nat_gateway_addresses(scope, subnet.nat_gateway)
        public = [one.publicIPAddress.id for one in firewall.configurations if one.publicIPAddress]
        addresses = public_addresses(scope, [id_ for id_ in public if id_])
    if not addresses:
        raise route.opaque(f"the firewall {ids.name_of(firewall.wire.id)} has no public address of its own")
    return addresses
