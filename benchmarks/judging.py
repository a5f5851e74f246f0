"""CPU time of judging many clusters in a plain loop, for some and for ten times as many, and what pytest adds to it.

    python benchmarks/judging.py [--clusters N]

Each cluster is the healthy example's, with ids of its own and fifty images; all stand in one snapshot. The smaller
snapshot is judged ten times in a row and the larger one once, so that the machine's noise hits both alike; judging is
linear where the larger takes no more than eleven tenths of that, the lesser of two rounds each. What pytest adds is
the CPU time of `pullready run` over the smaller snapshot, beside that of a process that judges the same and writes the
same reports without pytest.
"""

from __future__ import annotations

import argparse
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from pullready import reports  # noqa: E402
from pullready import snapshot as snapshots  # noqa: E402
from pullready.collectors.manifests import read_manifests  # noqa: E402
from pullready.config import Configuration, Settings  # noqa: E402
from pullready.outcome import Exit, Run  # noqa: E402
from pullready.preflight import Surroundings, judge_all  # noqa: E402
from pullready.snapshot import Document, Provider, Snapshot, TargetScope  # noqa: E402

HEALTHY: Final = ROOT / "manifests_examples" / "healthy" / "snapshot.json"
SUBSCRIPTION: Final = "11111111-1111-4111-8111-111111111111"
CLUSTER: Final = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod"
)
IMAGES: Final = 50
TIMES: Final = 10
LIMIT: Final = 11
ROUNDS: Final = 2
POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {{name: app{0}, namespace: shop}}
spec:
  nodeSelector: {{kubernetes.io/os: linux}}
  tolerations: [{{key: CriticalAddonsOnly, operator: Exists}}]
  containers: [{{name: app, image: "{1}.azurecr.io/app{0}:1.0"}}]
"""


def pods(folder: Path) -> list[Document]:
    """Return the documents of one pod for each image."""
    text = "---\n".join(POD.format(place, ("shopimages", "shoptools")[place % 2]) for place in range(IMAGES))
    (folder / "app.yaml").write_text(text)
    return read_manifests([str(folder / "app.yaml")], root=folder, exclude=())


def fleet(clusters: int, folder: Path) -> Snapshot:
    """Return a snapshot of *clusters* clusters, each with a copy of what the healthy example has but for its images."""
    saved = snapshots.load(HEALTHY)
    manifests = pods(folder)
    own = [one for one in saved if one.provider is not Provider.REGISTRY]
    template = msgspec.json.encode([*own, *manifests]).decode()
    scopes: list[TargetScope] = []

    def documents() -> Iterator[Document]:
        for number in range(clusters):
            own = f"{number:08x}-1111-4111-8111-111111111111"
            renamed = template.replace(SUBSCRIPTION, own).replace("app.yaml", f"{number}/app.yaml")
            ids = tuple(one.id.replace("app.yaml", f"{number}/app.yaml") for one in manifests)
            scopes.append(TargetScope(f"prod{number}", CLUSTER.replace(SUBSCRIPTION, own), manifests=ids))
            yield from msgspec.json.decode(renamed, type=list[Document])

    every = list(documents())
    return Snapshot(every, captured_at=saved.captured_at, targets=scopes, example="a fleet")


def judged(file: Path) -> Run:
    """Judge the snapshot *file* in a plain loop."""
    around = Surroundings(datetime.now(UTC), lambda: b"", lambda _: None)
    return judge_all(Configuration((), Settings(), snapshot=str(file)), around)


def cpu_seconds(command: list[str], folder: Path) -> float:
    """Run ``python command`` in *folder* and return the CPU seconds (user and system) that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], cwd=folder, check=False, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def spent(file: Path) -> float:
    """Return the CPU seconds that judging the snapshot *file* takes."""
    gc.collect()
    started = time.process_time()
    run = judged(file)
    seconds = time.process_time() - started
    if run.exit_code is not Exit.READY:
        raise SystemExit(f"the fleet is not ready: {run.verdict}")
    return seconds


def main() -> int:
    """Measure and print; return 1 where judging is not linear."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=20, help="the smaller number of clusters (default: 20)")
    parser.add_argument("--plain", metavar="SNAPSHOT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        reports.write(judged(Path(options.plain)), Path.cwd() / "plain")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {clusters: folder / f"{clusters}.json" for clusters in (options.clusters, options.clusters * TIMES)}
        for clusters, file in files.items():
            fleet(clusters, folder).save(file)
        small, large = files.values()
        rounds = [(sum(spent(small) for _ in range(TIMES)) / TIMES, spent(large)) for _ in range(ROUNDS)]
        few, many = (min(seconds) for seconds in zip(*rounds, strict=True))
        for clusters, seconds in zip(files, (few, many), strict=True):
            print(f"{clusters:6} clusters: {seconds:7.2f} s, {seconds / clusters * 1000:6.1f} ms of CPU for each")
        print(f"{TIMES} times the clusters take {many / few:.1f} times the time (at most {LIMIT} is linear)")
        plain = cpu_seconds([__file__, "--plain", str(small)], folder)
        door = cpu_seconds(["-m", "pullready", "run", "--snapshot", str(small)], folder)
        print(
            f"with the reports: {plain:.2f} s without pytest, {door:.2f} s with it: pytest takes {1 - plain / door:.0%}"
        )
    return int(many / few > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
