"""Role assignments and role definitions, as ``Microsoft.Authorization`` answers them.

Sources: https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope and
https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import Fact

#: What lets a principal pull from a registry that does not grant by repository.
PULL_ACTION: Final = "Microsoft.ContainerRegistry/registries/pull/read"
#: The data actions that let a principal pull from a repository of one that does, and look at its tags.
READ_CONTENT: Final = "Microsoft.ContainerRegistry/registries/repositories/content/read"
READ_METADATA: Final = "Microsoft.ContainerRegistry/registries/repositories/metadata/read"
#: What lets a principal pull what is in quarantine; which of the two counts where, is not documented.
READ_QUARANTINE: Final = "Microsoft.ContainerRegistry/registries/quarantine/read"
READ_QUARANTINED: Final = "Microsoft.ContainerRegistry/registries/quarantinedArtifacts/read"
_MANAGEMENT_GROUP: Final = "/providers/microsoft.management/managementgroups/"
#: The pointer of a block's patterns, the patterns, and those that take away.
_Block = tuple[str, Sequence[str], Sequence[str]]


class _AssignmentProperties(Struct, frozen=True):
    roleDefinitionId: str | UnsetType | None = UNSET
    principalId: str | UnsetType | None = UNSET
    principalType: str | UnsetType | None = UNSET
    scope: str | UnsetType | None = UNSET
    condition: str | UnsetType | None = UNSET
    conditionVersion: str | UnsetType | None = UNSET


class AssignmentWire(Struct, frozen=True):
    """A role assignment."""

    properties: _AssignmentProperties
    id: str | UnsetType | None = UNSET


class AssignmentsWire(Struct, frozen=True):
    """A list of role assignments."""

    value: list[AssignmentWire]


class Permission(Struct, frozen=True):
    """A block of a role or a deny assignment: patterns of actions, and those that take away from them."""

    actions: list[str] | UnsetType | None = UNSET
    notActions: list[str] | UnsetType | None = UNSET
    dataActions: list[str] | UnsetType | None = UNSET
    notDataActions: list[str] | UnsetType | None = UNSET


class _DefinitionProperties(Struct, frozen=True):
    roleName: str | UnsetType | None = UNSET
    type: str | UnsetType | None = UNSET
    permissions: list[Permission] | UnsetType | None = UNSET


class DefinitionWire(Struct, frozen=True):
    """A role definition."""

    properties: _DefinitionProperties


class RoleAssignment(Fact, frozen=True):
    """A role assignment; ``base`` points at it in the list that was read at the registry."""

    wire: AssignmentWire

    @property
    def principal(self) -> str:
        """The object id of whom the role is assigned to, in lower case."""
        return self.require(self.wire.properties.principalId, "/properties/principalId").lower()

    @property
    def id(self) -> str | None:
        """The assignment's own resource id, if the answer has it."""
        return self.wire.id or None

    @property
    def kind(self) -> str:
        """The type of the principal in lower case; empty where it is not given."""
        return (self.wire.properties.principalType or "").lower()

    @property
    def scope(self) -> str:
        """Where the role is assigned."""
        return self.require(self.wire.properties.scope, "/properties/scope")

    @property
    def may_be_for_group(self) -> bool:
        """Whether the principal is a group, or may be one because its type is not given."""
        return not self.kind or "group" in self.kind

    @property
    def role(self) -> str:
        """The id of the role definition."""
        return self.require(self.wire.properties.roleDefinitionId, "/properties/roleDefinitionId")

    @property
    def condition(self) -> str | None:
        """The condition of the assignment, if it has one."""
        return self.wire.properties.condition or None

    @property
    def condition_version(self) -> str | None:
        """The version of the condition's syntax, where it is given."""
        return self.wire.properties.conditionVersion or None

    def covers(self, resource: str) -> bool:
        """Say whether the assignment's scope is *resource* or contains it."""
        return reaches(self.scope, resource)

    def is_below(self, resource: str) -> bool:
        """Say whether the assignment's scope is something in *resource*, such as a repository of a registry."""
        scope = self.require(self.wire.properties.scope, "/properties/scope").casefold()
        return scope.startswith(f"{resource.casefold()}/")


class Carried(msgspec.Struct, frozen=True):
    """Where a role carries an action: the pattern in its definition, and whether it names the action in full."""

    pointer: str
    pattern: str
    is_literal: bool


class RoleDefinition(Fact, frozen=True):
    """A built-in or custom role."""

    wire: DefinitionWire

    @property
    def name(self) -> str:
        """The role's name, or the GUID where the answer has no name."""
        return self.wire.properties.roleName or ids.name_of(self.document.id)

    @property
    def is_custom(self) -> bool:
        """Whether somebody of the tenant made the role."""
        return self.require(self.wire.properties.type, "/properties/type").lower() == "customrole"

    def carries(self, action: str) -> Carried | None:
        """Return where the role carries *action*, in full rather than by a wildcard; none where it does not.

        ``notActions`` take away from the ``actions`` beside them and from no other block. Azure documents ``actions``
        as always there and ``notActions`` as optional.
        """
        return carried(self._actions(), action)

    def carries_data(self, action: str) -> Carried | None:
        """Return where the role carries the data action *action*, as :meth:`carries` does.

        Azure documents ``dataActions`` and ``notDataActions`` as optional.
        """
        return carried(self._data_actions(), action)

    def _actions(self) -> Iterator[_Block]:
        for block, permission in enumerate(self._permissions):
            pointer = f"/properties/permissions/{block}/actions"
            yield pointer, self.require(permission.actions, pointer), permission.notActions or ()

    def _data_actions(self) -> Iterator[_Block]:
        for block, permission in enumerate(self._permissions):
            pointer = f"/properties/permissions/{block}/dataActions"
            yield pointer, permission.dataActions or (), permission.notDataActions or ()

    @property
    def _permissions(self) -> list[Permission]:
        return self.require(self.wire.properties.permissions, "/properties/permissions")


def reaches(scope: str, resource: str) -> bool:
    """Say whether *scope*, that of an assignment, is *resource* or contains it.

    Azure lists an assignment at a management group only to what is below that group, so any such group contains it.
    """
    above = scope.rstrip("/").casefold()
    return f"{resource.casefold()}/".startswith(f"{above}/") or above.startswith(_MANAGEMENT_GROUP)


def carried(blocks: Iterable[_Block], action: str) -> Carried | None:
    """Return the first pattern of *blocks* that names *action*, in full rather than by a wildcard."""
    by_wildcard = None
    for pointer, patterns, taken_away in blocks:
        if any(matches(pattern, action) for pattern in taken_away):
            continue
        for index, pattern in enumerate(patterns):
            if pattern.casefold() == action.casefold():
                return Carried(f"{pointer}/{index}", pattern, is_literal=True)
            if by_wildcard is None and matches(pattern, action):
                by_wildcard = Carried(f"{pointer}/{index}", pattern, is_literal=False)
    return by_wildcard


def matches(pattern: str, action: str) -> bool:
    """Say whether *pattern*, in which each ``*`` stands for any characters, names *action*."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, action, re.IGNORECASE) is not None
