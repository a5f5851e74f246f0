"""Reading Azure, and its registries, as one tenant sees them: raw JSON, through the pipelines of Azure's clients."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pullready.collectors import (
    admin_passwords,
    admin_rules,
    artifacts,
    grants,
    graph,
    pages,
    paths,
    resource_graph,
    scoped_tokens,
)
from pullready.collectors.answers import Answer, Unreadable, body_of
from pullready.collectors.pacing import Pace, pause_told
from pullready.collectors.permissions import action_for
from pullready.collectors.pipelines import failure, open_session, policies, transport
from pullready.collectors.registry_api import PREFIX, Entra, Registries
from pullready.collectors.signin import SignIn
from pullready.config import Cloud
from pullready.facts import ids
from pullready.snapshot import Document, Provider, Status

if TYPE_CHECKING:
    from azure.core.rest import HttpRequest, HttpResponse

_SIZES: Final = "microsoft.compute/skus"
#: Clients without a public way to send a request.
_PRIVATE: Final = ("azure.mgmt.authorization", "azure.mgmt.resourcegraph")
_GRAPH: Final = paths.Client("azure.core", "PipelineClient", "v1.0")


class Azure:
    """Azure Resource Manager, Microsoft Graph and the registries of *cloud*, signed in to *tenant*.

    *count* is called with the service of every request that is sent. Up to *connections* threads share it; close it.
    """

    def __init__(self, cloud: Cloud, tenant: str | None, count: Callable[[str], None], connections: int) -> None:
        self._bases = {Provider.ARM: cloud.resource_manager.rstrip("/"), Provider.GRAPH: cloud.graph.rstrip("/")}
        self._count = count
        self._sign_in = SignIn(cloud, tenant)
        self._lock = threading.Lock()
        self._copies_failed = False
        self._granted: dict[str, Future[Mapping[str, Any] | Unreadable]] = {}
        self._senders: dict[paths.Client, Callable[[HttpRequest], HttpResponse]] = {}
        self._paces = {provider: Pace() for provider in self._bases}
        self._session = open_session(connections)
        self._transport = transport(self._session)
        self._registries = Registries(Entra(self._sign_in.token, cloud.registry_audience), self._transport, count)

    def sign_in(self) -> Unreadable | None:
        """Sign in to Azure Resource Manager; return what is wrong where that fails."""
        try:
            self._sign_in.token(self._bases[Provider.ARM])
        except Unreadable as why:
            return why
        return None

    def signed_in(self) -> str:
        """Return the line that says who is signed in."""
        return self._sign_in.signed_in(self._bases[Provider.ARM])

    def document(self, id_: str) -> Document:
        """Read the document *id_*; whatever goes wrong becomes its status."""
        if id_.startswith(PREFIX):
            return self._registries.document(id_)
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
            self._require_whole(id_)
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

    def copies(self, wanted: Sequence[str]) -> tuple[Mapping[str, Document], Unreadable | None]:
        """Read what Azure Resource Graph has of the documents *wanted*, and why it may have more than it told.

        What it does not have may exist all the same, and is to be read as a document of its own. Once it failed, it is
        asked for nothing more; a refusal counts for the subscriptions that it was asked about.
        """
        if self._copies_failed:
            return {}, None
        scope = ", ".join(f"/subscriptions/{one}" for one in ids.subscriptions_of(wanted))
        action = resource_graph.PERMISSION.action
        held = resource_graph.read(wanted, lambda question: self._body(Provider.ARM, question, action, scope))
        self._copies_failed |= held.refusal is not None and held.refusal.status is Status.FAILED
        return {id_: _copied(id_, copy) for id_, copy in held.copies.items()}, held.refusal

    def granted(self, scope: str) -> Mapping[str, Any] | Unreadable:
        """Return what the caller may do at *scope*, or why that cannot be read; it is asked for once."""
        mine: Future[Mapping[str, Any] | Unreadable] = Future()
        with self._lock:
            known = self._granted.setdefault(scope.casefold(), mine)
        if known is mine:
            id_ = grants.permissions_at(scope)
            try:
                mine.set_result(self._body(Provider.ARM, paths.question(id_), grants.PERMISSION, scope))
            except Unreadable as why:
                mine.set_result(why)
            except BaseException as error:
                mine.set_exception(error)
                raise
        return known.result()

    def close(self) -> None:
        """Close every connection, and send nothing more."""
        for pace in self._paces.values():
            pace.stop()
        self._registries.close()
        self._sign_in.close()
        self._session.close()

    def _require_whole(self, id_: str) -> None:
        """Raise :class:`Unreadable` where *id_* is a list from which Azure may have left something out."""
        scopes, action = grants.scopes_listed(id_), action_for(id_)
        why: Unreadable | None = None
        for scope in scopes:
            told = self.granted(scope)
            if not isinstance(told, Unreadable) and grants.allows(told, action):
                return
            why = grants.partial(action, scope, told if isinstance(told, Unreadable) else None)
        if why is not None:
            raise Unreadable(why.status, why.detail, why.remedy)

    def _body(self, provider: Provider, question: paths.Question, permission: str, scope: str) -> dict[str, Any]:
        """Return the answer to *question*; all pages of a list become one ``{"value": […]}``.

        A list that changes while it is read is read a second time.
        """

        def ask(asked: paths.Question) -> dict[str, Any]:
            return body_of(self._send(provider, asked), permission, scope)

        base = self._bases[provider]
        try:
            return pages.whole(ask, question, base)
        except pages.Changed:
            pass
        try:
            return pages.whole(ask, question, base)
        except pages.Changed as why:
            raise Unreadable(Status.FAILED, f"the list changes while it is read: {why}", "Run again") from None

    def _send(self, provider: Provider, question: paths.Question) -> Answer:
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        base = self._bases[provider]
        host = urlsplit(base).netloc
        method = "GET" if question.json is None else "POST"
        headers = {"Accept": "application/json"}
        request = HttpRequest(method, base + question.path, headers=headers, json=question.json)
        try:
            response = self._sender(provider, question.client)(request)
        except (AzureError, OSError) as error:
            raise failure(error, host) from None
        kind = response.headers.get("Content-Type", "")
        return Answer(host, response.status_code, response.content, kind, pause_told(response.headers))

    def _sender(self, provider: Provider, client: paths.Client) -> Callable[[HttpRequest], HttpResponse]:
        with self._lock:
            if client not in self._senders:
                self._senders[client] = self._connect(provider, client)
            return self._senders[client]

    def _connect(self, provider: Provider, client: paths.Client) -> Callable[[HttpRequest], HttpResponse]:
        base = self._bases[provider]
        service = resource_graph.SERVICE if client == resource_graph.CLIENT else provider.value
        made = getattr(importlib.import_module(client.module), client.name)
        options = {
            "base_url": base,
            "transport": self._transport,
            "policies": policies(_Access(self._sign_in, base), lambda: self._count(service), self._paces[provider]),
        }
        if provider is Provider.ARM:
            # Both are for what the clients would do by themselves: their own policies and paths.
            options |= {"credential": self._sign_in, "subscription_id": "unused"}
        connected = made(**options)
        if client.module in _PRIVATE:
            connected = connected._client  # noqa: SLF001  (these clients have no public send_request)
        send: Callable[[HttpRequest], HttpResponse] = connected.send_request
        return send


class _Access:
    """The tokens that *sign_in* gives for *audience*."""

    def __init__(self, sign_in: SignIn, audience: str) -> None:
        self._sign_in = sign_in
        self._audience = audience

    def token(self) -> str:
        return self._sign_in.token(self._audience)

    def renew(self, refused: str, challenge: str | None) -> str:
        return self._sign_in.renew(self._audience, refused, challenge)


def _reduced(provider: Provider, id_: str, body: dict[str, Any]) -> Any:
    """Return what is kept of *body*: whole, but where it may hold a secret, or far more than is looked at."""
    if provider is Provider.GRAPH:
        return graph.reduced(id_, body)
    if admin_passwords.is_of(id_):
        return admin_passwords.reduced(body)
    if scoped_tokens.is_of(id_):
        return scoped_tokens.reduced(body)
    return artifacts.reduced_sizes(body) if paths.type_of(id_) == _SIZES else admin_rules.reduced(id_, body)


def _copied(id_: str, copy: resource_graph.Copy) -> Document:
    return Document(
        id=id_,
        provider=Provider.ARM,
        status=Status.READ,
        api_version=f"{resource_graph.SERVICE}/{copy.api_version}",
        body=_reduced(Provider.ARM, id_, copy.body),
    )


def _permission(provider: Provider, id_: str) -> tuple[str, str]:
    if provider is Provider.GRAPH:
        return graph.permission_of(id_), "Microsoft Graph"
    return action_for(id_), paths.scope_of(id_)
