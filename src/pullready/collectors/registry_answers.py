"""What a registry's answer means: content, or the reason why there is none.

A refusal or an absence counts only in the shape that registries give it: the error page of a proxy proves neither.

Sources: https://github.com/opencontainers/distribution-spec (Error Codes),
https://www.rfc-editor.org/rfc/rfc6750#section-3.1 (Error Codes),
https://learn.microsoft.com/azure/container-registry/container-registry-faq and
https://learn.microsoft.com/troubleshoot/azure/azure-container-registry/acr-authentication-errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from pullready.collectors.answers import Unreadable, json_of
from pullready.collectors.pacing import pause_told
from pullready.collectors.pipelines import NETWORK
from pullready.snapshot import Status

#: What helps where a registry answers somebody else, and not who asks from here.
ELSEWHERE: Final = (
    "Run it where the registry answers: in the network of the cluster, or one that its private endpoint serves, or "
    "let this address in; with read-registries: false in pullready.yaml, what registries hold is left out"
)
GRANT: Final = (
    "Grant AcrPull at the registry, or Container Registry Repository Reader where it grants by repository, to "
    "whoever runs this (docs/permissions.md)"
)
_ABSENT: Final = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "TAG_UNKNOWN"})
_FIREWALL: Final = re.compile(r"client with IP|aka\.ms/acr/firewall", re.IGNORECASE)
#: A token that is expired, malformed or not the registry's, and not one that allows too little.
_NO_TOKEN: Final = re.compile(r'\berror="?invalid_token\b')
_CODE: Final = re.compile(r"[A-Z][A-Z_]{1,40}")


class Reply(msgspec.Struct, frozen=True):
    """What *host* answered to one request."""

    host: str
    status: int
    headers: Mapping[str, str]
    content: bytes


def body_of(reply: Reply, repository: str) -> Any:
    """Return the JSON object in *reply*; raise :class:`Unreadable` for anything else.

    *repository* is named where the answer is that the caller may not read it.
    """
    if reply.status != HTTPStatus.OK:
        raise _disowned(reply, repository) or refused(reply, repository)
    body = json_of(reply.content)
    if not isinstance(body, dict):
        raise _out_of_shape(reply)
    return body


def refused(reply: Reply, repository: str) -> Unreadable:
    """Return why *reply*, which is no success, has no content."""
    code, message = _error(reply.content)
    host = reply.host
    if code is None:
        return _out_of_shape(reply)
    match reply.status:
        case HTTPStatus.FORBIDDEN if _FIREWALL.search(message):
            return unreachable(host, f"its firewall does not let this machine in ({code})")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Unreadable(Status.FORBIDDEN, f"{code}: the sign-in may not read {repository} in {host}", GRANT)
        case HTTPStatus.NOT_FOUND if code in _ABSENT:
            return Unreadable(Status.NOT_FOUND, code)
        case _:
            return _failed(reply, code, repository)


def _disowned(reply: Reply, repository: str) -> Unreadable | None:
    """Return that a registry takes its own token for none, if so: that says nothing of the caller's rights."""
    code, _ = _error(reply.content)
    told = reply.headers.get("WWW-Authenticate", "")
    if code is None or reply.status != HTTPStatus.UNAUTHORIZED or not _NO_TOKEN.search(told):
        return None
    detail = f"{code}: {reply.host} does not accept the token that it gave for {repository} itself (invalid_token)"
    return Unreadable(Status.FAILED, detail, "Run again; if that stays so, look who answers there: it may be a proxy")


def _failed(reply: Reply, code: str, repository: str) -> Unreadable:
    host = reply.host
    match reply.status:
        case HTTPStatus.METHOD_NOT_ALLOWED:
            remedy = "Look whether reading is switched off: az acr repository show, changeableAttributes"
            return Unreadable(Status.FAILED, f"{code}: {host} disallows reading {repository}", remedy)
        case HTTPStatus.TOO_MANY_REQUESTS:
            pause = pause_told(reply.headers)
            wanted = f" and asks to wait {pause:.0f} seconds" if pause else ""
            return Unreadable(Status.FAILED, f"{host} throttles ({code}){wanted}", "Run again later")
        case status:
            return Unreadable(Status.FAILED, f"{host} answered {status} {code}", "Run again later")


def unreachable(host: str, why: str) -> Unreadable:
    """Return that *host* cannot be reached from where this runs."""
    return Unreadable(Status.FAILED, f"{host} cannot be reached from here: {why}", ELSEWHERE)


def lost(why: Unreadable, host: str) -> Unreadable:
    """Return *why* nothing came back from the registry *host*, and from where it might."""
    return unreachable(host, why.detail) if why.remedy == NETWORK else why


def _out_of_shape(reply: Reply) -> Unreadable:
    kind = reply.headers.get("Content-Type", "").partition(";")[0] or "without a type"
    what = "something other than a JSON object" if json_of(reply.content) is None else "an unexpected object"
    remedy = "Look whether a proxy stands between, and whether it is a registry that answers"
    return Unreadable(Status.FAILED, f"{reply.host} answered {reply.status} with {what} ({kind})", remedy)


def _error(content: bytes) -> tuple[str | None, str]:
    """Return code and message of the first error in *content*; no code where it has another shape."""
    answer = json_of(content)
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or not _CODE.fullmatch(str(first.get("code"))):
        return None, ""
    return first["code"], str(first.get("message", ""))
