"""Reading the live cluster through the kubernetes client, from a small API server over TLS."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pullready.collectors import kubernetes
from pullready.collectors.live import collect
from pullready.config import Settings, Target
from pullready.facts import Facts, Need, Scope, ids
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure.environments import hub
from tests.azure.wire import Server
from tools.shop.environment import PROD

TOKEN = "canary-kubernetes-token"
DEPLOYMENTS = "/apis/apps/v1/deployments"
PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"
NODE_POOLS = "/apis/karpenter.sh/v1/nodepools"
NODE_CLASSES = "/apis/karpenter.azure.com/v1beta1/aksnodeclasses"
CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
#: What an API server says of a group that it does not have.
NO_GROUP = (404, b"404 page not found\n")
SECRET = {"name": "PASSWORD", "value": "canary-env"}
CONTAINER = {"name": "web", "image": "shopimages.azurecr.io/web:1", "env": [SECRET]}


def workload(name: str, owner: str | None = None, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "annotations": {"note": "canary-note"}}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner, "name": "owner", "controller": True}]
    return {"metadata": metadata, "spec": spec}


class ApiServer:
    """Answers lists by path: a list of items, a status, or some text with a status.

    ``expiring`` is how often a further page of a list is refused, because the list has expired.
    """

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]] | int | tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.expiring = 0

    def answer(self, target: str, token: str | None) -> tuple[int, bytes]:
        self.asked.append(target)
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        items = self.lists.get(path, [])
        if token != f"Bearer {TOKEN}":
            items = 401
        if isinstance(items, tuple):
            return items
        if "continue" in query and self.expiring:
            self.expiring -= 1
            items = 410
        if isinstance(items, int):
            return items, json.dumps({"kind": "Status", "code": items, "message": "canary-message"}).encode()
        start = int(query.get("continue", ["0"])[0])
        end = start + int(query["limit"][0])
        kinds = {DEPLOYMENTS: "DeploymentList", PODS: "PodList", kubernetes.SECRETS: "SecretList", NODES: "NodeList"}
        kinds |= {kubernetes.EVENTS: "EventList", NODE_POOLS: "NodePoolList", NODE_CLASSES: "AKSNodeClassList"}
        kind = kinds.get(path, "ThingList")
        metadata = {"continue": str(end)} if end < len(items) else {}
        body = {"apiVersion": path.removeprefix("/apis/").rpartition("/")[0], "kind": kind, "metadata": metadata}
        return 200, json.dumps({**body, "items": items[start:end]}).encode()


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def __init__(self, server: ApiServer, *args: Any) -> None:
        self.api = server
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        status, content = self.api.answer(self.path, self.headers.get("Authorization"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def server(
    certificates: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ApiServer]:
    """An API server, and a kubeconfig whose context ``prod`` names it."""
    context, authority = certificates
    api = ApiServer()
    listening = Server(("127.0.0.1", 0), partial(_Handler, api))
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    cluster = {"server": f"https://localhost:{listening.server_address[1]}", "certificate-authority": str(authority)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "prod", "cluster": cluster},
            {"name": "blind", "cluster": {"server": cluster["server"], "insecure-skip-tls-verify": True}},
            {"name": "stranger", "cluster": {"server": cluster["server"]}},
            {"name": "gone", "cluster": {**cluster, "server": "https://localhost:1"}},
        ],
        "users": [{"name": "me", "user": {"token": TOKEN}}, {"name": "expired", "user": {"token": "canary-old"}}],
        "contexts": [
            *(
                {"name": name, "context": {"cluster": name, "user": "me"}}
                for name in ("prod", "blind", "stranger", "gone")
            ),
            {"name": "expired", "context": {"cluster": "prod", "user": "expired"}},
        ],
        "current-context": "prod",
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("NO_PROXY", "localhost")
    yield api
    listening.shutdown()
    listening.server_close()


def read(context: str = "prod", settings: Settings | None = None, need: Need = Need.WORKLOADS) -> Snapshot:
    target = Target("live", context=context)
    needs = {"live": frozenset({need})}
    return collect([target], settings or Settings(), needs, Snapshot(captured_at=hub().captured_at), lambda _: None)


def document(snapshot: Snapshot, path: str = DEPLOYMENTS, context: str = "prod") -> Document:
    return snapshot.document(ids.live_list(context, path))


def test_lists_are_read_whole_and_reduced(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "_PAGE", 2)
    pod: dict[str, Any] = {"template": {"spec": {"containers": [CONTAINER]}}}
    server.lists[DEPLOYMENTS] = [workload(f"web{number}", **pod) for number in range(5)]
    found = read()
    assert [one["metadata"]["name"] for one in document(found).body["items"]] == [f"web{n}" for n in range(5)]
    assert document(found).body["items"][0] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web0", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shopimages.azurecr.io/web:1"}]}}},
    }
    assert "canary" not in found.encode().decode()
    lists = (*kubernetes.LISTS, kubernetes.EVENTS)
    assert {one.id for one in found} == {ids.live_list("prod", path) for path in lists}
    assert found.requests == {"kubernetes": len(lists) + 2}
    facts = Facts(Scope(found, Target("live", context="prod"), Settings()))
    assert [use.subject for use in facts("images")] == [
        f"shopimages.azurecr.io/web:1 in Deployment shop/web{number}" for number in range(5)
    ]


NODE: dict[str, Any] = {
    "metadata": {
        "name": "aks-linux1-12345678-vmss000000",
        "labels": {"agentpool": "linux1", "disk": "ssd"},
        "annotations": {"note": "canary-note"},
    },
    "spec": {
        "podCIDR": "198.51.100.0/24",
        "taints": [{"key": "gpu", "effect": "NoSchedule", "timeAdded": "2026-11-02T06:00:00Z"}],
    },
    "status": {
        "addresses": [{"type": "InternalIP", "address": "203.0.113.7"}],
        "images": [{"names": ["canary-image"]}],
    },
}


def test_nodes_are_read_page_by_page_for_their_labels_and_taints(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "_PAGE", 2)
    server.lists[NODES] = [NODE] * 5
    found = read(need=Need.NODES)
    assert [one.id for one in found] == [ids.live_nodes("prod")]
    assert server.asked == [f"{NODES}?limit=2", f"{NODES}?limit=2&continue=2", f"{NODES}?limit=2&continue=4"]
    items = document(found, NODES).body["items"]
    assert [item["kind"] for item in items] == ["Node"] * 5
    kept = {
        "metadata": {"name": "aks-linux1-12345678-vmss000000", "labels": {"agentpool": "linux1", "disk": "ssd"}},
        "spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]},
    }
    assert all({key: item[key] for key in item if key not in {"apiVersion", "kind"}} == kept for item in items)
    assert "canary" not in found.encode().decode()
    facts = Facts(Scope(found, Target("live", context="prod"), Settings()))
    assert [str(taint) for node in facts("live_nodes").nodes for taint in node.taints] == ["gpu:NoSchedule"] * 5


def test_a_list_that_expires_is_read_anew(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "_PAGE", 2)
    server.lists[NODES] = [NODE] * 5
    server.expiring = 2
    found = read(need=Need.NODES)
    assert len(document(found, NODES).body["items"]) == 5
    assert len(server.asked) == 2 + 2 + 3
    server.expiring = 3
    unread = document(read(need=Need.NODES), NODES)
    assert (unread.status, unread.detail) == (Status.FAILED, "the list of nodes expired 3 times while it was read")


def test_runtime_classes_that_may_not_be_listed_concern_those_that_name_one(server: ApiServer) -> None:
    server.lists[CLASSES] = 403
    server.lists[DEPLOYMENTS] = [
        workload("plain", template={"spec": {"containers": [CONTAINER]}}),
        workload("sandboxed", template={"spec": {"containers": [CONTAINER], "runtimeClassName": "gvisor"}}),
    ]
    facts = Facts(Scope(read(), Target("live", context="prod"), Settings()))
    assert [one.subject for one in facts("workloads")] == ["Deployment shop/plain", "Deployment shop/sandboxed"]
    [plain, sandboxed] = facts("placements")
    assert plain.runtime_class is None
    assert "the list of runtimeclasses in all namespaces is forbidden" in str(sandboxed.runtime_class)


def test_secrets_that_may_not_be_listed_concern_those_that_name_one(server: ApiServer) -> None:
    server.lists[kubernetes.SECRETS] = 403
    server.lists[DEPLOYMENTS] = [workload("plain", template={"spec": {"containers": [CONTAINER]}})]
    found = read(settings=replace(Settings(), read_secrets=True))
    assert "Let who runs this list Secrets" in str(document(found, kubernetes.SECRETS).remedy)
    facts = Facts(Scope(found, Target("live", context="prod"), Settings()))
    assert [one.subject for one in facts("workloads")] == ["Deployment shop/plain"]
    assert facts("credentials").listed is None


def test_a_list_whose_items_are_null_is_empty(server: ApiServer) -> None:
    server.lists[NODES] = (200, b'{"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": null}')
    assert document(read(need=Need.NODES), NODES).body == {"apiVersion": "v1", "kind": "NodeList", "items": []}


def test_nodes_that_may_not_be_listed_are_no_workloads(server: ApiServer) -> None:
    server.lists[NODES] = 403
    server.lists[DEPLOYMENTS] = [workload("web", template={"spec": {"containers": [CONTAINER]}})]
    found = read().with_documents(read(need=Need.NODES))
    assert document(found, NODES).status is Status.FORBIDDEN
    facts = Facts(Scope(found, Target("live", context="prod"), Settings()))
    assert [one.subject for one in facts("workloads")] == ["Deployment shop/web"]
    assert [one.nodes.nodes for one in facts("placements")] == [()]


NODE_POOL: dict[str, Any] = {
    "metadata": {"name": "default", "annotations": {"note": "canary-note"}},
    "spec": {
        "disruption": {"consolidateAfter": "0s"},
        "limits": {"cpu": "100"},
        "template": {
            "metadata": {"labels": {"tier": "web"}, "annotations": {"note": "canary-note"}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.azure.com", "kind": "AKSNodeClass", "name": "default"},
                "expireAfter": "Never",
                "requirements": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"], "minValues": 1}],
                "taints": [{"key": "gpu", "effect": "NoSchedule"}],
                "startupTaints": [{"key": "starting", "effect": "NoSchedule"}],
            },
        },
    },
    "status": {"nodes": 3},
}
NODE_CLASS: dict[str, Any] = {
    "metadata": {"name": "default"},
    "spec": {"imageFamily": "AzureLinux", "vnetSubnetID": "canary-subnet"},
}


def provisioning(mode: str | None, context: str | None = "prod") -> tuple[Snapshot, Scope]:
    """Read the NodePools of a cluster whose mode of node auto-provisioning is *mode*; none: it has not any."""
    cluster = {"properties": {"nodeProvisioningProfile": {"mode": mode}} if mode else {}}
    before = [Document(id=PROD, provider=Provider.ARM, status=Status.READ, body={"id": PROD, **cluster})]
    target = Target("live", cluster=PROD, context=context)
    snapshot = Snapshot(before, captured_at=hub().captured_at)
    found = collect([target], Settings(), {"live": frozenset({Need.NODE_POOLS})}, snapshot, lambda _: None)
    return found, Scope(found, target, Settings())


def test_node_pools_are_read_page_by_page_for_what_they_require(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "_PAGE", 2)
    names = [f"pool{number}" for number in range(3)]
    server.lists[NODE_POOLS] = [{**NODE_POOL, "metadata": {**NODE_POOL["metadata"], "name": name}} for name in names]
    server.lists[NODE_CLASSES] = [NODE_CLASS]
    found, scope = provisioning("Auto")
    lists = [f"{NODE_CLASSES}?limit=2", f"{NODE_POOLS}?limit=2", f"{NODE_POOLS}?limit=2&continue=2"]
    assert sorted(server.asked) == lists
    body = document(found, NODE_POOLS).body
    kept = NODE_POOL["spec"]["template"]["spec"]
    assert [one["metadata"] for one in body["items"]] == [{"name": name} for name in names]
    assert body["items"][0] == {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "pool0"},
        "spec": {
            "template": {
                "metadata": {"labels": {"tier": "web"}},
                "spec": {
                    "requirements": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}],
                    "taints": kept["taints"],
                    "nodeClassRef": kept["nodeClassRef"],
                },
            },
            "limits": {"cpu": "100"},
        },
    }
    assert document(found, NODE_CLASSES).body["items"][0]["spec"] == {"imageFamily": "AzureLinux"}
    assert "canary" not in found.encode().decode()
    known = Facts(scope)("provisioning")
    assert ([one.name for one in known.pools], known.others) == (names, None)
    assert [(one.systems, one.architectures("linux")) for one in known.pools] == [
        (frozenset({"linux"}), ("amd64",))
    ] * 3


@pytest.mark.parametrize(("mode", "context"), [("Manual", "prod"), (None, "prod"), ("Auto", None)])
def test_node_pools_are_asked_for_only_where_nodes_are_provisioned_and_a_context_is_given(
    server: ApiServer, mode: str | None, context: str | None
) -> None:
    provisioning(mode, context)
    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "status", "others"),
    [
        (NO_GROUP, Status.NOT_FOUND, "the API server has no list of nodepools"),
        (404, Status.NOT_FOUND, "the API server has no list of nodepools"),
        ((404, b"<html>canary-proxy</html>"), Status.FAILED, "answered 404 for the list of nodepools"),
        (403, Status.FORBIDDEN, "the list of nodepools in all namespaces is forbidden"),
        (503, Status.FAILED, "answered 503 for the list of nodepools"),
    ],
)
def test_where_the_list_of_node_pools_is_not_to_be_had_there_may_be_some(
    server: ApiServer, answer: int | tuple[int, bytes], status: Status, others: str
) -> None:
    server.lists[NODE_POOLS] = answer
    found, scope = provisioning("Auto")
    assert document(found, NODE_POOLS).status is status
    known = Facts(scope)("provisioning")
    assert known.pools == ()
    assert known.others
    assert others in known.others.reason


def test_node_pools_that_may_not_be_listed_are_no_workloads(server: ApiServer) -> None:
    server.lists |= {NODE_POOLS: 403, NODE_CLASSES: 403}
    server.lists[DEPLOYMENTS] = [workload("web", template={"spec": {"containers": [CONTAINER]}})]
    found = read().with_documents(provisioning("Auto")[0])
    assert document(found, NODE_POOLS).status is Status.FORBIDDEN
    facts = Facts(Scope(found, Target("live", context="prod"), Settings()))
    assert [one.subject for one in facts("workloads")] == ["Deployment shop/web"]


def test_what_another_workload_made_is_left_out(server: ApiServer) -> None:
    server.lists[PODS] = [
        workload("bare", containers=[CONTAINER]),
        workload("made", "ReplicaSet", containers=[CONTAINER]),
        workload("made-by-custom", "Rollout", containers=[CONTAINER]),
    ]
    names = [one["metadata"]["name"] for one in document(read(), PODS).body["items"]]
    assert names == ["bare", "made-by-custom"]


def test_secrets_are_listed_only_where_that_is_asked_for(server: ApiServer) -> None:
    read()
    assert not any("secrets" in path for path in server.asked)
    read(settings=replace(Settings(), read_secrets=True))
    assert any(path.startswith("/api/v1/secrets?") for path in server.asked)


def test_of_a_live_secret_only_its_logins_and_times_are_kept(server: ApiServer) -> None:
    login = {"username": "dddddddd-5555-4555-8555-555555555555", "password": "canary-password"}
    content = json.dumps({"auths": {"shopimages.azurecr.io": login}})
    server.lists["/api/v1/secrets"] = [
        {
            "metadata": {
                "name": "pull",
                "namespace": "shop",
                "creationTimestamp": "2026-09-14T08:41:00Z",
                "annotations": {"a": "canary-annotation"},
                "managedFields": [
                    {"manager": "canary-manager", "time": "2026-10-12T09:20:00Z", "fieldsV1": {"f:data": {}}}
                ],
            },
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": base64.b64encode(content.encode()).decode()},
        },
        {"metadata": {"name": "other"}, "type": "Opaque", "data": {"a": base64.b64encode(b"canary-data").decode()}},
    ]
    found = read(settings=replace(Settings(), read_secrets=True))
    [pull, other] = document(found, "/api/v1/secrets").body["items"]
    assert pull["metadata"] == {
        "name": "pull",
        "namespace": "shop",
        "creationTimestamp": "2026-09-14T08:41:00Z",
        "managedFields": [{"time": "2026-10-12T09:20:00Z", "fieldsV1": {"f:data": {}}}],
    }
    [kept] = pull["registries"]
    assert set(kept) == {"server", "username", "kind", "keyedHint"}
    assert set(other) == {"apiVersion", "kind", "metadata", "type"}
    saved = found.encode()
    for secret in (b"canary", base64.b64encode(b"canary-data"), base64.b64encode(content.encode())):
        assert secret not in saved


@pytest.mark.parametrize(
    ("context", "answer", "status", "detail"),
    [
        ("prod", 403, Status.FORBIDDEN, "the list of deployments in all namespaces is forbidden"),
        ("prod", 404, Status.NOT_FOUND, "the API server has no list of deployments"),
        ("prod", NO_GROUP, Status.NOT_FOUND, "the API server has no list of deployments"),
        ("prod", (200, b'{"kind": "DeploymentList", "apiVersion": "apps/v1"}'), Status.FAILED, "answered 200"),
        ("prod", (404, b"<html>"), Status.FAILED, "answered 404"),
        ("prod", 410, Status.FAILED, "the list of deployments expired 3 times"),
        ("prod", 500, Status.FAILED, "answered 500"),
        ("prod", (200, b"<html>"), Status.FAILED, "answered 200"),
        (
            "prod",
            (200, b'{"items": [1], "kind": "DeploymentList", "apiVersion": "apps/v1"}'),
            Status.FAILED,
            "answered 200",
        ),
        ("expired", 200, Status.FORBIDDEN, "does not accept the sign-in"),
        ("nowhere", 200, Status.FAILED, "the kubeconfig has no usable context nowhere"),
        ("blind", 200, Status.FAILED, "switches the verification of TLS certificates off"),
        ("stranger", 200, Status.FAILED, "TLS certificate of https://localhost"),
        ("gone", 200, Status.FAILED, "https://localhost:1 refuses the connection"),
    ],
)
def test_what_can_go_wrong(
    context: str, answer: int | tuple[int, bytes], status: Status, detail: str, server: ApiServer
) -> None:
    if answer != 200:
        server.lists[DEPLOYMENTS] = answer
    found = document(read(context), context=context)
    assert (found.status, found.body) == (status, None)
    assert detail in str(found.detail)
    assert "canary" not in f"{found}"
