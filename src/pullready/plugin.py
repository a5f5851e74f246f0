"""The pytest plugin: it gives the checks their targets and facts, and turns what they judge into pytest's reports.

It is loaded in every test run of an installation and does nothing in those that collect no check: until one is met,
nothing else of pullready is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from _pytest.junitxml import LogXML

    from pullready.facts import Facts
    from pullready.session import CheckSession
    from pullready.spec import Check

SESSION: Final = pytest.StashKey["CheckSession"]()
TARGET: Final = "pullready_target"
#: The attribute that :func:`pullready.spec.check` sets.
DECLARED: Final = "__pullready_check__"
#: Options with which pytest shows something and judges nothing, so that nothing is to be read.
SHOWING: Final = (
    "help",
    "version",
    "markers",
    "collectonly",
    "showfixtures",
    "show_fixtures_per_test",
    "setupplan",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all with a prefix: the plugin also loads in other people's test runs."""
    group = parser.getgroup("pullready", "pullready: can this cluster pull these images?")
    add = group.addoption
    add("--pullready-config", metavar="FILE", help="what to prove (default: pullready.yaml)")
    add("--pullready-cluster", action="append", default=[], metavar="ID", help="resource id of an AKS cluster")
    add("--pullready-registry", action="append", default=[], metavar="NAME", help="a registry's name or resource id")
    add("--pullready-manifests", action="append", default=[], metavar="PATH", help="file or folder, or - for stdin")
    add("--pullready-context", metavar="KUBECONTEXT", help="read the live cluster through this context, too")
    add("--pullready-snapshot", metavar="FILE", help="judge this snapshot and read nothing")
    add("--pullready-save-snapshot", metavar="FILE", help="keep what was read")
    add("--pullready-report-dir", metavar="DIR", default="reports", help="folder of the reports (default: reports)")
    add("--pullready-fail-on", choices=("blocker", "risk", "advice"), help="what stops the gate (default: blocker)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where the arguments name the checks, make their session and the defaults of junit.xml and report.html."""
    if not _names_checks(config):
        return
    session = _session(config)
    if not _shows_only(config):
        session.set_report_defaults()
        config.pluginmanager.register(Page(session), "pullready-page")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Say in the first line where an embedded example is judged and not Azure; let junit.xml keep what checks say."""
    if (checks := session.config.stash.get(SESSION, None)) is not None:
        checks.announce()
        if (log := _junit(session.config)) is not None:
            log.logging = "system-out"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each check once for each target."""
    if getattr(metafunc.function, DECLARED, None) is not None:
        names = _session(metafunc.config).target_names()
        metafunc.fixturenames.append(TARGET)
        metafunc.parametrize(TARGET, names, ids=names)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put each check behind those that it follows from."""
    if any(_check(item) for item in items):
        _session(config).arrange(items)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-k`` select a check by its id; a warning, which may be one of an SDK, is no reason to stop a gate."""
    if (check := _check(item)) is not None:
        item.extra_keyword_matches.add(check.id)
        item.add_marker(pytest.mark.filterwarnings("default"))


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note which checks were deselected, for the reports say so."""
    for item in items:
        if (check := _check(item)) is not None:
            _session(item.config).deselected.add(check.id)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Raise what is wrong with the configuration, then read what the selected checks need."""
    items = [item for item in session.items if _check(item)]
    checks = session.config.stash.get(SESSION, None)
    if checks is not None and (items or _names_checks(session.config)):
        checks.begin(items, uncollected=session.testsfailed, judge=not _shows_only(session.config))


@pytest.fixture(name=TARGET)
def _pullready_target(request: pytest.FixtureRequest) -> str:
    """Return the name of the target that is judged."""
    return str(request.param)


@pytest.fixture
def pullready_facts(request: pytest.FixtureRequest) -> Facts:
    """Look up the facts of the target that is judged."""
    return _session(request.config).facts(request.getfixturevalue(TARGET))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Call a check, and keep what it judged instead of raising it."""
    if _check(pyfuncitem) is None:
        return None
    _session(pyfuncitem.config).call(pyfuncitem)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report of a check say what was judged."""
    checks = _session(item.config) if _check(item) else None
    error = checks.take_error(call) if checks else None
    report = yield
    if checks is not None:
        checks.shape(item, call.when, error, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the reports and set the exit code."""
    if (checks := session.config.stash.get(SESSION, None)) is not None:
        session.exitstatus = checks.finish(session, int(exitstatus))
        if (log := _junit(session.config)) is not None:
            _tidy(log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in the last lines what the run came to."""
    checks = config.stash.get(SESSION, None)
    if checks is not None and checks.run is not None:
        terminalreporter.section("pullready")
        terminalreporter.write_line(checks.summary())


class Page:
    """What pytest-html is told about the checks, in its own hooks."""

    def __init__(self, session: CheckSession) -> None:
        """Take the results from *session*, as they come."""
        from pullready.reports import html

        self._session = session
        self._html = html

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Name the page."""
        self._html.title(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the run above the table."""
        if self._session.run is not None:
            prefix.extend(self._html.summary(self._session.run))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Name the columns."""
        cells[:] = self._html.header()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Fill the row of a check; leave out what does not gate where there are too many."""
        result = self._session.results.get(report.nodeid)
        if result is None:
            cells[:] = self._html.other_row(cells)
        elif self._html.shows(result, self._session.size):
            cells[:] = self._html.row(result, cells)
        else:
            cells.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Fill what a row unfolds to."""
        if result := self._session.results.get(report.nodeid):
            data[:] = self._html.details(result)


def _junit(config: pytest.Config) -> LogXML | None:
    from _pytest.junitxml import xml_key

    return config.stash.get(xml_key, None)


def _tidy(log: LogXML) -> None:
    """Drop the nameless testcase that pytest leaves of an interrupted test, and outputs with nothing in them."""
    log.node_reporters_ordered[:] = [one for one in log.node_reporters_ordered if one.to_xml().get("name")]
    for case in (one.to_xml() for one in log.node_reporters_ordered):
        for output in case.findall("system-out"):
            if not (output.text or "").partition("\n")[2].strip():  # the first line is pytest's heading
                case.remove(output)


def _shows_only(config: pytest.Config) -> bool:
    return any(getattr(config.option, name, False) for name in SHOWING)


def _names_checks(config: pytest.Config) -> bool:
    """Say whether the arguments name the checks: a path at or below one of their folders, or their package."""
    package = Path(__file__).parent / "checks"
    clone = Path(__file__).parent.parent.parent / "checks"
    folders = [folder for folder in (package, clone) if (folder / "conftest.py").is_file()]
    for argument in config.args:
        name = argument.partition("::")[0]
        if config.option.pyargs and (name == "pullready.checks" or name.startswith("pullready.checks.")):
            return True
        path = (config.invocation_params.dir / name).resolve()
        if any(path.is_relative_to(folder.resolve()) for folder in folders):
            return True
    return False


def _check(item: object) -> Check | None:
    check: Check | None = getattr(getattr(item, "function", None), DECLARED, None)
    return check


def _session(config: pytest.Config) -> CheckSession:
    session = config.stash.get(SESSION, None)
    if session is None:
        from pullready.session import CheckSession

        session = config.stash.setdefault(SESSION, CheckSession(config))
    return session
