"""What keeps the nodes' network apart from that of a registry's private endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts import Way, ids
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.path.peering import Joined, Severed, Stale, server_junction
from pullready.facts.resolvers import ServerApart
from pullready.verdict import Clear, Found, Judgement, NotApplicable, Severity, Unknown


def network_apart_from_endpoint(way: Way) -> Iterator[Judgement]:
    """Yield whether the network at the start of *way* is joined with that of each private endpoint at its end."""
    try:
        moot = way.moot
    except ServerApart as apart:
        yield _unanswered(way, apart)
        return
    if moot:
        yield NotApplicable(way.subject, *moot)
        return
    for destination in way.destinations:
        if isinstance(destination, PrivateAddress):
            yield _judged(way, destination)
        else:
            reason = f"the nodes reach {way.endpoint} at its public address"
            yield NotApplicable(way.subject, reason, (way.endpoint.evidence,))


def _unanswered(way: Way, apart: ServerApart) -> Judgement:
    """Judge nodes whose only DNS servers are behind a peering that is down; raise where something else may answer."""
    network, remote = way.subnet.network.id, apart.peering.remote or ""
    severed = server_junction(way.path.scope, way.subnet, apart)
    if severed is None or way.path.is_changing:
        raise apart
    return Found(
        way.subject,
        f"{severed.observed}, so the DNS server {apart.server} is not reached, which is asked for {way.endpoint}",
        f"{ids.name_of(network)} is joined with {ids.name_of(remote)}, where its DNS server is",
        _mended(network, remote),
        (*severed.evidence, way.path.resolution.network.evidence("/properties/dhcpOptions/dnsServers", "who is asked")),
    )


def _judged(way: Way, destination: PrivateAddress) -> Judgement:
    home = way.home(destination)
    junction = way.junction(destination)
    network = way.subnet.network.id
    expected = f"{ids.name_of(network)} is joined with {ids.name_of(home.network)}, where the private endpoint is"
    match junction:
        case None:
            reason = "the private endpoint is in the nodes' own network"
            return NotApplicable(way.subject, reason, home.evidence)
        case Joined(evidence, Stale(one, other, level)):
            return Found(
                way.subject,
                f"the peering of {ids.name_of(one)} with {ids.name_of(other)} is not in sync ({level}): an address "
                "range that was added is not reached",
                expected,
                _command(one, other, "sync"),
                evidence,
                Severity.RISK,
            )
        case Joined(evidence):
            return Clear(way.subject, (*home.evidence, *evidence))
        case Severed(observed, evidence):
            if way.path.is_changing or way.subnet.network.is_updating:
                what = "the cluster or the registry" if way.path.is_changing else ids.name_of(network)
                return Unknown(
                    way.subject,
                    f"{observed}, and Azure is changing {what} right now",
                    "Run again in a few minutes",
                    evidence,
                )
            return Found(
                way.subject,
                f"{observed}, so {destination} ({way.endpoint}) is not reached",
                expected,
                _mended(network, home.network),
                evidence,
            )


def _mended(network: str, remote: str) -> str:
    return (
        f"{_command(network, remote, 'create')}, and the same from the other side; where one of the two is "
        "Disconnected, delete both first"
    )


def _command(network: str, remote: str, verb: str) -> str:
    common = (
        f"az network vnet peering {verb} --subscription {ids.subscription_of(network)} -g {ids.group_of(network)} "
        f"--vnet-name {ids.name_of(network)} -n {ids.name_of(remote)}"
    )
    return common if verb == "sync" else f"{common} --remote-vnet {remote} --allow-vnet-access"
