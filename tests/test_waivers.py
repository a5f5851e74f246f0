"""Waivers: what they accept, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from pullready.config import Waiver
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown
from pullready.waivers import Waivers, WaiverUse

TODAY = date(2026, 11, 2)
SUBJECT = "linux1 → shop.azurecr.io"
EVIDENCE = (Evidence("d", "/p", "v", "says"),)
FOUND = Found(SUBJECT, "observed", "expected", "remedy", EVIDENCE)
WAIVER = Waiver("role-missing", SUBJECT, "reason", "owner", TODAY)


def accepts(waiver: Waiver, judgement: Judgement = FOUND, check: str = "role-missing", target: str = "prod") -> bool:
    return Waivers([waiver], today=TODAY).covering(check, target, judgement) is waiver


@pytest.mark.parametrize(
    ("judgement", "accepted"),
    [
        (FOUND, True),
        (Unknown(SUBJECT, "reason", "remedy"), True),
        (Clear(SUBJECT, EVIDENCE), False),
        (NotApplicable(SUBJECT, "reason"), False),
    ],
)
def test_only_what_is_found_or_unknown_is_accepted(judgement: Judgement, accepted: bool) -> None:  # noqa: FBT001
    assert accepts(WAIVER, judgement) is accepted


@pytest.mark.parametrize(
    ("subject", "accepted"),
    [
        (SUBJECT, True),
        (SUBJECT.upper(), True),
        ("linux1 -> shop.azurecr.io", True),
        ("linux1", True),
        ("Shop.azurecr.IO", True),
        ("linux", False),
        ("azurecr.io", False),
        ("linux1 → ", False),
        ("linux2 → shop.azurecr.io", False),
        ("*", False),
        ("", False),
    ],
)
def test_the_subject_is_named_whole_or_by_a_part(subject: str, accepted: bool) -> None:  # noqa: FBT001
    assert accepts(replace(WAIVER, subject=subject)) is accepted


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"until": TODAY}, True),
        ({"until": TODAY - timedelta(days=1)}, False),
        ({"until": TODAY + timedelta(days=1)}, True),
        ({"target": "prod"}, True),
        ({"target": "test"}, False),
        ({"check": "role-missing-too"}, False),
    ],
)
def test_check_target_and_date_have_to_fit(change: dict[str, object], accepted: bool) -> None:  # noqa: FBT001
    assert accepts(replace(WAIVER, **change)) is accepted  # type: ignore[arg-type]  # one field of several types


def account(*waivers: Waiver, ran: tuple[tuple[str, str], ...] = (("role-missing", "prod"),)) -> WaiverUse:
    judged = Waivers(waivers, today=TODAY)
    for check, target in ran:
        judged.covering(check, target, FOUND)
    return judged.account(ran)


def test_each_waiver_is_used_expired_unmatched_or_not_asked() -> None:
    used = WAIVER
    expired = replace(WAIVER, until=TODAY - timedelta(days=1))
    unmatched = replace(WAIVER, subject="win1")
    other_check = replace(WAIVER, check="dns-missing")
    other_target = replace(WAIVER, target="test")
    assert account(expired, used, unmatched, other_check, other_target) == WaiverUse((used,), (expired,), (unmatched,))


def test_a_waiver_for_a_target_is_unmatched_only_if_its_check_ran_there() -> None:
    waiver = replace(WAIVER, subject="win1", target="test")
    assert account(waiver).unmatched == ()
    assert account(waiver, ran=(("role-missing", "prod"), ("role-missing", "test"))).unmatched == (waiver,)
    assert account(waiver, ran=(("role-missing", "prod"), ("dns-missing", "test"))).unmatched == ()


def test_of_two_that_accept_the_same_the_first_counts_and_none_is_called_unmatched() -> None:
    second = replace(WAIVER, subject="linux1")
    waivers = Waivers([WAIVER, second], today=TODAY)
    assert waivers.covering("role-missing", "prod", FOUND) is WAIVER
    assert waivers.account([("role-missing", "prod")]) == WaiverUse(used=(WAIVER, second))


def test_equal_waivers_on_two_lines_are_two() -> None:
    first, second = replace(WAIVER, line=1), replace(WAIVER, subject="win1", line=2)
    assert account(first, second) == WaiverUse(used=(first,), unmatched=(second,))
