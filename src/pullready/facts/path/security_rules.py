"""Rules that allow or deny traffic, as network security groups and Azure Virtual Network Manager have them.

Sources: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview,
https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from itertools import groupby
from typing import Final, Literal

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.path.flow import PORT, Destination, PublicService
from pullready.facts.path.prefixes import (
    Case,
    Doubt,
    Match,
    all_of,
    any_of,
    hold_destination,
    hold_sources,
    is_regional,
    normal,
)
from pullready.verdict import Evidence

Direction = Literal["outbound", "inbound"]
#: What a rule may say; the last is for rules of a network manager alone.
ALLOW, DENY, ALWAYS_ALLOW = "allow", "deny", "alwaysallow"
_CLIENT_PORTS: Final = range(1024, 65536)


class Platform(msgspec.Struct, frozen=True):
    """A service that Azure puts beside every machine; rules are for it only where they name its ``tag`` (documented).

    Source: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
    """

    tag: str
    what: str
    port: int
    protocol: str

    def __str__(self) -> str:
        return self.what


class Traffic(msgspec.Struct, frozen=True):
    """Connections from ``sources`` to ``destination``: to a registry over TCP, to a platform service as that says."""

    sources: tuple[IPv4Network, ...]
    destination: Destination | Platform

    @property
    def port(self) -> int:
        """The port that is connected to."""
        return self.destination.port if isinstance(self.destination, Platform) else PORT

    @property
    def protocol(self) -> str:
        """``tcp`` or ``udp``."""
        return self.destination.protocol if isinstance(self.destination, Platform) else "tcp"


class Rule(msgspec.Struct, frozen=True):
    """A rule in one shape, whoever has it; ``of`` says who does, as a person would look it up.

    Words are in lower case. ``groups`` are doubts that sources and destination raise beside their prefixes.
    """

    name: str
    of: str
    access: str
    priority: int
    protocol: str
    sources: tuple[str, ...]
    source_groups: Doubt | None
    destinations: tuple[str, ...]
    destination_groups: Doubt | None
    source_ports: tuple[str, ...]
    destination_ports: tuple[str, ...]
    evidence: Evidence

    def __str__(self) -> str:
        return f"the rule {self.name} (priority {self.priority}) of {self.of}"

    def matches(self, traffic: Traffic, case: Case) -> Match:
        """Say whether the rule is for *traffic* in *case*."""
        ports = (self.protocol in {traffic.protocol, "*", "any"}, _holds_port(self.destination_ports, traffic.port))
        sources = any_of((hold_sources(self.sources, traffic.sources, case), self.source_groups or False))
        return all_of((*ports, self._is_for(traffic.destination, case), sources, _hold_client_ports(self.source_ports)))

    def _is_for(self, destination: Destination | Platform, case: Case) -> Match:
        if isinstance(destination, Platform):
            return any(normal(prefix) == destination.tag for prefix in self.destinations)
        held = hold_destination(self.destinations, destination, case)
        return any_of((held, self.destination_groups or False))


class Outcomes(msgspec.Struct, frozen=True):
    """What rules may say of traffic: each possible access with the rules that say so; ``why`` there are several."""

    rules: dict[str, tuple[Rule, ...]]
    why: FactUnavailable | None = None

    @property
    def accesses(self) -> frozenset[str]:
        """Every access that is possible, at least one."""
        return frozenset(self.rules)


def outcomes(rules: Iterable[Rule], traffic: Traffic, cases: Sequence[Case], otherwise: str | None = None) -> Outcomes:
    """Return what *rules* say of *traffic*: the first by ascending priority that matches, in each of *cases*.

    A rule that may match counts as one that does and as one that does not. *otherwise* is the access where no rule
    matches; without it that raises :class:`FactUnavailable`.
    """
    ordered = sorted(rules, key=lambda rule: rule.priority)
    found: dict[str, list[Rule]] = {}
    sure: set[str] = set()
    doubts: list[tuple[Rule, Doubt]] = []
    for case in cases:
        for access, rule, doubt in _possible(ordered, traffic, case, otherwise):
            listed = found.setdefault(access, [])
            if rule is not None and rule not in listed:
                listed.append(rule)
            if rule is not None and doubt is not None:
                doubts.append((rule, doubt))
            else:
                sure.add(access)
    why = None
    if len(found) > 1:
        why = _varies(found, traffic) if len(sure) > 1 else _open(doubts, sure, traffic)
    return Outcomes({access: tuple(listed) for access, listed in found.items()}, why)


def cases_of(
    traffic: Traffic, rules: Iterable[Rule], sources_in_network: Sequence[bool], destination_in_network: Sequence[bool]
) -> tuple[Case, ...]:
    """Return every way things may be for *traffic*; the regions matter only where one of *rules* names one."""
    regions: tuple[str | None, ...] = (None,)
    known: tuple[str, ...] = ()
    unread = None
    service = traffic.destination
    if isinstance(service, PublicService) and any(
        is_regional(prefix, service) for rule in rules for prefix in rule.destinations
    ):
        try:
            regions = known = service.regions()
        except FactUnavailable as why:
            unread = why
    return tuple(
        Case(sources, destination, region, known, unread)
        for sources in sources_in_network
        for destination in destination_in_network
        for region in regions
    )


def _possible(
    ordered: list[Rule], traffic: Traffic, case: Case, otherwise: str | None
) -> Iterator[tuple[str, Rule | None, Doubt | None]]:
    for _, group in groupby(ordered, key=lambda rule: rule.priority):
        sure: list[Rule] = []
        for rule in group:
            match rule.matches(traffic, case):
                case Doubt() as doubt:
                    yield _access(rule), rule, doubt
                case True:
                    sure.append(rule)
                case _:
                    continue
        for rule in sure:
            tie = Doubt("another rule of the same priority says otherwise") if _differ(sure) else None
            yield _access(rule), rule, tie
        if sure:
            return
    if otherwise is None:
        raise FactUnavailable(
            f"none of the rules that were read is surely for {traffic.destination}",
            "Look whether the answer has the default rules, which are for everything",
            document=ordered[0].evidence.document if ordered else "",
        )
    yield otherwise, None, None


def _access(rule: Rule) -> str:
    """Return what *rule* says; raise :class:`FactUnavailable` for a word that is not documented."""
    if rule.access in _VERBS:
        return rule.access
    raise FactUnavailable(
        f"{rule} says {rule.access!r}, which is none of {', '.join(_VERBS)}",
        "Look at the rule; a newer pullready may know the word",
        document=rule.evidence.document,
        pointer=rule.evidence.pointer,
    )


def _differ(rules: list[Rule]) -> bool:
    return len({rule.access for rule in rules}) > 1


def _open(doubts: list[tuple[Rule, Doubt]], sure: set[str], traffic: Traffic) -> FactUnavailable:
    """Return that a rule which differs from what surely follows it may be for *traffic* or not."""
    rule, doubt = next(((rule, doubt) for rule, doubt in doubts if rule.access not in sure), doubts[0])
    more = f" ({doubt.cause.reason})" if doubt.cause else ""
    return FactUnavailable(
        f"{rule} {_VERBS[rule.access]}, and whether it is for {traffic.destination} is open: {doubt.why}{more}",
        doubt.cause.remedy if doubt.cause else _REMEDY,
        document=rule.evidence.document,
        pointer=rule.evidence.pointer,
    )


def _varies(found: dict[str, list[Rule]], traffic: Traffic) -> FactUnavailable:
    """Return that which rule is for *traffic* depends on what no document tells."""
    said = [f"{listed[0]} {_VERBS[access]}" for access, listed in found.items() if listed]
    shown = next(listed[0].evidence for listed in found.values() if listed)
    return FactUnavailable(
        f"{', and '.join(said)}; which of them is for {traffic.destination} depends on what the tag VirtualNetwork "
        "holds, which routes and gateways widen, or on the region that answers",
        _REMEDY,
        document=shown.document,
        pointer=shown.pointer,
    )


_REMEDY: Final = "Put a rule before it that names the destination as the nodes reach it"
_VERBS: Final = {ALLOW: "allows", DENY: "denies", ALWAYS_ALLOW: "always allows"}


def _holds_port(ranges: Iterable[str], port: int) -> Match:
    return any_of(_Ports.of(text).holds(port) for text in ranges)


def _hold_client_ports(ranges: Sequence[str]) -> Match:
    """Say whether *ranges* hold the ports that connections come from, any above the reserved ones."""
    parts = [_Ports.of(text) for text in ranges]
    if any(part.malformed is not None for part in parts):
        return Doubt("its source ports are not understood")
    reached = _CLIENT_PORTS.start
    for part in sorted(parts, key=lambda one: one.range.start):
        if part.range.start <= reached:
            reached = max(reached, part.range.stop)
    if reached >= _CLIENT_PORTS.stop:
        return True
    some = any(part.range.stop > _CLIENT_PORTS.start and part.range for part in parts)
    return Doubt("it is for some source ports alone") if some else False


class _Ports(msgspec.Struct, frozen=True):
    range: range
    malformed: str | None = None

    @classmethod
    def of(cls, text: str) -> _Ports:
        """Return the ports of a single number, a range like ``440-450``, or ``*``."""
        if text.strip() == "*":
            return cls(range(65536))
        first, dash, last = text.partition("-")
        try:
            return cls(range(int(first), int(last if dash else first) + 1))
        except ValueError:
            return cls(range(0), text)

    def holds(self, port: int) -> Match:
        if self.malformed is not None:
            return Doubt(f"its ports {self.malformed!r} are not understood")
        return port in self.range
