"""How the conditions that a symptom points to stand in a snapshot."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from pullready.collectors.manifests import read_stdin
from pullready.config import Configuration
from pullready.outcome import Judged, Result, Run
from pullready.preflight import Surroundings, judge_all, now
from pullready.reports.wording import VERDICT_WORDS, example_notice, legible, number, one_line, reason, source
from pullready.symptoms import Condition, registries_in
from pullready.verdict import Clear, Found, NotApplicable, Unknown, Verdict, worst

#: So many subjects are shown of each condition and target; a run shows all.
_MOST: Final = 3
_LONGEST: Final = 1000


def judged(configuration: Configuration) -> Standing:
    """Judge the snapshot of *configuration*."""
    return Standing(judge_all(configuration, Surroundings(now(), read_stdin, lambda _: None)))


class Standing(msgspec.Struct, frozen=True):
    """What a run over the snapshot says of each condition. Waivers make no pull work, so they do not count here."""

    run: Run

    @property
    def heading(self) -> tuple[str, ...]:
        """The lines that say what was judged."""
        example = self.run.source.example
        return (*((example_notice(example),) if example else ()), source(self.run))

    def ordered(self, conditions: Iterable[Condition], hosts: Collection[str]) -> Sequence[Condition]:
        """Return *conditions* with those first that were found, for the registries in *hosts* above all."""
        return sorted(conditions, key=lambda condition: self._rank(condition, hosts))

    def reference(self, condition: Condition) -> str:
        """Return the reference of the condition's check, or where there is none its own."""
        return next((result.check.reference for result in self._of(condition)), condition.reference)

    def lines(self, condition: Condition, hosts: Collection[str]) -> Iterator[str]:
        """Yield what the snapshot says of *condition*, target by target."""
        results = self._of(condition)
        if not results:
            why = "this version has no check for it" if self.run.targets else "the snapshot names no target"
            yield f"     not judged: {why}"
        for result in results:
            yield from _lines(result, hosts)

    def elsewhere(self, candidates: Collection[str]) -> Iterator[str]:
        """Yield what stops the gate though no symptom points to it."""
        others = [one for one in self.run.results if one.gating_found and one.check.id not in candidates]
        if others:
            yield "Also found, though the message does not point there (pullready run shows it in full):"
        for one in others:
            yield f"  {one.check.id} on {one_line(one.target)}: does not hold: {one_line(one.check.title)}"

    def _of(self, condition: Condition) -> list[Result]:
        return [result for result in self.run.results if result.check.id == condition.slug]

    def _rank(self, condition: Condition, hosts: Collection[str]) -> int:
        return min((_rank(result, hosts) for result in self._of(condition)), default=_NOT_JUDGED)


_FOUND, _FOLLOWS, _FOUND_ELSEWHERE, _UNKNOWN, _NOT_JUDGED, _CLEAR = range(6)


def _rank(result: Result, hosts: Collection[str]) -> int:
    found = [one for one in result.judged if one.kind is Verdict.FOUND]
    here = [one for one in found if not _elsewhere(one, hosts)]
    match _verdict(result):
        case Verdict.FOUND if here:
            return _FOUND if any(not one.because_of for one in here) else _FOLLOWS
        case Verdict.FOUND:
            return _FOUND_ELSEWHERE
        case Verdict.UNKNOWN | Verdict.BROKEN:
            return _UNKNOWN
        case _:
            return _CLEAR


def _verdict(result: Result) -> Verdict:
    return Verdict.BROKEN if result.broken is not None else worst(one.kind for one in result.judged)


def _elsewhere(one: Judged, hosts: Collection[str]) -> bool:
    """Say whether *one* is about other registries than those in *hosts*."""
    named = registries_in(one.judgement.subject)
    return bool(hosts and named and named.isdisjoint(hosts))


def _lines(result: Result, hosts: Collection[str]) -> Iterator[str]:
    verdict = _verdict(result)
    told = [one for one in result.judged if one.kind is verdict]
    told.sort(key=lambda one: (_elsewhere(one, hosts), bool(one.because_of)))
    where = f"     {VERDICT_WORDS[verdict]} on {one_line(result.target)}"
    match verdict:
        case Verdict.FOUND | Verdict.UNKNOWN:
            for one in told[:_MOST]:
                yield f"{where}: {one_line(one.judgement.subject)}{_aside(one, hosts)}"
                yield from _said(one)
            if len(told) > _MOST:
                yield f"     and {number(len(told) - _MOST, 'other subject')}: pullready run shows all"
        case Verdict.CLEAR:
            yield f"{where}: {number(len(told), 'subject')}"
        case _:
            yield f"{where}: {reason(result) or 'no subject'}"


def _aside(one: Judged, hosts: Collection[str]) -> str:
    notes = ["another registry than the message names"] if _elsewhere(one, hosts) else []
    notes += [f"because of {', '.join(one.because_of)}"] if one.because_of else []
    notes += ["waived"] if one.waiver else []
    return f" ({'; '.join(notes)})" if notes else ""


def _said(one: Judged) -> Iterator[str]:
    match one.judgement:
        case Found() as found:
            yield f"       observed: {one_line(found.observed, _LONGEST)}"
            yield _remedy(found.remedy)
        case Unknown() as unknown:
            yield f"       reason:   {one_line(unknown.reason, _LONGEST)}"
            yield _remedy(unknown.remedy)
        case Clear() | NotApplicable():
            pass


def _remedy(remedy: str) -> str:
    """Return the remedy whole and line by line: a command that was cut does harm."""
    return textwrap.indent("remedy:   " + legible(remedy).strip().replace("\n", "\n" + " " * 10), " " * 7)
