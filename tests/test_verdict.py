"""Verdicts: their order, and what they add up to."""

from __future__ import annotations

import itertools

import pytest

from pullready.verdict import (
    Clear,
    Found,
    Judgement,
    NotApplicable,
    Severity,
    Unknown,
    Verdict,
    fingerprint,
    kind,
    worst,
)

ORDER = ("broken", "found", "unknown", "clear", "not-applicable", "waived")


def test_the_first_in_order_counts() -> None:
    for better, worse in itertools.combinations(ORDER, 2):
        assert worst([Verdict(worse), Verdict(better)]) == better


def test_nothing_asked_is_not_applicable() -> None:
    assert worst([]) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("judgement", "verdict"),
    [
        (Found("s", "o", "e", "r", ()), "found"),
        (Unknown("s", "why", "r"), "unknown"),
        (Clear("s", ()), "clear"),
        (NotApplicable("s", "why"), "not-applicable"),
    ],
)
def test_kind(judgement: Judgement, verdict: str) -> None:
    assert kind(judgement) == verdict


@pytest.mark.parametrize(
    ("threshold", "reaching"),
    [("blocker", {"blocker"}), ("risk", {"blocker", "risk"}), ("advice", {"blocker", "risk", "advice"})],
)
def test_severity_reaches_a_threshold(threshold: str, reaching: set[str]) -> None:
    assert {one.value for one in Severity if one.reaches(Severity(threshold))} == reaching


def test_fingerprint_is_of_check_target_and_subject() -> None:
    base = fingerprint("a-b", "prod", "Shop")
    assert base == fingerprint("a-b", "prod", "sHOP")
    assert len(base) == 64
    assert (
        len(
            {
                base,
                fingerprint("a-c", "prod", "shop"),
                fingerprint("a-b", "test", "shop"),
                fingerprint("a-b", "prod", ""),
            }
        )
        == 4
    )


def test_fingerprint_never_changes() -> None:
    known = "e5ded50e0c9f2eaf43fc66fd27bdf166"
    assert fingerprint("kubelet-pull-role-missing", "prod", "shop.azurecr.io")[:32] == known
