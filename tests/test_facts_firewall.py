"""The rules of Azure Firewalls: their order, what they are for, and what cannot be told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullready.config import Settings, Target
from pullready.errors import FactUnavailable
from pullready.facts import Facts, Scope, ids
from pullready.facts.base import decode
from pullready.facts.firewalls import Firewall, _Firewall
from pullready.facts.path.firewall_addresses import EVERYWHERE, addresses, ranges_of
from pullready.facts.path.firewall_collections import RuleKind
from pullready.facts.path.firewall_matching import _has_port, _names
from pullready.facts.path.firewall_policies import firewall_rules
from pullready.facts.path.firewall_settings import firewall_settings
from pullready.facts.path.flow import Allowed, Denied, Destination, Flow, Passing, PrivateAddress, PublicService
from pullready.facts.path.inspection import AllowedByFirewall, Inspection
from pullready.facts.path.matching import Doubt, Match, all_of, any_of
from pullready.predicates.azure_firewall import public_endpoint_blocked
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.spec import judge
from pullready.spec import recorded as recorded_judgements
from pullready.verdict import Evidence, Found, Unknown
from tests.environment import ROOT, case_scope

CORPUS = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire" / "recorded"
NETWORK = f"{ids.group('11111111-1111-4111-8111-111111111111', 'hub')}/providers/Microsoft.Network"
FIREWALL, POLICY = f"{NETWORK}/azureFirewalls/hub", f"{NETWORK}/firewallPolicies/p"
GROUP, UNREAD = f"{NETWORK}/ipGroups/nodes", f"{NETWORK}/ipGroups/unread"
NODES = IPv4Network("10.60.0.0/20")
HOST = "shop.azurecr.io"
PRIVATE = PrivateAddress(HOST, IPv4Address("10.50.2.5"), None, Evidence("", "", "", ""))
PUBLIC = PublicService(HOST, ("azurecontainerregistry", "azurecloud", "internet"), (), lambda: ("westeurope",))
Body = dict[str, Any]
FIXED = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def inspection(policies: list[list[Body]], groups: dict[str, list[str]] | None = None) -> Inspection:
    """Return the inspection of a firewall with *policies*, the topmost parent first, each a list of its groups."""
    named = [f"{POLICY}{level}" for level in range(len(policies))]
    bodies: dict[str, Any] = {
        group: {"properties": {"ipAddresses": members}}
        for group, members in (groups or {GROUP: ["10.60.0.0/16"]}).items()
    }
    for level, listed in enumerate(policies):
        above = {"basePolicy": {"id": named[level - 1]}} if level else {}
        bodies[named[level]] = {"properties": above}
        bodies[ids.rule_collection_groups_of(named[level])] = {"value": listed}
    firewall = {"id": FIREWALL, "properties": {"firewallPolicy": {"id": named[-1]}}}
    return of_documents(firewall, bodies)


def of_documents(firewall: Body, bodies: dict[str, Any]) -> Inspection:
    read = [Document(id=id_, provider=Provider.ARM, status=Status.READ, body=body) for id_, body in bodies.items()]
    unread = Document(id=UNREAD, provider=Provider.ARM, status=Status.FORBIDDEN)
    listed = Document(id="list", provider=Provider.ARM, status=Status.READ, body={"value": [firewall]})
    scope = Scope(Snapshot([unread, *read], captured_at=datetime.now(UTC)), Target("stage"), Settings())
    fact = Firewall(listed, "/value/0", decode(listed, _Firewall, "/value/0"))
    return Inspection(firewall_rules(scope, fact), lambda _connection, _settings: Doubt("not asked"))


def passing(made: Inspection, destination: Destination = PRIVATE) -> Passing | None:
    """Return what the firewall says to the nodes' flow; none where that cannot be told."""
    try:
        return made.passing(Flow((NODES,), destination))
    except FactUnavailable:
        return None


def outcome(made: Inspection, destination: Destination = PRIVATE) -> tuple[bool, str] | None:
    said = passing(made, destination)
    return None if said is None else (isinstance(said, Allowed), said.by)


SOURCES = st.sampled_from(
    [["*"], ["10.60.0.0/20"], ["10.61.0.0/16"], ["10.60.0.0-10.60.15.255"], ["10.60.8.0/21", "10.60.0.0/21"], []]
)
DESTINATIONS = st.sampled_from(
    [
        ["*"],
        ["10.50.2.5"],
        ["10.50.0.0/16", "AzureCloud"],
        ["10.50.2.4"],
        ["AzureContainerRegistry"],
        ["Internet", "Sql"],
    ]
)
HOSTS = st.sampled_from([["*"], ["*.azurecr.io"], [HOST], ["other.example", "*.data.azurecr.io"]])
GROUPS = st.sampled_from([[], [GROUP], [UNREAD]])
ACTIONS = st.sampled_from(["Allow", "Deny"])
PRIORITIES = st.integers(100, 103)


def network_rules(groups: st.SearchStrategy[list[str]] = GROUPS) -> st.SearchStrategy[Body]:
    return st.fixed_dictionaries(
        {
            "ruleType": st.just("NetworkRule"),
            "name": st.sampled_from("abc"),
            "ipProtocols": st.sampled_from([["TCP"], ["Any"], ["UDP", "ICMP"]]),
            "sourceAddresses": SOURCES,
            "sourceIpGroups": groups,
            "destinationAddresses": DESTINATIONS,
            "destinationIpGroups": groups,
            "destinationPorts": st.sampled_from([["443"], ["80", "*"], ["400-500"], ["80"]]),
        }
    )


def application_rules(groups: st.SearchStrategy[list[str]] = GROUPS) -> st.SearchStrategy[Body]:
    return st.fixed_dictionaries(
        {
            "ruleType": st.just("ApplicationRule"),
            "name": st.sampled_from("abc"),
            "protocols": st.sampled_from(
                [[{"protocolType": "Https", "port": 443}], [{"protocolType": "Http", "port": 443}]]
            ),
            "sourceAddresses": SOURCES,
            "sourceIpGroups": groups,
            "targetFqdns": HOSTS,
        }
    )


def collections(groups: st.SearchStrategy[list[str]] = GROUPS) -> st.SearchStrategy[Body]:
    rules = st.one_of(st.lists(network_rules(groups), max_size=2), st.lists(application_rules(groups), max_size=2))
    return st.fixed_dictionaries(
        {
            "ruleCollectionType": st.just("FirewallPolicyFilterRuleCollection"),
            "name": st.sampled_from("xyz"),
            "priority": PRIORITIES,
            "action": st.fixed_dictionaries({"type": ACTIONS}),
            "rules": rules,
        }
    )


def policies(groups: st.SearchStrategy[list[str]] = GROUPS) -> st.SearchStrategy[list[list[Body]]]:
    group = st.fixed_dictionaries(
        {
            "name": st.just("g"),
            "properties": st.fixed_dictionaries(
                {"priority": PRIORITIES, "ruleCollections": st.lists(collections(groups), max_size=3)}
            ),
        }
    )
    return st.lists(st.lists(group, max_size=2), min_size=1, max_size=3)


DESTINED = st.sampled_from([PRIVATE, PUBLIC])


@FIXED
@given(policies(), DESTINED, st.randoms(use_true_random=False))
def test_the_order_of_lists_says_nothing(made: list[list[Body]], destined: Destination, random: Any) -> None:
    shuffled = json.loads(json.dumps(made))
    for policy in shuffled:
        random.shuffle(policy)
        for group in policy:
            random.shuffle(group["properties"]["ruleCollections"])
            for collection in group["properties"]["ruleCollections"]:
                random.shuffle(collection["rules"])
    assert outcome(inspection(shuffled), destined) == outcome(inspection(made), destined)


@FIXED
@given(policies(), DESTINED)
def test_letter_case_says_nothing(made: list[list[Body]], destined: Destination) -> None:
    def loud(value: Any) -> Any:
        match value:
            case str():
                return value.upper()
            case list():
                return [loud(one) for one in value]
            case dict():
                return {key: one if key == "name" else loud(one) for key, one in value.items()}
            case _:
                return value

    assert outcome(inspection(loud(made)), destined) == outcome(inspection(made), destined)


def with_rule(made: list[list[Body]], collection: Body, level: int) -> list[list[Body]]:
    """Return *made* with one more collection, in a group of its own."""
    more: list[list[Body]] = json.loads(json.dumps(made))
    more[level % len(more)].append({"name": "new", "properties": {"priority": 101, "ruleCollections": [collection]}})
    return more


@FIXED
@given(policies(), collections(), st.integers(0, 2), DESTINED)
def test_an_allow_rule_never_closes(
    made: list[list[Body]], collection: Body, level: int, destined: Destination
) -> None:
    """What passes is not denied by one more collection that allows, wherever it stands."""
    if isinstance(passing(inspection(made), destined), Allowed):
        more = with_rule(made, collection | {"action": {"type": "Allow"}}, level)
        assert not isinstance(passing(inspection(more), destined), Denied)


@FIXED
@given(policies(), collections(), st.integers(0, 2), DESTINED)
def test_a_deny_rule_never_opens(made: list[list[Body]], collection: Body, level: int, destined: Destination) -> None:
    """What is denied does not pass by one more collection that denies, wherever it stands."""
    if isinstance(passing(inspection(made), destined), Denied):
        more = with_rule(made, collection | {"action": {"type": "Deny"}}, level)
        assert not isinstance(passing(inspection(more), destined), Allowed)


@FIXED
@given(policies(), DESTINED)
def test_what_is_said_holds_whatever_an_unread_group_has(made: list[list[Body]], destined: Destination) -> None:
    said = passing(inspection(made), destined)
    if said is None:
        return
    for members in ([], ["*"]):
        known = passing(inspection(made, {GROUP: ["10.60.0.0/16"], UNREAD: members}), destined)
        if known is not None:  # two collections of one priority may disagree only once it is known
            assert type(known) is type(said)


def expected(made: list[list[Body]], *, private: bool) -> bool | None:
    """Return whether the first rule that matches allows, by the plainest reading; none where a priority is shared."""
    for kind in ("NetworkRule", "ApplicationRule"):
        ranked: dict[tuple[int, int, int], set[str]] = {}
        for level, policy in enumerate(made):
            for group in policy:
                for one in group["properties"]["ruleCollections"]:
                    if any(rule["ruleType"] == kind and is_for(rule, private=private) for rule in one["rules"]):
                        rank = (level, group["properties"]["priority"], one["priority"])
                        ranked.setdefault(rank, set()).add(one["action"]["type"])
        if ranked:
            actions = ranked[min(ranked)]
            return None if len(actions) > 1 else actions == {"Allow"}
    return False


def is_for(rule: Body, *, private: bool) -> bool:
    if rule["sourceAddresses"] in ([], ["10.61.0.0/16"]) and not rule["sourceIpGroups"]:
        return False
    if rule["ruleType"] == "ApplicationRule":
        return bool(rule["protocols"][0]["protocolType"] == "Https" and rule["targetFqdns"][0] != "other.example")
    private_ones = (["*"], ["10.50.2.5"], ["10.50.0.0/16", "AzureCloud"])
    public_ones = (["*"], ["10.50.0.0/16", "AzureCloud"], ["AzureContainerRegistry"])
    held: tuple[list[str], ...] = private_ones if private else public_ones
    if rule["ipProtocols"] == ["UDP", "ICMP"] or rule["destinationPorts"] == ["80"]:
        return False
    return bool(rule["destinationAddresses"] in held)


@FIXED
@given(policies(st.sampled_from([[], [GROUP]])), st.booleans())
def test_the_first_rule_that_matches_decides(made: list[list[Body]], private: bool) -> None:  # noqa: FBT001  (given)
    said = passing(inspection(made), PRIVATE if private else PUBLIC)
    assert (None if said is None else isinstance(said, Allowed)) == expected(made, private=private)


def rule(**properties: Any) -> list[list[Body]]:
    """Return one policy with one network rule for everything, changed by *properties*."""
    made = {
        "ruleType": "NetworkRule",
        "name": "n",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["*"],
        "destinationAddresses": ["*"],
        "destinationPorts": ["443"],
        **properties,
    }
    collection = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "c",
        "priority": 100,
        "action": {"type": "Allow"},
        "rules": [made],
    }
    return [[{"name": "g", "properties": {"priority": 100, "ruleCollections": [collection]}}]]


def test_an_allowed_flow_keeps_which_rule_it_was() -> None:
    said = passing(inspection(rule()))
    assert isinstance(said, AllowedByFirewall)
    assert (said.kind, said.translated) == (RuleKind.NETWORK, False)
    assert said.by == "the network rule n in the collection c of the policy p0"
    to_public = passing(inspection(rule()), PUBLIC)
    assert isinstance(to_public, AllowedByFirewall)
    assert to_public.translated


def test_storage_of_a_cloud_without_a_known_name_is_decided_by_tags_alone() -> None:
    storage = PublicService(None, ("storage", "azurecloud", "internet"), (), lambda: ("westeurope",))
    assert isinstance(passing(inspection(rule(destinationAddresses=["Storage"])), storage), Allowed)
    by_name = rule(
        ruleType="ApplicationRule", protocols=[{"protocolType": "Https", "port": 443}], targetFqdns=["*.a.b"]
    )
    assert passing(inspection(by_name), storage) is None


def test_the_check_says_unknown_where_the_name_of_layer_storage_is_not_known(tmp_path: Path) -> None:
    forgotten = {"document": "hub-policy-rules", "pointer": "/value/0/properties/ruleCollections/1", "remove": True}
    scope = case_scope({"target": "stage", "patch": [forgotten]}, tmp_path)
    cloud = replace(scope.settings.cloud, storage_suffix=None)
    facts = Facts(replace(scope, settings=replace(scope.settings, cloud=cloud)))
    said = recorded_judgements(lambda: judge(facts("ways"), public_endpoint_blocked))
    unknown = [one for one in said if isinstance(one, Unknown)]
    assert [one.reason for one in unknown] == [
        "the cloud's storage accounts: the hosts of the cloud's storage accounts are not known"
    ]
    assert any(isinstance(one, Found) for one in said), "the login server is known"


@pytest.mark.parametrize("wrong", [{"ruleType": "Other"}, {"ruleType": None}])
def test_a_rule_of_an_undocumented_type_makes_all_of_it_unknown(wrong: Body) -> None:
    with pytest.raises(FactUnavailable):
        inspection(rule(**wrong)).passing(Flow((NODES,), PRIVATE))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", [EVERYWHERE]),
        ("10.0.0.1", [IPv4Network("10.0.0.1/32")]),
        ("10.0.0.1/24", [IPv4Network("10.0.0.0/24")]),
        (" 10.0.0.0 - 10.0.0.3 ", [IPv4Network("10.0.0.0/30")]),
        ("10.0.0.3-10.0.0.0", None),
        ("AzureCloud.westeurope", None),
        ("Storage-x", None),
        ("2001:db8::/32", []),
    ],
)
def test_what_a_rule_lists_is_read_as_ranges_or_a_word(text: str, expected: list[IPv4Network] | None) -> None:
    found = ranges_of(text)
    assert (None if found is None else list(found)) == expected


@pytest.mark.parametrize(
    ("pattern", "host", "allows", "denies"),
    [
        ("*", HOST, True, True),
        ("*.azurecr.io", "shop.westeurope.data.azurecr.io", True, True),
        ("*.data.azurecr.io", HOST, False, False),
        ("azurecr.io", HOST, False, False),
        ("*.azurecr.io", "azurecr.io", False, False),
        ("SHOP.azurecr.IO", HOST, True, True),
        ("shop*.azurecr.io", HOST, True, True),
        ("*.blob.core.windows.net", "*.blob.core.windows.net", True, True),
        ("*.core.windows.net", "*.blob.core.windows.net", True, True),
        ("*blob.core.windows.net", "*.blob.core.windows.net", True, True),
        ("a.blob.core.windows.net", "*.blob.core.windows.net", False, None),
        ("*.weu.blob.core.windows.net", "*.blob.core.windows.net", False, None),
        ("*.file.core.windows.net", "*.blob.core.windows.net", False, False),
        ("*.*.windows.net", "*.blob.core.windows.net", None, None),
        ("*.x", None, None, None),
        ("*", None, True, True),
    ],
)
def test_which_hosts_a_name_is_for(pattern: str, host: str | None, allows: bool | None, denies: bool | None) -> None:  # noqa: FBT001  (a table)
    def told(match: Match) -> bool | None:
        return None if isinstance(match, Doubt) else match

    assert told(_names(pattern, host, allows=True)) is allows
    assert told(_names(pattern, host, allows=False)) is denies


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("443", True),
        ("*", True),
        ("1-65535", True),
        ("444-500", False),
        ("80", False),
        ("https", False),
        ("1-x", False),
    ],
)
def test_which_ports_hold_443(text: str, holds: bool) -> None:  # noqa: FBT001  (a table)
    assert _has_port(text) is holds


def test_one_doubt_counts_where_nothing_else_decides() -> None:
    doubt = Doubt("why")
    assert (any_of([doubt, True]), any_of([doubt, False]), any_of([])) == (True, doubt, False)
    assert (all_of([doubt, False]), all_of([doubt, True]), all_of([])) == (False, doubt, True)


def recorded(kind: str) -> Iterator[Any]:
    folder = CORPUS / kind
    if not folder.is_dir():
        pytest.skip(f"PULLREADY_CORPUS is not set to a folder with {kind}")
    for path in sorted(folder.glob("*.json")):
        body = json.loads(path.read_bytes())
        yield from body.get("value", [body])


def test_every_recorded_group_of_rules_is_understood() -> None:
    seen = 0
    for group in recorded("microsoft.network__firewallpolicies__rulecollectiongroups"):
        made = inspection([[group]])
        for one in made.rules.rules:
            assert one.name
            seen += 1
        assert passing(made) is not None
        assert passing(made, PUBLIC) is not None
    assert seen


def test_every_recorded_policy_and_firewall_has_settings() -> None:
    translates = []
    for policy in recorded("microsoft.network__firewallpolicies"):
        made = of_documents(
            {"id": FIREWALL, "properties": {"firewallPolicy": {"id": POLICY}}},
            {POLICY: policy, ids.rule_collection_groups_of(POLICY): {"value": []}},
        )
        translates.append(firewall_settings(made.rules).translates(PRIVATE.address))
    assert set(translates) == {True, False}
    for body in recorded("microsoft.network__azurefirewalls"):
        if "firewallPolicy" not in body["properties"]:
            made = of_documents(body, {})
            _ = firewall_settings(made.rules).translates(PRIVATE.address)
            assert isinstance(passing(made, PUBLIC), Denied | Allowed)


def test_a_listed_range_is_told_by_all_that_is_listed() -> None:
    scope = inspection([[]]).rules.scope
    listed = addresses(scope, ["10.60.0.0/21", "10.60.8.0-10.60.15.255", "Sql"], [GROUP])
    assert listed.hold(NODES) is True
    assert isinstance(listed.hold(IPv4Network("10.0.0.0/8")), Doubt)
    assert listed.hold(IPv4Network("10.70.0.0/24")) is False
    assert listed.tags == ("sql",)
    assert ip_network("10.60.0.0/16") in listed.ranges
