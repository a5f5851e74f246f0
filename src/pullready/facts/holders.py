"""Who else may pull from a registry by a role of its own, where the principal that kubelet pulls as may not.

Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids
"""

from __future__ import annotations

from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.authorization import Grant, Members, Roles, pull_roles, weigh
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.pull_rights import PullRight
from pullready.facts.registry import Registry
from pullready.facts.roles import AssignmentsWire, RoleAssignment
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Document, Provider
from pullready.verdict import Evidence

#: What Azure may call a principal that kubelet can pull as; the type of one that is gone may be unknown.
_TYPES: Final = frozenset({"", "unknown", "serviceprincipal"})


class Holders(msgspec.Struct, frozen=True):
    """A pull right, and the roles of others that carry the pull at its registry; none where it is not missing."""

    right: PullRight
    roles: Roles
    directory: Document

    @property
    def subject(self) -> str:
        """The subject of the pull right."""
        return self.right.subject

    @property
    def listed(self) -> Evidence:
        """Which of the principals exist."""
        return Fact(self.directory, "").evidence("/value", "which of the principals that were asked for exist")

    @property
    def gone(self) -> tuple[Grant, ...]:
        """The roles whose holder does not exist any more.

        Raise :class:`FactUnavailable` where that was not read, or the answer does not know the puller itself: then it
        is that of another tenant, or of somebody who is shown too little.
        """
        there = {one.id.lower() for one in decode(self.directory, Members).value}
        puller = self.right.held.puller.object_id
        if puller.lower() not in there:
            raise FactUnavailable(
                f"Microsoft Graph does not know {puller} either, which kubelet pulls with",
                "Look whether the identity was deleted, and whether tenant: in pullready.yaml is the cluster's",
                document=self.directory.id,
                pointer="/value",
            )
        return tuple(grant for grant in self.roles.grants if grant.assignment.principal not in there)


def lacks_pull(scope: Scope, registry: Registry, principal: str) -> bool:
    """Say whether it is certain that no role lets *principal* (object id) pull from *registry*, and one should.

    Raise :class:`FactUnavailable` where that was not read.
    """
    if registry.pulls_anonymously or registry.grants_by_repository:
        return False
    roles = pull_roles(scope, registry.id, principal, None)
    return not roles.grants and not roles.obstacles


def roles_held(scope: Scope, registry: str) -> Roles:
    """Return what the roles come to that principals of kubelet's kind have at *registry*, where meant for pulling.

    Of roles that reach far beyond registries, only those that are assigned at *registry* itself count: an owner of the
    subscription who is gone says nothing of this cluster.
    """
    roles = weigh(scope, assignments_held(scope, registry), {}, None)
    meant = [one for one in roles.grants if one.carried.is_literal or ids.same(one.assignment.scope, registry)]
    return Roles(tuple(meant), roles.others, roles.obstacles)


def assignments_held(scope: Scope, registry: str) -> tuple[RoleAssignment, ...]:
    """Return the assignments at *registry* or above it to principals that kubelet may have pulled as before."""
    document = scope.document(ids.role_assignments_at(registry))
    found = (
        RoleAssignment(document, f"/value/{index}", wire)
        for index, wire in enumerate(decode(document, AssignmentsWire).value)
    )
    return tuple(one for one in found if one.kind in _TYPES and one.covers(registry))


def directory_of(scope: Scope, roles: Roles, principal: str) -> str:
    """Return the id of the answer to which of the holders of *roles*, and *principal* itself, exist."""
    asked = {grant.assignment.principal for grant in roles.grants} | {principal.lower()}
    return ids.directory_objects(sorted(asked), scope.target.tenant)


@fact(Need.PRINCIPALS)
def holders(scope: Scope, pull_rights: tuple[PullRight | Unread, ...]) -> tuple[Holders | Unread, ...]:
    """Return, for each pull right, who else may pull."""
    return tuple(one if isinstance(one, Unread) else _holders(scope, one) for one in pull_rights)


def _holders(scope: Scope, right: PullRight) -> Holders | Unread:
    nobody = Holders(right, Roles(), scope.document(ids.directory_objects((), scope.target.tenant), Provider.GRAPH))
    try:
        principal = right.held.puller.object_id
        if not lacks_pull(scope, right.registry, principal):
            return nobody
        roles = roles_held(scope, right.registry.id)
    except FactUnavailable:  # the right itself says so
        return nobody
    return Holders(right, roles, scope.document(directory_of(scope, roles, principal), Provider.GRAPH))
