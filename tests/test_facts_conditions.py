"""The grammar of conditions, and what one says of a repository."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullready import catalogue
from pullready.facts import Facts
from pullready.facts.conditions import REPOSITORY_NAME, Asked, ConditionError, Expression, parse
from pullready.facts.roles import READ_CONTENT, READ_METADATA
from pullready.spec import run_check
from pullready.verdict import Found, NotApplicable, Unknown
from tests.environment import case_scope

NAME = f"@Request[{REPOSITORY_NAME}]"
WEB = f"{NAME} StringEqualsIgnoreCase 'web'"
JOBS = f"{NAME} StringStartsWithIgnoreCase 'jobs/'"
READS = f"ActionMatches{{'{READ_CONTENT}'}}"
LIKE = f"{NAME} StringLike 'w*'"

LEAVES = st.sampled_from([WEB, JOBS, READS, "ActionMatches{'*/metadata/*'}", LIKE, "Exists @Resource[x]"])
CONDITIONS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        parts.map("!({})".format),
        parts.map("NOT ({})".format),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: " AND ".join(f"({one})" for one in some)),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: " || ".join(f"({one})" for one in some)),
    ),
    max_leaves=8,
)
ASKED = st.builds(
    Asked, st.sampled_from([READ_CONTENT, READ_METADATA]), st.sampled_from(["web", "jobs/report", "other", None])
)


def holds(text: str, repository: str | None, action: str = READ_CONTENT) -> bool | None:
    return parse(text).holds(Asked(action, repository))


@pytest.mark.parametrize(
    ("text", "web", "report", "every"),
    [
        (WEB, True, False, None),
        (JOBS, False, True, None),
        (f"({WEB})", True, False, None),
        (f"  ((\t{WEB}\n)) ", True, False, None),
        (f"!({WEB})", False, True, None),
        (f"NOT {WEB}", False, True, None),
        (f"not not {WEB}", True, False, None),
        (f"{WEB} OR {JOBS}", True, True, None),
        (f"{WEB} or {JOBS} || {WEB}", True, True, None),
        (f"{WEB} AND {JOBS}", False, False, None),
        (f"{WEB} && !{JOBS} and {WEB}", True, False, None),
        (f"!{WEB} AND {JOBS}", False, True, None),
        (f"({WEB} AND {LIKE}) OR {JOBS}", None, True, None),
        (f"{LIKE} OR {WEB}", True, None, None),
        (f"{LIKE} AND {WEB}", None, False, None),
        (f"!({LIKE})", None, None, None),
        (READS, True, True, True),
        (f"!({READS})", False, False, False),
        (f"!({READS}) OR {WEB}", True, False, None),
        (f"{READS} OR {LIKE}", True, True, True),
        (f"!({READS}) AND {LIKE}", False, False, False),
        ("ActionMatches{'Microsoft.ContainerRegistry/*'}", True, True, True),
        ("actionmatches{ '*/CONTENT/*' }", True, True, True),
        ("ActionMatches{'Microsoft.Storage/*'}", False, False, False),
        ("ActionMatches{'a', 'b'}", None, None, None),
        ("SubOperationMatches{'Blob.List'}", None, None, None),
        (f"{NAME} StringStartsWithIgnoreCase ''", True, True, True),
        (f"{NAME} stringequalsignorecase 'WEB'", True, False, None),
        (f"@resource[{REPOSITORY_NAME.upper()}] StringEqualsIgnoreCase 'web'", True, False, None),
        (f"@Environment[{REPOSITORY_NAME}] StringEqualsIgnoreCase 'web'", None, None, None),
        (f"'web' StringEqualsIgnoreCase {NAME}", None, None, None),
        (f"{NAME} StringEqualsIgnoreCase 7", None, None, None),
        (f"{NAME} StringNotEqualsIgnoreCase 'web'", None, None, None),
        (f"{NAME} ForAnyOfAnyValues:StringEqualsIgnoreCase {{'web', 'jobs/report'}}", None, None, None),
        ("{'a', 'b'} ForAllOfAnyValues:StringEquals {'a'}", None, None, None),
        ("@Environment[UtcNow] DateTimeLessThan '2027-01-01T00:00:00Z'", None, None, None),
        (f"Not Exists {NAME}", None, None, None),
    ],
)
def test_a_condition_is_true_false_or_untold(
    text: str, *, web: bool | None, report: bool | None, every: bool | None
) -> None:
    assert [holds(text, "web"), holds(text, "jobs/report"), holds(text, None)] == [web, report, every]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ends too early"),
        (" \n", "ends too early"),
        ("(", "ends too early"),
        (f"({WEB}", "ends too early"),
        (f"{WEB} OR", "ends too early"),
        (f"{WEB})", "at ')'"),
        (f"{WEB} {JOBS}", f"at '{NAME[:40]}"),
        (f"AND {WEB}", "at 'AND"),
        (f"{WEB} OR AND {WEB}", "at 'AND"),
        (f"{WEB} AND {JOBS} OR {WEB}", "side by side without parentheses at 'OR'"),
        (f"{WEB} || {JOBS} && {WEB}", "side by side without parentheses at '&&'"),
        (f"{NAME} = 'web'", "at \"= 'web'\""),
        (f"{NAME} StringEqualsIgnoreCase 'web", 'at "\'web"'),
        (f'{NAME} StringEqualsIgnoreCase "web"', "at '\"web\"'"),
        (f"{NAME} StringEqualsIgnoreCase ", "ends too early"),
        ("ActionMatches{}", "at '}'"),
        ("ActionMatches{'a' 'b'}", "at \"'b'}\""),
        ("@Request[x", "at '@Request[x'"),
        ("(" * 51 + WEB + ")" * 51, "more than 50 levels"),
        ("!" * 9999 + WEB, "more than 50 levels"),
    ],
)
def test_what_is_no_condition_is_said_with_what_stands_there(text: str, says: str) -> None:
    with pytest.raises(ConditionError, match=re.escape(says)):
        parse(text)


def test_chains_do_not_nest() -> None:
    assert holds(" OR ".join([JOBS] * 2000 + [WEB]), "web") is True


def test_what_is_not_understood_is_quoted_as_it_is_written() -> None:
    condition = parse(f"!({LIKE}) AND ({WEB} OR Exists @Principal[a:b]) AND {READS}")
    assert condition.opaque == (LIKE, "Exists @Principal[a:b]")


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("()!{}@[]'&|,\\ AONDR"))))
def test_any_text_is_a_condition_or_an_error_of_its_own(text: str) -> None:
    with suppress(ConditionError):
        parse(text).holds(Asked(READ_CONTENT, "web"))


@given(
    st.lists(
        st.sampled_from([WEB, READS, LIKE, "(", ")", "!", "NOT", "AND", "OR", "&&", "{", "}", "'a'", "a", ",", "7"])
    )
)
def test_any_order_of_tokens_is_a_condition_or_an_error_of_its_own(tokens: list[str]) -> None:
    with suppress(ConditionError):
        parse(" ".join(tokens)).holds(Asked(READ_CONTENT, None))


@given(CONDITIONS, CONDITIONS, ASKED)
def test_another_branch_never_makes_a_true_condition_less(one: str, other: str, asked: Asked) -> None:
    alone = parse(one).holds(asked)
    for wider in (f"({one}) OR ({other})", f"({other}) || ({one})"):
        assert parse(wider).holds(asked) is True or not alone
    for narrower in (f"({one}) AND ({other})", f"({other}) && ({one})"):
        assert parse(narrower).holds(asked) is False or alone is not False


@given(CONDITIONS, ASKED)
def test_negation_turns_what_is_told_and_nothing_else(text: str, asked: Asked) -> None:
    plain: Expression = parse(text)
    value = plain.holds(asked)
    assert parse(f"!({text})").holds(asked) is (None if value is None else not value)
    assert value is not None or plain.opaque or asked.repository is None


@given(CONDITIONS, st.sampled_from(["web", "jobs/report", "other"]))
def test_what_holds_for_every_repository_holds_for_each(text: str, repository: str) -> None:
    every = parse(text).holds(Asked(READ_CONTENT, None))
    assert every is None or parse(text).holds(Asked(READ_CONTENT, repository)) is every


POD = """
{apiVersion: v1, kind: Pod, metadata: {name: one}, spec: {containers: [{name: one, image: shopteams.azurecr.io/web}]}}
"""


@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize(
    "mode", ["LegacyRegistryPermissions", "AbacRepositoryPermissions", "ABACREPOSITORYPERMISSIONS", "", None, "New"]
)
def test_every_registry_is_judged_by_one_of_the_two_checks(mode: str | None, *, granted: bool, tmp_path: Path) -> None:
    patch: list[dict[str, Any]] = [
        {"document": "shopteams", "pointer": "/properties/roleAssignmentMode", "value": mode}
    ]
    if not granted:
        patch.append({"document": "shopteams-roles", "body": {"value": []}})
    scope = case_scope({"manifests": POD, "patch": patch}, tmp_path)
    checks = catalogue.load()
    said = [
        one
        for slug in ("kubelet-pull-role-missing", "abac-registry-acrpull-not-honoured")
        for one in run_check(checks[slug], Facts(scope))
    ]
    judged = [one for one in said if not isinstance(one, NotApplicable)]
    assert judged
    assert granted or all(isinstance(one, Found | Unknown) for one in judged)


def test_the_remedy_lets_the_condition_hold(tmp_path: Path) -> None:
    patch = [
        {"document": "shopteams-roles", "pointer": "/value/0/properties/condition", "value": JOBS},
        {"document": "shopteams-roles", "pointer": "/value/0/properties/conditionVersion", "value": "2.0"},
    ]
    scope = case_scope({"manifests": POD, "patch": patch}, tmp_path)
    (found,) = run_check(catalogue.load()["abac-registry-acrpull-not-honoured"], Facts(scope))
    assert isinstance(found, Found)
    condition = found.remedy.removeprefix("Let the condition be ").partition(": az ")[0]
    mended = condition.replace("(what it is now)", f"({JOBS})")
    assert [holds(mended, one) for one in ("web", "jobs/report", "other")] == [True, True, False]
