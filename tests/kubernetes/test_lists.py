"""What is read of a live cluster: every kind that makes pods, and lists of many pages whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.collectors.kubernetes import Kubernetes
from pullready.collectors.live import collect
from pullready.collectors.manifests import read_manifests
from pullready.config import Settings, Target
from pullready.facts import Facts, Need, Scope, ids
from pullready.snapshot import Document, Snapshot, Status
from tests.azure import environments
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, ApiServer

PODS: Final = "/api/v1/pods"
#: As many as fit on four pages.
MANY: Final = 2_000
PAGES: Final = 4
TARGET: Final = Target(CONTEXT, context=CONTEXT)


@pytest.fixture(scope="module")
def shared(server: ApiServer) -> ApiServer:
    """An API server whose reader has the generated ClusterRole."""
    server.apply([objects.cluster_role(), objects.bound()])
    server.await_access(objects.listed().values())
    return server


@pytest.fixture
def live(shared: ApiServer, sign_in: SignIn) -> ApiServer:
    """The same server, which is the one that is read."""
    sign_in(shared.kubeconfig())
    return shared


def read(need: Need = Need.WORKLOADS) -> Snapshot:
    started = Snapshot(captured_at=environments.hub().captured_at)
    return collect([TARGET], Settings(), {CONTEXT: frozenset({need})}, started, lambda _: None)


def facts_of(snapshot: Snapshot, *manifests: Document) -> Facts:
    whole = snapshot.with_documents(manifests)
    return Facts(Scope(whole, TARGET, Settings(), tuple(one.id for one in manifests)))


def test_every_kind_that_makes_pods_is_read_with_what_it_refers_to(live: ApiServer) -> None:
    image = "shopimages.azurecr.io/web:kinds"
    spec: dict[str, Any] = {"serviceAccountName": "builder", "runtimeClassName": "sandboxed"}
    kinds = [*objects.every_kind("kinds", image=image, **spec)]
    account = objects.service_account("builder", "first", "second", namespace="kinds")
    live.apply([account, objects.runtime_class("sandboxed", sandbox="yes"), *kinds])
    facts = facts_of(read())
    found = [one for one in facts("workloads") if one.namespace == "kinds"]
    assert {one.subject for one in found} == {f"{one['kind']} kinds/{one['metadata']['name']}" for one in kinds}
    assert len(found) == len(kinds) == 8
    assert {one.pod.service_account for one in found} == {"builder"}
    assert {one.pod.runtime_class for one in found} == {"sandboxed"}
    used = [one for one in facts("images") if " kinds/" in one.subject]
    assert {str(one.image) for one in used} == {image}
    [builder] = [one for one in facts("service_accounts") if one.name == "builder"]
    assert builder.pull_secrets == ("first", "second")
    [sandboxed] = facts("runtime_classes")
    assert (sandboxed.handler, sandboxed.node_selector) == ("sandboxed", {"sandbox": "yes"})


def test_what_a_controller_made_counts_as_its_own_and_not_twice(live: ApiServer) -> None:
    [deployment, bare] = [one for one in objects.every_kind("owned") if one["kind"] in {"Deployment", "ReplicaSet"}]
    live.apply([deployment])
    uid = live.request("GET", live.path(deployment))["metadata"]["uid"]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "deployment", "uid": uid, "controller": True}
    made = {**bare, "metadata": {**bare["metadata"], "name": "made", "ownerReferences": [owner]}}
    live.apply([bare, made])
    found = {one.subject for one in facts_of(read())("workloads") if one.namespace == "owned"}
    assert found == {"Deployment owned/deployment", "ReplicaSet owned/replicaset"}


def test_nodes_are_read_with_the_labels_that_they_really_have(live: ApiServer) -> None:
    live.apply([objects.node("aks-linux1-1", "linux1", {"disk": "ssd"})])
    [node] = facts_of(read(Need.NODES))("live_nodes").nodes
    assert (node.name, node.pool, node.labels["disk"]) == ("aks-linux1-1", "linux1", "ssd")


def test_a_manifest_replaces_the_live_object_of_its_kind_namespace_and_name(live: ApiServer, tmp_path: Path) -> None:
    running = [*objects.every_kind("before", image="shopimages.azurecr.io/web:live")]
    live.apply([*running, objects.pod("deployment", "before", image="shopimages.azurecr.io/web:live")])
    coming = next(
        one
        for one in objects.every_kind("before", image="shopimages.azurecr.io/web:coming")
        if one["kind"] == "Deployment"
    )
    (tmp_path / "app.json").write_text(json.dumps(coming))
    (tmp_path / "elsewhere.json").write_text(
        json.dumps({**coming, "metadata": {"name": "job", "namespace": "elsewhere"}})
    )
    manifests = read_manifests([str(tmp_path)], root=tmp_path, exclude=())
    facts = facts_of(read(), *manifests)
    images = {one.subject.partition(" in ")[2]: str(one.image) for one in facts("images")}
    here = {subject: image.rpartition(":")[2] for subject, image in images.items() if "/" in subject}
    assert here["Deployment before/deployment"] == "coming"
    assert here["Deployment elsewhere/job"] == "coming"
    # The same name in another kind, and another kind of the same namespace, are other objects.
    others = {subject for subject, tag in here.items() if " before/" in subject and tag == "live"}
    assert others == {f"{one['kind']} before/{one['metadata']['name']}" for one in running} - {
        "Deployment before/deployment"
    } | {"Pod before/deployment"}


def pods_of(document: Document) -> Counter[str]:
    items = document.body["items"] if document.body else []
    return Counter(one["metadata"]["name"] for one in items if one["metadata"]["namespace"] == "many")


@pytest.fixture(scope="module")
def crowd(shared: ApiServer) -> Counter[str]:
    """The names of many pods in the live cluster, each once."""
    for pod in shared.request("GET", PODS)["items"]:
        shared.delete("v1", "Pod", pod["metadata"]["name"], pod["metadata"]["namespace"])
    names = [f"pod-{number:04}" for number in range(MANY)]
    shared.apply([objects.pod(name, "many") for name in names])
    return Counter(names)


def listing(counted: Callable[[int], object] = lambda _: None) -> tuple[Document, int]:
    """List the pods; call *counted* before each request with how many there were. Return their number as well."""
    asked: list[object] = []

    def count(provider: object) -> None:
        counted(len(asked))
        asked.append(provider)

    api = Kubernetes(CONTEXT, count)
    try:
        return api.document(ids.live_list(CONTEXT, PODS)), len(asked)
    finally:
        api.close()


def test_all_of_many_pods_are_read_in_pages_and_each_once(live: ApiServer, crowd: Counter[str]) -> None:
    document, requests = listing()
    assert document.status is Status.READ
    assert pods_of(document) == crowd
    assert requests == PAGES


def test_pods_that_come_and_go_between_pages_neither_double_nor_hide_others(
    live: ApiServer, crowd: Counter[str]
) -> None:
    early, late = objects.pod("pod-0000-again", "many"), objects.pod("zuletzt", "many")

    def change(requests: int) -> None:
        if requests == 1:
            live.apply([early, late])
            live.delete("v1", "Pod", "pod-0001", "many")

    try:
        document, requests = listing(change)
    finally:
        live.delete("v1", "Pod", "pod-0000-again", "many")
        live.delete("v1", "Pod", "zuletzt", "many")
        live.apply([objects.pod("pod-0001", "many")])
    assert (pods_of(document), requests) == (crowd, PAGES)
