"""What a route table loses on the way to a registry."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts import Way, ids
from pullready.facts.network import Subnet
from pullready.facts.path.appliances import Assigned, Vacant
from pullready.facts.path.flow import Destination, PrivateAddress
from pullready.facts.path.routing import Leads
from pullready.facts.path.way import Leg
from pullready.facts.routes import Route, route_table
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown


def route_loses_registry(way: Way) -> Iterator[Judgement]:
    """Yield whether the routes on *way* lead to each address of its endpoint, as far as they can be followed."""
    if moot := way.moot:
        yield NotApplicable(way.subject, *moot)
        return
    for destination in way.destinations:
        yield _judged(way, destination)


def _judged(way: Way, destination: Destination) -> Judgement:
    legs = way.legs(destination)
    for leg in legs:
        if lost := _lost(way, destination, leg):
            return lost
    last = legs[-1]
    if last.hop.leads is Leads.APART:
        reason = "no route table is for the private endpoint; vnet-peering-missing-or-disconnected judges the networks"
        return NotApplicable(way.subject, reason, last.hop.evidence)
    if last.hop.leads is Leads.INTERNET and len(legs) == 1 and (stuck := _stuck(way, last)):
        return stuck
    evidence = [one for leg in legs for one in leg.hop.evidence]
    if isinstance(last.appliance, Assigned):
        shown = last.appliance.evidence
        evidence.append(
            Evidence(shown.document, shown.pointer, shown.value, f"{shown.says}; what it forwards is not in Azure")
        )
    return Clear(way.subject, tuple(evidence))


def _lost(way: Way, destination: Destination, leg: Leg) -> Judgement | None:
    """Return the judgement on a leg that leads nowhere; none of one that leads somewhere."""
    route = leg.hop.route
    if route is None:
        return None
    where = f"{ids.name_of(leg.subnet.network.id)}/{ids.name_of(leg.subnet.id)}"
    if leg.hop.leads is Leads.NOWHERE:
        what = "drops" if route.hop[0] == "none" else "sends to the Internet"
        observed = f"the route for {route.prefix} of {where} {what} what is for {_named(way, destination)}"
        return _found(way, leg, observed, route, leg.hop.evidence)
    if isinstance(leg.appliance, Vacant):
        observed = (
            f"the route for {route.prefix} of {where} sends what is for {_named(way, destination)} to "
            f"{leg.appliance.address}, and nothing has that address"
        )
        return _found(way, leg, observed, route, (*leg.hop.evidence, leg.appliance.evidence))
    return None


def _found(way: Way, leg: Leg, observed: str, route: Route, evidence: tuple[Evidence, ...]) -> Judgement:
    if changing := _changing(way, leg, observed, evidence):
        return changing
    expected = f"the route for {route.prefix} leads to where {way.endpoint} is reached from"
    return Found(way.subject, observed, expected, _mended(leg.subnet, route), evidence)


def _changing(way: Way, leg: Leg, observed: str, evidence: tuple[Evidence, ...]) -> Unknown | None:
    """Return that *observed* may already be mended, where Azure is changing what it was observed of."""
    table = route_table(way.path.scope, leg.subnet)
    if way.path.is_changing:
        what = "the cluster or the registry"
    elif table is not None and table.is_updating:
        what = "the route table"
    elif leg.subnet.network.is_updating:
        what = ids.name_of(leg.subnet.network.id)
    else:
        return None
    reason = f"{observed}, and Azure is changing {what} right now"
    return Unknown(way.subject, reason, "Run again in a few minutes", evidence)


def _stuck(way: Way, leg: Leg) -> Judgement | None:
    """Return the judgement on nodes for which only a default route could provide, and that have none.

    A NAT gateway, or public addresses of their own, let them out all the same.
    """
    cluster, pool, subnet = way.path.cluster, way.path.pool, leg.subnet
    if cluster.outbound_type != "userdefinedrouting" or leg.hop.route is not None:
        return None
    if subnet.nat_gateway or subnet.network.default_nat_gateway or (pool and pool.wire.enableNodePublicIP is True):
        return None
    shown = cluster.evidence("/properties/networkProfile/outboundType", "the nodes leave by a route of your own")
    observed = f"{ids.name_of(subnet.id)} has no default route, and nothing else lets the nodes out to {way.endpoint}"
    evidence = (shown, *leg.hop.evidence)
    if changing := _changing(way, leg, observed, evidence):
        return changing
    lent = subnet.has_default_outbound_access
    return Found(
        way.subject,
        f"{observed}, unless Azure lends them an address" if lent else observed,
        "the route table of the nodes' subnet has a route for 0.0.0.0/0",
        f"az network route-table route create --subscription {ids.subscription_of(subnet.id)} "
        f"-g {ids.group_of(subnet.id)} --route-table-name TABLE -n default --address-prefix 0.0.0.0/0 "
        "--next-hop-type VirtualAppliance --next-hop-ip-address FIREWALL",
        evidence,
        Severity.RISK if lent else None,
    )


def _mended(subnet: Subnet, route: Route) -> str:
    table = subnet.route_table or ""
    return (
        f"az network route-table route update --subscription {ids.subscription_of(table)} -g {ids.group_of(table)} "
        f"--route-table-name {ids.name_of(table)} -n {route.name} --next-hop-type VirtualAppliance "
        "--next-hop-ip-address FIREWALL, or remove the route"
    )


def _named(way: Way, destination: Destination) -> str:
    return f"{destination} ({way.endpoint})" if isinstance(destination, PrivateAddress) else str(way.endpoint)
