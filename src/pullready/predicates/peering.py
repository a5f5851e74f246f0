"""What keeps the nodes' network apart from that of a registry's private endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts import Way, ids
from pullready.facts.path.flow import PrivateAddress
from pullready.facts.path.peering import Joined, Severed, Stale
from pullready.verdict import Clear, Found, Judgement, NotApplicable, Severity, Unknown


def network_apart_from_endpoint(way: Way) -> Iterator[Judgement]:
    """Yield whether the network at the start of *way* is joined with that of each private endpoint at its end."""
    if moot := way.moot:
        yield NotApplicable(way.subject, *moot)
        return
    for destination in way.destinations:
        if isinstance(destination, PrivateAddress):
            yield _judged(way, destination)
        else:
            reason = f"the nodes reach {way.endpoint} at its public address"
            yield NotApplicable(way.subject, reason, (way.endpoint.evidence,))


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
                f"{_command(network, home.network, 'create')}, and the same from the other side; where one of the two "
                "is Disconnected, delete both first",
                evidence,
            )


def _command(network: str, remote: str, verb: str) -> str:
    common = (
        f"az network vnet peering {verb} --subscription {ids.subscription_of(network)} -g {ids.group_of(network)} "
        f"--vnet-name {ids.name_of(network)} -n {ids.name_of(remote)}"
    )
    return common if verb == "sync" else f"{common} --remote-vnet {remote} --allow-vnet-access"
