"""``report.md``: the run for people, also shown as the summary of a GitHub job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pullready.outcome import Judged, Result, Run
from pullready.reports.wording import (
    VERDICT_WORDS,
    aside,
    counts,
    example_notice,
    headline,
    is_command,
    legible,
    limits,
    one_line,
    place,
    reason,
    seen_failing,
    source,
    standing,
    waiver_line,
)
from pullready.verdict import Found, Unknown, Verdict

#: What GitHub takes as the summary of one step, in bytes.
SUMMARY_LIMIT: Final = 1024 * 1024
#: With more results than this, the table of all of them comes last, so that a summary that is cut keeps the findings.
_LONG_TABLE: Final = 300
_LONGEST_VALUE: Final = 1000
_RESULTS: Final = ("Check", "Target", "Severity", "Verdict", "Stops the gate", "Why, or what holds")
_IMAGES: Final = ("Image", "Node pool", "Target", "Verdict", "Because of", "Not proven", "Workloads")
_CUT: Final = "\n\n*The summary of a job has a limit of 1 MiB. The rest is in report.md.*\n"
_SPECIAL: Final = re.compile(r"([\\`*_\[\]#|~$])")
_FENCE: Final = re.compile(r"^`{3,}", re.MULTILINE)


def render(run: Run) -> str:
    """Return the report."""
    return "\n".join(_lines(run)) + "\n"


def shortened(text: str, limit: int) -> str:
    """Return *text* in at most *limit* bytes of UTF-8, cut between lines, with a note and every code block closed."""
    whole = text.encode()
    if len(whole) <= limit:
        return text
    longest_fence = max((len(fence) for fence in _FENCE.findall(text)), default=0)
    room = limit - len(_CUT.encode()) - longest_fence - 1
    kept = whole[: max(room, 0)].rpartition(b"\n")[0].decode()
    fences = _FENCE.findall(kept)
    closing = "\n" + fences[-1] if len(fences) % 2 else ""
    return kept + closing + _CUT if room > 0 else ""


def escape(text: str, longest: int | None = None) -> str:
    """Return *text* in one line in which nothing is Markdown, HTML, a table's edge, or a link."""
    safe = one_line(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)


def code_block(text: str) -> str:
    """Return *text* as a block of code that nothing in it can end."""
    shown = legible(text).strip()
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall(r"`+", shown)), default=0))
    return f"{fence}sh\n{shown}\n{fence}"


def _lines(run: Run) -> Iterator[str]:
    if run.source.example:
        yield from (f"> **{escape(example_notice(run.source.example))}**", "")
    yield from ("# pullready", "", f"**{escape(headline(run))}**", "")
    yield from (escape(counts(run)) + "  ", escape(source(run)), "")
    yield from (f"> {escape(notice)}\n" for notice in run.notices)
    long = len(run.results) > _LONG_TABLE
    if not long:
        yield from _results(run)
    entries = [(result, one) for result in run.results for one in standing(result)]
    yield from _broken(run)
    yield from _section("What stops the gate", [(r, o) for r, o in entries if r.gates(o) and o.kind is Verdict.FOUND])
    yield from _section("What could not be judged", [(r, o) for r, o in entries if o.kind is Verdict.UNKNOWN])
    yield from _section(
        "Found, and does not stop the gate", [(r, o) for r, o in entries if not r.gates(o) and o.kind is Verdict.FOUND]
    )
    yield from _images(run)
    yield from _waivers(run)
    if long:
        yield from _results(run)
    yield from ("## What this run does not prove", "", *(f"- {escape(line)}" for line in limits(run)))


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(head)
    yield from (f"## {title}", "", f"| {' | '.join(head)} |", "|" + " --- |" * len(head))
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _results(run: Run) -> Iterator[str]:
    ordered = sorted(run.results, key=lambda result: (not result.gating, list(Verdict).index(result.verdict)))
    rows = [
        (
            f"[{result.check.id}]({result.check.reference})",
            escape(result.target),
            result.severity.value,
            VERDICT_WORDS[result.verdict],
            "yes" if result.gating else "no",
            escape(reason(result) or _because(result) or result.check.title),
        )
        for result in ordered
    ]
    yield from _table("Checks", _RESULTS, rows)


def _because(result: Result) -> str | None:
    subjects = dict.fromkeys(one_line(one.judgement.subject, 80) for one in standing(result))
    because = f" (because of {', '.join(result.because_of)})" if result.because_of else ""
    return ", ".join(list(subjects)[:3]) + ("…" if len(subjects) > 3 else "") + because if subjects else None  # noqa: PLR2004


def _broken(run: Run) -> Iterator[str]:
    broken = [result for result in run.results if result.verdict is Verdict.BROKEN]
    if broken:
        yield from ("## Broken checks", "", "A bug of pullready; please report it.", "")
        for result in broken:
            yield f"- {result.check.id} on {escape(result.target)}: {escape(reason(result) or '')}"
        yield ""


def _section(title: str, entries: list[tuple[Result, Judged]]) -> Iterator[str]:
    if entries:
        yield from (f"## {title}", "")
    for result, one in entries:
        yield from _entry(result, one)


def _entry(result: Result, one: Judged) -> Iterator[str]:
    yield from (f"### {escape(one.judgement.subject)}", "")
    yield f"- Check: [{result.check.id}]({result.check.reference}) ({result.severity_of(one)})"
    yield f"- Target: {escape(result.target)}"
    match one.judgement:
        case Found() as found:
            yield f"- Observed: {escape(found.observed, _LONGEST_VALUE)}"
            yield f"- Expected: {escape(found.expected, _LONGEST_VALUE)}"
        case Unknown() as unknown:
            yield f"- Reason: {escape(unknown.reason, _LONGEST_VALUE)}"
        case _:
            pass
    if where := place(one.location):
        yield f"- At: {escape(where)}"
    if note := aside(result, one):
        yield f"- Note: {escape(note)}"
    yield from ("", *_remedy(one), "")


def _remedy(one: Judged) -> Iterator[str]:
    match one.judgement:
        case Found(remedy=remedy) | Unknown(remedy=remedy):
            yield code_block(remedy) if is_command(remedy) else f"Remedy: {escape(remedy)}"
        case _:
            pass


def _images(run: Run) -> Iterator[str]:
    if run.images:
        rows = [
            (
                escape(image.image),
                escape(image.pool or "–"),
                escape(image.target),
                escape(image.verdict.replace("-", " ")),
                escape(", ".join(image.because) or "–"),
                escape(", ".join(image.unproven) or "–"),
                escape(", ".join(image.workloads), _LONGEST_VALUE),
            )
            for image in run.images
        ]
        yield from _table("Images", _IMAGES, rows)
    if seen := seen_failing(run.images):
        yield from ("## Seen failing", "", *(f"- {escape(line)}" for line in seen), "")


def _waivers(run: Run) -> Iterator[str]:
    groups = {
        "used": run.waivers.used,
        "expired, waives nothing": run.waivers.expired,
        "matches nothing": run.waivers.unmatched,
    }
    if any(groups.values()):
        yield from ("## Waivers", "")
        for state, waivers in groups.items():
            yield from (f"- {state}: {escape(waiver_line(waiver))}" for waiver in waivers)
        yield ""
