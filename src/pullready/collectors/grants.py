"""Whether a list is whole: Azure leaves out of it, without a word, what the caller may not read.

Where the caller may read a type across all of a subscription or resource group, nothing is left out; what it may do
there Azure tells. Source: https://learn.microsoft.com/rest/api/authorization/permissions
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pullready.collectors.answers import Unreadable
from pullready.facts.roles import carried
from pullready.snapshot import Status

PERMISSION: Final = "Microsoft.Authorization/permissions/read"
_LISTED: Final = re.compile(r"((/subscriptions/[^/]+)(?:/resourcegroups/[^/]+)?)/providers/[^/]+/[^/?]+", re.IGNORECASE)
#: What belongs to the subscription itself and is listed whole or not at all.
_OFFERS: Final = ("/providers/microsoft.compute/skus", "/providers/microsoft.containerregistry/checknameavailability")


def scopes_listed(id_: str) -> tuple[str, ...]:
    """Return where it would do to be allowed to read, for the list *id_* to be whole: the widest scope first.

    That is nowhere for what is no list of resources in a subscription or resource group.
    """
    path = id_.partition("?")[0]
    listed = _LISTED.fullmatch(path)
    if listed is None or path.casefold().endswith(_OFFERS):
        return ()
    return tuple(dict.fromkeys((listed[2], listed[1])))


def permissions_at(scope: str) -> str:
    """Return the id of Azure's answer to what the caller may do at *scope*."""
    return f"{scope}/providers/Microsoft.Authorization/permissions"


def allows(body: Mapping[str, Any], action: str) -> bool:
    """Say whether *body*, what the caller may do, has *action*; a role takes away only from what it grants itself."""
    listed = body.get("value")
    roles = [role for role in listed if isinstance(role, dict)] if isinstance(listed, list) else []
    blocks = (("", _texts(role.get("actions")), role.get("notActions")) for role in roles)
    return carried(((at, given, _texts(taken)) for at, given, taken in blocks if _is_list(taken)), action) is not None


def partial(action: str, scope: str, why: Unreadable | None) -> Unreadable:
    """Return why a list at *scope* counts as not read: *action* is not granted there, or *why* that cannot be told."""
    if why is not None and why.status is not Status.FORBIDDEN:
        return why
    wanted = f"{action} and {PERMISSION}" if why else action
    granted = "are not known to be granted" if why else "is not granted"
    return Unreadable(
        Status.FORBIDDEN,
        f"{wanted} {granted} at {scope}, so that Azure may leave out of the list what may not be read",
        f"Grant {wanted} at {scope} (docs/permissions.md), then run again",
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _is_list(value: object) -> bool:
    """Say whether *value* is a list of what is taken away; Azure documents that it may be absent."""
    return value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))
