"""Whether some principal may pull all that is named of a registry, whatever mode its roles count in."""

from __future__ import annotations

from pullready.errors import FactUnavailable
from pullready.facts.authorization import Roles
from pullready.facts.denials import Denial
from pullready.facts.pull_rights import PullRight
from pullready.facts.roles import PULL_ACTION, READ_CONTENT
from pullready.predicates.granting import assign
from pullready.verdict import Evidence, Found


def carried_pull(right: PullRight) -> tuple[Evidence, ...] | FactUnavailable | None:
    """Return what lets the principal pull; why that cannot be told, where it cannot; none where nothing does."""
    try:
        by_repository = right.registry.grants_by_repository
        asked: tuple[str | None, ...] = right.repositories if by_repository and right.repositories else (None,)
        roles = right.held.roles
    except FactUnavailable as why:
        return why
    carried = [_on(right, roles, repository) for repository in asked if not denied(right, repository)]
    if None in carried or len(carried) < len(asked):
        return None
    unclear = next((one for one in carried if isinstance(one, FactUnavailable)), None)
    return unclear or next(one for one in carried if isinstance(one, tuple))


def _on(right: PullRight, roles: Roles, repository: str | None) -> tuple[Evidence, ...] | FactUnavailable | None:
    sound = roles.sound_for(repository)
    if sound:
        return _left(right, repository) or (right.held.puller.evidence, *sound.evidence(repository))
    doubtful = next((one for one in roles.grants if one.holds(repository) is not False), None)
    if doubtful:
        return FactUnavailable(
            f"whether {doubtful.definition.name} lets {right.held.puller.object_id} pull cannot be told",
            f"Assign a role that leaves no doubt: {assign(right)}",
            document=doubtful.assignment.document.id,
            pointer=doubtful.assignment.base,
        )
    return roles.obstacles[0] if roles.obstacles else None


def denied(right: PullRight, repository: str | None) -> Denial | None:
    """Return the deny assignment that takes the pull of *repository* (none: any) away, where one does."""
    return right.held.denials.on(repository)


def _left(right: PullRight, repository: str | None) -> FactUnavailable | None:
    """Return why it cannot be told whether a deny assignment leaves what a role gives."""
    denials = right.held.denials
    untold = denials.untold(repository)
    if untold:
        return FactUnavailable(
            f"whether the condition of the deny assignment {untold.assignment.name} holds cannot be told",
            "Look what made it, and whether it is meant for those who pull",
            document=untold.assignment.document.id,
            pointer=untold.assignment.base,
        )
    return denials.obstacles[0] if denials.obstacles else None


def pull_missing(subject: str, right: PullRight) -> Found:
    """Return that no role lets the principal of *right* pull."""
    held = right.held
    takes = next(filter(None, (denied(right, one) for one in (*right.repositories, None))), None)
    if takes and held.roles.grants:
        return Found(
            subject,
            observed=f"the deny assignment {takes.assignment.name} takes the pull away from {held.puller.object_id}",
            expected="no deny assignment at the registry or above it covers the pull",
            remedy=f"Exclude {held.puller.object_id} in what made {takes.assignment.name}",
            evidence=(held.puller.evidence, *takes.evidence),
        )
    return Found(
        subject,
        observed=f"{held.puller.object_id} has no role that carries {_action(right)} for what is pulled",
        expected=f"a role at {right.registry.name} or above it lets the principal pull",
        remedy=assign(right),
        evidence=(held.puller.evidence, held.listed),
    )


def _action(right: PullRight) -> str:
    return READ_CONTENT if right.registry.grants_by_repository else PULL_ACTION
