"""A run over manifests, or over a snapshot, needs neither the packages that read live nor a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.running import CHECKS, FIVE, HEALTHY, POD, Ran, broken, run_apart

ONLINE: Final = {"aiohttp", "azure", "httpx", "kubernetes", "msal", "oauthlib", "requests", "urllib3"}
ONLINE_HERE: Final = {"http.client", "http.server", "ssl", "urllib.request", "concurrent.futures.thread"}
#: Starts the door behind it and writes to standard error which modules it loaded.
LISTING: Final = """\
import sys, {module}
code = {module}.main(sys.argv[1:])
sys.stderr.write("LOADED " + " ".join(sys.modules))
sys.exit(code)
"""
DOORS: Final = {"pullready run": ("pullready.__main__", "run", "--"), "pytest": ("pytest", CHECKS, "--pullready-")}


@pytest.mark.parametrize("what", ["manifests=app.yaml", f"config={HEALTHY}", f"config={broken()}"])
@pytest.mark.parametrize("door", DOORS)
def test_nothing_that_reads_live_is_loaded(door: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(POD)
    module, argument, prefix = DOORS[door]
    ran = run_apart(
        tmp_path,
        "-c",
        LISTING.format(module=module),
        argument,
        prefix + what,
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert ran.code == (1 if str(broken()) in what else 0), ran.said
    loaded = set(ran.err.partition("LOADED ")[2].split())
    assert "pullready.preflight" in loaded
    assert {name.partition(".")[0] for name in loaded} & ONLINE == set()
    assert loaded & ONLINE_HERE == set()


class TestWithoutANetwork:
    @pytest.fixture
    def alone(self) -> tuple[str, ...]:
        """The command that runs another where no network is, not even the loopback."""
        unshare = shutil.which("unshare")
        command = (unshare or "unshare", "--map-root-user", "--net")
        ended = subprocess.run([*command, "true"], capture_output=True, check=False) if unshare else None
        if ended is None or ended.returncode:
            why = f"unshare(1) cannot part from the network here: {ended.stderr.decode() if ended else 'not installed'}"
            assert not os.environ.get("CI"), why
            pytest.skip(why)
        return command

    def run(self, alone: tuple[str, ...], folder: Path, *command: str) -> Ran:
        # What runs here runs elsewhere too, and is measured there: coverage makes it take several times as long.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        ended = subprocess.run(
            [*alone, sys.executable, *command], cwd=folder, env=environ, capture_output=True, check=False, timeout=600
        )
        return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), folder / "reports")

    def test_there_really_is_none(self, alone: tuple[str, ...], tmp_path: Path) -> None:
        connect = "import socket; socket.create_connection(('127.0.0.1', 443))"
        assert "Network is unreachable" in self.run(alone, tmp_path, "-c", connect).err

    @pytest.mark.parametrize(("config", "code"), [(HEALTHY, 0), (broken(), 1)])
    def test_an_example_is_judged(self, alone: tuple[str, ...], config: Path, code: int, tmp_path: Path) -> None:
        ran = self.run(alone, tmp_path, "-m", "pullready", "run", f"--config={config}")
        assert ran.code == code, ran.said
        assert {path.name for path in ran.reports.iterdir()} == FIVE

    def test_manifests_are_judged(self, alone: tuple[str, ...], tmp_path: Path) -> None:
        (tmp_path / "app.yaml").write_text(POD)
        assert self.run(alone, tmp_path, "-m", "pytest", CHECKS, "--pullready-manifests=app.yaml").code == 0

    def test_the_cases_of_every_check_pass(self, alone: tuple[str, ...]) -> None:
        ran = self.run(
            alone, Path(CHECKS).parent, "-m", "pytest", "-q", "tests/test_cases.py", "tests/test_examples.py"
        )
        assert ran.code == 0, ran.said
