"""Make the sample reports under ``reports/sample/``: a run over an embedded example in which something is found.

``junit.xml`` and ``report.html`` hold times of day, so they are made anew only together with the others.

    python -m tools.sample            make them
    python -m tools.sample --check    fail where one is missing, or one without times differs
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from pullready.outcome import Exit

ROOT: Final = Path(__file__).parent.parent
SAMPLE: Final = ROOT / "reports" / "sample"
EXAMPLE: Final = "manifests_examples/broken/registry-firewall-excludes-cluster-egress/pullready.yaml"
#: What pytest and pytest-html say of the machine that they run on.
OF_THIS_MACHINE: Final = re.compile(rb'(hostname="|Platform&#34;: &#34;)[^"&]+')
LASTING: Final = ("report.json", "report.md", "report.sarif")
TIMED: Final = ("junit.xml", "report.html")


def make(folder: Path) -> None:
    """Run the example with its reports in *folder*; raise :class:`RuntimeError` where it does not end as it must."""
    command = [sys.executable, "-m", "pullready", "run", "--config", EXAMPLE, "--report-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != Exit.NOT_READY:
        raise RuntimeError(done.stdout + done.stderr)


def main(arguments: list[str]) -> int:
    """Make the sample, or compare it with what is on disk; return the exit code."""
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        make(made)
        stale = [name for name in LASTING if _content(SAMPLE / name) != (made / name).read_bytes()]
        stale += [name for name in TIMED if not (SAMPLE / name).exists()]
        if "--check" in arguments:
            for name in stale:
                print(f"reports/sample/{name} is stale: run make docs", file=sys.stderr)
            return 1 if stale else 0
        if stale:
            SAMPLE.mkdir(parents=True, exist_ok=True)
            for name in (*LASTING, *TIMED):
                (SAMPLE / name).write_bytes(OF_THIS_MACHINE.sub(rb"\1example", (made / name).read_bytes()))
    return 0


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
