"""How long reading one cluster and its registries takes, cold, against the least that it can take.

    python benchmarks/reading.py [--latency MILLISECONDS]

A stand-in for Azure on this machine answers each request after the latency. No reading is faster than the process and
the packages take to start, and then the longest chain of requests of which each needs the answer before it. Which these
are is tried out: where a document is refused, those that are not asked for any more depend on it. Only the ratio says
anything, and only within one run.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from pullready.collectors.live import collect  # noqa: E402
from pullready.collectors.manifests import read_manifests  # noqa: E402
from pullready.config import Cloud, Settings, Target  # noqa: E402
from pullready.facts import MAKERS, needs_of  # noqa: E402
from pullready.snapshot import Snapshot, TargetScope  # noqa: E402

RUNS: Final = 3
PAGE: Final = 100
CLUSTER: Final = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shop"
    "/providers/Microsoft.ContainerService/managedClusters/prod"
)
MANIFESTS: Final = ROOT / "manifests_examples" / "healthy" / "manifests" / "prod"


def read(cloud: Mapping[str, object]) -> Snapshot:
    """Read the cluster with all that every fact needs."""
    target = Target("prod", cluster=CLUSTER)
    manifests = read_manifests([str(MANIFESTS)], root=ROOT, exclude=())
    scope = TargetScope("prod", CLUSTER, manifests=tuple(one.id for one in manifests))
    empty = Snapshot(manifests, captured_at=datetime.now(UTC), targets=[scope])
    settings = Settings(cloud=Cloud(**cloud), read_registries=False)  # type: ignore[arg-type]
    return collect([target], settings, {"prod": needs_of(MAKERS)}, empty, lambda _: None)


def child(task: str, cloud: str) -> None:
    """Do *task* in this process, which is a fresh one: read, or only load what reading loads."""
    if task == "read":
        snapshot = read(json.loads(cloud))
        if unread := snapshot.unreadable():
            raise SystemExit(f"{unread[0].id}: {unread[0].detail}")
        modules = sorted(name for name in sys.modules if name.startswith(("azure.", "msal", "requests")))
        print(json.dumps({"requests": sum(snapshot.requests.values()), "modules": modules}))
    else:
        for module in json.loads(os.environ["MODULES"]):
            __import__(module)


def timed(task: str, cloud: Mapping[str, object], environ: Mapping[str, str]) -> tuple[float, str]:
    """Return the shortest time that a fresh process took for *task*, in seconds, and what it said."""
    times, said = [], ""
    for _ in range(RUNS):
        started = time.perf_counter()
        command = [sys.executable, __file__, "--child", task, json.dumps(cloud)]
        said = subprocess.run(command, env={**os.environ, **environ}, check=True, capture_output=True, text=True).stdout
        times.append(time.perf_counter() - started)
    return min(times), said


def longest_chain(snapshot: Snapshot, context: ssl.SSLContext) -> int:
    """Return how many documents, each needed for asking for the next, are read one after the other at the least."""
    from tests.azure.rounds import depths, needs  # noqa: PLC0415

    needed = needs(snapshot, lambda standin: standin.serving(context), lambda standin: read(asdict(standin.cloud)))
    return max(depths(needed).values())


def main() -> None:
    """Run the benchmark."""
    from tests.azure import runs  # noqa: PLC0415
    from tests.azure.certificates import server_context  # noqa: PLC0415
    from tests.azure.fixtures import signed_in  # noqa: PLC0415
    from tests.azure.standin import Standin  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=40, help="milliseconds that each answer takes (default: 40)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    latency = options.latency / 1000
    with tempfile.TemporaryDirectory() as folder:
        context, authority = server_context(Path(folder))
        os.environ.update(signed_in(authority))
        with Standin(runs.served(), page_size=PAGE, latency=latency).serving(context) as standin:
            cloud = asdict(standin.cloud)
            wall, said = timed("read", cloud, {})
            sign_ins = len(standin.sign_ins) // RUNS
        start, _ = timed("start", cloud, {"MODULES": json.dumps(json.loads(said)["modules"])})
        chain = sign_ins + longest_chain(runs.served(), context)
    least = start + chain * latency
    print(f"requests                                {json.loads(said)['requests']:5} and {sign_ins} to sign in")
    print(f"longest chain of dependent requests     {chain:5} with those to sign in")
    print(f"start-up: process and packages          {start:5.2f} s")
    print(f"chain × {options.latency:.0f} ms                           {chain * latency:5.2f} s")
    print(f"wall time, cold                         {wall:5.2f} s")
    print(f"ratio, wall time against the least      {wall / least:5.2f}")


if __name__ == "__main__":
    main()
