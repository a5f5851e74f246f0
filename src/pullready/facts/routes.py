"""Which way a subnet sends traffic for a registry's public addresses.

Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, collapse_addresses, ip_network
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.network import Subnet
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

#: Address space in which no registry has a public address; Azure routes the rest to the Internet by itself.
_NOT_PUBLIC: Final = tuple(
    IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)
_EVERYWHERE: Final = IPv4Network("0.0.0.0/0")
#: How specific the service tags are that a registry's public addresses are in; a regional one ranks one higher.
_RANKS: Final = {"azurecloud": 2, "azurecontainerregistry": 4, "storage": 4}
_NARROWER_THAN_A_TAG: Final = 8


class Service(msgspec.Struct, frozen=True):
    """The service tags (in lower case) that surely hold the public addresses of a service, the narrowest first.

    Of ``doubtful`` ones that is not documented.
    """

    tags: tuple[str, ...]
    doubtful: tuple[str, ...] = ()


#: A registry's login server.
REGISTRY: Final = Service(("azurecontainerregistry", "azurecloud"))


class NotInAzure(FactUnavailable):
    """What Azure cannot tell and the configuration can: where something outside of Azure's sight sends traffic."""


class _RouteProperties(Struct, frozen=True):
    addressPrefix: str | UnsetType | None = UNSET
    nextHopType: str | UnsetType | None = UNSET
    nextHopIpAddress: str | UnsetType | None = UNSET
    hasBgpOverride: bool | UnsetType | None = UNSET


class _Route(Struct, frozen=True):
    properties: _RouteProperties
    name: str | UnsetType | None = UNSET


class _TableProperties(Struct, frozen=True):
    routes: list[_Route] | UnsetType | None = UNSET
    disableBgpRoutePropagation: bool | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _Table(Struct, frozen=True):
    properties: _TableProperties


class Route(Fact, frozen=True, dict=True):
    """A route of a route table; ``base`` points at its properties."""

    wire: _RouteProperties
    name: str

    @property
    def prefix(self) -> str:
        """What it is for: a range of addresses, or a service tag."""
        return self.require(self.wire.addressPrefix, "/addressPrefix")

    @cached_property
    def range(self) -> IPv4Network | None:
        """The IPv4 addresses that it is for; none for a service tag and for IPv6."""
        try:
            network = ip_network(self.prefix, strict=False)
        except ValueError:
            return None
        return network if isinstance(network, IPv4Network) else None

    @property
    def tag(self) -> str:
        """The service tag in lower case; empty for a range of addresses."""
        return "" if self.prefix[:1].isdigit() or ":" in self.prefix else self.prefix.lower()

    @property
    def hop(self) -> tuple[str, str]:
        """The type of the next hop in lower case, and its address where it is an appliance."""
        kind = self.require(self.wire.nextHopType, "/nextHopType").lower()
        if kind != "virtualappliance":
            return kind, ""
        return kind, self.require(self.wire.nextHopIpAddress, "/nextHopIpAddress")

    @property
    def shown(self) -> Evidence:
        """Where it leads as evidence."""
        return self.evidence("/nextHopType", f"the next hop of the route for {self.prefix}")

    def opaque(self, why: str) -> NotInAzure:
        """Return the error that says *why* this route does not tell which addresses the nodes leave from."""
        return NotInAzure(
            why,
            "Name the addresses that the registry sees under egress-addresses: in pullready.yaml",
            document=self.document.id,
            pointer=self.base,
        )


class RouteTable(Fact, frozen=True):
    """A route table."""

    wire: _TableProperties

    @property
    def routes(self) -> tuple[Route, ...]:
        """Its routes, in no order that counts."""
        routes = self.require(self.wire.routes, "/properties/routes")
        return tuple(
            Route(self.document, f"/properties/routes/{index}/properties", route.properties, route.name or str(index))
            for index, route in enumerate(routes)
        )

    @property
    def is_updating(self) -> bool:
        """Whether Azure is changing it right now."""
        state = self.wire.provisioningState
        return bool(state and state.lower() == "updating")

    @property
    def shown(self) -> Evidence:
        """The routes as evidence."""
        return self.evidence("/properties/routes", f"the routes of {ids.name_of(self.document.id)}")


def route_table(scope: Scope, subnet: Subnet) -> RouteTable | None:
    """Return the route table of *subnet*; none where Azure's own routes are all there is."""
    if subnet.route_table is None:
        return None
    document = scope.document(subnet.route_table)
    return RouteTable(document, "", decode(document, _Table).properties)


def learns_routes(subnet: Subnet, table: RouteTable | None) -> bool:
    """Say whether *subnet* may have routes that a gateway or a route server taught it, and that no table shows."""
    shut = table is not None and table.wire.disableBgpRoutePropagation is True
    return not shut and subnet.network.may_learn_routes


def public_route(scope: Scope, subnet: Subnet, service: Service = REGISTRY, *, may_learn: bool = True) -> Route | None:
    """Return the route that traffic for the public addresses of *service* takes; none for Azure's own to the Internet.

    The addresses are not known, so a route that may or may not be for them must lead the same way as the one that
    surely is; raise :class:`NotInAzure` otherwise, and where a default route may be learned from a gateway, which
    without *may_learn* is known not to be taken.
    """
    table = route_table(scope, subnet)
    routes = [route for route in table.routes if _specificity(route, service) is not None] if table else []
    sure = _sure(routes, service)
    if sure is None and may_learn and learns_routes(subnet, table):
        raise NotInAzure(
            f"{subnet.id} may learn a default route from a gateway, and no route of its own comes before that",
            "Name the addresses that the registry sees under egress-addresses: in pullready.yaml",
            document=subnet.document.id,
            pointer=subnet.base,
        )
    expected = sure.hop if sure else ("internet", "")
    least = _specificity(sure, service) if sure else None
    for route in routes:
        rank = _specificity(route, service)
        if least is not None and rank is not None and rank < least:
            continue
        if route.wire.hasBgpOverride is True:
            raise route.opaque(f"a route that a gateway learned takes the place of the one for {route.prefix}")
        if route.hop != expected:
            raise route.opaque(f"whether the registry's public addresses are among {route.prefix} is not known")
    return sure


def leads_public(scope: Scope, subnet: Subnet) -> bool:
    """Say whether a route of *subnet*'s own, or one that a gateway may teach it, may be for public addresses."""
    table = route_table(scope, subnet)
    own = any(
        route.tag or (route.range and not any(route.range.subnet_of(private) for private in _NOT_PUBLIC))
        for route in (table.routes if table else ())
    )
    return own or learns_routes(subnet, table)


def _specificity(route: Route, service: Service) -> int | None:
    """Return the rank of a route among those that may be for the addresses of *service*; none for the others.

    Azure documents that the longest prefix wins and, among equal ones, ranges before tags, regional tags before others,
    and every tag before AzureCloud. How long a tag's prefixes are is not known, only that none is as wide as a /7.
    """
    name, dot, _region = route.tag.partition(".")
    if route.tag:
        return _RANKS[name] + bool(dot) if name in (*service.tags, *service.doubtful) else None
    if route.range is None or any(route.range.subnet_of(private) for private in _NOT_PUBLIC):
        return None
    if route.range == _EVERYWHERE:
        return 0
    return 1 if route.range.prefixlen < _NARROWER_THAN_A_TAG else 6


def _sure(routes: list[Route], service: Service) -> Route | None:
    """Return the most specific of the routes that are surely for *service*.

    Ranges with one next hop may cover everything together, like 0.0.0.0/1 and 128.0.0.0/1. A regional tag is never
    sure, for the nearest replica of the registry answers.
    """
    for tag in service.tags:
        for route in routes:
            if route.tag == tag:
                return route
    for rank in (1, 0):
        ranges = [(route, route.range) for route in routes if route.range and _specificity(route, service) == rank]
        for route, _ in ranges:
            if _EVERYWHERE in collapse_addresses([range_ for other, range_ in ranges if other.hop == route.hop]):
                return route
    return None
