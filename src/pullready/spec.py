"""How a check is declared, and how its predicate is asked about every subject.

A check is a function that takes facts by parameter name and calls :func:`judge`. The same function runs under pytest,
alone, and in a plain loop: :func:`run_check` catches what it judged.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import Unread
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_ATTRIBUTE: Final = "__pullready_check__"
_judged: ContextVar[list[Judgement] | None] = ContextVar("pullready_judged", default=None)


class BrokenCheckError(AssertionError):
    """A check breaks the rules of judging: a bug of ours, never the user's."""


class Subject(Protocol):
    """What a predicate can be asked about: a fact that has a name."""

    @property
    def subject(self) -> str:
        """The name that reports and waivers use."""


S = TypeVar("S", bound=Subject)
CheckFunction = Callable[..., None]


class Check(msgspec.Struct, frozen=True):
    """A declared check: its id, and everything that pages, rules and tables are made from."""

    id: str
    severity: Severity
    reference: str
    follows_from: tuple[str, ...]
    function: CheckFunction

    @property
    def family(self) -> str:
        """The folder of the check's module, such as ``identity``."""
        return self.function.__module__.rpartition(".")[0].rpartition(".")[2]

    @property
    def page(self) -> str:
        """The docstring of the check's module."""
        return inspect.getdoc(inspect.getmodule(self.function)) or ""

    @property
    def title(self) -> str:
        """The healthy state as a sentence: the first line of the page, without its full stop."""
        return self.page.partition("\n")[0].rstrip(".")

    @property
    def facts(self) -> tuple[str, ...]:
        """The names of the facts that the check takes."""
        return tuple(inspect.signature(self.function).parameters)


def check(
    id: str,  # noqa: A002  (the word that reports use)
    *,
    severity: Severity,
    reference: str,
    follows_from: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Declare the decorated function as the check *id* (the fault's slug); refuse an incomplete declaration at import.

    ``follows_from`` names the checks whose finding on the same subject explains one of this check.
    """
    if not _SLUG.fullmatch(id):
        msg = f"check id {id!r} is not a slug"
        raise TypeError(msg)
    if not reference.startswith("https://"):
        msg = f"check {id}: the reference must be an https link"
        raise TypeError(msg)

    def declare(function: CheckFunction) -> CheckFunction:
        if not function.__name__.startswith("test_"):
            msg = f"check {id}: pytest collects only functions whose name starts with test_, not {function.__name__}"
            raise TypeError(msg)
        setattr(function, _ATTRIBUTE, Check(id, severity, reference, follows_from, function))
        return function

    return declare


def declared(function: object) -> Check | None:
    """Return the check that *function* was declared as, if it was."""
    return getattr(function, _ATTRIBUTE, None)


def judge(subjects: Iterable[S | Unread], predicate: Callable[[S], Iterator[Judgement]]) -> None:
    """Ask *predicate* about each of *subjects* and note what it says.

    A fact that turns out unavailable makes that subject unknown and no other; a subject about which nothing is said, or
    a clear judgement without evidence, is a bug. Outside :func:`run_check` anything but clear and not applicable raises
    :class:`AssertionError`, so that a check called by hand cannot pass unnoticed.
    """
    recording = _judged.get()
    judgements: list[Judgement] = [] if recording is None else recording
    before = len(judgements)
    for subject in subjects:  # one by one: what breaks the subjects off takes nothing along that was said before
        judgements.extend(_ask(subject, predicate))
    if len(judgements) == before:
        judgements.append(NotApplicable("", "the target has nothing of this kind"))
    bad = [judgement for judgement in judgements if isinstance(judgement, Found | Unknown)]
    if bad and recording is None:
        raise AssertionError(bad)


def run_check(check: Check, facts: Callable[[str], Any]) -> tuple[Judgement, ...]:
    """Run *check*, taking each fact from *facts* by its name, and return all that was judged.

    ``facts`` may raise :class:`FactUnavailable` or :class:`NothingToJudge`; anything else that is raised is a bug and
    goes up.
    """
    return recorded(lambda: check.function(**{name: facts(name) for name in check.facts}))


def recorded(call: Callable[[], object]) -> tuple[Judgement, ...]:
    """Return what is judged while *call* runs; at least one judgement."""
    judged: list[Judgement] = []
    token = _judged.set(judged)
    try:
        call()
    except FactUnavailable as unavailable:
        judged.append(_unknown("", unavailable))
    except NothingToJudge as nothing:
        judged.append(NotApplicable("", nothing.reason))
    finally:
        _judged.reset(token)
    if not judged:
        msg = "the check judged nothing; it must call judge()"
        raise BrokenCheckError(msg)
    return tuple(judged)


def _ask(subject: S | Unread, predicate: Callable[[S], Iterator[Judgement]]) -> Iterator[Judgement]:
    location = getattr(subject, "location", None)
    if isinstance(subject, Unread):
        yield replace(_unknown(subject.subject, subject.why), location=location)
        return
    count = 0
    try:
        for judgement in predicate(subject):
            if isinstance(judgement, Clear | Found) and not judgement.evidence:
                msg = f"{predicate.__name__} says {judgement!r} without evidence"
                raise BrokenCheckError(msg)
            count += 1
            yield judgement if judgement.location or location is None else replace(judgement, location=location)
    except FactUnavailable as unavailable:
        count += 1
        yield replace(_unknown(subject.subject, unavailable), location=location)
    except NothingToJudge as nothing:
        count += 1
        yield NotApplicable(subject.subject, nothing.reason, location=location)
    if not count:
        msg = f"{predicate.__name__} says nothing about {subject.subject}"
        raise BrokenCheckError(msg)


def _unknown(subject: str, unavailable: FactUnavailable) -> Unknown:
    evidence: tuple[Evidence, ...] = ()
    if unavailable.document:
        evidence = (Evidence(unavailable.document, unavailable.pointer, "", unavailable.reason),)
    return Unknown(subject, unavailable.reason, unavailable.remedy, evidence)
