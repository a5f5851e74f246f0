"""Documents of a snapshot that was made elsewhere, perhaps by hand: only what a live read would have kept stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pullready.collectors import admin_passwords, artifacts, graph, scoped_tokens
from pullready.collectors.answers import Unreadable, stripped_of_held, stripped_of_user_info
from pullready.collectors.pull_secrets import saved_flaw, saved_login
from pullready.collectors.reduction import reduce_list, reduce_object
from pullready.snapshot import Document, Provider

#: Properties that Azure takes and never answers, or answers to an operation that is never asked; in lower case.
WRITE_ONLY: Final = frozenset(
    {
        "adminpassword",
        "customdata",
        "userdata",
        "secret",
        "secrets",
        "secrettext",
        "password",
        "passwords",
        "clientsecret",
        "protectedsettings",
        "connectionstring",
        "accesstoken",
        "refreshtoken",
    }
)


def cleaned(document: Document) -> Document:
    """Return *document* without what may be a secret and is no part of what is judged; itself where nothing is."""
    body = _body(document)
    texts = {name: stripped_of_user_info(getattr(document, name)) for name in ("detail", "remedy")}
    if body == document.body and texts["detail"] == document.detail and texts["remedy"] == document.remedy:
        return document
    kept = msgspec.structs.replace(document, body=body, **texts)
    return msgspec.structs.replace(kept, lines={at: line for at, line in document.lines.items() if _is_in(kept, at)})


def _body(document: Document) -> Any:
    body = stripped_of_user_info(document.body)
    match document.provider:
        case _ if body is None:
            return None
        case Provider.GRAPH:
            return _of_graph(document.id, body)
        case Provider.MANIFEST | Provider.KUBERNETES:
            return _of_kubernetes(body)
        case Provider.REGISTRY:
            return artifacts.reduced(document.id, body)
        case Provider.ARM:
            return _of_arm(document.id, body)


def _of_arm(id_: str, body: Any) -> Any:
    if admin_passwords.is_of(id_):
        return admin_passwords.reduced(body)
    return scoped_tokens.reduced(body) if scoped_tokens.is_of(id_) else _answered(stripped_of_held(body))


def _of_graph(id_: str, body: Any) -> Any:
    try:
        return graph.reduced(id_, body)
    except (Unreadable, KeyError, AttributeError):
        return {}


def _of_kubernetes(body: Any) -> Any:
    """Return what is kept of an object or a list; what a pull secret was reduced to is not in its object any more."""
    if not isinstance(body, dict):
        return {}
    if isinstance(body.get("items"), list) and isinstance(body.get("kind"), str):
        items = [_of_kubernetes(item) for item in body["items"]]
        return {**(reduce_object({**body, "items": []}) or {}), "items": items} if _own_kinds(body) else _listed(body)
    kept = reduce_object(body) or {}
    if body.get("kind") == "Secret":
        kept = {**kept, **_logins(body)}
    return kept


def _own_kinds(body: Mapping[str, Any]) -> bool:
    return all(isinstance(item, dict) and "kind" in item for item in body["items"])


def _listed(body: Mapping[str, Any]) -> Any:
    try:
        return reduce_list(body)
    except (KeyError, TypeError):
        return {}


def _logins(reduced: Mapping[str, Any]) -> dict[str, Any]:
    kept = saved_flaw(reduced)
    if isinstance(logins := reduced.get("registries"), list):
        kept["registries"] = [saved_login(one) for one in logins if isinstance(one, dict)]
    return kept


def _answered(value: Any) -> Any:
    match value:
        case dict():
            return {key: _answered(one) for key, one in value.items() if key.casefold() not in WRITE_ONLY}
        case list():
            return [_answered(one) for one in value]
        case _:
            return value


def _is_in(document: Document, pointer: str) -> bool:
    try:
        document.at(pointer)
    except KeyError:
        return False
    return True
