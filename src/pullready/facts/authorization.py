"""Which roles let a principal pull from a registry: its own, and those of the groups that it is in.

Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.roles import PULL_ACTION, AssignmentsWire, Carried, DefinitionWire, RoleAssignment, RoleDefinition
from pullready.facts.scope import Scope
from pullready.snapshot import Provider
from pullready.verdict import Evidence


class _Member(Struct, frozen=True):
    id: str


class Members(Struct, frozen=True):
    """A list of directory objects, each with its object id."""

    value: list[_Member]


@dataclass(frozen=True)
class Grant:
    """An assignment of a role that carries the pull; ``membership`` where it reaches the principal through a group."""

    assignment: RoleAssignment
    definition: RoleDefinition
    carried: Carried
    membership: Evidence | None = None

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether a custom role carries the pull by a wildcard alone, which Azure documents not to do.

        Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-custom-roles
        """
        return not self.carried.is_literal and self.definition.is_custom

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The assignment, the membership where there is one, and the line of the role."""
        given = self.assignment.evidence("/properties/principalId", f"who has the role {self.definition.name}")
        scope = self.assignment.evidence("/properties/scope", "where the role is assigned: at the registry or above")
        how = "names the pull" if self.carried.is_literal else "covers the pull by a wildcard"
        line = self.definition.evidence(self.carried.pointer, f"the role {self.definition.name} {how}")
        found = (given, scope, *((self.membership,) if self.membership else ()), line)
        if self.assignment.condition is None:
            return found
        return (
            *found,
            self.assignment.evidence("/properties/condition", "conditions do not count in this registry's role mode"),
        )


@dataclass(frozen=True)
class Roles:
    """What some assignments come to: those that carry the pull, those that do not, and why others cannot be judged."""

    grants: tuple[Grant, ...] = ()
    others: tuple[RoleDefinition, ...] = ()
    obstacles: tuple[FactUnavailable, ...] = ()

    @property
    def sound(self) -> Grant | None:
        """A grant that leaves no doubt."""
        return next((grant for grant in self.grants if not grant.is_doubtful), None)

    def __add__(self, more: Roles) -> Roles:
        return Roles(self.grants + more.grants, self.others + more.others, self.obstacles + more.obstacles)


@dataclass(frozen=True)
class Candidates:
    """The assignments at a registry or above that may be a principal's: its own, and those of groups."""

    own: list[RoleAssignment] = field(default_factory=list)
    groups: list[RoleAssignment] = field(default_factory=list)
    obstacles: list[FactUnavailable] = field(default_factory=list)


def candidates(scope: Scope, registry: str, principal: str) -> Candidates:
    """Return the assignments that may let *principal* (object id) pull from *registry* (resource id).

    Raise :class:`FactUnavailable` where the list of assignments was not read.
    """
    document = scope.document(ids.role_assignments_at(registry))
    sorted_ = Candidates()
    for index, wire in enumerate(decode(document, AssignmentsWire).value):
        assignment = RoleAssignment(document, f"/value/{index}", wire)
        try:
            if not assignment.covers(registry):
                continue
            if assignment.principal == principal.lower():
                sorted_.own.append(assignment)
            elif assignment.may_be_for_group:
                sorted_.groups.append(assignment)
        except FactUnavailable as why:
            sorted_.obstacles.append(why)
    return sorted_


def weigh(scope: Scope, assignments: Iterable[RoleAssignment], memberships: Mapping[str, Evidence]) -> Roles:
    """Return what *assignments* come to; *memberships* are by the groups' object ids in lower case."""
    grants: list[Grant] = []
    others: list[RoleDefinition] = []
    obstacles: list[FactUnavailable] = []
    for assignment in assignments:
        try:
            document = scope.document(assignment.role)
            definition = RoleDefinition(document, "", decode(document, DefinitionWire))
            carried = definition.carries(PULL_ACTION)
            if carried is None:
                others.append(definition)
                continue
            grant = Grant(assignment, definition, carried, memberships.get(assignment.principal))
            _ = grant.is_doubtful  # it is an obstacle, too, if this cannot be said
            grants.append(grant)
        except FactUnavailable as why:
            obstacles.append(why)
    return Roles(tuple(grants), tuple(others), tuple(obstacles))


def definitions_needed(scope: Scope, registry: str, principal: str) -> tuple[str, ...]:
    """Return the ids of the role definitions that decide whether *principal* may pull, each once, without case.

    Needs the list of role assignments in *scope*; raise :class:`FactUnavailable` where it was not read.
    """
    sorted_ = candidates(scope, registry, principal)
    needed: dict[str, str] = {}
    for assignment in (*sorted_.own, *sorted_.groups):
        if role := assignment.wire.properties.roleDefinitionId:
            needed.setdefault(role.casefold(), role)
    return tuple(needed.values())


def memberships_matter(scope: Scope, registry: str, principal: str) -> bool:
    """Say whether the groups of *principal* must be known: none of its own roles decides, and some group's role may.

    Needs the list of role assignments and :func:`definitions_needed` in *scope*; raise :class:`FactUnavailable` where
    the list was not read.
    """
    sorted_ = candidates(scope, registry, principal)
    return _groups_matter(scope, sorted_, weigh(scope, sorted_.own, {}))


def _groups_matter(scope: Scope, sorted_: Candidates, own: Roles) -> bool:
    if own.sound:
        return False
    through_groups = weigh(scope, sorted_.groups, {})
    return bool(through_groups.grants or through_groups.obstacles)


def memberships(scope: Scope, principal: str) -> dict[str, Evidence]:
    """Return the groups (object ids in lower case) that *principal* is in, directly or not, each with evidence."""
    document = scope.document(ids.groups_of(principal, scope.target.tenant), Provider.GRAPH)
    return {
        member.id.lower(): Fact(document, f"/value/{index}").evidence("/id", f"a group that {principal} is a member of")
        for index, member in enumerate(decode(document, Members).value)
    }


def pull_roles(scope: Scope, registry: str, principal: str) -> Roles:
    """Return the roles that *principal* (object id) has at *registry* (resource id), its own and through groups.

    Raise :class:`FactUnavailable` where the list of role assignments was not read.
    """
    sorted_ = candidates(scope, registry, principal)
    own = weigh(scope, sorted_.own, {}) + Roles(obstacles=tuple(sorted_.obstacles))
    if not _groups_matter(scope, sorted_, own):
        return own
    try:
        groups = memberships(scope, principal)
    except FactUnavailable as why:
        return own + Roles(obstacles=(why,))
    return own + weigh(scope, [one for one in sorted_.groups if one.principal in groups], groups)
