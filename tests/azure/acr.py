"""Azure Container Registry's own API: challenge, exchange, tokens, manifests and blobs, and properties beside them.

Registries hold what the documents of a snapshot say of them, and around that what nobody is to keep. The digests in
examples are made up; :func:`genuine` gives them those that their contents have.

Sources: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md,
https://github.com/opencontainers/distribution-spec and https://learn.microsoft.com/rest/api/containerregistry/
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jwt
from msgspec.structs import replace

from pullready.facts import ids
from pullready.snapshot import Document, Provider, Snapshot, Status
from tests.azure import behind as real
from tests.azure.entra import KEY, TENANT, Entra, Issued
from tests.azure.signatures import ISSUER, SIGNER
from tests.azure.wire import Answer, Call, errors

AUDIENCE: Final = "https://containerregistry.azure.net"
#: Where blobs are; whoever has the signature needs no token, and a token is refused.
STORAGE: Final = "shoplayers.blob.core.windows.net"
SIGNATURE: Final = "canary-signature"
PULL: Final = "Microsoft.ContainerRegistry/registries/pull/read"
_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}")
_CONTENT: Final = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<version>[^/]+)")
DELETED: Final = "Microsoft.ContainerRegistry/registries/deleted/read"
_BIN: Final = re.compile(r"/acr/v1/_deleted/(?P<repository>.+)/_(?P<kind>tags|manifests)")
_PROPERTIES: Final = re.compile(r"/acr/v1/(?P<repository>.+?)(/_(?P<kind>tags|manifests)/(?P<version>[^/]+))?")
#: What stands in real manifests and configurations, and is none of a run's business.
_AROUND: Final[dict[str, dict[str, Any]]] = {
    "manifests": {"annotations": {"org.opencontainers.image.description": "canary-annotation"}},
    "blobs": {
        "config": {"Env": ["DATABASE_PASSWORD=canary-variable"], "Cmd": ["/shop", "--key=canary-command"]},
        "history": [{"created_by": "ARG TOKEN=canary-argument"}],
    },
}
_UPPER: Final = re.compile("[A-Z]")
#: Whose password is a refresh token.
NOBODY: Final = "00000000-0000-0000-0000-000000000000"


def content(kind: str, body: Mapping[str, Any]) -> bytes:
    """Return what a registry holds where a run keeps *body* of it: of ``manifests`` or ``blobs``."""
    return json.dumps({**body, **_AROUND[kind]}, sort_keys=True).encode()


def digest_of(held: bytes) -> str:
    """Return the digest of what a registry holds."""
    return f"sha256:{hashlib.sha256(held).hexdigest()}"


def digests(documents: Iterable[Document]) -> dict[str, str]:
    """Return the digests that contents have, by those that the *documents* are named by."""
    named = {}
    for document in documents:
        found = _CONTENT.search(document.id)
        if document.provider is Provider.REGISTRY and found and isinstance(document.body, dict):
            named[found["version"]] = (found["kind"], document.body)
    true: dict[str, str] = {}

    def of(digest: str, above: tuple[str, ...] = ()) -> str:
        if digest in named and digest not in true and digest not in above:
            kind, body = named[digest]
            text = _DIGEST.sub(lambda one: of(one[0], (*above, digest)), json.dumps(body))
            true[digest] = digest_of(content(kind, json.loads(text)))
        return true.get(digest, digest)

    return {one: of(one) for one in named if _DIGEST.fullmatch(one)}


def with_digests(text: str, true: Mapping[str, str]) -> str:
    """Return *text* with the *true* digests in it."""
    return _DIGEST.sub(lambda one: true.get(one[0], one[0]), text)


def genuine(snapshot: Snapshot) -> Snapshot:
    """Return *snapshot* with the digests that the contents of its registries have."""
    true = digests(snapshot)
    documents = [
        replace(one, id=with_digests(one.id, true), body=json.loads(with_digests(json.dumps(one.body), true)))
        for one in snapshot
    ]
    return Snapshot(documents, captured_at=snapshot.captured_at, targets=snapshot.targets)


def hosts(snapshot: Snapshot) -> set[str]:
    """Return the login servers that *snapshot* names, and where their blobs are."""
    return {STORAGE, *re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)?\.azurecr\.io", snapshot.encode().decode())}


def id_of(host: str, path: str) -> str:
    """Return the id of the document at *path*."""
    before, slash, last = path.rpartition("/")
    spelt = _UPPER.sub(lambda letter: f"%{ord(letter[0]):02X}", last)
    return f"https://{host}{before}{slash}{spelt}"


class Registries:
    """All registries of a snapshot, behind one front.

    Whoever is not among ``pullers`` (object ids), where that is given, may read nothing; with ``shows_bins`` those may
    read what was deleted, in pages of ``page_size``. ``open`` are the login servers
    that anybody may pull from, ``closed`` those whose firewall lets nobody in. ``realms`` are what challenges name
    instead of the registry itself. Tokens that are in ``revoked`` count no more. What is ``behind`` a login server
    holds its images instead of the snapshot, and verifies the access tokens itself: ``signer`` signs them, with
    ``claims`` beside or instead of the usual ones.
    """

    def __init__(self, entra: Entra) -> None:
        self.entra = entra
        self.pullers: set[str] | None = None
        self.page_size = 100
        self.shows_bins = True
        self.open: set[str] = set()
        self.closed: set[str] = set()
        self.realms: dict[str, str] = {}
        self.tokens: set[str] = set()
        self.revoked: set[str] = set()
        self.behind: dict[str, real.Behind] = {}
        self.signer = SIGNER
        self.claims: dict[str, Any] = {}
        #: What the usual tokens say: to verify those again would be half of an answer's work.
        self._issued: dict[str, dict[str, Any]] = {}

    def password(self, host: str) -> str:
        """Return what Docker's clients sign in with at *host*, as the user :data:`NOBODY`."""
        return self._issue(host, "refresh_token", Issued(host, TENANT))

    def answer(self, snapshot: Snapshot, call: Call, host: str) -> Answer:
        """Return the answer to *call* at *host*."""
        if host == STORAGE:
            return self._stored(snapshot, call)
        if host in self.closed:
            said = "client with IP '203.0.113.99' is not allowed access."
            return errors(403, "DENIED", f"{said} Refer https://aka.ms/acr/firewall to grant access.")
        match call.path:
            case "/oauth2/exchange" | "/oauth2/token" as path:
                return self._exchanged(call, host) if path == "/oauth2/exchange" else self._access(call, host)
            case path if path.startswith("/v2/") and host in self.behind:
                return real.forwarded(self.behind[host], snapshot, call, _in_storage(path, host))
            case "/v2/":
                return self._unauthorized(host) if not call.token else Answer()
        return self._read(snapshot, call, host)

    def _exchanged(self, call: Call, host: str) -> Answer:
        form = call.form
        caller = self.entra.caller(form.get("access_token", ""), [AUDIENCE])
        known = form.get("grant_type") == "access_token" and form.get("service") == host
        if not known or isinstance(caller, Answer) or form.get("tenant", caller.tenant) != caller.tenant:
            return self._unauthorized(host)
        return Answer(body={"refresh_token": self._issue(host, "refresh_token", caller)})

    def _access(self, call: Call, host: str) -> Answer:
        asked = call.form if call.method == "POST" else call.query
        if asked.get("service") != host:
            return self._unauthorized(host)
        _, repository, actions = (asked.get("scope", "") + "::").split(":")[:3]
        allowed: set[str] = {"pull"} if host in self.open else set()
        caller = Issued("", "")
        refresh = _refresh_token(call)
        if refresh is not None:
            try:
                told = self._told(refresh, host, "refresh_token")
            except jwt.InvalidTokenError:
                return self._unauthorized(host)
            caller = Issued(host, told["tenant"], told["oid"])
            if self.pullers is None or caller.principal in self.pullers:
                allowed |= {"pull", "metadata_read", *(["deleted_read"] if self.shows_bins else ())}
        elif host not in self.open:
            return self._unauthorized(host)
        given = sorted(allowed & set(actions.split(",")))
        access = [{"type": "repository", "name": repository, "actions": given}]
        return Answer(body={"access_token": self._issue(host, "access_token", caller, access=access)})

    def _issue(self, host: str, kind: str, caller: Issued, **more: Any) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": host, "iat": now, "nbf": now - 300, "exp": now + 4500}
        of = {"grant_type": kind, "tenant": caller.tenant, "oid": caller.principal, "jti": str(len(self.tokens))}
        told = {**claims, **of, **more}
        if kind == "access_token" and (self.claims or self.signer is not SIGNER):
            token = self.signer.sign({**told, **self.claims})
        else:
            token = SIGNER.sign(told)
            self._issued[token] = told
        self.tokens.add(token)
        return token

    def _told(self, token: str, host: str, kind: str) -> Mapping[str, Any]:
        told = self._issued.get(token)
        if told is None or told["aud"] != host:
            told = jwt.decode(token, KEY.public_key(), ["RS256"], audience=host)
        if told["grant_type"] != kind or token in self.revoked or told["exp"] <= time.time():
            raise jwt.InvalidTokenError(kind)
        return told

    def _read(self, snapshot: Snapshot, call: Call, host: str) -> Answer:
        found = _CONTENT.fullmatch(call.path)
        named = found or _BIN.fullmatch(call.path) or _PROPERTIES.fullmatch(call.path)
        if named is None or call.method != "GET":
            return errors(404, "OPERATION_UNKNOWN", "The specified operation does not exist")
        is_bin = named.re is _BIN
        action = "pull" if found else "deleted_read" if is_bin else "metadata_read"
        try:
            access = self._told(call.token, host, "access_token")["access"]
        except jwt.InvalidTokenError:
            access = []
        document = snapshot.document(id_of(host, call.path), Provider.REGISTRY)
        is_allowed = any(one["name"] == named["repository"] and action in one["actions"] for one in access)
        if not is_allowed or document.status is Status.FORBIDDEN:
            return self._unauthorized(host, named["repository"], action)
        if document.status is Status.FAILED:
            return errors(503, "UNAVAILABLE", "The service is not available.")
        if is_bin:
            return self._page((document.body or {}).get(named["kind"], []), call, named["kind"])
        if document.status is Status.READ:
            return _content(document, call, named) if found else Answer(body=document.body)
        return self._lacking(snapshot, host, named)

    def _lacking(self, snapshot: Snapshot, host: str, named: re.Match[str]) -> Answer:
        """Answer for what the snapshot does not say itself."""
        if host in self.behind:
            return real.properties(self.behind[host], host, **named.groupdict())
        is_content = named.re is _CONTENT
        return _derived(snapshot, host, named) or _unknown(snapshot, host, named, is_content=is_content)

    def _page(self, listed: list[Any], call: Call, kind: str) -> Answer:
        """Return a page of what is *listed* in a bin, and where the next one is."""
        start, size = int(call.query.get("last", "0")), min(int(call.query["n"]), self.page_size)
        ends = start + size >= len(listed)
        link = {} if ends else {"Link": f'<{call.path}?last={start + size}&n={call.query["n"]}>; rel="next"'}
        return Answer(200, {kind: listed[start : start + size]}, link)

    def _stored(self, snapshot: Snapshot, call: Call) -> Answer:
        """Return a blob to whoever has the signature; storage accounts refuse tokens of registries."""
        host, refused = call.query.get("host", ""), b"<Error><Code>InvalidAuthenticationInfo</Code></Error>"
        document = snapshot.document(id_of(host, call.path), Provider.REGISTRY)
        is_known = host in self.behind or document.status is Status.READ
        if "authorization" in call.headers or call.query.get("sig") != SIGNATURE or not is_known:
            return Answer(400, refused, {"Content-Type": "application/xml"})
        if host in self.behind:
            return real.stored(self.behind[host], call, host)
        return Answer(200, content("blobs", document.body), {"Content-Type": "application/octet-stream"})

    def _unauthorized(self, host: str, repository: str = "", action: str = "") -> Answer:
        realm = self.realms.get(host, f"https://{host}/oauth2/token")
        challenge = f'Bearer realm="{realm}",service="{host}"'
        challenge += f',scope="repository:{repository}:{action}"' if repository else ""
        said = "authentication required, visit https://aka.ms/acr/authorization for more information."
        return errors(401, "UNAUTHORIZED", said, {"WWW-Authenticate": challenge})


def _in_storage(path: str, host: str) -> str:
    """Return where the blob at *path* of *host* is, with what lets anybody read it."""
    return f"https://{STORAGE}{path}?host={host}&sig={SIGNATURE}"


def _content(document: Document, call: Call, named: re.Match[str]) -> Answer:
    held = content(named["kind"], document.body)
    if named["kind"] == "blobs":
        where = _in_storage(call.path, call.headers["host"])
        return Answer(307, b"", {"Location": where, "Content-Type": "text/html"})
    kind = str(document.body.get("mediaType"))
    if kind not in call.headers.get("accept", ""):
        return errors(404, "MANIFEST_UNKNOWN", "OCI index found, but accept header does not support OCI indexes")
    return Answer(200, held, {"Content-Type": kind, "Docker-Content-Digest": digest_of(held)})


def _refresh_token(call: Call) -> str | None:
    """Return the refresh token that was posted, or is the password of :data:`NOBODY`; none where there is neither."""
    if call.method == "POST":
        return call.form.get("refresh_token", "")
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    user, _, password = base64.b64decode(encoded).decode().partition(":") if scheme == "Basic" else ("", "", "")
    return password if user == NOBODY else None


def _derived(snapshot: Snapshot, host: str, named: re.Match[str]) -> Answer | None:
    """Return the properties of what is there, where the snapshot has none of its own."""
    if named.re is _CONTENT:
        return None
    repository, version = named["repository"], named["version"]
    told = {"registry": host, "imageName": repository}
    free = {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True}
    if version is None:
        return Answer(body={**told, "changeableAttributes": free}) if _has(snapshot, host, repository) else None
    held = snapshot.document(ids.image_manifest(host, repository, version), Provider.REGISTRY)
    if held.status is not Status.READ:
        return None
    digest = digest_of(content("manifests", held.body))
    if named["kind"] == "tags":
        return Answer(body={**told, "tag": {"name": version, "digest": digest, "changeableAttributes": free}})
    return Answer(body={**told, "manifest": {"digest": digest, "changeableAttributes": free}})


def _has(snapshot: Snapshot, host: str, repository: str) -> bool:
    starts = (f"https://{host}/v2/{repository}/", f"https://{host}/acr/v1/{repository}/")
    own = snapshot.document(ids.repository_properties(host, repository), Provider.REGISTRY)
    there = (one for one in snapshot if one.status is Status.READ and one.id.startswith(starts))
    return own.status is not Status.NOT_FOUND and (own.status is Status.READ or any(there))


def _unknown(snapshot: Snapshot, host: str, named: re.Match[str], *, is_content: bool) -> Answer:
    if not _has(snapshot, host, named["repository"]):
        return errors(404, "NAME_UNKNOWN", "repository name not known to registry")
    if named["kind"] == "blobs":
        return errors(404, "BLOB_UNKNOWN", "blob unknown to registry")
    if named["kind"] == "tags" and not is_content:
        return errors(404, "TAG_UNKNOWN", "the specified tag does not exist")
    return errors(404, "MANIFEST_UNKNOWN", f"manifest tagged by {named['version']!r} is not found")
