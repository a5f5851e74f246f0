"""The model of the way agrees with itself, whatever the documents say and in whatever order they say it."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullready import catalogue
from pullready.errors import FactUnavailable
from pullready.facts import Facts, Scope, Way
from pullready.facts.path.routing import Leads, NextHop
from pullready.facts.pull_paths import next_documents
from pullready.facts.pull_ways import next_way_documents
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.spec import run_check
from tests.environment import CASES, NAMES, case_scope

#: The checks that judge ways alone.
CHECKS: Final = {slug: check for slug, check in catalogue.load().items() if check.facts == ("ways",)}
#: What is read before the ways are looked at.
GIVEN: Final = frozenset(
    NAMES[name].casefold()
    for name in ("prod", "legacy", "stage", "registries", "shop", "shoptools", "shopteams", "stageimages", "stagetools")
)

PREFIXES: Final = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "10.0.0.0/8",
    "10.20.0.0/16",
    "10.20.16.0/24",
    "10.20.16.5/32",
    "20.0.0.0/8",
    "AzureContainerRegistry",
    "AzureContainerRegistry.WestEurope",
    "AzureCloud",
    "Storage",
)
ROUTES: Final = st.lists(
    st.tuples(st.sampled_from(PREFIXES), st.sampled_from(("None", "Internet", "VirtualNetworkGateway"))),
    unique_by=lambda route: route[0],
    max_size=6,
)
POLICIES: Final = st.sampled_from(("Disabled", "Enabled", "RouteTableEnabled", "NetworkSecurityGroupEnabled"))
TARGETS: Final = st.sampled_from(("prod", "legacy"))
PROPERTY: Final = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
Routes = list[tuple[str, str]]


@pytest.fixture(scope="module")
def scopes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scope]:
    return {name: case_scope({"target": name}, tmp_path_factory.mktemp(name)) for name in ("prod", "legacy")}


def routed(scope: Scope, routes: Routes, policies: str = "Disabled", *, upper: bool = False) -> Scope:
    """Return *scope* with *routes* on the nodes' subnets; with *upper*, ids are in capitals where they are used."""
    table = NAMES["routes"].upper() if upper else NAMES["routes"]
    changed = {}
    for name in ("vnet", "legacy-vnet"):
        document = scope.document(NAMES[name])
        if document.status is Status.READ:
            body = copy.deepcopy(document.body)
            body["properties"]["subnets"][0]["properties"]["routeTable"] = {"id": table}
            for subnet in body["properties"]["subnets"][1:]:
                subnet["properties"]["privateEndpointNetworkPolicies"] = policies
            changed[document.id] = body
    listed = [{"properties": {"addressPrefix": prefix, "nextHopType": hop}} for prefix, hop in routes]
    changed[NAMES["routes"]] = {"properties": {"disableBgpRoutePropagation": True, "routes": listed}}
    endpoint = scope.document(NAMES["endpoint"])
    if upper and endpoint.status is Status.READ:
        body = copy.deepcopy(endpoint.body)
        body["properties"]["subnet"]["id"] = body["properties"]["subnet"]["id"].upper()
        changed[endpoint.id] = body
    documents = {one.id.casefold(): one for one in scope.snapshot}
    for id_, body in changed.items():
        documents[id_.casefold()] = Document(id=id_, provider=Provider.ARM, status=Status.READ, body=body)
    snapshot = Snapshot(documents.values(), captured_at=scope.snapshot.captured_at)
    return Scope(snapshot, scope.target, scope.settings, scope.manifests)


def last_hops(scope: Scope) -> Iterator[tuple[str, NextHop | None]]:
    """Yield where the routes to each endpoint lead; none where that is not known."""
    for way in Facts(scope)("ways"):
        assert isinstance(way, Way)
        for destination in way.destinations:
            hop = None
            with suppress(FactUnavailable):
                hop = way.legs(destination)[-1].hop
            yield str(way.endpoint), hop


def leads(scope: Scope) -> list[tuple[str, Leads | None]]:
    return [(host, hop.leads if hop else None) for host, hop in last_hops(scope)]


def counting(scope: Scope) -> list[tuple[str, str | None]]:
    """Return the prefix of the route that counts for each private endpoint; to public ones several may lead alike."""
    return [
        (host, hop.route.prefix if hop and hop.route else None)
        for host, hop in last_hops(scope)
        if host.startswith("shopimages")
    ]


@PROPERTY
@given(target=TARGETS, routes=ROUTES, policies=POLICIES, seed=st.randoms())
def test_the_order_of_routes_does_not_count(
    target: str, routes: Routes, policies: str, seed: Any, scopes: dict[str, Scope]
) -> None:
    shuffled = list(routes)
    seed.shuffle(shuffled)
    one, other = (routed(scopes[target], listed, policies) for listed in (routes, shuffled))
    assert leads(one) == leads(other)
    assert counting(one) == counting(other)


@PROPERTY
@given(target=TARGETS, routes=ROUTES, policies=POLICIES)
def test_the_letter_case_of_ids_does_not_count(
    target: str, routes: Routes, policies: str, scopes: dict[str, Scope]
) -> None:
    plain = routed(scopes[target], routes, policies)
    capitals = routed(scopes[target], routes, policies.upper(), upper=True)
    assert leads(plain) == leads(capitals)


@PROPERTY
@given(target=TARGETS, routes=ROUTES, policies=POLICIES, prefix=st.sampled_from(PREFIXES))
def test_a_route_that_drops_never_opens_a_way(
    target: str, routes: Routes, policies: str, prefix: str, scopes: dict[str, Scope]
) -> None:
    others = [route for route in routes if route[0] != prefix]
    before = leads(routed(scopes[target], others, policies))
    after = leads(routed(scopes[target], [*others, (prefix, "None")], policies))
    for (host, was), (_, became) in zip(before, after, strict=True):
        if was in {Leads.NOWHERE, None}:
            assert became in {Leads.NOWHERE, None}, host


@PROPERTY
@given(routes=ROUTES, prefix=st.sampled_from(PREFIXES))
def test_a_route_to_the_internet_never_closes_a_public_way(
    routes: Routes, prefix: str, scopes: dict[str, Scope]
) -> None:
    others = [route for route in routes if route[0] != prefix]
    before = leads(routed(scopes["legacy"], others))
    after = leads(routed(scopes["legacy"], [*others, (prefix, "Internet")]))
    for (host, was), (_, became) in zip(before, after, strict=True):
        if was is Leads.INTERNET:
            assert became is Leads.INTERNET, host


@PROPERTY
@given(routes=ROUTES)
def test_no_default_route_comes_before_that_of_a_private_endpoint(routes: Routes, scopes: dict[str, Scope]) -> None:
    wide = [route for route in routes if route[0] != "10.20.16.5/32"]
    for host, led in leads(routed(scopes["prod"], wide, "Disabled")):
        if "shopimages" in host:
            assert led is Leads.ENDPOINT


def collected(scope: Scope) -> Scope:
    """Return *scope* with only those documents that are asked for one after the other."""
    full = scope.snapshot
    start = [one for one in full if one.id.casefold() in GIVEN or one.provider is Provider.MANIFEST]
    now = Snapshot(start, captured_at=full.captured_at)
    asked: set[str] = set()
    for following in (next_documents, next_way_documents):
        while wanted := [id_ for id_ in following(replace(scope, snapshot=now)) if id_.casefold() not in asked]:
            asked.update(id_.casefold() for id_ in wanted)
            now = now.with_documents(answered(full.document(id_)) for id_ in wanted)
    return replace(scope, snapshot=now)


def answered(document: Document) -> Document:
    """Return what Azure answers to the question for *document*: what the case does not name is not there."""
    if document.status is not Status.NOT_ASKED:
        return document
    return Document(id=document.id, provider=document.provider, status=Status.NOT_FOUND)


def cases() -> Iterator[Any]:
    for slug in CHECKS:
        for name, case in tomllib.loads((CASES / f"{slug}.toml").read_text()).items():
            yield pytest.param(slug, case, id=f"{slug}-{name}")


@pytest.mark.parametrize(("slug", "case"), list(cases()))
def test_what_is_asked_for_is_enough(slug: str, case: dict[str, Any], tmp_path: Path) -> None:
    scope = case_scope(case, tmp_path)
    read = collected(scope)
    absent = [one for one in read.snapshot if scope.snapshot.document(one.id).status is Status.NOT_ASKED]
    assert run_check(CHECKS[slug], Facts(read)) == run_check(CHECKS[slug], Facts(scope.with_documents(absent)))
