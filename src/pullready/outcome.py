"""What a run came to: results, the verdict of the run and its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from pullready.config import Target, Waiver
from pullready.exits import Exit
from pullready.spec import Check
from pullready.verdict import Found, Judgement, Location, Severity, Unknown, Verdict, fingerprint, kind, worst
from pullready.waivers import Waivers, WaiverUse

__all__ = [
    "Exit",
    "ImageOutcome",
    "Judged",
    "Result",
    "Run",
    "RunVerdict",
    "SeenFailing",
    "Selection",
    "Source",
    "result",
]


class RunVerdict(StrEnum):
    """The run in one word."""

    READY = "ready"
    NOT_READY = "not-ready"
    INCOMPLETE = "incomplete"
    NOTHING_CHECKED = "nothing-checked"


class Judged(msgspec.Struct, frozen=True, gc=False):
    """A judgement in its result: named, placed, and accepted by a waiver where there is one."""

    judgement: Judgement
    fingerprint: str
    location: Location | None
    waiver: Waiver | None = None
    because_of: tuple[str, ...] = ()
    root_gates: bool = False

    @property
    def kind(self) -> Verdict:
        """``found``, ``unknown``, ``clear`` or ``not-applicable``, waived or not."""
        return kind(self.judgement)


@dataclass(frozen=True, slots=True)
class Result:
    """What one check says of one target. ``broken`` is our own error, in one line."""

    check: Check
    target: str
    cluster: str | None
    judged: tuple[Judged, ...]
    fail_on: Severity
    broken: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict, waivers counted in."""
        if self.broken is not None:
            return Verdict.BROKEN
        standing = worst(one.kind for one in self.judged if one.waiver is None)
        waived = any(one.waiver for one in self.judged)
        return Verdict.WAIVED if waived and standing not in {Verdict.FOUND, Verdict.UNKNOWN} else standing

    @property
    def severity(self) -> Severity:
        """The worst severity among what was found; the check's own where nothing was."""
        found = [self.severity_of(one) for one in self.judged if one.kind is Verdict.FOUND and one.waiver is None]
        return min(found, key=list(Severity).index, default=self.check.severity)

    def severity_of(self, one: Judged) -> Severity:
        """Return the severity of *one*: its own, else the check's."""
        own = one.judgement.severity if isinstance(one.judgement, Found) else None
        return own or self.check.severity

    def gates(self, one: Judged) -> bool:
        """Say whether *one* stops the gate: found or unknown, at ``fail-on`` or above, neither waived nor rooted."""
        return (
            isinstance(one.judgement, Found | Unknown)
            and one.waiver is None
            and not one.root_gates
            and self.severity_of(one).reaches(self.fail_on)
        )

    @property
    def gating(self) -> bool:
        """Whether anything in this result stops the gate."""
        return self.broken is not None or any(self.gates(one) for one in self.judged)

    @property
    def gating_found(self) -> bool:
        """Whether something found stops the gate."""
        return any(self.gates(one) for one in self.judged if one.kind is Verdict.FOUND)

    @property
    def gating_unknown(self) -> bool:
        """Whether something unknown stops the gate."""
        return any(self.gates(one) for one in self.judged if one.kind is Verdict.UNKNOWN)

    @property
    def because_of(self) -> tuple[str, ...]:
        """The checks that explain what was found here."""
        return tuple(dict.fromkeys(root for one in self.judged for root in one.because_of))


@dataclass(frozen=True, slots=True)
class Source:
    """Where the documents came from: ``kind`` is ``live`` or ``snapshot``, ``example`` what an example shows."""

    kind: str
    captured_at: datetime
    documents: int
    unreadable: int
    requests: Mapping[str, int]
    snapshot_digest: str
    config_digest: str
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Check ids that were selected, deselected, and selected but not judged (``-x``, an interruption)."""

    selected: tuple[str, ...]
    deselected: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenFailing:
    """What events of the live cluster say of pulls that failed: when last, in short, and the conditions to suspect.

    It is of the past: no verdict depends on it, and an image that is not seen failing may still fail.
    """

    at: str
    says: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """What the run says of one image on one node pool (none where no cluster is given)."""

    target: str
    pool: str | None
    image: str
    workloads: tuple[str, ...]
    verdict: str
    because: tuple[str, ...]
    proven: tuple[str, ...]
    unproven: tuple[str, ...]
    seen_failing: SeenFailing | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run, ready to be written."""

    version: str
    source: Source
    selection: Selection
    results: tuple[Result, ...]
    images: tuple[ImageOutcome, ...]
    waivers: WaiverUse
    fail_on: Severity
    targets: tuple[Target, ...]
    interrupted: bool = False
    notices: tuple[str, ...] = field(default=())

    @property
    def partial(self) -> bool:
        """Whether something that was selected was not judged."""
        return self.interrupted or bool(self.selection.unjudged)

    @property
    def exit_code(self) -> Exit:
        """The exit code of the run."""
        if self.interrupted:
            return Exit.INTERRUPTED
        if any(result.verdict is Verdict.BROKEN for result in self.results):
            return Exit.INTERNAL
        if any(result.gating_found for result in self.results):
            return Exit.NOT_READY
        if self.selection.unjudged or any(result.gating_unknown for result in self.results):
            return Exit.INCOMPLETE
        telling = {Verdict.CLEAR, Verdict.FOUND}
        said_something = {result.target for result in self.results if any(one.kind in telling for one in result.judged)}
        if any(target.name not in said_something for target in self.targets) or not self.targets:
            return Exit.NOTHING_JUDGED
        return Exit.READY

    @property
    def verdict(self) -> RunVerdict:
        """The run in one word."""
        return {
            Exit.READY: RunVerdict.READY,
            Exit.NOT_READY: RunVerdict.NOT_READY,
            Exit.NOTHING_JUDGED: RunVerdict.NOTHING_CHECKED,
        }.get(self.exit_code, RunVerdict.INCOMPLETE)


def result(  # noqa: PLR0913  (what a result is made of)
    check: Check,
    target: Target,
    judgements: Iterable[Judgement],
    *,
    waivers: Waivers,
    earlier: Iterable[Result],
    fail_on: Severity,
) -> Result:
    """Make the result of *check* on *target*: name and place each judgement, waive it, and trace it to its root.

    ``earlier`` are the results so far; the checks that this one follows from must have been judged before it.
    """
    fallback = Location(target.file, target.line) if target.file and target.line else None
    roots = [done for done in earlier if done.target == target.name and done.check.id in check.follows_from]
    judged = []
    for judgement in judgements:
        subject = judgement.subject or target.name
        named = msgspec.structs.replace(judgement, subject=subject)
        causes = [
            (root, one)
            for root in roots
            if isinstance(judgement, Found)
            for one in root.judged
            if one.kind is Verdict.FOUND and one.judgement.subject.casefold() == subject.casefold()
        ]
        judged.append(
            Judged(
                named,
                fingerprint(check.id, target.name, subject),
                judgement.location or fallback,
                waivers.covering(check.id, target.name, named),
                tuple(dict.fromkeys(root.check.id for root, _ in causes)),
                any(root.gates(one) or one.root_gates for root, one in causes),
            )
        )
    return Result(check, target.name, target.cluster, tuple(judged), fail_on)
