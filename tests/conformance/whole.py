"""One run over all that is real at once: a live cluster, registries, and manifests that are about to be deployed.

``whole.sh`` brings the programs and runs these tests. Azure is the stand-in's. Live is the healthy shop with teams
beside it; what a manifest replaces there is broken. Then one thing at a time is made wrong, and its own check finds it.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from pullready.collectors.kubernetes import SECRETS
from pullready.facts import ids
from pullready.outcome import Exit, Run
from pullready.verdict import Severity, Verdict
from tests.azure import runs
from tests.azure.behind import access_to
from tests.azure.fixtures import Serve
from tests.azure.standin import Standin
from tests.environment import HEALTHY
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.objects import Body
from tests.kubernetes.server import CONTEXT, ApiServer
from tests.registry import shop
from tests.registry.layouts import INDEX
from tests.registry.server import Registry
from tests.registry.shop import NIGHTLY, OF_FAULTS, WEB
from tools.examples import of_fault
from tools.shop.contents import SHOPIMAGES, SHOPTOOLS
from tools.shop.environment import LEGACY, PROD, SHOP, healthy
from tools.shop.fault import Fault
from tools.shop.faults import faults
from tools.shop.image_faults import image_faults
from tools.shop.name_faults import name_faults

pytest_plugins = ("tests.kubernetes.conftest",)

MISSING: Final = "image-manifest-missing"
#: What is about to be deployed; the other manifests of the cluster have been.
NEW: Final = "web.yaml"
TEAMS: Final = 20
#: What the teams run, for both architectures.
TOOL: Final = f"{SHOPTOOLS}/db-migrate:2.1.0"
#: In the live cluster, what a test may change is in this namespace, and is of these kinds.
CHANGED: Final = tuple(
    f"{head}/namespaces/{objects.SHOP}/{kind}"
    for head, kind in (("/apis/apps/v1", "deployments"), ("/apis/batch/v1", "cronjobs"), ("/api/v1", "secrets"))
)
FAULTS: Final = [one for one in (*faults(), *image_faults(), *name_faults()) if one.cluster in {PROD, LEGACY}]
#: Faults of an image that is not in its registry any more.
OF_WHAT_IS_GONE: Final = frozenset({MISSING, "soft-deleted-artifact"})
#: Faults that go by when a Secret was made, which in a live cluster is now.
OF_THE_PAST: Final = frozenset({"pull-secret-admin-password-stale"})


@dataclass(frozen=True)
class Whole:
    """All of it: change something, and judge."""

    standin: Standin
    registries: Mapping[str, Registry]
    server: ApiServer
    folder: Path

    @property
    def images(self) -> Registry:
        """The registry of the shop's own images."""
        return self.registries[SHOPIMAGES]

    def judge(self) -> Run:
        """Judge it."""
        return runs.judge(self.folder / "pullready.yaml")

    def digest(self, image: shop.Image) -> str:
        """Return the digest that the tag of *image* points to."""
        return str(self.registries[image.host].pointed_at(image.repository, image.tag))

    def first_entry(self, image: shop.Image) -> str:
        """Return the digest of the manifest that the index of *image* names first."""
        headers = {"authorization": f"Bearer {access_to(image.host, image.repository, 'pull')}", "accept": INDEX}
        answer = self.registries[image.host].send(
            "GET", f"/v2/{image.repository}/manifests/{self.digest(image)}", headers
        )
        return str(json.loads(answer.body)["manifests"][0]["digest"])


Open = Callable[..., Whole]


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
    """The live cluster with all but the shop itself, and its reader bound to what the product says that it needs."""
    roles = [objects.cluster_role(), objects.bound(), objects.secrets_reader(), objects.bound(role="secrets")]
    server.apply([*roles, *teams()])
    server.await_access([*objects.listed().values(), SECRETS])
    return server


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of registries to which the images of the shop were pushed."""
    folder = tmp_path_factory.mktemp("registries")
    with shop.serving(folder) as registries:
        shop.push(registries, tmp_path_factory.mktemp("layouts"))
    return folder


@pytest.fixture
def opened(
    cluster: ApiServer, pushed: Path, serve_registries: Serve, sign_in: SignIn, tmp_path: Path
) -> Iterator[Open]:
    """Bring the shop, or an example of a fault of it, to its registries, its cluster, and its manifests."""
    with ExitStack() as running:

        def start(fault: Fault | None = None) -> Whole:
            shutil.copytree(pushed, tmp_path / "registries")
            registries = running.enter_context(shop.serving(tmp_path / "registries"))
            beside = {id_: body for id_, body in (fault.bodies if fault else {}).items() if "/v2/" not in id_}
            served = runs.served({**healthy(), ids.cache_rules_of(SHOP): [], **beside})
            standin = serve_registries(shop.without_images(served))
            shop.stand_behind(standin, registries)
            made = Whole(standin, registries, cluster, tmp_path / "run")
            if fault and OF_FAULTS.get(fault.slug):
                shop.push(registries, tmp_path / "layouts", *OF_FAULTS[fault.slug])
            if fault and fault.slug in OF_WHAT_IS_GONE:
                made.images.lose_tag("web", "1.4.2")
            _deploy(made, fault)
            sign_in(cluster.kubeconfig())
            return made

        yield start


def _deploy(made: Whole, fault: Fault | None) -> None:
    """Write the manifests that are about to be deployed, apply the others, and configure the run."""
    for name, cluster in (("prod", PROD), ("legacy", LEGACY)):
        texts = {path.name: path.read_text() for path in (HEALTHY / "manifests" / name).iterdir()}
        if fault and fault.cluster == cluster:
            texts |= {Path(path).name: text for path, text in of_fault(fault).files.items() if "manifests/" in path}
        (made.folder / name).mkdir(parents=True)
        for file, text in texts.items():
            (made.folder / name / file).write_text(shop.with_digests(text, made.registries))
    is_past = fault is not None and fault.slug in OF_THE_PAST
    deployed = [path for path in (made.folder / "prod").iterdir() if path.name != NEW and not is_past]
    for kind in CHANGED:
        made.server.request("DELETE", f"{kind}?propagationPolicy=Background")
    old = objects.deployment("web", image=f"{SHOPIMAGES}/web:0.9.0")
    made.server.apply([old, *(one for path in deployed for one in objects.loaded(path))])
    for path in deployed:
        path.unlink()
    prod, legacy = runs.targets("prod", "legacy")
    described = [{**prod, "context": CONTEXT, "manifests": ["prod"]}, {**legacy, "manifests": ["legacy"]}]
    runs.configure(made.folder, made.standin, described, **{"read-registries": True, "read-secrets": True})


def gating(run: Run) -> set[str]:
    """Return the checks that found something by themselves, and those that are unknown."""
    return {
        result.check.id
        for result in run.results
        if (result.verdict is Verdict.FOUND and not result.because_of) or result.verdict is Verdict.UNKNOWN
    }


def test_the_whole_is_ready(opened: Open) -> None:
    whole = opened()
    done = runs.run(whole.folder)
    assert done.exit_code == 0, done.said
    report = done.report
    assert {one["verdict"] for one in report["images"]} == {"will-pull"}
    named = {workload for one in report["images"] for workload in one["workloads"]}
    assert len(named) > 8 * TEAMS
    assert not [one for one in report["images"] if "web:0.9.0" in one["image"]], "a manifest replaces what is live"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.slug)
def test_each_fault_is_found_by_its_own_check_and_no_other(fault: Fault, opened: Open) -> None:
    run = opened(fault).judge()
    assert gating(run) == {fault.slug}
    is_risk = fault.is_risk or runs.CHECKS[fault.slug].severity is not Severity.BLOCKER
    assert run.exit_code is (Exit.READY if is_risk else Exit.NOT_READY)
    assert is_risk or "blocked" in {image.verdict for image in run.images}


def _changed_pool(whole: Whole, name: str, **properties: Any) -> None:
    """Change a node pool of the cluster."""
    document = whole.standin.snapshot.document(PROD)
    body = copy.deepcopy(document.body)
    [pool] = [one for one in body["properties"]["agentPoolProfiles"] if one["name"] == name]
    pool.update(properties)
    whole.standin.snapshot = whole.standin.snapshot.with_documents([replace(document, body=body)])


#: One thing that is made wrong in what lives, and the check that finds it.
CHANGES: Final[dict[str, tuple[str, Callable[[Whole], object]]]] = {
    "tag deleted": (MISSING, lambda whole: whole.images.lose_tag("billing", "7.0.3")),
    "manifest under a tag deleted": (MISSING, lambda whole: whole.images.lose_manifest("web", whole.digest(WEB))),
    "manifest in an index deleted": (MISSING, lambda whole: whole.images.lose_manifest("web", whole.first_entry(WEB))),
    "digest deleted": (MISSING, lambda whole: whole.images.lose_manifest("jobs/report", whole.digest(NIGHTLY))),
    "repository deleted": (MISSING, lambda whole: whole.images.lose_repository("billing")),
    "taint removed": ("pod-os-nodeselector-mismatch", lambda whole: _changed_pool(whole, "win1", nodeTaints=None)),
    "pool of another architecture": (
        "image-architecture-mismatch",
        lambda whole: _changed_pool(whole, "linux1", vmSize="Standard_D4ps_v5"),
    ),
    "live workload of another tag": (
        MISSING,
        lambda whole: whole.server.apply([objects.deployment("canary", image=f"{SHOPIMAGES}/web:1.4.3")]),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_is_found_by_its_own_check_and_no_other(what: str, opened: Open) -> None:
    whole = opened()
    slug, change = CHANGES[what]
    change(whole)
    run = whole.judge()
    assert gating(run) == {slug}
    is_risk = what == "taint removed"  # pods that may land on Windows then may land elsewhere as well
    assert run.exit_code is (Exit.READY if is_risk else Exit.NOT_READY)
    assert ("at-risk" if is_risk else "blocked") in {image.verdict for image in run.images}
