"""Reading through Azure Resource Graph says what single reads say, with fewer requests, whatever the index lacks."""

from __future__ import annotations

import inspect
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from azure.mgmt import resourcegraph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullready.collectors import paths, resource_graph
from pullready.collectors.live import collect
from pullready.collectors.permissions import action_for
from pullready.collectors.reader import Reader
from pullready.config import Settings, Target
from pullready.facts import MAKERS, needs_of
from pullready.snapshot import Document, Provider, Snapshot, Status
from pullready.verdict import Verdict
from tests.azure import environments, kusto, runs
from tests.azure.fixtures import Serve
from tests.azure.rbac import Grant
from tests.azure.resource_graph import TABLE, Index
from tests.azure.standin import PRINCIPAL, Fault, Standin
from tests.conformance.kusto import GROUP, ODD
from tests.environment import ROOT

EVERYTHING: Final = needs_of(MAKERS)
MAKES: Final = (environments.hub, environments.healthy, environments.landing_zone)
Bodies = dict[str, tuple[Status, Any]]


def read(standin: Standin, *, together: bool = True) -> tuple[Snapshot, list[str]]:
    """Read all of the stand-in's snapshot live; return what was read and the lines of progress."""
    said: list[str] = []
    targets = environments.targets(standin.snapshot)
    options = replace(Settings(), cloud=standin.cloud, resource_graph=together, read_registries=False)
    needs = {target.name: EVERYTHING for target in targets}
    return collect(targets, options, needs, environments.unread(standin.snapshot), said.append), said


def bodies(snapshot: Snapshot) -> Bodies:
    """Return what was read, by id, without what Resource Graph spells otherwise or adds: types, names and regions."""
    return {one.id.casefold(): (one.status, plain(one)) for one in snapshot if one.provider is Provider.ARM}


def plain(document: Document) -> Any:
    if not resource_graph.is_asked_for(document.id) or not isinstance(document.body, dict):
        return document.body
    kept = {key: value for key, value in document.body.items() if key not in ("type", "name")}
    return kept | ({"location": kept["location"].casefold()} if "location" in kept else {})


def queries(standin: Standin) -> int:
    return sum(id_ == resource_graph.PATH for id_ in standin.asked("arm"))


def copied(snapshot: Snapshot) -> set[str]:
    return {one.id.casefold() for one in snapshot if (one.api_version or "").startswith("resource-graph/")}


def verdicts(snapshot: Snapshot, folder: Path) -> dict[tuple[str, str], tuple[Verdict, Any]]:
    folder.mkdir(exist_ok=True)
    snapshot.save(folder / "saved.json")
    path = folder / "pullready.yaml"
    path.write_text(json.dumps({"snapshot": "saved.json", "snapshot-max-age": "3650d"}))
    run = runs.judge(path)
    return {(one.check.id, one.target): (one.verdict, one.judged) for one in run.results}


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
def test_both_ways_read_the_same_and_judge_the_same(make: Callable[[], Snapshot], serve: Serve, tmp_path: Path) -> None:
    standin = serve(make())
    single, _ = read(standin, together=False)
    assert queries(standin) == 0
    standin.requests.clear()
    together, said = read(standin)
    assert bodies(together) == bodies(single) == bodies(standin.snapshot)
    assert verdicts(together, tmp_path / "together") == verdicts(single, tmp_path / "single")
    assert together.requests["resource-graph"] == queries(standin) > 1
    assert together.requests["arm"] == len(standin.asked("arm")) - queries(standin)
    assert sum(together.requests.values()) < sum(single.requests.values())
    assert together.requests["arm"] + len(copied(together)) == single.requests["arm"]
    assert [line for line in said if "Graph" in line] == []


def mutated(environment: Snapshot, seed: random.Random, absent: float, forbidden: float) -> Snapshot:
    """Return *environment* with ids in another letter case, and without some of what Resource Graph may have."""

    def spelt(value: Any) -> Any:
        match value:
            case str() if value.startswith("/subscriptions/"):
                return value.replace("/resourceGroups/", seed.choice(["/resourceGroups/", "/resourcegroups/"]), 1)
            case dict():
                return {key: spelt(one) for key, one in value.items()}
            case list():
                return [spelt(one) for one in value]
            case _:
                return value

    documents = []
    for one in environment:
        if one.provider is Provider.ARM and resource_graph.is_asked_for(one.id):
            kind = seed.random()
            if kind < absent + forbidden:
                status = Status.NOT_FOUND if kind < absent else Status.FORBIDDEN
                documents.append(Document(id=one.id, provider=one.provider, status=status))
                continue
        documents.append(replace_body(one, spelt(one.body)) if one.provider is Provider.ARM else one)
    return Snapshot(documents, captured_at=environment.captured_at, targets=environment.targets)


def replace_body(document: Document, body: Any) -> Document:
    return Document(document.id, document.provider, document.status, document.api_version, body)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    make=st.sampled_from(MAKES),
    seed=st.integers(0, 2**32),
    shares=st.tuples(*[st.sampled_from([0.0, 0.1, 0.4])] * 3),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_environments_come_back_as_they_are_by_both_ways(
    make: Callable[[], Snapshot], seed: int, shares: tuple[float, ...], sizes: tuple[int, int], serve: Serve
) -> None:
    chance = random.Random(seed)  # noqa: S311  (not for secrets)
    environment = mutated(make(), chance, *shares[:2])
    standin = serve(environment, page_size=sizes[0])
    unindexed = {one.id for one in environment if chance.random() < shares[2]}
    standin.index = Index(unindexed=unindexed, page_size=sizes[1])
    single, together = (read(standin, together=way)[0] for way in (False, True))
    assert bodies(together) == bodies(single)
    known = bodies(environment)
    assert {id_: told for id_, told in bodies(single).items() if id_ in known}.items() <= known.items()
    assert copied(together) <= {one.id.casefold() for one in environment if one.status is Status.READ} - {
        id_.casefold() for id_ in unindexed
    }


def test_what_is_not_in_the_index_yet_is_read_singly(serve: Serve) -> None:
    standin = serve(environments.hub())
    standin.index.unindexed = {one.id for one in standin.snapshot}
    found, said = read(standin)
    assert bodies(found) == bodies(standin.snapshot)
    assert copied(found) == set()
    assert queries(standin) > 1
    assert [line for line in said if "Graph" in line] == []


#: How long nobody waits for.
LATER: Final = {"Retry-After": "3600"}
PAGE: Final = {"totalRecords": 0, "count": 0, "data": [], "facets": [], "resultTruncated": "false"}
DENIED: Final = {"error": {"code": "AuthorizationFailed", "message": "no"}}
INVALID: Final = {
    "error": {"code": "BadRequest", "message": "no", "details": [{"code": "InvalidQuery", "message": ""}]}
}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(403, DENIED), "Microsoft.ResourceGraph/resources/read is missing at /subscriptions/"),
        (Fault(429, {"error": {"code": "RateLimiting", "message": "no"}}, LATER), "throttles (RateLimiting)"),
        (Fault(400, INVALID), "answered 400 BadRequest"),
        (Fault(503, {"error": {"code": "ServiceUnavailable", "message": "no"}}, LATER), "answered 503"),
        (Fault(200, b"<html>proxy</html>", {"Content-Type": "text/html"}), "something other than a JSON object"),
        (Fault(200, b'{"totalRecords": 2, "da'), "something other than a JSON object"),
        (Fault(200, {"value": []}), "another shape"),
        (Fault(200, {**PAGE, "data": {"columns": [], "rows": []}}), "another shape"),
        (Fault(200, {**PAGE, "resultTruncated": False}), "another shape"),
        (Fault(200, {**PAGE, "count": 2}), "other rows than it counts"),
        (Fault(200, {**PAGE, "resultTruncated": "true"}), "cut its answer off"),
        (Fault(200, {**PAGE, "$skipToken": "again"}), "nothing new"),
    ],
    ids=lambda one: f"{one.status}" if isinstance(one, Fault) else one,
)
def test_a_query_that_fails_loses_nothing_and_one_line_says_so(fault: Fault, reason: str, serve: Serve) -> None:
    standin = serve(environments.hub())
    standin.fails(resource_graph.PATH, fault)
    found, said = read(standin)
    assert bodies(found) == bodies(standin.snapshot)
    [line] = [line for line in said if "one by one" in line]
    assert reason in line
    assert (queries(standin) > 1) is (fault.status == 403)  # a refusal is for the subscriptions asked about


def test_an_answer_that_is_cut_off_counts_as_far_as_it_goes(serve: Serve) -> None:
    standin = serve(environments.healthy())
    standin.index = Index(page_size=1, truncates=True)
    found, said = read(standin)
    assert bodies(found) == bodies(standin.snapshot)
    assert len(copied(found)) == queries(standin) == 1
    assert "cut its answer off" in str(said)


def rows(standin: Standin, *more: Mapping[str, Any], **page: Any) -> Fault:
    """Return an answer with a row for each cluster of the stand-in, the first with what *more* says in its place."""
    clusters = [row for row in standin.index.rows(standin.snapshot) if "managedclusters" in row["type"]]
    told = [{**clusters[0], **one} for one in more] + clusters[1:]
    return Fault(200, {**PAGE, "totalRecords": len(told), "count": len(told), "data": told, **page}, times=1)


NO_COPIES: Final[Mapping[str, list[Mapping[str, Any]]]] = {
    "no properties": [{"properties": None}],
    "no api-version": [{"apiVersion": None}],
    "an older api-version": [{"apiVersion": "2023-10-01"}],
    "a preview": [{"apiVersion": "2099-01-01-preview"}],
    "another type": [{"type": "microsoft.web/sites"}],
    "no type": [{"type": None}],
    "no id": [{"id": None}],
    "somebody else's id": [{"id": "/subscriptions/x"}],
    "taken in the middle of a change": [{"properties": {"provisioningState": "Updating"}}],
    "twice, and not alike": [{"tags": {"a": "1"}}, {"tags": {"a": "2"}}],
}


@pytest.mark.parametrize("why", NO_COPIES)
def test_a_row_that_does_not_say_enough_is_read_singly(why: str, serve: Serve) -> None:
    standin = serve(environments.hub())
    standin.fails(resource_graph.PATH, rows(standin, *NO_COPIES[why]))
    single, copy = read_together(standin, [(clusters(standin), Target("prod"))])
    assert single.api_version == paths.question(single.id).client.api_version
    assert copy.api_version == "resource-graph/2099-01-01"
    assert [plain(one) for one in (single, copy)] == [
        plain(standin.snapshot.document(one.id)) for one in (single, copy)
    ]


def clusters(standin: Standin) -> list[str]:
    return [one.id for one in standin.snapshot if paths.type_of(one.id) == "microsoft.containerservice/managedclusters"]


def test_a_row_that_comes_twice_alike_counts_and_empty_columns_do_not(serve: Serve) -> None:
    standin = serve(environments.hub())
    standin.fails(resource_graph.PATH, rows(standin, {"kind": ""}, {"kind": ""}))
    found = read_together(standin, [(clusters(standin), Target("prod"))])
    assert {one.api_version for one in found} == {"resource-graph/2099-01-01"}
    assert [plain(one) for one in found] == [plain(standin.snapshot.document(one.id)) for one in found]


def test_pages_without_an_end_are_left_when_they_bring_nothing_new(serve: Serve) -> None:
    standin = serve(environments.hub())
    standin.fails(resource_graph.PATH, replace(rows(standin, {}, **{"$skipToken": "more"}), times=1_000_000))
    found, said = read(standin)
    assert bodies(found) == bodies(standin.snapshot)
    assert queries(standin) == 2
    assert "nothing new" in str(said)


def test_a_copy_may_be_late_and_says_that_it_is_one(serve: Serve) -> None:
    standin = serve(environments.hub())
    wanted = [one.id for one in standin.snapshot if paths.type_of(one.id) == "microsoft.network/networkinterfaces"]
    standin.index.stale = {wanted[0]: {"properties": {"ipConfigurations": []}}}
    late, *others = read_together(standin, [(wanted, Target("prod"))])
    assert late.body["properties"] == {"ipConfigurations": []}
    assert late.body["properties"] != standin.snapshot.document(late.id).body["properties"]
    assert {one.api_version for one in (late, *others)} == {"resource-graph/2099-01-01"}


def test_what_the_caller_may_not_read_is_forbidden_and_not_absent(serve: Serve) -> None:
    standin = serve(environments.hub())
    hidden = "Microsoft.Network/virtualNetworks/read"
    standin.grants = [Grant(PRINCIPAL, "/", ("*",), (hidden,))]
    found, said = read(standin)
    networks = {one.status for one in found if paths.type_of(one.id) == "microsoft.network/virtualnetworks"}
    assert networks == {Status.FORBIDDEN}
    assert copied(found)
    assert hidden in str(said)


def test_without_the_permission_everything_is_read_singly(serve: Serve) -> None:
    standin = serve(environments.hub())
    standin.grants = [Grant(PRINCIPAL, "/", ("*",), (resource_graph.PERMISSION.action,))]
    found, said = read(standin)
    assert bodies(found) == bodies(standin.snapshot)
    assert copied(found) == set()
    assert sum("one by one" in line for line in said) == 1


def test_secrets_in_copies_are_not_kept(serve: Serve) -> None:
    standin = serve(environments.hub())
    wanted = []
    for one in standin.snapshot:
        if paths.type_of(one.id) == "microsoft.containerservice/managedclusters":
            one.body["properties"]["httpProxyConfig"] = {"httpProxy": "http://canary:canary@proxy.example:3128/"}
            wanted.append(one.id)
        if paths.type_of(one.id) == "microsoft.network/firewallpolicies":
            one.body["properties"]["explicitProxy"] = {"pacFile": "https://shop.example/?sig=canary", "httpPort": 80}
            wanted.append(one.id)
    found = read_together(standin, [(wanted, Target("prod"))])
    assert len(found) == len([one for one in found if (one.api_version or "").startswith("resource-graph/")]) == 4
    kept = str(found)
    assert "canary" not in kept
    assert kept.count("http://***@proxy.example") == kept.count("httpPort") == 2


def read_together(standin: Standin, asked: list[tuple[list[str], Target]]) -> list[Document]:
    """Return what a reader reads of what is *asked* for at once."""
    with Reader(replace(Settings(), cloud=standin.cloud, resource_graph=True)) as reader:
        reader.start_together(asked)
        return [future.result() for ids, target in asked for future in reader.start(ids, target)]


def test_many_resources_are_read_by_few_questions_and_each_tenant_is_asked_for_itself(serve: Serve) -> None:
    wanted = [f"{GROUP}/shop/providers/Microsoft.Network/routeTables/{number}" for number in range(250)]
    documents = [Document(id_, Provider.ARM, Status.READ, body={"id": id_, "properties": {}}) for id_ in wanted]
    standin = serve(Snapshot(documents, captured_at=environments.hub().captured_at))
    one, other = Target("one"), Target("two", tenant="99999999-9999-4999-8999-999999999999")
    found = read_together(standin, [(wanted, one), (wanted[:3], other), (wanted, one)])
    assert [document.id for document in found] == wanted + wanted[:3] + wanted
    assert {document.status for document in found} == {Status.READ}
    assert Counter(standin.asked()) == {resource_graph.PATH: 4}  # 100, 100 and 50; and 3


def test_a_batch_that_breaks_leaves_nobody_waiting(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("bug")

    standin = serve(environments.hub())
    monkeypatch.setattr(resource_graph, "read", broken)
    began = time.monotonic()
    with pytest.raises(KeyError, match="bug"):
        read(standin)
    assert time.monotonic() - began < 30


NETWORK: Final = f"{GROUP}/shop/providers/Microsoft.Network/virtualNetworks"


@pytest.mark.parametrize("name", ODD)
def test_no_name_breaks_out_of_the_query(name: str) -> None:
    ids = (f"{NETWORK}/{name}", f"{NETWORK}/other")
    assert resource_graph.is_asked_for(ids[0])
    assert kusto.parse(resource_graph.query(ids)).ids == ids


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/?"), min_size=1), min_size=1))
def test_ids_stay_what_they_are(names: list[str]) -> None:
    ids = tuple(filter(resource_graph.is_asked_for, (f"{NETWORK}/{name}" for name in names)))
    assert not ids or kusto.parse(resource_graph.query(ids)).ids == ids


@pytest.mark.parametrize(
    "id_",
    [
        NETWORK,
        f"{NETWORK}/one/subnets/two",
        f"{NETWORK}/one?$filter=atScope()",
        f"{NETWORK}/{{{{{GROUP}/x/providers/Microsoft.ResourceGraph/queries/y}}}}",
        f"{NETWORK}/{{x}}",
        f"{NETWORK}/a\nb",
        f"{NETWORK}/..",
        f"{GROUP}/../providers/Microsoft.Network/virtualNetworks/one",
        "/subscriptions/' or true/resourceGroups/shop/providers/Microsoft.Network/virtualNetworks/one",
        f"{GROUP}/shop/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io",
        f"{GROUP}/shop/providers/Microsoft.Compute/virtualMachineScaleSets/one",
        "kubernetes:prod/api/v1/pods",
        "graph:/v1.0/servicePrincipals?$filter=appId eq 'x'",
        "https://shop.azurecr.io/v2/web/manifests/1.0",
        "",
    ],
)
def test_what_resource_graph_is_not_asked_for(id_: str) -> None:
    assert not resource_graph.is_asked_for(id_)


def test_one_resource_is_not_worth_a_question() -> None:
    ids = [f"{NETWORK}/{number}" for number in range(101)]
    assert list(resource_graph.batches(ids[:1])) == []
    assert [len(batch) for batch in resource_graph.batches(ids)] == [100]


def test_every_type_is_one_that_azure_has_in_the_table_and_in_a_version_of_its_own() -> None:
    assert resource_graph.TYPES.keys() <= TABLE
    assert all(version <= paths.question(f"{GROUP}/x/providers/{type_}/y").client.api_version
               for type_, version in resource_graph.TYPES.items())  # fmt: skip


def first(answer: Any, _: paths.Question) -> Any:
    return answer


def test_recorded_answers_are_pages_and_tables_are_not() -> None:
    corpus = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared"))
    recorded = [*corpus.glob("wire/recorded/microsoft.resourcegraph__resources/*.json")]
    if not recorded:
        pytest.skip("PULLREADY_CORPUS names no folder with wire/recorded")
    understood: set[tuple[bool, bool]] = set()
    for path in recorded:
        answer = json.loads(path.read_text())
        held = resource_graph.read([f"{NETWORK}/one", f"{NETWORK}/two"], partial(first, answer))
        assert held.copies == {}
        understood.add((isinstance(answer["data"], list), held.refusal is None))
    assert understood == {(True, True), (False, False)}


def test_client_and_permission_are_those_that_are_declared() -> None:
    folder = Path(inspect.getfile(resourcegraph)).parent
    assert f'"api_version", "{resource_graph.CLIENT.api_version}"' in (folder / "_configuration.py").read_text()
    assert hasattr(resourcegraph, resource_graph.CLIENT.name)
    assert action_for(resource_graph.PATH) == resource_graph.PERMISSION.action
    assert resource_graph.PERMISSION.opt_in == "resource-graph"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resources",
        "resources | take 1",
        "resources | where id =~ 'a' | project id | order by id asc",
        "resources | where id in~ ('a') | project id | order by id",
        "resources | where id in~ ('a) | project id | order by id asc",
        "resources | where id in~ () | project id | order by id asc",
        "resources | where id in~ ('a') | project ids | order by id asc",
        "resources | where id in~ ('a') | project id | order by id asc | take 1",
        "resources | where id in~ ('{{a}}') | project id | order by id asc",
    ],
)
def test_the_stand_in_refuses_what_is_never_sent(text: str) -> None:
    with pytest.raises(kusto.QueryInvalid):
        kusto.parse(text)
