"""What a run comes to: gating, roots, waivers, the order of the exit codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from msgspec import structs

from pullready.config import Target, Waiver
from pullready.outcome import Exit, Result, Run, RunVerdict, Selection, Source, result
from pullready.spec import Check
from pullready.verdict import Clear, Evidence, Found, Judgement, Location, NotApplicable, Severity, Unknown
from pullready.waivers import Waivers, WaiverUse

EVIDENCE = (Evidence("d", "/p", "v", "says"),)
TODAY = date(2026, 11, 2)
PROD = Target("prod", "/subscriptions/x", file="pullready.yaml", line=3)
TEST = Target("test")


def check(id_: str = "role-missing", severity: Severity = Severity.BLOCKER, *roots: str) -> Check:
    return Check(id_, severity, "https://example", roots, lambda: None)


ROLE = check()
RISK = check("dns-missing", Severity.RISK)


def found(subject: str = "shop", severity: Severity | None = None) -> Found:
    return Found(subject, "o", "e", "r", EVIDENCE, severity)


def unknown(subject: str = "shop") -> Unknown:
    return Unknown(subject, "why", "r")


def clear(subject: str = "shop") -> Clear:
    return Clear(subject, EVIDENCE)


def nothing(subject: str = "shop") -> NotApplicable:
    return NotApplicable(subject, "why")


def waiver(subject: str = "shop", of: str = "role-missing") -> Waiver:
    return Waiver(of, subject, "reason", "owner", TODAY)


def made(
    *judgements: Judgement,
    of: Check = ROLE,
    on: Target = PROD,
    waivers: Sequence[Waiver] = (),
    earlier: Sequence[Result] = (),
    fail_on: Severity = Severity.BLOCKER,
) -> Result:
    return result(of, on, judgements, waivers=Waivers(waivers, today=TODAY), earlier=earlier, fail_on=fail_on)


def run(
    *results: Result, unjudged: tuple[str, ...] = (), interrupted: bool = False, targets: tuple[Target, ...] = (PROD,)
) -> Run:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    source = Source("live", now, 0, 0, {}, "sha256:0", "sha256:0")
    selection = Selection(("role-missing",), unjudged=unjudged)
    return Run("1", source, selection, results, (), WaiverUse(), Severity.BLOCKER, targets, interrupted)


BROKEN = replace(made(), broken="KeyError")

# ------------------------------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("judgements", "waived", "verdict"),
    [
        ((clear(), found("a"), unknown("b")), (), "found"),
        ((clear(), unknown("b"), nothing("c")), (), "unknown"),
        ((clear(), nothing("c")), (), "clear"),
        ((nothing("c"),), (), "not-applicable"),
        ((), (), "not-applicable"),
        ((found("a"),), ("a",), "waived"),
        ((unknown("a"),), ("a",), "waived"),
        ((found("a"), clear("b")), ("a",), "waived"),
        ((found("a"), nothing("b")), ("a",), "waived"),
        ((found("a"), found("b")), ("a",), "found"),
        ((found("a"), unknown("b")), ("a",), "unknown"),
        ((clear("a"),), ("a",), "clear"),
    ],
)
def test_verdict_of_a_result(judgements: tuple[Judgement, ...], waived: tuple[str, ...], verdict: str) -> None:
    assert made(*judgements, waivers=[waiver(subject) for subject in waived]).verdict == verdict


def test_broken_comes_before_everything() -> None:
    broken = replace(made(found(), waivers=[waiver()]), broken="KeyError")
    assert broken.verdict == "broken"
    assert broken.gating


def test_severity_is_the_worst_that_was_found_and_not_waived() -> None:
    both = (found("a", Severity.ADVICE), found("b", Severity.BLOCKER))
    assert made(*both, of=RISK).severity == "blocker"
    assert made(*both, of=RISK, waivers=[waiver("b", "dns-missing")]).severity == "advice"
    assert made(found(), of=RISK).severity == "risk"
    assert made(unknown(), of=RISK).severity == "risk"


# --------------------------------------------------------------------------------------------------------------- gating


@pytest.mark.parametrize(
    ("judgement", "severity", "fail_on", "gates"),
    [
        (found(), "blocker", "blocker", True),
        (found(), "risk", "blocker", False),
        (found(), "risk", "risk", True),
        (found(), "advice", "advice", True),
        (found(severity=Severity.RISK), "blocker", "blocker", False),
        (found(severity=Severity.BLOCKER), "risk", "blocker", True),
        (unknown(), "blocker", "blocker", True),
        (unknown(), "risk", "blocker", False),
        (unknown(), "risk", "risk", True),
        (clear(), "blocker", "advice", False),
        (nothing(), "blocker", "advice", False),
    ],
)
def test_gating(judgement: Judgement, severity: str, fail_on: str, gates: bool) -> None:  # noqa: FBT001
    of = check(severity=Severity(severity))
    one = made(judgement, of=of, fail_on=Severity(fail_on))
    assert one.gating is gates
    assert (one.gating_found, one.gating_unknown) == (
        gates and isinstance(judgement, Found),
        gates and isinstance(judgement, Unknown),
    )
    assert not made(judgement, of=of, fail_on=Severity(fail_on), waivers=[waiver()]).gating


# ---------------------------------------------------------------------------------------------------------------- roots

FOLLOWER = check("pull-fails", Severity.BLOCKER, "role-missing")


@pytest.mark.parametrize(
    ("root", "follower", "because_of", "gates"),
    [
        (made(found()), found("SHOP"), ("role-missing",), False),
        (made(found("other")), found(), (), True),
        (made(unknown()), found(), (), True),
        (made(clear()), found(), (), True),
        (made(found(severity=Severity.RISK)), found(), ("role-missing",), True),
        (made(found(), waivers=[waiver()]), found(), ("role-missing",), True),
        (made(found(), on=TEST), found(), (), True),
        (made(found(), of=check("unrelated-fault")), found(), (), True),
        (made(found()), unknown(), (), True),
        (made(found()), clear(), (), False),
    ],
)
def test_what_follows_from_a_root_gates_only_if_the_root_does_not(
    root: Result,
    follower: Judgement,
    because_of: tuple[str, ...],
    gates: bool,  # noqa: FBT001
) -> None:
    one = made(follower, of=FOLLOWER, earlier=[root])
    assert one.because_of == because_of
    assert one.gating is gates


def test_one_fault_gates_once_along_a_whole_chain() -> None:
    first = made(found())
    second = made(found(), of=check("second-fault", Severity.BLOCKER, "role-missing"), earlier=[first])
    third = made(found(), of=check("third-fault", Severity.BLOCKER, "second-fault"), earlier=[first, second])
    assert [one.gating for one in (first, second, third)] == [True, False, False]
    assert third.because_of == ("second-fault",)


def test_each_judgement_has_roots_of_its_own() -> None:
    one = made(found("shop"), found("store"), of=FOLLOWER, earlier=[made(found("shop"), found("shop", Severity.RISK))])
    assert [judged.because_of for judged in one.judged] == [("role-missing",), ()]
    assert [one.gates(judged) for judged in one.judged] == [False, True]


# ---------------------------------------------------------------------------------------------------- name and location


def test_judgements_are_named_and_placed() -> None:
    elsewhere = Location("app.yaml", 7)
    one = made(nothing(""), structs.replace(clear(), location=elsewhere))
    assert [judged.judgement.subject for judged in one.judged] == ["prod", "shop"]
    assert [judged.location for judged in one.judged] == [Location("pullready.yaml", 3), elsewhere]
    assert made(clear(), on=TEST).judged[0].location is None
    assert one.cluster == PROD.cluster


def test_a_waiver_may_name_the_target_where_there_is_no_other_subject() -> None:
    assert made(unknown(""), waivers=[waiver("prod")]).verdict == "waived"


def test_fingerprints_differ_by_check_target_and_subject() -> None:
    results = [made(clear("a"), clear("b")), made(clear("a"), of=RISK), made(clear("a"), on=TEST)]
    assert len({judged.fingerprint for one in results for judged in one.judged}) == 4


# ----------------------------------------------------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    ("made_run", "exit_code", "verdict"),
    [
        (run(made(clear())), 0, "ready"),
        (run(made(clear()), made(nothing())), 0, "ready"),
        (run(made(found(severity=Severity.RISK))), 0, "ready"),
        (run(made(found(), waivers=[waiver()])), 0, "ready"),
        (run(made(found(), of=RISK), made(unknown(), of=RISK)), 0, "ready"),
        (run(made(found()), interrupted=True), 2, "incomplete"),
        (run(BROKEN, made(found()), interrupted=True), 2, "incomplete"),
        (run(BROKEN, made(found()), made(unknown())), 3, "incomplete"),
        (run(BROKEN, unjudged=("a-b",)), 3, "incomplete"),
        (run(made(found()), made(unknown()), unjudged=("a-b",)), 1, "not-ready"),
        (run(made(found()), targets=(PROD, TEST)), 1, "not-ready"),
        (run(made(clear(), unknown("b"))), 10, "incomplete"),
        (run(made(clear()), unjudged=("a-b",)), 10, "incomplete"),
        (run(made(unknown())), 10, "incomplete"),
        (run(made(unknown()), targets=(PROD, TEST)), 10, "incomplete"),
        (run(made(clear()), targets=(PROD, TEST)), 5, "nothing-checked"),
        (run(made(clear()), made(nothing(), on=TEST), targets=(PROD, TEST)), 5, "nothing-checked"),
        (run(made(nothing())), 5, "nothing-checked"),
        (run(made(unknown(), of=RISK)), 5, "nothing-checked"),
        (run(made(unknown(), waivers=[waiver()])), 5, "nothing-checked"),
        (run(), 5, "nothing-checked"),
        (run(targets=()), 5, "nothing-checked"),
    ],
)
def test_the_first_exit_code_that_applies(made_run: Run, exit_code: int, verdict: str) -> None:
    assert made_run.exit_code == exit_code
    assert made_run.verdict == verdict


def test_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: code.value for code in Exit} == {
        "READY": 0,
        "NOT_READY": 1,
        "INTERRUPTED": 2,
        "INTERNAL": 3,
        "USAGE": 4,
        "NOTHING_JUDGED": 5,
        "INCOMPLETE": 10,
    }
    assert {one.value for one in RunVerdict} == {"ready", "not-ready", "incomplete", "nothing-checked"}


def test_a_run_is_partial_where_something_was_not_judged() -> None:
    assert not run(made(clear())).partial
    assert run(unjudged=("a-b",)).partial
    assert run(interrupted=True).partial
