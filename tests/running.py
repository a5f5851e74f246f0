"""Runs of the checks as users start them: `pullready run` and `pytest`, in this process or in one of their own."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from xml.etree import ElementTree as ET

import pytest

from pullready.__main__ import main
from tests.environment import ROOT

CHECKS: Final = str(ROOT / "checks")
HEALTHY: Final = ROOT / "manifests_examples" / "healthy" / "pullready.yaml"
FIVE: Final = {"junit.xml", "report.html", "report.json", "report.md", "report.sarif"}
PULL_ROLE: Final = "kubelet-pull-role-missing"
CLUSTER: Final = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shop"
    "/providers/Microsoft.ContainerService/managedClusters/prod"
)
#: A manifest about which something can be said without a cluster.
POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  nodeSelector: {kubernetes.io/os: linux}
  containers: [{name: web, image: shopprod.azurecr.io/web:1.0}]
"""


def broken(slug: str = PULL_ROLE) -> Path:
    """Return the configuration of the example of a fault."""
    return ROOT / "manifests_examples" / "broken" / slug / "pullready.yaml"


@dataclass(frozen=True)
class Ran:
    """What a run left: its exit code, what it wrote, and the folder of its reports."""

    code: int
    out: str
    err: str
    reports: Path

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def first_line(self) -> str:
        return self.out.partition("\n")[0]

    @property
    def json(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.reports / "report.json").read_text())
        return report

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        return {(one["check"], one["target"]): one["verdict"] for one in self.json["results"]}

    @property
    def testcases(self) -> dict[str, ET.Element]:
        """The testcases of junit.xml by name."""
        tree = ET.parse(self.reports / "junit.xml")  # noqa: S314  (our own file)
        return {case.get("name") or "": case for case in tree.getroot().iter("testcase")}


def run(folder: Path, *arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Call `pullready run` in *folder*, in this process."""
    return _here(folder, lambda: main(["run", *map(str, arguments)]), stdin)


def explain(folder: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    """Call `pullready explain` in *folder*, in this process."""
    return _here(folder, lambda: main(["explain", *arguments]), stdin)


def run_pytest(folder: Path, *arguments: str | Path, stdin: bytes = b"", plugins: Iterable[object] = ()) -> Ran:
    """Call `pytest` in *folder*, in this process."""
    return _here(folder, lambda: int(pytest.main([str(one) for one in arguments], [*plugins])), stdin)


def _here(folder: Path, call: Callable[[], int], stdin: bytes) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with ExitStack() as around:
        around.enter_context(patch.dict(os.environ))
        around.enter_context(patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))))
        around.enter_context(chdir(folder))
        around.enter_context(redirect_stdout(out))
        around.enter_context(redirect_stderr(err))
        code = call()
    return Ran(code, out.getvalue(), err.getvalue(), folder / "reports")


def run_apart(
    folder: Path, *command: str | Path, environment: Mapping[str, str] | None = None, stdin: bytes = b""
) -> Ran:
    """Run `python …` in *folder*, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), folder / "reports")


def interrupt(folder: Path, *command: str | Path, after: str | Callable[[], bool]) -> Ran:
    """Run `python …` with a standard input that stays open; press Ctrl-C once *after* is so, or a line has it."""
    with subprocess.Popen(
        [sys.executable, "-u", *map(str, command)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (a build server may ignore it)
    ) as process:
        assert process.stdout
        assert process.stderr
        lines: list[str] = []
        if isinstance(after, str):
            for line in process.stdout:
                lines.append(line.decode())
                if after in lines[-1]:
                    break
        else:
            while process.poll() is None and not after():
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    return Ran(process.returncode, "".join(lines) + rest.decode(), errors.decode(), folder / "reports")


class Clone:
    """A copy of this clone in *folder*, to which checks can be added."""

    def __init__(self, folder: Path, *, also_packaged: bool = False) -> None:
        self.folder = folder
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "checks", folder / "checks", ignore=ignore)
        if also_packaged:
            shutil.copytree(ROOT / "src", folder / "src", ignore=ignore)
            shutil.copytree(ROOT / "checks", folder / "src" / "pullready" / "checks", ignore=ignore)
        else:
            (folder / "src").mkdir()
            (folder / "src" / "pullready").symlink_to(ROOT / "src" / "pullready")
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)

    def add(self, module: str, content: str) -> None:
        """Write a module below checks/."""
        (self.folder / "checks" / module).write_text(content)

    def run(self, *command: str | Path, environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ran:
        """Run `python …` with the copy in place of this clone."""
        paths = {"PYTHONPATH": str(self.folder / "src"), **(environment or {})}
        return run_apart(self.folder, *command, environment=paths, stdin=stdin)

    def pytest(self, *arguments: str | Path) -> Ran:
        """Run `pytest` over one manifest, with no other plugin of this environment than ours."""
        (self.folder / "app.yaml").write_text(POD)
        plugins = ("--disable-plugin-autoload", "-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin")
        named = any("checks" in str(one) for one in arguments)
        where = () if named else ("checks/",)
        return self.run("-m", "pytest", *plugins, *where, "--pullready-manifests=app.yaml", *arguments)
