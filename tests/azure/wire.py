"""HTTP/1.1 over TLS on loopback: what is asked, what is answered, and how an answer may break on its way."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

_JSON: Final = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """A request as it came: ``target`` is path and query as they stand in the request line."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def path(self) -> str:
        """The path, with what was percent-encoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The query, with what was percent-encoded."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form that was posted."""
        return dict(parse_qsl(self.content.decode()))

    @property
    def json(self) -> Any:
        """The JSON that was posted; nothing where there is none."""
        return json.loads(self.content) if self.content else {}

    @property
    def token(self) -> str:
        """The bearer token."""
        return self.headers.get("authorization", "").partition(" ")[2]


@dataclass(frozen=True)
class Answer:
    """A status, a body (JSON unless it is bytes) and headers.

    It comes after ``delay`` seconds. Where it ``resets``, the connection breaks instead; where it ``truncates``, after
    half of the body; where it ``drips``, a byte comes every so many seconds.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    resets: bool = False
    truncates: bool = False
    drips: float = 0


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error in the shape of Azure Resource Manager and Microsoft Graph."""
    return Answer(status, {"error": {"code": code, "message": message}}, headers or {})


def errors(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error in the shape of registries."""
    return Answer(status, {"errors": [{"code": code, "message": message, "detail": None}]}, headers or {})


class Server(ThreadingHTTPServer):
    """A server that says nothing of connections that break, and starts no more than a thread for each."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *args: Any) -> None:
        """Stay silent."""

    def take_over(self, connection: socket.socket, client: Any) -> None:
        """Answer on *connection*, which another server accepted of *client*, until it ends."""
        if isinstance(self.socket, ssl.SSLSocket):
            wrap = self.socket.context.wrap_socket
            connection = wrap(connection, server_side=True, do_handshake_on_connect=False)
        try:
            self.finish_request(connection, client)
        finally:
            self.shutdown_request(connection)


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Let *server*, which listens on loopback, answer until the ``with`` statement ends; yield its host and port."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Speaker(BaseHTTPRequestHandler):
    """Speaks HTTP: hands each request to *respond* and sends what that returns."""

    protocol_version = "HTTP/1.1"
    #: Head and body are sent together, and what is sent apart is not held back by the kernel.
    wbufsize = -1
    disable_nagle_algorithm = True

    def __init__(self, respond: Callable[[Call], Answer], *args: Any) -> None:
        self.respond = respond
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            earlier = headers.get(name.lower())
            headers[name.lower()] = value if earlier is None else f"{earlier}, {value}"
        self._send(self.respond(Call(self.command, self.path, headers, content)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815  (named by http.server)

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay)
        if answer.resets:
            self._reset()
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        own = {"Date": self.date_time_string(), "Content-Type": _JSON, "Content-Length": str(len(content))}
        if self.close_connection:  # as the client asked: else it may ask again on a connection that is being closed
            own["Connection"] = "close"
        for name, value in {**own, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.truncates:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif answer.drips:
            for place in range(len(content)):
                self.wfile.write(content[place : place + 1])
                self.wfile.flush()
                time.sleep(answer.drips)
        elif self.command != "HEAD":
            self.wfile.write(content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
