"""The five reports of a run say the same; junit.xml and report.html are written by the real pytest and pytest-html."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from pullready import reports
from pullready.outcome import Run
from pullready.verdict import Verdict
from tests import reading
from tests import reports_canned as canned

ROOT = Path(__file__).parent.parent
RUNS = {"mixed": canned.run(canned.broken(), example="a shop"), "hostile": canned.hostile()}
SECRET = "canary-of-the-pipeline"
SCRIPT = """
import sys
from pathlib import Path
from tests import reports_canned, reports_plugin
mixed = reports_canned.run(reports_canned.broken(), example="a shop")
run = mixed if sys.argv[1] == "mixed" else reports_canned.hostile()
reports_plugin.render(run, Path(sys.argv[2]), by_number=sys.argv[1] == "hostile")
"""


@pytest.fixture(scope="module", params=RUNS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the five reports of a run; its name is that of the run."""
    path = tmp_path_factory.mktemp("reports", numbered=True) / str(request.param)
    path.mkdir()
    reports.write(RUNS[path.name], path)
    paths = [str(ROOT), str(ROOT / "src")]
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}{SCRIPT}", path.name, str(path)],
        check=True,
        capture_output=True,
        env=os.environ | {"JENKINS_URL": "https://ci.example", "GIT_URL": f"https://user:{SECRET}@git.example"},
    )
    return path


def run_of(folder: Path) -> Run:
    return RUNS[folder.name]


def readers(folder: Path) -> list[str]:
    """Return the reports that can be compared; in the hostile run pytest's ids cannot be the targets' names."""
    return [name for name in reading.READERS if folder.name == "mixed" or name != "junit.xml"]


def test_every_verdict_is_in_the_run() -> None:
    assert {result.verdict for result in RUNS["mixed"].results} == set(Verdict)
    assert {result.gating for result in RUNS["mixed"].results if result.verdict is Verdict.FOUND} == {True, False}
    assert {result.gating for result in RUNS["mixed"].results if result.verdict is Verdict.UNKNOWN} == {True, False}


@pytest.mark.parametrize("name", reading.READERS)
def test_report_says_what_was_judged(folder: Path, name: str) -> None:
    if name in readers(folder):
        assert reading.READERS[name](folder / name) == reading.from_run(run_of(folder))


def test_reports_agree(folder: Path) -> None:
    if folder.name == "mixed":
        assert reading.differences(folder) == []


def test_disagreement_is_seen(folder: Path, tmp_path: Path) -> None:
    for name in reading.READERS:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "report.md").write_text(
        (folder / "report.md").read_text().replace("| found | yes |", "| clear | no |", 1)
    )
    assert any(line.startswith("report.md says") for line in reading.differences(tmp_path))


def test_junit_xml_is_valid(folder: Path) -> None:
    schema = xmlschema.XMLSchema(ROOT / "tests" / "schemas" / "junit.xsd")
    schema.validate(folder / "junit.xml")


def test_junit_xml_has_a_testcase_for_each_result(folder: Path) -> None:
    cases = list(ET.parse(folder / "junit.xml").getroot().iter("testcase"))  # noqa: S314  (our own file)
    named = [case for case in cases if case.find("properties") is not None]
    assert len(named) == len(run_of(folder).results)
    for case in named:
        names = [one.get("name") for one in case.iter("property")]
        assert names == ["check_id", "verdict", "severity"]


def test_report_html_has_what_its_script_needs(folder: Path) -> None:
    rows = reading.rows_of_html(folder / "report.html")
    assert len(rows) == len(run_of(folder).results) + 1, "and the test that is no check"
    assert {str(row["result"]) for row in rows} == {"Passed", "Failed", "Error", "Skipped"}
    assert len({str(row["testId"]) for row in rows}) >= len(rows) - 1 if folder.name == "mixed" else True
    assert {len(row["resultsTableRow"]) for row in rows} == {7}  # type: ignore[arg-type]


def test_report_html_is_one_file_without_foreign_markup(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    for tag, attributes, _ in reading.elements(page):
        assert tag != "link"
        assert not attributes.get("src")
        assert not [name for name in attributes if name.startswith("on") and tag != "div"]
    assert sum(tag == "script" for tag, _, _ in reading.elements(page)) == 1


def test_report_html_holds_no_variables_of_the_pipeline(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert SECRET not in page
    assert "Platform" in page
