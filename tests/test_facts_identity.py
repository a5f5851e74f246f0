"""The facts about who pulls: over recorded answers of Azure, and the rules that collectors share with facts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pullready import catalogue
from pullready.errors import FactUnavailable
from pullready.facts import Cluster, Facts, Scope, ids
from pullready.facts.authorization import candidates, definitions_needed, memberships_matter, pull_roles
from pullready.facts.base import decode
from pullready.facts.deny_assignments import EVERYBODY
from pullready.facts.graph import Validity, only
from pullready.facts.nodes import MachineList, machine_lists_needed
from pullready.facts.pullers import Kubelet, Puller
from pullready.facts.rights import held_by
from pullready.facts.roles import PULL_ACTION, DefinitionWire, RoleDefinition
from pullready.snapshot import Document, Provider, Status
from pullready.spec import run_check
from pullready.verdict import Clear, Found, NotApplicable, Unknown
from tests.environment import NAMES, ROOT, case_scope, healthy

CORPUS = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "wire" / "recorded"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="PULLREADY_CORPUS names no folder with recorded answers")
KUBELET = "33333333-3333-4333-8333-333333333333"
LEGACY = "66666666-6666-4666-8666-666666666666"
T = TypeVar("T")


def recorded(*kinds: str) -> Iterator[dict[str, Any]]:
    """Yield every recorded resource of *kinds*, those of lists one by one."""
    count = 0
    for kind in kinds:
        for path in sorted((CORPUS / kind).glob("*.json")):
            body = json.loads(path.read_text())
            for one in body.get("value", [body]) if isinstance(body, dict) else []:
                if isinstance(one, dict) and "id" in one:
                    count += 1
                    yield one
    assert count, f"nothing recorded of {kinds}"


def read(body: Any, id_: str = "/recorded", provider: Provider = Provider.ARM) -> Document:
    return Document(id=id_, provider=provider, status=Status.READ, body=body)


def known(ask: Callable[[], T]) -> T | None:
    """Return what is asked for; none where the recording leaves it out. Any other exception is a failure."""
    try:
        return ask()
    except FactUnavailable:
        return None


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    return case_scope({}, tmp_path)


def with_documents(scope: Scope, *documents: Document) -> Scope:
    return replace(scope, snapshot=scope.snapshot.with_documents(documents))


def without(scope: Scope, *names: str) -> Scope:
    return with_documents(
        scope,
        *(Document(id=NAMES[name], provider=Provider.ARM, status=Status.NOT_ASKED) for name in names),
    )


@needs_corpus
def test_recorded_clusters_say_which_machines_they_have(scope: Scope) -> None:
    lists = 0
    for body in recorded("microsoft.containerservice__managedclusters"):
        facts = Facts(
            replace(with_documents(scope, read(body, body["id"])), target=replace(scope.target, cluster=body["id"]))
        )
        cluster: Cluster = facts("cluster")
        known(lambda: cluster.service_principal_client_id)  # noqa: B023
        lists += len(known(lambda: machine_lists_needed(cluster)) or ())  # noqa: B023
        for pool in known(lambda: facts("pool_machines")) or ():  # noqa: B023
            known(lambda: pool.may_be_empty)  # noqa: B023
        known(lambda: facts("cluster_service_principals"))  # noqa: B023
    assert lists


@needs_corpus
def test_recorded_scale_sets_say_their_identities_and_pool() -> None:
    bodies = list(recorded("microsoft.compute__virtualmachinescalesets"))
    machines = MachineList(read({"value": bodies})).machines
    assert len(machines) == len(bodies)
    assert {machine.pool for machine in machines} >= {"nodepool1", "default"}
    attached = 0
    for machine, body in zip(machines, bodies, strict=True):
        identities = (body.get("identity") or {}).get("userAssignedIdentities") or {}
        for identity in identities:
            assert machine.attached(identity.upper()) is not None
            attached += 1
        assert machine.attached("/none") is None
    assert attached


@needs_corpus
def test_recorded_role_assignments_name_principal_role_and_scope(scope: Scope) -> None:
    bodies = list(recorded("microsoft.authorization__roleassignments", "microsoft.containerregistry__roleassignments"))
    for body in bodies:
        registry = body["properties"]["scope"] + "/providers/Microsoft.ContainerRegistry/registries/one"
        within = with_documents(scope, read({"value": [body]}, ids.role_assignments_at(registry)))
        found = candidates(within, registry, body["properties"]["principalId"].upper())
        assert len(found.own) == 1
        assert not found.obstacles
        assert definitions_needed(within, registry, body["properties"]["principalId"]) == (found.own[0].role,)


@needs_corpus
def test_recorded_roles_say_whether_they_carry_the_pull() -> None:
    carrying: dict[str, bool] = {}
    for body in recorded("microsoft.authorization__roledefinitions", "microsoft.containerregistry__roledefinitions"):
        document = read(body, body["id"])
        role = RoleDefinition(document, "", decode(document, DefinitionWire))
        assert isinstance(role.is_custom, bool)
        carrying[role.name] = role.carries(PULL_ACTION) is not None
    assert carrying["Contributor"]
    assert not carrying["Avere Cluster Create"]


@needs_corpus
def test_recorded_secrets_have_dates() -> None:
    judged = 0
    for body in recorded("msgraph_applications", "msgraph_servicePrincipals", "msgraph_serviceprincipals"):
        entity = only(read({"value": [body]}, provider=Provider.GRAPH))
        assert entity is not None
        validity = Validity.of(entity, healthy().captured_at)
        if "passwordCredentials" in body:
            assert not validity.obstacles
            judged += len(entity.secrets)
    assert judged > 20


@needs_corpus
def test_recorded_registries_get_a_verdict_on_the_role(scope: Scope) -> None:
    check = catalogue.load()["kubelet-pull-role-missing"]
    without_rules = 0
    for body in recorded("microsoft.containerregistry__registries"):
        if "/registries/" not in body["id"] or not body.get("properties", {}).get("loginServer"):
            continue
        without_rules += "networkRuleSet" not in body["properties"]
        here = with_documents(scope, read(body, body["id"]), read({"value": []}, ids.role_assignments_at(body["id"])))
        judged = run_check(check, Facts(replace(here, target=replace(scope.target, registries=(body["id"],)))))
        about = [one for one in judged if one.subject == f"prod → {body['properties']['loginServer'].lower()}"]
        assert len(about) == 1
        assert isinstance(about[0], Found | NotApplicable | Unknown)
        assert isinstance(about[0], Found) or "role" in about[0].reason or "ABAC" in about[0].reason, about
    assert without_rules


def test_registries_named_without_any_workload_are_judged(scope: Scope) -> None:
    named = replace(scope, manifests=(), target=replace(scope.target, manifests=(), registries=("shopimages",)))
    (judged,) = run_check(catalogue.load()["kubelet-pull-role-missing"], Facts(named))
    assert isinstance(judged, Clear)
    nothing = with_documents(named, read({"value": []}, NAMES["shop-roles"]))
    (judged,) = run_check(catalogue.load()["kubelet-pull-role-missing"], Facts(nothing))
    assert isinstance(judged, Found)


def test_own_assignment_decides_and_groups_are_not_asked_for(scope: Scope) -> None:
    assert definitions_needed(scope, NAMES["shop"], KUBELET) == (NAMES["acr-pull"],)
    assert memberships_matter(scope, NAMES["shop"], KUBELET, by_repository=False) is False


def test_groups_are_asked_for_where_a_group_s_role_may_decide(scope: Scope) -> None:
    assert memberships_matter(scope, NAMES["shop"], LEGACY, by_repository=False) is True
    assert memberships_matter(without(scope, "acr-pull"), NAMES["shop"], LEGACY, by_repository=False) is True


def test_groups_are_not_asked_for_where_no_group_s_role_pulls(scope: Scope) -> None:
    role = scope.document(NAMES["acr-pull"])
    powerless = {**role.body, "properties": {**role.body["properties"], "permissions": []}}
    assert (
        memberships_matter(with_documents(scope, read(powerless, role.id)), NAMES["shop"], LEGACY, by_repository=False)
        is False
    )


def test_groups_matter_by_what_the_registry_asks_for(scope: Scope) -> None:
    """The group of the healthy example has AcrPull, which carries nothing where the registry grants by repository."""
    registry = NAMES["shopteams"]
    assert memberships_matter(scope, registry, LEGACY, by_repository=False) is True
    assert memberships_matter(scope, registry, LEGACY, by_repository=True) is False
    own, group = scope.document(NAMES["shopteams-roles"]).body["value"]
    reader = {**group, "properties": {**group["properties"], "roleDefinitionId": NAMES["repository-reader"]}}
    limited = {**own, "properties": {**own["properties"], "condition": "x", "conditionVersion": "2.0"}}
    for held, matters in ((own, False), (limited, True)):
        within = with_documents(scope, read({"value": [held, reader]}, NAMES["shopteams-roles"]))
        assert memberships_matter(within, registry, KUBELET, by_repository=True) is matters


def test_definitions_of_other_principals_are_not_needed(scope: Scope) -> None:
    id_ = ids.role_assignments_at(NAMES["shop"])
    assignments = scope.document(id_).body["value"]
    one, two = (
        {**assignments[0], "properties": {**assignments[0]["properties"], "principalId": who, "roleDefinitionId": role}}
        for who, role in ((LEGACY, "/roles/legacy"), (KUBELET, "/roles/KUBELET"))
    )
    three = {**two, "properties": {**two["properties"], "roleDefinitionId": "/roles/more"}}
    body = {
        "value": [one, two, three, {**two, "properties": {**two["properties"], "roleDefinitionId": "/roles/kubelet"}}]
    }
    assert definitions_needed(with_documents(scope, read(body, id_)), NAMES["shop"], KUBELET) == (
        "/roles/KUBELET",
        "/roles/more",
    )


@pytest.mark.parametrize(
    "ask", [definitions_needed, partial(memberships_matter, by_repository=True), partial(pull_roles, data_action=None)]
)
def test_unread_assignments_are_no_answer(scope: Scope, ask: Callable[[Scope, str, str], object]) -> None:
    with pytest.raises(FactUnavailable, match="was not read"):
        ask(without(scope, "shop-roles"), NAMES["shop"], KUBELET)


@pytest.mark.parametrize(
    ("target", "change", "expected"),
    [
        ("prod", {}, ["scale-sets"]),
        ("prod", {"nodeProvisioningProfile": {"mode": "Auto"}}, ["scale-sets", "virtual-machines"]),
        ("prod", {"agentPoolProfiles": [{"name": "one", "type": "VirtualMachines"}]}, ["virtual-machines"]),
        ("prod", {"agentPoolProfiles": [{"name": "one", "type": "Other"}]}, []),
        (
            "prod",
            {"agentPoolProfiles": [{"name": "one", "type": "Other"}, {"name": "two", "type": "availabilitySet"}]},
            ["virtual-machines"],
        ),
        ("prod", {"securityProfile": {"serviceAccountImagePullProfile": {"enabled": True}}}, []),
        (
            "prod",
            {
                "securityProfile": {"serviceAccountImagePullProfile": {"enabled": True}},
                "bootstrapProfile": {"artifactSource": "cache", "containerRegistryId": NAMES["shop"]},
            },
            ["scale-sets"],
        ),
        ("legacy", {}, []),
    ],
)
def test_only_lists_with_machines_of_the_cluster_are_needed(
    tmp_path: Path, target: str, change: dict[str, Any], expected: list[str]
) -> None:
    scope = case_scope({"target": target}, tmp_path)
    body = scope.document(NAMES[target]).body
    changed = read({**body, "properties": {**body["properties"], **change}}, NAMES[target])
    needed = machine_lists_needed(Facts(with_documents(scope, changed))("cluster"))
    assert list(needed) == [NAMES[name] for name in expected]


def test_healthy_rights_are_clear_with_assignment_and_role_as_evidence(scope: Scope) -> None:
    judged = run_check(catalogue.load()["kubelet-pull-role-missing"], Facts(scope))
    assert len(judged) == 2
    for one in judged:
        assert isinstance(one, Clear)
        assert {NAMES["prod"], NAMES["acr-pull"]} < {evidence.document for evidence in one.evidence}


@pytest.mark.parametrize(
    ("principals", "excluded", "actions", "matters"),
    [
        ([("77777777-7777-4777-8777-777777777777", "Group")], [], ["*"], True),
        ([("77777777-7777-4777-8777-777777777777", None)], [], ["*"], True),
        ([("77777777-7777-4777-8777-777777777777", "Group")], [], ["*/delete"], False),
        ([("77777777-7777-4777-8777-777777777777", "Group")], [(KUBELET, "ServicePrincipal")], ["*"], False),
        ([("77777777-7777-4777-8777-777777777777", "User")], [], ["*"], False),
        ([(EVERYBODY, "SystemDefined")], [], ["*"], False),
        ([(EVERYBODY, "SystemDefined")], [("77777777-7777-4777-8777-777777777777", "Group")], ["*"], True),
        ([(KUBELET.upper(), "ServicePrincipal")], [], ["*"], False),
    ],
)
def test_groups_are_asked_for_where_a_deny_assignment_turns_on_them(
    scope: Scope,
    principals: list[tuple[str, str | None]],
    excluded: list[tuple[str, str | None]],
    actions: list[str],
    *,
    matters: bool,
) -> None:
    registry = NAMES["shop"]
    properties = {
        "permissions": [{"actions": actions}],
        "scope": NAMES["group"],
        "principals": [{"id": id_, "type": kind} for id_, kind in principals],
        "excludePrincipals": [{"id": id_, "type": kind} for id_, kind in excluded],
    }
    denied = with_documents(scope, read({"value": [{"properties": properties}]}, ids.deny_assignments_at(registry)))
    assert memberships_matter(denied, registry, KUBELET, by_repository=False) is matters


def test_a_principal_that_is_given_by_id_has_the_right_that_it_has(scope: Scope) -> None:
    """Whoever pulls asks the same: here the service principal that a pull secret might be of, in no role and denied."""
    (right,) = (one for one in Facts(scope)("pull_rights") if one.registry.id == NAMES["shop"])
    given = Puller("DDDDDDDD-0000-4000-8000-000000000001", right.held.puller.evidence)
    document = scope.document(ids.role_assignments_at(NAMES["shop"]))
    own = {**document.body["value"][0]["properties"], "principalId": given.object_id.lower()}
    within = with_documents(scope, read({"value": [{"properties": own}]}, document.id))
    assert held_by(scope, right.registry, given).roles.sound is None
    assert held_by(within, right.registry, given).roles.sound is not None
    properties = {
        "permissions": [{"actions": ["*"]}],
        "scope": NAMES["shop"],
        "principals": [{"id": given.object_id, "type": "ServicePrincipal"}],
    }
    denied = with_documents(
        within, read({"value": [{"properties": properties}]}, ids.deny_assignments_at(NAMES["shop"]))
    )
    assert held_by(denied, right.registry, given).denials.on(None) is not None
    assert held_by(denied, right.registry, right.held.puller).denials.on(None) is None


def test_who_pulls_is_said_for_every_workload_and_registry(scope: Scope) -> None:
    pulls = Facts(scope)("workload_pulls")
    assert {one.subject for one in pulls} == {
        "Deployment shop/billing → shopimages.azurecr.io",
        "Deployment shop/web → shopimages.azurecr.io",
        "Deployment shop/web → shoptools.azurecr.io",
        "CronJob shop/nightly-report → shopimages.azurecr.io",
    }
    assert {type(one.by) for one in pulls} == {Kubelet}
