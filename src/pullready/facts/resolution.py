"""Which address the nodes get for a registry's name: a private endpoint's, the public one, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address
from typing import TypeVar

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.endpoints import PrivateEndpoints, private_endpoints
from pullready.facts.network import VirtualNetwork, pool_subnet
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.proxy import bypass_proxy
from pullready.facts.registry import Registry
from pullready.facts.resolvers import Resolvers, resolving_networks
from pullready.facts.scope import Scope
from pullready.facts.zones import Link, PrivateZone, ZoneList
from pullready.verdict import Evidence

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Private:
    """The name leads to an approved private endpoint of the registry."""

    evidence: tuple[Evidence, ...]
    addresses: tuple[PrivateAddress, ...]


class Gap(StrEnum):
    """Why a name does not lead to the private endpoint."""

    NO_ENDPOINT = "the registry has no private endpoint"
    NOT_LINKED = "the zone that has the registry's record is not linked to the network"
    LINK_FAILED = "the link of the zone to the network failed"
    NO_RECORD = "the zone that is linked to the network has no record of the registry"


@dataclass(frozen=True, slots=True)
class Public:
    """The name leads to the registry's public address. Without an endpoint there is no ``zone`` to speak of."""

    evidence: tuple[Evidence, ...]
    gap: Gap
    zone: PrivateZone | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The name leads nowhere: ``zone`` answers for it, and has no record of it."""

    evidence: tuple[Evidence, ...]
    zone: PrivateZone


Answer = Private | Public | NoAnswer


@dataclass(frozen=True)
class Resolution:
    """How the nodes of ``pool`` (none: auto-provisioned ones) come by an address of ``registry``.

    Documents are looked at when they are asked for.
    """

    scope: Scope
    cluster: Cluster
    pool: NodePool | None
    registry: Registry

    @cached_property
    def endpoints(self) -> PrivateEndpoints:
        """The registry's private endpoints."""
        return private_endpoints(self.scope, self.registry)

    @cached_property
    def network(self) -> VirtualNetwork:
        """The nodes' virtual network. AKS requires one network for all pools, auto-provisioned nodes among them.

        Source: https://learn.microsoft.com/azure/aks/node-pools-multiple-subnets
        """
        pool = self.pool or next(iter(self.cluster.pools), None)
        pool = self.cluster.require(pool, "/properties/agentPoolProfiles/0")
        return pool_subnet(self.scope, self.cluster, pool).network

    @cached_property
    def resolvers(self) -> Resolvers:
        """The networks whose linked zones answer the nodes."""
        bypass_proxy(self.cluster, self.registry.login_server)
        return resolving_networks(self.scope, self.network)

    @cached_property
    def answer(self) -> Answer:
        """What the nodes get for the login server."""
        return self.answer_of(self.registry.login_server)

    def answer_of(self, host: str) -> Answer:
        """Return what the nodes get for *host*, the login server or a data endpoint.

        Raise :class:`FactUnavailable` where that is not proven, as behind a DNS server.
        """
        if not self.endpoints.connections:
            return Public((self.endpoints.shown,), Gap.NO_ENDPOINT)
        if not self.endpoints.approved:
            raise FactUnavailable(
                "the registry has private endpoint connections, and none of them is approved; "
                "private-endpoint-connection-not-approved judges that, and this version does not have it yet",
                f"Approve or remove them: az acr private-endpoint-connection list --registry-name {self.registry.name}",
                document=self.endpoints.document.id,
                pointer="/value",
            )
        if self.resolvers.forwarded:
            shown = self.resolvers.evidence
            raise FactUnavailable(
                "the nodes ask DNS servers of their own; whether those pass the question on to Azure cannot be read",
                "Ask them from a node for the registry's name",
                document=shown.document,
                pointer=shown.pointer,
            )
        return self.answer_in(self.resolvers.networks[0], host)

    def likely_answer_of(self, host: str) -> Answer:
        """Return what the nodes get for *host*, if DNS servers of their own pass the question on to Azure.

        Where those would all lead to a private endpoint, that is where the way is looked at; whether they do pass it
        on is a question of its own.
        """
        if self.endpoints.approved and self.resolvers.forwarded:
            answers = [self.answer_in(network, host) for network in self.resolvers.networks]
            if all(isinstance(answer, Private) for answer in answers):
                return answers[0]
        return self.answer_of(host)

    def answer_in(self, network: str, host: str) -> Answer:
        """Return what Azure's DNS answers for *host* in the virtual network with the id *network*."""
        linked = self._linked_to(network)
        if linked is None:
            return self._unlinked(network, host)
        zone, link = linked
        if not link.works:
            return Public((link.shown,), Gap.LINK_FAILED, zone)
        record = zone.record(self._label(host))
        if record.wire is None:
            shown = (link.shown, record.shown)
            if link.falls_back:
                return Public(shown, Gap.NO_RECORD, zone)
            return NoAnswer(shown, zone)
        expected = self._private_addresses(host, record.addresses)
        if not record.addresses <= expected.keys():
            raise FactUnavailable(
                f"the zone answers {', '.join(sorted(record.addresses))}, which no approved private endpoint has; "
                "private-dns-record-missing-or-stale judges that, and this version does not have it yet",
                "Let a zone group of the private endpoint keep the record",
                document=record.document.id,
                pointer="/properties/aRecords",
            )
        addresses = tuple(expected[address] for address in sorted(record.addresses))
        return Private((link.shown, record.shown, *(one.evidence for one in addresses)), addresses)

    def _label(self, host: str) -> str:
        """Return the name of the record of *host* in the private zone."""
        return host.removesuffix(f".{self.scope.settings.cloud.registry_suffix}")

    @cached_property
    def _zone_lists(self) -> tuple[ZoneList, ...]:
        resources = [self.cluster.id, self.network.id, *self.resolvers.networks, self.registry.id]
        resources += [connection.endpoint for connection in self.endpoints.approved]
        name = self.scope.settings.cloud.private_zone
        return tuple(ZoneList(self.scope, one, name) for one in ids.subscriptions_of(resources))

    @cached_property
    def _zones_of_groups(self) -> tuple[PrivateZone, ...]:
        name = self.scope.settings.cloud.private_zone
        zones = [zone for connection in self.endpoints.approved for zone in connection.zones]
        return tuple(PrivateZone(self.scope, zone) for zone in zones if ids.name_of(zone).lower() == name.lower())

    def _linked_to(self, network: str) -> tuple[PrivateZone, Link] | None:
        """Return the zone that is linked to *network*, with the link; raise where it may be one that was not read.

        The zones that the endpoints' zone groups name are looked at last: they may be in yet another subscription.
        """
        listed, unread = _tried(self._zone_lists, lambda one: one.zones)
        zones = [zone for one in listed for zone in one]
        linked, missing = _links(zones, network)
        if not linked:
            for why in (*unread, *missing):
                raise why
            linked, missing = _links(self._zones_of_groups, network)
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

    def _unlinked(self, network: str, host: str) -> Public:
        """Return the answer where no zone that could be read is linked to *network*: sure with the registry's own zone.

        A zone without a record of the registry is somebody else's, and the right one may be out of sight.
        """
        zones = [*(zone for one in self._zone_lists for zone in one.zones), *self._zones_of_groups]
        records, unread = _tried(zones, lambda zone: (zone, zone.record(self._label(host))))
        for zone, record in records:
            if record.wire is not None:
                shown = (zone.links_shown, record.shown, self.resolvers.evidence)
                return Public(shown, Gap.NOT_LINKED, zone)
        for why in unread:
            raise why
        name = self.scope.settings.cloud.private_zone
        raise FactUnavailable(
            f"no zone {name} that was read is linked to {ids.name_of(network)}, and none has the registry's record",
            f"Create the zone {name}, link it to {network}, and give the private endpoint a zone group; or grant read "
            "access to the subscription that the zone is in",
            document=ids.private_dns_zones_in(ids.subscription_of(network)),
            pointer="/value",
        )

    def _private_addresses(self, host: str, wanted: frozenset[str]) -> dict[str, PrivateAddress]:
        """Return the approved endpoints' addresses for *host*; raise where one of *wanted* may be an unread one's."""
        read, unread = _tried(self.endpoints.approved, lambda one: (one.endpoint, one.addresses_of(host)))
        addresses = {
            address: PrivateAddress(host, IPv4Address(address), endpoint, shown)
            for endpoint, found in read
            for address, shown in found.items()
        }
        if not wanted <= addresses.keys():
            for why in unread:
                raise why
        return addresses


def _tried(subjects: Iterable[S], ask: Callable[[S], T]) -> tuple[list[T], list[FactUnavailable]]:
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
    asked, missing = _tried(zones, lambda zone: (zone, zone.link_to(network)))
    return [(zone, link) for zone, link in asked if link is not None], missing
