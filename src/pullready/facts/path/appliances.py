"""What stands at the address that a route names as its next hop.

Source: https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/check-ip-address-availability
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.firewalls import Firewall, firewall_at
from pullready.facts.network import Subnet, VirtualNetwork
from pullready.facts.routes import Route
from pullready.facts.scope import Scope
from pullready.snapshot import Status
from pullready.verdict import Evidence


class _Availability(Struct, frozen=True):
    available: bool | UnsetType | None = UNSET


class Assigned(msgspec.Struct, frozen=True):
    """Something that is no Azure Firewall has the address. What it does with packets cannot be read from Azure."""

    address: str
    evidence: Evidence


class Vacant(msgspec.Struct, frozen=True):
    """Nothing has the address: what is sent there is lost."""

    address: str
    evidence: Evidence


def appliance_of(scope: Scope, subnet: Subnet, route: Route) -> Firewall | Assigned | Vacant:
    """Return what *route*, of the table of *subnet*, leads to.

    The next hop must be in the subnet's own network or in one that is peered with it (documented); raise
    :class:`FactUnavailable` where it is in none of them, and where what has the address cannot be read.
    """
    address = route.hop[1]
    unread: FactUnavailable | None = None
    try:
        if firewall := firewall_at(scope, address, subnet.network):
            return firewall
    except FactUnavailable as why:
        if scope.document(why.document or "").status is Status.NOT_ASKED:
            raise  # only what will not be read makes the question below worth asking
        unread = why
    answer = Fact(scope.document(ids.address_in(_network_of(subnet.network, address, route), address)), "")
    available = answer.require(decode(answer.document, _Availability).available, "/available")
    if available:
        return Vacant(address, answer.evidence("/available", f"nothing has the address {address}"))
    if unread is not None:
        raise unread
    return Assigned(address, answer.evidence("/available", f"something has the address {address}"))


def _network_of(network: VirtualNetwork, address: str, route: Route) -> str:
    """Return the id of the network that has *address*, as far as *network* knows."""
    if network.holds(address):
        return network.id
    for peering in network.peerings:
        if peering.remote and peering.holds(address) and peering.is_connected:
            return peering.remote
    raise FactUnavailable(
        f"{address}, the next hop of the route for {route.prefix}, is neither in {ids.name_of(network.id)} nor in a "
        "network that is peered with it",
        "Correct the route, or look at the effective routes of a node",
        document=route.document.id,
        pointer=route.base,
    )
