"""What keeps the nodes from finding a registry's private endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import PullPath, ids
from pullready.facts.access import AllNetworks, Disabled, SelectedNetworks
from pullready.facts.resolution import Answer, Gap, NoAnswer, Private, Public
from pullready.facts.resolvers import Resolver
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
    host = path.registry.login_server
    asked = [(one, path.resolution.answer_in(one.network, host)) for one in path.resolution.resolvers.each]
    proven = {one.network: (one, answer) for one, answer in asked if not one.doubt}
    some_private = any(isinstance(answer, Private) for _one, answer in proven.values())
    for resolver, answer in proven.values():
        yield _judged(path, resolver, answer, some_private=some_private)
    if doubtful := [(one, answer) for one, answer in asked if one.doubt]:
        yield _behind_servers(path, doubtful)


def _judged(path: PullPath, resolver: Resolver, answer: Answer, *, some_private: bool) -> Judgement:
    """Judge what one DNS server is answered; where another one leads to the endpoint, not every pull fails."""
    network = resolver.network
    answer = replace(answer, evidence=(*resolver.evidence, *answer.evidence))
    some = Severity.RISK if some_private else None
    match answer:
        case Private(evidence):
            return Clear(path.subject, evidence)
        case NoAnswer(evidence, zone):
            observed = f"{placed(zone)} answers {ids.name_of(network)} and has no record of the registry: NXDOMAIN"
            return _found(path, observed, record_remedy(path, zone), evidence, some)
        case Public(evidence, gap, zone):
            named = placed(zone) if zone else path.scope.settings.cloud.private_zone
            observed = (
                f"{path.registry.login_server} leads to its public address: {gap} ({named}, {ids.name_of(network)})"
            )
            return _found(path, observed, zone_remedy(path, network, gap, zone), evidence, some or _severity(path))


def _found(
    path: PullPath, observed: str, remedy: str, evidence: tuple[Evidence, ...], severity: Severity | None
) -> Found:
    name = path.scope.settings.cloud.private_zone
    expected = f"{name} has the registry's record and is linked to the network whose DNS the nodes use"
    return Found(path.subject, observed, expected, remedy, evidence, severity)


def _behind_servers(path: PullPath, doubtful: list[tuple[Resolver, Answer]]) -> Judgement:
    """Judge the networks of DNS servers unknown to Azure: a link there is right, a missing one may be made up for."""
    answers = tuple(one for _resolver, answer in doubtful for one in answer.evidence)
    names = ", ".join(dict.fromkeys(ids.name_of(resolver.network) for resolver, _answer in doubtful))
    own = path.resolution.resolvers.evidence
    if all(isinstance(answer, Private) for _resolver, answer in doubtful):
        says = f"{own.says}, which are in {names}; that they ask Azure for this name is not shown by this"
        return Clear(path.subject, (*answers, Evidence(own.document, own.pointer, own.value, says)))
    return Unknown(
        path.subject,
        f"the nodes ask DNS servers in {names}, where no zone leads to the private endpoint; "
        "the servers may still know its address by themselves",
        f"Ask them from a node for {path.registry.login_server}; link the zone to {names} if the answer is public",
        (*answers, own),
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


def zone_remedy(path: PullPath, network: str, gap: Gap, zone: PrivateZone | None) -> str:
    """Return the command that closes *gap* between the registry's *zone* and *network*."""
    if zone is None or gap is Gap.NO_RECORD:
        return record_remedy(path, zone)
    group, name = ids.group_of(zone.id), ids.name_of(zone.id)
    common = f"--subscription {ids.subscription_of(zone.id)} -g {group} -z {name}"
    create = f"az network private-dns link vnet create {common} -n {ids.name_of(network)} -v {network} -e false"
    return f"Delete the failed link, then {create}" if gap is Gap.LINK_FAILED else create


def record_remedy(path: PullPath, zone: PrivateZone | None) -> str:
    """Return the command that has the private endpoint keep its records in *zone*."""
    endpoint = path.resolution.endpoints.approved[0].endpoint
    wanted = zone.id if zone else path.scope.settings.cloud.private_zone
    return (
        f"az network private-endpoint dns-zone-group create --subscription {ids.subscription_of(endpoint)} "
        f"-g {ids.group_of(endpoint)} --endpoint-name {ids.name_of(endpoint)} --name default "
        f"--private-dns-zone {wanted} --zone-name registry"
    )


def placed(zone: PrivateZone) -> str:
    """Return how a sentence names *zone*, of which there may be several of one name."""
    return f"the zone {ids.name_of(zone.id)} of group {ids.group_of(zone.id)}"
