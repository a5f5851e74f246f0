"""Security rules: one group's evaluation against every world that it leaves open, and what judging them reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import decode
from pullready.facts.interfaces import _Machine
from pullready.facts.path.flow import PrivateAddress, PublicService
from pullready.facts.path.prefixes import Case, Doubt, hold_destination, hold_sources, normal
from pullready.facts.path.security_groups import SecurityGroup, _Properties, _SecurityGroup
from pullready.facts.path.security_rules import ALLOW, DENY, Outcomes, Rule, Traffic, cases_of, outcomes
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Evidence
from tests.environment import NAMES, ROOT

CORPUS: Final = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire" / "recorded"
WHERE: Final = Evidence("group", "/rule", "", "")
NODES: Final = (IPv4Network("10.20.0.0/20"), IPv4Network("10.20.64.0/24"))
PRIVATE: Final = PrivateAddress("shop.azurecr.io", IPv4Address("10.20.16.5"), None, WHERE)
REGIONS: Final = ("westeurope", "northeurope")
PUBLIC: Final = PublicService(
    "shop.azurecr.io", ("azurecontainerregistry", "azurecloud", "internet"), ("storage",), lambda: REGIONS
)
OPEN: Final = (True, False)
PREFIXES: Final = (
    *("*", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "10.20.0.0/16", "10.20.0.0/20", "10.20.0.0/21"),
    *("10.20.8.0/21", "10.20.64.0/24", "10.20.16.5", "10.20.16.0/24", "192.168.0.0/16", "20.0.0.0/8", "20.40.0.0/16"),
    *("VirtualNetwork", "VIRTUAL_NETWORK", "Internet", "AzureCloud", "AzureCloud.WestEurope", "Sql.WestEurope"),
    *("AzureContainerRegistry", "AzureContainerRegistry.westeurope", "azurecontainerregistry.NorthEurope", "Storage"),
    *("AzureContainerRegistry.UKSouth", "AzurePlatformIMDS", "2001:db8::/32", "::/0"),
)
PORTS: Final = ("*", "443", "80", "440-450", "0-65535", "1024-65535", "40000-50000", "22")


def rule(number: int, access: str, **changes: Any) -> Rule:
    everything = {"sources": ("*",), "destinations": ("*",), "source_ports": ("*",), "destination_ports": ("*",)}
    plain: dict[str, Any] = {
        "protocol": "*",
        "source_groups": None,
        "destination_groups": None,
        **everything,
        **changes,
    }
    return Rule(name=f"rule-{number}", of="a group", access=access, priority=number, evidence=WHERE, **plain)


CLOSED: Final = rule(65500, DENY)
LISTS: Final = st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=3).map(tuple)
PORT_LISTS: Final = st.lists(st.sampled_from(PORTS), min_size=1, max_size=2).map(tuple)
ANY_RULE: Final = st.builds(
    rule,
    st.integers(100, 4096),
    st.sampled_from((ALLOW, DENY)),
    protocol=st.sampled_from(("tcp", "*", "udp", "any")),
    sources=LISTS,
    destinations=LISTS,
    source_ports=PORT_LISTS,
    destination_ports=PORT_LISTS,
    source_groups=st.sampled_from((None, None, None, Doubt("members"))),
    destination_groups=st.sampled_from((None, None, None, Doubt("members"))),
)
RULES: Final = st.lists(ANY_RULE, max_size=6, unique_by=lambda one: one.priority)
DESTINATIONS: Final = st.sampled_from((PRIVATE, PUBLIC))


def said(rules: list[Rule], destination: PrivateAddress | PublicService) -> Outcomes:
    traffic = Traffic(NODES, destination)
    return outcomes(rules, traffic, cases_of(traffic, rules, (True,), OPEN))


@dataclass(frozen=True)
class World:
    """All that the documents leave open: which node connects, from where to where, and what the tags hold."""

    source: IPv4Address
    source_port: int
    destination: IPv4Address
    in_network: bool
    region: str
    doubtful: bool
    members: bool


WORLDS: Final = st.builds(
    World,
    st.sampled_from([IPv4Address(one) for one in ("10.20.0.4", "10.20.9.9", "10.20.15.254", "10.20.64.7")]),
    st.sampled_from((1024, 40001, 65535)),
    st.sampled_from([IPv4Address(one) for one in ("20.40.1.1", "20.50.1.1", "203.0.113.9", "130.1.1.1")]),
    st.booleans(),
    st.sampled_from(REGIONS),
    st.booleans(),
    st.booleans(),
)


def first_match(rules: list[Rule], world: World, destination: PrivateAddress | PublicService) -> str:
    """Evaluate *rules* as Azure does, in a world where nothing is open."""
    is_private = isinstance(destination, PrivateAddress)
    address = destination.address if isinstance(destination, PrivateAddress) else world.destination
    for one in sorted(rules, key=lambda each: each.priority):
        is_for = any(holds(prefix, address, world, is_private=is_private) for prefix in one.destinations)
        comes = any(holds_source(prefix, world.source) for prefix in one.sources)
        if (
            one.protocol in {"tcp", "*", "any"}
            and (is_for or (one.destination_groups is not None and world.members))
            and (comes or (one.source_groups is not None and world.members))
            and any(holds_port(ports, 443) for ports in one.destination_ports)
            and any(holds_port(ports, world.source_port) for ports in one.source_ports)
        ):
            return one.access
    raise AssertionError


def holds_port(ports: str, port: int) -> bool:
    first, _, last = ("0-65535" if ports == "*" else ports).partition("-")
    return int(first) <= port <= int(last or first)


def holds_source(prefix: str, address: IPv4Address) -> bool:
    return normal(prefix) == "virtualnetwork" or in_range(prefix, address)


def in_range(prefix: str, address: IPv4Address) -> bool:
    with suppress(ValueError):
        return prefix == "*" or address in ip_network(prefix)
    return False


def holds(prefix: str, address: IPv4Address, world: World, *, is_private: bool) -> bool:
    name, _, region = normal(prefix).partition(".")
    if name == "virtualnetwork":
        return world.in_network
    if name == "internet":
        return not world.in_network and not is_private
    if not is_private and name in {"azurecontainerregistry", "azurecloud"}:
        return region in {"", world.region}
    if not is_private and name == "storage":
        return world.doubtful
    return in_range(prefix, address)


@given(RULES, DESTINATIONS, WORLDS)
def test_what_is_told_is_so_in_every_world(
    rules: list[Rule], destination: PrivateAddress | PublicService, world: World
) -> None:
    outcome = said([*rules, CLOSED], destination)
    assert first_match([*rules, CLOSED], world, destination) in outcome.accesses
    assert (outcome.why is None) == (len(outcome.accesses) == 1)


@given(RULES, ANY_RULE, DESTINATIONS)
def test_one_more_rule_opens_or_closes_only_as_it_says(
    rules: list[Rule], more: Rule, destination: PrivateAddress | PublicService
) -> None:
    """At a priority that no other rule has: with an allow no deny becomes possible, and every allow stays so."""
    free = [one for one in rules if one.priority != more.priority]
    before, after = (said([*one, CLOSED], destination).accesses for one in (free, [*free, more]))
    added = {more.access}
    assert before & added <= after
    assert after - added <= before


@given(RULES, DESTINATIONS, st.randoms())
def test_order_says_nothing_but_priority_does(
    rules: list[Rule], destination: PrivateAddress | PublicService, random: Any
) -> None:
    shuffled = [
        structs.replace(one, destinations=tuple(reversed(one.destinations)), sources=tuple(reversed(one.sources)))
        for one in [*rules, CLOSED]
    ]
    random.shuffle(shuffled)
    assert said(shuffled, destination).accesses == said([*rules, CLOSED], destination).accesses


@given(RULES, DESTINATIONS)
def test_letter_case_of_tags_says_nothing(rules: list[Rule], destination: PrivateAddress | PublicService) -> None:
    shouted = [structs.replace(one, destinations=tuple(map(str.upper, one.destinations))) for one in rules]
    assert said([*shouted, CLOSED], destination).accesses == said([*rules, CLOSED], destination).accesses


def wire(name: str, **properties: Any) -> dict[str, Any]:
    plain = {"direction": "Outbound", "access": "Deny", "protocol": "Tcp", "priority": 300, "sourcePortRange": "*"}
    return {
        "name": name,
        "properties": plain
        | {"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443"}
        | properties,
    }


def group(*rules: dict[str, Any]) -> SecurityGroup:
    body = {"properties": {"securityRules": list(rules), "defaultSecurityRules": []}}
    document = Document(id=NAMES["nodes-nsg"], provider=Provider.ARM, status=Status.READ, body=body)
    return SecurityGroup(document, "", decode(document, _SecurityGroup).properties)


@given(st.sampled_from((str.lower, str.upper, str.title)))
def test_letter_case_of_words_says_nothing(spelt: Any) -> None:
    words = {"direction": spelt("outbound"), "access": spelt("deny"), "protocol": spelt("tcp")}
    [read] = group(wire("x", **words), wire("y", direction=spelt("inbound"))).rules("outbound")
    assert (read.access, read.protocol) == (DENY, "tcp")
    assert said([read], PRIVATE).accesses == {DENY}


@pytest.mark.parametrize("missing", ["direction", "access", "protocol", "priority"])
def test_a_rule_that_lacks_what_decides_makes_its_group_unavailable(missing: str) -> None:
    broken = wire("x")
    del broken["properties"][missing]
    with pytest.raises(FactUnavailable, match=missing):
        group(broken).rules("outbound")


@pytest.mark.parametrize(
    ("prefixes", "destination", "holds"),
    [
        (
            ("0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2"),
            PUBLIC,
            None,
        ),
        (("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"), PUBLIC, True),
        (("0.0.0.0/1", "128.0.0.0/2"), PUBLIC, None),
        (("10.0.0.0/8", "100.64.0.0/10"), PUBLIC, False),
        (("::/0",), PUBLIC, False),
        (("", " * "), PUBLIC, True),
        ((), PUBLIC, False),
        (("AzureContainerRegistry.Mars",), PUBLIC, None),
        (("10.20.16.4-10.20.16.9",), PRIVATE, None),
        (("789",), PRIVATE, None),
        (("CorpNetPublic", "Storage", "AzureCloud"), PRIVATE, False),
    ],
)
def test_prefixes(
    prefixes: tuple[str, ...], destination: PrivateAddress | PublicService, *, holds: bool | None
) -> None:
    case = Case(sources_in_network=True, destination_in_network=False, region="westeurope", regions=REGIONS)
    match = hold_destination(prefixes, destination, case)
    assert (None if isinstance(match, Doubt) else match) == holds


@pytest.mark.parametrize(
    ("prefixes", "holds"),
    [
        (("10.20.0.0/20",), None),
        (("10.20.0.0/20", "10.20.64.0/24"), True),
        (("10.20.0.0/21", "10.20.8.0/21", "10.20.64.0/18"), True),
        (("10.21.0.0/16",), False),
        (("Internet",), False),
        (("AzureLoadBalancer",), False),
        (("virtualnetwork",), True),
    ],
)
def test_sources(prefixes: tuple[str, ...], *, holds: bool | None) -> None:
    match = hold_sources(prefixes, NODES, Case(sources_in_network=True, destination_in_network=False))
    assert (None if isinstance(match, Doubt) else match) == holds


@pytest.mark.parametrize(("ports", "possible"), [(("x",), {ALLOW, DENY}), (("",), {ALLOW, DENY}), ((), {ALLOW})])
def test_ports_that_are_not_understood_are_a_doubt(ports: tuple[str, ...], possible: set[str]) -> None:
    for which in ("destination_ports", "source_ports"):
        denying = rule(100, DENY, **{which: ports})
        assert said([denying, rule(200, ALLOW)], PRIVATE).accesses == possible


def test_rules_of_one_priority_that_differ_are_a_doubt() -> None:
    outcome = said([rule(100, DENY), rule(100, ALLOW)], PRIVATE)
    assert outcome.accesses == {ALLOW, DENY}
    assert outcome.why is not None


def test_without_any_rule_that_matches_nothing_is_told() -> None:
    with pytest.raises(FactUnavailable, match="none of the rules"):
        said([], PRIVATE)


def recordings(kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted((CORPUS / kind).glob("*.json")):
        body = json.loads(path.read_text())
        listed = body.get("value") if isinstance(body, dict) else None
        for one in listed if isinstance(listed, list) else [body]:
            if isinstance(one, dict) and isinstance(one.get("properties"), dict):
                yield one


@pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS names no folder with wire/recorded")
def test_every_recorded_security_group_says_something_of_every_destination() -> None:
    read = 0
    for body in recordings("microsoft.network__networksecuritygroups"):
        if "defaultSecurityRules" not in body["properties"]:
            continue
        document = Document(id=body["id"], provider=Provider.ARM, status=Status.READ, body=body)
        rules = list(SecurityGroup(document, "", decode(document, _Properties, "/properties")).rules("outbound"))
        for destination in (PRIVATE, PUBLIC):
            assert said(rules, destination).accesses <= {ALLOW, DENY}
        read += 1
    assert read > 10


@pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS names no folder with wire/recorded")
def test_every_recorded_scale_set_names_the_groups_of_its_interfaces() -> None:
    seen = set()
    for body in recordings("microsoft.compute__virtualmachinescalesets"):
        document = Document(id="/recorded", provider=Provider.ARM, status=Status.READ, body=body)
        model = decode(document, _Machine).properties.virtualMachineProfile
        network = model.networkProfile if model else None
        for interface in (network.networkInterfaceConfigurations or ()) if network else ():
            attached = interface.properties.networkSecurityGroup
            seen.add(bool(attached and attached.id and ids.name_of(attached.id)))
    assert seen == {True, False}
