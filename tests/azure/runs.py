"""Whole runs against the stand-in: the shop of the examples as it would be served today, and the doors to judge it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pullready import catalogue, config
from pullready import snapshot as snapshots
from pullready.outcome import Run
from pullready.preflight import Surroundings, judge_all
from pullready.reports import NAMES
from pullready.snapshot import Snapshot
from pullready.spec import Check
from tests import reading
from tests.azure.environments import REGISTRIES
from tests.azure.standin import CLIENT_SECRET, TOKEN, Standin
from tests.environment import HEALTHY, ROOT
from tests.environment import NAMES as IDS
from tools.examples import documents
from tools.shop.environment import Bodies, healthy

CHECKS: Final = catalogue.load()
#: A live run judges the present, so the dates in the examples become ones that last, or that are long past.
_DATES: Final = {
    "2025-10-19T00:00:00Z": "2020-01-01T00:00:00Z",
    "2026-09-01T00:00:00Z": "2020-01-01T00:00:00Z",
    "2027-09-01T00:00:00Z": "9999-12-31T00:00:00Z",
    "2026-10-19T00:00:00Z": "2021-01-01T00:00:00Z",
}
PYTEST: Final = (
    *("pytest", "checks", "--pullready-config={folder}/pullready.yaml", "--pullready-report-dir={folder}/reports"),
    "--pullready-save-snapshot={folder}/saved.json",
)
PULLREADY: Final = ("pullready", "run", "--save-snapshot=saved.json")


def served(bodies: Bodies | None = None) -> Snapshot:
    """Return the healthy shop, or *bodies*, as Azure would serve it today."""
    return Snapshot(documents(lasting(healthy() if bodies is None else bodies)), captured_at=datetime.now(UTC))


def lasting(content: Any) -> Any:
    """Return the JSON *content* with other dates for those in the examples."""
    text = json.dumps(content)
    for date, other in _DATES.items():
        text = text.replace(date, other)
    return json.loads(text)


def targets(*names: str) -> list[dict[str, Any]]:
    """Return the targets *names* of the healthy example, as they stand in a configuration."""
    return [
        {
            "cluster": IDS[name],
            "manifests": [str(HEALTHY / "manifests" / name)],
            **({"registries": [*REGISTRIES[name]]} if name in REGISTRIES else {}),
        }
        for name in names
    ]


def cloud_of(standin: Standin) -> dict[str, str]:
    """Return what ``pullready.yaml`` says under ``cloud`` to lead to *standin*."""
    return {
        "storage-suffix": "core.windows.net",
        "authority": standin.cloud.authority,
        "resource-manager": standin.cloud.resource_manager,
        "graph": standin.cloud.graph,
        "registry-suffix": standin.cloud.registry_suffix,
        "registry-audience": standin.cloud.registry_audience,
    }


def targets_of(example: str, *names: str) -> list[dict[str, Any]]:
    """Return the targets of the *example* of that name, as they stand in a configuration, by the clusters' *names*."""
    folder = HEALTHY.parent / example
    ids = [document.id for document in snapshots.load(folder / "snapshot.json")]
    clusters = {id_.rpartition("/")[2]: id_ for id_ in ids if "/managedClusters/" in id_}
    return [{"cluster": clusters[name], "manifests": [str(folder / "manifests" / name)]} for name in names]


def configure(folder: Path, standin: Standin, described: Iterable[Mapping[str, Any]], **more: Any) -> Path:
    """Write a ``pullready.yaml`` for *described* targets, with the stand-in's cloud, into *folder*; return its path.

    Registries are asked only where *more* says so: nothing but a proxy leads from their names to the stand-in.
    """
    path = folder / "pullready.yaml"
    told = {"cloud": cloud_of(standin), "read-registries": False, **more}
    path.write_text(json.dumps({"targets": list(described), **told}, indent=1))
    return path


@dataclass(frozen=True)
class Done:
    """A door's run: its exit code, all that it said, and the folder with its reports."""

    exit_code: int
    said: str
    folder: Path

    @property
    def report(self) -> Any:
        """The content of report.json."""
        return json.loads((self.folder / "reports" / "report.json").read_text())

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        """The verdict of each check and target."""
        return {(one["check"], one["target"]): one["verdict"] for one in self.report["results"]}


def run(folder: Path, command: Sequence[str] = PULLREADY) -> Done:
    """Run *command* as a person would, and see that its five reports agree and tell no secret.

    ``pullready`` runs in *folder*, pytest in the clone.
    """
    words = [word.format(folder=folder) for word in command]
    cwd = ROOT if words[0] == "pytest" else folder
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert all((folder / "reports" / name).stat().st_size for name in NAMES), said
    assert reading.differences(folder / "reports") == []
    kept = said + "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    for secret in (CLIENT_SECRET, TOKEN):
        assert secret not in kept
    return Done(done.returncode, said, folder)


def judge(path: Path, checks: Mapping[str, Check] = CHECKS, say: Callable[[str], None] = lambda _: None) -> Run:
    """Judge the configuration at *path* in this process; *say* gets the lines of progress."""
    around = Surroundings(datetime.now(UTC), lambda: b"", say)
    return judge_all(config.load(path), around, checks)
