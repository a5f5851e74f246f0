"""How long asking registries for the images of very many workloads takes, cold, against the least that it can take.

    python benchmarks/images.py [--workloads N] [--images N] [--latency MILLISECONDS]

A stand-in for Azure and its registries on this machine, in a process of its own, answers each request after the
latency. What counts is that each image is asked for once, however many workloads name it, and the ratio of the wall
time to the least, which is to be 1.5 at most: the process starts and loads packages and manifests, and then come
either the requests of which each needs the answer before it, one after the other, or all requests, as many at once as
there are connections, whichever takes longer. Starting and reading are timed in turn, and the shortest time of each
counts. Only the ratio says anything, and only within one run: part of the work of the machine is that of the
stand-in.
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
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from pullready.collectors.live import collect  # noqa: E402
from pullready.collectors.manifests import read_manifests  # noqa: E402
from pullready.collectors.reader import WORKERS  # noqa: E402
from pullready.config import Cloud, Settings, Target  # noqa: E402
from pullready.facts import MAKERS, ids, needs_of  # noqa: E402
from pullready.snapshot import Document, Provider, Snapshot, Status, TargetScope  # noqa: E402
from tools.shop.contents import SHOPIMAGES, SHOPTOOLS, digest, entry, index, manifest  # noqa: E402

RUNS: Final = 5
LONGEST: Final = 1.5
HOSTS: Final = (SHOPIMAGES, SHOPTOOLS)
CLUSTER: Final = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shop"
    "/providers/Microsoft.ContainerService/managedClusters/prod"
)
DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{number}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: app-{number}}}}}
  template:
    metadata: {{labels: {{app: app-{number}}}}}
    spec:
      nodeSelector: {{kubernetes.io/os: linux, kubernetes.io/arch: amd64}}
      containers: [{{name: app, image: "{image}"}}]
"""


def named(number: int) -> tuple[str, str]:
    """Return the login server and the repository of the image *number*; each is in a repository of its own."""
    return HOSTS[number % len(HOSTS)], f"apps/app-{number}"


def manifests(workloads: int, images: int) -> str:
    """Return so many Deployments that name so many images in turn."""
    texts = []
    for number in range(workloads):
        host, repository = named(number % images)
        texts.append(DEPLOYMENT.format(number=number, image=f"{host}/{repository}:1"))
    return "---\n".join(texts)


def held(images: int) -> Iterator[Document]:
    """Yield what the registries hold: each image an index for two architectures, with the manifest of one."""
    for number in range(images):
        host, repository = named(number)
        contents = {
            "1": index(entry(f"{number} amd64", "linux", "amd64"), entry(f"{number} arm64", "linux", "arm64")),
            digest(f"{number} amd64"): manifest(f"{number} amd64"),
        }
        for version, body in contents.items():
            id_ = ids.image_manifest(host, repository, version)
            yield Document(id=id_, provider=Provider.REGISTRY, status=Status.READ, body=body)


def served(images: int) -> Snapshot:
    """Return the healthy shop with so many images in its registries."""
    from tests.azure import acr, runs  # noqa: PLC0415

    shop = runs.served()
    return acr.genuine(Snapshot([*shop, *held(images)], captured_at=shop.captured_at))


def read(cloud: Mapping[str, object], folder: Path) -> Snapshot:
    """Read the cluster, its registries, and what those hold, for the manifests in *folder*."""
    target = Target("prod", cluster=CLUSTER)
    documents = read_manifests([str(folder)], root=folder, exclude=())
    scope = TargetScope("prod", CLUSTER, manifests=tuple(one.id for one in documents))
    empty = Snapshot(documents, captured_at=datetime.now(UTC), targets=[scope])
    settings = Settings(cloud=Cloud(**cloud))  # type: ignore[arg-type]
    return collect([target], settings, {"prod": needs_of(MAKERS)}, empty, lambda _: None)


def repeated(asked: list[str]) -> list[str]:
    """Return the manifests, indexes and configurations that were asked for more than once."""
    counts = Counter(id_ for id_ in asked if "/manifests/" in id_ or "/blobs/" in id_)
    return [id_ for id_, count in counts.items() if count > 1]


def child(task: str, cloud: str, folder: Path) -> None:
    """Do *task* in this process, which is a fresh one: read, or load what reading loads and the manifests."""
    if task == "read":
        snapshot = read(json.loads(cloud), folder)
        if unread := snapshot.unreadable():
            raise SystemExit(f"{unread[0].id}: {unread[0].detail}")
        modules = sorted(name for name in sys.modules if name.startswith(("azure.", "msal", "requests")))
        requests = sum(snapshot.requests.values())
        print(json.dumps({"requests": requests, "modules": modules, "processor": time.process_time()}))
    else:
        for module in json.loads(os.environ["MODULES"]):
            __import__(module)
        read_manifests([str(folder)], root=folder, exclude=())


def timed(task: str, cloud: Mapping[str, object], folder: Path, environ: Mapping[str, str]) -> tuple[float, str]:
    """Return the time that a fresh process took for *task*, in seconds, and what it said."""
    started = time.perf_counter()
    command = [sys.executable, __file__, "--child", task, json.dumps(cloud), str(folder)]
    said = subprocess.run(command, env={**os.environ, **environ}, check=True, stdout=subprocess.PIPE, text=True).stdout
    return time.perf_counter() - started, said


def in_turn(cloud: Mapping[str, object], folder: Path, environ: Mapping[str, str]) -> tuple[float, float, Any]:
    """Return the shortest times that reading and starting took, in seconds, and what was said of a reading."""
    walls, starts, told = [], [], []
    for _ in range(RUNS):
        wall, said = timed("read", cloud, folder, environ)
        told.append(json.loads(said))
        start, _ = timed("start", cloud, folder, {"MODULES": json.dumps(told[-1]["modules"])})
        walls.append(wall)
        starts.append(start)
    return min(walls), min(starts), min(told, key=lambda one: one["processor"])


def longest_chain(context: ssl.SSLContext, folder: Path) -> int:
    """Return how many requests wait for one another with a single image: its chain is as long as that of each."""
    from tests.azure.proxy import leading_to_registries  # noqa: PLC0415
    from tests.azure.rounds import Rounds  # noqa: PLC0415

    (folder / "app.yaml").write_text(manifests(1, 1))
    with Rounds(served(1)).serving(context) as standin, leading_to_registries(standin) as proxy:
        os.environ.update({**proxy.environ(), "NO_PROXY": "localhost", "no_proxy": "localhost"})
        read(asdict(standin.cloud), folder)
        return len(standin.by_round) + len(standin.sign_ins)


def main() -> int:
    """Run the benchmark; return whether it is worse than it may be."""
    from tests.azure.certificates import server_context  # noqa: PLC0415
    from tests.azure.fixtures import signed_in  # noqa: PLC0415
    from tests.azure.proxy import REGISTRY_HOSTS, leading_to_registries  # noqa: PLC0415
    from tests.azure.standin import Standin  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=int, default=1000, help="workloads (default: 1000)")
    parser.add_argument("--images", type=int, default=300, help="distinct images (default: 300)")
    parser.add_argument("--latency", type=float, default=40, help="milliseconds that each answer takes (default: 40)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        task, cloud, folder = options.child
        child(task, cloud, Path(folder))
        return 0
    latency = options.latency / 1000
    with tempfile.TemporaryDirectory() as name:
        deploy, chain_folder = Path(name, "deploy"), Path(name, "one")
        deploy.mkdir()
        chain_folder.mkdir()
        (deploy / "app.yaml").write_text(manifests(options.workloads, options.images))
        context, authority = server_context(Path(name), REGISTRY_HOSTS)
        os.environ.update(signed_in(authority))
        with (
            Standin(served(options.images), page_size=100, latency=latency).serving(context) as standin,
            leading_to_registries(standin) as proxy,
        ):
            environ = {**proxy.environ(), "NO_PROXY": "localhost", "no_proxy": "localhost"}
            cloud_of = asdict(standin.cloud)
            wall, start, said = in_turn(cloud_of, deploy, environ)
            again = repeated(standin.asked("registry")[: len(standin.asked("registry")) // RUNS])
            sign_ins, most = len(standin.sign_ins) // RUNS, standin.most_at_once
        chain = longest_chain(context, chain_folder)
    requests = said["requests"] + sign_ins
    least = start + max(chain * latency, requests * latency / WORKERS)
    print(f"workloads, distinct images              {options.workloads:5} {options.images:5}")
    print(f"requests                                {requests:5} with {sign_ins} to sign in")
    print(f"asked for more than once                {len(again):5}")
    print(f"connections, most at once               {WORKERS:5} {most:5}")
    print(f"longest chain of dependent requests     {chain:5} with those to sign in")
    print(f"start-up: process, packages, manifests  {start:5.2f} s")
    print(f"chain × {options.latency:.0f} ms                           {chain * latency:5.2f} s")
    print(f"requests × {options.latency:.0f} ms / connections          {requests * latency / WORKERS:5.2f} s")
    print(f"processor time of the process           {said['processor']:5.2f} s")
    print(f"wall time, cold                         {wall:5.2f} s")
    print(f"ratio, wall time against the least      {wall / least:5.2f} to be {LONGEST} at most")
    return int(bool(again) or wall > LONGEST * least)


if __name__ == "__main__":
    sys.exit(main())
