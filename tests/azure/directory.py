"""The objects of a directory, made of what a snapshot knows: of applications, managed identities and role assignments.

An object that a snapshot asked for and did not get is gone.

Sources: https://learn.microsoft.com/graph/api/serviceprincipal-list,
https://learn.microsoft.com/graph/api/directoryobject-getbyids and
https://learn.microsoft.com/graph/filter-query-parameter
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pullready.snapshot import Document, Provider, Snapshot

Object = dict[str, Any]
_FILTERS: Final = (
    re.compile(r"(?P<field>\w+) eq '(?P<value>[^']*)'"),
    re.compile(r"(?P<field>\w+)/any\((?P<each>\w+):(?P=each) eq '(?P<value>[^']*)'\)"),
)
#: The collections, and what an object in each is.
_KINDS: Final = {
    "serviceprincipals": "#microsoft.graph.servicePrincipal",
    "applications": "#microsoft.graph.application",
    "users": "#microsoft.graph.user",
    "groups": "#microsoft.graph.group",
}


def listed(snapshot: Snapshot, id_: str) -> list[Object] | None:
    """Return the objects that *id_*, a collection with or without a filter, is answered with; none where it is none.

    A filter that is none of Graph's simple ones raises ``ValueError``.
    """
    path, _, query = id_.casefold().partition("?")
    name = path.rpartition("/")[2]
    if name == "getbyids":
        wanted = set(query.removeprefix("ids=").split(","))
        return [one for one in _objects(snapshot) if one["id"].casefold() in wanted]
    if name not in _KINDS:
        return None
    found = [one for one in _objects(snapshot) if one["@odata.type"] == _KINDS[name]]
    return [one for one in found if _fits(one, query.removeprefix("$filter="))] if query else found


def single(snapshot: Snapshot, id_: str) -> Object | None:
    """Return the object that *id_* names by its id."""
    *_, name, key = id_.casefold().split("/")
    kind = _KINDS.get(name)
    return next((one for one in _objects(snapshot) if one["@odata.type"] == kind and one["id"].casefold() == key), None)


def _fits(one: Object, condition: str) -> bool:
    match = next((match for each in _FILTERS if (match := each.fullmatch(condition))), None)
    if match is None:
        raise ValueError(condition)
    value = next((value for key, value in one.items() if key.casefold() == match["field"]), None)
    return match["value"] in [str(each).casefold() for each in (value if isinstance(value, list) else [value])]


def _objects(snapshot: Snapshot) -> list[Object]:
    """Return every object; what a document of Graph tells of one comes first."""
    found: dict[str, Object] = {}
    gone: set[str] = set()
    for document in snapshot:
        if document.provider is Provider.GRAPH:
            told = [*_told(document)]
            gone |= {*_asked(document)} - {one["id"] for one in told}
            for one in told:
                found[one["id"]] = found.get(one["id"], {}) | one
    for document in snapshot:
        for one in _principals(document.body) if document.provider is Provider.ARM else ():
            found.setdefault(one["id"], one)
    return [one for id_, one in found.items() if id_ not in gone]


def _asked(document: Document) -> list[str]:
    """Return the ids that a question for many objects names."""
    path, _, ids = document.id.partition("?ids=")
    return ids.split(",") if path.casefold().endswith("/getbyids") and document.body is not None else []


def _told(document: Document) -> Iterator[Object]:
    kind = _KINDS.get(document.id.partition("?")[0].rpartition("/")[2].casefold(), _KINDS["serviceprincipals"])
    for one in document.body["value"] if isinstance(document.body, dict) else ():
        names = {"servicePrincipalNames": [one["appId"]]} if "appId" in one else {}
        yield {"@odata.type": kind, "displayName": one["id"], **names, **one}


def _principals(body: Any) -> Iterator[Object]:
    """Yield the principals of managed identities and of role assignments, wherever they stand in *body*."""
    match body:
        case list():
            for one in body:
                yield from _principals(one)
        case dict():
            lowered: Mapping[str, Any] = {key.casefold(): value for key, value in body.items()}
            if isinstance(principal := lowered.get("principalid", lowered.get("objectid")), str):
                yield _object(principal, str(lowered.get("principaltype", "")), lowered.get("clientid"))
            for value in body.values():
                yield from _principals(value)


def _object(principal: str, type_: str, client: Any) -> Object:
    kind = _KINDS.get(f"{type_.casefold()}s", _KINDS["serviceprincipals"])
    names = {"appId": client, "servicePrincipalNames": [client]} if isinstance(client, str) else {}
    return {"@odata.type": kind, "id": principal, "displayName": principal, **names}
