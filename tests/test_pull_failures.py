"""Events of failed pulls: read over a socket, kept by known wordings alone, and shown beside the verdicts."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pullready import rollup
from pullready.collectors import kubernetes
from pullready.collectors.pull_events import reduced_event
from pullready.facts import Facts
from pullready.outcome import ImageOutcome
from pullready.reports import json as report
from pullready.reports import markdown, overview
from pullready.reports.wording import seen_failing
from pullready.snapshot import Status
from pullready.symptoms import recognise
from tests import reports_canned
from tests.environment import case_scope
from tests.test_collectors_kubernetes import DEPLOYMENTS, NODES, ApiServer, document, read, server, workload
from tests.test_explain import MESSAGES
from tests.test_rollup import run

__all__ = ["server"]

WEB = "shopimages.azurecr.io/web:1.4.2"
DENIED = (
    f'Failed to pull image "{WEB}": failed to pull and unpack image "{WEB}": failed to resolve reference "{WEB}": '
    "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
    "https://shopimages.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=canary-query: 401 Unauthorized"
)
SIGNED = (
    f'Failed to pull image "{WEB}": failed to copy: httpReadSeeker: failed open: failed to do request: Get '
    '"https://layers.blob.core.windows.net/canary-account/blob?sig=canary-signature": '
    "dial tcp 203.0.113.9:443: i/o timeout"
)
MISSING = (
    "Unable to retrieve some image pull secrets (shopimages-admin, other); "
    "attempting to pull the image may not succeed."
)
NODE = "aks-linux1-12345678-vmss000000"
AT = "2026-11-02T05:58:00Z"


def event(message: str, namespace: str = "shop", node: str = NODE, at: str = AT) -> dict[str, Any]:
    """Return an event as the API server answers it."""
    return {
        "metadata": {"name": "web.17f", "namespace": namespace, "annotations": {"note": "canary-note"}},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "web-6d4c", "uid": "canary-uid"},
        "reason": "Failed",
        "message": message,
        "source": {"component": "kubelet", "host": node},
        "lastTimestamp": at,
        "type": "Warning",
    }


def test_events_are_asked_for_by_fields_page_by_page(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "_PAGE", 2)
    server.lists[kubernetes.EVENTS] = [event(DENIED), event("Error: canary --password=canary"), event(SIGNED)]
    found = read()
    asked = [parse_qs(urlsplit(one).query) for one in server.asked if one.startswith(kubernetes.EVENTS)]
    assert [one["fieldSelector"] for one in asked] == [["type=Warning,involvedObject.kind=Pod"]] * 2
    assert [one.get("continue") for one in asked] == [None, ["2"]]
    first, second = document(found, kubernetes.EVENTS).body["items"]
    assert first == {
        "reason": "Failed",
        "image": WEB,
        "symptoms": first["symptoms"],
        "namespace": "shop",
        "node": NODE,
        "at": AT,
    }
    assert [one.symptom for text in first["symptoms"] for one in recognise(text)]
    assert second["symptoms"]
    assert "canary" not in found.encode().decode()


def test_events_that_may_not_be_listed_change_nothing_else(server: ApiServer) -> None:
    server.lists[kubernetes.EVENTS] = 403
    server.lists[DEPLOYMENTS] = [workload("web", template={"spec": {"containers": [{"name": "web", "image": WEB}]}})]
    found = read()
    assert document(found, kubernetes.EVENTS).status is Status.FORBIDDEN
    scope = case_scope({"context": "prod"}, Path())
    facts = Facts(replace(scope, snapshot=found))
    assert facts("pull_failures") == ()
    assert [one.subject for one in facts("workloads") if "kubernetes" in one.subject] == []


@pytest.mark.parametrize(
    "message",
    [*(text for text, _ in MESSAGES.values()), "", "\ud800", 'Failed to pull image "', 'Failed to pull image "": x'],
)
def test_any_message_is_kept_by_its_known_wordings_alone(message: str) -> None:
    kept = reduced_event(event(f'Failed to pull image "{WEB}": {message} canary-secret'))
    assert kept["image"] == WEB
    assert "canary" not in json.dumps(kept)
    assert reduced_event(kept) == kept
    known = {one.symptom for one in recognise(f": {message} canary-secret")}
    again = {one.symptom for text in kept["symptoms"] for one in recognise(text)}
    assert bool(again) == bool(known)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"message": 7},
        {"message": DENIED, "involvedObject": [], "source": "x"},
        {"message": DENIED, "involvedObject": {"namespace": {}}, "source": {"host": 7}, "lastTimestamp": {}},
        {"message": 'Failed to pull image "user:canary@shop.azurecr.io/a": x'},
    ],
)
def test_a_malformed_event_is_kept_as_far_as_it_goes(broken: dict[str, Any]) -> None:
    kept = reduced_event(broken)
    assert (kept["namespace"], kept["node"]) == ("", "")
    assert reduced_event(kept) == kept
    assert "canary" not in json.dumps(kept)


def test_of_a_saved_event_nothing_is_kept_that_no_run_would_write() -> None:
    saved = {
        "image": "u:canary@shop.azurecr.io/a",
        "symptoms": ["canary", 7, "i/o timeout canary"],
        "secrets": ["CANARY canary"],
    }
    assert "canary" not in json.dumps(reduced_event({**saved, "note": "canary"})).casefold()


def seen(tmp_path: Path, *events: dict[str, Any], nodes: tuple[str, ...] = ()) -> dict[str, ImageOutcome]:
    """Return the images of the healthy shop where its live cluster had *events*."""
    listed = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"agentpool": pool}}}
        for name, pool in (one.split("=") for one in nodes)
    ]
    patch: list[dict[str, Any]] = [
        {
            "document": f"kubernetes:live{kubernetes.EVENTS}",
            "body": {"apiVersion": "v1", "kind": "EventList", "items": [reduced_event(one) for one in events]},
        },
        {"document": f"kubernetes:live{NODES}", "body": {"apiVersion": "v1", "kind": "NodeList", "items": listed}},
        {"document": "live-pods", "body": {"apiVersion": "v1", "kind": "PodList", "items": []}},
    ]
    found = rollup.images(*run(tmp_path, {"context": "live", "patch": patch}))
    return {re.split("[:@]", one.image.rpartition("/")[2])[0]: one for one in found}


def test_an_image_was_seen_failing_and_its_verdict_does_not_turn_on_it(tmp_path: Path) -> None:
    known = seen(tmp_path, event(DENIED, at="2026-11-02T05:00:00Z"), event(SIGNED))
    failing = known["web"].seen_failing
    assert failing is not None
    assert failing.at == AT
    assert len(failing.says) == 2
    assert {"kubelet-pull-role-missing", "nsg-blocks-registry-egress"} <= set(failing.conditions)
    assert {one.verdict for one in known.values()} == {one.verdict for one in seen(tmp_path).values()}
    assert [name for name, one in known.items() if one.seen_failing] == ["web"]
    [line] = seen_failing(known.values())
    assert line.startswith(f"{WEB} on linux1 (prod), last at {AT}: ")


@pytest.mark.parametrize(
    ("one", "nodes", "images"),
    [
        pytest.param(event(DENIED, namespace="elsewhere"), (), [], id="another-namespace"),
        pytest.param(event(DENIED.replace(":1.4.2", ":1.4.1")), (), [], id="another-tag"),
        pytest.param(event(DENIED.replace("shopimages", "ShopImages")), (), ["web"], id="the-host-in-other-letters"),
        pytest.param(event(DENIED), (f"{NODE}=linux1",), ["web"], id="a-node-of-the-pool"),
        pytest.param(event(DENIED), (f"{NODE}=system",), [], id="a-node-of-another-pool"),
        pytest.param(event(MISSING), (), ["report"], id="a-pull-secret-that-was-not-there"),
        pytest.param(event(MISSING.replace("shopimages-admin", "x")), (), [], id="a-pull-secret-of-nobody"),
    ],
)
def test_an_event_is_of_the_image_in_its_namespace_and_pool(
    tmp_path: Path, one: dict[str, Any], nodes: tuple[str, ...], images: list[str]
) -> None:
    known = seen(tmp_path, one, nodes=nodes)
    assert [name for name, outcome in known.items() if outcome.seen_failing] == images


def test_a_pull_that_failed_for_no_known_reason_says_so(tmp_path: Path) -> None:
    known = seen(tmp_path, event(f'Failed to pull image "{WEB}": something canary'))
    [line] = seen_failing(known.values())
    assert line.endswith("for a reason that is not known")


def test_every_report_of_the_images_says_which_were_seen_failing() -> None:
    done = reports_canned.run()
    line = "shop.azurecr.io/api:3.1 on linux1 (prod), last at 2026-11-02T05:58:00Z: the connection timed out"
    for page in (markdown.render(done), overview.summary(done)):
        assert "Seen failing" in str(page)
        assert line in html.unescape(str(page)).replace("\\", "")
    images = json.loads(report.render(done))["images"]
    assert [one["seenFailing"] and one["seenFailing"]["conditions"] for one in images] == [
        None,
        None,
        ["nsg-blocks-registry-egress"],
    ]


def test_nothing_is_kept_of_a_saved_event_that_no_event_has() -> None:
    """Who wrote the file may have put anything into each of its fields."""
    canary = "Secret of 0 bytes"
    body = dict.fromkeys(("reason", "namespace", "node", "at", "note"), canary)
    assert canary not in str(reduced_event({**body, "symptoms": [canary], "secrets": [canary]}))
