"""The plugin as users see it: options, selection, exit codes, reports; and that it keeps out of other people's runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import xmlschema

from pullready import catalogue
from tests.environment import ROOT
from tests.reading import differences, rows_of_html
from tests.running import (
    CHECKS,
    CLUSTER,
    FIVE,
    HEALTHY,
    POD,
    PULL_ROLE,
    Clone,
    Ran,
    broken,
    interrupt,
    run,
    run_apart,
    run_pytest,
)

pytest_plugins = ["pytester"]

JUNIT = xmlschema.XMLSchema(ROOT / "tests" / "schemas" / "junit.xsd")
CONFIG = f"--pullready-config={HEALTHY}"
#: Unknown: nothing of this cluster is in the healthy snapshot.
ELSEWHERE = CLUSTER.replace("/shop/", "/elsewhere/")


def of_example(path: Path) -> str:
    return f"--pullready-config={path}"


def check_module(id_: str, body: str, *, follows_from: str = "", severity: str = "BLOCKER") -> str:
    """Return a check module whose check judges every workload by *body*, a generator's."""
    return f'''"""Something of our own holds."""

from pullready import Clear, Found, NotApplicable, Severity, Unknown, check, judge
from pullready.facts.workloads import Workload
from pullready.verdict import Evidence

READ = (Evidence("manifest:app.yaml#0", "/metadata/name", "web", "its name"),)

def predicate(workload):
    {body}

@check("{id_}", severity=Severity.{severity}, reference="https://example.com/{id_}", follows_from=({follows_from}))
def test_{id_.replace("-", "_")}_is_not_there(workloads: tuple[Workload, ...]) -> None:
    judge(workloads, predicate)
'''


FOUND = 'yield Found(workload.subject, "seen", "not seen", "Remove it", READ)'
UNKNOWN = 'yield Unknown(workload.subject, "nobody knows", "Ask")'


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


class TestOptions:
    def test_all_have_the_prefix(self, tmp_path: Path) -> None:
        said = run_pytest(tmp_path, "--help").out
        group = said.partition("pullready: can this cluster pull these images?")[2].partition("\n\n")[0]
        options = re.findall(r"^  (--[\w-]+)", group, re.MULTILINE)
        assert options == [
            f"--pullready-{name}"
            for name in (
                "config",
                "cluster",
                "registry",
                "manifests",
                "context",
                "snapshot",
                "save-snapshot",
                "report-dir",
                "fail-on",
            )
        ]

    def test_the_configuration_is_looked_for_here_and_the_reports_go_to_reports(self, tmp_path: Path) -> None:
        (tmp_path / "pullready.yaml").write_text("manifests: [app.yaml]\n")
        (tmp_path / "app.yaml").write_text(POD)
        ran = run_pytest(tmp_path, CHECKS)
        assert ran.code == 0
        assert {path.name for path in (tmp_path / "reports").iterdir()} == FIVE

    def test_the_configuration_of_the_root_folder_counts_where_there_is_none_here(self, clone: Clone) -> None:
        (clone.folder / "pullready.yaml").write_text("manifests: [app.yaml]\n")
        (clone.folder / "app.yaml").write_text(POD)
        inner = clone.folder / "docs"
        inner.mkdir()
        ran = run_apart(inner, "-m", "pytest", "../checks", environment={"PYTHONPATH": str(clone.folder / "src")})
        assert ran.code == 0, ran.said

    def test_what_is_judged_replaces_the_targets_of_the_file_and_nothing_else(self, tmp_path: Path) -> None:
        (tmp_path / "pullready.yaml").write_text(f"cluster: {CLUSTER}\nregistries: [shopprod]\nfail-on: advice\n")
        (tmp_path / "app.yaml").write_text(POD)
        ran = run_pytest(tmp_path, CHECKS, "--pullready-manifests=app.yaml")
        assert {target for _, target in ran.verdicts} == {"manifests"}
        assert "at or above advice" in ran.out

    def test_the_targets_names_are_the_ids(self, tmp_path: Path) -> None:
        said = run_pytest(tmp_path, CHECKS, "--collect-only", "-q", CONFIG).out
        assert set(re.findall(r"\[(.*)\]", said)) == {"prod", "legacy"}

    @pytest.mark.parametrize("option", ["--report-dir=", "--save-snapshot=  "])
    def test_a_path_from_a_variable_that_is_not_set_is_refused(self, option: str, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", HEALTHY, option)
        assert ran.code == 4
        assert option.partition("=")[0] + ": this is empty" in ran.err
        assert not list(tmp_path.iterdir())


class TestSelection:
    @pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--setup-plan"])
    def test_what_only_shows_reads_and_writes_nothing(self, option: str, tmp_path: Path) -> None:
        config = f"cluster: {CLUSTER}\nmanifests: [absent/]\nregistries: [shopprod]\n"
        (tmp_path / "pullready.yaml").write_text(config)
        ran = run_pytest(tmp_path, CHECKS, option, "-q")
        assert ran.code == 0, ran.said
        assert "reading" not in ran.out.replace("test_image_reading", "")
        assert [path.name for path in tmp_path.iterdir()] == ["pullready.yaml"]

    def test_collect_only_says_what_is_wrong_with_the_configuration(self, tmp_path: Path) -> None:
        assert run_pytest(tmp_path, CHECKS, "--collect-only").code == 4

    def test_a_check_is_selected_by_its_id_and_the_others_are_noted(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", HEALTHY, "-k", PULL_ROLE)
        assert ran.code == 0
        selection = ran.json["selection"]
        assert selection["selected"] == [PULL_ROLE]
        assert set(selection["deselected"]) == set(catalogue.load()) - {PULL_ROLE}
        assert differences(ran.reports) == []

    def test_a_target_that_is_deselected_makes_the_run_no_success(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", HEALTHY, "-k", "prod")
        assert ran.code == 5
        assert "nothing was clear or found on legacy" in ran.out

    def test_where_nothing_is_selected_the_reports_say_so(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", HEALTHY, "-k", "nothing-of-this-name")
        assert ran.code == 5
        assert ran.json["verdict"] == "nothing-checked"
        assert "reading" not in ran.out

    def test_the_first_failure_ends_the_run_and_what_was_not_judged_is_named(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", broken(), "-x")
        assert ran.code == 1
        report = ran.json
        judged = {one["check"] for one in report["results"]}
        assert PULL_ROLE in judged
        assert set(report["selection"]["unjudged"]) == set(report["selection"]["selected"]) - judged
        assert report["partial"] is True

    def test_what_was_not_judged_makes_the_run_incomplete(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("mine-first", FOUND, severity="ADVICE"))
        clone.add("test_b.py", "def test_somebody(): assert False\n")
        ran = clone.pytest("-x", "checks/test_b.py", "checks/test_a.py")
        assert ran.code == 10
        assert "mine-first" in ran.json["selection"]["unjudged"]

    @pytest.mark.parametrize("mark", ["pytest.mark.skip('no')", "pytest.mark.xfail(run=False, reason='no')"])
    def test_a_check_that_somebody_marks_is_not_judged(self, mark: str, clone: Clone) -> None:
        module = check_module("mine-first", FOUND)
        clone.add("test_a.py", "import pytest\n" + module.replace("@check", f"@{mark}\n@check"))
        ran = clone.pytest("-k", "mine-first")
        assert ran.code == 10, ran.said
        assert ran.json["selection"]["unjudged"] == ["mine-first"]

    def test_a_finding_is_not_to_be_expected(self, clone: Clone) -> None:
        module = check_module("mine-first", FOUND)
        clone.add("test_a.py", "import pytest\n" + module.replace("@check", "@pytest.mark.xfail(strict=False)\n@check"))
        ran = clone.pytest("-k", "mine-first")
        assert ran.code == 1
        assert differences(ran.reports) == []


class TestExitCodes:
    def test_ready(self, tmp_path: Path) -> None:
        assert run_pytest(tmp_path, CHECKS, CONFIG).code == 0

    def test_found(self, tmp_path: Path) -> None:
        assert run_pytest(tmp_path, CHECKS, of_example(broken())).code == 1

    def test_unknown(self, tmp_path: Path) -> None:
        snapshot = f"--snapshot={HEALTHY.parent / 'snapshot.json'}"
        ran = run(tmp_path, f"--cluster={ELSEWHERE}", "--registry=shop", snapshot)
        assert ran.code == 10, ran.said
        assert "unknown" in ran.verdicts.values()

    def test_nothing_to_say(self, tmp_path: Path) -> None:
        (tmp_path / "service.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")
        ran = run(tmp_path, "--manifests=service.yaml")
        assert ran.code == 5
        assert ran.json["verdict"] == "nothing-checked"

    def test_usage(self, tmp_path: Path) -> None:
        assert run_pytest(tmp_path, CHECKS, "--pullready-cluster=prod").code == 4

    @pytest.mark.parametrize("arguments", [[], ["run", "--frobnicate"], ["run", "--fail-on=never"], ["run", "x"]])
    def test_wrong_arguments(self, arguments: list[str], tmp_path: Path) -> None:
        ran = run_apart(tmp_path, "-m", "pullready", *arguments)
        assert ran.code == 4
        assert "usage: pullready" in ran.err
        assert "Traceback" not in ran.err

    def test_a_check_that_breaks(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("mine-first", "raise ZeroDivisionError('oh'); yield"))
        ran = clone.pytest()
        assert ran.code == 3, ran.said
        assert ran.verdicts["mine-first", "manifests"] == "broken"
        assert "clear" in ran.verdicts.values(), "the others were judged"
        assert "ZeroDivisionError: oh" in ran.out
        assert "Traceback" not in ran.out
        assert differences(ran.reports) == []
        JUNIT.validate(ran.reports / "junit.xml")

    def test_a_check_that_judges_nothing(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("mine-first", "return; yield"))
        assert clone.pytest().code == 3

    def test_a_check_that_cannot_be_imported(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("Not-A-Slug", FOUND))
        ran = clone.pytest()
        assert ran.code == 3, ran.said
        assert "is not a slug" in ran.out
        assert "reading" not in ran.out
        assert clone.pytest("--continue-on-collection-errors").code == 3

    def test_a_fact_that_breaks(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("mine-first", FOUND))
        clone.add("conftest.py", (ROOT / "checks/conftest.py").read_text() + "@pytest.fixture\ndef workloads(): 1/0\n")
        ran = clone.pytest("-k", "mine-first")
        assert ran.code == 3, ran.said
        assert "ZeroDivisionError" in ran.out

    def test_somebody_elses_failure_beside_checks_that_are_ready(self, clone: Clone) -> None:
        clone.add("test_b.py", "def test_somebody(): assert False\n")
        assert clone.pytest().code == 1

    def test_ctrl_c_during_the_reading(self, tmp_path: Path) -> None:
        ran = interrupt(tmp_path, "-m", "pullready", "run", "--manifests=-", after="reading the manifests")
        self.assert_interrupted(ran, judged=0)

    def test_ctrl_c_during_a_check(self, clone: Clone) -> None:
        heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # a build server may ignore it
        stop = f"import os, signal; {heard}; os.kill(os.getpid(), signal.SIGINT); yield"
        clone.add("test_a.py", check_module("mine-first", FOUND))
        clone.add("test_b.py", check_module("mine-second", stop))
        ran = clone.pytest("checks/test_a.py", "checks/test_b.py", "-k", "mine-first or mine-second")
        self.assert_interrupted(ran, judged=1)
        assert ran.json["selection"]["unjudged"] == ["mine-second"]
        assert "mine_first" in next(iter(ran.testcases))

    def assert_interrupted(self, ran: Ran, *, judged: int) -> None:
        assert ran.code == 2, ran.said
        assert "Traceback" not in ran.said
        assert {path.name for path in ran.reports.iterdir()} == FIVE
        assert len(ran.json["results"]) == judged
        assert ran.json["partial"] is True
        assert ran.json["exitCode"] == 2
        assert differences(ran.reports) == []
        JUNIT.validate(ran.reports / "junit.xml")


class TestReports:
    def test_junit_has_the_element_and_the_properties_of_each_verdict(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("mine-found", FOUND))
        clone.add("test_b.py", check_module("mine-unknown", UNKNOWN))
        clone.add("test_c.py", check_module("mine-small", FOUND, severity="ADVICE"))
        clone.add("test_d.py", check_module("mine-other", 'yield NotApplicable(workload.subject, "no matter")'))
        clone.add("test_e.py", check_module("mine-clear", "yield Clear(workload.subject, READ)"))
        ran = clone.pytest("-k", "mine")
        assert ran.code == 1
        JUNIT.validate(ran.reports / "junit.xml")
        seen = {}
        for name, case in ran.testcases.items():
            assert name.endswith("[manifests]")
            properties = {one.get("name"): one.get("value") for one in case.iter("property")}
            elements = [child.tag for child in case if child.tag in {"failure", "error", "skipped", "system-out"}]
            seen[properties["check_id"]] = (properties["verdict"], properties["severity"], *elements)
        assert seen == {
            "mine-found": ("found", "blocker", "failure"),
            "mine-unknown": ("unknown", "blocker", "error"),
            "mine-small": ("found", "advice", "system-out"),
            "mine-other": ("not-applicable", "blocker", "skipped"),
            "mine-clear": ("clear", "blocker", "system-out"),
        }
        assert differences(ran.reports) == []

    def test_the_page_stands_alone_and_has_the_columns_and_the_details_of_a_finding(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", broken())
        page = (ran.reports / "report.html").read_text()
        head = page.partition('<thead id="results-table-head"')[2].partition("</thead>")[0]
        columns = re.findall(r">(\w+)</th>", head)
        assert columns[:4] == ["Check", "Target", "Severity", "Verdict"]
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=.[^\"]", page)
        row = next(one for one in rows_of_html(ran.reports / "report.html") if PULL_ROLE in str(one["resultsTableRow"]))
        assert "az role assignment create" in str(row["log"])
        assert "https://learn.microsoft.com/" in str(row["log"])

    def test_named_files_win(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--config", HEALTHY, "--junitxml=mine/j.xml", "--html=mine/h.html")
        assert {path.name for path in (tmp_path / "mine").iterdir()} == {"j.xml", "h.html"}
        assert {path.name for path in ran.reports.iterdir()} == FIVE - {"junit.xml", "report.html"}

    def test_without_pytest_html_there_are_four(self, tmp_path: Path) -> None:
        ran = run_pytest(tmp_path, CHECKS, CONFIG, "-p", "no:html", "-p", "no:pytest_html.plugin")
        assert ran.code == 0
        assert {path.name for path in ran.reports.iterdir()} == FIVE - {"report.html"}

    def test_the_job_summary_is_appended_to(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("# Before\n")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        ran = run(tmp_path, "--config", HEALTHY)
        assert summary.read_text() == "# Before\n" + (ran.reports / "report.md").read_text()

    def test_a_run_that_cannot_start_leaves_no_report_of_an_earlier_one(self, tmp_path: Path) -> None:
        assert run(tmp_path, "--config", HEALTHY).code == 0
        (tmp_path / "reports" / "mine.txt").write_text("kept")
        assert run(tmp_path, "--config", "absent.yaml").code == 4
        assert [path.name for path in (tmp_path / "reports").iterdir()] == ["mine.txt"]

    @pytest.mark.parametrize("in_the_way", ["reports", "reports/junit.xml/folder"])
    def test_a_folder_that_cannot_be_written_to_is_said_before_anything_is_read(
        self, in_the_way: str, tmp_path: Path
    ) -> None:
        path = tmp_path / in_the_way
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        ran = run(tmp_path, "--config", HEALTHY)
        assert ran.code == 4
        assert "the reports cannot be written" in ran.err
        assert "reading" not in ran.out
        assert "Traceback" not in ran.said

    def test_a_saved_snapshot_is_judged_the_same(self, tmp_path: Path) -> None:
        first = run(tmp_path, "--config", HEALTHY, "--save-snapshot=saved.json")
        verdicts, content = first.verdicts, (tmp_path / "saved.json").read_bytes()
        again = run(tmp_path, "--snapshot=saved.json", "--save-snapshot=again.json")
        assert again.code == 0
        assert again.verdicts == verdicts
        assert (tmp_path / "again.json").read_bytes() == content

    def test_followers_stand_behind_their_root_and_say_so_everywhere(self, clone: Clone) -> None:
        clone.add("test_a.py", check_module("mine-following", FOUND, follows_from='"mine-root",'))
        clone.add("test_z.py", check_module("mine-root", FOUND))
        ran = clone.pytest("-k", "mine")
        assert ran.code == 1
        results = {one["check"]: one for one in ran.json["results"]}
        assert list(results)[-2:] == ["mine-root", "mine-following"]
        assert [results[id_]["gating"] for id_ in ("mine-root", "mine-following")] == [True, False]
        assert results["mine-following"]["becauseOf"] == ["mine-root"]
        assert differences(ran.reports) == []
        for name in FIVE - {"report.json"}:
            assert re.search("because of.{0,40}mine-root", (ran.reports / name).read_text(), re.IGNORECASE), name
        alone = clone.pytest("-k", "mine-following")
        assert alone.code == 1, "without its root the follower gates"


class TestTogetherWithOthers:
    def test_spreading_over_processes_is_refused(self, tmp_path: Path) -> None:
        class Spread:
            def pytest_addoption(self, parser: pytest.Parser) -> None:
                parser.getgroup("xdist")._addoption("-n", "--numprocesses", dest="numprocesses", type=int)

        ran = run_pytest(tmp_path, CHECKS, CONFIG, "-n", "2", plugins=[Spread()])
        assert ran.code == 4
        assert "Leave out -n" in ran.err
        assert run_pytest(tmp_path, CHECKS, CONFIG, "-n", "0", plugins=[Spread()]).code == 0

    def test_two_copies_of_a_check_are_refused(self, tmp_path: Path) -> None:
        clone = Clone(tmp_path, also_packaged=True)
        (tmp_path / "app.yaml").write_text(POD)
        manifests = "--pullready-manifests=app.yaml"
        ran = clone.run("-m", "pytest", "--pyargs", "checks/", "pullready.checks", manifests)
        assert ran.code == 4, ran.said
        assert "two copies of the check" in ran.err
        alone = clone.run("-m", "pytest", "--pyargs", "pullready.checks", manifests)
        assert alone.code == 0, alone.said

    def test_the_entry_point_and_the_conftest_of_the_clone_load_the_plugin_once(self, clone: Clone) -> None:
        assert "pullready" in (ROOT / "conftest.py").read_text()
        for disabled in ("", "1"):
            ran = clone.run("-m", "pytest", "checks/", CONFIG, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": disabled})
            assert ran.code == 0, ran.said

    def test_the_users_own_warnings_stop_no_gate(self, clone: Clone) -> None:
        warning = "import warnings; warnings.warn('old'); yield Clear(workload.subject, READ)"
        clone.add("test_a.py", check_module("mine-first", warning))
        ran = clone.pytest("-k", "mine-first", "-W", "error")
        assert ran.code == 0, ran.said

    def test_somebody_elses_run_has_nothing_of_ours(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile("def test_a(): pass\n")
        pytester.makeconftest(
            """
            import sys

            def pytest_unconfigure():
                print("LOADED", sorted(name for name in sys.modules if name.split(".")[0] == "pullready"))
            """
        )
        result = pytester.runpytest_subprocess("-p", "pullready.plugin")
        result.assert_outcomes(passed=1)
        said = result.stdout.str()
        assert "LOADED ['pullready', 'pullready.plugin']" in said
        ours = [line for line in said.splitlines() if "pullready" in line and not line.startswith("LOADED")]
        assert [line for line in ours if not line.startswith("plugins:")] == []
        assert not (pytester.path / "reports").exists()

    def test_somebody_elses_options_do_not_collide(self, pytester: pytest.Pytester) -> None:
        pytester.makeconftest(
            """
            def pytest_addoption(parser):
                for name in ("config", "cluster", "registry", "manifests", "context", "snapshot", "fail-on"):
                    parser.addoption("--" + name)
            """
        )
        pytester.makepyfile("def test_a(pytestconfig): assert pytestconfig.getoption('cluster') == 'mine'\n")
        pytester.runpytest_inprocess("--cluster=mine").assert_outcomes(passed=1)


def test_the_python_that_runs_the_tests_has_the_entry_point() -> None:
    ran = run_apart(ROOT, "-m", "pytest", "--version", "--version")
    assert "pullready" in ran.said, f"{sys.executable} has no installed pullready"
