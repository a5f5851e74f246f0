"""What the nodes are led to: what changes nothing about it, what never opens a way, and whose address it is."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from pullready.facts import Facts, Scope, Way, ids
from pullready.facts.path.flow import PrivateAddress
from pullready.predicates.private_dns import private_zone_unlinked
from pullready.predicates.private_path import closed_without_private_path
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.spec import judge, recorded
from pullready.verdict import Clear, kind
from tests.environment import CASES, NAMES, case_scope

PREDICATES: Final = {
    "private-dns-zone-not-linked-to-cluster-vnet": private_zone_unlinked,
    "registry-public-access-disabled-without-private-path": closed_without_private_path,
}
#: Lists of which the order means nothing, and values that Azure compares without case.
UNORDERED: Final = {"value", "dnsServers", "servers", "virtualNetworkPeerings", "aRecords", "ipConfigurations"}
CASELESS: Final = {
    "provisioningState",
    "virtualNetworkLinkState",
    "resolutionPolicy",
    "peeringState",
    "dnsResolverState",
    "forwardingRuleState",
    "domainName",
    "publicNetworkAccess",
    "status",
    "requiredMemberName",
}
KNOWN: Final = [
    (slug, name, case)
    for slug in PREDICATES
    for name, case in tomllib.loads((CASES / f"{slug}.toml").read_text()).items()
    if not case.get("no-cluster")
]


def verdicts(slug: str, scope: Scope) -> list[tuple[str, str]]:
    facts = Facts(scope)
    said = recorded(lambda: judge(facts("pull_paths"), PREDICATES[slug]))
    return sorted((one.subject, kind(one)) for one in said)


def changed(scope: Scope, random: Random) -> Scope:
    """Return *scope* with lists shuffled and letters in other cases where neither means anything."""
    documents = [
        structs.replace(one, id=recased(one.id, random), body=mixed(copy.deepcopy(one.body), "", random))
        if one.provider is Provider.ARM
        else one
        for one in scope.snapshot
    ]
    return replace(scope, snapshot=Snapshot(documents, captured_at=scope.snapshot.captured_at))


def recased(text: str, random: Random) -> str:
    return "".join(random.choice((letter.upper(), letter.lower())) for letter in text)


def mixed(value: Any, key: str, random: Random) -> Any:
    match value:
        case dict():
            return {name: mixed(one, name, random) for name, one in value.items()}
        case list():
            made = [mixed(one, key, random) for one in value]
            return random.sample(made, len(made)) if key in UNORDERED else made
        case str() if value.startswith("/subscriptions/") or key in CASELESS:
            return recased(value, random)
        case _:
            return value


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=st.sampled_from(KNOWN), seed=st.integers(0, 2**32))
def test_order_and_letter_case_change_nothing(known: tuple[str, str, Any], seed: int, tmp_path: Path) -> None:
    slug, _name, case = known
    scope = case_scope(case, tmp_path)
    assert verdicts(slug, changed(scope, Random(seed))) == verdicts(slug, scope)  # noqa: S311  (no secret)


def with_rule_for_everything(scope: Scope) -> Scope:
    """Return *scope* with a forwarding rule for every name on every network."""
    ruleset = f"{NAMES['group']}/providers/Microsoft.Network/dnsForwardingRulesets/all"
    networks = [one.id for one in scope.snapshot if _is_network(one.id)]
    bodies = {
        NAMES["rulesets"]: [{"id": ruleset}],
        ids.links_of(ruleset): [{"properties": {"virtualNetwork": {"id": one}}} for one in networks],
        ids.forwarding_rules_of(ruleset): [{"properties": {"domainName": ".", "forwardingRuleState": "Enabled"}}],
    }
    documents = [Document(id_, Provider.ARM, Status.READ, body={"value": body}) for id_, body in bodies.items()]
    return scope.with_documents(documents)


def _is_network(id_: str) -> bool:
    return ids.name_of(id_.rpartition("/")[0]).lower() == "virtualnetworks"


@pytest.mark.parametrize(("slug", "case"), [pytest.param(s, c, id=f"{s}-{n}") for s, n, c in KNOWN])
def test_a_forwarding_rule_for_everything_leaves_nothing_clear(slug: str, case: dict[str, Any], tmp_path: Path) -> None:
    facts = Facts(with_rule_for_everything(case_scope(case, tmp_path)))
    said = recorded(lambda: judge(facts("pull_paths"), PREDICATES[slug]))
    assert not [one for one in said if isinstance(one, Clear)]


FAR: Final = "/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/h/providers/Microsoft.Network/x/far"
POD: Final = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: w, image: %s/web:1}]}}"


def ways(tmp_path: Path, *patch: dict[str, Any]) -> Iterator[Way]:
    case = {"target": "legacy", "manifests": POD % "shopimages.azurecr.io", "patch": patch}
    made = Facts(case_scope(case, tmp_path))("ways")
    yield from (one for one in made if isinstance(one, Way))


LINKED: Final = {"document": "zone-links", "pointer": "/value/0/properties/virtualNetwork/id", "value": "{legacy-vnet}"}


def test_every_endpoint_of_the_registry_has_its_address_and_its_private_endpoint(tmp_path: Path) -> None:
    assert [(str(way.endpoint), *way.destinations) for way in ways(tmp_path, LINKED)] == [
        (host, PrivateAddress(host, way.address, NAMES["endpoint"], way.evidence))
        for host, way in (
            ("shopimages.azurecr.io", private(tmp_path, 0)),
            ("shopimages.westeurope.data.azurecr.io", private(tmp_path, 1)),
        )
    ]
    assert [str(private(tmp_path, number)) for number in (0, 1)] == ["10.20.16.5", "10.20.16.4"]


def private(tmp_path: Path, number: int) -> PrivateAddress:
    destination = list(ways(tmp_path, LINKED))[number].destinations[0]
    assert isinstance(destination, PrivateAddress)
    return destination


def test_an_endpoint_that_may_not_be_read_leaves_its_address_without_it(tmp_path: Path) -> None:
    pointer = "/value/0/properties/privateEndpoint/id"
    patch: list[dict[str, Any]] = [
        LINKED,
        {"document": "shop-connections", "pointer": pointer, "value": FAR},
        {"document": FAR, "status": "forbidden"},
        {"document": "{shop}/replications", "body": {"value": []}},
    ]
    found = [destination for way in ways(tmp_path, *patch) for destination in way.destinations]
    assert all(isinstance(one, PrivateAddress) and one.endpoint is None for one in found)
    assert [str(one) for one in found] == ["10.20.16.5", "10.20.16.4"]
