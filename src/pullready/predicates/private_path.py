"""What keeps the nodes from a registry that is closed to the public."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts import PullPath, Unread, Way, ids
from pullready.facts.access import AllNetworks, Disabled, SelectedNetworks
from pullready.facts.linked_zones import private_name, record_name
from pullready.facts.path.hosts import EndpointKind
from pullready.facts.resolution import Answer, NoAnswer, Private, Public
from pullready.facts.zones import PrivateZone
from pullready.predicates.private_dns import placed, record_remedy, zone_remedy
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown

_EXPECTED: Final = "an approved private endpoint, to which the nodes' DNS leads for the login server and for the layers"


def closed_without_private_path(path: PullPath) -> Iterator[Judgement]:
    """Yield whether the nodes at the start of *path* are led to a private endpoint, where nothing else is open."""
    if idle := path.without_nodes:
        yield NotApplicable(path.subject, "the pool is stopped or scaled to zero", (idle,))
        return
    match path.registry.public_access:
        case AllNetworks(evidence=open_) | SelectedNetworks(evidence=open_):
            yield NotApplicable(path.subject, "the registry is not closed to the public", (open_,))
        case Disabled(closed):
            yield from _closed(path, closed)


def _closed(path: PullPath, closed: Evidence) -> Iterator[Judgement]:
    """Judge the login server first; its layers are looked at where the nodes get that far."""
    endpoints = path.resolution.endpoints
    if not endpoints.approved:
        states = ", ".join(f"{one.name}: {one.status}" for one in endpoints.connections)
        observed = "public access is disabled, and the registry has no approved private endpoint"
        seen = (closed, endpoints.shown, *(one.shown for one in endpoints.connections))
        yield _found(path, f"{observed} ({states})" if states else observed, _way_in(path), seen)
        return
    login = path.resolution.answer
    if not isinstance(login, Private):
        where = f"public access is disabled, and {path.registry.login_server} leads {_elsewhere(login)}"
        yield _found(path, where, _login_remedy(path, login), (closed, *login.evidence))
        return
    seen = (closed, endpoints.shown, *login.evidence)
    faults = [judgement for way in path.ways[1:] for judgement in _layers(path, way, closed)]
    yield from (one for one in faults if not isinstance(one, Clear))
    if all(isinstance(one, Clear) for one in faults):
        evidence = dict.fromkeys((*seen, *(shown for one in faults for shown in one.evidence)))
        yield Clear(path.subject, tuple(evidence))


def _layers(path: PullPath, way: Way | Unread, closed: Evidence) -> Iterator[Judgement]:
    """Yield whether the nodes are led to the private endpoint for the layers that *way* is to."""
    try:
        if isinstance(way, Unread):
            raise way.why
        answer = _layer_answer(way)
    except FactUnavailable as why:
        where = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
        yield Unknown(path.subject, why.reason, why.remedy, where)
        return
    if isinstance(answer, Private):
        yield Clear(path.subject, answer.evidence)
        return
    observed = (
        f"public access is disabled, and {way.endpoint}, where the layers come from, leads {_elsewhere(answer)}; the "
        "login server leads to the private endpoint, so pulls begin and then fail"
    )
    yield _found(path, observed, _layer_remedy(path, way, answer), (closed, *answer.evidence))


def _layer_answer(way: Way) -> Answer:
    if way.endpoint.host is None or way.endpoint.kind is not EndpointKind.DATA:
        shown = way.endpoint.evidence
        raise FactUnavailable(
            "no network interface of the private endpoint names a host for the layers, though every private endpoint "
            "has one for each region",
            "Look at the IP configurations of the private endpoint's network interface, and make the endpoint anew",
            document=shown.document,
            pointer=shown.pointer,
        )
    return way.path.resolution.answer_of(way.endpoint.host)


def _found(path: PullPath, observed: str, remedy: str, evidence: tuple[Evidence, ...]) -> Judgement:
    if path.is_changing:
        reason = f"{observed}; and Azure is changing the cluster or the registry right now"
        return Unknown(path.subject, reason, "Run again in a few minutes", evidence)
    return Found(path.subject, observed, _EXPECTED, remedy, evidence)


def _elsewhere(answer: Answer) -> str:
    match answer:
        case NoAnswer(zone=zone):
            return f"nowhere: {placed(zone)} answers and has no record of it (NXDOMAIN)"
        case Public(gap=gap):
            return f"to its public address: {gap}"
        case _:
            return "to the private endpoint"


def _way_in(path: PullPath) -> str:
    """Return what to do without an approved endpoint: approve what waits, else make one; or open the registry."""
    registry = path.registry
    waiting = [one for one in path.resolution.endpoints.connections if one.status.lower() in {"pending", "rejected"}]
    if waiting:
        return "; ".join(
            f"az acr private-endpoint-connection approve --registry-name {registry.name} --name {one.name}"
            for one in waiting
        )
    place = "--resource-group GROUP --subnet SUBNET"
    with suppress(FactUnavailable):
        subnet = path.egress.subnet.id
        place = (
            f"--subscription {ids.subscription_of(subnet)} --resource-group {ids.group_of(subnet)} --subnet {subnet}"
        )
    return (
        f"az network private-endpoint create {place} --name {registry.name} --connection-name {registry.name} "
        f"--group-ids registry --private-connection-resource-id {registry.id}, with a zone group for "
        f"{path.scope.settings.cloud.private_zone}; or az acr update --name {registry.name} --public-network-enabled "
        f"true --default-action Deny, and az acr network-rule add --name {registry.name} --ip-address for each address "
        "that the nodes leave from"
    )


def _login_remedy(path: PullPath, answer: Answer) -> str:
    match answer:
        case Public(gap=gap, zone=zone):
            networks = path.resolution.resolvers.networks
            return "; ".join(dict.fromkeys(zone_remedy(path, network, gap, zone) for network in networks))
        case NoAnswer(zone=zone):
            return record_remedy(path, zone)
        case _:
            return ""


def _layer_remedy(path: PullPath, way: Way, answer: Answer) -> str:
    zone = answer.zone if isinstance(answer, NoAnswer | Public) else None
    if zone is None:
        return record_remedy(path, zone)
    by_hand = _add_record(path, way, zone)
    if ids.name_of(zone.id).lower() != path.scope.settings.cloud.private_zone:
        return f"Remove the link of {placed(zone)}, which hides the registry's own zone; or {by_hand}"
    return f"{record_remedy(path, zone)}; or by hand: {by_hand}"


def _add_record(path: PullPath, way: Way, zone: PrivateZone) -> str:
    host = str(way.endpoint)
    addresses: list[str] = []
    for connection in path.resolution.endpoints.approved:
        with suppress(FactUnavailable):
            addresses.extend(connection.addresses_of(host))
    name = record_name(zone, private_name(path.scope.settings.cloud, host))
    return (
        f"az network private-dns record-set a add-record --subscription {ids.subscription_of(zone.id)} "
        f"-g {ids.group_of(zone.id)} -z {ids.name_of(zone.id)} -n {name} -a {addresses[0] if addresses else 'ADDRESS'}"
    )
