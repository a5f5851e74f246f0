"""The images of registries that keep new ones in quarantine, and who may pull them all the same.

Sources: https://github.com/Azure/acr/tree/main/docs/preview/quarantine and
https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference
"""

from __future__ import annotations

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.authorization import candidates, memberships
from pullready.facts.base import Unread, decode
from pullready.facts.pull_rights import PullRight
from pullready.facts.pulled_images import PulledImage
from pullready.facts.pullers import VirtualNodeIdentity
from pullready.facts.roles import READ_QUARANTINE, READ_QUARANTINED, DefinitionWire, RoleAssignment, RoleDefinition
from pullready.facts.scope import Scope, fact
from pullready.verdict import Evidence, Location

_LOOK = "Look whether it has the role AcrQuarantineReader at the registry, or release the image"


class QuarantinedImage(msgspec.Struct, frozen=True):
    """An image that a workload names, and the right of the cluster to pull from its registry, where that was read."""

    image: PulledImage
    rights: tuple[PullRight, ...]

    @property
    def subject(self) -> str:
        """The image and its workload."""
        return self.image.subject

    @property
    def location(self) -> Location | None:
        """Where the image is named."""
        return self.image.location

    @property
    def excused(self) -> tuple[Evidence, ...]:
        """The role that lets kubelet pull what is in quarantine; nothing where it has none.

        Raise :class:`FactUnavailable` where that cannot be told, as where somebody else pulls.
        """
        right = self._right
        workload = self.image.use.workload
        brought = right.credentials.brought_by(workload, right.registry.subject)
        others_pull = right.cluster.service_accounts_pull or isinstance(right.by, VirtualNodeIdentity)
        granted = () if others_pull else _granted(self.image.scope, right.registry.id, right.held.puller.object_id)
        if brought and not granted:
            reason = f"{workload.subject} names a pull secret, and whether its login may pull what is in quarantine"
            raise FactUnavailable(f"{reason} is not read", _LOOK, document=brought.document, pointer=brought.pointer)
        if others_pull:
            reason = "kubelet's identity does not pull it, and whether whoever does may pull what is in quarantine"
            raise FactUnavailable(f"{reason} is not read", _LOOK)
        return granted

    @property
    def listed(self) -> Evidence:
        """The role assignments among which none lets kubelet pull what is in quarantine."""
        return self._right.held.listed

    @property
    def _right(self) -> PullRight:
        host = self.image.artifact.login_server
        for right in self.rights:
            if right.registry.subject == host:
                return right
        raise FactUnavailable(f"who pulls from {host} was not read", _LOOK)


def _granted(scope: Scope, registry: str, principal: str) -> tuple[Evidence, ...]:
    """Return the assignment of a role that reads what is in quarantine to *principal*, and the line of that role."""
    listed = candidates(scope, registry, principal)
    for assignment in listed.own:
        if line := _line(scope, assignment):
            return assignment.evidence("/properties/principalId", "who pulls"), line
    through = [(one, line) for one in listed.groups if (line := _line(scope, one))]
    groups = memberships(scope, principal) if through else {}
    for assignment, line in through:
        if member := groups.get(assignment.principal):
            return assignment.evidence("/properties/principalId", "a group that pulls"), member, line
    if listed.obstacles:
        raise listed.obstacles[0]
    return ()


def _line(scope: Scope, assignment: RoleAssignment) -> Evidence | None:
    document = scope.document(assignment.role)
    definition = RoleDefinition(document, "", decode(document, DefinitionWire))
    carried = definition.carries(READ_QUARANTINE) or definition.carries_data(READ_QUARANTINED)
    if carried is None:
        return None
    if assignment.condition is not None:
        reason = f"the role {definition.name} lets one pull what is in quarantine, under a condition that is not judged"
        raise FactUnavailable(reason, _LOOK, document=assignment.document.id, pointer=assignment.base)
    return definition.evidence(carried.pointer, f"the role {definition.name} lets one pull what is in quarantine")


@fact()
def quarantined_images(
    scope: Scope,  # noqa: ARG001  (every maker's first)
    pulled_images: tuple[PulledImage | Unread, ...],
    pull_rights: tuple[PullRight | Unread, ...] | None = None,
) -> tuple[QuarantinedImage | Unread, ...]:
    """Return each image of each workload, with what was read of the cluster's rights."""
    rights = tuple(one for one in pull_rights or () if isinstance(one, PullRight))
    return tuple(one if isinstance(one, Unread) else QuarantinedImage(one, rights) for one in pulled_images)
