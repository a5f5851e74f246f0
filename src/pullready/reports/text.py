"""The lines for the terminal; the same blocks are the failure texts in ``junit.xml``.

A block is indented so that a machine can read it back: subjects stand behind a kind at two spaces, and whatever comes
from outside stands deeper.
"""

from __future__ import annotations

import textwrap
from itertools import groupby
from pathlib import Path
from typing import Final

from pullready.outcome import Judged, Result, Run
from pullready.reports.wording import (
    aside,
    counts,
    example_notice,
    headline,
    legible,
    number,
    one_line,
    place,
    reason,
    standing,
    waiver_line,
)
from pullready.verdict import Clear, Found, Unknown, Verdict

#: A clear result shows the evidence of so many subjects in ``junit.xml``; ``report.json`` has them all.
_MOST_CLEAR: Final = 20
_LONGEST_VALUE: Final = 1000

__all__ = ["block", "clear_lines", "example_notice", "summary"]


def block(result: Result) -> str:
    """Return what was found or is unknown in *result*, a few lines each; what stops the gate first.

    Subjects of which the same is said stand together.
    """
    head = f"{result.verdict} {result.check.id} on {one_line(result.target)} ({result.severity})"
    lines = [head, f"  should hold: {one_line(result.check.title)}"]
    if result.verdict is Verdict.BROKEN:
        lines.append(f"  broken: {reason(result)}")
        lines.append(_field("remedy", "This is a bug of pullready: report it with this text"))
    for said, ones in groupby(standing(result), key=lambda one: _lines(result, one)):
        lines += [f"  {one.kind}: {one_line(one.judgement.subject)}" for one in ones]
        lines += said
    lines.append(f"  see: {result.check.reference}")
    return "\n".join(lines)


def _lines(result: Result, one: Judged) -> list[str]:
    """Return what is said of *one* below its subject."""
    lines = []
    match one.judgement:
        case Found() as found:
            lines += [_field("observed", found.observed), _field("expected", found.expected), _command(found.remedy)]
        case Unknown() as unknown:
            lines += [_field("reason", unknown.reason), _command(unknown.remedy)]
        case _:
            pass
    if where := place(one.location):
        lines.append(_field("at", where))
    if note := aside(result, one):
        lines.append(_field("note", note))
    return lines


def _field(name: str, text: str) -> str:
    return f"      {name + ':':<10}{one_line(text, _LONGEST_VALUE)}"


def _command(remedy: str) -> str:
    """Return the remedy whole and line by line: a command that was cut does harm."""
    return textwrap.indent(f"{'remedy:':<10}" + legible(remedy).strip().replace("\n", "\n" + " " * 10), " " * 6)


def clear_lines(result: Result) -> str:
    """Return what was read to call subjects clear, a line for each piece of evidence."""
    clear = [one.judgement for one in result.judged if isinstance(one.judgement, Clear)]
    lines = [
        f"  clear: {one_line(judgement.subject)}: {one_line(read.says)} ({one_line(f'{read.document} {read.pointer}')})"
        for judgement in clear[:_MOST_CLEAR]
        for read in judgement.evidence
    ]
    if len(clear) > _MOST_CLEAR:
        lines.append(f"  and {number(len(clear) - _MOST_CLEAR, 'clear subject')} more: see report.json")
    return "\n".join(lines)


def summary(run: Run, folder: Path | None = None) -> str:
    """Return the end of the terminal's output: the verdict, the counts, what needs attention, where the reports are."""
    lines = [example_notice(run.source.example)] if run.source.example else []
    lines += [headline(run), counts(run)]
    lines += [f"expired waiver, waives nothing: {waiver_line(waiver)}" for waiver in run.waivers.expired]
    lines += [f"waiver that matches nothing: {waiver_line(waiver)}" for waiver in run.waivers.unmatched]
    lines += [f"note: {one_line(notice)}" for notice in run.notices]
    if folder is not None:
        lines.append(f"reports: {one_line(str(folder))}")
    return "\n".join(lines)
