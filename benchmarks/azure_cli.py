"""How long the Azure CLI takes to read by hand what one run reads of a cluster and its registries.

    python benchmarks/azure_cli.py [--latency MILLISECONDS]

A stand-in for Azure on this machine answers each request after the latency. The commands are those of Microsoft's
article on failed pulls, and then those for what else the run reads, one after the other as in a script; without
`az aks check-acr`, which needs a node, and `az acr check-health`, which needs Docker. The CLI is signed in before; the
run signs in itself, judges what it read and writes its reports. Only the ratio says anything, and only within one run.
`make conformance` installs the CLI.

Source: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/extensions/cannot-pull-image-from-acr-to-aks-cluster
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from pullready.facts import ids  # noqa: E402
from tests.azure import runs  # noqa: E402
from tests.conformance.azure_cli import Cli, group_and_name, links, serving  # noqa: E402
from tools.shop import environment as shop  # noqa: E402

RUNS: Final = 3
PAGE: Final = 100
CACHE: Final = ROOT / ".cache" / "conformance"
REGISTRIES: Final = (shop.SHOP, shop.SHOPTOOLS, shop.SHOPTEAMS)


def of_the_article() -> Iterator[Sequence[str]]:
    """Yield the article's commands for the cluster `prod` of the healthy example, and what they must be told."""
    yield ("aks", "show", *group_and_name(shop.PROD))
    for registry in REGISTRIES:
        yield ("acr", "show", *group_and_name(registry))
        yield ("role", "assignment", "list", "--scope", registry, "--include-inherited")
    yield ("vmss", "list", "--resource-group", ids.group_of(shop.NODE_GROUP))
    for scale_set in shop.healthy()[ids.scale_sets_in(shop.NODE_GROUP)]:
        yield ("vmss", "identity", "show", *group_and_name(scale_set["id"]))
    for address in shop.OUTBOUND:
        yield ("network", "public-ip", "show", *group_and_name(address))
    yield links(shop.ZONE)
    network = ("--resource-group", ids.group_of(shop.VNET), "--vnet-name", ids.name_of(shop.VNET))
    yield ("network", "vnet", "peering", "list", *network)
    for group in (shop.NODES_GROUP, shop.AKS_GROUP):
        yield ("network", "nsg", "show", *group_and_name(group))


def beside() -> Iterator[Sequence[str]]:
    """Yield the commands that read what else the run reads, as far as the CLI has them without an extension."""
    for registry in REGISTRIES:
        yield ("acr", "private-endpoint-connection", "list", "--registry-name", ids.name_of(registry))
        yield ("role", "deny-assignment", "list", "--scope", registry)
    for role in (shop.ACR_PULL, shop.REPOSITORY_READER):
        yield ("role", "definition", "show", "--id", role)
    yield ("network", "vnet", "show", *group_and_name(shop.VNET))
    yield ("network", "private-endpoint", "show", *group_and_name(shop.ENDPOINT))
    yield ("network", "nic", "show", *group_and_name(shop.ENDPOINT_NIC))
    yield ("network", "private-dns", "zone", "list")
    zone = ("--resource-group", ids.group_of(shop.ZONE), "--zone-name", ids.name_of(shop.ZONE))
    for name in ("shopimages", "shopimages.westeurope.data"):
        yield ("network", "private-dns", "record-set", "a", "show", *zone, "--name", name)


def by_hand(cli: Cli, commands: Iterable[Sequence[str]]) -> float:
    """Return how long *commands* take, in seconds."""
    started = time.perf_counter()
    for words in commands:
        cli.read(*words)
    return time.perf_counter() - started


def by_run(cli: Cli, folder: Path) -> float:
    """Return the shortest time that a run in a fresh process takes, in seconds."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        command = [sys.executable, "-m", "pullready", "run", "--config", str(folder / "pullready.yaml")]
        done = subprocess.run(command, cwd=folder, env=dict(cli.environ), check=False, capture_output=True, text=True)
        times.append(time.perf_counter() - started)
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
    return min(times)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=40, help="milliseconds that each answer takes (default: 40)")
    latency = parser.parse_args().latency / 1000
    installed = sorted(CACHE.glob("azure-cli-*/installed"))
    if not installed:
        print("azure-cli is not there to compare with; `make conformance` installs it")
        return
    python = str(installed[-1].parent / "bin" / "python")
    with (
        tempfile.TemporaryDirectory() as made,
        serving(python, runs.served(), page_size=PAGE, latency=latency) as (cli, standin),
    ):
        runs.configure(Path(made), standin, runs.targets("prod"), cloud="AzurePublic")
        run = by_run(cli, Path(made))
        print(f"pullready run:     {len(standin.requests) // RUNS:5} requests   {run:6.2f} s")
        cli.read("login", "--identity")
        article, more = by_hand(cli, of_the_article()), by_hand(cli, beside())
    commands, others = len([*of_the_article()]), len([*beside()])
    for what, number, took in (("article", commands, article), ("all of it", commands + others, article + more)):
        print(f"az, {what + ':':14} {number:5} commands   {took:6.2f} s   ratio {took / run:5.1f}")


if __name__ == "__main__":
    main()
