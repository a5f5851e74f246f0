"""What stands above the table of ``report.html``: the verdict in words, counts, images, waivers, limits, the style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from pullready.outcome import Run
from pullready.reports.wording import (
    VERDICT_WORDS,
    counts,
    example_notice,
    headline,
    limits,
    number,
    one_line,
    seen_failing,
    source,
    tally,
    waiver_line,
)
from pullready.verdict import Verdict

STYLE: Final = Path(__file__).with_name("report.css")
#: pytest-html's page takes seconds to open with more rows; then it shows what stops the gate alone.
ROW_LIMIT: Final = 2000
_MOST_IMAGES: Final = 200
_IMAGES: Final = ("Image", "Node pool", "Target", "Verdict", "Because of", "Not proven", "Workloads")


def text(value: str, longest: int | None = None) -> str:
    """Return *value* in one line, escaped for text and for attributes."""
    return escape(one_line(value, longest))


def summary(run: Run) -> list[str]:
    """Return what stands above the table: the verdict in words, the counts, images, waivers, limits, and the style."""
    example = run.source.example
    return [
        f"<style>{STYLE.read_text(encoding='utf-8')}</style>",
        f'<section class="pr-run pr-run-{run.verdict}">',
        f'<p class="pr-example">{text(example_notice(example))}</p>' if example else "",
        f'<p class="pr-headline">{text(headline(run))}</p>',
        _chips(run),
        f'<p class="pr-source">{text(counts(run))}.<br>{text(source(run))}.</p>',
        *(f'<p class="pr-notice">{text(notice)}</p>' for notice in run.notices),
        "</section>",
        _by_check(run) if len(run.results) > ROW_LIMIT else "",
        _images(run),
        _waivers(run),
        f"<details><summary>What this run does not prove</summary>{_list(limits(run))}</details>",
    ]


def _chips(run: Run) -> str:
    seen = tally(run)
    chips = [
        f'<li class="pr-badge pr-{verdict}"><b>{seen[verdict]}</b> {VERDICT_WORDS[verdict]}</li>'
        for verdict in Verdict
        if seen[verdict]
    ]
    return f'<ul class="pr-chips">{"".join(chips)}</ul>'


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; *rows* hold HTML. Each cell carries its column's name, which narrow pages show beside it."""
    names = tuple(head)
    top = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(_row(names, cells) for cells in rows)
    return f'<h2>{title}</h2><table class="pr-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _row(names: Iterable[str], cells: Iterable[str]) -> str:
    return (
        "<tr>"
        + "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in zip(names, cells, strict=True))
        + "</tr>"
    )


def _by_check(run: Run) -> str:
    seen = Counter((result.check.id, result.verdict) for result in run.results)
    rows = [
        (text(check), *(str(seen[check, verdict]) for verdict in Verdict))
        for check in sorted({result.check.id for result in run.results})
    ]
    title = f"{number(len(run.results), 'result')}; the table below has those that stop the gate"
    return _table(title, ("Check", *(VERDICT_WORDS[verdict].capitalize() for verdict in Verdict)), rows)


def _images(run: Run) -> str:
    if not run.images:
        return ""
    shown = [image for image in run.images if image.verdict not in {"will-pull", "no-fault-found"}]
    shown += [image for image in run.images if image not in shown]
    rows = [
        (
            f"<code>{text(image.image)}</code>",
            text(image.pool or "–"),
            text(image.target),
            f'<span class="pr-badge pr-image-{text(image.verdict)}">{text(image.verdict.replace("-", " "))}</span>',
            text(", ".join(image.because) or "–"),
            text(", ".join(image.unproven) or "–"),
            text(", ".join(image.workloads), 200),
        )
        for image in shown[:_MOST_IMAGES]
    ]
    more = f" (the first {_MOST_IMAGES} of {len(shown)}; all stand in report.json)" if len(shown) > _MOST_IMAGES else ""
    seen = seen_failing(run.images)
    return _table(f"Images{more}", _IMAGES, rows) + (f"<h2>Seen failing</h2>{_list(seen)}" if seen else "")


def _waivers(run: Run) -> str:
    groups = {
        "Used": run.waivers.used,
        "Expired, waives nothing": run.waivers.expired,
        "Matches nothing": run.waivers.unmatched,
    }
    lines = [f"{state}: {waiver_line(waiver)}" for state, waivers in groups.items() for waiver in waivers]
    return f"<h2>Waivers</h2>{_list(lines)}" if lines else ""


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"
