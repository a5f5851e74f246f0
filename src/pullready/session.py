"""The checks' part of one pytest session; the hooks of :mod:`pullready.plugin` call it."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pullready import catalogue, config, reports
from pullready.collectors.manifests import read_stdin
from pullready.errors import FactUnavailable, InputError, NothingToJudge
from pullready.items import arrange, check_of, declared_as, shape, target_of
from pullready.outcome import Exit, Result, Run, Selection
from pullready.preflight import Preflight, Surroundings, now
from pullready.reports import junit, text
from pullready.spec import recorded

if TYPE_CHECKING:
    from pullready.facts import Facts

#: The only target there is while the configuration cannot be used; what is wrong is raised after the collection.
UNCONFIGURED: Final = "unconfigured"
#: The configuration of the pytest that ``pullready run`` starts; its root folder is the installation's, not the user's.
ISOLATED: Final = Path(__file__).with_name("pytest.ini")
SPREAD: Final = InputError(
    "the checks cannot be spread over processes, for each would read Azure again", "Leave out -n of pytest-xdist"
)


class CheckSession:
    """What the checks of one session share: the run, what keeps it from starting, and what was selected."""

    def __init__(self, pytest_config: pytest.Config) -> None:
        """Resolve the configuration; what is wrong with it waits until the collection is over."""
        self._config = pytest_config
        self._isolated = pytest_config.inipath == ISOLATED
        self._announced = False
        self._uncollected = 0
        self._problem: InputError | None = SPREAD if _is_spread(pytest_config) else None
        self._preflight: Preflight | None = None
        self._items: list[pytest.Item] = []
        self._piped: bytes | None = None
        self.deselected: set[str] = set()
        self.results: dict[str, Result] = {}
        self.run: Run | None = None
        self.begun = False
        try:
            self._preflight = Preflight(self._resolve(), Surroundings(now(), self._stdin, self._say))
        except InputError as problem:
            self._problem = self._problem or problem

    def _resolve(self) -> config.Configuration:
        option = self._config.option
        options = config.Options(
            config=option.pullready_config,
            clusters=tuple(option.pullready_cluster),
            registries=tuple(option.pullready_registry),
            manifests=tuple(option.pullready_manifests),
            context=option.pullready_context,
            snapshot=option.pullready_snapshot,
            fail_on=option.pullready_fail_on,
        )
        for name in ("report_dir", "save_snapshot"):
            if (path := getattr(option, f"pullready_{name}")) is not None and not path.strip():
                what = f"--pullready-{name.replace('_', '-')}: this is empty"
                raise InputError(what, "Name a path; a variable that is not set leaves nothing behind")
        here = self._config.invocation_params.dir
        configuration = config.resolve(options, cwd=here, rootdir=here if self._isolated else self._config.rootpath)
        if configuration.waivers and (unknown := config.unknown_checks(configuration, tuple(catalogue.load()))):
            raise unknown
        return configuration

    @property
    def size(self) -> int:
        """How many checks and targets are judged."""
        return len(self._items)

    @property
    def report_folder(self) -> Path:
        """The folder that the reports go to."""
        return self._config.invocation_params.dir / str(self._config.option.pullready_report_dir)

    def set_report_defaults(self) -> None:
        """Let pytest write junit.xml and report.html into the report folder, unless told otherwise.

        An earlier run's reports go: beside one that cannot start they would be taken for its own. Raise
        :class:`pytest.UsageError` where the folder cannot be written, or pytest-xdist would spread the checks.
        """
        if self._problem is SPREAD:
            raise self._usage_error(SPREAD)
        option = self._config.option
        try:
            if option.pullready_report_dir.strip():
                reports.remove_earlier(self.report_folder)
            if self._problem:
                return
            reports.check_writable(self.report_folder)
        except InputError as problem:
            raise self._usage_error(problem) from None
        if not option.xmlpath:
            option.xmlpath = str(self.report_folder / "junit.xml")
        if hasattr(option, "htmlpath") and not option.htmlpath:
            option.htmlpath = str(self.report_folder / "report.html")
            option.self_contained_html = True

    def announce(self) -> None:
        """Say that an example is judged, where one is."""
        self._announced = True
        if self._preflight and self._preflight.example:
            self._say(text.example_notice(self._preflight.example))

    def target_names(self) -> list[str]:
        """Return the names that the checks are parametrised with."""
        return [target.name for target in self._preflight.targets] if self._preflight else [UNCONFIGURED]

    def facts(self, target: str) -> Facts:
        """Return the facts of *target*."""
        return self._started().facts(target)

    def arrange(self, items: list[pytest.Item]) -> None:
        """Order the checks among *items* so that roots come first; what is wrong with them waits."""
        try:
            arrange(items)
        except InputError as problem:
            self._problem = self._problem or problem

    def begin(self, items: list[pytest.Item], *, uncollected: int, judge: bool) -> None:
        """Read what the checks *items* need, if all could be collected and are to be judged.

        Raise :class:`pytest.UsageError` where the run cannot start.
        """
        try:
            if self._problem:
                raise self._problem
            if not self._announced:
                self.announce()
            self._uncollected = uncollected
            if not judge or (uncollected and not self._config.option.continue_on_collection_errors):
                return
            self._items = items
            self.begun = True
            if items:
                with warnings.catch_warnings():  # a warning of an SDK is no reason to stop a gate
                    warnings.simplefilter("default")
                    self._started().read([(check_of(item), target_of(item)) for item in items])
                self._save_snapshot()
        except InputError as problem:
            self.begun = False
            raise self._usage_error(problem) from None

    def call(self, item: pytest.Function) -> None:
        """Call the check of *item* with its fixtures, and keep its result."""
        names = check_of(item).facts
        judgements = recorded(lambda: item.obj(**{name: item.funcargs[name] for name in names}))
        self._keep(item, self._started().note(check_of(item), target_of(item), judgements))

    def take_error(self, call: pytest.CallInfo[None]) -> BaseException | None:
        """Return what was raised in *call*; pytest need not draw a traceback of a fact that is not to be had."""
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, FactUnavailable | NothingToJudge):
            call.excinfo = None
        return error

    def shape(self, item: pytest.Item, when: str, error: BaseException | None, report: pytest.TestReport) -> None:
        """Let *report* say what the check of *item* judged; an unknown becomes an error, as one of the set-up is."""
        if when == "teardown":
            return
        if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
            return  # somebody's mark: the check stays unjudged
        if error is not None:
            self._keep(item, self._failed(item, error))
        elif when != "call":
            return
        shape(report, item, self.results[item.nodeid])

    def _failed(self, item: pytest.Item, error: BaseException) -> Result:
        def again() -> None:
            raise error

        note = self._started().note
        if isinstance(error, FactUnavailable | NothingToJudge):
            return note(check_of(item), target_of(item), recorded(again))
        return note(check_of(item), target_of(item), (), broken=f"{type(error).__name__}: {error}")

    def _keep(self, item: pytest.Item, result: Result) -> None:
        self.results[item.nodeid] = result
        item.user_properties.extend(junit.properties(result))
        if (said := junit.output(result)) is not None:
            item.add_report_section("call", "stdout", said)

    def finish(self, session: pytest.Session, exitstatus: int) -> int:
        """Write the reports and return the exit code."""
        if not self.begun:
            stopped = exitstatus in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
            return int(Exit.INTERNAL) if self._uncollected and stopped else exitstatus
        preflight = self._started()
        selected = dict.fromkeys(check_of(item).id for item in self._items)
        done = {(result.check.id, result.target) for result in preflight.results}
        unjudged = dict.fromkeys(
            check_of(item).id for item in self._items if (check_of(item).id, target_of(item)) not in done
        )
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        selection = Selection(tuple(selected), tuple(sorted(self.deselected - set(selected))), tuple(unjudged))
        self.run = preflight.finish(selection, interrupted=interrupted)
        try:
            reports.write(self.run, self.report_folder)
            if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
                reports.append_step_summary(self.run, Path(summary))
        except InputError as problem:
            self._say(f"ERROR: {self._spoken(problem)}")
            return int(Exit.USAGE)
        if exitstatus in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
            return int(Exit.INTERNAL if exitstatus == pytest.ExitCode.INTERNAL_ERROR else Exit.USAGE)
        own = int(self.run.exit_code)
        if self._uncollected and own != Exit.INTERRUPTED:
            return int(Exit.INTERNAL)
        others_failed = session.testsfailed and any(not declared_as(item) for item in session.items)
        return own or (int(exitstatus) if others_failed else 0)

    def summary(self) -> str:
        """Return the last lines of the terminal's output."""
        return text.summary(self.run, self.report_folder) if self.run else ""

    def _started(self) -> Preflight:
        if self._preflight is None:
            msg = "nothing can be read or judged without a configuration"
            raise RuntimeError(msg)
        return self._preflight

    def _usage_error(self, problem: InputError) -> pytest.UsageError:
        return pytest.UsageError(self._spoken(problem))

    def _spoken(self, problem: InputError) -> str:
        """Return the text of *problem*, with the options spelt as at this door."""
        return str(problem).replace("--pullready-", "--") if self._isolated else str(problem)

    def _save_snapshot(self) -> None:
        if path := self._config.option.pullready_save_snapshot:
            self._started().snapshot.save(self._config.invocation_params.dir / path)

    def _say(self, line: str) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(line)

    def _stdin(self) -> bytes:
        if self._piped is None:
            capture = self._config.pluginmanager.get_plugin("capturemanager")
            if capture is not None:
                capture.suspend_global_capture(in_=True)
            try:
                self._piped = read_stdin() if sys.stdin is not None else b""
            finally:
                if capture is not None:
                    capture.resume_global_capture()
        return self._piped


def _is_spread(pytest_config: pytest.Config) -> bool:
    option = pytest_config.option
    return bool(
        getattr(option, "numprocesses", None) or getattr(option, "tx", None) or hasattr(pytest_config, "workerinput")
    )
