"""Whether the nodes' DNS leads a name out to public DNS as it is, with nothing of the customer's answering instead.

Sources: https://learn.microsoft.com/azure/dns/private-dns-privatednszone and
https://learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets
"""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.forwarding import refuse_forwarding
from pullready.facts.resolvers import Resolvers
from pullready.facts.scope import Scope
from pullready.facts.zones import PrivateZone, ZoneList
from pullready.verdict import Evidence


def led_out(scope: Scope, resolvers: Resolvers, host: str, near: tuple[str, ...]) -> tuple[Evidence, ...]:
    """Return what shows that each of *resolvers* asks public DNS for *host*, which may begin with a wildcard.

    *near* are the ids of resources in whose subscriptions zones and rulesets are looked for. Raise
    :class:`FactUnavailable` where a server may answer otherwise, and where a list was not read.
    """
    subscriptions = ids.subscriptions_of([*near, *resolvers.networks])
    lists = tuple(_looked_through(scope, subscription, resolvers, host) for subscription in subscriptions)
    for resolver in resolvers.each:
        if resolver.doubt:
            raise resolver.doubt
        refuse_forwarding(scope, resolver.network, (host,), subscriptions)
    return (resolvers.evidence, *(one for resolver in resolvers.each for one in resolver.evidence), *lists)


def _looked_through(scope: Scope, subscription: str, resolvers: Resolvers, host: str) -> Evidence:
    for zone in _covering(ZoneList(scope, subscription).zones, host):
        for network in resolvers.networks:
            if link := zone.link_to(network):
                raise FactUnavailable(
                    f"the private zone {ids.name_of(zone.id)} is linked to {ids.name_of(network)} and answers for "
                    f"{host} in place of public DNS",
                    "Remove the link, or ask from a node for the name",
                    document=link.document.id,
                    pointer=link.base,
                )
    says = f"no private zone for {host} is linked to the networks whose DNS answers"
    return Evidence(ids.private_dns_zones_in(subscription), "/value", "", says)


def _covering(zones: tuple[PrivateZone, ...], host: str) -> Iterator[PrivateZone]:
    name = f".{host.lower()}"
    yield from (zone for zone in zones if name.endswith(f".{ids.name_of(zone.id).lower()}"))
