"""Whether a network is joined with the one that a private endpoint is in.

Sources: https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview,
https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering,
https://learn.microsoft.com/azure/virtual-network-manager/concept-connectivity-configuration
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
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


class Stale(msgspec.Struct, frozen=True):
    """Two networks (by id) whose peering is at ``level``, not in sync: a range that was added is not reached."""

    network: str
    remote: str
    level: str


class Joined(msgspec.Struct, frozen=True):
    """The networks are joined; ``stale`` is the peering that is not in sync, if one is not."""

    evidence: tuple[Evidence, ...]
    stale: Stale | None = None


class Severed(msgspec.Struct, frozen=True):
    """The networks are not joined: ``observed`` says why."""

    observed: str
    evidence: tuple[Evidence, ...]


Junction = Joined | Severed


def direct_junction(scope: Scope, subnet: Subnet, home: Home, peering: Peering) -> Junction:
    """Return what *peering*, the half of the network of *subnet*, does for what goes to *home*.

    Azure reports Connected only where both halves are there, so where the other one cannot be read, this one counts.
    """
    return _halves(scope, subnet.network, peering, home.network, (subnet.id, home.subnet))


def transit_junction(scope: Scope, subnet: Subnet, home: Home, firewall: Firewall) -> Junction:
    """Return what joins *subnet* with *home* by way of *firewall*: peerings of their networks with the firewall's.

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
    stale = None
    for spoke, inside in ((subnet.network, subnet.id), (virtual_network(scope, home.network), home.subnet)):
        if ids.same(spoke.id, hub):
            continue
        peering = spoke.peering_with(hub)
        if peering is None:
            return Severed(
                f"{ids.name_of(spoke.id)} is not peered with {ids.name_of(hub)}, where the firewall is", (spoke.shown,)
            )
        halves = _halves(scope, spoke, peering, hub, (inside, firewall.subnet))
        if isinstance(halves, Severed):
            return halves
        if peering.require(peering.wire.allowForwardedTraffic, "/allowForwardedTraffic") is False:
            shown = peering.evidence("/allowForwardedTraffic", "what the firewall forwards is not let in")
            return Severed(
                f"{ids.name_of(spoke.id)} does not let in what {firewall.name} forwards", (peering.shown, shown)
            )
        evidence += halves.evidence
        stale = stale or halves.stale
    return Joined(tuple(evidence), stale)


def no_junction(scope: Scope, network: VirtualNetwork, home: Home) -> Severed:
    """Return that nothing joins *network* with *home*; raise where Azure Virtual Network Manager may.

    Networks that it connects to a group reach each other without a peering that anybody sees. Where that cannot be
    read, a peering that is half made or broken counts.
    """
    severed = _severed(home.peering, network) if home.peering else None
    document = scope.document(ids.connectivity_of(network.id))
    try:
        connects = decode(document, _Connectivity).value
    except FactUnavailable:
        if severed:
            return severed
        raise
    if connects:
        raise FactUnavailable(
            f"Azure Virtual Network Manager connects {ids.name_of(network.id)} with others without peerings; whether "
            f"{ids.name_of(home.network)} is among them is not read",
            "Look at the connectivity configuration, and accept this with a waiver once both are in one group",
            document=document.id,
            pointer="/value",
        )
    shown = Evidence(document.id, "/value", "[]", "Azure Virtual Network Manager connects it with no other network")
    if severed:
        return Severed(severed.observed, (*severed.evidence, shown))
    observed = f"{ids.name_of(network.id)} is not peered with {ids.name_of(home.network)}"
    return Severed(observed, (network.shown, *home.evidence, shown))


def _halves(
    scope: Scope, network: VirtualNetwork, peering: Peering, remote: str, subnets: tuple[str | None, str | None]
) -> Junction:
    """Return what *peering*, the half of *network*, and the other half do for what goes between the two *subnets*."""
    if severed := _severed(peering, network):
        return severed
    if peering.wire.peerCompleteVnets is False and (severed := _left_out(peering, *subnets)):
        return severed
    evidence, levels = [peering.shown], [peering.wire.peeringSyncLevel]
    try:
        other: VirtualNetwork | None = virtual_network(scope, remote)
    except FactUnavailable:
        other = None
    if other is not None:
        half = other.peering_with(network.id)
        if half is None:
            raise FactUnavailable(
                f"{ids.name_of(network.id)} says that it is connected with {ids.name_of(other.id)}, which has no "
                "peering with it",
                "Run again; if it stays, delete the peering and create both halves",
                document=other.document.id,
                pointer=f"{other.base}/properties/virtualNetworkPeerings",
            )
        if severed := _severed(half, other):
            return severed
        evidence.append(half.shown)
        levels.append(half.wire.peeringSyncLevel)
    level = next((level for level in levels if level and level.lower() != "fullyinsync"), None)
    return Joined(tuple(evidence), Stale(network.id, remote, level) if level else None)


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


def _left_out(peering: Peering, local: str | None, remote: str | None) -> Severed | None:
    """Return which of the subnets a peering of subnets alone leaves out, if it does."""
    sides = (
        ("localSubnetNames", peering.wire.localSubnetNames, local),
        ("remoteSubnetNames", peering.wire.remoteSubnetNames, remote),
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
