"""A list that the API server forgets before its end: it is read whole, from one state, or it is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from pullready.collectors import kubernetes
from pullready.collectors.kubernetes import Kubernetes
from pullready.facts import ids
from pullready.snapshot import Document, Status
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, ApiServer

#: Pages come from etcd, which is told to forget; a cache before it would remember them some time longer.
FLAGS: Final = ("--watch-cache=false",)
PODS: Final = "/api/v1/pods"
NAMES: Final = [f"pod-{number:02}" for number in range(20)]
PAGES: Final = 4


@pytest.fixture
def live(server: ApiServer, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> ApiServer:
    """A live cluster with some pages of pods."""
    monkeypatch.setattr(kubernetes, "_PAGE", len(NAMES) // PAGES)
    server.apply([objects.cluster_role(), objects.bound(), *(objects.pod(name) for name in NAMES)])
    server.await_access([PODS])
    sign_in(server.kubeconfig())
    return server


def listing(before: Callable[[int], object]) -> tuple[Document, int]:
    """List the pods; call *before* with the number of each request, from 1. Return how many there were as well."""
    asked: list[object] = []

    def count(provider: object) -> None:
        asked.append(provider)
        before(len(asked))

    api = Kubernetes(CONTEXT, count)
    try:
        return api.document(ids.live_list(CONTEXT, PODS)), len(asked)
    finally:
        api.close()


def forget(live: ApiServer) -> None:
    live.apply([objects.service_account("builder", "changed")])
    live.apply([objects.service_account("builder", "back")])
    live.compact()


def test_a_list_that_expires_is_begun_anew_and_whole(live: ApiServer) -> None:
    def before(request: int) -> None:
        if request == 3:
            live.apply([objects.pod("pod-00-late")])
            forget(live)

    try:
        document, requests = listing(before)
    finally:
        live.delete("v1", "Pod", "pod-00-late", objects.SHOP)
    assert document.status is Status.READ
    assert [one["metadata"]["name"] for one in document.body["items"]] == ["pod-00", "pod-00-late", *NAMES[1:]]
    assert requests == 3 + PAGES + 1  # two pages, the one that had expired, and all again with one pod more


def test_a_list_that_never_lasts_is_unknown_and_never_short(live: ApiServer) -> None:
    def before(request: int) -> None:
        if request % 2 == 0:
            forget(live)

    document, requests = listing(before)
    assert (document.status, document.body) == (Status.FAILED, None)
    assert document.detail == "the list of pods expired 3 times while it was read"
    assert requests == 6
