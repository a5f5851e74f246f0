"""Where a subnet sends what is for a registry: the route that counts, and what it leads to.

Sources: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview,
https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Network
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.network import Subnet
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.path.home import Home
from pullready.facts.routes import Route, RouteTable, Service, learns_routes, public_route, route_table
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

_HOST: Final = 32
#: What ``privateEndpointNetworkPolicies`` may be where route tables count for private endpoints in the subnet.
_ROUTED: Final = frozenset({"enabled", "routetableenabled"})


class Leads(StrEnum):
    """What a subnet's route leads to."""

    ENDPOINT = "the private endpoint"
    SERVICE = "the service, by a service endpoint"
    INTERNET = "the Internet"
    APPLIANCE = "an appliance"
    NOWHERE = "nowhere"
    APART = "nowhere, unless something joins the networks"


class NextHop(msgspec.Struct, frozen=True):
    """What the route of a subnet leads to; without ``route``, one of Azure's own routes counts."""

    leads: Leads
    evidence: tuple[Evidence, ...]
    route: Route | None = None


def private_hop(scope: Scope, subnet: Subnet, destination: PrivateAddress, home: Home) -> NextHop:
    """Return where *subnet* sends what is for *destination*, which is at *home*.

    A network and those peered with it have a /32 route to each private endpoint. A route of the subnet's table for
    exactly that address comes before it; a wider one only where the endpoint's subnet says that route tables count,
    and as long as it is no wider than the address space of the endpoint's network; the default route never.
    """
    table = route_table(scope, subnet)
    ours = _routes_to(table, destination)
    if home.is_near:
        counting = [route for route in ours if _counts(scope, route, destination, home)]
        if not counting:
            return NextHop(Leads.ENDPOINT, (*home.evidence, _shown(table, subnet)))
        return _followed(counting[0], destination, home)
    if ours and _prefix(ours[0]).prefixlen == _HOST:
        return _followed(ours[0], destination, home)
    if learns_routes(subnet, table):
        raise FactUnavailable(
            f"{ids.name_of(subnet.id)} may learn a route to {destination} from a gateway, which Azure Resource Manager "
            "does not show",
            "Look at the effective routes of a node, and accept this with a waiver once they lead there",
            document=subnet.document.id,
            pointer=subnet.base,
        )
    if not ours or _is_way_out(ours[0]):
        return NextHop(Leads.APART, (*home.evidence, _shown(table, subnet)))
    return _followed(ours[0], destination, home)


def public_hop(
    scope: Scope, subnet: Subnet, service: Service, endpoint: Evidence | None, *, may_learn: bool = True
) -> NextHop:
    """Return where *subnet* sends what is for the public addresses of *service*.

    Its service *endpoint* in the subnet, where it has one, comes before every other route (documented).
    """
    if endpoint is not None:
        return NextHop(Leads.SERVICE, (endpoint,))
    route = public_route(scope, subnet, service, may_learn=may_learn)
    if route is None:
        return NextHop(Leads.INTERNET, (_shown(route_table(scope, subnet), subnet),))
    match route.hop[0]:
        case "internet":
            return NextHop(Leads.INTERNET, (route.shown,), route)
        case "virtualappliance":
            return NextHop(Leads.APPLIANCE, (route.shown,), route)
        case "none":
            return NextHop(Leads.NOWHERE, (route.shown,), route)
        case kind:
            raise route.opaque(f"traffic for the registry is routed to {kind}")


def _shown(table: RouteTable | None, subnet: Subnet) -> Evidence:
    """Return the routes of *table*, or that *subnet* has none, as evidence."""
    return table.shown if table else subnet.evidence("/properties/routeTable", "the subnet has no route table")


def _routes_to(table: RouteTable | None, destination: PrivateAddress) -> list[Route]:
    """Return the table's routes that hold *destination*, the most specific first."""
    routes = [route for route in table.routes if route.range and destination.address in route.range] if table else []
    return sorted(routes, key=lambda route: -_prefix(route).prefixlen)


def _counts(scope: Scope, route: Route, destination: PrivateAddress, home: Home) -> bool:
    """Say whether *route* comes before Azure's own /32 route to the private endpoint."""
    length = _prefix(route).prefixlen
    if length in {0, _HOST}:
        return length == _HOST
    subnet = home.subnet_in(scope)
    policies = subnet.require(
        subnet.wire.properties.privateEndpointNetworkPolicies or None, "/properties/privateEndpointNetworkPolicies"
    )
    if policies.lower() not in _ROUTED:
        return False
    widest = subnet.network.range_of(destination.address)
    return widest is not None and length >= widest.prefixlen


def _is_way_out(route: Route) -> bool:
    """Say whether *route* is a default route to the Internet, as Azure's own is: it is for no private address."""
    plain = route.wire.hasBgpOverride is not True
    return plain and _prefix(route).prefixlen == 0 and route.hop[0] == "internet"


def _prefix(route: Route) -> IPv4Network:
    """Return the range of a route that has one."""
    if route.range is None:
        msg = f"{route.prefix} is no range"
        raise TypeError(msg)
    return route.range


def _followed(route: Route, destination: PrivateAddress, home: Home) -> NextHop:
    """Return where *route* of a route table leads what is for *destination*, which is at *home*."""
    if route.wire.hasBgpOverride is True:
        raise route.opaque(f"a route that a gateway learned takes the place of the one for {route.prefix}")
    match route.hop[0]:
        case "virtualappliance":
            return NextHop(Leads.APPLIANCE, (route.shown,), route)
        case "none" | "internet":
            return NextHop(Leads.NOWHERE, (route.shown,), route)
        case "vnetlocal" if home.is_same:
            return NextHop(Leads.ENDPOINT, (*home.evidence, route.shown), route)
        case kind:
            raise FactUnavailable(
                f"the route for {route.prefix} leads what is for {destination} to {kind}, behind which nothing is read",
                "Look at the effective routes of a node, and accept this with a waiver once they lead there",
                document=route.document.id,
                pointer=route.base,
            )
