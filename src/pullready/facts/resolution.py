"""Which address the nodes get for a registry's name: a private endpoint's, the public one, or none."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Final

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.endpoints import PrivateEndpoints, private_endpoints
from pullready.facts.forwarding import refuse_forwarding
from pullready.facts.linked_zones import LinkedZones, private_name, record_name, tried
from pullready.facts.network import VirtualNetwork, pool_subnet
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.proxy import bypass_proxy
from pullready.facts.public_names import led_out
from pullready.facts.registry import Registry
from pullready.facts.resolvers import Resolver, Resolvers, resolving_networks
from pullready.facts.scope import Scope
from pullready.facts.zones import ARecord, PrivateZone
from pullready.verdict import Evidence

#: What a private endpoint's address can be in; a record outside of these leads to the Internet.
_PRIVATE: Final = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


class Private(msgspec.Struct, frozen=True):
    """The name leads to an approved private endpoint of the registry."""

    evidence: tuple[Evidence, ...]
    addresses: tuple[PrivateAddress, ...]


class Gap(StrEnum):
    """Why a name does not lead to the private endpoint."""

    NO_ENDPOINT = "the registry has no private endpoint"
    NOT_LINKED = "the zone that has the registry's record is not linked to the network"
    LINK_FAILED = "the link of the zone to the network failed"
    NO_RECORD = "the zone that is linked to the network has no record of the registry"


class Public(msgspec.Struct, frozen=True):
    """The name leads to the registry's public address. Without an endpoint there is no ``zone`` to speak of."""

    evidence: tuple[Evidence, ...]
    gap: Gap
    zone: PrivateZone | None = None


class NoAnswer(msgspec.Struct, frozen=True):
    """The name leads nowhere: ``zone`` answers for it, and has no record of it."""

    evidence: tuple[Evidence, ...]
    zone: PrivateZone


Answer = Private | Public | NoAnswer


class Resolution(msgspec.Struct, frozen=True, dict=True):
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

        Raise :class:`FactUnavailable` where that is not proven, as behind a DNS server that Azure does not know, and
        where the DNS servers do not agree.
        """
        if not self.endpoints.connections:
            return Public((self.endpoints.shown,), Gap.NO_ENDPOINT)
        if not self.endpoints.approved:
            raise FactUnavailable(
                "the registry has private endpoint connections, and none of them is approved; which address its name "
                "then leads to is not documented",
                f"Approve or remove them: az acr private-endpoint-connection list --registry-name {self.registry.name}",
                document=self.endpoints.document.id,
                pointer="/value",
            )
        first, *others = (self._answer_by(resolver, host) for resolver in self.resolvers.each)
        if any(type(other) is not type(first) for other in others):
            shown = self.resolvers.evidence
            raise FactUnavailable(
                f"the nodes' DNS servers do not agree on {host}: not all of them lead to the private endpoint",
                "Link the zone to the network of each DNS server",
                document=shown.document,
                pointer=shown.pointer,
            )
        if isinstance(first, Private):
            return _together([first, *(other for other in others if isinstance(other, Private))])
        return first

    def _answer_by(self, resolver: Resolver, host: str) -> Answer:
        if resolver.doubt:
            raise resolver.doubt
        answer = self.answer_in(resolver.network, host)
        return replace(answer, evidence=(*resolver.evidence, *answer.evidence))

    def likely_answer_of(self, host: str) -> Answer:
        """Return what the nodes get for *host*, if DNS servers of their own pass the question on to Azure.

        Where those would all lead to a private endpoint, that is where the way is looked at; whether they do pass it
        on is a question of its own.
        """
        if self.endpoints.approved and any(one.doubt for one in self.resolvers.each):
            answers = [self.answer_in(network, host) for network in self.resolvers.networks]
            private = [answer for answer in answers if isinstance(answer, Private)]
            if len(private) == len(answers):
                return _together(private)
        return self.answer_of(host)

    def answer_in(self, network: str, host: str) -> Answer:
        """Return what Azure's DNS answers for *host* in the virtual network with the id *network*."""
        name = private_name(self.scope.settings.cloud, host)
        refuse_forwarding(self.scope, network, (host, name), ids.subscriptions_of([network, self.network.id]))
        linked = self._zones.link_for(network, name)
        if linked is None:
            return self._unlinked(network, name)
        zone, link = linked
        if not link.works:
            return Public((link.shown,), Gap.LINK_FAILED, zone)
        record = zone.record(record_name(zone, name))
        if record.wire is None:
            shown = (link.shown, record.shown)
            if link.falls_back:
                return Public(shown, Gap.NO_RECORD, zone)
            return NoAnswer(shown, zone)
        addresses = self._private_addresses(host, record)
        return Private((link.shown, record.shown, *(one.evidence for one in addresses)), addresses)

    def prove(self, host: str) -> tuple[Evidence, ...]:
        """Return what shows that the nodes get an address for *host*: a private endpoint's, or without one the public.

        Raise :class:`FactUnavailable` where that is not sure, and where the name leads past a private endpoint.
        """
        answer = self.answer_of(host)
        if isinstance(answer, Private) or (isinstance(answer, Public) and answer.gap is Gap.NO_ENDPOINT):
            return (*answer.evidence, *self.prove_public(host))
        shown = answer.evidence[0]
        reason = f"{host} does not lead to the private endpoint"
        raise FactUnavailable(
            reason,
            "Mend what private-dns-zone-not-linked-to-cluster-vnet says of it first",
            document=shown.document,
            pointer=shown.pointer,
        )

    def prove_public(self, host: str) -> tuple[Evidence, ...]:
        """Return what shows that the nodes' DNS asks public DNS for *host*; raise where something else may answer."""
        return led_out(self.scope, self.resolvers, host, (self.cluster.id, self.network.id))

    @cached_property
    def _zones(self) -> LinkedZones:
        resources = [self.cluster.id, self.network.id, *self.resolvers.networks, self.registry.id]
        resources += [connection.endpoint for connection in self.endpoints.approved]
        return LinkedZones(self.scope, ids.subscriptions_of(resources), self.endpoints)

    def _unlinked(self, network: str, name: str) -> Public:
        """Return the answer where no zone that could be read is linked to *network*: sure with the registry's own zone.

        A zone without a record of the registry is somebody else's, and the right one may be out of sight.
        """
        holding = self._zones.holding(name)
        if holding is not None:
            zone, record = holding
            return Public((zone.links_shown, record.shown, self.resolvers.evidence), Gap.NOT_LINKED, zone)
        zone_name = self.scope.settings.cloud.private_zone
        raise FactUnavailable(
            f"no zone {zone_name} that was read is linked to {ids.name_of(network)}, "
            "and none has the registry's record",
            f"Create the zone {zone_name}, link it to {network}, and give the private endpoint a zone group; or grant "
            "read access to the subscription that the zone is in",
            document=ids.private_dns_zones_in(ids.subscription_of(network)),
            pointer="/value",
        )

    def _private_addresses(self, host: str, record: ARecord) -> tuple[PrivateAddress, ...]:
        """Return the addresses in *record*, each with the approved endpoint that has it for *host*.

        Where an endpoint is somebody else's to read, the record is all that tells of it: a private address is then
        taken for the endpoint's. Raise :class:`FactUnavailable` where no endpoint has an address.
        """
        read, unread = tried(self.endpoints.approved, lambda one: (one.endpoint, one.addresses_of(host)))
        known = {
            address: PrivateAddress(host, IPv4Address(address), endpoint, shown)
            for endpoint, found in read
            for address, shown in found.items()
        }
        wanted = sorted(record.addresses)
        for why in unread if not record.addresses <= known.keys() else ():
            if not self.scope.is_forbidden(why.document):
                raise why
            for address in wanted:
                if any(IPv4Address(address) in private for private in _PRIVATE):
                    says = f"{host} leads here; the private endpoint itself may not be read"
                    shown = record.evidence("/properties/aRecords", says)
                    known.setdefault(address, PrivateAddress(host, IPv4Address(address), None, shown))
        if not record.addresses <= known.keys():
            raise FactUnavailable(
                f"the zone answers {', '.join(wanted)}, which no approved private endpoint has; "
                "private-dns-record-missing-or-stale judges that, and this version does not have it yet",
                "Let a zone group of the private endpoint keep the record",
                document=record.document.id,
                pointer="/properties/aRecords",
            )
        return tuple(known[address] for address in wanted)


def _together(answers: list[Private]) -> Private:
    """Return what several DNS servers answer together: each address once."""
    evidence = dict.fromkeys(one for answer in answers for one in answer.evidence)
    addresses = dict.fromkeys(one for answer in answers for one in answer.addresses)
    return Private(tuple(evidence), tuple(addresses))
