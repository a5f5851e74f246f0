"""The landing zone, as ``whole.py`` has the shop: two clusters, three registries, nodes of three platforms.

The larger of its clusters is live, but for what is about to be deployed to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from pullready.facts import ids
from pullready.outcome import Exit
from tests.azure import runs
from tests.azure.fixtures import Serve
from tests.conformance.estate import Estate, bound, gating, manifests_in
from tests.environment import LANDING_ZONE
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import ApiServer
from tests.registry import shop
from tests.registry.landing_zone import (
    EVENTS,
    IMAGES,
    LOYALTY,
    MIGRATE,
    RETAILTEAMS,
    SEARCH,
    SETTLEMENT,
    STOREFRONT,
    TILLS,
)
from tests.registry.layouts import Descriptor, Layout
from tests.registry.shop import Image
from tools.shop import landing_zone
from tools.shop.environment import Bodies
from tools.shop.landing_zone import BATCH, RETAIL

pytest_plugins = ("tests.kubernetes.conftest",)

MISSING: Final = "image-manifest-missing"
ARCHITECTURE: Final = "image-architecture-mismatch"
NEW: Final = Path("retail/storefront.yaml")


@pytest.fixture(scope="module")
def cluster(server: ApiServer) -> ApiServer:
    """The live cluster, with a workload that only the taints of the other pools keep from them."""
    tool = f"{MIGRATE.host}/{MIGRATE.repository}:{MIGRATE.tag}"
    return bound(server, objects.deployment("roaming", "tools", image=tool, nodeSelector={}))


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of registries to which the images were pushed."""
    return shop.stocked(tmp_path_factory.mktemp("registries"), tmp_path_factory.mktemp("layouts"), *IMAGES)


@pytest.fixture
def estate(
    cluster: ApiServer, pushed: Path, serve_registries: Serve, sign_in: SignIn, tmp_path: Path
) -> Iterator[Estate]:
    """The landing zone."""
    shutil.copytree(pushed, tmp_path / "registries")
    with shop.serving(tmp_path / "registries", IMAGES) as registries:
        rules: Bodies = {ids.cache_rules_of(one["id"]): [] for one in landing_zone.registries()}
        served = runs.served({**landing_zone.landing_zone(), **rules})
        standin = serve_registries(shop.without_images(served))
        shop.stand_behind(standin, registries)
        made = Estate(standin, registries, cluster, tmp_path / "run")
        texts = manifests_in(LANDING_ZONE)
        live = {path: text for path, text in texts.items() if path.parent == NEW.parent and path != NEW}
        old = objects.deployment("storefront", "retail", image=f"{STOREFRONT.host}/{STOREFRONT.repository}:0.9.0")
        made.deploy(live, old)
        new = {path: text for path, text in texts.items() if path not in live}
        made.configure(runs.targets_of("landing-zone", "retail", "batch"), NEW.parent.name, new)
        sign_in(cluster.kubeconfig())
        yield made


def test_the_whole_is_ready(estate: Estate) -> None:
    done = runs.run(estate.folder)
    assert done.exit_code == Exit.READY, done.said
    images = done.report["images"]
    assert {one["verdict"] for one in images} == {"will-pull"}
    named = {(image.host, image.repository) for image in IMAGES}
    assert {tuple(one["image"].rpartition(":")[0].split("/", 1)) for one in images} == named
    assert {one["pool"] for one in images} == {"linux1", "arm1", "win1", "jobs"}


def locked(estate: Estate) -> None:
    """Switch reading off for a repository."""
    told = {"registry": RETAILTEAMS, "imageName": LOYALTY.repository, "changeableAttributes": {"readEnabled": False}}
    estate.say({ids.repository_properties(RETAILTEAMS, LOYALTY.repository): told})


def pushed_anew(image: Image, build: Callable[[Layout], Descriptor]) -> Callable[[Estate], None]:
    """Return how *image* is pushed again, to the same tag, and built in another way."""

    def push(estate: Estate) -> None:
        shop.push(estate.registries, estate.folder / "layouts", image._replace(build=build, is_docker=False))

    return push


def anywhere(estate: Estate) -> None:
    """Deploy what is built for Arm to nodes of either architecture."""
    image = f"{SEARCH.host}/{SEARCH.repository}:{SEARCH.tag}"
    estate.server.apply([objects.deployment("anywhere", "retail", image=image)])


#: One thing that is made wrong, and the check that finds it.
CHANGES: Final[dict[str, tuple[str, Callable[[Estate], object]]]] = {
    "live image deleted": (MISSING, lambda estate: estate.lose(TILLS)),
    "image of a manifest deleted": (MISSING, lambda estate: estate.lose(EVENTS)),
    "manifest for one pool deleted": (MISSING, lambda estate: estate.lose_entry(STOREFRONT, 1)),
    "image of the other cluster deleted": (MISSING, lambda estate: estate.lose_manifest(SETTLEMENT)),
    "reading switched off": ("image-or-repo-read-disabled", locked),
    "built for one architecture": (ARCHITECTURE, pushed_anew(LOYALTY, shop.for_amd64)),
    "pods that choose no architecture": (ARCHITECTURE, anywhere),
    "pool of another architecture": (
        ARCHITECTURE,
        lambda estate: estate.change_pool(BATCH, "jobs", vmSize="Standard_D4ps_v5"),
    ),
    "built for a later Windows": ("windows-os-build-mismatch", pushed_anew(TILLS, shop.for_windows_2025)),
    "taint removed": (
        "pod-os-nodeselector-mismatch",
        lambda estate: estate.change_pool(RETAIL, "win1", nodeTaints=None),
    ),
}

#: The changes after which the pods may still land on nodes that can pull.
OF_SOME_NODES: Final = frozenset({"taint removed", "built for one architecture", "pods that choose no architecture"})


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_is_found_by_its_own_check_and_no_other(what: str, estate: Estate) -> None:
    slug, change = CHANGES[what]
    change(estate)
    run = estate.judge()
    assert gating(run) == {slug}
    is_risk = what in OF_SOME_NODES
    assert run.exit_code is (Exit.READY if is_risk else Exit.NOT_READY)
    assert ("at-risk" if is_risk else "blocked") in {image.verdict for image in run.images}
