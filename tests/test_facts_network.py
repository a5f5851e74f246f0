"""The facts about the way to a registry: what they need, what they read, and every recorded answer of Azure."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from pullready.config import Settings, Target
from pullready.errors import FactUnavailable
from pullready.facts import Facts, PullPath, Scope, ids
from pullready.facts.access import IpRule, SelectedNetworks, rule_network
from pullready.facts.base import decode
from pullready.facts.endpoints import PrivateEndpoints, _Endpoint, _Groups, _Interface
from pullready.facts.firewalls import Firewall, _Firewall
from pullready.facts.network import VirtualNetwork, _Subnet, _VirtualNetwork
from pullready.facts.outbound import nat_gateway_addresses, public_address
from pullready.facts.pull_paths import next_documents
from pullready.facts.registry import Registry, _Registry
from pullready.facts.routes import Route, _Route, _Table
from pullready.facts.zones import ARecord, Link, _Link, _Record, _Zone
from pullready.predicates.firewall import egress_denied_by_registry
from pullready.predicates.private_dns import private_zone_unlinked
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.spec import judge, recorded
from pullready.verdict import Evidence, Judgement, Unknown
from tests.azure.environments import REGISTRIES
from tests.environment import CASES, NAMES, ROOT, case_scope, healthy

CORPUS = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire" / "recorded"
SLUGS = ("private-dns-zone-not-linked-to-cluster-vnet", "registry-firewall-excludes-cluster-egress")
#: What the paths are made from, up to the login server; the rest of the healthy example is about clusters, registries,
#: who may pull, and where the layers are.
PATHS = [
    document.id
    for document in healthy()
    if ("Microsoft.Network/" in document.id or document.id.endswith("privateEndpointConnections"))
    and not document.id.endswith(".data")
]
GIVEN = [NAMES[name] for name in ("prod", "legacy", "registries", "shop", "shoptools", "shopteams")]


def judged(scope: Scope) -> list[tuple[str, Judgement]]:
    """Return what both checks say."""
    facts = Facts(scope)
    return [
        (slug, one)
        for slug, predicate in zip(SLUGS, (private_zone_unlinked, egress_denied_by_registry), strict=True)
        for one in recorded(lambda predicate=predicate: judge(facts("pull_paths"), predicate))  # type: ignore[misc]
    ]


def without(scope: Scope, *gone: str) -> Scope:
    """Return *scope* without the documents *gone*."""
    kept = [one for one in scope.snapshot if not any(ids.same(one.id, id_) for id_ in gone)]
    return replace(scope, snapshot=Snapshot(kept, captured_at=scope.snapshot.captured_at))


def collected(scope: Scope) -> Scope:
    """Return *scope* with only those path documents that are asked for one after the other."""
    full = scope.snapshot
    start = [one for one in full if one.id in GIVEN or one.provider is Provider.MANIFEST or "shopfar" in one.id]
    now = Snapshot(start, captured_at=full.captured_at)
    asked: set[str] = set()
    while wanted := [id_ for id_ in next_documents(replace(scope, snapshot=now)) if id_.casefold() not in asked]:
        asked.update(id_.casefold() for id_ in wanted)
        now = now.with_documents(full.document(id_) for id_ in wanted)
    return replace(scope, snapshot=now)


def cases() -> Iterator[Any]:
    for slug in SLUGS:
        for name, case in tomllib.loads((CASES / f"{slug}.toml").read_text()).items():
            yield pytest.param(case, id=f"{slug}-{name}")


@pytest.mark.parametrize("case", list(cases()))
def test_what_is_asked_for_is_enough(case: dict[str, Any], tmp_path: Path) -> None:
    scope = case_scope(case, tmp_path)
    assert judged(collected(scope)) == judged(scope)


def test_every_path_document_of_the_healthy_example_is_asked_for_and_no_other(tmp_path: Path) -> None:
    read = {
        document.id
        for target in ("prod", "legacy")
        for document in collected(
            case_scope({"target": target, "registries": REGISTRIES.get(target, ())}, tmp_path)
        ).snapshot
        if document.provider is Provider.ARM
    }
    assert read == {*PATHS, *GIVEN}


@pytest.mark.parametrize("status", [None, Status.FORBIDDEN, Status.FAILED, Status.NOT_ASKED])
@pytest.mark.parametrize("gone", [*PATHS, *GIVEN])
def test_no_document_can_be_missing_unnoticed(gone: str, status: Status | None, tmp_path: Path) -> None:
    judgements = []
    for target in ("prod", "legacy"):
        scope = without(case_scope({"target": target, "registries": REGISTRIES.get(target, ())}, tmp_path), gone)
        if status:
            document = Document(id=gone, provider=Provider.ARM, status=status)
            scope = replace(scope, snapshot=scope.snapshot.with_documents([document]))
        judgements += judged(scope)
    assert any(isinstance(one, Unknown) for _, one in judgements)


def test_one_unknown_pool_hides_nothing_on_another(tmp_path: Path) -> None:
    patch = [
        {"document": "prod", "pointer": "/properties/agentPoolProfiles/1/vnetSubnetID", "value": "{vnet}/subnets/x"}
    ]
    judgements = judged(case_scope({"patch": patch}, tmp_path))
    assert {one.subject.split()[0] for _, one in judgements if isinstance(one, Unknown)} == {"linux1"}


def selected(*rules: str) -> SelectedNetworks:
    where = Evidence("registry", "/rules", "", "")
    return SelectedNetworks(tuple(IpRule(rule_network(rule, None), where) for rule in rules), where)


@pytest.mark.parametrize(
    ("address", "rules", "admitted"),
    [
        ("203.0.113.4/30", ("203.0.113.4/30",), True),
        ("203.0.113.4/30", ("203.0.113.0/29",), True),
        ("203.0.113.4/30", ("203.0.113.4/31",), False),
        ("203.0.113.4/30", ("203.0.113.4/31", "203.0.113.6", "203.0.113.7"), True),
        ("203.0.113.4/30", ("203.0.113.5", "203.0.113.6", "203.0.113.7"), False),
        ("203.0.113.4", ("203.0.113.3", "203.0.113.5"), False),
        ("203.0.113.4", ("0.0.0.0/0",), True),
        ("203.0.113.4", ("2001:db8::/32",), False),
        ("2001:db8::4", ("0.0.0.0/0", "2001:db8::/32"), True),
        ("203.0.113.4", (), False),
    ],
)
def test_the_whole_range_must_be_covered(address: str, rules: tuple[str, ...], admitted: bool) -> None:  # noqa: FBT001
    assert bool(selected(*rules).admitting(ip_network(address))) is admitted


@pytest.mark.parametrize("rule", ["", "203.0.113", "203.0.113.4/24", "shop.example", "203.0.113.4-203.0.113.9"])
def test_a_rule_that_is_not_understood_admits_nothing_for_certain(rule: str) -> None:
    rules = selected(rule, "203.0.113.9")
    assert rules.admitting(ip_network("203.0.113.9"))
    with pytest.raises(FactUnavailable):
        rules.admitting(ip_network("203.0.113.4"))


APPLIANCE, INTERNET, DROP = ("VirtualAppliance", "10.30.9.4"), ("Internet", ""), ("None", "")


@pytest.mark.parametrize(
    ("routes", "way"),
    [
        ([], "translated"),
        ([("0.0.0.0/0", INTERNET)], "translated"),
        ([("0.0.0.0/0", DROP)], "drops"),
        ([("0.0.0.0/0", APPLIANCE)], "is no Azure Firewall"),
        ([("0.0.0.0/0", DROP), ("AzureCloud", INTERNET)], "translated"),
        ([("0.0.0.0/0", DROP), ("AzureContainerRegistry", INTERNET)], "translated"),
        ([("AzureContainerRegistry", INTERNET), ("AzureCloud", DROP), ("AzureCloud.WestEurope", DROP)], "translated"),
        ([("AzureCloud", INTERNET), ("AzureCloud.WestEurope", DROP)], "AzureCloud.WestEurope"),
        ([("AzureContainerRegistry", INTERNET), ("AzureContainerRegistry.WestEurope", DROP)], "Registry.WestEurope"),
        ([("AzureContainerRegistry", INTERNET), ("AzureContainerRegistry.WestEurope", INTERNET)], "translated"),
        ([("AzureContainerRegistry", DROP), ("AzureCloud", INTERNET)], "drops"),
        (
            [("0.0.0.0/0", DROP), ("AzureContainerRegistry", INTERNET), ("AzureContainerRegistry.Eastus", DROP)],
            "Registry.Eastus",
        ),
        ([("0.0.0.0/1", DROP), ("128.0.0.0/1", DROP)], "drops"),
        ([("0.0.0.0/1", DROP), ("128.0.0.0/1", INTERNET)], "0.0.0.0/1"),
        ([("0.0.0.0/1", DROP)], "0.0.0.0/1"),
        ([("0.0.0.0/0", INTERNET), ("0.0.0.0/1", DROP)], "0.0.0.0/1"),
        ([("0.0.0.0/1", DROP), ("128.0.0.0/1", DROP), ("AzureCloud", INTERNET)], "translated"),
        ([("0.0.0.0/1", DROP), ("128.0.0.0/1", DROP), ("0.0.0.0/0", INTERNET)], "drops"),
        ([("198.0.0.0/7", DROP), ("AzureContainerRegistry", INTERNET)], "translated"),
        ([("198.0.0.0/8", DROP), ("AzureContainerRegistry", INTERNET)], "198.0.0.0/8"),
        ([("203.0.113.0/24", DROP)], "203.0.113.0/24"),
        ([("203.0.113.0/24", INTERNET)], "translated"),
        ([("203.0.113.0/24", INTERNET), ("0.0.0.0/0", INTERNET)], "translated"),
        ([("203.0.113.0/24", INTERNET), ("0.0.0.0/0", APPLIANCE)], "203.0.113.0/24"),
        ([("10.0.0.0/8", DROP), ("172.16.0.0/12", DROP), ("192.168.0.0/16", DROP)], "translated"),
        ([("100.64.0.0/10", DROP), ("169.254.0.0/16", DROP), ("127.0.0.0/8", DROP)], "translated"),
        ([("172.0.0.0/8", DROP)], "172.0.0.0/8"),
        ([("Storage", DROP), ("Sql.WestEurope", DROP), ("::/0", DROP), ("AzureCloudX", DROP)], "translated"),
        ([("0.0.0.0/0", ("VnetLocal", ""))], "routed to vnetlocal"),
    ],
)
def test_the_most_specific_route_counts(routes: list[tuple[str, tuple[str, str]]], way: str, tmp_path: Path) -> None:
    table = "{group}/providers/Microsoft.Network/routeTables/out"
    listed = [
        {"properties": {"addressPrefix": prefix, "nextHopType": kind, "nextHopIpAddress": address}}
        for prefix, (kind, address) in routes
    ]
    patch = [
        {"document": "legacy-vnet", "pointer": "/properties/subnets/0/properties/routeTable", "value": {"id": table}},
        {"document": table, "body": {"properties": {"routes": listed}}},
        {"document": "firewalls", "body": {"value": []}},
    ]
    path = Facts(case_scope({"target": "legacy", "patch": patch}, tmp_path))("pull_paths")[0]
    assert isinstance(path, PullPath)
    if way == "translated":
        assert [str(one) for one in path.egress.addresses] == ["198.51.100.20"]
    else:
        with pytest.raises(FactUnavailable, match=way):
            _ = path.egress.addresses


@pytest.mark.parametrize(
    ("state", "provisioning", "works"),
    [
        ("Completed", "Succeeded", True),
        ("done", "succeeded", True),
        ("Completed", "Failed", False),
        ("Completed", "Canceled", False),
        ("Failed", "Succeeded", False),
        ("InProgress", "Succeeded", None),
        ("Completed", "Creating", None),
        ("Completed", "Updating", None),
        ("Completed", "Deleting", None),
        (None, "Succeeded", None),
        ("Completed", None, None),
    ],
)
def test_a_link_works_when_it_is_established(state: str | None, provisioning: str | None, works: bool | None) -> None:  # noqa: FBT001
    body = {
        "properties": {
            "virtualNetwork": {"id": "/network"},
            "virtualNetworkLinkState": state,
            "provisioningState": provisioning,
        }
    }
    link = Link(document(body), "", decode(document(body), _Link).properties)
    if works is None:
        with pytest.raises(FactUnavailable):
            _ = link.works
    else:
        assert link.works is works


def bodies(kind: str) -> Iterator[dict[str, Any]]:
    """Yield each recorded resource of *kind*, those of lists one by one."""
    for path in sorted((CORPUS / kind).glob("*.json")):
        body = json.loads(path.read_text())
        listed = body.get("value") if isinstance(body, dict) else None
        for one in listed if isinstance(listed, list) else [body]:
            if isinstance(one, dict) and "properties" in one:
                yield one


def document(body: Any) -> Document:
    return Document(id=body.get("id", "/recorded"), provider=Provider.ARM, status=Status.READ, body=body)


def scope_of(*documents: Document) -> Scope:
    return Scope(Snapshot(documents, captured_at=healthy().captured_at), Target("recorded"), Settings())


@pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS names no folder with wire/recorded")
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("microsoft.network__virtualnetworks", _VirtualNetwork),
        ("microsoft.network__virtualnetworks__subnets", _Subnet),
        ("microsoft.network__routetables", _Table),
        ("microsoft.network__routetables__routes", _Route),
        ("microsoft.network__azurefirewalls", _Firewall),
        ("microsoft.network__privateendpoints", _Endpoint),
        ("microsoft.network__networkinterfaces", _Interface),
        ("microsoft.network__privatednszones", _Zone),
        ("microsoft.network__privatednszones__virtualnetworklinks", _Link),
        ("microsoft.network__privatednszones__a", _Record),
        ("microsoft.containerregistry__registries", _Registry),
    ],
)
def test_every_recorded_answer_decodes(kind: str, shape: type[Any]) -> None:
    found = [decode(document(body), shape) for body in bodies(kind)]
    assert found, f"nothing recorded of {kind}"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS names no folder with wire/recorded")
def test_every_recorded_answer_is_judged_without_an_error_of_ours() -> None:
    """Whatever a recorded document lacks makes a fact unavailable, and nothing else."""
    seen = 0
    for body in bodies("microsoft.network__virtualnetworks"):
        network = VirtualNetwork(document(body), "", decode(document(body), _VirtualNetwork))
        seen += len((network.dns_servers, network.may_learn_routes, network.default_nat_gateway))
        for subnet in network.subnets:
            seen += len((subnet.nat_gateway, subnet.route_table, subnet.service_endpoint("Microsoft.Storage")))
    for body in bodies("microsoft.containerregistry__registries"):
        with suppress(FactUnavailable):
            registry = Registry(document(body), "", decode(document(body), _Registry))
            seen += len((registry.public_access, registry.is_updating))
    for body in bodies("microsoft.network__routetables__routes"):
        with suppress(FactUnavailable):
            route = Route(document(body), "/properties", decode(document(body), _Route).properties)
            seen += len((route.prefix, route.range, route.tag, route.hop))
    for body in bodies("microsoft.network__azurefirewalls"):
        firewall = Firewall(document(body), "", decode(document(body), _Firewall))
        seen += len((firewall.configurations, firewall.subnet, firewall.listens_at("10.0.0.4", [])))
    for kind in ("publicipaddresses", "publicipprefixes", "natgateways"):
        for body in bodies(f"microsoft.network__{kind}"):
            ask = nat_gateway_addresses if kind == "natgateways" else public_address
            with suppress(FactUnavailable):
                seen += bool(ask(scope_of(document(body)), body["id"]))
    for body in bodies("microsoft.network__privatednszones__virtualnetworklinks"):
        with suppress(FactUnavailable):
            link = Link(document(body), "", decode(document(body), _Link).properties)
            seen += len((link.network, link.works, link.falls_back))
    for body in bodies("microsoft.network__privatednszones__a"):
        with suppress(FactUnavailable):
            seen += len(ARecord(document(body), "", decode(document(body), _Record).properties).addresses)
    assert seen > 100


@pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS names no folder with wire/recorded")
def test_recorded_connections_and_zone_groups_are_read_as_lists() -> None:
    connections = 0
    for path in sorted((CORPUS / "microsoft.containerregistry__registries__privateendpointconnections").glob("*.json")):
        body = json.loads(path.read_text())
        listed = document(body if "value" in body else {"value": [body]})
        scope = scope_of()
        endpoints = PrivateEndpoints(listed, "", scope, None)  # type: ignore[arg-type]  # not asked for
        connections += sum(bool(one.endpoint) for one in endpoints.approved)
    assert connections
    for path in sorted((CORPUS / "microsoft.network__privateendpoints__privatednszonegroups").glob("*.json")):
        body = json.loads(path.read_text())
        assert decode(document(body if "value" in body else {"value": [body]}), _Groups).value
