"""How often a run waits for Azure: no more than what the answers lead to forces, and nothing is asked for twice."""

from __future__ import annotations

import ssl
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pullready.collectors import live
from tests.azure import runs
from tests.azure.rounds import Rounds, depths, needs
from tests.azure.standin import Standin
from tools.shop.environment import PROD, SHOP, Bodies, healthy
from tools.shop.hub import hub
from tools.shop.landing_zone import landing_zone

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: web, image: "shopimages.azurecr.io/web:1.4.2"}]}
"""


@pytest.fixture(autouse=True)
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all that a round asks for be decided before any of it is asked for, however long that takes here."""
    started = live._started
    monkeypatch.setattr(live, "_started", lambda wanted, *more: started(list(wanted), *more))


def counted(
    bodies: Bodies, targets: list[dict[str, Any]], context: ssl.SSLContext, folder: Path
) -> tuple[list[str], int]:
    """Judge *targets*; return what was asked for, and in how many rounds."""
    standin = Rounds(runs.served(bodies))
    with standin.serving(context):
        runs.judge(runs.configure(folder, standin, targets))
    asked = Counter(request.id.casefold() for request in standin.requests)
    assert max(asked.values()) == 1, asked.most_common(3)
    return sorted(asked), len(standin.by_round)


@pytest.mark.usefixtures("serve")
def test_one_cluster_and_one_registry_are_read_in_the_rounds_that_are_forced(
    certificates: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    targets = [{"cluster": PROD, "manifests": ["pod.yaml"], "registries": [SHOP]}]
    context, _ = certificates

    def read(standin: Standin) -> None:
        runs.judge(runs.configure(tmp_path, standin, targets))

    needed = needs(runs.served(), lambda standin: standin.serving(context), read)
    asked, rounds = counted(healthy(), targets, context, tmp_path)
    assert asked == sorted(needed)
    assert rounds == max(depths(needed).values()) == 6  # the registry is named: there is no list to find it in


@pytest.mark.usefixtures("serve")
@pytest.mark.parametrize(
    ("bodies", "targets", "most"),
    [
        (healthy(), runs.targets("prod"), 7),
        (hub(), runs.targets_of("hub", "stage"), 11),
        (landing_zone(), runs.targets_of("landing-zone", "retail"), 15),
    ],
    ids=["three-registries", "behind-a-firewall", "landing-zone"],
)
def test_a_run_waits_no_more_often_than_known(
    bodies: Bodies, targets: list[dict[str, Any]], most: int, certificates: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    _, rounds = counted(bodies, targets, certificates[0], tmp_path)
    assert rounds <= most
