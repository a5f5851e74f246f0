"""Judgements, what they rest on, and the verdict they add up to.

They are structs that the garbage collector passes over: a fleet's run makes hundreds of thousands of them, and none is
part of a circle. ``msgspec.structs.replace`` makes a changed one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad a finding is: a pull fails; fails under a named condition or soon; good advice."""

    BLOCKER = "blocker"
    RISK = "risk"
    ADVICE = "advice"

    def reaches(self, threshold: Severity) -> bool:
        """Say whether this severity is at or above *threshold*."""
        order = list(Severity)
        return order.index(self) <= order.index(threshold)


class Verdict(StrEnum):
    """What a check says of a target; of several, the first in this order counts."""

    BROKEN = "broken"
    FOUND = "found"
    UNKNOWN = "unknown"
    CLEAR = "clear"
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One thing that was read: the document's id, the JSON pointer in it, the value there, what that says."""

    document: str
    pointer: str
    value: str
    says: str


class Location(msgspec.Struct, frozen=True, gc=False):
    """A line (counted from 1) of a file."""

    file: str
    line: int


class Found(msgspec.Struct, frozen=True, gc=False):
    """The fault was observed on *subject*. ``severity`` is the check's own unless it says otherwise."""

    subject: str
    observed: str
    expected: str
    remedy: str
    evidence: tuple[Evidence, ...]
    severity: Severity | None = None
    location: Location | None = None


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """Whether the fault is there could not be established, and what to do about that."""

    subject: str
    reason: str
    remedy: str
    evidence: tuple[Evidence, ...] = ()
    location: Location | None = None


class Clear(msgspec.Struct, frozen=True, gc=False):
    """The fault is not there, and this is what was read to say so."""

    subject: str
    evidence: tuple[Evidence, ...]
    location: Location | None = None


class NotApplicable(msgspec.Struct, frozen=True, gc=False):
    """The question does not arise for *subject*."""

    subject: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    location: Location | None = None


Judgement = Found | Unknown | Clear | NotApplicable


def kind(judgement: Judgement) -> Verdict:
    """Return the verdict that *judgement* alone would be."""
    match judgement:
        case Found():
            return Verdict.FOUND
        case Unknown():
            return Verdict.UNKNOWN
        case Clear():
            return Verdict.CLEAR
        case NotApplicable():
            return Verdict.NOT_APPLICABLE


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that counts among *verdicts*; without any, nothing was asked."""
    order = list(Verdict)
    return min(verdicts, key=order.index, default=Verdict.NOT_APPLICABLE)


def fingerprint(check: str, target: str, subject: str) -> str:
    """Return the stable name of a judgement: sha256 of check, target and subject, without case in the subject."""
    # A file name may hold what UTF-8 cannot.
    named = f"{check}\n{target}\n{subject.casefold()}".encode(errors="surrogatepass")
    return hashlib.sha256(named).hexdigest()
