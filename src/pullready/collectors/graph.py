"""What is read of Microsoft Graph: only the fields that a fact uses, and of secrets their dates and a hash.

People write secrets into the display names of secrets, and Graph answers the first characters of each as its hint.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from pullready.collectors import keyed
from pullready.collectors.answers import Unreadable
from pullready.snapshot import Status

PREFIX: Final = "graph:"
#: The application permissions.
APPLICATIONS: Final = "Application.Read.All"
OBJECTS: Final = "Directory.Read.All"
_MOST_AT_ONCE: Final = 999
#: What is asked by a POST.
_QUESTION: Final = "getbyids"
#: The fields that are asked for and kept, by the last segment of the path.
FIELDS: Final = {
    "serviceprincipals": ("id", "appId", "accountEnabled", "appOwnerOrganizationId", "passwordCredentials"),
    "applications": ("id", "appId", "passwordCredentials"),
    "transitivememberof": ("id",),
    "getbyids": ("id",),
}
_SECRET_FIELDS: Final = ("keyId", "startDateTime", "endDateTime")


def path_of(id_: str) -> str:
    """Return path and query of the request that reads the document *id_*."""
    path, _, query = id_.partition("?")
    path = path[path.index("/") :]  # without the tenant
    if _kind(id_) == _QUESTION:
        return quote(path)
    fields = ",".join(FIELDS[_kind(id_)])
    most = f"&$top={_MOST_AT_ONCE}" if _kind(id_) == "transitivememberof" else ""
    asked = f"{quote(query, safe='$=')}&" if query else ""
    return f"{quote(path)}?{asked}$select={fields}{most}"


def json_of(id_: str) -> dict[str, Any] | None:
    """Return the body of the request that reads the document *id_*, where that is a POST; it changes nothing."""
    if _kind(id_) != _QUESTION:
        return None
    return {"ids": id_.partition("?ids=")[2].split(",")}


def permission_of(id_: str) -> str:
    """Return the application permission without which Graph does not answer *id_*."""
    return OBJECTS if _kind(id_) == _QUESTION else APPLICATIONS


def reduced(id_: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return *body*, the list that *id_* was answered with, with the fields that were asked for and no other."""
    values = body.get("value")
    if not isinstance(values, list):
        raise Unreadable(Status.FAILED, "Microsoft Graph answered with something other than a list", "Run again")
    return {"value": [_entity(one, FIELDS[_kind(id_)]) for one in values if isinstance(one, dict)]}


def _kind(id_: str) -> str:
    return id_.partition("?")[0].rpartition("/")[2].casefold()


def _entity(entity: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    kept = {field: entity[field] for field in ("@odata.type", *fields) if field in entity}
    secrets = kept.get("passwordCredentials")
    if isinstance(secrets, list):
        kept["passwordCredentials"] = [
            {field: secret[field] for field in _SECRET_FIELDS if field in secret} | _hint(secret)
            for secret in secrets
            if isinstance(secret, dict)
        ]
    return kept


def _hint(secret: dict[str, Any]) -> dict[str, str]:
    """Return a hash of the hint, by which it can be compared with a pull secret; one that was kept before stays."""
    hint = secret.get("hint")
    return {"keyedHint": keyed.keyed(hint)} if isinstance(hint, str) and hint else keyed.kept(secret)
