"""What people read: report.md and report.html; and what all reports do with hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pullready import reports
from pullready.outcome import Result, Run
from pullready.reports import html, junit, markdown, sarif, text, wording
from pullready.reports import json as report_json
from tests import reports_canned as canned
from tests.reading import elements

RUNS = {"plain": canned.run(), "broken": canned.run(canned.broken(), example="a shop"), "hostile": canned.hostile()}
ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


# -------------------------------------------------------------------------------------------------------- report.md


def test_markdown_names_the_example_first() -> None:
    assert markdown.render(RUNS["broken"]).startswith("> **EMBEDDED EXAMPLE: this run judges an example and not Azure")


def test_markdown_puts_a_long_table_last() -> None:
    many = replace(RUNS["plain"], results=RUNS["plain"].results * 40)
    said = markdown.render(many)
    assert said.index("## What stops the gate") < said.index("## Checks")
    assert markdown.render(RUNS["plain"]).index("## Checks") < markdown.render(RUNS["plain"]).index("## What stops")


@pytest.mark.parametrize("foreign", canned.HOSTILE.values(), ids=canned.HOSTILE)
def test_code_block_is_not_ended_from_inside(foreign: str) -> None:
    first, *inner, last = markdown.code_block(foreign).split("\n")
    assert first == last + "sh"
    assert last not in inner
    assert set(last) == {"`"}


def test_hostile_table_cells_stay_cells() -> None:
    rows = [line for line in markdown.render(RUNS["hostile"]).split("\n") if line.startswith("| [")]
    assert len(rows) == len(RUNS["hostile"].results)
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {8}


def test_markdown_holds_our_markup_alone() -> None:
    outside, fence = [], ""
    for line in markdown.render(RUNS["hostile"]).split("\n"):
        if fence or line.startswith("```"):
            fence = "" if line == fence else fence or line.removesuffix("sh")
        else:
            outside.append(line)
    said = "\n".join(outside)
    assert "&lt;script&gt;" in said
    assert "<" not in said
    assert set(re.findall(r"(?<!\\)\]\((https://[^/]*)", said)) == {"https://learn.microsoft.com"}
    assert not re.search(r"(?<!\\)[`~$]", said)


def test_step_summary_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# before\n")
    reports.append_step_summary(RUNS["plain"], path)
    assert path.read_text() == "# before\n" + markdown.render(RUNS["plain"])


def test_step_summary_keeps_within_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("x" * 500_000)
    reports.append_step_summary(replace(RUNS["plain"], results=RUNS["plain"].results * 400), path)
    assert 1_000_000 < path.stat().st_size <= markdown.SUMMARY_LIMIT
    assert path.read_text().endswith("The rest is in report.md.*\n")
    path.write_text("x" * markdown.SUMMARY_LIMIT)
    reports.append_step_summary(RUNS["plain"], path)
    assert path.stat().st_size == markdown.SUMMARY_LIMIT


@pytest.mark.parametrize("limit", range(0, 4000, 97))
def test_shortened_closes_its_code_block(limit: int) -> None:
    said = "größe\n" * 20 + "````sh\n" + "a ``` b\n" * 400 + "````\nend\n"
    short = markdown.shortened(said, limit)
    assert len(short.encode()) <= limit
    assert len(re.findall(r"^````", short, re.MULTILINE)) % 2 == 0
    assert short == said or short.endswith("report.md.*\n") or limit < 150


# ------------------------------------------------------------------------------------------------------ report.html


def test_rows_above_the_limit_are_those_that_gate() -> None:
    many = replace(RUNS["plain"], results=RUNS["plain"].results * 300)
    shown = [result for result in many.results if html.shows(result, len(many.results))]
    assert {result.check.id for result in shown} == {
        *(canned.ROLE.id, "private-dns-zone-not-linked-to-cluster-vnet", "image-reference-registry-unknown")
    }
    assert "2700 results; the table below has those that stop the gate" in "".join(html.summary(many))
    assert all(html.shows(result, len(RUNS["plain"].results)) for result in RUNS["plain"].results)


def test_html_asks_for_nothing_from_outside() -> None:
    style = report_json.SCHEMA.with_name("report.css").read_text()
    assert not re.search(r"url\(|@import|https?:", style)
    page = "".join([*html.summary(RUNS["hostile"]), *(html.details(result)[0] for result in RUNS["hostile"].results)])
    assert not [tag for tag, attributes, _ in elements(page) if attributes.keys() & {"src", "srcset", "onerror"}]


@pytest.mark.parametrize("result", RUNS["hostile"].results, ids=lambda result: f"{result.check.id}-{result.verdict}")
def test_html_holds_our_elements_alone(result: Result) -> None:
    cells = ['<td class="col-result">Failed</td>', "", '<td class="col-duration">1 ms</td>', ""]
    (shown,) = html.details(result)
    assert "\n" not in shown, "pytest-html's page marks lines that start with E"
    ours = {"div", "p", "article", "h3", "span", "dl", "dt", "dd", "pre", "details", "summary"}
    ours |= {"ul", "li", "b", "small", "code", "a", "td"}
    known = {"class", "href", "rel", "open", "hidden", "data-check", "data-target", "data-fingerprint", "data-kind"}
    known |= {"data-subject", "data-waived", "data-gating", "data-rank"}
    for tag, attributes, _ in elements(shown + "".join(html.row(result, cells))):
        assert tag in ours
        assert attributes.keys() <= known


# -------------------------------------------------------------------------------------------------- hostile text


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_no_illegal_character_in_any_report(run: Run) -> None:
    texts = {
        "json": report_json.render(run).decode(),
        "sarif": sarif.render(run).decode(),
        "markdown": markdown.render(run),
        "html": "".join(html.summary(run)),
        "summary": text.summary(run, Path("reports\x1b")),
        **{f"details {i}": html.details(result)[0] for i, result in enumerate(run.results)},
        **{f"message {i}": junit.message(result) for i, result in enumerate(run.results)},
        **{f"output {i}": junit.output(result) or "" for i, result in enumerate(run.results)},
    }
    assert [name for name, said in texts.items() if ILLEGAL.search(said)] == []
    assert not re.search(r"\\u00[01]|\\u007f|\\u202e", texts["json"] + texts["sarif"])


def test_legible_keeps_what_can_be_read() -> None:
    kept = "tab\t line\n größe 店 😀 👩\u200d💻 →…–"
    assert wording.legible(kept) == kept
    assert wording.legible("half \ud800 a pair\r\n\ufeff") == "half  a pair\n"


def test_hostile_subject_fakes_no_line_of_a_block() -> None:
    found = canned.found("a\n  found: b\n  see: c")
    result = canned.results(((canned.ROLE, canned.PROD, (found,)),))[0][0]
    assert len(re.findall(r"^  found: ", text.block(result), re.MULTILINE)) == 1
