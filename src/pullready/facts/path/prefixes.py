"""What the address prefixes of a security rule hold: ranges of addresses, service tags, and where that stays open.

Source: https://learn.microsoft.com/azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.path.flow import Destination, PrivateAddress, PublicService

#: Address space for private use; no service tag of Azure's services is in it, and neither is the Internet.
_PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
#: Address space in which no service has a public address: private, this network, loopback, link-local, multicast.
_NOT_PUBLIC: Final = (*_PRIVATE, *map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
_EVERYWHERE: Final = IPv4Network("0.0.0.0/0")
NETWORK_TAG: Final = "virtualnetwork"
INTERNET_TAG: Final = "internet"


class Doubt(msgspec.Struct, frozen=True):
    """Something may hold an address or not; ``cause`` is what could not be read, where that would tell."""

    why: str
    cause: FactUnavailable | None = None


#: Whether something is so, or the doubt about it.
Match = bool | Doubt


class Case(msgspec.Struct, frozen=True):
    """One way in which what the documents leave open may be.

    The first two say whether the tag VirtualNetwork holds the sources and the destination; ``region`` is the one of
    ``regions`` that answers for a public service. Where the regions cannot be read, there are none, and ``unread``
    says why.
    """

    sources_in_network: bool
    destination_in_network: bool
    region: str | None = None
    regions: tuple[str, ...] = ()
    unread: FactUnavailable | None = None


def any_of(matches: Iterable[Match]) -> Match:
    """Say whether one of *matches* is so; sure ones outweigh the doubt about others."""
    doubt: Match = False
    for match in matches:
        if match is True:
            return True
        doubt = doubt or match
    return doubt


def all_of(matches: Iterable[Match]) -> Match:
    """Say whether all of *matches* are so; what is surely not so outweighs the doubt about others."""
    doubt: Match = True
    for match in matches:
        if match is False:
            return False
        doubt = match if doubt is True else doubt
    return doubt


def normal(tag: str) -> str:
    """Return *tag* in lower case and today's spelling; older rules write ``VIRTUAL_NETWORK``."""
    return tag.strip().replace("_", "").lower()


def is_regional(prefix: str, service: PublicService) -> bool:
    """Say whether *prefix* is the variant for one region of a tag that *service* may be in."""
    name, dot, _ = normal(prefix).partition(".")
    return bool(dot) and name in {*service.tags, *service.doubtful}


def hold_sources(prefixes: Sequence[str], sources: Sequence[IPv4Network], case: Case) -> Match:
    """Say whether *prefixes* hold all of *sources*; a part of them is a doubt, for which nodes have it is not told."""
    ranges, tags = _parted(prefixes)
    return any_of((_ranges_hold(ranges, sources), *(_tag_holds_sources(tag, sources, case) for tag in tags)))


def hold_destination(prefixes: Sequence[str], destination: Destination, case: Case) -> Match:
    """Say whether *prefixes* hold all addresses of *destination*."""
    ranges, tags = _parted(prefixes)
    if isinstance(destination, PublicService):
        held = _ranges_hold_public(ranges)
        return any_of((held, *(_tag_holds_service(tag, destination, case) for tag in tags)))
    held = _ranges_hold(ranges, (IPv4Network(destination.address),))
    return any_of((held, *(_tag_holds_address(tag, destination, case) for tag in tags)))


def _parted(prefixes: Iterable[str]) -> tuple[list[IPv4Network], list[str]]:
    ranges, tags = [], []
    for prefix in filter(None, map(str.strip, prefixes)):
        if prefix == "*":
            ranges.append(_EVERYWHERE)
            continue
        try:
            network: IPv4Network | IPv6Network = ip_network(prefix, strict=False)
        except ValueError:
            tags.append(prefix)
            continue
        if isinstance(network, IPv4Network):
            ranges.append(network)
    return ranges, tags


def _ranges_hold(ranges: Iterable[IPv4Network], wanted: Sequence[IPv4Network]) -> Match:
    merged = list(collapse_addresses(ranges))
    if all(any(one.subnet_of(range_) for range_ in merged) for one in wanted):
        return True
    if any(one.overlaps(range_) for one in wanted for range_ in merged):
        return Doubt("it is for a part of these addresses alone, and which nodes have them is not told")
    return False


def _ranges_hold_public(ranges: list[IPv4Network]) -> Match:
    if _EVERYWHERE in collapse_addresses((*ranges, *_NOT_PUBLIC)):
        return True
    if all(_is_within(range_, _NOT_PUBLIC) for range_ in ranges):
        return False
    return Doubt("which public addresses the service has is not told")


def _tag_holds_sources(tag: str, sources: Sequence[IPv4Network], case: Case) -> Match:
    name = normal(tag)
    if name == NETWORK_TAG:
        return case.sources_in_network
    if name == INTERNET_TAG:
        return not case.sources_in_network and not all(_is_within(source, _PRIVATE) for source in sources)
    return _unknown_form(tag)


def _tag_holds_address(tag: str, destination: PrivateAddress, case: Case) -> Match:
    name = normal(tag)
    if name == NETWORK_TAG:
        return case.destination_in_network
    if name == INTERNET_TAG:
        return not case.destination_in_network and not _is_within(IPv4Network(destination.address), _PRIVATE)
    return _unknown_form(tag)


def _tag_holds_service(tag: str, service: PublicService, case: Case) -> Match:
    name, dot, region = normal(tag).partition(".")
    if name in {NETWORK_TAG, INTERNET_TAG}:
        return case.destination_in_network is (name == NETWORK_TAG)
    if name in service.doubtful:
        return Doubt(f"whether the tag {tag} holds {service} is not documented")
    if name not in service.tags:
        return _unknown_form(tag)
    return _region_answers(tag, region, case) if dot else True


def _region_answers(tag: str, region: str, case: Case) -> Match:
    if case.region is None:
        return Doubt("which regions answer for the registry cannot be read", case.unread)
    if region not in case.regions:
        return Doubt(f"{tag} is not spelt as a region of the registry: {', '.join(case.regions)}")
    return region == case.region


def _unknown_form(text: str) -> Match:
    """Return that a tag of other services holds nothing of the flow; what starts like an address is no tag."""
    return Doubt(f"{text} is neither a range of addresses nor a service tag") if text[:1].isdigit() else False


def _is_within(range_: IPv4Network, space: Iterable[IPv4Network]) -> bool:
    return any(range_.subnet_of(one) for one in space)
