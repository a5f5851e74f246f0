"""A proxy on loopback that leads the host names of an Azure cloud to the stand-in, and to nowhere else.

What is on its way is encrypted from end to end, as in any tunnel that ``CONNECT`` opens
(https://www.rfc-editor.org/rfc/rfc9110#name-connect). The stand-in itself takes the connection over, so that nothing
has to be passed on. A host that is not the cloud's gets 502, so that nothing leaves the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import urlsplit

from pullready.config import CLOUDS, Cloud
from tests.azure import acr
from tests.azure.standin import Standin
from tests.azure.wire import Server, running

#: The hosts of every cloud.
HOSTS: Final = tuple(
    str(urlsplit(url).hostname)
    for cloud in CLOUDS.values()
    for url in (cloud.authority, cloud.resource_manager, cloud.graph)
)
#: The hosts of registries, and of what their blobs are in.
REGISTRY_HOSTS: Final = ("*.azurecr.io", acr.STORAGE)
#: What else than its endpoint the resource manager of a cloud takes as a token's audience: that of the classic one.
_CLASSIC: Final = {
    "AzurePublic": "https://management.core.windows.net",
    "AzureUSGovernment": "https://management.core.usgovcloudapi.net",
    "AzureChina": "https://management.core.chinacloudapi.cn",
}


class Proxy:
    """Leads each host in *routes* to a server. ``led`` and ``refused`` are the hosts that were asked for."""

    def __init__(self, routes: Mapping[str, Server]) -> None:
        self.routes = routes
        self.led: list[str] = []
        self.refused: list[str] = []
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[Proxy]:
        """Serve until the ``with`` statement ends."""
        with running(Server(("127.0.0.1", 0), partial(_Tunnel, self))) as address:
            self.url = f"http://{address}"
            yield self

    def environ(self) -> dict[str, str]:
        """Return the variables that make a client use the proxy for every host but the loopback addresses."""
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
        return {**dict.fromkeys(names, self.url), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@contextmanager
def leading_to_registries(standin: Standin) -> Iterator[Proxy]:
    """Let *standin*, which serves already, be the registries of its snapshot until the ``with`` statement ends.

    The certificate of the servers must be good for ``REGISTRY_HOSTS``.
    """
    with Proxy(dict.fromkeys(acr.hosts(standin.snapshot), standin.servers["registry"])).serving() as proxy:
        yield proxy


@contextmanager
def leading(standin: Standin, cloud: Cloud) -> Iterator[Proxy]:
    """Let *standin*, which serves already, be *cloud* until the ``with`` statement ends: yield the way to it.

    The certificate of the servers must be good for the cloud's hosts.
    """
    own, audiences = dict(standin.urls), standin.audiences
    named = {"entra": cloud.authority, "arm": cloud.resource_manager, "graph": cloud.graph}
    routes = {str(urlsplit(url).hostname): standin.servers[name] for name, url in named.items()}
    arm = [cloud.resource_manager, _CLASSIC[cloud.name]]
    standin.urls |= named
    standin.entra.url = cloud.authority
    standin.audiences = {"arm": [*arm, *(f"{url}/" for url in arm)], "graph": [f"{cloud.graph}/"]}
    try:
        with Proxy(routes).serving() as proxy:
            yield proxy
    finally:
        standin.urls |= own
        standin.entra.url, standin.audiences = own["entra"], audiences


class _Tunnel(BaseHTTPRequestHandler):
    """One connection to the proxy."""

    def __init__(self, proxy: Proxy, *args: Any) -> None:
        self.proxy = proxy
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        there = self.proxy.routes.get(host.casefold()) if port == "443" else None
        if there is None:
            self._refuse()
            return
        self.proxy.led.append(host)
        self.send_response(200, "Connection established")
        self.end_headers()
        there.take_over(self.connection, self.client_address)
        self.close_connection = True

    def _refuse(self) -> None:
        self.proxy.refused.append(self.path)
        self.close_connection = True
        self.send_error(502, "This proxy leads to the stand-in alone")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _refuse  # noqa: N815  (named by http.server)
