"""Every case of every check: what is judged is exactly what the case lists."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pullready import catalogue
from pullready.facts import Facts
from pullready.spec import Check, run_check
from pullready.verdict import Found, Judgement, Unknown, kind, worst
from tests.environment import CASES, case_scope, expand

CHECKS = catalogue.load()
KINDS = ("clear", "found", "unknown", "not-applicable")


def _cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.toml")):
        if path.stem != "documents":
            for name, case in tomllib.loads(path.read_text()).items():
                yield pytest.param(path.stem, name, case, id=f"{path.stem}-{name}")


@pytest.mark.parametrize(("slug", "name", "case"), list(_cases()))
def test_case(slug: str, name: str, case: dict[str, Any], tmp_path: Path) -> None:
    """The judgements are those that the case lists, and the verdict is the one in its name."""
    judgements = run_check(CHECKS[slug], Facts(case_scope(case, tmp_path)))
    remaining = list(judgements)
    for expected in case["expect"]:
        match = next((one for one in remaining if _fits(expected, one, CHECKS[slug])), None)
        assert match is not None, f"nothing like {expected} among {remaining}"
        remaining.remove(match)
    assert not remaining, f"not listed in the case: {remaining}"
    assert name.startswith(f"{worst(map(kind, judgements))}-"), f"the verdict is {worst(map(kind, judgements))}"


def _fits(expected: dict[str, Any], judgement: Judgement, check: Check) -> bool:
    of_kind = next(one for one in KINDS if one in expected)
    said = " ".join(
        str(part)
        for part in (
            getattr(judgement, "observed", ""),
            getattr(judgement, "reason", ""),
            *(f"{one.pointer} {one.value} {one.says}" for one in judgement.evidence),
        )
    )
    severity = judgement.severity or check.severity if isinstance(judgement, Found) else None
    remedy = judgement.remedy if isinstance(judgement, Found | Unknown) else ""
    return (
        kind(judgement) == of_kind
        and judgement.subject == expand(expected[of_kind])
        and expand(expected.get("says", "")) in said
        and expand(expected.get("remedy", "")) in remedy
        and (severity is None or severity == expected.get("severity", check.severity))
        and ("line" not in expected or (judgement.location is not None and judgement.location.line == expected["line"]))
    )


@pytest.mark.parametrize("slug", list(CHECKS))
def test_every_check_has_cases_of_all_four_kinds(slug: str) -> None:
    """A check without a case of some kind has a verdict that nobody has seen."""
    path = CASES / f"{slug}.toml"
    assert path.exists(), f"{slug} has no cases"
    names = tuple(tomllib.loads(path.read_text()))
    missing = [one for one in KINDS if not any(name.startswith(f"{one}-") for name in names)]
    assert not missing, f"{slug} has no case for {', '.join(missing)}"


def test_every_case_belongs_to_a_check() -> None:
    """A case file without a check is never run."""
    assert {path.stem for path in CASES.glob("*.toml")} - {"documents"} == set(CHECKS)
