"""Events of pulls that failed, as a real API server keeps and selects them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from pullready.collectors.kubernetes import SECRETS
from pullready.outcome import Exit
from tests.azure import acr, environments, runs
from tests.azure.fixtures import Serve
from tests.kubernetes import objects
from tests.kubernetes.conftest import SignIn
from tests.kubernetes.server import CONTEXT, ApiServer
from tools.shop.environment import PROD

#: A message as kubelet writes it, with what nobody is to keep behind the known words.
REFUSED: Final = (
    f'Failed to pull image "{objects.IMAGE}": failed to resolve reference "{objects.IMAGE}": failed to authorize: '
    "failed to fetch oauth token: unexpected status from GET request to https://shopimages.azurecr.io/oauth2/token"
    "?sig=canary-signature: 401 Unauthorized"
)


def event(name: str, message: str, *, kind: str = "Pod", is_warning: bool = True) -> objects.Body:
    """Return an event of an object of the shop, as kubelet on a node of linux1 would make it."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": objects.SHOP},
        "involvedObject": {"kind": kind, "namespace": objects.SHOP, "name": "web-1"},
        "reason": "Failed",
        "message": message,
        "type": "Warning" if is_warning else "Normal",
        "source": {"component": "kubelet", "host": "aks-linux1-1"},
        "lastTimestamp": "2026-11-02T06:00:00Z",
    }


@pytest.fixture(scope="module")
def shop(server: ApiServer) -> ApiServer:
    """The shop, of which one image was refused, and several hundred events of other things."""
    others = [event(f"probe-{number}", "Readiness probe failed: canary-probe") for number in range(600)]
    of_image = REFUSED.replace("web:1.4.2", "billing:7.0.3")
    elsewhere = [event("normal", of_image, is_warning=False), event("node", of_image, kind="Node")]
    node = objects.node("aks-linux1-1", "linux1")
    roles = [objects.cluster_role(), objects.bound(), objects.secrets_reader(), objects.bound(role="secrets")]
    manifests = objects.shop(acr.digests(runs.served()))
    server.apply([*roles, node, *manifests, event("web-1", REFUSED), *others, *elsewhere])
    server.await_access([*objects.listed().values(), SECRETS])
    return server


def test_what_was_seen_failing_is_shown_and_judges_nothing(
    shop: ApiServer, sign_in: SignIn, serve_registries: Serve, tmp_path: Path
) -> None:
    sign_in(shop.kubeconfig())
    standin = serve_registries(acr.genuine(runs.served()))
    target: dict[str, Any] = {"cluster": PROD, "context": CONTEXT, "registries": [*environments.REGISTRIES["prod"]]}
    runs.configure(tmp_path, standin, [target], **{"read-registries": True, "read-secrets": True})
    done = runs.run(tmp_path)
    assert done.exit_code == Exit.READY
    assert done.report["source"]["requests"]["kubernetes"] == len(objects.listed()) + 2, (
        "Secrets, and two pages of events"
    )
    seen = {one["image"]: one["seenFailing"] for one in done.report["images"] if one["seenFailing"]}
    assert seen.keys() == {objects.IMAGE}
    assert seen[objects.IMAGE]["at"] == "2026-11-02T06:00:00Z"
    assert "kubelet-pull-role-missing" in seen[objects.IMAGE]["conditions"]
    assert "Seen failing" in (tmp_path / "reports" / "report.html").read_text()
    kept = done.said + "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "canary" not in kept
    [events] = [one for one in json.loads((tmp_path / "saved.json").read_text())["documents"] if "/events" in one["id"]]
    assert len(events["body"]["items"]) == 1
