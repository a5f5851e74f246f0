"""The front of Azure Container Registry before a registry that holds the images itself, and verifies its own tokens.

What Azure adds stays with the front: properties of repositories, tags and manifests, what is locked, and that blobs are
in a storage account.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

from pullready.facts import ids
from pullready.snapshot import Provider, Snapshot
from tests.azure.signatures import ISSUER, SIGNER
from tests.azure.wire import Answer, Call, errors

BLOB: Final = re.compile(r"/v2/(?P<repository>.+)/blobs/(?P<digest>[^/]+)")
#: What is passed on of a request; the rest is between the caller and the front.
_PASSED: Final = ("authorization", "accept")
_CHANGEABLE: Final = ("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled")
_LOCKED: Final = "The operation is disallowed on this registry, repository or image."


class Behind(Protocol):
    """A registry behind the front."""

    def send(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Return what the registry answers."""
        ...

    def pointed_at(self, repository: str, tag: str) -> str | None:
        """Return the digest that *tag* points to, be it there or not; none where there is no such tag."""
        ...

    def has(self, repository: str, digest: str = "") -> bool:
        """Say whether there is *repository*, with the manifest *digest* where that is given."""
        ...


def access_to(host: str, repository: str, *actions: str) -> str:
    """Return a token of the registry *host* that allows *actions* on *repository*."""
    now = int(time.time())
    access = [{"type": "repository", "name": repository, "actions": [*actions]}]
    times = {"iat": now, "nbf": now - 300, "exp": now + 4500}
    return SIGNER.sign({"iss": ISSUER, "aud": host, "jti": "front", "access": access, **times})


def forwarded(behind: Behind, snapshot: Snapshot, call: Call, storage: str) -> Answer:
    """Return what *behind* answers to *call*; whoever may read a blob is led to *storage*, with its signature."""
    blob = BLOB.fullmatch(call.path) if call.method == "GET" else None
    headers = {name: call.headers[name] for name in _PASSED if name in call.headers}
    answer = behind.send("HEAD" if blob else call.method, call.target, headers)
    if answer.status != 200:
        return behind.send(call.method, call.target, headers) if blob else answer
    if _is_locked(snapshot, call.headers["host"], call.path):
        return errors(405, "UNSUPPORTED", _LOCKED)
    return Answer(307, b"", {"Location": storage, "Content-Type": "text/html"}) if blob else answer


def stored(behind: Behind, call: Call, host: str) -> Answer:
    """Return the blob that *behind*, which is *host*, has at the path of *call*."""
    blob = BLOB.fullmatch(call.path)
    token = access_to(host, blob["repository"] if blob else "", "pull")
    return behind.send("GET", call.path, {"authorization": f"Bearer {token}"})


def properties(behind: Behind, host: str, repository: str, kind: str | None, version: str | None) -> Answer:
    """Return what the front says of *repository*, or of the *kind* (tags or manifests) *version* in it."""
    told: dict[str, Any] = {"registry": host, "imageName": repository}
    free = {"changeableAttributes": dict.fromkeys(_CHANGEABLE, True)}
    match kind:
        case None if behind.has(repository):
            return Answer(body={**told, **free})
        case "tags" if pointed_at := behind.pointed_at(repository, str(version)):
            return Answer(body={**told, "tag": {"name": version, "digest": pointed_at, **free}})
        case "manifests" if behind.has(repository, str(version)):
            return Answer(body={**told, "manifest": {"digest": version, **free}})
    if not behind.has(repository):
        return errors(404, "NAME_UNKNOWN", "repository name not known to registry")
    code = "TAG_UNKNOWN" if kind == "tags" else "MANIFEST_UNKNOWN"
    return errors(404, code, "the specified tag or manifest does not exist")


def _is_locked(snapshot: Snapshot, host: str, path: str) -> bool:
    """Say whether *snapshot* has properties that switch off reading of what is at *path*."""
    named = re.fullmatch(r"/v2/(?P<repository>.+)/manifests/(?P<version>[^/]+)", path)
    if named is None:
        return False
    repository, version = named.groups()
    of = ids.manifest_properties if ":" in version else ids.tag_properties
    for id_ in (ids.repository_properties(host, repository), of(host, repository, version)):
        body = snapshot.document(id_, Provider.REGISTRY).body
        if isinstance(body, dict):
            held = next((body[key] for key in ("tag", "manifest") if key in body), body)
            if held.get("changeableAttributes", {}).get("readEnabled") is False:
                return True
    return False
