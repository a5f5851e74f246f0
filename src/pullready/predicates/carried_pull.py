"""Whether some principal may pull all that is named of a registry, whatever mode its roles count in."""

from __future__ import annotations

from pullready.errors import FactUnavailable
from pullready.facts.authorization import Roles
from pullready.facts.pull_rights import PullRight
from pullready.facts.roles import PULL_ACTION, READ_CONTENT
from pullready.predicates.pull_right import ACR_PULL
from pullready.predicates.repository_right import REPOSITORY_READER
from pullready.verdict import Evidence, Found


def carried_pull(right: PullRight) -> tuple[Evidence, ...] | FactUnavailable | None:
    """Return what lets the principal pull; why that cannot be told, where it cannot; none where nothing does."""
    try:
        by_repository = right.registry.grants_by_repository
        asked: tuple[str | None, ...] = right.repositories if by_repository and right.repositories else (None,)
        roles = right.held.roles
    except FactUnavailable as why:
        return why
    carried = [_on(right, roles, repository) for repository in asked]
    if None in carried:
        return None
    unclear = next((one for one in carried if isinstance(one, FactUnavailable)), None)
    return unclear or next(one for one in carried if isinstance(one, tuple))


def _on(right: PullRight, roles: Roles, repository: str | None) -> tuple[Evidence, ...] | FactUnavailable | None:
    sound = roles.sound_for(repository)
    if sound:
        return (right.held.puller.evidence, *sound.evidence)
    doubtful = next((one for one in roles.grants if one.holds(repository) is not False), None)
    if doubtful:
        return FactUnavailable(
            f"whether {doubtful.definition.name} lets {right.held.puller.object_id} pull cannot be told",
            f"Assign a role that leaves no doubt: {assign(right)}",
            document=doubtful.assignment.document.id,
            pointer=doubtful.assignment.base,
        )
    return roles.obstacles[0] if roles.obstacles else None


def pull_missing(subject: str, right: PullRight) -> Found:
    """Return that no role lets the principal of *right* pull."""
    held = right.held
    return Found(
        subject,
        observed=f"{held.puller.object_id} has no role that carries {_action(right)} for what is pulled",
        expected=f"a role at {right.registry.name} or above it lets the principal pull",
        remedy=assign(right),
        evidence=(held.puller.evidence, held.listed),
    )


def assign(right: PullRight) -> str:
    """Return the command that lets the principal of *right* pull, in the mode of its registry."""
    role = REPOSITORY_READER if right.registry.grants_by_repository else ACR_PULL
    return (
        f"az role assignment create --assignee-object-id {right.held.puller.object_id} "
        f"--assignee-principal-type ServicePrincipal --role {role} --scope {right.registry.id}"
    )


def _action(right: PullRight) -> str:
    return READ_CONTENT if right.registry.grants_by_repository else PULL_ACTION
