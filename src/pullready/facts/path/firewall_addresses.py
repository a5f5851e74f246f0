"""The addresses that a rule of an Azure Firewall names: ranges, service tags, IP groups.

Sources: https://learn.microsoft.com/azure/firewall/policy-rule-sets,
https://learn.microsoft.com/azure/firewall/service-tags, https://learn.microsoft.com/azure/firewall/ip-groups
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, ip_network, summarize_address_range
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.path.flow import Destination, PrivateAddress, PublicService
from pullready.facts.path.matching import Doubt, Match, any_of
from pullready.facts.scope import Scope

EVERYWHERE: Final = IPv4Network("0.0.0.0/0")
#: What Azure Firewall calls IANAPrivateRanges: address space in which no service has a public address.
PRIVATE_RANGES: Final = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
#: Regions that some service tags spell in another way than Azure Resource Manager.
_SPELLINGS: Final = {
    "centralfrance": "francecentral",
    "southfrance": "francesouth",
    "germanywc": "germanywestcentral",
    "germanyn": "germanynorth",
    "norwaye": "norwayeast",
    "norwayw": "norwaywest",
    "switzerlandn": "switzerlandnorth",
    "switzerlandw": "switzerlandwest",
    "brazilse": "brazilsoutheast",
}
#: In Azure Firewall, other than in security groups, this word is no service tag.
_NO_TAG: Final = "internet"


class _GroupProperties(Struct, frozen=True):
    ipAddresses: list[str] | UnsetType | None = UNSET


class _Group(Struct, frozen=True):
    properties: _GroupProperties


class Connection(msgspec.Struct, frozen=True):
    """A part of a flow that every rule treats alike, save in doubt.

    ``source`` is one range of the node subnet. ``region`` is one of those that answer for a public destination; why
    they are not known; or none, where no rule tells regions apart.
    """

    source: IPv4Network
    destination: Destination
    region: str | Doubt | None = None


class Addresses(msgspec.Struct, frozen=True):
    """What a rule lists: ``ranges``, collapsed; ``tags`` in lower case; ``unread``, why IP groups are not known."""

    ranges: tuple[IPv4Network, ...]
    tags: tuple[str, ...]
    unread: tuple[Doubt, ...]

    def hold(self, network: IPv4Network) -> Match:
        """Return whether all of *network* is listed by its address."""
        if any(network.subnet_of(one) for one in self.ranges):
            return True
        if any(network.overlaps(one) for one in self.ranges):
            return Doubt(f"it names a part of {network} alone")
        return any_of(self.unread)

    def lead_to(self, connection: Connection) -> Match:
        """Return whether the destination of *connection* is listed."""
        match connection.destination:
            case PrivateAddress(address=address):
                return self.hold(IPv4Network(address))
            case PublicService() as service:
                return any_of((self._public, *(_tagged(tag, service, connection.region) for tag in self.tags)))

    @property
    def _public(self) -> Match:
        """Return whether public addresses that nobody knows are among the ranges."""
        if EVERYWHERE in self.ranges:
            return True
        for one in self.ranges:
            if not any(one.subnet_of(private) for private in PRIVATE_RANGES):
                return Doubt(f"whether the public addresses are among {one} is not known")
        return any_of(self.unread)

    def tells_regions_of(self, service: PublicService) -> bool:
        """Return whether a regional variant of one of the service's tags is listed."""
        families = {*service.tags, *service.doubtful}
        return any("." in tag and tag.partition(".")[0] in families for tag in self.tags)


def addresses(scope: Scope, listed: Iterable[str], groups: Iterable[str]) -> Addresses:
    """Return what is in *listed* and in the IP groups with the ids *groups*, as far as those can be read."""
    members: list[str] = [*listed]
    unread = []
    for group in groups:
        try:
            members += _members(scope, group)
        except FactUnavailable as why:
            unread.append(Doubt(f"its IP group {ids.name_of(group)} is not known: {why.reason}"))
    ranges: list[IPv4Network] = []
    tags = []
    for member in members:
        found = ranges_of(member)
        if found is None:
            tags.append(member.strip().lower())
        else:
            ranges += found
    return Addresses(tuple(collapse_addresses(ranges)), tuple(sorted(set(tags))), tuple(unread))


def _members(scope: Scope, group: str) -> Sequence[str]:
    fact = Fact(scope.document(group), "")
    return fact.require(decode(fact.document, _Group).properties.ipAddresses, "/properties/ipAddresses")


def ranges_of(text: str) -> tuple[IPv4Network, ...] | None:
    """Return the IPv4 addresses that *text* names (address, prefix, ``from-to``, ``*``); none where it is a word."""
    if text.strip() == "*":
        return (EVERYWHERE,)
    try:
        first, dash, last = text.partition("-")
        if dash:
            return tuple(summarize_address_range(IPv4Address(first.strip()), IPv4Address(last.strip())))
        network = ip_network(text.strip(), strict=False)
    except (ValueError, TypeError):
        return None
    return (network,) if isinstance(network, IPv4Network) else ()


def _tagged(tag: str, service: PublicService, region: str | Doubt | None) -> Match:
    family, _, where = tag.partition(".")
    if family == _NO_TAG or family not in {*service.tags, *service.doubtful}:
        return False
    if where:
        if isinstance(region, Doubt):
            return region
        if region != _SPELLINGS.get(where, where):
            return False
    if family in service.tags:
        return True
    return Doubt(f"whether the service tag {family} holds {service} is not documented")
