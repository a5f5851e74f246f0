"""One run over all that is real at once: a live cluster, registries, and manifests that are about to be deployed.

``whole.sh`` brings the programs and runs these tests. Live is the healthy shop with teams beside it; what a manifest
replaces there is broken. Then one thing at a time is made wrong, and its own check finds it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.facts import ids
from pullready.outcome import Exit
from pullready.verdict import Severity
from tests.azure import runs
from tests.azure.fixtures import Serve
from tests.conformance.estate import Estate, bound, gating, manifests_in
from tests.environment import HEALTHY
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.objects import Body
from tests.kubernetes.server import ApiServer
from tests.registry import shop
from tests.registry.shop import BILLING, NIGHTLY, OF_FAULTS, WEB
from tools.examples import of_fault
from tools.shop.contents import SHOPIMAGES, SHOPTOOLS
from tools.shop.environment import LEGACY, PROD, SHOP, healthy
from tools.shop.fault import Fault
from tools.shop.faults import faults
from tools.shop.image_faults import image_faults
from tools.shop.name_faults import name_faults

pytest_plugins = ("tests.kubernetes.conftest",)

MISSING: Final = "image-manifest-missing"
TEAMS: Final = 20
#: What the teams run, for both architectures.
TOOL: Final = f"{SHOPTOOLS}/db-migrate:2.1.0"
#: The manifest that is about to be deployed; the others of the live cluster have been, and those of the other will be.
NEW: Final = Path("prod/web.yaml")
FAULTS: Final = [one for one in (*faults(), *image_faults(), *name_faults()) if one.cluster in {PROD, LEGACY}]
#: Faults of an image that is not in its registry any more.
OF_WHAT_IS_GONE: Final = frozenset({MISSING, "soft-deleted-artifact"})
#: Faults that go by when a Secret was made, which in a live cluster is now.
OF_THE_PAST: Final = frozenset({"pull-secret-admin-password-stale"})
Open = Callable[..., Estate]


def teams() -> Iterator[Body]:
    """Yield what runs beside the shop: every kind of workload in twenty namespaces, and what some of them lean on."""
    for number in range(TEAMS):
        yield from objects.every_kind(f"team-{number}", image=TOOL)
        yield objects.service_account("builder", namespace=f"team-{number}")
    yield objects.runtime_class("sandboxed", **{"kubernetes.io/os": "linux"})
    anywhere: dict[str, Any] = {"image": TOOL, "nodeSelector": {}, "tolerations": [{"operator": "Exists"}]}
    yield objects.deployment("sandboxed", "team-0", **anywhere, runtimeClassName="sandboxed")
    yield objects.deployment("fast", "team-0", **anywhere | {"nodeSelector": {"disk": "ssd"}})
    #: Only the taints of the other nodes keep it from them.
    yield objects.deployment("roaming", "team-0", image=TOOL, nodeSelector={})
    yield objects.node("aks-linux1-1", "linux1", {"disk": "ssd"})
    yield objects.node("aks-system-1", "system")
    yield objects.node("aks-win1-1", "win1", {"kubernetes.io/os": "windows"})


@pytest.fixture(scope="module")
def cluster(server: ApiServer) -> ApiServer:
    """The live cluster with all but the shop itself."""
    return bound(server, *teams())


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of registries to which the images of the shop were pushed."""
    return shop.stocked(tmp_path_factory.mktemp("registries"), tmp_path_factory.mktemp("layouts"))


@pytest.fixture
def opened(
    cluster: ApiServer, pushed: Path, serve_registries: Serve, sign_in: SignIn, tmp_path: Path
) -> Iterator[Open]:
    """Bring the shop, or an example of a fault of it, to its registries, its cluster, and its manifests."""
    with ExitStack() as running:

        def start(fault: Fault | None = None) -> Estate:
            shutil.copytree(pushed, tmp_path / "registries")
            registries = running.enter_context(shop.serving(tmp_path / "registries"))
            beside = {id_: body for id_, body in (fault.bodies if fault else {}).items() if "/v2/" not in id_}
            served = runs.served({**healthy(), ids.cache_rules_of(SHOP): [], **beside})
            standin = serve_registries(shop.without_images(served))
            shop.stand_behind(standin, registries)
            estate = Estate(standin, registries, cluster, tmp_path / "run")
            if fault and OF_FAULTS.get(fault.slug):
                shop.push(registries, tmp_path / "layouts", *OF_FAULTS[fault.slug])
            if fault and fault.slug in OF_WHAT_IS_GONE:
                estate.lose(WEB)
            _deploy(estate, fault)
            sign_in(cluster.kubeconfig())
            return estate

        yield start


def _deploy(estate: Estate, fault: Fault | None) -> None:
    texts = manifests_in(HEALTHY)
    if fault:
        folder = Path(ids.name_of(fault.cluster))
        files = {Path(path): text for path, text in of_fault(fault).files.items()}
        texts |= {folder / path.name: text for path, text in files.items() if path.parent.name == "manifests"}
    texts = {path: shop.with_digests(text, estate.registries) for path, text in texts.items()}
    is_live = fault is None or fault.slug not in OF_THE_PAST
    live = {path: text for path, text in texts.items() if path.parent == NEW.parent and path != NEW and is_live}
    estate.deploy(live, objects.deployment("web", image=f"{SHOPIMAGES}/web:0.9.0"))
    new = {path: text for path, text in texts.items() if path not in live}
    estate.configure(runs.targets("prod", "legacy"), NEW.parent.name, new)


def test_the_whole_is_ready(opened: Open) -> None:
    done = runs.run(opened().folder)
    assert done.exit_code == Exit.READY, done.said
    images = done.report["images"]
    assert {one["verdict"] for one in images} == {"will-pull"}
    assert len({workload for one in images for workload in one["workloads"]}) > 8 * TEAMS
    assert not [one for one in images if "web:0.9.0" in one["image"]], "a manifest replaces what is live"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.slug)
def test_each_fault_is_found_by_its_own_check_and_no_other(fault: Fault, opened: Open) -> None:
    run = opened(fault).judge()
    assert gating(run) == {fault.slug}
    is_risk = fault.is_risk or runs.CHECKS[fault.slug].severity is not Severity.BLOCKER
    assert run.exit_code is (Exit.READY if is_risk else Exit.NOT_READY)
    assert is_risk or "blocked" in {image.verdict for image in run.images}


#: One thing that is made wrong in what lives, and the check that finds it.
CHANGES: Final[dict[str, tuple[str, Callable[[Estate], object]]]] = {
    "tag deleted": (MISSING, lambda estate: estate.lose(BILLING)),
    "manifest under a tag deleted": (MISSING, lambda estate: estate.lose_manifest(WEB)),
    "manifest in an index deleted": (MISSING, lambda estate: estate.lose_entry(WEB, 0)),
    "digest deleted": (MISSING, lambda estate: estate.lose_manifest(NIGHTLY)),
    "repository deleted": (MISSING, lambda estate: estate.registries[SHOPIMAGES].lose_repository("billing")),
    "taint removed": (
        "pod-os-nodeselector-mismatch",
        lambda estate: estate.change_pool(PROD, "win1", nodeTaints=None),
    ),
    "pool of another architecture": (
        "image-architecture-mismatch",
        lambda estate: estate.change_pool(PROD, "linux1", vmSize="Standard_D4ps_v5"),
    ),
    "live workload of another tag": (
        MISSING,
        lambda estate: estate.server.apply([objects.deployment("canary", image=f"{SHOPIMAGES}/web:1.4.3")]),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_is_found_by_its_own_check_and_no_other(what: str, opened: Open) -> None:
    estate = opened()
    slug, change = CHANGES[what]
    change(estate)
    run = estate.judge()
    assert gating(run) == {slug}
    is_risk = what == "taint removed"  # pods that may land on Windows then may land elsewhere as well
    assert run.exit_code is (Exit.READY if is_risk else Exit.NOT_READY)
    assert ("at-risk" if is_risk else "blocked") in {image.verdict for image in run.images}
