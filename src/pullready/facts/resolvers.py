"""Whose DNS answers the nodes of a virtual network.

Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.dns_proxies import DnsProxy, NoDnsProxy, dns_proxy
from pullready.facts.network import AZURE_DNS, Peering, VirtualNetwork, virtual_network
from pullready.facts.private_resolvers import inbound_endpoint
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

_SERVERS: Final = "/properties/dhcpOptions/dnsServers"


class ServerApart(FactUnavailable):
    """A DNS server is behind ``peering``, which is not connected."""

    def __init__(self, server: str, network: VirtualNetwork, peering: Peering) -> None:
        super().__init__(
            f"the DNS server {server} of {ids.name_of(network.id)} is in no network that is peered with it: the "
            f"peering with {ids.name_of(peering.remote or '')} is {peering.wire.peeringState}",
            "Mend what vnet-peering-missing-or-disconnected says of it first",
            document=peering.document.id,
            pointer=f"{peering.base}/peeringState",
        )
        self.server, self.peering = server, peering


class Resolver(msgspec.Struct, frozen=True):
    """The network (by id) whose linked zones answer, by way of a DNS server where there is ``evidence`` of one.

    ``doubt`` is why that is not proven; none where it is.
    """

    network: str
    evidence: tuple[Evidence, ...] = ()
    doubt: FactUnavailable | None = None


class Resolvers(msgspec.Struct, frozen=True):
    """Each that may be asked, at least one; ``evidence`` is what the nodes' network says of its DNS servers."""

    each: tuple[Resolver, ...]
    evidence: Evidence

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks whose linked zones answer, each once."""
        return tuple(dict.fromkeys(one.network for one in self.each))


def resolving_networks(scope: Scope, network: VirtualNetwork) -> Resolvers:
    """Return whose linked zones answer the nodes of *network*: its own, or those of the networks its servers are in.

    Raise :class:`FactUnavailable` where a server is in none of the networks that are peered with it and can be read.
    """
    name = ids.name_of(network.id)
    if all(server == AZURE_DNS for server in network.dns_servers):
        return Resolvers((Resolver(network.id),), network.evidence(_SERVERS, f"Azure's own DNS answers in {name}"))
    shown = network.evidence(_SERVERS, f"{name} asks these DNS servers")
    each = [one for server in dict.fromkeys(network.dns_servers) for one in _behind(scope, network, server, ())]
    return Resolvers(tuple(replace(one, evidence=(shown, *one.evidence)) for one in each), shown)


def _behind(scope: Scope, network: VirtualNetwork, server: str, passed: tuple[str, ...]) -> tuple[Resolver, ...]:
    """Return who answers in the end where *server* is asked from *network*; *passed* are the servers before it."""
    if server == AZURE_DNS:
        return (Resolver(network.id),)
    if server in passed:
        raise FactUnavailable(
            f"the DNS servers {', '.join(passed)} ask one another in a circle",
            "Have one of them ask Azure's own DNS, 168.63.129.16",
            document=network.document.id,
            pointer=f"{network.base}{_SERVERS}",
        )
    place = _place_of(scope, network, server)
    try:
        known = _known(scope, network, place, server)
    except NoDnsProxy:
        raise
    except FactUnavailable as why:
        reason = f"{_out_of_sight(server, place)}: {why.reason}"
        doubt = FactUnavailable(reason, why.remedy, document=why.document, pointer=why.pointer)
        return (Resolver(place.id, doubt=doubt),)
    match known:
        case Evidence():
            return (Resolver(place.id, (known,)),)
        case DnsProxy(servers, evidence):
            onward = [
                one for next_ in servers or (AZURE_DNS,) for one in _behind(scope, place, next_, (*passed, server))
            ]
            return tuple(replace(one, evidence=(*evidence, *one.evidence)) for one in onward)
        case _:
            doubt = FactUnavailable(
                _out_of_sight(server, place),
                "Ask it from a node for the registry's name",
                document=network.document.id,
                pointer=f"{network.base}{_SERVERS}",
            )
            return (Resolver(place.id, doubt=doubt),)


def _known(scope: Scope, network: VirtualNetwork, place: VirtualNetwork, server: str) -> Evidence | DnsProxy | None:
    """Return what *server* is where Azure says so: the inbound endpoint of a resolver, or a firewall."""
    subscriptions = ids.subscriptions_of([place.id, network.id])
    return inbound_endpoint(scope, server, place.id, subscriptions) or dns_proxy(scope, server, place.id, subscriptions)


def _out_of_sight(server: str, place: VirtualNetwork) -> str:
    return (
        f"the nodes ask the DNS server {server} in {ids.name_of(place.id)}; whether it passes the question on to Azure "
        "cannot be read"
    )


def _place_of(scope: Scope, network: VirtualNetwork, server: str) -> VirtualNetwork:
    """Return the network that *server* is in: *network*, or one that is peered with it."""
    if network.holds(server):
        return network
    for peering in network.peerings:
        if peering.remote and peering.may_hold(server) and peering.is_connected:
            remote = virtual_network(scope, peering.remote)
            if remote.holds(server):
                return remote
    for peering in network.peerings:
        if peering.remote and peering.holds(server) and not peering.is_connected:
            raise ServerApart(server, network, peering)
    raise FactUnavailable(
        f"the DNS server {server} of {ids.name_of(network.id)} is in no network that is peered with it, so what it "
        "answers cannot be read from Azure",
        "Ask it from a node for the registry's name; accept it with a waiver once the answer is the private address",
        document=network.document.id,
        pointer=f"{network.base}{_SERVERS}",
    )
