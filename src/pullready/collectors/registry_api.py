"""Reading registries as a node does: manifests, configurations, and what Azure's registries say beside them.

Sources: https://github.com/opencontainers/distribution-spec and https://learn.microsoft.com/rest/api/containerregistry/
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from pullready.collectors import artifacts
from pullready.collectors.answers import Unreadable
from pullready.collectors.pacing import Pace
from pullready.collectors.pipelines import failure, policies
from pullready.collectors.registry_answers import Reply, body_of, lost
from pullready.collectors.registry_tokens import DELETED, READING, Audience, Repository, Tokens
from pullready.snapshot import Document, Provider, Status

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport
    from azure.core.rest import HttpRequest, HttpResponse

    from pullready.collectors.pipelines import Access

PREFIX: Final = "https://"
#: Manifests have a few kilobytes, and registries take none of more than four mebibytes; configurations have less.
MOST: Final = 4 << 20
#: How often the content of a blob may be somewhere else.
_MOST_HOPS: Final = 3
#: As containerd asks: with less, a registry may answer with a conversion, or with nothing.
ACCEPTED: Final = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "*/*",
)
_CONTENT: Final = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<version>[^/]+)")
_BIN: Final = re.compile(r"/acr/v1/_deleted/(?P<repository>.+)/_(?P<kind>tags|manifests)")
#: As many entries as the clients of Azure ask for at once, and where the next ones are.
_PAGE: Final = "?n=100"
_NEXT: Final = re.compile(r'<(?P<path>[^>]+)>; *rel="?next"?')
_MOST_PAGES: Final = 100
_PROPERTIES: Final = re.compile(r"/acr/v1/(?P<repository>.+?)(/_(tags|manifests)/[^/]+)?")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_DIGESTS: Final = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


class Registries:
    """The registries that are read with the tokens of *entra*, each connected to when it is first asked.

    *count* is called for every request. Threads share them; close them, but not *transport*.
    """

    def __init__(self, entra: Audience, transport: RequestsTransport, count: Callable[[str], None]) -> None:
        self._entra = entra
        self._transport = transport
        self._count = count
        self._lock = threading.Lock()
        self._known: dict[str, _Registry] = {}

    def document(self, id_: str) -> Document:
        """Read the document *id_*; whatever goes wrong becomes its status."""
        host = urlsplit(id_).netloc
        with self._lock:
            if host not in self._known:
                self._known[host] = _Registry(host, self._entra, self._transport, self._count)
        try:
            body = self._known[host].body(id_.removeprefix(f"{PREFIX}{host}"))
        except Unreadable as why:
            return Document(id=id_, provider=Provider.REGISTRY, status=why.status, detail=why.detail, remedy=why.remedy)
        return Document(id=id_, provider=Provider.REGISTRY, status=Status.READ, body=artifacts.reduced(id_, body))

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            for registry in self._known.values():
                registry.pace.stop()


class _Registry:
    """One registry, with the tokens and the pace that it is asked with."""

    def __init__(self, host: str, entra: Audience, transport: RequestsTransport, count: Callable[[str], None]) -> None:
        self.pace = Pace()
        self._host = host
        self._transport = transport
        self._count = count
        self._lock = threading.Lock()
        self._tokens = Tokens(host, entra, self._ask)
        self._senders: dict[tuple[str | None, str], Callable[[HttpRequest], HttpResponse]] = {}

    def body(self, path: str) -> Any:
        """Return what stands at *path*; raise :class:`Unreadable` where that cannot be read."""
        if deleted := _BIN.fullmatch(path):
            return self._deleted(path, deleted["repository"], deleted["kind"])
        content = _CONTENT.fullmatch(path)
        named = content or _PROPERTIES.fullmatch(path)
        if named is None:
            raise Unreadable(Status.FAILED, f"{path} is nothing that a registry has")
        repository = named["repository"]
        if content is None:
            return body_of(self._get(path, {"Accept": "application/json"}, repository), repository)
        if content["kind"] == "manifests":
            reply = self._get(path, {"Accept": ", ".join(ACCEPTED)}, repository)
        else:
            reply = self._followed(self._get(path, {}, repository), f"{PREFIX}{self._host}{path}")
        body = body_of(reply, repository)
        told = content["version"] if ":" in content["version"] else reply.headers.get("Docker-Content-Digest")
        _require_same(told, reply)
        return body

    def _deleted(self, path: str, repository: str, kind: str) -> dict[str, Any]:
        """Return what the bin lists at *path*, all pages of it as one."""
        found: list[Any] = []
        asked = f"{path}{_PAGE}"
        for _ in range(_MOST_PAGES):
            reply = self._get(asked, {"Accept": "application/json"}, repository, DELETED)
            body = body_of(reply, repository)
            if not isinstance(listed := body.get(kind, ""), list | None):
                raise Unreadable(Status.FAILED, f"{self._host} answered the question for its bin with something else")
            found += listed or []
            following = _NEXT.search(reply.headers.get("Link", ""))
            if following is None:
                return {kind: found}
            asked = following["path"]
            if not asked.startswith(f"{path}?"):
                raise Unreadable(Status.FAILED, f"the bin of {self._host} goes on elsewhere, which is not followed")
        raise Unreadable(Status.FAILED, f"the bin of {self._host} has more than {_MOST_PAGES} pages of {repository}")

    def _get(self, path: str, headers: dict[str, str], repository: str, actions: str = READING) -> Reply:
        from azure.core.rest import HttpRequest

        return self._send(HttpRequest("GET", f"{PREFIX}{self._host}{path}", headers=headers), repository, actions)

    def _ask(self, path: str, form: Mapping[str, str] | None) -> Reply:
        from azure.core.rest import HttpRequest

        url = f"{PREFIX}{self._host}{path}"
        return self._send(HttpRequest("POST" if form else "GET", url, data=dict(form) if form else None))

    def _followed(self, reply: Reply, url: str) -> Reply:
        """Return what a registry leads to: the layers are in a storage account, which gets no token."""
        from azure.core.rest import HttpRequest

        for _ in range(_MOST_HOPS):
            if reply.status not in _REDIRECTS:
                return reply
            url = urljoin(url, reply.headers.get("Location", ""))
            if urlsplit(url).scheme != "https":
                raise Unreadable(Status.FAILED, f"{self._host} leads to an address without TLS, which is not followed")
            reply = self._send(HttpRequest("GET", url))
        if reply.status in _REDIRECTS:
            raise Unreadable(Status.FAILED, f"{self._host} leads from one address to the next, and to no content")
        return reply

    def _send(self, request: HttpRequest, repository: str | None = None, actions: str = READING) -> Reply:
        """Send *request*, with the token for *repository* where that is named, and that is this registry's alone."""
        from azure.core.exceptions import AzureError

        host = urlsplit(request.url).netloc
        try:
            response = self._sender(repository, actions)(request)
        except (AzureError, OSError) as error:
            raise lost(failure(error, host), host) from None
        return Reply(host, response.status_code, response.headers, response.content)

    def _sender(self, repository: str | None, actions: str) -> Callable[[HttpRequest], HttpResponse]:
        from azure.core import PipelineClient

        key = repository, actions
        with self._lock:
            if key not in self._senders:
                access: Access | None = None if repository is None else Repository(self._tokens, repository, actions)
                chain = policies(access, lambda: self._count(Provider.REGISTRY.value), self.pace, MOST)
                client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
                    f"{PREFIX}{self._host}", transport=self._transport, policies=chain
                )
                self._senders[key] = client.send_request
            return self._senders[key]


class Entra(msgspec.Struct, frozen=True):
    """The tokens for registries that *fetch* returns for their *audience*."""

    fetch: Callable[[str], str]
    audience: str

    def token(self) -> str:
        """Return a token; raise :class:`Unreadable` without one."""
        return self.fetch(self.audience)


def _require_same(digest: str | None, reply: Reply) -> None:
    """Raise :class:`Unreadable` where *digest* is given, and that of the content is another."""
    if digest is None:
        return
    algorithm = digest.partition(":")[0]
    if algorithm not in _DIGESTS:
        raise Unreadable(Status.FAILED, f"{digest[:80]} is no digest that can be verified", "Use one of sha256")
    if f"{algorithm}:{_DIGESTS[algorithm](reply.content).hexdigest()}" != digest:
        detail = f"what {reply.host} answers has another digest than {digest[:150]}"
        raise Unreadable(Status.FAILED, detail, "Look whether a proxy stands between; a node refuses it as well")
