"""The way as a whole agrees with itself: what allows more never closes it, what denies more never opens it."""

from __future__ import annotations

import copy
import random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullready.facts import Facts, Scope, Way
from pullready.facts.path.hops import State, walk
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.environment import NAMES, case_scope

#: How far a connection comes: what is stopped is worse than what cannot be seen, and that is worse than what is open.
REACH: Final = {State.STOPS: 0, State.UNSEEN: 1, State.PASSES: 2}
GROUP: Final = f"{NAMES['stage-vnet'].rpartition('/virtualNetworks/')[0]}/networkSecurityGroups/nodes"
PLACES: Final = (
    "*",
    "VirtualNetwork",
    "Internet",
    "AzureContainerRegistry",
    "AzureContainerRegistry.WestEurope",
    "Storage",
    "10.50.2.0/24",
    "10.50.2.5",
    "10.0.0.0/8",
    "198.51.100.0/24",
)
PORTS: Final = ("*", "443", "80", "400-500")
ACCESS: Final = st.sampled_from(("Allow", "Deny"))
RULES: Final = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(PORTS), ACCESS), max_size=4)
HOSTS: Final = (
    "*",
    "*.azurecr.io",
    "stageimages.azurecr.io",
    "stageimages.westeurope.data.azurecr.io",
    "stagetools.azurecr.io",
    "*.blob.core.windows.net",
    "mcr.microsoft.com",
)
COLLECTIONS: Final = st.lists(st.tuples(st.sampled_from(HOSTS), ACCESS), max_size=4)
PROPERTY: Final = settings(max_examples=60, deadline=None, derandomize=True)
Rules = list[tuple[str, str, str]]
Collections = list[tuple[str, str]]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    return case_scope({"target": "stage"}, tmp_path_factory.mktemp("stage"))


def with_bodies(scope: Scope, bodies: dict[str, Any], *, shuffled: int | None = None) -> Scope:
    """Return *scope* with *bodies* in place of documents; the documents in another order where it is *shuffled*."""
    documents = {one.id.casefold(): one for one in scope.snapshot}
    for id_, body in bodies.items():
        documents[id_.casefold()] = Document(id=id_, provider=Provider.ARM, status=Status.READ, body=body)
    listed = list(documents.values())
    if shuffled is not None:
        random.Random(shuffled).shuffle(listed)  # noqa: S311  (an order, not a secret)
    return Scope(
        Snapshot(listed, captured_at=scope.snapshot.captured_at), scope.target, scope.settings, scope.manifests
    )


def guarded(scope: Scope, rules: Rules) -> dict[str, Any]:
    """Return the nodes' network with a security group of *rules*, the first with the lowest priority number."""
    network = copy.deepcopy(scope.document(NAMES["stage-vnet"]).body)
    network["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": GROUP}
    outbound = {"direction": "Outbound", "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*"}

    def rule(priority: int, place: str, port: str, access: str) -> dict[str, Any]:
        where = {"destinationAddressPrefix": place, "destinationPortRange": port}
        return {"name": f"r{priority}", "properties": {**outbound, **where, "priority": priority, "access": access}}

    own = [rule(100 + number, *one) for number, one in enumerate(rules)]
    default = (("VirtualNetwork", "Allow"), ("Internet", "Allow"), ("*", "Deny"))
    defaults = [rule(65000 + number, place, "*", access) for number, (place, access) in enumerate(default)]
    group = {"id": GROUP, "properties": {"securityRules": own, "defaultSecurityRules": defaults}}
    return {NAMES["stage-vnet"]: network, GROUP: group}


def inspected(scope: Scope, collections: Collections) -> dict[str, Any]:
    """Return the rules of the firewall's policy: a collection of one application rule for each of *collections*."""
    body = copy.deepcopy(scope.document(NAMES["hub-policy-rules"]).body)
    group = body["value"][0]["properties"]
    group["ruleCollections"] = [
        {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": f"c{number}",
            "priority": 200 + number,
            "action": {"type": access},
            "rules": [
                {
                    "ruleType": "ApplicationRule",
                    "name": "one",
                    "protocols": [{"protocolType": "Https", "port": 443}],
                    "targetFqdns": [host],
                    "sourceAddresses": ["*"],
                }
            ],
        }
        for number, (host, access) in enumerate(collections)
    ]
    return {NAMES["hub-policy-rules"]: body}


def reach(scope: Scope) -> dict[str, int]:
    """Return how far the connection to each endpoint comes."""
    found = {}
    for way in Facts(scope)("ways"):
        assert isinstance(way, Way)
        found[str(way.endpoint)] = REACH[[*walk(way)][-1].state]
    return found


@PROPERTY
@given(rules=RULES, place=st.sampled_from(PLACES), first=st.booleans())
def test_a_security_rule_that_allows_never_closes_the_way_and_one_that_denies_never_opens_it(
    rules: Rules, place: str, stage: Scope, *, first: bool
) -> None:
    before = reach(with_bodies(stage, guarded(stage, rules)))
    for access, closes in (("Allow", False), ("Deny", True)):
        one = (place, "443", access)
        after = reach(with_bodies(stage, guarded(stage, [one, *rules] if first else [*rules, one])))
        for host, far in before.items():
            assert after[host] <= far if closes else after[host] >= far, (host, access)


@PROPERTY
@given(collections=COLLECTIONS, host=st.sampled_from(HOSTS), first=st.booleans())
def test_a_firewall_rule_that_allows_never_closes_the_way_and_one_that_denies_never_opens_it(
    collections: Collections, host: str, stage: Scope, *, first: bool
) -> None:
    before = reach(with_bodies(stage, inspected(stage, collections)))
    for access, closes in (("Allow", False), ("Deny", True)):
        one = (host, access)
        after = reach(with_bodies(stage, inspected(stage, [one, *collections] if first else [*collections, one])))
        for endpoint, far in before.items():
            assert after[endpoint] <= far if closes else after[endpoint] >= far, (endpoint, access)


@PROPERTY
@given(rules=RULES, collections=COLLECTIONS, seed=st.integers(0, 1000))
def test_the_order_of_documents_and_of_rules_in_them_changes_nothing(
    rules: Rules, collections: Collections, seed: int, stage: Scope
) -> None:
    bodies = guarded(stage, rules) | inspected(stage, collections)
    mixed = copy.deepcopy(bodies)
    shuffle = random.Random(seed).shuffle  # noqa: S311  (an order, not a secret)
    shuffle(mixed[GROUP]["properties"]["securityRules"])
    shuffle(mixed[GROUP]["properties"]["defaultSecurityRules"])
    shuffle(mixed[NAMES["hub-policy-rules"]]["value"][0]["properties"]["ruleCollections"])
    shuffle(mixed[NAMES["stage-vnet"]]["properties"]["virtualNetworkPeerings"])
    assert reach(with_bodies(stage, bodies)) == reach(with_bodies(stage, mixed, shuffled=seed))


def capitals(value: Any) -> Any:
    """Return *value* with every resource id in it in capitals."""
    match value:
        case str() if value.startswith("/subscriptions/"):
            return value.upper()
        case list():
            return [capitals(one) for one in value]
        case dict():
            return {key: capitals(one) for key, one in value.items()}
        case _:
            return value


@PROPERTY
@given(rules=RULES, collections=COLLECTIONS)
def test_the_letter_case_of_ids_changes_nothing(rules: Rules, collections: Collections, stage: Scope) -> None:
    scope = with_bodies(stage, guarded(stage, rules) | inspected(stage, collections))
    loud = {one.id: capitals(one.body) for one in scope.snapshot if one.provider is Provider.ARM and one.body}
    assert reach(scope) == reach(with_bodies(scope, loud))


def test_both_a_stop_and_an_open_way_are_among_what_is_tried(stage: Scope) -> None:
    assert set(reach(with_bodies(stage, inspected(stage, []))).values()) == {0}
    assert set(reach(with_bodies(stage, inspected(stage, [("*", "Allow")]))).values()) == {2}
    assert set(reach(with_bodies(stage, guarded(stage, [("*", "443", "Deny")]))).values()) == {0}
