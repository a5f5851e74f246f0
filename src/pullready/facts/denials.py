"""Whether deny assignments take a pull away from a principal, whichever roles it has."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.clauses import Clause
from pullready.facts.deny_assignments import DenialsWire, DenyAssignment, Memberships
from pullready.facts.roles import Carried
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class Denial(msgspec.Struct, frozen=True):
    """A deny assignment that takes the pull away from a principal; ``against`` is what names it."""

    assignment: DenyAssignment
    carried: Carried
    clause: Clause | None
    against: tuple[Evidence, ...]

    def holds(self, repository: str | None) -> bool | None:
        """Say whether it counts for *repository*, or without one for all; none where that cannot be told."""
        return self.clause.holds(repository) if self.clause else True

    @property
    def not_understood(self) -> str:
        """What of the condition cannot be told, behind a colon; empty where all of it is understood."""
        why = self.clause.not_understood if self.clause else ""
        return f": {why}" if why else ""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The deny assignment, whom it is against, and what it denies."""
        named = self.assignment.evidence("/properties/denyAssignmentName", "a deny assignment at the registry or above")
        scope = self.assignment.evidence("/properties/scope", "where it denies")
        line = self.assignment.evidence(self.carried.pointer, "it denies the pull")
        if self.clause is None:
            return (named, scope, *self.against, line)
        pointer = "/properties/condition"
        if not self.assignment.wire.properties.condition:
            pointer = f"{self.carried.pointer.rpartition('/')[0].rpartition('/')[0]}/condition"
        condition = self.assignment.evidence(pointer, "the condition under which it does")
        return (named, scope, *self.against, line, condition)


class Denials(msgspec.Struct, frozen=True):
    """The deny assignments that take the pull away, why others cannot be judged, and the list that they stand in."""

    standing: tuple[Denial, ...] = ()
    obstacles: tuple[FactUnavailable, ...] = ()
    listed: Evidence | None = None

    def on(self, repository: str | None) -> Denial | None:
        """Return one that certainly counts for *repository*, or without one for every repository."""
        return next((one for one in self.standing if one.holds(repository)), None)

    def untold(self, repository: str | None) -> Denial | None:
        """Return one that may count for *repository*."""
        return next((one for one in self.standing if one.holds(repository) is None), None)


def deny_assignments(scope: Scope, registry: str) -> Iterator[DenyAssignment]:
    """Yield the deny assignments at *registry* (resource id) and above it.

    Raise :class:`FactUnavailable` where they were not read.
    """
    document = scope.document(ids.deny_assignments_at(registry))
    for index, wire in enumerate(decode(document, DenialsWire).value):
        yield DenyAssignment(document, f"/value/{index}", wire)


def denials(
    scope: Scope, registry: str, principal: str, data_action: str | None, groups: Memberships | None
) -> Denials:
    """Return what takes the pull of *registry* (resource id) away from *principal* (object id).

    Asked for is *data_action*, as a registry that grants by repository does; without one, the pull of a registry that
    does not. *groups* are those that the principal is in, or none where they are not known.
    """
    standing: list[Denial] = []
    obstacles: list[FactUnavailable] = []
    try:
        for one in deny_assignments(scope, registry):
            try:
                standing += _standing(one, registry, principal, data_action, groups)
            except FactUnavailable as why:
                obstacles.append(why)
    except FactUnavailable as why:
        return Denials(obstacles=(why,))
    listed = Fact(scope.document(ids.deny_assignments_at(registry)), "")
    return Denials(
        tuple(standing), tuple(obstacles), listed.evidence("/value", "no deny assignment takes the pull away")
    )


def _standing(
    one: DenyAssignment, registry: str, principal: str, data_action: str | None, groups: Memberships | None
) -> Iterator[Denial]:
    if not one.covers(registry):
        return
    for line, clause in one.denies(data_action):
        if against := one.against(principal, groups):
            if clause and data_action is None:
                raise _open(one, "has a condition, which Azure documents for data actions alone")
            if data_action and one.is_for_its_scope_alone:
                raise _open(one, "is for the registry and not for what is below it")
            yield Denial(one, line, clause, against)


def _open(one: DenyAssignment, why: str) -> FactUnavailable:
    return FactUnavailable(
        f"the deny assignment {one.name} {why}, so whether it takes the pull away is open",
        "Look what made it, and whether it is meant for those who pull",
        document=one.document.id,
        pointer=one.base,
    )


def groups_decide(scope: Scope, registry: str, principal: str, data_action: str | None) -> bool:
    """Say whether a deny assignment takes the pull away from *principal* or not by the groups that it is in.

    Raise :class:`FactUnavailable` where the deny assignments were not read.
    """
    for one in deny_assignments(scope, registry):
        try:
            if not one.covers(registry) or not any(True for _ in one.denies(data_action)):
                continue
        except FactUnavailable:
            continue
        try:
            one.against(principal, None)
        except FactUnavailable:
            return True
    return False
