"""What goes into a testcase of ``junit.xml``; pytest writes the file."""

from __future__ import annotations

from enum import StrEnum

from pullready.outcome import Result
from pullready.reports import text
from pullready.reports.wording import VERDICT_WORDS, one_line, reason, standing
from pullready.verdict import Verdict


class Element(StrEnum):
    """The element of a testcase that says how it went; a passed one has none."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"
    PASSED = "passed"


def element(result: Result) -> Element:
    """Return the element for *result*; found below ``fail-on``, or because of a root that gates, is passed."""
    if result.verdict is Verdict.BROKEN:
        return Element.ERROR
    if result.gating_found:
        return Element.FAILURE
    if result.gating_unknown:
        return Element.ERROR
    return {
        Verdict.UNKNOWN: Element.ERROR,
        Verdict.NOT_APPLICABLE: Element.SKIPPED,
        Verdict.WAIVED: Element.SKIPPED,
    }.get(result.verdict, Element.PASSED)


def properties(result: Result) -> list[tuple[str, str]]:
    """Return the properties of the testcase, in their order."""
    return [("check_id", result.check.id), ("verdict", result.verdict.value), ("severity", result.severity.value)]


def message(result: Result) -> str:
    """Return the text of the failure, the error, or the skip; for a skip one line."""
    if element(result) is Element.SKIPPED:
        return f"{VERDICT_WORDS[result.verdict]}: {one_line(reason(result) or '')}"
    return text.block(result)


def output(result: Result) -> str | None:
    """Return what a passed testcase says in ``system-out``: what was found below the gate, or why it is clear."""
    if element(result) is not Element.PASSED:
        return None
    return text.block(result) if standing(result) else text.clear_lines(result) or None
