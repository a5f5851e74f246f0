"""A small pytest plugin that turns canned results into junit.xml and report.html, as the real one does with its own."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from pytest_html.report_data import ReportData

from pullready.outcome import Result, Run
from pullready.reports import html, junit
from pullready.reports.junit import Element

RESULT = pytest.StashKey[Result]()


class CannedResults:
    """Let the nth item of a run say the nth result of *run*."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._names: dict[str, Result] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item, result in zip(items, self._run.results, strict=False):
            item.stash[RESULT] = result
            item.user_properties.extend(junit.properties(result))
            self._names[item.nodeid] = result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        if call.when == "call" and RESULT in item.stash and (said := junit.output(item.stash[RESULT])) is not None:
            item.add_report_section("call", "stdout", said)
        report = yield
        if call.when == "call" and RESULT in item.stash:
            result = item.stash[RESULT]
            match junit.element(result):
                case Element.FAILURE:
                    report.outcome, report.longrepr = "failed", junit.message(result)
                case Element.ERROR:
                    report.outcome, report.longrepr, report.when = "failed", junit.message(result), "setup"
                case Element.SKIPPED:
                    report.outcome, report.longrepr = "skipped", (str(item.path), 1, junit.message(result))
                case Element.PASSED:
                    pass
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: ReportData) -> None:
        html.title(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        prefix.extend(html.summary(self._run))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        cells[:] = html.header()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        result = self._names.get(report.nodeid)
        if result is None:
            cells[:] = html.other_row(cells)
        elif html.shows(result, len(self._run.results)):
            cells[:] = html.row(result, cells)
        else:
            cells.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        if result := self._names.get(report.nodeid):
            data[:] = html.details(result)


def write_module(run: Run, folder: Path, *, by_number: bool = False) -> Path:
    """Write a module with an empty test for each result of *run*, named after check and target, and return its path."""
    names = [
        (result.check.id.replace("-", "_"), f"target{number}" if by_number else result.target)
        for number, result in enumerate(run.results)
    ]
    lines: Sequence[str] = [
        f"@pytest.mark.parametrize('target', [{target!r}])\ndef test_{check}{number * by_number or ''}(target): pass\n"
        for number, (check, target) in enumerate(names)
    ]
    path = folder / "test_canned.py"
    path.write_text("import pytest\n\n" + "\n".join(lines) + "\ndef test_of_somebody_else(): print('hello')\n")
    return path


def render(run: Run, folder: Path, *, by_number: bool = False) -> None:
    """Run pytest over the canned results of *run*, so that junit.xml and report.html stand in *folder*."""
    module = write_module(run, folder, by_number=by_number)
    arguments = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--capture=no",
        "-o",
        "junit_logging=system-out",
        f"--rootdir={folder}",
    ]
    reports = [f"--junitxml={folder}/junit.xml", f"--html={folder}/report.html", "--self-contained-html"]
    pytest.main([*arguments, *reports, "-c", "/dev/null", "--import-mode=importlib", str(module)], [CannedResults(run)])
