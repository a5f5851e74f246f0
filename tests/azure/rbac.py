"""Azure RBAC on the caller: what a role assignment lets it read, and what a list leaves out without a word.

Source: https://learn.microsoft.com/azure/role-based-access-control/overview
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

#: What is asked by POST, or as part of a resource, and is allowed by an action of another name than its path has.
_OPERATIONS: Final = {
    "microsoft.containerregistry/checknameavailability": "read",
    "microsoft.resourcegraph/resources": "read",
}
_LISTED: Final = re.compile(
    r"^/subscriptions/[^/]+(/resourcegroups/[^/]+)?/(providers/[^/]+/[^/]+|resources)$|^/subscriptions/[^/]+/resourcegroups$"
)
#: What everyone may ask for, and is told as much of as concerns the one who asks.
_OPEN: Final = ("/subscriptions", "/tenants")


@dataclass(frozen=True)
class Grant:
    """A role assignment: what *principal* may do at *scope* and below."""

    principal: str
    scope: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, principal: str, action: str, path: str) -> bool:
        """Say whether this lets *principal* take *action* at *path*."""
        below = path.casefold() == self.scope.casefold() or path.casefold().startswith(self.scope.casefold() + "/")
        return (
            self.principal == principal
            and (below or self.scope == "/")
            and any(_matches(one, action) for one in self.actions)
            and not any(_matches(one, action) for one in self.not_actions)
        )


def action_of(method: str, path: str) -> str:
    """Return the action that a request takes."""
    type_ = resource_type(path)
    last = _OPERATIONS.get(type_.casefold(), "read" if method == "GET" else "action")
    return f"{type_}/{last}"


def resource_type(path: str) -> str:
    """Return the resource type that a path names, as it is spelt there."""
    before, found, after = path.rpartition("/providers/")
    if not found:
        depth = len([one for one in before.split("/") if one] or path.strip("/").split("/"))
        return "Microsoft.Resources/subscriptions" + ("/resourceGroups" if depth > 2 else "")
    namespace, *rest = after.split("/")
    return "/".join([namespace, *rest[::2]])


def scope_of(path: str) -> str:
    """Return where an action on *path* must be granted."""
    before, _, after = path.rpartition("/providers/")
    segments = after.split("/")
    if len(segments) % 2:
        return path
    if len(segments) == 2:
        return before or "/"
    return path.rpartition("/")[0]


def is_filtered(path: str) -> bool:
    """Say whether *path* is a list from which what the caller may not read is left out."""
    return _LISTED.match(path.casefold()) is not None


def is_open(path: str) -> bool:
    """Say whether *path* is a list that no permission is needed for."""
    return path.casefold() in _OPEN


def sees(grants: Iterable[Grant], principal: str, id_: str) -> bool:
    """Say whether *grants* let *principal* see *id_* in a list: a subscription, with any role in it or above it."""
    if id_.count("/") > 2:
        return any(grant.allows(principal, action_of("GET", id_), id_) for grant in grants)
    scopes = [one.scope.casefold() for one in grants if one.principal == principal]
    return id_.startswith("/tenants/") or any(
        scope == "/" or f"{scope}/".startswith(f"{id_}/".casefold()) for scope in scopes
    )


def effective(grants: Iterable[Grant], principal: str, scope: str) -> list[dict[str, Any]]:
    """Return what *principal* may do at *scope*, in the shape of ``Microsoft.Authorization/permissions``."""
    return [
        {"actions": [*one.actions], "notActions": [*one.not_actions], "dataActions": [], "notDataActions": []}
        for one in grants
        if one.principal == principal
        and (one.scope == "/" or f"{scope}/".casefold().startswith(one.scope.casefold() + "/"))
    ]


def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE) is not None
