"""A stand-in for Microsoft Entra ID, Azure Resource Manager and Microsoft Graph: TLS servers on loopback.

It serves the documents of a snapshot as Azure would: pages, errors in Azure's shapes, and nothing without a token that
was issued for the service that is asked.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pullready.config import Cloud
from pullready.snapshot import Snapshot, Status

TENANT: Final = "22222222-2222-4222-8222-222222222222"
CLIENT: Final = "cccccccc-0000-4000-8000-000000000001"
CLIENT_SECRET: Final = "canary-client-secret"
TOKEN: Final = "canary-token"
#: What Azure does not count as part of a document's id.
#: What Azure answers to a POST alone, though it only reads.
_ACTIONS: Final = (
    "/checknameavailability",
    "/getbyids",
    "/listcredentials",
    "/listnetworkmanagereffectivesecurityadminrules",
    "/listnetworkmanagereffectiveconnectivityconfigurations",
)
_TIMES: Final = re.compile(r"eventTimestamp [gl]e '[^']*' and ")
_OPTIONS: Final = ("api-version", "$select", "$top", "$skiptoken")


@dataclass(frozen=True)
class Request:
    """A request that came: ``id`` is the document's, ``token`` what it was asked with, ``tenant`` the token's."""

    service: str
    method: str
    id: str
    query: Mapping[str, str]
    token: str
    tenant: str


@dataclass
class Fault:
    """What a document is answered with instead, the next ``times`` times, after ``delay`` seconds.

    Where it ``resets``, the connection breaks without an answer.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1_000_000
    resets: bool = False
    delay: float = 0


@dataclass(frozen=True)
class Issued:
    """What a token was issued for."""

    audience: str
    tenant: str


class Standin:
    """The three services. ``requests`` are all requests but those for tokens; ``faults`` are by document id.

    ``homes`` says of which tenant a subscription is; those it does not name open to every tenant. ``refusal`` is what
    Entra answers instead of a token; ``sign_ins`` are the paths that it was asked. Every answer takes ``latency``
    seconds.
    """

    def __init__(self, snapshot: Snapshot, *, page_size: int = 2, latency: float = 0) -> None:
        self.snapshot = snapshot
        self.page_size = page_size
        self.latency = latency
        self.requests: list[Request] = []
        self.sign_ins: list[str] = []
        self.faults: dict[str, Fault] = {}
        self.tokens: dict[str, Issued] = {}
        self.homes: dict[str, str] = {}
        self.refusal: str | None = None
        self.urls: dict[str, str] = {}
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
        )

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
        """Serve until the ``with`` statement ends."""
        servers = []
        for service in ("entra", "arm", "graph"):
            server = Server(("127.0.0.1", 0), partial(_Handler, self, service))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            self.urls[service] = f"https://localhost:{server.server_address[1]}"
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            servers.append(server)
        try:
            yield self
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()

    @contextmanager
    def counting(self, request: Request) -> Iterator[None]:
        """Note *request* as being under way."""
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def answer(self, request: Request) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body and headers of the answer to *request*."""
        fault = self.faults.get(request.id.casefold())
        if fault is not None and fault.times > 0:
            fault.times -= 1
            time.sleep(fault.delay)
            if fault.resets:
                raise ConnectionResetError
            return fault.status, fault.body, fault.headers
        issued = self.tokens.get(request.token)
        if issued is None or issued.audience != self.urls[request.service]:
            return 401, _error("InvalidAuthenticationToken", "The access token is for another audience."), {}
        if any(f"/{one}/" in request.id and home != issued.tenant for one, home in self.homes.items()):
            return 401, _error("InvalidAuthenticationTokenTenant", "The token is from the wrong issuer."), {}
        if request.service == "arm" and "api-version" not in request.query:
            return 400, _error("MissingApiVersionParameter", "The api-version query parameter is required."), {}
        return *self._document(request), {}

    def _document(self, request: Request) -> tuple[int, Any]:
        if (request.method == "POST") is not _is_posted(request):
            return 405, _error("MethodNotAllowed", "The method is not allowed here.")
        is_graph = request.service == "graph"
        document = self.snapshot.document(request.id.replace("graph:", f"graph:{request.tenant}", 1))
        if document.status is Status.NOT_ASKED:
            document = self.snapshot.document(request.id)
        match document.status:
            case Status.READ:
                return 200, self._selected(request, self._page(request, document.body))
            case Status.FORBIDDEN:
                code = "Authorization_RequestDenied" if is_graph else "AuthorizationFailed"
                return 403, _error(code, "The client does not have authorization.")
            case Status.FAILED:
                return 503, _error("ServiceUnavailable", "Try again.")
            case _ if is_graph and "$filter" in request.query:
                return 200, {"value": []}
        return 404, _absent(request)

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

    @staticmethod
    def _selected(request: Request, body: Any) -> Any:
        if "$select" not in request.query:
            return body
        fields = {"@odata.type", *request.query["$select"].split(",")}
        return {**body, "value": [{k: v for k, v in one.items() if k in fields} for one in body["value"]]}


class Server(ThreadingHTTPServer):
    """A server that says nothing of connections that break."""

    def handle_error(self, *args: Any) -> None:
        """Stay silent."""


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for one of the services."""

    protocol_version = "HTTP/1.1"
    #: Head and body are sent apart, and the kernel would hold the body back until the head is acknowledged.
    disable_nagle_algorithm = True

    def __init__(self, standin: Standin, service: str, *args: Any) -> None:
        self.standin = standin
        self.service = service
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        if self.service == "entra":
            tenant = urlsplit(self.path).path.split("/")[1]
            self._send(200, _openid(f"{self.standin.urls['entra']}/{tenant}"))
        else:
            self._serve({})

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.service == "entra":
            self._send(*self._token(dict(parse_qsl(sent))))
        else:
            self._serve(json.loads(sent))

    def _token(self, form: Mapping[str, str]) -> tuple[int, Any]:
        invalid = "AADSTS7000215: Invalid client secret provided."
        refusal = self.standin.refusal or (invalid if form.get("client_secret") != CLIENT_SECRET else None)
        if refusal:
            return 401, {"error": "invalid_client", "error_description": refusal}
        token = f"{TOKEN}-{secrets.token_hex(4)}"
        tenant = urlsplit(self.path).path.split("/")[1]
        self.standin.tokens[token] = Issued(form["scope"].removesuffix("/.default"), tenant)
        return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token}

    def _serve(self, sent: Mapping[str, Any]) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        named = {key: _TIMES.sub("", value) for key, value in query.items() if key not in _OPTIONS} | {
            key: value for key, value in sent.items() if key == "name"
        }
        if "ids" in sent:
            named["ids"] = ",".join(sent["ids"])
        id_ = ("graph:" if self.service == "graph" else "") + unquote(parts.path)
        id_ += "?" + "&".join(f"{key}={value}" for key, value in named.items()) if named else ""
        if "skipToken" in sent:
            query["$skiptoken"] = str(sent["skipToken"])
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        issued = self.standin.tokens.get(token)
        request = Request(self.service, self.command, id_, query, token, issued.tenant if issued else "")
        try:
            with self.standin.counting(request):
                answer = self.standin.answer(request)
            self._send(*answer)
        except ConnectionResetError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if self.service == "entra":
            self.standin.sign_ins.append(self.path)
        time.sleep(self.standin.latency)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _openid(authority: str) -> dict[str, str]:
    return {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
    }


def _is_posted(request: Request) -> bool:
    """Say whether Azure has what is asked for as an action, and not as a resource to be got."""
    return request.id.partition("?")[0].casefold().endswith(_ACTIONS)


def _absent(request: Request) -> dict[str, Any]:
    if "/privatednszones/" in request.id.casefold():  # private DNS leaves out the object around the error
        return {"code": "NotFound", "message": "The resource record does not exist."}
    return _error("Request_ResourceNotFound" if request.service == "graph" else "ResourceNotFound", "It was not found.")


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
