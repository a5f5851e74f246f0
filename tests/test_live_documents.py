"""What live reading does to the verdicts: document by document, tenant by tenant, and where Azure's ids are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from pullready import snapshot as snapshots
from pullready.collectors import grants
from pullready.collectors.live import collect
from pullready.collectors.saved import cleaned
from pullready.config import Settings, Target
from pullready.facts import Need, ids
from pullready.outcome import Exit, Run
from pullready.snapshot import Document, Snapshot, Status
from pullready.verdict import Unknown, Verdict
from tests.azure import runs
from tests.azure.fixtures import Serve
from tests.azure.standin import Standin
from tests.environment import HUB
from tools.shop.contents import contents
from tools.shop.environment import LEGACY, LEGACY_CLIENT, PROD, SHOP, SIZES, SUBSCRIPTION, Bodies, healthy
from tools.shop.firewall import POLICY, application_rule, network_rule, policies
from tools.shop.hub import ENDPOINTS, STAGE, STAGE_TOOLS, hub

OTHER_SUBSCRIPTION: Final = "99999999-1111-4111-8111-111111111111"
TENANTS: Final = ("aaaaaaaa-2222-4222-8222-222222222222", "bbbbbbbb-2222-4222-8222-222222222222")


def verdicts(run: Run) -> dict[tuple[str, str], Verdict]:
    return {(result.check.id, result.target): result.verdict for result in run.results}


@pytest.fixture(scope="module")
def readers() -> dict[str, set[str]]:
    """Which checks have each document read, by its id in lower case; filled by the first test that needs it."""
    return {}


def readers_of(id_: str, readers: dict[str, set[str]], standin: Standin, path: Path) -> set[str]:
    if not readers:
        for slug, check in runs.CHECKS.items():
            standin.requests.clear()
            runs.judge(path, {slug: check})
            for asked in standin.asked():
                readers.setdefault(asked.casefold(), set()).add(slug)
    return readers[id_.casefold()]


#: Where no registry is asked, nobody reads what it holds, nor the sizes that are looked at only with it.
READ: Final = sorted(healthy().keys() - contents().keys() - {SIZES})


@pytest.mark.parametrize("forbidden", READ)
def test_without_permission_on_one_document_only_the_checks_that_read_it_are_unknown(
    forbidden: str, readers: dict[str, set[str]], serve: Serve, tmp_path: Path
) -> None:
    standin = serve(runs.served())
    path = runs.configure(tmp_path, standin, runs.targets("prod", "legacy"))
    concerned = readers_of(forbidden, readers, standin, path)
    document = standin.snapshot.document(forbidden)
    refused = Document(id=forbidden, provider=document.provider, status=Status.FORBIDDEN)
    standin.snapshot = standin.snapshot.with_documents([refused])
    run = runs.judge(path)
    assert run.exit_code is Exit.INCOMPLETE
    unknown = {check for (check, _), verdict in verdicts(run).items() if verdict is Verdict.UNKNOWN}
    assert unknown
    assert unknown <= concerned
    assert set(verdicts(run).values()) <= {Verdict.UNKNOWN, Verdict.CLEAR, Verdict.NOT_APPLICABLE}


def resource_ids(value: Any, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where in *value* a resource id stands."""
    match value:
        case str() if value.startswith("/subscriptions/"):
            yield pointer
        case dict() | list():
            for key, one in value.items() if isinstance(value, dict) else enumerate(value):
                yield from resource_ids(one, (*pointer, key))


NO_IDS: Final = (
    "",
    "shop",
    "/",
    "/subscriptions",
    "/subscriptions//x",
    "https://evil.example/x",
    f"/subscriptions/{SUBSCRIPTION}",
)
PLACES: Final = [(id_, place) for id_, body in sorted(healthy().items()) for place in resource_ids(body)]


@pytest.mark.parametrize("number", range(len(PLACES)))
def test_what_is_no_resource_id_breaks_nothing(number: int, serve: Serve, tmp_path: Path) -> None:
    bodies = healthy()
    id_, (*steps, last) = PLACES[number]
    holder: Any = bodies[id_]
    for step in steps:
        holder = holder[step]
    holder[last] = NO_IDS[number % len(NO_IDS)]
    standin = serve(runs.served(bodies))
    run = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod", "legacy")))
    assert [result.check.id for result in run.results if result.broken] == []
    assert {request.service for request in standin.requests} == {"arm", "graph"}


def behind_a_firewall() -> Bodies:
    """Return the hub, with a rule that lets layers come from storage accounts of a cloud without a known name."""
    images = application_rule("images", *(host for _, host in ENDPOINTS.values()))
    return hub() | policies(images, network_rule("tools", "AzureContainerRegistry", "Storage.WestEurope", "Storage"))


STAGE_TARGET: Final = {"cluster": STAGE, "manifests": [str(HUB / "manifests" / "stage")]}


def test_a_cluster_behind_a_firewall_is_ready_by_what_is_there_and_no_more(serve: Serve, tmp_path: Path) -> None:
    # The deny assignments come in one round with the roles, of which the token in its pull secret has no need.
    around = {ids.replications_of(STAGE_TOOLS): [{"location": "westeurope"}], ids.deny_assignments_at(STAGE_TOOLS): []}
    bodies = behind_a_firewall() | around
    standin = serve(runs.served(bodies))
    assert runs.judge(runs.configure(tmp_path, standin, [STAGE_TARGET])).exit_code is Exit.READY
    beside = grants.permissions_at(f"/subscriptions/{SUBSCRIPTION}")
    assert {one.casefold() for one in standin.asked()} == {one.casefold() for one in (*bodies, beside)}


def with_secrets() -> Bodies:
    """Return the hub, with what people may write of secrets into a firewall's policy."""
    bodies = behind_a_firewall()
    bodies[POLICY]["properties"]["explicitProxy"] = {"pacFile": "https://shop.example/pac?sig=canary1", "httpPort": 80}
    rules = bodies[ids.rule_collection_groups_of(POLICY)][0]["properties"]["ruleCollections"][1]["rules"]
    rules[0]["httpHeadersToInsert"] = [{"headerName": "Authorization", "headerValue": "canary2"}]
    return bodies


def test_what_a_policy_holds_of_secrets_is_not_kept(serve: Serve, tmp_path: Path) -> None:
    runs.configure(tmp_path, serve(runs.served(with_secrets())), [STAGE_TARGET])
    assert runs.run(tmp_path).exit_code == 0
    assert "hub-policy" in (tmp_path / "saved.json").read_text()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "canary" in path.read_text()] == []


def test_what_a_policy_in_a_snapshot_made_by_hand_holds_of_secrets_is_not_kept() -> None:
    kept = [cleaned(document) for document in runs.served(with_secrets())]
    assert "httpPort" in str([document.body for document in kept])
    assert "canary" not in str([document.body for document in kept])


FIREWALL_PLACES: Final = [
    (id_, place)
    for id_, body in sorted(behind_a_firewall().items())
    if any(kind in id_ for kind in ("irewall", "ipGroups", "routeTables"))
    for place in resource_ids(body)
]


@pytest.mark.parametrize("number", range(len(FIREWALL_PLACES)))
def test_what_is_no_resource_id_in_a_firewall_breaks_nothing(number: int, serve: Serve, tmp_path: Path) -> None:
    bodies = behind_a_firewall()
    id_, (*steps, last) = FIREWALL_PLACES[number]
    holder: Any = bodies[id_]
    for step in steps:
        holder = holder[step]
    holder[last] = NO_IDS[number % len(NO_IDS)]
    standin = serve(runs.served(bodies))
    run = runs.judge(runs.configure(tmp_path, standin, [STAGE_TARGET]))
    assert [result.check.id for result in run.results if result.broken] == []


@pytest.mark.parametrize("no_id", NO_IDS)
def test_a_pool_in_no_subnet_is_unknown_and_the_others_are_not(no_id: str, serve: Serve, tmp_path: Path) -> None:
    bodies = healthy()
    bodies[PROD]["properties"]["agentPoolProfiles"][1]["vnetSubnetID"] = no_id
    standin = serve(runs.served(bodies))
    run = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod", "legacy")))
    assert run.exit_code is Exit.INCOMPLETE
    unknown = [one.judgement for result in run.results for one in result.judged if isinstance(one.judgement, Unknown)]
    assert {judgement.subject.partition(" ")[0] for judgement in unknown} == {"linux1"}


def test_a_cluster_that_says_nothing_of_its_pools_leaves_the_others_alone(serve: Serve, tmp_path: Path) -> None:
    bodies = healthy()
    del bodies[PROD]["properties"]["agentPoolProfiles"]
    standin = serve(runs.served(bodies))
    run = runs.judge(runs.configure(tmp_path, standin, runs.targets("prod", "legacy")))
    assert run.exit_code is Exit.INCOMPLETE
    assert {target for (_, target), verdict in verdicts(run).items() if verdict is Verdict.UNKNOWN} == {"prod"}


def in_other_subscription(text: str) -> str:
    return text.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)


def in_two_tenants(serve: Serve) -> Standin:
    """Serve the shop a second time, in a subscription of another tenant, with the same application in both."""
    second = {in_other_subscription(id_): body for id_, body in healthy().items() if not id_.startswith("graph:")}
    bodies = healthy() | json.loads(in_other_subscription(json.dumps(second)))
    for tenant, end in zip(TENANTS, ("2021-01-01T00:00:00Z", "9999-12-31T00:00:00Z"), strict=True):
        entity = {"id": f"of-{tenant}", "appId": LEGACY_CLIENT, "accountEnabled": True, "passwordCredentials": []}
        secret = {"keyId": tenant, "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": end}
        bodies[ids.service_principal(LEGACY_CLIENT, tenant)] = [entity]
        bodies[ids.application(LEGACY_CLIENT, tenant)] = [entity | {"passwordCredentials": [secret]}]
    standin = serve(runs.served(bodies))
    standin.homes = dict(zip((SUBSCRIPTION, OTHER_SUBSCRIPTION), TENANTS, strict=True))
    return standin


def test_an_application_of_two_tenants_is_judged_in_each(serve: Serve, tmp_path: Path) -> None:
    standin = in_two_tenants(serve)
    [target] = runs.targets("legacy")
    second = {**target, "cluster": in_other_subscription(LEGACY)}
    described = [{**one, "tenant": tenant} for one, tenant in zip((target, second), TENANTS, strict=True)]
    slug = "cluster-sp-secret-expired"
    run = runs.judge(runs.configure(tmp_path, standin, described), {slug: runs.CHECKS[slug]})
    assert [(result.cluster, result.verdict) for result in run.results] == [
        (LEGACY, Verdict.FOUND),
        (in_other_subscription(LEGACY), Verdict.CLEAR),
    ]
    assert {request.tenant for request in standin.requests if request.service == "graph"} == set(TENANTS)


@pytest.mark.parametrize("order", [1, -1], ids=["read-after-it-was-refused", "refused-after-it-was-read"])
def test_a_registry_is_known_if_one_of_two_tenants_shows_it(order: int, serve: Serve) -> None:
    standin = in_two_tenants(serve)
    registry = in_other_subscription(SHOP)
    clusters = (PROD, in_other_subscription(PROD))
    targets = [
        Target(tenant, cluster=cluster, registries=(registry,), tenant=tenant)
        for tenant, cluster in zip(TENANTS, clusters, strict=True)
    ][::order]
    needs = {target.name: frozenset({Need.CLUSTER, Need.REGISTRIES}) for target in targets}
    said: list[str] = []
    settings = replace(Settings(), cloud=standin.cloud, read_registries=False)
    found = collect(targets, settings, needs, Snapshot(captured_at=datetime.now(UTC)), said.append)
    assert {found.document(id_).status for id_ in (registry, *clusters)} == {Status.READ}
    assert sorted(request.tenant for request in standin.requests if request.id == registry) == list(TENANTS)
    assert not [line for line in said if "cannot" in line]


@pytest.mark.parametrize("order", [1, -1], ids=["the-slower-last", "the-slower-first"])
def test_what_one_tenant_is_refused_is_asked_of_the_other_that_comes_to_it_later(order: int, serve: Serve) -> None:
    standin = in_two_tenants(serve)
    registry = in_other_subscription(SHOP)
    # The first names the registry, so it asks at once; the second finds it in a list.
    targets = [
        Target("first", cluster=PROD, registries=(registry,), tenant=TENANTS[0]),
        Target("second", cluster=in_other_subscription(PROD), registries=("shopimages",), tenant=TENANTS[1]),
    ][::order]
    needs = {target.name: frozenset({Need.CLUSTER, Need.REGISTRIES}) for target in targets}
    settings = replace(Settings(), cloud=standin.cloud)
    found = collect(targets, settings, needs, Snapshot(captured_at=datetime.now(UTC)), lambda _: None)
    assert found.document(registry).status is Status.READ


def test_half_a_character_in_an_answer_is_replaced(serve: Serve, tmp_path: Path) -> None:
    bodies = healthy()
    bodies[PROD]["tags"] = {"half \udc00": "\ud83d", "whole": "\ud83d\ude00"}
    bodies[PROD]["properties"]["agentPoolProfiles"][1]["name"] = "linux\ud800"
    standin = serve(runs.served(bodies))
    runs.configure(tmp_path, standin, runs.targets("prod", "legacy"))
    done = runs.run(tmp_path)
    assert done.exit_code == 10, done.said  # the pool has no scale set of that name
    saved = snapshots.load(tmp_path / "saved.json").document(PROD).body
    assert saved["tags"] == {"half \ufffd": "\ufffd", "whole": "\N{GRINNING FACE}"}
    assert "linux\ufffd" in done.said
