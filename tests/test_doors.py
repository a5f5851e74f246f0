"""The doors: however the checks are started, they say the same; nothing of the user's own changes `pullready run`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from pullready.__main__ import PASSED_ON
from pullready.outcome import Exit
from tests.running import (
    CHECKS,
    CLUSTER,
    FIVE,
    HEALTHY,
    POD,
    Clone,
    Ran,
    broken,
    run,
    run_apart,
    run_pytest,
)

SCRIPT: Final = Path(sys.executable).with_name("pullready")
DOORS: Final[dict[str, Callable[[Path, Path], Ran]]] = {
    "pullready run": lambda folder, config: run(folder, f"--config={config}"),
    "the script": lambda folder, config: run_apart(folder, SCRIPT, "run", f"--config={config}"),
    "python -m pullready run": lambda folder, config: run_apart(folder, "-m", "pullready", "run", f"--config={config}"),
    "pytest checks/": lambda folder, config: run_pytest(folder, CHECKS, f"--pullready-config={config}"),
}
EXAMPLES: Final = {
    HEALTHY: (0, "ready"),
    broken(): (1, "not-ready"),
    broken("image-reference-registry-unknown"): (1, "not-ready"),
}
#: What turns `pytest checks/` over, or away.
ENVIRONMENT: Final = {
    "PYTEST_ADDOPTS": "--maxfail=1 -k nothing -p nonexistent_plugin",
    "PYTEST_PLUGINS": "nonexistent_plugin",
    "PYTHONWARNINGS": "error",
}


@pytest.mark.parametrize("config", EXAMPLES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_says_the_same(door: str, config: Path, tmp_path: Path) -> None:
    code, verdict = EXAMPLES[config]
    ran = DOORS[door](tmp_path, config)
    assert ran.code == code, ran.said
    assert ran.first_line.startswith("EMBEDDED EXAMPLE: this run judges an example and not Azure (")
    assert (ran.json["verdict"], ran.json["exitCode"]) == (verdict, code)
    assert ran.verdicts == run(tmp_path, f"--config={config}").verdicts
    assert {path.name for path in ran.reports.iterdir()} == FIVE


def test_the_package_of_an_installation_says_the_same(tmp_path: Path) -> None:
    Clone(tmp_path, also_packaged=True)
    here = tmp_path / "here"
    here.mkdir()
    source = {"PYTHONPATH": str(tmp_path / "src")}
    packaged = ("-m", "pytest", "--pyargs", "pullready.checks")
    ran = run_apart(here, *packaged, f"--pullready-config={broken()}", environment=source)
    assert ran.code == 1, ran.said
    assert ran.first_line.startswith("EMBEDDED EXAMPLE")
    assert ran.verdicts == run(tmp_path, f"--config={broken()}").verdicts
    ran = run_apart(here, "-m", "pullready", "run", f"--config={HEALTHY}", environment=source)
    assert ran.code == 0, ran.said


class TestNothingOfTheUsersOwnCounts:
    @pytest.fixture
    def hostile(self, tmp_path: Path) -> Path:
        settings = "addopts = --no-such-option\npython_files = nothing_*.py\n"
        (tmp_path / "pytest.ini").write_text("[pytest]\n" + settings)
        (tmp_path / "tox.ini").write_text("[pytest]\n" + settings)
        (tmp_path / "conftest.py").write_text("raise RuntimeError('the conftest of the user')\n")
        (tmp_path / "app.yaml").write_text(POD)
        return tmp_path

    def test_files(self, hostile: Path) -> None:
        ran = run_apart(hostile, "-m", "pullready", "run", "--manifests=app.yaml")
        assert ran.code == 0, ran.said
        assert "the conftest of the user" not in ran.said
        assert run_apart(hostile, "-m", "pytest", ".").code != 0, "it is hostile"

    @pytest.mark.parametrize("variable", ENVIRONMENT)
    def test_environment(self, variable: str, hostile: Path) -> None:
        environment = {variable: ENVIRONMENT[variable]}
        ran = run_apart(hostile, "-m", "pullready", "run", "--manifests=app.yaml", environment=environment)
        assert ran.code == 0, ran.said
        assert len(ran.verdicts) == len(run(hostile, "--manifests=app.yaml").verdicts)

    def test_a_configuration_beside_the_installation(self, tmp_path: Path) -> None:
        clone = Clone(tmp_path / "clone")
        (clone.folder / "pullready.yaml").write_text("manifests: [app.yaml]\n")
        (clone.folder / "app.yaml").write_text(POD)
        source = {"PYTHONPATH": str(clone.folder / "src")}
        ran = run_apart(tmp_path, "-m", "pullready", "run", environment=source)
        assert ran.code == 4
        assert str(clone.folder) not in ran.said


class TestStandardInput:
    @pytest.mark.parametrize("door", [("-m", "pullready", "run", "--manifests=-"), None])
    def test_is_read_behind_a_pipe(self, door: tuple[str, ...] | None, tmp_path: Path) -> None:
        door = door or ("-m", "pytest", CHECKS, "--pullready-manifests=-")
        ran = run_apart(tmp_path, *door, stdin=POD.replace("azurecr", "azureacr").encode())
        assert ran.code == 1, ran.said
        assert "shopprod.azureacr.io" in ran.out

    def test_that_is_closed_has_nothing_in_it(self, tmp_path: Path) -> None:
        command = f"{sys.executable} -m pullready run --manifests - <&-"
        ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=False, timeout=60)
        assert ended.returncode == 10, ended
        assert b"the standard input is empty" in ended.stdout
        assert b"Traceback" not in ended.stdout + ended.stderr


class TestWhatIsSaid:
    def test_one_line_for_each_phase(self, tmp_path: Path) -> None:
        said = run(tmp_path, f"--config={HEALTHY}").out.splitlines()
        assert said[1:3] == ["reading the manifests of prod", "reading the manifests of legacy"]

    def test_help_names_the_options_without_the_prefix_and_the_exit_codes(self, tmp_path: Path) -> None:
        said = run_apart(tmp_path, "-m", "pullready", "run", "--help").out
        for option in PASSED_ON:
            assert f"\n  --{option.replace('_', '-')} " in said
        assert "pullready-" not in said
        for code in (0, 1, 2, 3, 4, 5, 10):
            assert f"\n  {code:2}  " in said

    def test_an_error_speaks_of_the_options_of_its_door(self, tmp_path: Path) -> None:
        assert "ERROR: --cluster: " in run(tmp_path, "--cluster=prod").err
        assert "ERROR: --pullready-cluster: " in run_pytest(tmp_path, CHECKS, "--pullready-cluster=prod").err

    @pytest.mark.parametrize(
        ("missing", "arguments"),
        [
            ("azure", [f"--cluster={CLUSTER}", "--registry=shopprod"]),
            ("kubernetes", [f"--cluster={CLUSTER}", "--context=prod"]),
        ],
    )
    def test_a_live_read_without_the_packages_for_it(self, missing: str, arguments: list[str], tmp_path: Path) -> None:
        without = f"import sys; sys.modules[{missing!r}] = None; from pullready.__main__ import main; sys.exit(main())"
        credential = {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
        ran = run_apart(tmp_path, "-c", without, "run", *arguments, environment=credential)
        assert ran.code == 4, ran.said
        assert "pip install 'pullready[azure]'" in ran.err
        assert "Traceback" not in ran.said


def test_output_that_nobody_reads_to_its_end_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pullready", "run", f"--config={broken()}", f"--report-dir={tmp_path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == Exit.INTERRUPTED
