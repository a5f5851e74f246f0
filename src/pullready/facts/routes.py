"""Which way a subnet sends traffic for a registry's public addresses.

Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, collapse_addresses, ip_network
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts.base import Fact, decode
from pullready.facts.network import Subnet
from pullready.facts.scope import Scope

#: Address space in which no registry has a public address; Azure routes the rest to the Internet by itself.
_NOT_PUBLIC: Final = tuple(
    IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)
_EVERYWHERE: Final = IPv4Network("0.0.0.0/0")
#: Service tags that a registry's public addresses are in, by rank; a regional one ranks one higher.
_TAG_RANKS: Final = {"azurecloud": 2, "azurecontainerregistry": 4}
_NARROWER_THAN_A_TAG: Final = 8


class NotInAzure(FactUnavailable):
    """What Azure cannot tell and the configuration can: where something outside of Azure's sight sends traffic."""


class _RouteProperties(Struct, frozen=True):
    addressPrefix: str | UnsetType | None = UNSET
    nextHopType: str | UnsetType | None = UNSET
    nextHopIpAddress: str | UnsetType | None = UNSET
    hasBgpOverride: bool | UnsetType | None = UNSET


class _Route(Struct, frozen=True):
    properties: _RouteProperties


class _TableProperties(Struct, frozen=True):
    routes: list[_Route] | UnsetType | None = UNSET
    disableBgpRoutePropagation: bool | UnsetType | None = UNSET


class _Table(Struct, frozen=True):
    properties: _TableProperties


@dataclass(frozen=True)
class Route(Fact):
    """A route of a route table; ``base`` points at its properties."""

    wire: _RouteProperties

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

    def opaque(self, why: str) -> NotInAzure:
        """Return the error that says *why* this route does not tell which addresses the nodes leave from."""
        return NotInAzure(
            why,
            "Name the addresses that the registry sees under egress-addresses: in pullready.yaml",
            document=self.document.id,
            pointer=self.base,
        )


def public_route(scope: Scope, subnet: Subnet, *, may_learn: bool = True) -> Route | None:
    """Return the route that traffic for a registry's public addresses takes; none for Azure's own way to the Internet.

    The registry's addresses are not known, so a route that may or may not be for them must lead the same way as the
    one that surely is; raise :class:`NotInAzure` otherwise, and where a default route may be learned from a gateway,
    which without *may_learn* is known not to be taken.
    """
    table = _table(scope, subnet)
    routes = [route for route in table.routes if _specificity(route) is not None] if table else []
    sure = _sure(routes)
    learns = may_learn and not (table and table.wire.disableBgpRoutePropagation is True)
    if sure is None and learns and subnet.network.may_learn_routes:
        raise NotInAzure(
            f"{subnet.id} may learn a default route from a gateway, and no route of its own comes before that",
            "Name the addresses that the registry sees under egress-addresses: in pullready.yaml",
            document=subnet.document.id,
            pointer=subnet.base,
        )
    expected = sure.hop if sure else ("internet", "")
    least = _specificity(sure) if sure else None
    for route in routes:
        rank = _specificity(route)
        if least is not None and rank is not None and rank < least:
            continue
        if route.wire.hasBgpOverride is True:
            raise route.opaque(f"a route that a gateway learned takes the place of the one for {route.prefix}")
        if route.hop != expected:
            raise route.opaque(f"whether the registry's public addresses are among {route.prefix} is not known")
    return sure


def routes_of(scope: Scope, subnet: Subnet) -> tuple[Route, ...]:
    """Return the routes of the route table of *subnet*; none where it has no table."""
    table = _table(scope, subnet)
    return table.routes if table else ()


@dataclass(frozen=True)
class _RouteTable(Fact):
    wire: _TableProperties

    @property
    def routes(self) -> tuple[Route, ...]:
        routes = self.require(self.wire.routes, "/properties/routes")
        return tuple(
            Route(self.document, f"/properties/routes/{index}/properties", route.properties)
            for index, route in enumerate(routes)
        )


def _table(scope: Scope, subnet: Subnet) -> _RouteTable | None:
    if subnet.route_table is None:
        return None
    document = scope.document(subnet.route_table)
    return _RouteTable(document, "", decode(document, _Table).properties)


def _specificity(route: Route) -> int | None:
    """Return the rank of a route among those that may be for a registry's public addresses; none for the others.

    Azure documents that the longest prefix wins and, among equal ones, ranges before tags, regional tags before others,
    and every tag before AzureCloud. How long a tag's prefixes are is not known, only that none is as wide as a /7.
    """
    name, dot, _region = route.tag.partition(".")
    if route.tag:
        return _TAG_RANKS[name] + bool(dot) if name in _TAG_RANKS else None
    if route.range is None or any(route.range.subnet_of(private) for private in _NOT_PUBLIC):
        return None
    if route.range == _EVERYWHERE:
        return 0
    return 1 if route.range.prefixlen < _NARROWER_THAN_A_TAG else 6


def _sure(routes: list[Route]) -> Route | None:
    """Return the most specific of the routes that are surely for the registry.

    Ranges with one next hop may cover everything together, like 0.0.0.0/1 and 128.0.0.0/1. A regional tag is never
    sure, for the nearest replica of the registry answers.
    """
    for tag in sorted(_TAG_RANKS, key=_TAG_RANKS.__getitem__, reverse=True):
        for route in routes:
            if route.tag == tag:
                return route
    for rank in (1, 0):
        ranges = [(route, route.range) for route in routes if route.range and _specificity(route) == rank]
        for route, _ in ranges:
            if _EVERYWHERE in collapse_addresses([range_ for other, range_ in ranges if other.hop == route.hop]):
                return route
    return None
