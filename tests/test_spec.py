"""How checks are declared, and how a predicate is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import Unread
from pullready.spec import BrokenCheckError, Check, check, declared, judge, recorded, run_check
from pullready.verdict import Clear, Evidence, Found, Judgement, Location, NotApplicable, Severity, Unknown, kind

EVIDENCE = (Evidence("d", "/p", "v", "says"),)
LINE = Location("deploy/app.yaml", 14)
REFERENCE = "https://learn.microsoft.com/azure"


@dataclass(frozen=True)
class Pool:
    subject: str
    location: Location | None = None


@dataclass(frozen=True)
class Nameless:
    subject: str


def unavailable(document: str = "") -> FactUnavailable:
    return FactUnavailable("forbidden", "grant it", document=document, pointer="/p")


def predicate(pool: Pool | Nameless) -> Iterator[Judgement]:
    """Do what the subject's name says, one word after the other."""
    for word in pool.subject.split():
        match word:
            case "found":
                yield Found(pool.subject, "o", "e", "r", EVIDENCE)
            case "clear":
                yield Clear(pool.subject, EVIDENCE)
            case "placed":
                yield Clear(pool.subject, EVIDENCE, Location("other.yaml", 3))
            case "groundless-clear":
                yield Clear(pool.subject, ())
            case "groundless-found":
                yield Found(pool.subject, "o", "e", "r", ())
            case "unavailable":
                raise unavailable()
            case "nothing":
                raise NothingToJudge("stopped")
            case "crash":
                raise KeyError(word)


def kinds(*subjects: str) -> list[tuple[str, str]]:
    judged = recorded(lambda: judge([Pool(subject) for subject in subjects], predicate))
    return [(one.subject, kind(one).value) for one in judged]


def test_every_subject_is_judged() -> None:
    assert kinds("clear", "found", "clear found") == [
        ("clear", "clear"),
        ("found", "found"),
        ("clear found", "clear"),
        ("clear found", "found"),
    ]


def test_no_subject_is_not_applicable() -> None:
    assert kinds() == [("", "not-applicable")]


def test_a_fact_that_is_unavailable_keeps_what_was_found_and_the_other_subjects() -> None:
    assert kinds("found unavailable", "clear") == [
        ("found unavailable", "found"),
        ("found unavailable", "unknown"),
        ("clear", "clear"),
    ]


def test_a_question_that_does_not_arise_keeps_what_was_found_and_the_other_subjects() -> None:
    assert kinds("found", "nothing", "found") == [("found", "found"), ("nothing", "not-applicable"), ("found", "found")]


def test_subjects_that_break_off_keep_what_was_found() -> None:
    def pools() -> Iterator[Pool]:
        yield Pool("found")
        raise unavailable()

    judged = recorded(lambda: judge(pools(), predicate))
    assert [kind(one).value for one in judged] == ["found", "unknown"]


def test_two_questions_in_one_check_are_both_kept() -> None:
    def call() -> None:
        judge([Pool("clear")], predicate)
        judge([], predicate)

    assert [kind(one).value for one in recorded(call)] == ["clear", "not-applicable"]


@pytest.mark.parametrize("subject", ["", "groundless-clear", "groundless-found", "clear groundless-clear"])
def test_no_judgement_and_one_without_evidence_are_our_bug(subject: str) -> None:
    with pytest.raises(BrokenCheckError):
        recorded(lambda: judge([Pool(subject)], predicate))


def test_a_check_that_judges_nothing_is_our_bug() -> None:
    with pytest.raises(BrokenCheckError, match="judged nothing"):
        recorded(lambda: None)


def test_other_errors_go_up() -> None:
    with pytest.raises(KeyError):
        recorded(lambda: judge([Pool("crash")], predicate))


def test_unread_subjects_are_unknown_for_their_own_reason() -> None:
    unread = Unread("shop", unavailable("doc"), LINE)
    (judged,) = recorded(lambda: judge([unread], predicate))
    assert judged == Unknown("shop", "forbidden", "grant it", (Evidence("doc", "/p", "", "forbidden"),), LINE)


def test_judgements_take_the_location_of_their_subject_unless_they_have_one() -> None:
    def call() -> None:
        judge([Pool("clear placed unavailable", LINE)], predicate)
        judge([Nameless("clear")], predicate)

    judged = recorded(call)
    assert [one.location for one in judged] == [LINE, Location("other.yaml", 3), LINE, None]


@pytest.mark.parametrize("subject", ["found", "unavailable", "clear found"])
def test_called_bare_it_raises(subject: str) -> None:
    with pytest.raises(AssertionError):
        judge([Pool(subject)], predicate)


def test_called_bare_it_is_silent_where_all_is_clear() -> None:
    judge([Pool("clear"), Pool("nothing")], predicate)
    judge([], predicate)


def test_recording_ends_with_the_call() -> None:
    with pytest.raises(KeyError):
        recorded(lambda: judge([Pool("crash")], predicate))
    with pytest.raises(AssertionError):
        judge([Pool("found")], predicate)


# ------------------------------------------------------------------------------------------------------- declarations


@check("pool-broken", severity=Severity.RISK, reference=REFERENCE, follows_from=("root-broken",))
def test_pools_are_whole(pools: tuple[Pool, ...]) -> None:
    judge(pools, predicate)


POOLS_ARE_WHOLE = declared(test_pools_are_whole)
test_pools_are_whole.__test__ = False  # type: ignore[attr-defined]  # it is no test of ours


def of(function: object) -> Check:
    found = declared(function)
    assert found is not None
    return found


def test_a_check_knows_what_it_is_made_of() -> None:
    made = of(test_pools_are_whole)
    assert (made.id, made.severity, made.reference) == ("pool-broken", Severity.RISK, REFERENCE)
    assert (made.follows_from, made.facts) == (("root-broken",), ("pools",))
    assert made.title == "How checks are declared, and how a predicate is asked"
    assert declared(judge) is None


def test_a_check_takes_its_facts_by_name() -> None:
    made = of(test_pools_are_whole)
    (judged,) = run_check(made, {"pools": (Pool("found"),), "other": ()}.__getitem__)
    assert kind(judged) == "found"
    with pytest.raises(KeyError):
        run_check(made, dict[str, object]().__getitem__)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (unavailable("doc"), Unknown("", "forbidden", "grant it", (Evidence("doc", "/p", "", "forbidden"),))),
        (unavailable(), Unknown("", "forbidden", "grant it")),
        (NothingToJudge("no cluster"), NotApplicable("", "no cluster")),
    ],
)
def test_facts_that_cannot_be_made_speak_for_the_check(error: Exception, expected: Judgement) -> None:
    def facts(name: str) -> object:
        raise error

    assert run_check(of(test_pools_are_whole), facts) == (expected,)


@pytest.mark.parametrize("id_", ["single", "Upper-case", "with_underscore", "a--b", "-a-b", "a-b-", "a b", ""])
def test_an_id_has_to_be_a_slug(id_: str) -> None:
    with pytest.raises(TypeError, match="not a slug"):
        check(id_, severity=Severity.RISK, reference=REFERENCE)


def test_a_reference_has_to_be_a_link() -> None:
    with pytest.raises(TypeError, match="https"):
        check("a-b", severity=Severity.RISK, reference="http://learn.microsoft.com")


def test_a_check_has_to_be_collected_by_pytest() -> None:
    def pools_are_whole() -> None:
        """Do nothing."""

    with pytest.raises(TypeError, match="test_"):
        check("a-b", severity=Severity.RISK, reference=REFERENCE)(pools_are_whole)
