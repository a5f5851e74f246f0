"""What an answer over HTTP means: a body, or the reason why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pullready.snapshot import Status, without_surrogates

_LONGEST_MESSAGE: Final = 200
_USER_INFO: Final = re.compile(r"(://)[^/\s]*@")
#: Properties of firewall policies that Azure answers and that may hold secrets, in lower case: what headers are set to,
#: and the signed address of a PAC file.
_HELD: Final = frozenset({"httpheaderstoinsert", "pacfile"})
_ABSENT: Final = re.compile(r"(not_?found|doesnotexist)$", re.IGNORECASE)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class Unreadable(Exception):
    """A document cannot be read: which status that gives it, why in one line, and what would help."""

    def __init__(self, status: Status, detail: str, remedy: str | None = None) -> None:
        self.status = status
        self.detail = detail
        self.remedy = remedy
        super().__init__(detail)


def body_of(status: int, content: bytes, host: str, permission: str, scope: str) -> dict[str, Any]:
    """Return the JSON object that *host* answered with; raise :class:`Unreadable` for anything else.

    *permission* and *scope* are named where the answer is that the caller lacks them. A refusal or an absence counts
    only in the shape that Azure gives it: the error page of a proxy proves neither.
    """
    answer = _json_object(content)
    if status == HTTPStatus.OK and answer is not None:
        if any(name.encode() in content.lower() for name in _HELD):
            answer = stripped_of_held(answer)
        stripped: dict[str, Any] = stripped_of_user_info(answer) if b"@" in content else answer
        return stripped
    error = _error(answer)
    if error is None:
        kind = "something other than a JSON object" if answer is None else "an unexpected object"
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
        case HTTPStatus.NOT_FOUND if _ABSENT.search(code):
            raise Unreadable(Status.NOT_FOUND, code)
        case HTTPStatus.TOO_MANY_REQUESTS:
            raise Unreadable(Status.FAILED, f"{host} throttles ({code})", "Run again later, or with fewer targets")
        case _:
            raise Unreadable(Status.FAILED, f"{host} answered {status} {code}{message}")


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
