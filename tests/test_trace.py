"""``pullready path`` shows every way up to the hop that ends it, and its exit code says how they end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from pullready.__main__ import main
from pullready.exits import Exit
from tests.azure import runs
from tests.azure.fixtures import Serve
from tests.environment import NAMES, ROOT

EXAMPLES: Final = ROOT / "manifests_examples"


@dataclass(frozen=True)
class Asked:
    """An example, what is asked of it, and what is answered: the exit code, and lines in this order."""

    example: str
    arguments: tuple[str, ...]
    code: Exit
    lines: tuple[str, ...]


ASKED: Final = {
    "open-straight-out": Asked(
        "healthy",
        ("legacy", "shoptools"),
        Exit.READY,
        (
            "nodes → shoptools.azurecr.io, login server shoptools.azurecr.io: open",
            "  passes  gateway        leaves from 198.51.100.20",
            "  passes  registry       a rule of the registry admits it",
            "nodes → shoptools.azurecr.io, layer storage *.blob.core.windows.net: open",
        ),
    ),
    "open-through-the-firewall-of-a-hub": Asked(
        "hub",
        ("stage", "stageimages.azurecr.io"),
        Exit.READY,
        (
            "  passes  networks       hub-vnet, where the private endpoint is, is joined with the nodes' network",
            "leads to the firewall hub-firewall",
            "hub-firewall lets it pass: the application rule images",
            "linux1 → stageimages.azurecr.io, data endpoint stageimages.westeurope.data.azurecr.io: open",
        ),
    ),
    "stopped-by-a-route": Asked(
        "broken/route-table-blackholes-registry",
        ("legacy", "SHOPTOOLS"),
        Exit.NOT_READY,
        ("login server shoptools.azurecr.io: stopped", "  stops   route          the route for 0.0.0.0/0", "remedy: "),
    ),
    "stopped-by-a-peering": Asked(
        "broken/vnet-peering-missing-or-disconnected",
        ("prod", "shopimages", "--pool", "linux1"),
        Exit.NOT_READY,
        ("  stops   networks       the peering shop-vnet → hub-vnet is Disconnected",),
    ),
    "stopped-by-a-security-rule": Asked(
        "broken/nsg-blocks-registry-egress",
        ("prod", "shopimages", "--pool", "win1"),
        Exit.NOT_READY,
        ("  stops   security rules the rule deny-the-rest", "remedy: az network nsg rule create"),
    ),
    "stopped-by-a-firewall": Asked(
        "broken/nva-or-firewall-blocks-registry",
        ("stage", "stagetools"),
        Exit.NOT_READY,
        ("  stops   firewall       hub-firewall blocks it",),
    ),
    "stopped-by-the-registry": Asked(
        "broken/registry-firewall-excludes-cluster-egress",
        ("prod", "shoptools", "--pool", "linux1"),
        Exit.NOT_READY,
        ("  stops   registry       the registry does not admit 203.0.113.11", "--ip-address 203.0.113.11"),
    ),
    "stopped-before-the-first-hop": Asked(
        "broken/private-dns-zone-not-linked-to-cluster-vnet",
        ("prod", "shopimages", "--pool", "linux1"),
        Exit.NOT_READY,
        ("  stops   address        shopimages.azurecr.io leads to its public address, and the registry is closed",),
    ),
    "a-caution": Asked(
        "broken/tls-handshake-timeout-path",
        ("stage", "stageimages"),
        Exit.READY,
        ("ends TLS at hub-firewall, with a certificate of its own",),
    ),
    "evidence": Asked(
        "healthy",
        ("legacy", "shoptools", "--evidence"),
        Exit.READY,
        ("read: ", "/virtualNetworks/legacy-vnet/properties/subnets/0/properties/addressPrefix 10.30.0.0/20"),
    ),
    "no-such-registry": Asked("healthy", ("prod", "nowhere"), Exit.INCOMPLETE, ("nowhere: cannot be seen to its end",)),
    "no-such-pool": Asked(
        "healthy",
        ("prod", "shopimages", "--pool", "gpu"),
        Exit.NOTHING_JUDGED,
        ("There is no way from pool gpu of prod to shopimages",),
    ),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_way_is_shown_up_to_the_hop_that_ends_it(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    configuration = str(EXAMPLES / asked.example / "pullready.yaml")
    code = main(["path", *asked.arguments, "--config", configuration])
    said = capsys.readouterr().out
    assert code == asked.code
    assert said.startswith("EMBEDDED EXAMPLE: ")
    place = 0
    for line in asked.lines:
        assert line in said[place:], said
        place = said.index(line, place) + len(line)


def test_nothing_is_shown_behind_the_hop_that_stops_it(capsys: pytest.CaptureFixture[str]) -> None:
    configuration = str(EXAMPLES / "broken" / "route-table-blackholes-registry" / "pullready.yaml")
    main(["path", "legacy", "shoptools", "--config", configuration])
    first, *_ = capsys.readouterr().out.split("layer storage")
    assert "stops   route" in first
    assert "gateway" not in first


def test_a_cluster_that_nothing_names_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    configuration = str(EXAMPLES / "healthy" / "pullready.yaml")
    assert main(["path", "elsewhere", "shopimages", "--config", configuration]) == Exit.USAGE
    said = capsys.readouterr().err
    assert said.startswith("ERROR: there is no cluster elsewhere among those that are named (prod, legacy).")
    assert len(said.splitlines()) == 1


def test_without_a_snapshot_a_name_alone_does_not_do(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["path", "prod", "shopimages", "--snapshot", str(tmp_path) + "/none.json"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("ERROR: ")


def test_a_way_is_read_live_with_no_more_than_it_needs(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standin = serve(runs.served())
    configuration = str(runs.configure(tmp_path, standin, runs.targets("legacy", "prod")))
    assert main(["path", NAMES["legacy"], "shoptools", "--config", configuration]) == Exit.READY
    said = capsys.readouterr().out
    assert "login server shoptools.azurecr.io: open" in said
    assert "leaves from 198.51.100.20" in said
    asked = "".join(standin.asked())
    assert "/virtualNetworks/legacy-vnet" in asked
    assert not [part for part in ("roleAssignments", "/managedClusters/prod", "shop-vnet", "graph:") if part in asked]
