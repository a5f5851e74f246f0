"""The sentences that every report shares, so that all of them say the same, and texts made fit to be shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from pullready.config import Waiver
from pullready.outcome import Exit, ImageOutcome, Judged, Result, Run, RunVerdict
from pullready.verdict import Found, Location, NotApplicable, Unknown, Verdict

#: What XML 1.0 forbids, what steers a terminal, and what makes the text beside it look different than it is.
_UNFIT: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_SPACE: Final = re.compile(r"\s+")
_LONGEST_REASON: Final = 300
_COMMAND: Final = re.compile(
    r"^\s*(?:\$ )?(?:az|kubectl|helm|kustomize|docker|crane|oras|skopeo|nslookup|dig) \S", re.MULTILINE
)

WORDS: Final = {
    RunVerdict.READY: "Ready",
    RunVerdict.NOT_READY: "Not ready",
    RunVerdict.INCOMPLETE: "Incomplete",
    RunVerdict.NOTHING_CHECKED: "Nothing checked",
}
VERDICT_WORDS: Final = {
    Verdict.BROKEN: "broken",
    Verdict.FOUND: "found",
    Verdict.UNKNOWN: "unknown",
    Verdict.CLEAR: "clear",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.WAIVED: "waived",
}


def legible(text: str) -> str:
    """Return *text* without the characters that no report may carry; lines stay lines."""
    return _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, longest: int | None = None) -> str:
    """Return *text* fit to be shown, in one line, cut to *longest* characters where that is given."""
    line = _SPACE.sub(" ", legible(text)).strip()
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"


def place(location: Location | None) -> str | None:
    """Return ``file:line``."""
    return None if location is None else f"{one_line(location.file)}:{location.line}"


def is_command(remedy: str) -> bool:
    """Say whether a line of *remedy* is to be typed, so that all of it is shown as code; else it is prose."""
    return bool(_COMMAND.search(remedy))


def number(count: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 check``, ``2 checks``."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def standing(result: Result) -> tuple[Judged, ...]:
    """Return what was found or is unknown and not waived: first what stops the gate, and found before unknown."""
    kept = [one for one in result.judged if one.waiver is None and isinstance(one.judgement, Found | Unknown)]
    return tuple(sorted(kept, key=lambda one: (not result.gates(one), one.kind is Verdict.UNKNOWN)))


def aside(result: Result, one: Judged) -> str | None:
    """Say why *one*, though found or unknown, does not stop the gate; none where it does."""
    if result.gates(one):
        return None
    if one.waiver:
        return f"waived until {one.waiver.until} by {one_line(one.waiver.owner)}: {one_line(one.waiver.reason)}"
    if one.root_gates:
        return f"does not stop the gate: because of {', '.join(one.because_of)}, which does"
    return f"does not stop the gate: {result.severity_of(one)} is below {result.fail_on}"


def reason(result: Result) -> str | None:
    """Say in one line why *result* is broken, unknown, waived or not applicable; none where it is found or clear."""
    match result.verdict:
        case Verdict.BROKEN:
            return one_line(result.broken or "", _LONGEST_REASON)
        case Verdict.UNKNOWN:
            return _first_of(
                one.judgement.reason for one in result.judged if not one.waiver and isinstance(one.judgement, Unknown)
            )
        case Verdict.WAIVED:
            return _first_of(one.waiver.reason for one in result.judged if one.waiver)
        case Verdict.NOT_APPLICABLE:
            reasons = [one.judgement.reason for one in result.judged if isinstance(one.judgement, NotApplicable)]
            return _first_of(reasons) or "the target has nothing of this kind"
        case Verdict.FOUND | Verdict.CLEAR:
            return None


def _first_of(reasons: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(one_line(text, _LONGEST_REASON) for text in reasons))
    more = f" (and {number(len(distinct) - 1, 'other reason')})" if len(distinct) > 1 else ""
    return distinct[0] + more if distinct else ""


def tally(run: Run) -> Counter[Verdict]:
    """Count the results by verdict."""
    return Counter(result.verdict for result in run.results)


def counts(run: Run) -> str:
    """Return ``7 checks on 1 target: 1 found, 6 clear``."""
    seen = tally(run)
    listed = ", ".join(f"{seen[verdict]} {VERDICT_WORDS[verdict]}" for verdict in Verdict if seen[verdict])
    checks = number(len({result.check.id for result in run.results}), "check")
    return f"{checks} on {number(len(run.targets), 'target')}: {listed or 'no results'}"


def headline(run: Run) -> str:
    """Say in one sentence what the run came to, and why."""
    return f"{WORDS[run.verdict]}: {_why(run)}"


def _why(run: Run) -> str:
    results = run.results
    match run.exit_code:
        case Exit.INTERRUPTED:
            return "the run was interrupted"
        case Exit.INTERNAL:
            broken = sum(result.verdict is Verdict.BROKEN for result in results)
            return f"{number(broken, 'check is', 'checks are')} broken, which is a bug of pullready and no verdict"
        case Exit.NOT_READY:
            found = sum(result.gating_found for result in results)
            unknown = sum(result.gating_unknown and not result.gating_found for result in results)
            also = f", and {unknown} could not be judged" if unknown else ""
            return f"{number(found, 'check')} found faults at or above {run.fail_on}{also}"
        case Exit.INCOMPLETE:
            unknown = sum(result.gating_unknown for result in results)
            unjudged = len(run.selection.unjudged)
            parts = [f"{number(unknown, 'check')} could not be judged"] if unknown else []
            parts += [f"{number(unjudged, 'selected check')} did not run"] if unjudged else []
            return ", ".join(parts)
        case Exit.NOTHING_JUDGED:
            return "on at least one target nothing was clear or found"
        case _:
            return f"nothing at or above {run.fail_on} was found or is unknown"


def example_notice(example: str) -> str:
    """Return the first line of a run over an embedded example, which must never be taken for a real one."""
    return f"EMBEDDED EXAMPLE: this run judges an example and not Azure ({one_line(example)})"


def source(run: Run) -> str:
    """Say where the documents came from, when, and how many could not be read."""
    origin = run.source
    when = origin.captured_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    requests = ", ".join(f"{count} {one_line(provider)}" for provider, count in sorted(origin.requests.items()))
    read = "Read live at" if origin.kind == "live" else "Judged from a snapshot taken at"
    sent = f", requests: {requests}" if requests else ""
    return f"{read} {when}: {number(origin.documents, 'document')}, {origin.unreadable} of them unreadable{sent}"


def limits(run: Run) -> tuple[str, ...]:
    """Say what this run does not prove, whatever its verdict."""
    said = [f"It holds for {run.source.captured_at:%Y-%m-%d %H:%M:%S UTC}; what changed later it has not seen."]
    if run.source.example:
        said.insert(0, "It says nothing about Azure: an embedded example was judged.")
    if run.selection.deselected:
        said.append(f"Deselected, so not judged: {', '.join(run.selection.deselected)}.")
    if run.selection.unjudged:
        said.append(f"Selected and yet not judged: {', '.join(run.selection.unjudged)}.")
    if run.source.unreadable:
        said.append(f"{number(run.source.unreadable, 'document')} could not be read.")
    links = Counter(link for image in run.images for link in image.unproven)
    said.extend(f"Not proven for {number(count, 'image')}: {link}." for link, count in sorted(links.items()))
    return tuple(said)


def waiver_line(waiver: Waiver) -> str:
    """Return a waiver in one line."""
    scope = f" on {one_line(waiver.target)}" if waiver.target else ""
    terms = f"until {waiver.until}, {one_line(waiver.owner)}: {one_line(waiver.reason)}"
    return f"{one_line(waiver.check)}, {one_line(waiver.subject)}{scope}, {terms}"


def seen_failing(images: Iterable[ImageOutcome]) -> list[str]:
    """Return a line for each image that events of the live cluster say was not pulled."""
    lines = []
    for image in images:
        if seen := image.seen_failing:
            says = "; ".join(seen.says) or "for a reason that is not known"
            behind = f"; look at {', '.join(seen.conditions)}" if seen.conditions else ""
            place = f" on {image.pool}" if image.pool else ""
            lines.append(
                f"{image.image}{place} ({image.target}), last at {seen.at or 'an unknown time'}: {says}{behind}"
            )
    return lines
