"""Private DNS zones: which of them are linked to a virtual network, and what they say of a registry.

Sources: https://learn.microsoft.com/azure/private-link/private-endpoint-dns,
https://learn.microsoft.com/rest/api/dns/privatedns/virtual-network-links/list
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.scope import Scope
from pullready.snapshot import Status
from pullready.verdict import Evidence

_ESTABLISHED: Final = frozenset({"completed", "done"})
_CHANGING: Final = frozenset({"inprogress", "creating", "updating", "deleting"})


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _Zone(Struct, frozen=True):
    id: str


class _Zones(Struct, frozen=True):
    value: list[_Zone]


class _LinkProperties(Struct, frozen=True):
    virtualNetwork: _Reference | UnsetType | None = UNSET
    virtualNetworkLinkState: str | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET
    resolutionPolicy: str | UnsetType | None = UNSET


class _Link(Struct, frozen=True):
    properties: _LinkProperties


class _Links(Struct, frozen=True):
    value: list[_Link]


class _ARecord(Struct, frozen=True):
    ipv4Address: str | UnsetType | None = UNSET


class _RecordProperties(Struct, frozen=True):
    aRecords: list[_ARecord] | UnsetType | None = UNSET


class _Record(Struct, frozen=True):
    properties: _RecordProperties


class Link(Fact, frozen=True):
    """A zone's link to a virtual network; ``base`` points at it in the list of the zone's links."""

    wire: _LinkProperties

    @property
    def network(self) -> str:
        """The id of the virtual network."""
        network = self.wire.virtualNetwork
        return self.require(network.id if network else UNSET, "/properties/virtualNetwork/id")

    @property
    def works(self) -> bool:
        """Whether the network asks the zone; raise :class:`FactUnavailable` while Azure is changing the link.

        Azure documents the states InProgress and Done, and answers Completed.
        """
        state = self.require(self.wire.virtualNetworkLinkState, "/properties/virtualNetworkLinkState").lower()
        provisioning = self.require(self.wire.provisioningState, "/properties/provisioningState").lower()
        if state in _CHANGING or provisioning in _CHANGING:
            raise FactUnavailable(
                f"Azure is changing the link of the zone to {ids.name_of(self.network)} right now",
                "Run again in a few minutes",
                document=self.document.id,
                pointer=f"{self.base}/properties",
            )
        return state in _ESTABLISHED and provisioning == "succeeded"

    @property
    def falls_back(self) -> bool:
        """Whether a name that the zone lacks is asked of public DNS; absent, Azure documents that it is not."""
        policy = self.wire.resolutionPolicy
        return policy.lower() == "nxdomainredirect" if policy else False

    @property
    def shown(self) -> Evidence:
        """The link as evidence."""
        says = f"the zone's link to {ids.name_of(self.network)}"
        return self.evidence("/properties/virtualNetworkLinkState", says)


class ARecord(Fact, frozen=True):
    """What a zone says of a name: addresses, or with ``wire`` none that it has no such record."""

    wire: _RecordProperties | None

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses, at least one; raise :class:`FactUnavailable` for a record set without any."""
        listed = self.wire.aRecords if self.wire else UNSET
        return frozenset(
            self.require(one.ipv4Address, f"/properties/aRecords/{index}/ipv4Address")
            for index, one in enumerate(self.require(listed or None, "/properties/aRecords"))
        )

    @property
    def shown(self) -> Evidence:
        """The record, or that there is none, as evidence."""
        if self.wire is None:
            return Evidence(self.document.id, "", "", "the zone has no such record")
        return self.evidence("/properties/aRecords", "what the zone answers")


class PrivateZone(msgspec.Struct, frozen=True, dict=True):
    """A private DNS zone. Its links and records are read when they are asked for."""

    scope: Scope
    id: str

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The zone's links to virtual networks."""
        document = self.scope.document(ids.links_of(self.id))
        return tuple(
            Link(document, f"/value/{index}", link.properties)
            for index, link in enumerate(decode(document, _Links).value)
        )

    @property
    def links_shown(self) -> Evidence:
        """The list of links as evidence."""
        names = ", ".join(ids.name_of(link.network) for link in self.links)
        return Evidence(ids.links_of(self.id), "/value", names, "the networks that the zone is linked to")

    def link_to(self, network: str) -> Link | None:
        """Return the link to the virtual network with the id *network*, in whatever state."""
        return next((link for link in self.links if ids.same(link.network, network)), None)

    def record(self, name: str) -> ARecord:
        """Return what the zone says of *name*; raise :class:`FactUnavailable` where that could not be read."""
        document = self.scope.document(ids.a_record(self.id, name))
        if document.status is Status.NOT_FOUND:
            return ARecord(document, "", None)
        return ARecord(document, "", decode(document, _Record).properties)


class ZoneList(msgspec.Struct, frozen=True, dict=True):
    """The zones that a subscription has."""

    scope: Scope
    subscription: str

    @cached_property
    def zones(self) -> tuple[PrivateZone, ...]:
        """The zones; raise :class:`FactUnavailable` where the subscription's list was not read."""
        document = self.scope.document(ids.private_dns_zones_in(self.subscription))
        return tuple(PrivateZone(self.scope, zone.id) for zone in decode(document, _Zones).value)
