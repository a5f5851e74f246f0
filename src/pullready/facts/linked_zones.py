"""Which private DNS zone answers a virtual network for a host of a registry, and which zones have its record.

Sources: https://learn.microsoft.com/azure/private-link/private-endpoint-dns,
https://learn.microsoft.com/azure/dns/private-dns-privatednszone
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

import msgspec

from pullready.config import Cloud
from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.endpoints import PrivateEndpoints
from pullready.facts.scope import Scope
from pullready.facts.zones import ARecord, Link, PrivateZone, ZoneList

S = TypeVar("S")
T = TypeVar("T")


def private_name(cloud: Cloud, host: str) -> str:
    """Return the name that public DNS sends *host* on to once the registry has a private endpoint."""
    return f"{host.removesuffix(f'.{cloud.registry_suffix}')}.{cloud.private_zone}"


def record_name(zone: PrivateZone, name: str) -> str:
    """Return the name within *zone* of the record set of *name*, which ends with the zone's."""
    return name[: -len(ids.name_of(zone.id))].rstrip(".") or "@"


class LinkedZones(msgspec.Struct, frozen=True, dict=True):
    """The zones of ``subscriptions`` (GUIDs), and of the zone groups of a registry's private ``endpoints``."""

    scope: Scope
    subscriptions: tuple[str, ...]
    endpoints: PrivateEndpoints

    def link_for(self, network: str, name: str) -> tuple[PrivateZone, Link] | None:
        """Return the zone that answers *network* for *name*, with its link; raise where it may be an unread one.

        The longest name wins, so that a zone for the data endpoints of one region, which Microsoft advises against,
        hides the registry's zone. A link that failed is returned, where there is none that works.
        """
        for zone in self._narrower(name):
            linked, _unread = _links(self._by_name[zone.lower()], network)
            for one, link in linked:
                if link.works:
                    return one, link
        return self._linked(network)

    def holding(self, name: str) -> tuple[PrivateZone, ARecord] | None:
        """Return a zone that has a record of *name*, with that; raise where one may that was not read."""
        for why in self._listed[1]:
            raise why
        zones = [*self._by_name[self._zone.lower()], *self._of_groups]
        records, unread = tried(zones, lambda zone: (zone, zone.record(record_name(zone, name))))
        for zone, record in records:
            if record.wire is not None:
                return zone, record
        for why in unread:
            raise why
        return None

    def _linked(self, network: str) -> tuple[PrivateZone, Link] | None:
        """Return the registry's zone that is linked to *network*.

        The zones that the endpoints' zone groups name are looked at last: they may be in yet another subscription.
        """
        linked, missing = _links(self._by_name[self._zone.lower()], network)
        if not linked:
            for why in (*self._listed[1], *missing):
                raise why
            linked, missing = _links(self._of_groups, network)
            for why in missing:
                raise why
        if len(linked) > 1:
            raise FactUnavailable(
                f"two zones of one name are linked to {ids.name_of(network)}; which one answers is not documented",
                "Remove one of the links",
                document=linked[0][1].document.id,
                pointer=linked[0][1].base,
            )
        return linked[0] if linked else None

    def _narrower(self, name: str) -> tuple[str, ...]:
        """Return the names of the zones below the registry's that would answer for *name*, the longest first."""
        labels = name.removesuffix(f".{self._zone}").split(".")
        return tuple(".".join((*labels[index:], self._zone)) for index in range(len(labels)))

    @property
    def _zone(self) -> str:
        return self.scope.settings.cloud.private_zone

    @cached_property
    def _listed(self) -> tuple[list[tuple[PrivateZone, ...]], list[FactUnavailable]]:
        """The zones of each subscription, and why those of some are not known."""
        return tried([ZoneList(self.scope, one) for one in self.subscriptions], lambda one: one.zones)

    @cached_property
    def _by_name(self) -> defaultdict[str, list[PrivateZone]]:
        found: defaultdict[str, list[PrivateZone]] = defaultdict(list)
        for zones in self._listed[0]:
            for zone in zones:
                found[ids.name_of(zone.id).lower()].append(zone)
        return found

    @cached_property
    def _of_groups(self) -> tuple[PrivateZone, ...]:
        zones = [zone for connection in self.endpoints.approved for zone in connection.zones]
        return tuple(PrivateZone(self.scope, one) for one in zones if ids.name_of(one).lower() == self._zone.lower())


def tried(subjects: Iterable[S], ask: Callable[[S], T]) -> tuple[list[T], list[FactUnavailable]]:
    """Ask about each of *subjects*; return the answers, and why there is none for the others."""
    answers, unavailable = [], []
    for subject in subjects:
        try:
            answers.append(ask(subject))
        except FactUnavailable as why:
            unavailable.append(why)
    return answers, unavailable


def _links(zones: Iterable[PrivateZone], network: str) -> tuple[list[tuple[PrivateZone, Link]], list[FactUnavailable]]:
    """Return the links that *zones* have to *network*, and why those of some zones are not known."""
    asked, missing = tried(zones, lambda zone: (zone, zone.link_to(network)))
    return [(zone, link) for zone, link in asked if link is not None], missing
