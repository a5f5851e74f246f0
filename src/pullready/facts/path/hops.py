"""A way hop by hop, in the order in which a connection meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.access import AllNetworks, Disabled, SelectedNetworks
from pullready.facts.firewalls import Firewall
from pullready.facts.path.appliances import Vacant
from pullready.facts.path.firewall_remedies import without_inspection
from pullready.facts.path.flow import Denied, Destination, Flow, PrivateAddress
from pullready.facts.path.hosts import EndpointKind
from pullready.facts.path.inspection import AllowedByFirewall, inspection_of
from pullready.facts.path.peering import Severed
from pullready.facts.path.routing import Leads
from pullready.facts.path.security import Security
from pullready.verdict import Evidence

if TYPE_CHECKING:
    from pullready.facts.path.way import Leg, Way


class Step(StrEnum):
    """What stands on a way."""

    NODES = "nodes"
    ADDRESS = "address"
    NETWORKS = "networks"
    RULES = "security rules"
    ROUTE = "route"
    FIREWALL = "firewall"
    GATEWAY = "gateway"
    REGISTRY = "registry"


class State(StrEnum):
    """What a hop does to a connection; behind one that is unseen, nothing is known of the way."""

    PASSES = "passes"
    STOPS = "stops"
    UNSEEN = "unseen"


class Hop(msgspec.Struct, frozen=True):
    """One hop: what it does to a connection, in words, with what was read to say so.

    ``caution`` is what may still go wrong where it passes, ``ends_tls`` that it answers in the registry's place;
    ``remedy`` is what to do about a stop or what is unseen.
    """

    step: Step
    state: State
    says: str
    evidence: tuple[Evidence, ...]
    caution: str = ""
    remedy: str = ""
    ends_tls: bool = False


#: All steps, in the order in which a connection meets them.
ALL: Final = tuple(Step)


def walk(way: Way) -> Iterator[Hop]:
    """Yield the hops of *way*, up to the first that stops it or behind which nothing can be seen."""
    try:
        moot = way.moot
    except FactUnavailable as why:
        yield unseen(Step.ADDRESS, why)
        return
    if moot:
        yield Hop(Step.ADDRESS, State.STOPS, moot[0], moot[1], remedy="pullready run says what to do about it")
        return
    for hop in hops(way):
        yield hop
        if hop.state is not State.PASSES:
            return


def hops(way: Way, steps: tuple[Step, ...] = ALL) -> Iterator[Hop]:
    """Yield the hops of *way* that belong to *steps*, each looked at by itself, whatever the ones before it do."""
    if Step.NODES in steps:
        yield from _seen(Step.NODES, lambda: _nodes(way))
    try:
        destinations = way.destinations
    except FactUnavailable as why:
        yield unseen(Step.ADDRESS, why)
        return
    for destination in destinations:
        looks: dict[Step, Callable[[Destination], list[Hop]]] = {
            Step.ADDRESS: lambda to: [_address(way, to)],
            Step.NETWORKS: lambda to: _networks(way, to),
            Step.RULES: lambda to: _rules(way, to),
            Step.ROUTE: lambda to: [_leg(way, leg) for leg in way.legs(to)],
            Step.FIREWALL: lambda to: _firewalls(way, to),
            Step.GATEWAY: lambda to: _gateway(way, to),
            Step.REGISTRY: lambda to: _registry(way, to),
        }
        for step, look in looks.items():
            if step in steps:
                yield from _seen(step, lambda look=look, to=destination: look(to))  # type: ignore[misc]


def _seen(step: Step, look: Callable[[], list[Hop]]) -> Iterator[Hop]:
    try:
        yield from look()
    except FactUnavailable as why:
        yield unseen(step, why)


def unseen(step: Step, why: FactUnavailable) -> Hop:
    """Return the hop that cannot be seen, and why."""
    shown = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    return Hop(step, State.UNSEEN, why.reason, shown, remedy=why.remedy)


def _nodes(way: Way) -> list[Hop]:
    subnet = way.subnet
    ranges = ", ".join(str(one) for one in subnet.prefixes)
    says = f"{way.path.origin} in {ids.name_of(subnet.network.id)}/{ids.name_of(subnet.id)} ({ranges})"
    return [Hop(Step.NODES, State.PASSES, says, (subnet.evidence("/properties/addressPrefix", "the nodes' subnet"),))]


def _address(way: Way, destination: Destination) -> Hop:
    if isinstance(destination, PrivateAddress):
        resolvers = way.path.resolution.resolvers
        says = f"{way.endpoint} is {destination}, the address of a private endpoint"
        doubt = next((one.doubt.reason for one in resolvers.each if one.doubt), "")
        shown = (resolvers.evidence, destination.evidence)
        return Hop(Step.ADDRESS, State.PASSES, says, shown, caution=doubt)
    return Hop(Step.ADDRESS, State.PASSES, f"{way.endpoint} is at a public address", (way.endpoint.evidence,))


def _rules(way: Way, destination: Destination) -> list[Hop]:
    passing = Security(way).passing(Flow(way.subnet.prefixes, destination))
    if isinstance(passing, Denied):
        return [Hop(Step.RULES, State.STOPS, f"{passing.by} denies it", passing.evidence, remedy=passing.remedy)]
    return [Hop(Step.RULES, State.PASSES, f"nothing denies it: {passing.by}", passing.evidence)]


def _leg(way: Way, leg: Leg) -> Hop:
    route, evidence = leg.hop.route, leg.hop.evidence
    whose = f"{ids.name_of(leg.subnet.network.id)}/{ids.name_of(leg.subnet.id)}"
    named = f"the route for {route.prefix} of {whose}" if route else f"Azure's own route of {whose}"
    match leg.appliance:
        case Firewall(name=name):
            return Hop(Step.ROUTE, State.PASSES, f"{named} leads to the firewall {name}", evidence)
        case Vacant(address=address, evidence=shown):
            says = f"{named} leads to {address}, and nothing has that address"
            remedy = "Correct the next hop of the route, or remove the route"
            return Hop(Step.ROUTE, State.STOPS, says, (*evidence, shown), remedy=remedy)
        case None if leg.hop.leads is Leads.APART:
            # What joins the networks decides, and that is another hop.
            return Hop(Step.ROUTE, State.UNSEEN, f"no route of {whose} is for it", evidence, remedy="Join the networks")
        case None:
            lost = leg.hop.leads is Leads.NOWHERE
            state = State.STOPS if lost else State.PASSES
            remedy = "Correct the route table" if lost else ""
            leads = str(leg.hop.leads) if lost else f"to {leg.hop.leads}"
            return Hop(Step.ROUTE, state, f"{named} leads {leads}", evidence, remedy=remedy)
        case assigned:
            says = f"{named} leads to {assigned.address}, an appliance of which Azure knows no rules"
            host = (way.endpoint.host or "REGISTRY").replace("*", "ACCOUNT")
            remedy = f"curl -v https://{host}/ from a node shows how far it comes; accept this with a waiver if it does"
            return Hop(Step.ROUTE, State.UNSEEN, says, (*evidence, assigned.evidence), remedy=remedy)


def _networks(way: Way, destination: Destination) -> list[Hop]:
    if not isinstance(destination, PrivateAddress):
        return []
    home, junction = way.home(destination), way.junction(destination)
    match junction:
        case None:
            return []
        case Severed(observed, evidence):
            return [Hop(Step.NETWORKS, State.STOPS, observed, evidence, remedy="Join the networks by peerings")]
        case joined:
            says = f"{ids.name_of(home.network)}, where the private endpoint is, is joined with the nodes' network"
            caution = f"a peering on the way is not in sync ({joined.stale.level})" if joined.stale else ""
            return [Hop(Step.NETWORKS, State.PASSES, says, joined.evidence, caution=caution)]


def _firewalls(way: Way, destination: Destination) -> list[Hop]:
    flow = Flow(way.subnet.prefixes, destination)
    return [_inspected(way, firewall, flow) for firewall in way.firewalls(destination)]


def _inspected(way: Way, firewall: Firewall, flow: Flow) -> Hop:
    passing = inspection_of(way.path, firewall).passing(flow)
    if isinstance(passing, Denied):
        says = f"{firewall.name} blocks it: {passing.by}"
        return Hop(Step.FIREWALL, State.STOPS, says, passing.evidence, remedy=passing.remedy)
    says = f"{firewall.name} lets it pass: {passing.by}"
    if isinstance(passing, AllowedByFirewall) and passing.rule.inspects:
        caution = f"{passing.by} ends TLS at {firewall.name}, with a certificate of its own"
        remedy = without_inspection(passing.rule, str(way.endpoint))
        return Hop(Step.FIREWALL, State.PASSES, says, passing.evidence, caution, remedy, ends_tls=True)
    private = isinstance(flow.destination, PrivateAddress)
    if private and isinstance(passing, AllowedByFirewall) and not passing.translated:
        caution = f"{firewall.name} keeps the source, so that the answers may not come back through it"
        remedy = "Have the firewall translate the source, or allow it by an application rule, which always does"
        return Hop(Step.FIREWALL, State.PASSES, says, passing.evidence, caution, remedy)
    return Hop(Step.FIREWALL, State.PASSES, says, passing.evidence)


def _gateway(way: Way, destination: Destination) -> list[Hop]:
    if isinstance(destination, PrivateAddress) or way.legs(destination)[0].hop.leads is Leads.SERVICE:
        return []
    addresses = way.path.egress.addresses
    says = f"leaves from {', '.join(str(one) for one in addresses)}"
    return [Hop(Step.GATEWAY, State.PASSES, says, tuple(one.evidence for one in addresses))]


def _registry(way: Way, destination: Destination) -> list[Hop]:
    """Return what the registry's own gate does; storage accounts of layers have none that is the customer's."""
    if isinstance(destination, PrivateAddress) or way.endpoint.kind is EndpointKind.STORAGE:
        return []
    match way.path.registry.public_access:
        case AllNetworks(evidence):
            return [Hop(Step.REGISTRY, State.PASSES, "the registry admits every address", (evidence,))]
        case Disabled(evidence):
            says, remedy = "the registry admits private endpoints alone", "Reach it by a private endpoint"
            return [Hop(Step.REGISTRY, State.STOPS, says, (evidence,), remedy=remedy)]
        case SelectedNetworks() as selected:
            refused = [one for one in way.path.egress.addresses if not selected.admitting(one.network)]
            if refused:
                named = ", ".join(str(one) for one in refused)
                remedy = f"az acr network-rule add --name {way.path.registry.name} --ip-address {refused[0]}"
                says = f"the registry does not admit {named}"
                return [Hop(Step.REGISTRY, State.STOPS, says, (selected.evidence,), remedy=remedy)]
            return [Hop(Step.REGISTRY, State.PASSES, "a rule of the registry admits it", (selected.evidence,))]
