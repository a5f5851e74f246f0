"""Reading the live cluster: lists of what makes pods, each reduced while it is read.

Nothing of the typed API is imported, which would take several times as long as everything else here together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from urllib.parse import quote

from pullready.collectors.answers import Unreadable, json_of
from pullready.collectors.permissions import KubernetesRule, Reading, collector
from pullready.collectors.pipelines import CONNECT_TIMEOUT, READ_TIMEOUT, failure
from pullready.collectors.pull_events import FIELDS, is_of_pull
from pullready.collectors.reduction import reduce_list
from pullready.facts import ids
from pullready.facts.scope import Facts, Need, Scope
from pullready.snapshot import Document, Provider, Status

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_PAGE: Final = 500
_MOST_PAGES: Final = 1000
#: How often a list is begun that expires before its end: an API server keeps an old state for some minutes.
_ATTEMPTS: Final = 3
_CORE: Final = "/api/v1"
_READ: Final = ("list",)
#: What makes pods, and what their pull depends on.
LISTS: Final = (
    f"{_CORE}/pods",
    f"{_CORE}/replicationcontrollers",
    f"{_CORE}/serviceaccounts",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets",
    "/apis/apps/v1/statefulsets",
    "/apis/batch/v1/cronjobs",
    "/apis/batch/v1/jobs",
    "/apis/node.k8s.io/v1/runtimeclasses",
)
SECRETS: Final = f"{_CORE}/secrets"
_OPT_IN: Final = "Let who runs this list Secrets, which the ClusterRole does not, or judge without read-secrets: true"
#: What an API server answers that does not have the group or version at all, which it says in no other form.
_NO_SUCH_GROUP: Final = b"404 page not found"
EVENTS: Final = f"{_CORE}/events"
#: What another object of the lists made says nothing of its own.
_OWNERS: Final = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"}
)


@collector(
    Need.WORKLOADS,
    permissions=(
        KubernetesRule("", ("pods", "replicationcontrollers", "serviceaccounts"), _READ),
        KubernetesRule("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), _READ),
        KubernetesRule("batch", ("cronjobs", "jobs"), _READ),
        KubernetesRule("node.k8s.io", ("runtimeclasses",), _READ),
        KubernetesRule("", ("events",), _READ),
        KubernetesRule("", ("secrets",), _READ, opt_in="read-secrets"),
    ),
)
def read_workloads(scope: Scope) -> Reading:
    """List what makes pods in the live cluster; pull secrets only where the settings say so.

    No verdict depends on the events: they tell which images were seen failing.
    """
    wanted = (*LISTS, EVENTS, SECRETS) if scope.settings.read_secrets else (*LISTS, EVENTS)
    yield [ids.live_list(str(scope.target.context), path) for path in wanted]


@collector(Need.NODES, permissions=(KubernetesRule("", ("nodes",), _READ),))
def read_nodes(scope: Scope) -> Reading:
    """List the nodes of the live cluster, for what somebody else than AKS has put on them."""
    yield [ids.live_nodes(str(scope.target.context))]


@collector(
    Need.NODE_POOLS,
    permissions=(
        KubernetesRule("karpenter.sh", ("nodepools",), _READ),
        KubernetesRule("karpenter.azure.com", ("aksnodeclasses",), _READ),
    ),
)
def read_node_pools(scope: Scope) -> Reading:
    """List the NodePools of a live cluster that has node auto-provisioning, and how their nodes are installed."""
    if Facts(scope)("cluster").provisions_nodes:
        context = str(scope.target.context)
        yield [ids.live_node_pools(context), ids.live_node_classes(context)]


class _Expired(Unreadable):
    """The API server no longer has the state of the list whose next page was asked for."""


class Kubernetes:
    """The API server of the kubeconfig's *context*; so many threads as *connections* may share it.

    *count* is called for every request.
    """

    def __init__(self, context: str, count: Callable[[Provider], None], connections: int = 1) -> None:
        self._context = context
        self._count = count
        self._connections = connections
        self._lock = threading.Lock()
        self._client: ApiClient | Unreadable | None = None

    def document(self, id_: str) -> Document:
        """Read the list *id_*; whatever goes wrong becomes its status."""
        try:
            body = self._list(id_.removeprefix(ids.live_list(self._context, "")))
        except Unreadable as why:
            return Document(
                id=id_, provider=Provider.KUBERNETES, status=why.status, detail=why.detail, remedy=why.remedy
            )
        return Document(id=id_, provider=Provider.KUBERNETES, status=Status.READ, body=body)

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None and not isinstance(self._client, Unreadable):
            self._client.rest_client.pool_manager.clear()

    def _list(self, path: str, attempts: int = _ATTEMPTS) -> dict[str, Any]:
        """Return the whole list: pages of one state, or nothing. One that expires before its end is begun anew."""
        try:
            return self._pages(path)
        except _Expired:
            if attempts == 1:
                raise
        return self._list(path, attempts - 1)

    def _pages(self, path: str) -> dict[str, Any]:
        pages: list[dict[str, Any]] = []
        first = f"?limit={_PAGE}" + (f"&fieldSelector={quote(FIELDS)}" if path == EVENTS else "")
        query, is_wanted = first, is_of_pull if path == EVENTS else _makes_itself
        for _ in range(_MOST_PAGES):
            page = self._get(path, query)
            page["items"] = [item for item in page["items"] or () if is_wanted(item)]
            pages.append(reduce_list(page))
            more = page.get("metadata", {}).get("continue")
            if not more:
                return {**pages[0], "items": [item for one in pages for item in one["items"]]}
            query = f"{first}&continue={quote(more)}"
        raise Unreadable(Status.FAILED, f"the list has more than {_MOST_PAGES} pages")

    def _get(self, path: str, query: str) -> dict[str, Any]:
        from urllib3.exceptions import HTTPError

        client = self._connect()
        host = client.configuration.host
        headers = {"Accept": "application/json"}
        client.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
        self._count(Provider.KUBERNETES)
        try:
            response = client.call_api(
                "GET", f"{host}{path}{query}", headers, _request_timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
            )
            content: bytes = response.read()  # type: ignore[no-untyped-call]
        except (HTTPError, OSError) as error:
            raise failure(error, host) from None
        return _body(response.status, content, path, host)

    def _connect(self) -> ApiClient:
        with self._lock:
            if self._client is None:
                self._client = self._connected()
        if isinstance(self._client, Unreadable):
            raise self._client
        return self._client

    def _connected(self) -> ApiClient | Unreadable:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException
        from kubernetes.config.kube_config import new_client_from_config

        settings = Configuration()
        settings.connection_pool_maxsize = self._connections
        try:
            client: ApiClient = new_client_from_config(  # type: ignore[no-untyped-call]
                context=self._context, client_configuration=settings, persist_config=False
            )
        except (ConfigException, OSError, ValueError, TypeError, KeyError):
            return Unreadable(
                Status.FAILED,
                f"the kubeconfig has no usable context {self._context}",
                "Look at kubectl config get-contexts, or fetch it with az aks get-credentials",
            )
        if not client.configuration.verify_ssl:
            return Unreadable(
                Status.FAILED,
                f"the context {self._context} switches the verification of TLS certificates off",
                "Remove insecure-skip-tls-verify from the kubeconfig and give the cluster's certificate authority",
            )
        return client


def _body(status: int, content: bytes, path: str, host: str) -> dict[str, Any]:
    what = f"list of {path.rpartition('/')[2]}"
    answer = json_of(content)
    match status:
        case HTTPStatus.OK if _is_list(answer):
            return answer
        case HTTPStatus.UNAUTHORIZED:
            remedy = "Sign in to the cluster again, for example with kubelogin or az aks get-credentials"
            raise Unreadable(Status.FORBIDDEN, f"the API server does not accept the sign-in for the {what}", remedy)
        case HTTPStatus.FORBIDDEN if isinstance(answer, dict):
            remedy = _OPT_IN if path == SECRETS else "Bind the ClusterRole of docs/permissions.md to who runs this"
            raise Unreadable(Status.FORBIDDEN, f"the {what} in all namespaces is forbidden", remedy)
        case HTTPStatus.NOT_FOUND if isinstance(answer, dict) or content.strip() == _NO_SUCH_GROUP:
            raise Unreadable(Status.NOT_FOUND, f"the API server has no {what}")
        case HTTPStatus.GONE:
            remedy = "Run again when the cluster and the network are less busy"
            raise _Expired(Status.FAILED, f"the {what} expired {_ATTEMPTS} times while it was read", remedy)
        case _:
            raise Unreadable(Status.FAILED, f"{host} answered {status} for the {what}", "Run again; check the network")


def _is_list(answer: object) -> TypeGuard[dict[str, Any]]:
    """Say whether *answer* is a list; of one that is empty, Kubernetes 1.5 says that its items are null.

    Source: https://github.com/kubernetes/kubernetes/issues/39822
    """
    return (
        isinstance(answer, dict)
        and isinstance(answer.get("apiVersion"), str)
        and isinstance(answer.get("kind"), str)
        and isinstance(items := answer.get("items", 0), list | None)
        and all(isinstance(item, dict) for item in items or ())
    )


def _makes_itself(item: Mapping[str, Any]) -> bool:
    """Say whether no other object of the lists made *item*."""
    owners = item.get("metadata", {}).get("ownerReferences") or ()
    return not any(owner.get("controller") is True and owner.get("kind") in _OWNERS for owner in owners)
