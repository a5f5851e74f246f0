"""What is kept of the passwords of a registry's admin user: a hash of each, made before anything else sees them.

Source: https://learn.microsoft.com/rest/api/containerregistry/registries/list-credentials
"""

from __future__ import annotations

from typing import Any, Final

from pullready.collectors import keyed

#: The operation, as the last segment of a document's id; Azure takes it as a POST and changes nothing.
OPERATION: Final = "/listcredentials"


def is_of(id_: str) -> bool:
    """Say whether *id_* is the answer to the operation."""
    return id_.casefold().endswith(OPERATION)


def reduced(body: Any) -> dict[str, Any]:
    """Return the user name, and of each password its name and a hash; what an earlier run kept stays."""
    if not isinstance(body, dict):
        return {}
    kept: dict[str, Any] = {"username": body["username"]} if isinstance(body.get("username"), str) else {}
    entries = body.get("passwords", body.get("logins"))
    return {**kept, "logins": [_login(one) for one in entries]} if isinstance(entries, list) else kept


def _login(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {}
    name = {"name": entry["name"]} if entry.get("name") in ("password", "password2") else {}
    value = entry.get("value")
    return {**name, **({"keyedPassword": keyed.keyed(value)} if isinstance(value, str) else keyed.kept(entry))}
