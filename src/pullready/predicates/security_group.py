"""What security rules keep from the nodes of a pool: a registry's endpoints, their tokens, their DNS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from pullready.errors import FactUnavailable
from pullready.facts import Way
from pullready.facts.network import AZURE_DNS as AZURE_DNS_SERVER
from pullready.facts.path.flow import Allowed, Denied, Destination, Flow, Passing
from pullready.facts.path.hosts import EndpointKind
from pullready.facts.path.security import AZURE_DNS, METADATA, Security
from pullready.facts.path.security_rules import Platform
from pullready.facts.proxy import bypass_proxy
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown


def egress_denied_by_rules(way: Way) -> Iterator[Judgement]:
    """Yield whether rules let the nodes of a pool reach the endpoint at the end of *way*.

    With the login server goes what a pull needs before it: a token, and an answer of Azure's DNS. Those are judged by
    the rules that deny them by name, and are worth a word only then.
    """
    with suppress(FactUnavailable):  # where the name leads is asked again, by what allows both ways
        if moot := way.moot:
            yield NotApplicable(way.subject, *moot)
            return
    if way.path.pool is None:
        yield Unknown(
            way.subject,
            "AKSNodeClass objects in the cluster, and not Azure, say which subnets auto-provisioned nodes are in",
            "Look at the security rules of the subnet that their vnetSubnetID names",
            (way.path.cluster.evidence("/properties/nodeProvisioningProfile", "nodes are provisioned automatically"),),
        )
        return
    said = set()
    for judgement in _said(way):
        if judgement not in said:  # what keeps several things from being judged is said once
            said.add(judgement)
            yield judgement


def _said(way: Way) -> Iterator[Judgement]:
    try:
        yield from _rules_of(way)
    except FactUnavailable as why:
        yield _unknown(way, why)


def _rules_of(way: Way) -> Iterator[Judgement]:
    security = Security(way)
    if way.endpoint.kind is EndpointKind.LOGIN_SERVER:
        yield from _platforms_denied(security)
    bypass_proxy(way.path.cluster, way.endpoint.host or "")
    try:
        destinations = way.destinations
    except FactUnavailable:
        if _asks_azure_dns(way):
            raise
        judgements = [_way_to(security, destination) for destination in way.possible_destinations]
        if not all(isinstance(one, Clear) for one in judgements):
            raise
        yield from judgements  # let through, whichever way the name leads
        return
    for destination in destinations:
        if severed := way.severed(destination):
            reason = "the networks are not joined; vnet-peering-missing-or-disconnected judges that"
            yield NotApplicable(way.subject, reason, severed.evidence)
        else:
            yield _way_to(security, destination)


def _way_to(security: Security, destination: Destination) -> Judgement:
    way = security.way
    flow = Flow(way.subnet.prefixes, destination)
    return _judged(way, f"TCP 443 to {destination} ({way.endpoint.kind})", partial(security.passing, flow))


def _platforms_denied(security: Security) -> Iterator[Judgement]:
    way = security.way
    try:
        for platform in _platforms(way):
            judgement = _judged(way, platform.what, partial(security.reaches, platform))
            if not isinstance(judgement, Clear):
                yield judgement
    except FactUnavailable as why:
        yield _unknown(way, why)


def _platforms(way: Way) -> Iterator[Platform]:
    """Yield what Azure puts beside the nodes and a pull by them needs; not DNS beside servers of the network's own."""
    cluster, registry = way.path.cluster, way.path.registry
    if not (registry.pulls_anonymously or cluster.service_accounts_pull or cluster.service_principal_client_id):
        yield METADATA
    if _asks_azure_dns(way):
        yield AZURE_DNS


def _asks_azure_dns(way: Way) -> bool:
    """Say whether Azure itself answers the nodes, and no server of the network's own."""
    return all(server == AZURE_DNS_SERVER for server in way.subnet.network.dns_servers)


def _judged(way: Way, what: str, ask: Callable[[], Passing]) -> Judgement:
    try:
        passing = ask()
    except FactUnavailable as why:
        return _unknown(way, why)
    match passing:
        case Allowed(evidence=evidence):
            return Clear(way.subject, evidence)
        case Denied() as denied if way.path.is_changing:
            reason = f"{denied.by} denies {what}, and Azure is changing the cluster or the registry right now"
            return Unknown(way.subject, reason, "Run again in a few minutes", denied.evidence)
        case Denied(by, evidence, remedy):
            return Found(
                way.subject,
                observed=f"{by} denies {what}{_although(way)}",
                expected="security rules let the nodes reach every endpoint of the registry",
                remedy=remedy,
                evidence=evidence,
            )


def _unknown(way: Way, why: FactUnavailable) -> Unknown:
    shown = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    return Unknown(way.subject, why.reason, why.remedy, shown)


def _although(way: Way) -> str:
    """Return what makes it worse to understand: where layers alone are denied, a pull begins all the same."""
    login = way.path.ways[0]
    if way.endpoint.kind is EndpointKind.LOGIN_SERVER or not isinstance(login, Way):
        return ""
    try:
        passes = all(isinstance(Security(login).passing(flow), Allowed) for flow in login.flows)
    except FactUnavailable:
        return ""
    return "; they reach the login server, so a pull begins, and its layers do not come" if passes else ""
