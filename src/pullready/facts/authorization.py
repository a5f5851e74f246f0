"""Which roles let a principal pull from a registry: its own, and those of the groups that it is in.

Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec
from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.clauses import Clause
from pullready.facts.denials import groups_decide
from pullready.facts.roles import (
    PULL_ACTION,
    READ_CONTENT,
    READ_METADATA,
    AssignmentsWire,
    Carried,
    DefinitionWire,
    RoleAssignment,
    RoleDefinition,
)
from pullready.facts.scope import Scope
from pullready.snapshot import Provider
from pullready.verdict import Evidence


class _Member(Struct, frozen=True):
    id: str


class Members(Struct, frozen=True):
    """A list of directory objects, each with its object id."""

    value: list[_Member]


class Grant(msgspec.Struct, frozen=True, dict=True):
    """An assignment of a role that carries the pull; ``membership`` where it reaches the principal through a group.

    ``data_action`` is what the role carries among its data actions, at a registry that grants by repository; elsewhere
    there is none, and conditions do not count.
    """

    assignment: RoleAssignment
    definition: RoleDefinition
    carried: Carried
    membership: Evidence | None = None
    data_action: str | None = None

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether a custom role carries the pull by a wildcard alone, which Azure documents not to do.

        Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-custom-roles
        """
        return not self.carried.is_literal and self.definition.is_custom

    @property
    def is_conditional(self) -> bool:
        """Whether the assignment has a condition that counts."""
        return self.data_action is not None and self.assignment.condition is not None

    @cached_property
    def _clause(self) -> Clause | None:
        """The condition, at a registry where conditions count."""
        if self.data_action is None:
            return None
        return Clause(self.assignment.condition, self.assignment.condition_version, self.data_action)

    def holds(self, repository: str | None) -> bool | None:
        """Say whether it reaches *repository*, or without one every repository; none where that cannot be told."""
        return self._clause.holds(repository) if self._clause else True

    @property
    def not_understood(self) -> str:
        """What of the condition cannot be told, quoted; empty where all of it is understood."""
        return self._clause.not_understood if self._clause else ""

    def evidence(self, repository: str | None) -> tuple[Evidence, ...]:
        """Return the assignment, the membership where there is one, the line of the role, and what its condition says.

        That is asked for *repository*, as in :meth:`holds`.
        """
        given = self.assignment.evidence("/properties/principalId", f"who has the role {self.definition.name}")
        scope = self.assignment.evidence("/properties/scope", "where the role is assigned: at the registry or above")
        how = "names the pull" if self.carried.is_literal else "covers the pull by a wildcard"
        line = self.definition.evidence(self.carried.pointer, f"the role {self.definition.name} {how}")
        named = (self.assignment.evidence("/id", "the assignment"),) if self.assignment.id else ()
        found = (*named, given, scope, *((self.membership,) if self.membership else ()), line)
        if self.assignment.condition is None:
            return found
        return (*found, self.assignment.evidence("/properties/condition", self._says_condition(repository)))

    def _says_condition(self, repository: str | None) -> str:
        if not self.is_conditional:
            return "conditions do not count in this registry's role mode"
        value = {True: "holds", False: "does not hold", None: "cannot be told to hold"}[self.holds(repository)]
        return f"the condition under which the role counts, which {value} for {repository or 'any repository'}"


class Roles(msgspec.Struct, frozen=True):
    """What some assignments come to: those that carry the pull, those that do not, and why others cannot be judged."""

    grants: tuple[Grant, ...] = ()
    others: tuple[RoleDefinition, ...] = ()
    obstacles: tuple[FactUnavailable, ...] = ()

    @property
    def sound(self) -> Grant | None:
        """A grant that leaves no doubt and reaches every repository."""
        return self.sound_for(None)

    def sound_for(self, repository: str | None) -> Grant | None:
        """Return a grant that leaves no doubt and reaches *repository*, or without one every repository."""
        return next((one for one in self.grants if not one.is_doubtful and one.holds(repository)), None)

    def __add__(self, more: Roles) -> Roles:
        return Roles(self.grants + more.grants, self.others + more.others, self.obstacles + more.obstacles)


class Candidates(msgspec.Struct, frozen=True):
    """The assignments at a registry or above that may be a principal's: its own, and those of groups.

    ``below`` are its own at something in the registry.
    """

    own: list[RoleAssignment] = msgspec.field(default_factory=list)
    groups: list[RoleAssignment] = msgspec.field(default_factory=list)
    below: list[RoleAssignment] = msgspec.field(default_factory=list)
    obstacles: list[FactUnavailable] = msgspec.field(default_factory=list)


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
                if assignment.is_below(registry) and assignment.principal == principal.lower():
                    sorted_.below.append(assignment)
                continue
            if assignment.principal == principal.lower():
                sorted_.own.append(assignment)
            elif assignment.may_be_for_group:
                sorted_.groups.append(assignment)
        except FactUnavailable as why:
            sorted_.obstacles.append(why)
    return sorted_


def weigh(
    scope: Scope,
    assignments: Iterable[RoleAssignment],
    memberships: Mapping[str, Evidence],
    data_action: str | None,
) -> Roles:
    """Return what *assignments* come to; *memberships* are by the groups' object ids in lower case.

    *data_action* is as in :func:`pull_roles`.
    """
    grants: list[Grant] = []
    others: list[RoleDefinition] = []
    obstacles: list[FactUnavailable] = []
    for assignment in assignments:
        try:
            document = scope.document(assignment.role)
            definition = RoleDefinition(document, "", decode(document, DefinitionWire))
            carried = definition.carries_data(data_action) if data_action else definition.carries(PULL_ACTION)
            if carried is None:
                others.append(definition)
                continue
            grant = Grant(assignment, definition, carried, memberships.get(assignment.principal), data_action)
            _ = grant.is_doubtful  # it is an obstacle, too, if this cannot be said
            grants.append(grant)
        except FactUnavailable as why:
            obstacles.append(why)
    return Roles(tuple(grants), tuple(others), tuple(obstacles))


def _below(assignment: RoleAssignment) -> FactUnavailable:
    """Say why it is open what an assignment at a repository does: Azure's articles say both that it counts and not."""
    return FactUnavailable(
        f"a role is assigned below the registry, at {assignment.wire.properties.scope}, and whether it counts is open",
        "Assign it at the registry, under a condition that names the repository",
        document=assignment.document.id,
        pointer=f"{assignment.base}/properties/scope",
    )


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


def memberships_matter(scope: Scope, registry: str, principal: str, *, by_repository: bool) -> bool:
    """Say whether the groups of *principal* must be known: none of its own roles decides, and some group's role may.

    *by_repository* says how the registry grants. Needs the list of role assignments and :func:`definitions_needed` in
    *scope*; raise :class:`FactUnavailable` where the list was not read.
    """
    sorted_ = candidates(scope, registry, principal)
    asked = (READ_CONTENT, READ_METADATA) if by_repository else (None,)
    return any(_decided_by_groups(scope, registry, principal, sorted_, one) for one in asked)


def _decided_by_groups(
    scope: Scope, registry: str, principal: str, sorted_: Candidates, data_action: str | None
) -> bool:
    own = weigh(scope, sorted_.own, {}, data_action)
    if _groups_matter(scope, sorted_, own, data_action):
        return True
    try:
        return bool(own.grants) and groups_decide(scope, registry, principal, data_action)
    except FactUnavailable:  # of the deny assignments: the right itself says so
        return False


def _groups_matter(scope: Scope, sorted_: Candidates, own: Roles, data_action: str | None) -> bool:
    if own.sound:
        return False
    through_groups = weigh(scope, sorted_.groups, {}, data_action)
    return bool(through_groups.grants or through_groups.obstacles)


def memberships(scope: Scope, principal: str) -> dict[str, Evidence]:
    """Return the groups (object ids in lower case) that *principal* is in, directly or not, each with evidence."""
    document = scope.document(ids.groups_of(principal, scope.target.tenant), Provider.GRAPH)
    return {
        member.id.lower(): Fact(document, f"/value/{index}").evidence("/id", f"a group that {principal} is a member of")
        for index, member in enumerate(decode(document, Members).value)
    }


def pull_roles(scope: Scope, registry: str, principal: str, data_action: str | None) -> Roles:
    """Return the roles that *principal* (object id) has at *registry* (resource id), its own and through groups.

    Asked for is *data_action*, as a registry that grants by repository does; without one, the pull of a registry that
    does not. Raise :class:`FactUnavailable` where the list of role assignments was not read.
    """
    sorted_ = candidates(scope, registry, principal)
    own = weigh(scope, sorted_.own, {}, data_action) + Roles(obstacles=tuple(sorted_.obstacles))
    if data_action:
        own += Roles(obstacles=tuple(map(_below, sorted_.below)))
    if not _groups_matter(scope, sorted_, own, data_action):
        return own
    try:
        groups = memberships(scope, principal)
    except FactUnavailable as why:
        return own + Roles(obstacles=(why,))
    return own + weigh(scope, [one for one in sorted_.groups if one.principal in groups], groups, data_action)
