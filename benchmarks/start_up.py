"""CPU time of a manifests-only run beside that of bare pytest with the same plugins, in alternation.

*Imports* are the modules that each of the two loads, imported anew in a process that does nothing else; *whole run* is
`pullready run` over one manifest, and pytest over one empty test, both with junit.xml and report.html. Prints the least
CPU seconds (user and system) of each, and their ratio: the machine's noise hits both alike.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGINS = ("--disable-plugin-autoload", "-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin")
PYTEST = ("-m", "pytest", *PLUGINS, "-q", "--junitxml=junit.xml", "--html=report.html", "--self-contained-html")
RUNS = {"pytest": (*PYTEST, "test_empty.py"), "pullready": ("-m", "pullready", "run", "--manifests=app.yaml")}
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {nodeSelector: {kubernetes.io/os: linux}, containers: [{name: web, image: shopprod.azurecr.io/web:1.0}]}
"""
#: Writes the names of the modules that a run has loaded, in their order, to a file.
NOTING = """\
import atexit, os
import sys
if "MODULES" in os.environ:
    atexit.register(lambda: open(os.environ["MODULES"], "w").write("\\n".join(sys.modules)))
"""
IMPORTING = """\
import importlib, sys
for name in open(sys.argv[1]).read().split():
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""


def cpu_seconds(folder: Path, command: tuple[str, ...], environment: dict[str, str]) -> float:
    """Run ``python command`` in *folder* and return the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def prepare(folder: Path, environment: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Write what is run, note what each run imports, and return the commands that do only that."""
    (folder / "app.yaml").write_text(POD)
    (folder / "test_empty.py").write_text("def test_empty(): pass\n")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(NOTING)
    for name, command in RUNS.items():
        noted = {"PYTHONPATH": str(folder / "site"), "MODULES": str(folder / f"{name}.txt")}
        cpu_seconds(folder, command, {**environment, **noted})
    return {name: ("-c", IMPORTING, f"{name}.txt") for name in RUNS}


def report(
    title: str, folder: Path, commands: dict[str, tuple[str, ...]], environment: dict[str, str], times: int
) -> None:
    """Run *commands* in alternation and print the least of each and the ratio."""
    least = dict.fromkeys(commands, float("inf"))
    for _ in range(times):
        for name, command in commands.items():
            least[name] = min(least[name], cpu_seconds(folder, command, environment))
    ratio = least["pullready"] / least["pytest"]
    print(f"{title}: pullready {least['pullready']:.3f} s, pytest {least['pytest']:.3f} s, ratio {ratio:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7, help="repetitions of each (default: 7)")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "cache")
        imports = prepare(folder, environment)
        report("imports  ", folder, imports, environment, times)
        report("whole run", folder, RUNS, environment, times)


if __name__ == "__main__":
    main()
