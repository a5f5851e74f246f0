"""How conditions stand in a snapshot: in which order they come, and what is said of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from pullready.outcome import Result, result
from pullready.spec import Check
from pullready.standing import Standing
from pullready.symptoms import Condition
from pullready.verdict import Judgement, NotApplicable, Severity
from pullready.waivers import Waivers
from tests.reports_canned import CLUSTER, PROD, check, clear, found, hostile, run, unknown, waiver

SHOP: Final = frozenset({"shop.azurecr.io"})
ORDER: Final = ("root", "waived", "follows", "other-registry", "unknown", "broken", "unjudged", "clear", "moot")


def slug(name: str) -> str:
    return f"{name}-fault"


def condition(name: str) -> Condition:
    return Condition(slug(name), "it is so", "https://example.com/own")


def judged(one: Check, *judgements: Judgement, earlier: tuple[Result, ...] = ()) -> Result:
    waivers = Waivers([waiver(slug("waived"), "shop.azurecr.io")], today=date(2026, 11, 20))
    return result(one, PROD, judgements, waivers=waivers, earlier=earlier, fail_on=Severity.BLOCKER)


def standing() -> Standing:
    root = judged(check(slug("root")), found())
    results = (
        judged(check(slug("moot")), NotApplicable("", "nothing of this kind")),
        judged(check(slug("clear")), clear(), clear("windows")),
        Result(check(slug("broken")), "prod", CLUSTER, (), Severity.BLOCKER, "KeyError: 'sku'"),
        judged(check(slug("unknown")), unknown()),
        judged(check(slug("other-registry")), found("linux1 → tools.azurecr.io"), unknown()),
        judged(check(slug("follows"), follows_from=(slug("root"),)), found(), earlier=(root,)),
        root,
        judged(check(slug("waived")), found()),
    )
    return Standing(replace(run(), results=results))


def lines(name: str) -> list[str]:
    return [line.strip() for line in standing().lines(condition(name), SHOP)]


def test_what_is_found_for_the_registry_comes_first_and_what_is_clear_last() -> None:
    ordered = standing().ordered([condition(name) for name in ORDER], SHOP)
    assert [one.slug for one in ordered] == [slug(name) for name in ORDER]
    turned = standing().ordered([condition(name) for name in reversed(ORDER)], SHOP)
    assert [one.slug for one in turned] == [
        slug(name)
        for name in ("waived", "root", "follows", "other-registry", "broken", "unknown", "unjudged", "moot", "clear")
    ]


def test_without_a_registry_in_the_message_any_finding_counts() -> None:
    ordered = standing().ordered([condition("follows"), condition("other-registry")], frozenset())
    assert ordered[0].slug == slug("other-registry")


def test_what_is_said_of_each() -> None:
    assert lines("root")[0] == "found on prod: shop.azurecr.io"
    assert lines("waived")[0] == "found on prod: shop.azurecr.io (waived)"
    assert lines("follows")[0] == "found on prod: shop.azurecr.io (because of root-fault)"
    assert lines("other-registry")[0].endswith("tools.azurecr.io (another registry than the message names)")
    assert lines("unknown")[1] == "reason:   reading the role assignments is forbidden"
    assert lines("broken") == ["broken on prod: KeyError: 'sku'"]
    assert lines("unjudged") == ["not judged: this version has no check for it"]
    assert lines("clear") == ["clear on prod: 2 subjects"]
    assert lines("moot") == ["not applicable on prod: nothing of this kind"]


def test_a_check_that_is_there_brings_its_reference() -> None:
    assert standing().reference(condition("root")) == check(slug("root")).reference
    assert standing().reference(condition("unjudged")) == "https://example.com/own"


def test_only_some_of_many_subjects_are_shown_the_nearest_first() -> None:
    many = judged(check(slug("many")), *(found(f"{name}.azurecr.io") for name in ("a", "b", "c", "shop", "d")))
    said = list(Standing(replace(run(), results=(many,))).lines(condition("many"), SHOP))
    assert said[0] == "     found on prod: shop.azurecr.io"
    assert said[-1] == "     and 2 other subjects: pullready run shows all"


def test_a_snapshot_without_a_target_judges_nothing() -> None:
    said = list(Standing(replace(run(), results=(), targets=())).lines(condition("root"), SHOP))
    assert said == ["     not judged: the snapshot names no target"]


def test_what_no_symptom_points_to_is_named_if_it_stops_the_gate() -> None:
    said = "\n".join(standing().elsewhere({slug("root")}))
    assert "root-fault" not in said
    assert "other-registry-fault on prod: does not hold: " in said
    assert "waived-fault" not in said
    assert list(standing().elsewhere({slug(name) for name in ORDER})) == []


def test_hostile_texts_cannot_steer_a_terminal() -> None:
    hostile_run = Standing(hostile())
    for done in hostile_run.run.results:
        said = list(hostile_run.lines(Condition(done.check.id, "", ""), SHOP))
        assert all(sign.isprintable() or sign == "\n" for line in said for sign in line if sign != "\t")
