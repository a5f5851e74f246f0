"""A stand-in for Microsoft Entra ID, Azure Resource Manager, Resource Graph, Graph and registries on loopback.

It serves the documents of a snapshot as Azure would: pages, errors in Azure's shapes, and nothing without a token that
was issued for the service that is asked, to a caller that may read what it asks for.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from pullready.config import Cloud
from pullready.snapshot import Snapshot
from tests.azure import acr, arm, graph, rbac, resource_graph
from tests.azure.entra import CLIENT, CLIENT_SECRET, PRINCIPAL, TENANT, TOKEN, Entra, Issued
from tests.azure.throttling import Bucket
from tests.azure.wire import Answer, Call, Server, Speaker, error

__all__ = ["CLIENT", "CLIENT_SECRET", "PRINCIPAL", "TENANT", "TOKEN", "Fault", "Request", "Standin"]

_TIMES: Final = re.compile(r"eventTimestamp [gl]e '[^']*' and ")
#: What Azure does not count as part of a document's id.
_OPTIONS: Final = ("api-version", "$select", "$top", "$skiptoken")
_PERMISSIONS: Final = "/providers/microsoft.authorization/permissions"


@dataclass(frozen=True)
class Request:
    """A request that came: ``id`` is the document's, ``token`` what it was asked with, ``tenant`` the token's."""

    service: str
    method: str
    id: str
    query: Mapping[str, str]
    token: str
    tenant: str


@dataclass(frozen=True)
class Fault(Answer):
    """What a document is answered with instead, the next ``times`` times, once it was asked for ``after`` times."""

    times: int = 1_000_000
    after: int = 0


class Standin:
    """The services. ``requests`` are all requests but those for tokens; ``faults`` are by document id.

    ``homes`` says of which tenant a subscription is; those it does not name open to every tenant. ``grants`` are role
    assignments and ``permitted`` application permissions of Graph; while they are none, every caller may read all.
    ``throttle`` makes the bucket of a subscription. ``index`` is what Resource Graph has copies of. Every answer takes
    ``latency`` seconds.
    """

    def __init__(self, snapshot: Snapshot, *, page_size: int = 2, latency: float = 0) -> None:
        self.snapshot = snapshot
        self.page_size = page_size
        self.latency = latency
        self.entra = Entra()
        self.requests: list[Request] = []
        self.faults: dict[str, Fault] = {}
        self.homes: dict[str, str] = {}
        self.grants: list[rbac.Grant] | None = None
        self.index = resource_graph.Index()
        self.permitted: set[str] | None = None
        self.throttle: Bucket | None = None
        self.registries = acr.Registries(self.entra)
        self.urls: dict[str, str] = {}
        self.servers: dict[str, Server] = {}
        #: What else than its own URL a service takes as a token's audience.
        self.audiences: dict[str, list[str]] = {"arm": [], "graph": []}
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    @property
    def cloud(self) -> Cloud:
        """The endpoints, as ``pullready.yaml`` would name them."""
        return Cloud(
            "stand-in",
            self.urls["entra"],
            self.urls["arm"],
            self.urls["graph"],
            "azurecr.io",
            "https://containerregistry.azure.net",
            instance_discovery=False,
            storage_suffix="core.windows.net",
        )

    @property
    def tokens(self) -> dict[str, Issued]:
        """The tokens that were issued."""
        return self.entra.tokens

    @property
    def sign_ins(self) -> list[str]:
        """What Entra was asked."""
        return self.entra.sign_ins

    @property
    def tenants(self) -> set[str]:
        """The tenants that were signed in to."""
        return {issued.tenant for issued in self.tokens.values()}

    def fails(self, id_: str, fault: Fault) -> None:
        """Answer the document *id_* with *fault*."""
        self.faults[id_.casefold()] = fault

    def asked(self, service: str | None = None) -> list[str]:
        """Return the ids that were asked for, in order."""
        return [request.id for request in self.requests if service in (None, request.service)]

    @contextmanager
    def serving(self, context: ssl.SSLContext) -> Iterator[Standin]:
        """Serve until the ``with`` statement ends: the Instance Metadata Service without TLS, as Azure does."""
        services = {
            "entra": self._entra,
            "imds": self._imds,
            "arm": self._arm,
            "graph": self._graph,
            "registry": self._registry,
        }
        for service, respond in services.items():
            server = Server(("127.0.0.1", 0), partial(Speaker, respond))
            secure = service != "imds"
            if secure:
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            host = "localhost" if secure else "127.0.0.1"
            self.urls[service] = f"http{'s' * secure}://{host}:{server.server_address[1]}"
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            self.servers[service] = server
        self.entra.url = self.urls["entra"]
        try:
            yield self
        finally:
            for server in self.servers.values():
                server.shutdown()
                server.server_close()

    def answer(self, request: Request, sent: Mapping[str, Any]) -> Answer:
        """Return the answer to *request*, with the JSON *sent* where it is a POST."""
        if (fault := self._fault(request)) is not None:
            return fault
        caller = self.entra.caller(request.token, [self.urls[request.service], *self.audiences[request.service]])
        if isinstance(caller, Answer):
            return caller
        if any(f"/{one}/" in request.id and home != caller.tenant for one, home in self.homes.items()):
            return error(401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer.")
        if request.service == "graph":
            return self._of_graph(request, caller)
        return self._of_arm(request, caller, sent)

    def _of_graph(self, request: Request, caller: Issued) -> Answer:
        if request.method != ("POST" if request.id.casefold().partition("?")[0].endswith("/getbyids") else "GET"):
            return error(405, "MethodNotAllowed", "The method is not allowed here.")
        if self.permitted is not None and not graph.is_permitted(request.id, self.permitted):
            return graph.denied()
        answer = graph.resource(self.snapshot, request.id, caller.tenant)
        if answer.status != 200:
            return answer
        return replace(answer, body=graph.selected(self._page(request, answer.body), request.query))

    def _of_arm(self, request: Request, caller: Issued, sent: Mapping[str, Any]) -> Answer:
        path = request.id.partition("?")[0]
        if refused := arm.version_refused(path, request.query) or self._throttled():
            return refused
        if request.method != ("POST" if path.casefold().endswith(arm.ACTIONS) else "GET"):
            return error(405, "MethodNotAllowed", "The requested resource does not support this http method.")
        if path.casefold() == resource_graph.PATH:
            return resource_graph.answer(self.snapshot, sent, self.index, self.grants, caller.principal)
        if path.casefold().endswith(_PERMISSIONS):
            return self._permissions(path[: -len(_PERMISSIONS)], caller)
        answer = arm.resource(self.snapshot, request.id, caller.tenant, self.homes)
        if self.grants is not None:
            answer = self._authorized(request, caller.principal, answer)
        if answer.status != 200:
            return answer
        return replace(answer, body=self._page(request, answer.body))

    def _permissions(self, scope: str, caller: Issued) -> Answer:
        everything = [rbac.Grant(caller.principal, "/", ("*",))]
        grants = everything if self.grants is None else self.grants
        action = "Microsoft.Authorization/permissions/read"
        if not any(grant.allows(caller.principal, action, scope) for grant in grants):
            return arm.forbidden(caller.principal, action, scope)
        return Answer(body={"value": rbac.effective(grants, caller.principal, scope)})

    def _authorized(self, request: Request, principal: str, answer: Answer) -> Answer:
        """Return *answer* as far as the caller may read it."""
        path, grants = request.id.partition("?")[0], self.grants or []
        action = rbac.action_of(request.method, path)
        if any(grant.allows(principal, action, rbac.scope_of(path)) for grant in grants):
            return answer
        if rbac.is_open(path):
            return replace(answer, body=arm.readable(answer.body, grants, principal))
        if rbac.is_filtered(path) and answer.status == 200:
            scope = rbac.scope_of(path).casefold()
            if any(one.principal == principal and one.scope.casefold().startswith(f"{scope}/") for one in grants):
                return replace(answer, body=arm.readable(answer.body, grants, principal))
        return arm.forbidden(principal, action, rbac.scope_of(path))

    def _throttled(self) -> Answer | None:
        if self.throttle is None:
            return None
        left = self.throttle.take()
        if isinstance(left, int):
            return None
        told = {"Retry-After": str(max(1, round(left)))} if self.throttle.told else {}
        return error(429, "TooManyRequests", "The request is being throttled as the limit has been reached.", told)

    def _fault(self, request: Request) -> Answer | None:
        with self._lock:
            fault = self.faults.get(request.id.casefold())
            if fault is None or fault.times <= 0:
                return None
            if fault.after > 0:
                self.faults[request.id.casefold()] = replace(fault, after=fault.after - 1)
                return None
            self.faults[request.id.casefold()] = replace(fault, times=fault.times - 1)
            return fault

    def _page(self, request: Request, body: Any) -> Any:
        values = body.get("value") if isinstance(body, dict) else None
        if not isinstance(values, list) or len(values) <= self.page_size:
            return body
        start = int(request.query.get("$skiptoken", "0"))
        end = start + self.page_size
        if request.method == "POST" and request.service == "arm":
            return {"value": values[start:end], "skipToken": str(end) if end < len(values) else ""}
        query = {**request.query, "$skiptoken": str(end)}
        path = request.id.removeprefix("graph:").partition("?")[0]
        link = f"{self.urls[request.service]}{quote(path)}?" + "&".join(f"{k}={quote(v)}" for k, v in query.items())
        name = "@odata.nextLink" if request.service == "graph" else "nextLink"
        return {"value": values[start:end], **({name: link} if end < len(values) else {})}

    def _entra(self, call: Call) -> Answer:
        return replace(self.entra.answer(call), delay=self.latency)

    def _imds(self, call: Call) -> Answer:
        return replace(self.entra.managed_identity(call), delay=self.latency)

    def _arm(self, call: Call) -> Answer:
        answer = self._served("arm", call)
        ids = {name: str(uuid.uuid4()) for name in ("x-ms-request-id", "x-ms-correlation-request-id")}
        left = {"x-ms-ratelimit-remaining-subscription-reads": str(self.throttle.left)} if self.throttle else {}
        return replace(answer, headers={**ids, **left, **answer.headers})

    def _graph(self, call: Call) -> Answer:
        answer = self._served("graph", call)
        return replace(answer, headers={"request-id": str(uuid.uuid4()), **answer.headers})

    def _registry(self, call: Call) -> Answer:
        host = call.headers["host"]
        request = Request("registry", call.method, acr.id_of(host, call.path), call.query, call.token, "")
        with self._counting(request):
            answer = self._fault(request) or self.registries.answer(self.snapshot, call, host)
            time.sleep(answer.delay + self.latency)
            return replace(answer, delay=0)

    def _served(self, service: str, call: Call) -> Answer:
        query, sent = call.query, call.json
        named = {key: _TIMES.sub("", value) for key, value in query.items() if key not in _OPTIONS}
        for key, value in sent.items():
            if key in ("name", "ids"):
                named[key] = ",".join(value) if key == "ids" else value
        id_ = ("graph:" if service == "graph" else "") + call.path
        id_ += "?" + "&".join(f"{key}={value}" for key, value in named.items()) if named else ""
        if "skipToken" in sent:
            query["$skiptoken"] = str(sent["skipToken"])
        issued = self.tokens.get(call.token)
        request = Request(service, call.method, id_, query, call.token, issued.tenant if issued else "")
        with self._counting(request):
            answer = self.answer(request, sent)
            time.sleep(answer.delay + self.latency)
            return replace(answer, delay=0)

    @contextmanager
    def _counting(self, request: Request) -> Iterator[None]:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1
