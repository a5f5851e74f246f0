"""Read back what each report says, in one shape, so that reports can be compared: with each other and with a run."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

from pullready.outcome import Run
from pullready.reports.wording import one_line, standing

Pair = tuple[str, str]


@dataclass(frozen=True)
class Said:
    """What a report says of a check on a target: ``found`` and ``unknown`` hold the subjects that are not waived."""

    verdict: str
    gating: bool
    found: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


def _said(verdict: str, gating: bool, subjects: list[tuple[str, str]]) -> Said:  # noqa: FBT001
    return Said(
        verdict,
        gating,
        frozenset(subject for kind, subject in subjects if kind == "found"),
        frozenset(subject for kind, subject in subjects if kind == "unknown"),
    )


def from_run(run: Run) -> dict[Pair, Said]:
    return {
        (result.check.id, one_line(result.target)): _said(
            result.verdict.value,
            result.gating,
            [(one.kind.value, one_line(one.judgement.subject)) for one in standing(result)],
        )
        for result in run.results
    }


def from_json(path: Path) -> dict[Pair, Said]:
    said = {}
    for result in json.loads(path.read_text())["results"]:
        subjects = [(one["kind"], one_line(one["subject"])) for one in result["judgements"] if one["waiver"] is None]
        said[result["check"], one_line(result["target"])] = _said(result["verdict"], result["gating"], subjects)
    return said


def from_sarif(path: Path) -> dict[Pair, Said]:
    run = json.loads(path.read_text())["runs"][0]
    subjects: dict[Pair, list[tuple[str, str]]] = {}
    for result in run["results"]:
        if "suppressions" not in result:
            kind = {"fail": "found", "open": "unknown"}[result["kind"]]
            pair = (result["ruleId"], one_line(result["properties"]["target"]))
            subjects.setdefault(pair, []).append((kind, one_line(result["properties"]["subject"])))
    said = {}
    for one in run["properties"]["results"]:
        pair = (one["check"], one_line(one["target"]))
        said[pair] = _said(one["verdict"], one["gating"], subjects.pop(pair, []))
    assert not subjects, "results of a check that the list of verdicts lacks"
    return said


def from_junit(path: Path) -> dict[Pair, Said]:
    said = {}
    for case in ET.parse(path).getroot().iter("testcase"):  # noqa: S314  (our own file)
        properties = {one.get("name"): one.get("value") or "" for one in case.iter("property")}
        if "check_id" not in properties:
            continue
        target = re.search(r"\[(.*)\]$", case.get("name") or "", re.DOTALL)
        assert target
        text = "\n".join(child.text or "" for child in case if child.tag in {"failure", "error", "system-out"})
        subjects = re.findall(r"^  (found|unknown): (.*)$", text, re.MULTILINE)
        blocks = re.findall(r"(?:^  (?:broken|found|unknown): .*\n)+(?:^      .*\n?)*", text, re.MULTILINE)
        said[properties["check_id"], target[1]] = _said(properties["verdict"], any(map(_gates, blocks)), subjects)
    return said


def _gates(block: str) -> bool:
    """Say whether a subject's block in the text of a testcase stops the gate: nothing says that it does not."""
    return re.search(r"^      note: +does not stop the gate", block, re.MULTILINE) is None


def from_md(path: Path) -> dict[Pair, Said]:
    lines = path.read_text().split("\n")
    subjects: dict[Pair, list[tuple[str, str]]] = {}
    kind = subject = id_ = ""
    fence = ""
    verdicts: dict[Pair, tuple[str, bool]] = {}
    for line in lines:
        if fence or line.startswith("```"):
            fence = "" if fence and line == fence else fence or line.removesuffix("sh")
            continue
        if line.startswith("## "):
            kind = {"What stops the gate": "found", "What could not be judged": "unknown"}.get(line[3:], "")
            kind = "found" if line.startswith("## Found") else kind
        elif line.startswith("### "):
            subject = _plain(line[4:])
        elif match := re.fullmatch(r"- Check: \[(.*)\]\(https://.*\) \(\w+\)", line):
            id_ = match[1]
        elif line.startswith("- Target: "):
            subjects.setdefault((id_, _plain(line[10:])), []).append((kind, subject))
        elif match := re.match(r"\| \[([a-z0-9-]+)\]\(https:", line):
            cells = [_plain(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            verdicts[match[1], cells[1]] = (cells[3].replace(" ", "-"), cells[4] == "yes")
    assert subjects.keys() <= verdicts.keys()
    return {pair: _said(*verdict, subjects.get(pair, [])) for pair, verdict in verdicts.items()}


def _plain(markdown: str) -> str:
    return html.unescape(re.sub(r"\\([\\`*_\[\]#|~$])", r"\1", markdown))


class _Page(HTMLParser):
    """Every element that is opened, with its attributes and the text directly in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[list[str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        self._open.append(self.elements[-1][2])

    def handle_endtag(self, _tag: str) -> None:
        if self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].append(data)


def elements(page: str) -> list[tuple[str, dict[str, str | None], list[str]]]:
    return _Page(page).elements


def rows_of_html(path: Path) -> list[dict[str, object]]:
    """Return what the page's script draws its rows from."""
    for _, attributes, _ in elements(path.read_text()):
        if attributes.get("id") == "data-container":
            tests = json.loads(attributes["data-jsonblob"] or "")["tests"]
            return [row for rows in tests.values() for row in rows]
    raise AssertionError("no rows in the page")


def from_html(path: Path) -> dict[Pair, Said]:
    said = {}
    for row in rows_of_html(path):
        log = str(row["log"])
        if "pr-details" not in log:
            continue
        marks = [attributes for _, attributes, _ in elements(log)]
        shown = next(one for one in marks if "data-check" in one)
        subjects = [
            (one["data-kind"] or "", one["data-subject"] or "") for one in marks if one.get("data-waived") == "false"
        ]
        cells = "".join(str(cell) for cell in row["resultsTableRow"])  # type: ignore[attr-defined]
        badge = next("".join(text) for _, one, text in elements(cells) if "data-rank" in one)
        pair = (shown["data-check"] or "", shown["data-target"] or "")
        said[pair] = _said(badge.replace(" ", "-"), "pr-gates" in cells, subjects)
    return said


READERS = {
    "report.json": from_json,
    "report.md": from_md,
    "report.sarif": from_sarif,
    "junit.xml": from_junit,
    "report.html": from_html,
}


def differences(folder: Path) -> list[str]:
    """Return where the five reports in *folder* do not say the same; broken results list no subjects."""
    told = {name: read(folder / name) for name, read in READERS.items()}
    first = told["report.json"]
    found = []
    for name, said in told.items():
        found += [f"{name} lacks {pair}" for pair in first.keys() - said.keys()]
        found += [f"{name} has {pair} besides" for pair in said.keys() - first.keys()]
        found += [
            f"{name} says {said[pair]} of {pair}, and report.json {first[pair]}"
            for pair in first.keys() & said.keys()
            if said[pair] != first[pair]
        ]
    return found
