"""Reading Azure as one tenant sees it: raw JSON, through the pipelines of Azure's own clients."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from msgspec.structs import replace

from pullready.collectors import admin_passwords, admin_rules, artifacts, graph, paths
from pullready.collectors.answers import Unreadable, body_of
from pullready.collectors.permissions import action_for
from pullready.collectors.pipelines import failure, open_session, policies, transport
from pullready.collectors.signin import SignIn
from pullready.config import Cloud
from pullready.snapshot import Document, Provider, Status

if TYPE_CHECKING:
    from azure.core.rest import HttpRequest, HttpResponse

MOST_PAGES: Final = 1000
_SIZES: Final = "microsoft.compute/skus"
_GRAPH: Final = paths.Client("azure.core", "PipelineClient", "v1.0")


class Azure:
    """Azure Resource Manager and Microsoft Graph of *cloud*, signed in to *tenant*.

    *count* is called with the provider of every request that is sent. Up to *connections* threads share it; close it.
    """

    def __init__(self, cloud: Cloud, tenant: str | None, count: Callable[[Provider], None], connections: int) -> None:
        self._bases = {Provider.ARM: cloud.resource_manager.rstrip("/"), Provider.GRAPH: cloud.graph.rstrip("/")}
        self._count = count
        self._sign_in = SignIn(cloud, tenant)
        self._lock = threading.Lock()
        self._senders: dict[paths.Client, Callable[[HttpRequest], HttpResponse]] = {}
        self._session = open_session(connections)
        self._transport = transport(self._session)

    def sign_in(self) -> Unreadable | None:
        """Sign in to Azure Resource Manager; return what is wrong where that fails."""
        try:
            self._sign_in.token(self._bases[Provider.ARM])
        except Unreadable as why:
            return why
        return None

    def document(self, id_: str) -> Document:
        """Read the document *id_*; whatever goes wrong becomes its status."""
        provider = Provider.GRAPH if id_.startswith(graph.PREFIX) else Provider.ARM
        version: str | None = None
        try:
            if provider is Provider.GRAPH:
                question = paths.Question(_GRAPH, graph.path_of(id_), graph.json_of(id_))
            else:
                question = paths.question(id_)
                version = question.client.api_version
            body = self._body(provider, question, *_permission(provider, id_))
            kept = _reduced(provider, id_, body)
        except Unreadable as why:
            return Document(
                id=id_,
                provider=provider,
                status=why.status,
                api_version=version,
                detail=why.detail,
                remedy=why.remedy,
            )
        return Document(id=id_, provider=provider, status=Status.READ, api_version=version, body=kept)

    def close(self) -> None:
        """Close every connection."""
        self._sign_in.close()
        self._session.close()

    def _body(self, provider: Provider, question: paths.Question, permission: str, scope: str) -> dict[str, Any]:
        """Return the answer to *question*; all pages of a list become one ``{"value": […]}``."""
        base = self._bases[provider]
        host = urlsplit(base).netloc
        path, values = question.path, []
        for _ in range(MOST_PAGES):
            status, content = self._send(provider, question, base + path)
            body = body_of(status, content, host, permission, scope)
            if not isinstance(body.get("value"), list):
                return body
            values += body["value"]
            if question.json is not None and body.get("skipToken"):
                question = replace(question, json={**question.json, "skipToken": body["skipToken"]})
                continue
            link = body.get("nextLink") or body.get("@odata.nextLink")
            if not link:
                return {"value": values}
            path = _path_on(base, link)
        raise Unreadable(Status.FAILED, f"the list has more than {MOST_PAGES} pages")

    def _send(self, provider: Provider, question: paths.Question, url: str) -> tuple[int, bytes]:
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        method = "GET" if question.json is None else "POST"
        request = HttpRequest(method, url, headers={"Accept": "application/json"}, json=question.json)
        try:
            response = self._sender(provider, question.client)(request)
        except (AzureError, OSError) as error:
            raise failure(error, urlsplit(url).netloc) from None
        return response.status_code, response.content

    def _sender(self, provider: Provider, client: paths.Client) -> Callable[[HttpRequest], HttpResponse]:
        with self._lock:
            if client not in self._senders:
                self._senders[client] = self._connect(provider, client)
            return self._senders[client]

    def _connect(self, provider: Provider, client: paths.Client) -> Callable[[HttpRequest], HttpResponse]:
        base = self._bases[provider]
        made = getattr(importlib.import_module(client.module), client.name)
        options = {
            "base_url": base,
            "transport": self._transport,
            "policies": policies(lambda: self._sign_in.token(base), lambda: self._count(provider)),
        }
        if provider is Provider.ARM:
            # Both are for what the clients would do by themselves: their own policies and paths.
            options |= {"credential": self._sign_in, "subscription_id": "unused"}
        connected = made(**options)
        if client.module == "azure.mgmt.authorization":
            connected = connected._client  # noqa: SLF001  (the only one of the clients without a public send_request)
        send: Callable[[HttpRequest], HttpResponse] = connected.send_request
        return send


def _reduced(provider: Provider, id_: str, body: dict[str, Any]) -> Any:
    """Return what is kept of *body*: whole, but where it may hold a secret, or far more than is looked at."""
    if provider is Provider.GRAPH:
        return graph.reduced(id_, body)
    if admin_passwords.is_of(id_):
        return admin_passwords.reduced(body)
    return artifacts.reduced_sizes(body) if paths.type_of(id_) == _SIZES else admin_rules.reduced(id_, body)


def _permission(provider: Provider, id_: str) -> tuple[str, str]:
    if provider is Provider.GRAPH:
        return graph.permission_of(id_), "Microsoft Graph"
    return action_for(id_), paths.scope_of(id_)


def _path_on(base: str, link: object) -> str:
    """Return path and query of *link*, the next page of a list; refuse one on another host: it would get the token."""
    try:
        there = urlsplit(str(link))
        elsewhere = _host(there) != _host(urlsplit(base)) or there.username is not None
    except ValueError:
        elsewhere = True
    if elsewhere:
        raise Unreadable(
            Status.FAILED,
            f"the list goes on at another host than {urlsplit(base).netloc}, which is not followed",
            "Look whether a proxy changes the answers",
        )
    rest = str(link).partition("://")[2]
    path = rest[rest.find("/") :] if "/" in rest else "/"
    # azure-core fills in braces.
    return path.replace("{", "%7B").replace("}", "%7D")


def _host(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or 443
