"""What an Azure Firewall on the way from the nodes to a registry does not let through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts import Way
from pullready.facts.egress import REGISTRY_SERVICE
from pullready.facts.firewalls import Firewall, onward_subnet
from pullready.facts.path.firewall_collections import RuleKind
from pullready.facts.path.firewall_names import own_answer
from pullready.facts.path.firewall_remedies import admission
from pullready.facts.path.flow import Denied, Flow, PrivateAddress
from pullready.facts.path.hosts import EndpointKind
from pullready.facts.path.inspection import AllowedByFirewall, Inspection, inspection_of
from pullready.facts.routes import NotInAzure
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

#: The service endpoint with which traffic to an endpoint leaves the node subnet past every route.
_SERVICES: Final = {EndpointKind.LOGIN_SERVER: REGISTRY_SERVICE, EndpointKind.STORAGE: "Microsoft.Storage"}


def private_endpoint_blocked(way: Way) -> Iterator[Judgement]:
    """Yield what each Azure Firewall between the nodes and a private endpoint says to the endpoint at *way*'s end."""
    if moot := way.moot:
        yield NotApplicable(way.subject, *moot)
    else:
        yield from _passages(way, private=True)


def public_endpoint_blocked(way: Way) -> Iterator[Judgement]:
    """Yield what each Azure Firewall on the nodes' way out says to the public endpoint at *way*'s end."""
    if moot := way.moot:
        yield NotApplicable(way.subject, *moot)
    else:
        yield from _passages(way, private=False)


def _passages(way: Way, *, private: bool) -> Iterator[Judgement]:
    try:
        flows = way.flows
    except FactUnavailable as why:
        yield _unseen(way, why)
        return
    for flow in flows:
        if isinstance(flow.destination, PrivateAddress) is not private:
            yield _otherwise(way, private=private)
            continue
        try:
            yield from _through(way, flow)
        except FactUnavailable as why:
            yield _unseen(way, why)


def _unseen(way: Way, why: FactUnavailable) -> Unknown:
    where = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    if isinstance(why, NotInAzure):
        return _unknown(way, why.reason, where)
    return Unknown(way.subject, f"{way.endpoint}: {why.reason}", why.remedy, where)


def _otherwise(way: Way, *, private: bool) -> NotApplicable:
    reason = (
        f"the nodes go to the public addresses of {way.endpoint}; nva-or-firewall-blocks-registry judges that"
        if private
        else f"{way.endpoint} is a private endpoint; hub-firewall-blocks-private-endpoint judges the way to it"
    )
    return NotApplicable(way.subject, reason, (way.endpoint.evidence,))


def _through(way: Way, flow: Flow) -> Iterator[Judgement]:
    passing = _service_endpoint(way, _SERVICES.get(way.endpoint.kind))
    if passing and not isinstance(flow.destination, PrivateAddress):
        reason = f"traffic to {way.endpoint} leaves the node subnet through a service endpoint and passes no firewall"
        yield NotApplicable(way.subject, reason, (passing,))
        return
    firewalls = way.firewalls(flow.destination)
    if not firewalls:
        yield NotApplicable(way.subject, f"no Azure Firewall is on the way to {way.endpoint}", (way.endpoint.evidence,))
    for firewall in firewalls:
        yield _passage(way, firewall, inspection_of(way.path, firewall), flow)


def _passage(way: Way, firewall: Firewall, inspection: Inspection, flow: Flow) -> Judgement:
    passing = inspection.passing(flow)
    if isinstance(passing, Denied):
        return _denied(way, inspection, passing)
    if not isinstance(passing, AllowedByFirewall):
        message = f"{passing!r} is no answer of a firewall"
        raise TypeError(message)
    match flow.destination:
        case PrivateAddress() as address if passing.kind is RuleKind.APPLICATION:
            shown = own_answer(way.path, firewall, address, inspection.settings)
            return Clear(way.subject, (*passing.evidence, *shown))
        case PrivateAddress() as address:
            if passing.translated:
                return Clear(way.subject, (*passing.evidence, inspection.settings.translation, address.evidence))
            return _asymmetric(way, inspection, passing, flow)
        case _ if not passing.translated:
            reason = f"{inspection.rules.name} keeps the source of what goes to the Internet"
            return _unknown(way, reason, passing.evidence)
        case _:
            _ = onward_subnet(way.path.scope, firewall)
            return Clear(way.subject, passing.evidence)


def _denied(way: Way, inspection: Inspection, passing: Denied) -> Judgement:
    if way.path.is_changing or inspection.rules.is_changing:
        reason = f"{way.endpoint} is denied, and Azure is changing the firewall, the cluster or the registry right now"
        return Unknown(way.subject, reason, "Run again in a few minutes", passing.evidence)
    if way.endpoint.host is None:
        return _unknown(way, "the hosts of the cloud's storage accounts are not known", passing.evidence)
    if way.endpoint.kind is EndpointKind.DATA and (passes := _service_endpoint(way, REGISTRY_SERVICE)):
        reason = f"whether the service endpoint {REGISTRY_SERVICE} holds data endpoints is not documented"
        return _unknown(way, reason, (*passing.evidence, passes))
    what = "" if way.endpoint.kind is EndpointKind.LOGIN_SERVER else ", where the layers are, so that these alone fail"
    return Found(
        way.subject,
        observed=f"{inspection.rules.name} blocks {way.endpoint}{what}: {passing.by}",
        expected=f"the first rule that is for {way.endpoint} on port 443 allows it",
        remedy=passing.remedy,
        evidence=passing.evidence,
    )


def _asymmetric(way: Way, inspection: Inspection, passing: AllowedByFirewall, flow: Flow) -> Judgement:
    evidence = (*passing.evidence, inspection.settings.translation)
    if way.path.is_changing or inspection.rules.is_changing:
        reason = f"{inspection.rules.name} keeps the source, and Azure is changing it right now"
        return Unknown(way.subject, reason, "Run again in a few minutes", evidence)
    return Found(
        way.subject,
        observed=(
            f"{passing.by} lets {way.endpoint} ({flow.destination}) pass, and {inspection.rules.name} keeps the "
            "source, so that the answers may not come back through it"
        ),
        expected="an application rule allows the private endpoint, or the firewall translates the source for it",
        remedy=admission(inspection.rules, flow, None),
        evidence=evidence,
        severity=Severity.RISK,
    )


def _service_endpoint(way: Way, service: str | None) -> Evidence | None:
    return way.subnet.service_endpoint(service) if service else None


def _unknown(way: Way, reason: str, evidence: tuple[Evidence, ...]) -> Unknown:
    remedy = (
        f"Have it let TCP 443 to {way.endpoint} pass, try it from a node with curl, and accept this with a waiver once "
        "the registry answers"
    )
    return Unknown(way.subject, f"{way.endpoint}: {reason}", remedy, evidence)
