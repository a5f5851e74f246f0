"""DNS private resolvers: which of them answers at an address.

An inbound endpoint asks Azure's own DNS, which answers from the zones that are linked to the resolver's network,
whatever DNS servers that network names.
Source: https://learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.scope import Scope
from pullready.snapshot import Document
from pullready.verdict import Evidence

_SETTLED: Final = "succeeded"
_CONNECTED: Final = "connected"


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _ResolverProperties(Struct, frozen=True):
    virtualNetwork: _Reference | UnsetType | None = UNSET
    dnsResolverState: str | UnsetType | None = UNSET


class _Resolver(Struct, frozen=True):
    id: str
    properties: _ResolverProperties


class _Resolvers(Struct, frozen=True):
    value: list[_Resolver]


class _Configuration(Struct, frozen=True):
    privateIpAddress: str | UnsetType | None = UNSET


class _EndpointProperties(Struct, frozen=True):
    ipConfigurations: list[_Configuration] | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _Endpoint(Struct, frozen=True):
    id: str
    properties: _EndpointProperties


class _Endpoints(Struct, frozen=True):
    value: list[_Endpoint]


def inbound_endpoint(scope: Scope, server: str, network: str, subscriptions: Iterable[str]) -> Evidence | None:
    """Return the inbound endpoint at the address *server* of a resolver in *network* (an id); none where there is none.

    Resolvers are looked for in *subscriptions* (GUIDs). Raise :class:`FactUnavailable` where one that was not read may
    be it, and where the one that is it does not answer now.
    """
    unread: FactUnavailable | None = None
    for subscription in subscriptions:
        document = scope.document(ids.dns_resolvers_in(subscription))
        try:
            for resolver in _resolvers(document, network):
                if shown := _endpoint(scope, resolver, server, network):
                    return shown
        except FactUnavailable as why:
            unread = unread or why
    if unread is not None:
        raise unread
    return None


def _resolvers(document: Document, network: str) -> Iterator[tuple[Fact, _Resolver]]:
    for index, wire in enumerate(decode(document, _Resolvers).value):
        fact = Fact(document, f"/value/{index}")
        reference = wire.properties.virtualNetwork
        if ids.same(fact.require(reference.id if reference else UNSET, "/properties/virtualNetwork/id"), network):
            yield fact, wire


def _endpoint(scope: Scope, resolver: tuple[Fact, _Resolver], server: str, network: str) -> Evidence | None:
    fact, wire = resolver
    document = scope.document(ids.inbound_endpoints_of(wire.id))
    for index, endpoint in enumerate(decode(document, _Endpoints).value):
        listed = Fact(document, f"/value/{index}")
        configurations = listed.require(endpoint.properties.ipConfigurations, "/properties/ipConfigurations")
        for number, configuration in enumerate(configurations):
            if configuration.privateIpAddress != server:
                continue
            state = endpoint.properties.provisioningState
            _must_be(listed, state, "/properties/provisioningState", _SETTLED)
            _must_be(fact, wire.properties.dnsResolverState, "/properties/dnsResolverState", _CONNECTED)
            says = (
                f"the address of {ids.name_of(endpoint.id)}, an inbound endpoint of the DNS private resolver "
                f"{ids.name_of(wire.id)}, which asks Azure in {ids.name_of(network)}"
            )
            return listed.evidence(f"/properties/ipConfigurations/{number}/privateIpAddress", says)
    return None


def _must_be(fact: Fact, state: str | UnsetType | None, pointer: str, wanted: str) -> None:
    found = fact.require(state, pointer)
    if found.lower() != wanted:
        raise FactUnavailable(
            f"the DNS private resolver does not answer now: its state is {found}",
            "Run again in a few minutes; if it stays, look at the resolver in the portal",
            document=fact.document.id,
            pointer=fact.base + pointer,
        )
