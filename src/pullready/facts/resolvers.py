"""Whose DNS answers the nodes of a virtual network.

Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
"""

from __future__ import annotations

from dataclasses import dataclass

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.network import AZURE_DNS, VirtualNetwork, virtual_network
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


@dataclass(frozen=True, slots=True)
class Resolvers:
    """The networks (by id) whose linked zones answer; ``forwarded`` where a DNS server must ask Azure for the nodes."""

    networks: tuple[str, ...]
    forwarded: bool
    evidence: Evidence


def resolving_networks(scope: Scope, network: VirtualNetwork) -> Resolvers:
    """Return whose linked zones answer the nodes of *network*: its own, or those of the networks its servers are in.

    Raise :class:`FactUnavailable` where a server is in none of the networks that are peered with it and can be read.
    """
    servers = tuple(dict.fromkeys(network.dns_servers))
    pointer, name = "/properties/dhcpOptions/dnsServers", ids.name_of(network.id)
    if all(server == AZURE_DNS for server in servers):
        shown = network.evidence(pointer, f"Azure's own DNS answers in {name}")
        return Resolvers((network.id,), forwarded=False, evidence=shown)
    shown = network.evidence(pointer, f"{name} asks these DNS servers")
    networks = (_network_of(scope, network, server) for server in servers)
    return Resolvers(tuple(dict.fromkeys(networks)), forwarded=True, evidence=shown)


def _network_of(scope: Scope, network: VirtualNetwork, server: str) -> str:
    if server == AZURE_DNS or network.holds(server):
        return network.id
    for peering in network.peerings:
        if peering.remote and peering.may_hold(server) and peering.is_connected:
            remote = virtual_network(scope, peering.remote)
            if remote.holds(server):
                return remote.id
    raise FactUnavailable(
        f"the DNS server {server} of {ids.name_of(network.id)} is in no network that is peered with it, so what it "
        "answers cannot be read from Azure",
        "Ask it from a node for the registry's name; accept it with a waiver once the answer is the private address",
        document=network.document.id,
        pointer=f"{network.base}/properties/dhcpOptions/dnsServers",
    )
