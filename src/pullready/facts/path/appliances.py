"""Which Azure Firewalls the routes of the nodes lead through.

Sources: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview,
https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING, Final

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.firewalls import Firewall, appliance
from pullready.facts.network import Subnet, VirtualNetwork, virtual_network
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.proxy import bypass_proxy
from pullready.facts.routes import Route, public_route, routes_of
from pullready.facts.scope import Scope

if TYPE_CHECKING:
    from pullready.facts.path.way import Way

#: With one of these on the subnet of a private endpoint, a route that is as long as its network's replaces its own.
_OBEYS_ROUTES: Final = frozenset({"enabled", "routetableenabled"})


def firewalls_on(scope: Scope, way: Way) -> tuple[Firewall, ...]:
    """Return the Azure Firewalls that *way* leads through, none where it leads through none.

    Raise :class:`FactUnavailable` where the way is not known, and :class:`NotInAzure` where it leads through something
    that cannot be read.
    """
    found: list[Firewall] = []
    for destination in way.destinations:
        bypass_proxy(way.path.cluster, destination.host or way.path.registry.login_server)
        if isinstance(destination, PrivateAddress):
            route = _private_route(scope, way, destination)
        else:
            route = public_route(scope, way.subnet)
        if route is None or route.hop[0] in {"internet", "none", "vnetlocal"}:
            continue
        if route.hop[0] != "virtualappliance":
            raise route.opaque(f"traffic for the registry is routed to {route.hop[0]}")
        firewall = appliance(scope, route, way.subnet.network)
        if not any(ids.same(firewall.wire.id, other.wire.id) for other in found):
            found.append(firewall)
    return tuple(found)


def _private_route(scope: Scope, way: Way, destination: PrivateAddress) -> Route | None:
    """Return the route of the node subnet's table that takes the place of the private endpoint's own."""
    address = IPv4Network(destination.address)
    held = [route for route in routes_of(scope, way.subnet) if route.range and address.subnet_of(route.range)]
    if not held:
        return None
    longest = max(held, key=_length)
    if _length(longest) == address.prefixlen:
        return longest
    subnet = _subnet_of(scope, way, destination)
    if not _adjoins(way.subnet.network, subnet.network):
        return longest
    policies = subnet.wire.properties.privateEndpointNetworkPolicies
    if subnet.require(policies, "/properties/privateEndpointNetworkPolicies").lower() not in _OBEYS_ROUTES:
        return None
    return longest if _length(longest) >= _space(subnet.network, address) else None


def _subnet_of(scope: Scope, way: Way, destination: PrivateAddress) -> Subnet:
    for connection in way.path.resolution.endpoints.approved:
        if destination.endpoint and ids.same(connection.endpoint, destination.endpoint):
            return virtual_network(scope, ids.parent_of(connection.subnet)).subnet(connection.subnet)
    raise FactUnavailable(
        f"which subnet the private endpoint with the address {destination} is in is not known",
        "Grant read access to the private endpoint",
        document=destination.evidence.document,
        pointer=destination.evidence.pointer,
    )


def _adjoins(nodes: VirtualNetwork, endpoint: VirtualNetwork) -> bool:
    """Return whether the endpoint's own route reaches the nodes: in their network, and in those peered with it."""
    return ids.same(nodes.id, endpoint.id) or any(
        peering.remote and ids.same(peering.remote, endpoint.id) for peering in nodes.peerings
    )


def _space(network: VirtualNetwork, address: IPv4Network) -> int:
    space = network.wire.properties.addressSpace
    prefixes = network.require((space.addressPrefixes or None) if space else None, "/properties/addressSpace")
    ranges = [one for one in map(ip_network, prefixes) if isinstance(one, IPv4Network) and address.subnet_of(one)]
    return network.require(max((one.prefixlen for one in ranges), default=None), "/properties/addressSpace")


def _length(route: Route) -> int:
    return route.range.prefixlen if route.range else -1
