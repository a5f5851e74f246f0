"""What stands in ``report.html``; pytest-html writes the file and fills its table from what these functions return.

The page draws its rows with ``innerHTML``, so every text from outside is escaped here. It filters and sorts by data
that it takes from the cells of sortable columns: ``result`` must hold pytest's own word and ``testId`` a name, and both
columns are hidden; ``verdict`` starts with a key that sorts what stops the gate first.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from pullready.outcome import Judged, Result
from pullready.reports.overview import ROW_LIMIT, summary, text
from pullready.reports.wording import VERDICT_WORDS, aside, is_command, legible, number, place, reason, standing
from pullready.verdict import Evidence, Found, NotApplicable, Unknown, Verdict

#: So many subjects of one result are shown in a row; ``report.json`` has them all.
_MOST_SUBJECTS: Final = 200
_MOST_QUIET: Final = 50
_COLUMNS: Final = ("check", "target", "severity", "verdict", "duration")
_ENVIRONMENT: Final = ("Python", "Platform", "Packages", "Plugins")
_LABELS: Final = {
    "failed": "found, at or above the gate",
    "error": "unknown",
    "passed": "clear, or found below the gate",
    "skipped": "not applicable or waived",
}

__all__ = ["ROW_LIMIT", "details", "header", "other_row", "row", "shows", "summary", "title"]


def title(report: Any) -> None:
    """Set title, filters and first order of the page; for the hook ``pytest_html_report_title``.

    Of the environment only the versions stay: pytest-metadata also gathers a pipeline's variables, some of which are
    addresses with a password in them.
    """
    report.title = "pullready"
    environment = report.data["environment"]
    report.set_data("environment", {name: value for name, value in environment.items() if name in _ENVIRONMENT})
    report.data["initialSort"] = "verdict"
    report.data["renderCollapsed"] = ["passed", "skipped"]
    for outcome, label in _LABELS.items():
        report.outcomes[outcome]["label"] = label


def header() -> list[str]:
    """Return the cells of the table's head."""
    hidden = [f'<th class="sortable" data-column-type="{name}" hidden></th>' for name in ("result", "testId")]
    return hidden + [f'<th class="sortable" data-column-type="{name}">{name.capitalize()}</th>' for name in _COLUMNS]


def shows(result: Result, results: int) -> bool:
    """Say whether *result*, one of so many *results*, gets a row."""
    return results <= ROW_LIMIT or result.gating


def row(result: Result, cells: Sequence[str]) -> list[str]:
    """Return the cells of *result*; *cells* are pytest-html's own, with outcome first and duration third."""
    name = text(f"{result.check.id}[{result.target}]")
    verdict, severity = result.verdict, result.severity
    rank = f"{0 if result.gating else 1}{list(Verdict).index(verdict)}{result.check.id}"
    gate = '<span class="pr-gates">stops the gate</span>' if result.gating else ""
    badge = f'<span data-rank="{rank}" class="pr-badge pr-{verdict}">{VERDICT_WORDS[verdict]}</span>'
    title = f'<span class="pr-title">{text(result.check.title)}</span>'
    return [
        cells[0].replace("<td", "<td hidden", 1),
        f'<td class="col-testId" hidden>{name}</td>',
        f'<td class="col-check"><span class="pr-id">{text(result.check.id)}</span>{title}</td>',
        f'<td class="col-target">{text(result.target)}</td>',
        f'<td class="col-severity">{severity}</td>',
        f'<td class="col-verdict">{badge}{gate}</td>',
        cells[2],
    ]


def other_row(cells: Sequence[str]) -> list[str]:
    """Return the cells of a test that is no check, in the same columns."""
    name = cells[1].replace("col-testId", "col-check", 1)
    blank = [f'<td class="col-{column}"></td>' for column in ("target", "severity")]
    verdict = cells[0].replace("col-result", "col-verdict", 1)
    hidden = [cell.replace("<td", "<td hidden", 1) for cell in cells[:2]]
    return [*hidden, name, *blank, verdict, cells[2]]


def details(result: Result) -> list[str]:
    """Return what unfolds under the row of *result*, as one line of HTML."""
    reference = text(result.check.reference)
    parts = [
        f'<div class="pr-details" data-check="{text(result.check.id)}" data-target="{text(result.target)}">',
    ]
    if result.verdict is Verdict.BROKEN:
        parts.append(f"<p>A bug of pullready, please report it: {text(reason(result) or '')}</p>")
    loud = (*standing(result), *(one for one in result.judged if one.waiver))
    parts += [_finding(result, one) for one in loud[:_MOST_SUBJECTS]]
    if len(loud) > _MOST_SUBJECTS:
        parts.append(f"<p>{len(loud) - _MOST_SUBJECTS} more stand in report.json.</p>")
    parts += [_quiet(result, kind) for kind in (Verdict.CLEAR, Verdict.NOT_APPLICABLE)]
    parts.append(
        f'<p class="pr-more"><a href="{reference}" rel="noreferrer">Documentation of this failure</a></p></div>'
    )
    # pytest-html's page marks lines that start with E, so there is only one line.
    return ["".join(parts).replace("\n", "&#10;")]


def _finding(result: Result, one: Judged) -> str:
    fields = ""
    match one.judgement:
        case Found() as found:
            fields = _field("Observed", found.observed) + _field("Expected", found.expected) + _remedy(found.remedy)
        case Unknown() as unknown:
            fields = _field("Reason", unknown.reason) + _remedy(unknown.remedy)
        case _:
            pass
    where = place(one.location)
    note = aside(result, one)
    gating = result.gates(one)
    word = Verdict.WAIVED if one.waiver else one.kind
    return (
        f'<article class="pr-finding pr-edge-{word}" data-fingerprint="{one.fingerprint}" data-kind="{one.kind}" '
        f'data-subject="{text(one.judgement.subject)}" data-waived="{str(bool(one.waiver)).lower()}" '
        f'data-gating="{str(gating).lower()}"><h3><span class="pr-badge pr-{word}">{VERDICT_WORDS[word]}</span> '
        f'{text(one.judgement.subject)} <span class="pr-severity">{result.severity_of(one)}</span></h3>'
        f"<dl>{fields}{_field('At', where) if where else ''}{_field('Note', note) if note else ''}</dl>"
        f"{_evidence(one.judgement.evidence)}</article>"
    )


def _field(name: str, value: str) -> str:
    return f"<dt>{name}</dt><dd>{text(value)}</dd>"


def _remedy(remedy: str) -> str:
    shown = escape(legible(remedy).strip())
    return f"<dt>Remedy</dt><dd><pre>{shown}</pre></dd>" if is_command(remedy) else f"<dt>Remedy</dt><dd>{shown}</dd>"


def _evidence(evidence: Sequence[Evidence]) -> str:
    if not evidence:
        return ""
    items = "".join(f"<li>{_read(one)}</li>" for one in evidence)
    return f"<details><summary>Evidence: {number(len(evidence), 'reading')}</summary><ul>{items}</ul></details>"


def _read(one: Evidence) -> str:
    value = f" = <code>{text(one.value)}</code>" if one.value else ""
    return f"{text(one.says)} <small><code>{text(one.document)}</code> <code>{text(one.pointer)}</code>{value}</small>"


def _quiet(result: Result, kind: Verdict) -> str:
    """Return the subjects about which there is nothing to do, folded; each with what was read."""
    ones = [one.judgement for one in result.judged if one.kind is kind]
    if not ones:
        return ""
    items = []
    for judgement in ones[:_MOST_QUIET]:
        why = f": {text(judgement.reason)}" if isinstance(judgement, NotApplicable) else ""
        read = "".join(f"<li>{_read(evidence)}</li>" for evidence in judgement.evidence)
        items.append(f"<li><b>{text(judgement.subject)}</b>{why}{f'<ul>{read}</ul>' if read else ''}</li>")
    if len(ones) > _MOST_QUIET:
        items.append(f"<li>{len(ones) - _MOST_QUIET} more stand in report.json</li>")
    opened = " open" if result.verdict is kind else ""
    title = f"{number(len(ones), 'subject')} {VERDICT_WORDS[kind]}"
    return f"<details{opened}><summary>{title}</summary><ul>{''.join(items)}</ul></details>"
