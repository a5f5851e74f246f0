"""What the cases cannot say: patterns of actions, dates as Graph writes them, and every text in full."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pullready import catalogue
from pullready.facts import Facts, PullRight
from pullready.facts.base import decode
from pullready.facts.deny_assignments import EVERYBODY
from pullready.facts.graph import Validity, only
from pullready.facts.roles import PULL_ACTION, DefinitionWire, RoleDefinition
from pullready.snapshot import Document, Provider, Status
from pullready.spec import run_check
from pullready.verdict import Clear, Found, Unknown
from tests.environment import CASES, NAMES, case_scope

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def carried(*blocks: dict[str, list[str]]) -> str | None:
    body = {"properties": {"permissions": list(blocks)}}
    document = Document(id="/role", provider=Provider.ARM, status=Status.READ, body=body)
    found = RoleDefinition(document, "", decode(document, DefinitionWire)).carries(PULL_ACTION)
    return None if found is None else f"{found.pointer} {'literal' if found.is_literal else 'wildcard'}"


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["*"], "0 wildcard"),
        (["*/read"], "0 wildcard"),
        (["*/READ"], "0 wildcard"),
        (["Microsoft.ContainerRegistry/*"], "0 wildcard"),
        (["Microsoft.ContainerRegistry/registries/*"], "0 wildcard"),
        (["Microsoft.ContainerRegistry/*/pull/*"], "0 wildcard"),
        (["Microsoft.ContainerRegistry/registries/pull/read*"], "0 wildcard"),
        (["microsoft.containerregistry/registries/pull/read"], "0 literal"),
        (["*", "Microsoft.ContainerRegistry/registries/pull/read"], "1 literal"),
        (["Microsoft.Storage/*", "*/read", "*"], "1 wildcard"),
        (["Microsoft.ContainerRegistry/registries/push/*"], None),
        (["Microsoft.ContainerRegistry/registries/read"], None),
        (["Microsoft.ContainerRegistry/registries/pull"], None),
        (["Microsoft.ContainerRegistry/registries/pull/read/all"], None),
        (["xMicrosoft.ContainerRegistry/registries/pull/read"], None),
        (["Microsoft-ContainerRegistry/*"], None),
        ([""], None),
        ([], None),
    ],
)
def test_actions_are_compared_without_case_and_with_wildcards(actions: list[str], expected: str | None) -> None:
    found = carried({"actions": actions, "notActions": []})
    assert found == (expected and f"/properties/permissions/0/actions/{expected}")


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([{"actions": ["*"], "notActions": ["*/write"]}], "/properties/permissions/0/actions/0 wildcard"),
        ([{"actions": ["*"], "notActions": ["*/pull/*"]}], None),
        ([{"actions": [PULL_ACTION], "notActions": ["*/write", PULL_ACTION.upper()]}], None),
        ([{"actions": ["*"], "notActions": ["*"]}, {"actions": ["*"]}], "/properties/permissions/1/actions/0 wildcard"),
        ([{"actions": ["*"]}, {"actions": [PULL_ACTION]}], "/properties/permissions/1/actions/0 literal"),
        (
            [{"actions": ["*"]}, {"actions": [PULL_ACTION], "notActions": ["*"]}],
            "/properties/permissions/0/actions/0 wildcard",
        ),
        ([], None),
    ],
)
def test_notactions_take_away_within_their_block_alone(
    blocks: list[dict[str, list[str]]], expected: str | None
) -> None:
    assert carried(*blocks) == expected


@pytest.mark.parametrize(
    ("start", "end", "valid"),
    [
        ("2026-11-02T06:00:00Z", "2026-11-02T06:00:01Z", True),
        ("2026-11-02T06:00:00.0000001Z", "2026-11-02T06:00:00.5Z", True),
        ("2026-11-02T06:00:00.1Z", "2099-01-01T00:00:00Z", False),
        ("2000-01-01T00:00:00Z", "2026-11-02T06:00:00Z", False),
        ("2000-01-01T00:00:00Z", "2026-11-02T06:00:00.9999999Z", True),
        ("2000-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", True),
        ("2000-01-01T00:00:00", "2026-11-02T06:00:01", True),
        ("2000-01-01T00:00:00", "2026-11-02T06:00:00", False),
        ("2000-01-01T00:00:00+00:00", "2026-11-02T07:00:00+02:00", False),
    ],
)
def test_a_secret_is_valid_from_its_start_up_to_its_end(start: str, end: str, *, valid: bool) -> None:
    body = {"value": [{"id": "x", "passwordCredentials": [{"startDateTime": start, "endDateTime": end}]}]}
    entity = only(Document(id="graph:x", provider=Provider.GRAPH, status=Status.READ, body=body))
    assert entity is not None
    known = Validity.of(entity, NOW)
    assert not known.obstacles
    assert len(known.valid) == valid


#: The checks of whether the one who pulls may do so.
OF_RIGHTS = ("kubelet-pull-role-missing", "abac-registry-acrpull-not-honoured", "pull-role-on-stale-principal")
CASES_OF_RIGHTS = [
    pytest.param(slug, case, id=f"{slug}-{name}")
    for slug in OF_RIGHTS
    for name, case in tomllib.loads((CASES / f"{slug}.toml").read_text()).items()
]
ACR_PULL, REPOSITORY_READER = "7f951dda-4ed3-4680-a7ca-43fe172d538d", "b93aa761-3e63-49ed-ac28-beffa264f7ac"


@pytest.mark.parametrize(("slug", "case"), CASES_OF_RIGHTS)
def test_a_remedy_fits_the_mode_and_the_tenant_of_the_registry(slug: str, case: dict[str, Any], tmp_path: Path) -> None:
    """Attaching is no way into an ABAC registry, each mode wants its own role, and another tenant has none for it."""
    facts = Facts(case_scope(case, tmp_path))
    judgements = [one for one in run_check(catalogue.load()[slug], facts) if one.subject]
    rights = {one.subject: one for one in facts("pull_rights") if isinstance(one, PullRight)} if judgements else {}
    for judgement in judgements:
        right = rights.get(" → ".join(judgement.subject.split(" → ")[:2]))
        if right is None or not isinstance(judgement, Found | Unknown):
            continue
        if right.registry.tenant not in {None, right.cluster.tenant}:
            wrong = {"--attach-acr", "az role assignment create"}
        elif right.registry.wire.properties.roleAssignmentMode == "AbacRepositoryPermissions":
            wrong = {"--attach-acr", ACR_PULL}
        else:
            wrong = {REPOSITORY_READER}
        assert not [one for one in wrong if one in judgement.remedy], judgement.remedy
        assert judgement.remedy.count("--scope ") <= 1
        if "--scope " in judgement.remedy:
            assert f"--scope {right.registry.id}" in judgement.remedy
            assert f"--assignee-object-id {right.held.puller.object_id} " in judgement.remedy


@pytest.mark.parametrize(("slug", "case"), CASES_OF_RIGHTS)
def test_a_clear_verdict_names_the_assignment_that_decides(slug: str, case: dict[str, Any], tmp_path: Path) -> None:
    """That is: its id, if it has one, whom it is for, the role by name, its scope, and what its condition says."""
    for judgement in run_check(catalogue.load()[slug], Facts(case_scope(case, tmp_path))):
        if not isinstance(judgement, Clear):
            continue
        given = next((one for one in judgement.evidence if "who has the role" in one.says), None)
        if given is None:
            assert slug == "pull-role-on-stale-principal", "nothing decides"
            continue
        role = given.says.removeprefix("who has the role ")
        pointers = {one.pointer: one for one in judgement.evidence if one.document == given.document}
        base = given.pointer.removesuffix("/properties/principalId")
        assert f"{base}/properties/scope" in pointers
        assert any(f"the role {role} " in one.says for one in judgement.evidence), "the line of the role"
        body = case_scope(case, tmp_path).document(given.document).at(base)
        assert (f"{base}/id" in pointers) is ("id" in body)
        if body["properties"].get("condition") and slug.startswith("abac"):
            *_, last = judgement.subject.split(" → ")
            asked = last if judgement.subject.count(" → ") > 1 else "any repository"
            assert pointers[f"{base}/properties/condition"].says.endswith(f"which holds for {asked}")


def test_a_clear_identity_names_the_machine_and_the_identity_that_is_attached(tmp_path: Path) -> None:
    judged = run_check(catalogue.load()["kubelet-identity-not-on-vmss"], Facts(case_scope({}, tmp_path)))
    assert len(judged) == 3
    for one in judged:
        assert isinstance(one, Clear)
        assert one.evidence[0].value == NAMES["kubelet"]
        assert NAMES["kubelet"].replace("/", "~1") in one.evidence[1].pointer


DENY_ALL = {
    "properties": {
        "denyAssignmentName": "nobody",
        "permissions": [{"actions": ["*"], "dataActions": ["*"]}],
        "scope": "/",
        "principals": [{"id": EVERYBODY, "type": "SystemDefined"}],
    }
}


@pytest.mark.parametrize(("slug", "case"), [one for one in CASES_OF_RIGHTS if one.values[0] != OF_RIGHTS[2]])
def test_where_everything_is_denied_nothing_is_clear(slug: str, case: dict[str, Any], tmp_path: Path) -> None:
    denied = [
        {"document": f"{registry}-denials", "body": {"value": [DENY_ALL]}}
        for registry in ("shop", "shoptools", "shopteams")
    ]
    case = {**case, "patch": [*case.get("patch", ()), *denied]}
    judged = run_check(catalogue.load()[slug], Facts(case_scope(case, tmp_path)))
    assert not [one for one in judged if isinstance(one, Clear)]
