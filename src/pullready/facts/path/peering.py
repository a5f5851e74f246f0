"""Whether a network is joined with the one that a private endpoint is in.

Sources: https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview,
https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering,
https://learn.microsoft.com/azure/virtual-network-manager/concept-connectivity-configuration
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import decode
from pullready.facts.firewalls import Firewall
from pullready.facts.network import Peering, Subnet, VirtualNetwork, virtual_network
from pullready.facts.path.home import Home
from pullready.facts.resolvers import ServerApart
from pullready.facts.routes import learns_routes, route_table
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

_SETTLED = frozenset({"succeeded"})


class _Connectivity(Struct, frozen=True):
    value: list[object]


@dataclass(frozen=True, slots=True)
class Joined:
    """The networks are joined; ``doubt`` says what may break that, if anything does."""

    evidence: tuple[Evidence, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Severed:
    """The networks are not joined: ``observed`` says why."""

    observed: str
    evidence: tuple[Evidence, ...]


Junction = Joined | Severed


def direct_junction(scope: Scope, subnet: Subnet, home: Home, peering: Peering) -> Junction:
    """Return what *peering*, the half of the network of *subnet*, does for what goes to *home*.

    Azure reports Connected only where both halves are there, so where the other one cannot be read, this one counts.
    """
    evidence = [peering.shown]
    if severed := _severed(peering, subnet.network):
        return severed
    if peering.wire.peerCompleteVnets is False and (severed := _left_out(peering, subnet, home)):
        return severed
    try:
        other = virtual_network(scope, home.network).peering_with(subnet.network.id)
    except FactUnavailable:
        other = None
    if other is not None:
        evidence.append(other.shown)
        if severed := _severed(other, virtual_network(scope, home.network)):
            return severed
    level = peering.wire.peeringSyncLevel
    in_sync = level.lower() == "fullyinsync" if level else True
    doubt = "" if in_sync else f"the peering is not in sync ({level}): an address range that was added is not reached"
    return Joined(tuple(evidence), doubt)


def transit_junction(scope: Scope, network: VirtualNetwork, home: Home, firewall: Firewall) -> Junction:
    """Return what joins *network* with *home* by way of *firewall*: their peerings with the firewall's network.

    Both must let in what the firewall forwards. Raise :class:`FactUnavailable` behind a virtual hub.
    """
    if firewall.subnet is None:
        raise FactUnavailable(
            f"{firewall.name} is in a virtual hub, whose routes Azure Resource Manager does not show",
            "Look at the effective routes of the hub, and accept this with a waiver once they lead there",
            document=firewall.document.id,
            pointer=firewall.base,
        )
    hub = ids.parent_of(firewall.subnet)
    evidence: list[Evidence] = []
    for spoke in (network, virtual_network(scope, home.network)):
        if ids.same(spoke.id, hub):
            continue
        peering = spoke.peering_with(hub)
        if peering is None:
            return Severed(
                f"{ids.name_of(spoke.id)} is not peered with {ids.name_of(hub)}, where the firewall is", (spoke.shown,)
            )
        if severed := _severed(peering, spoke):
            return severed
        if peering.require(peering.wire.allowForwardedTraffic, "/allowForwardedTraffic") is False:
            shown = peering.evidence("/allowForwardedTraffic", "what the firewall forwards is not let in")
            return Severed(
                f"{ids.name_of(spoke.id)} does not let in what {firewall.name} forwards", (peering.shown, shown)
            )
        evidence.append(peering.shown)
    return Joined(tuple(evidence))


def no_junction(scope: Scope, network: VirtualNetwork, home: Home) -> Severed:
    """Return that nothing joins *network* with *home*; raise where Azure Virtual Network Manager may.

    Networks that it connects to a group reach each other without a peering that anybody sees.
    """
    if home.peering is not None and (severed := _severed(home.peering, network)):
        return severed
    document = scope.document(ids.connectivity_of(network.id))
    if decode(document, _Connectivity).value:
        raise FactUnavailable(
            f"Azure Virtual Network Manager connects {ids.name_of(network.id)} with others without peerings; whether "
            f"{ids.name_of(home.network)} is among them is not read",
            "Look at the connectivity configuration, and accept this with a waiver once both are in one group",
            document=document.id,
            pointer="/value",
        )
    shown = Evidence(document.id, "/value", "[]", "Azure Virtual Network Manager connects it with no other network")
    observed = f"{ids.name_of(network.id)} is not peered with {ids.name_of(home.network)}"
    return Severed(observed, (network.shown, *home.evidence, shown))


def server_junction(scope: Scope, subnet: Subnet, apart: ServerApart) -> Severed | None:
    """Return how the DNS server that *subnet* asks is kept apart from it; none where something else may lead there.

    That is another DNS server, another peering, or a route that a gateway taught the subnet.
    """
    network, peering = subnet.network, apart.peering
    others = any(one.is_connected for one in network.peerings)
    if others or not all(peering.holds(one) for one in network.dns_servers):
        return None
    if peering.document.id != network.document.id or learns_routes(subnet, route_table(scope, subnet)):
        return None
    return _severed(peering, network)


def _severed(peering: Peering, network: VirtualNetwork) -> Severed | None:
    """Return how *peering*, a half of *network*, keeps the two apart, if it does; raise while Azure is changing it."""
    names = f"{ids.name_of(network.id)} → {ids.name_of(peering.remote or '')}"
    provisioning = peering.require(peering.wire.provisioningState, "/provisioningState")
    if provisioning.lower() not in _SETTLED:
        raise FactUnavailable(
            f"the peering {names} is {provisioning}",
            "Run again in a few minutes; if it stays, delete and create both peerings",
            document=peering.document.id,
            pointer=f"{peering.base}/provisioningState",
        )
    if not peering.is_connected:
        return Severed(f"the peering {names} is {peering.wire.peeringState}, not Connected", (peering.shown,))
    if peering.require(peering.wire.allowVirtualNetworkAccess, "/allowVirtualNetworkAccess") is False:
        shown = peering.evidence("/allowVirtualNetworkAccess", "the networks are kept apart")
        return Severed(f"the peering {names} does not allow access between the networks", (peering.shown, shown))
    return None


def _left_out(peering: Peering, subnet: Subnet, home: Home) -> Severed | None:
    """Return which of the subnets a peering of subnets alone leaves out, if it does."""
    sides = (
        ("localSubnetNames", peering.wire.localSubnetNames, subnet.id),
        ("remoteSubnetNames", peering.wire.remoteSubnetNames, home.subnet),
    )
    for name, listed, wanted in sides:
        names = peering.require(listed, f"/{name}")
        if wanted is None:
            raise FactUnavailable(
                "the peering is for some subnets alone, and the private endpoint's is not known",
                "Grant read access to the private endpoint",
                document=peering.document.id,
                pointer=f"{peering.base}/{name}",
            )
        if not _among(names, ids.name_of(wanted)):
            shown = peering.evidence(f"/{name}", "the subnets that are peered")
            return Severed(
                f"the peering is for some subnets alone, and {ids.name_of(wanted)} is none of them", (shown,)
            )
    return None


def _among(names: Iterable[str], wanted: str) -> bool:
    return wanted.lower() in (name.lower() for name in names)
