"""One run over what runs and what is about to be deployed: a manifest replaces the live object of its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pullready.outcome import Exit, Run
from pullready.verdict import Found
from tests.azure import acr, environments, runs
from tests.azure.fixtures import Serve
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, ApiServer
from tools.shop.environment import PROD

Judge = Callable[..., Run]
GONE = "shopimages.azurecr.io/web:gone"


@pytest.fixture(scope="module")
def shop(server: ApiServer) -> ApiServer:
    """The shop in a live cluster, one of whose deployments names an image that is gone."""
    running = objects.shop(acr.digests(runs.served()))
    server.apply([objects.cluster_role(), objects.bound(), objects.secrets_reader(), objects.bound(role="secrets")])
    server.apply([*running, objects.deployment("late", image=GONE)])
    server.await_access(objects.listed().values())
    return server


@pytest.fixture
def judge(shop: ApiServer, sign_in: SignIn, serve_registries: Serve, tmp_path: Path) -> Judge:
    """Judge the live shop together with some manifests."""

    def judged(*manifests: objects.Body) -> Run:
        folder = tmp_path / "manifests"
        folder.mkdir(exist_ok=True)
        for number, one in enumerate(manifests):
            (folder / f"{number}.json").write_text(json.dumps(one))
        sign_in(shop.kubeconfig())
        standin = serve_registries(acr.genuine(runs.served()))
        target = {"cluster": PROD, "context": CONTEXT, "registries": [*environments.REGISTRIES["prod"]]}
        if manifests:
            target["manifests"] = ["manifests"]
        more = {"read-registries": True, "read-secrets": True}
        return runs.judge(runs.configure(tmp_path, standin, [target], **more))

    return judged


def found(run: Run) -> set[tuple[str, str]]:
    """Return the checks that found something, and the last word of what they found it of."""
    judged = ((result.check.id, one.judgement) for result in run.results for one in result.judged)
    return {(slug, one.subject.rpartition(" in ")[2]) for slug, one in judged if isinstance(one, Found)}


def test_what_runs_is_judged_where_no_manifest_says_otherwise(judge: Judge) -> None:
    run = judge()
    assert found(run) == {("image-manifest-missing", "Deployment shop/late")}
    assert run.exit_code is Exit.NOT_READY


def test_a_manifest_that_mends_what_runs_makes_the_run_ready(judge: Judge) -> None:
    run = judge(objects.deployment("late"))
    assert (found(run), run.exit_code) == (set(), Exit.READY)


def test_a_manifest_that_breaks_what_runs_is_found(judge: Judge) -> None:
    run = judge(objects.deployment("late"), objects.deployment("web", image=GONE))
    assert found(run) == {("image-manifest-missing", "Deployment shop/web")}


@pytest.mark.parametrize("changed", [{"kind": "StatefulSet"}, {"name": "later"}, {"namespace": "other"}])
def test_a_manifest_of_another_kind_name_or_namespace_replaces_nothing(changed: dict[str, str], judge: Judge) -> None:
    one = objects.deployment("late")
    one["kind"] = changed.get("kind", one["kind"])
    one["metadata"] |= {key: value for key, value in changed.items() if key != "kind"}
    assert found(judge(one)) == {("image-manifest-missing", "Deployment shop/late")}
