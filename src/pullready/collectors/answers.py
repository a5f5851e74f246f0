"""What an answer over HTTP means: a body, or the reason why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from pullready.snapshot import Status, without_surrogates

_LONGEST_MESSAGE: Final = 200
_USER_INFO: Final = re.compile(r"(://)[^/\s]*@")
#: Properties of firewall policies that Azure answers and that may hold secrets, in lower case: what headers are set to,
#: and the signed address of a PAC file.
_HELD: Final = frozenset({"httpheaderstoinsert", "pacfile"})
#: What a 404 says where what was asked for is not there: ``ResourceNotFound``, ``ResourceGroupNotFound``, ``NotFound``,
#: ``ParentResourceNotFound``, ``EntityNotFound``, ``Request_ResourceNotFound``, ``RoleDefinitionDoesNotExist`` …
_ABSENT: Final = re.compile(r"(not_?found|doesnotexist)$", re.IGNORECASE)
#: What a 404 says where the way to it is not: that proves nothing, for it may only be out of the sign-in's sight.
#: Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
_OUT_OF_SIGHT: Final = re.compile(r"(subscription|tenant|directory)(not_?found|doesnotexist)$", re.IGNORECASE)
_JSON_TYPE: Final = re.compile(r"(application|text)/([\w.-]+\+)?json", re.IGNORECASE)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class Unreadable(Exception):
    """A document cannot be read: which status that gives it, why in one line, and what would help."""

    def __init__(self, status: Status, detail: str, remedy: str | None = None) -> None:
        self.status = status
        self.detail = detail
        self.remedy = remedy
        super().__init__(detail)


class Answer(msgspec.Struct, frozen=True):
    """What *host* answered: *kind* is the type of its content, *pause* how many seconds it asks to wait."""

    host: str
    status: int
    content: bytes
    kind: str
    pause: float | None = None


def body_of(told: Answer, permission: str, scope: str) -> dict[str, Any]:
    """Return the JSON object that was *told*; raise :class:`Unreadable` for anything else.

    *permission* and *scope* are named where the answer is that the caller lacks them. A refusal or an absence counts
    only in the shape and type that Azure gives it: the error page of a proxy proves neither.
    """
    host, status, content = told.host, told.status, told.content
    answer = _json_object(content) if _JSON_TYPE.match(told.kind) else None
    if status == HTTPStatus.OK and answer is not None and not isinstance(answer.get("error"), dict):
        if any(name.encode() in content.lower() for name in _HELD):
            answer = stripped_of_held(answer)
        stripped: dict[str, Any] = stripped_of_user_info(answer) if b"@" in content else answer
        return stripped
    error = _error(answer)
    if error is None:
        kind = "something other than a JSON object" if answer is None else "an unexpected object"
        kind += "" if _JSON_TYPE.match(told.kind) else f" ({told.kind.partition(';')[0] or 'without a type'})"
        raise Unreadable(
            Status.FAILED,
            f"{host} answered {status} with {kind}",
            "Look whether a proxy stands between, and whether the endpoints of the cloud in pullready.yaml are right",
        )
    code, message = error
    match status:
        case HTTPStatus.UNAUTHORIZED:
            raise Unreadable(
                Status.FORBIDDEN,
                f"{code}: {host} does not accept the sign-in",
                "Sign in to the tenant that the resource belongs to (az login --tenant …); "
                "name it under tenant: in pullready.yaml where targets are in several",
            )
        case HTTPStatus.FORBIDDEN:
            raise Unreadable(
                Status.FORBIDDEN,
                f"{code}: {permission} is missing at {scope}",
                f"Grant {permission} at {scope} (docs/permissions.md), then run again",
            )
        case HTTPStatus.NOT_FOUND if _OUT_OF_SIGHT.search(code):
            raise Unreadable(
                Status.FORBIDDEN,
                f"{code}: the sign-in does not see it, which does not prove that it is not there",
                "Check the subscription's id, sign in to its cloud and tenant (az login --tenant …; tenant: in "
                f"pullready.yaml), and grant {permission} at {scope}",
            )
        case HTTPStatus.NOT_FOUND if _ABSENT.search(code):
            raise Unreadable(Status.NOT_FOUND, code)
        case HTTPStatus.TOO_MANY_REQUESTS:
            wanted = f" and asks to wait {told.pause:.0f} seconds" if told.pause else ""
            detail = f"{host} throttles ({code}){wanted}"
            raise Unreadable(Status.FAILED, detail, "Run again later, or with fewer targets")
        case _:
            raise Unreadable(Status.FAILED, f"{host} answered {status} {code}{message}", _later(status))


def _later(status: int) -> str | None:
    if status == HTTPStatus.CONFLICT:
        return "Run again when what is under way there has come to an end"
    if HTTPStatus.OK < status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT:
        return None
    return "Run again later; if it stays, look at https://status.azure.com"


def stripped_of_user_info(value: Any) -> Any:
    """Return *value* without the user names and passwords in URLs, such as those of a cluster's HTTP proxy."""
    match value:
        case str() if "@" in value:
            return _USER_INFO.sub(r"\1***@", value)
        case list():
            return [stripped_of_user_info(one) for one in value]
        case dict():
            return {key: stripped_of_user_info(one) for key, one in value.items()}
        case _:
            return value


def stripped_of_held(value: Any) -> Any:
    """Return *value* without what a firewall's policy may hold of secrets."""
    match value:
        case list():
            return [stripped_of_held(one) for one in value]
        case dict():
            return {key: stripped_of_held(one) for key, one in value.items() if key.casefold() not in _HELD}
        case _:
            return value


def json_of(content: bytes) -> Any:
    """Return the JSON value in *content*, or none where it is no JSON.

    JSON can write half of a surrogate pair, which no file can hold: U+FFFD takes its place.
    """
    try:
        answer = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return without_surrogates(answer) if _SURROGATE.search(content) else answer


def _json_object(content: bytes) -> dict[str, Any] | None:
    answer = json_of(content)
    return answer if isinstance(answer, dict) else None


def _error(answer: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Return code and message of an error; some providers leave out the object that the others put around it."""
    if answer is None:
        return None
    error = answer.get("error", answer)
    if not isinstance(error, dict) or not isinstance(code := error.get("code"), str) or not code:
        return None
    message = " ".join(str(error.get("message", "")).split())
    return code, f": {message[:_LONGEST_MESSAGE]}" if message else ""
