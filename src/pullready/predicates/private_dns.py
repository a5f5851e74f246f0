"""What keeps the nodes from finding a registry's private endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts import PullPath, ids
from pullready.facts.access import AllNetworks, Disabled, SelectedNetworks
from pullready.facts.resolution import Answer, Gap, NoAnswer, Private, Public
from pullready.facts.resolvers import Resolvers
from pullready.facts.zones import PrivateZone
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown


def private_zone_unlinked(path: PullPath) -> Iterator[Judgement]:
    """Yield whether the nodes at the start of *path* are answered from the zone of the registry's private endpoint."""
    if idle := path.without_nodes:
        yield NotApplicable(path.subject, "the pool is stopped or scaled to zero", (idle,))
        return
    endpoints = path.resolution.endpoints
    if not endpoints.approved:
        yield NotApplicable(path.subject, "the registry has no approved private endpoint", (endpoints.shown,))
        return
    resolvers = path.resolution.resolvers
    answers = [path.resolution.answer_in(network, path.registry.login_server) for network in resolvers.networks]
    if resolvers.forwarded:
        yield _behind_servers(path, resolvers, answers)
        return
    for answer in answers:
        yield _judged(path, resolvers.networks[0], answer)


def _judged(path: PullPath, network: str, answer: Answer) -> Judgement:
    match answer:
        case Private(evidence):
            return Clear(path.subject, evidence)
        case NoAnswer(evidence, zone):
            observed = f"{_placed(zone)} answers {ids.name_of(network)} and has no record of the registry: NXDOMAIN"
            return _found(path, observed, _record_remedy(path, zone), evidence, None)
        case Public(evidence, gap, zone):
            named = _placed(zone) if zone else path.scope.settings.cloud.private_zone
            observed = (
                f"{path.registry.login_server} leads to its public address: {gap} ({named}, {ids.name_of(network)})"
            )
            return _found(path, observed, _remedy(path, network, gap, zone), evidence, _severity(path))


def _found(
    path: PullPath, observed: str, remedy: str, evidence: tuple[Evidence, ...], severity: Severity | None
) -> Found:
    name = path.scope.settings.cloud.private_zone
    expected = f"{name} has the registry's record and is linked to the network whose DNS the nodes use"
    return Found(path.subject, observed, expected, remedy, evidence, severity)


def _behind_servers(path: PullPath, resolvers: Resolvers, answers: list[Answer]) -> Judgement:
    """Judge the networks of the nodes' DNS servers: a link there is right, a missing one may be made up for."""
    evidence = tuple(one for answer in answers for one in answer.evidence)
    names = ", ".join(ids.name_of(network) for network in resolvers.networks)
    if all(isinstance(answer, Private) for answer in answers):
        own = resolvers.evidence
        says = f"{own.says}, which are in {names}; that they ask Azure for this name is not shown by this"
        return Clear(path.subject, (*evidence, Evidence(own.document, own.pointer, own.value, says)))
    return Unknown(
        path.subject,
        f"the nodes ask DNS servers in {names}, where no zone leads to the private endpoint; "
        "the servers may still know its address by themselves",
        f"Ask them from a node for {path.registry.login_server}; link the zone to {names} if the answer is public",
        (*evidence, resolvers.evidence),
    )


def _severity(path: PullPath) -> Severity | None:
    """Return a risk where the registry admits the nodes publicly, or may; its firewall has a check of its own."""
    try:
        match path.registry.public_access:
            case Disabled():
                return None
            case AllNetworks():
                return Severity.RISK
            case SelectedNetworks() as selected:
                addresses = path.egress.addresses
                return Severity.RISK if all(selected.admitting(one.network) for one in addresses) else None
    except FactUnavailable:
        return Severity.RISK


def _remedy(path: PullPath, network: str, gap: Gap, zone: PrivateZone | None) -> str:
    if zone is None or gap is Gap.NO_RECORD:
        return _record_remedy(path, zone)
    group, name = ids.group_of(zone.id), ids.name_of(zone.id)
    common = f"--subscription {ids.subscription_of(zone.id)} -g {group} -z {name}"
    create = f"az network private-dns link vnet create {common} -n {ids.name_of(network)} -v {network} -e false"
    return f"Delete the failed link, then {create}" if gap is Gap.LINK_FAILED else create


def _record_remedy(path: PullPath, zone: PrivateZone | None) -> str:
    endpoint = path.resolution.endpoints.approved[0].endpoint
    wanted = zone.id if zone else path.scope.settings.cloud.private_zone
    return (
        f"az network private-endpoint dns-zone-group create --subscription {ids.subscription_of(endpoint)} "
        f"-g {ids.group_of(endpoint)} --endpoint-name {ids.name_of(endpoint)} --name default "
        f"--private-dns-zone {wanted} --zone-name registry"
    )


def _placed(zone: PrivateZone) -> str:
    return f"the zone {ids.name_of(zone.id)} of group {ids.group_of(zone.id)}"
