"""Whether the principal that kubelet pulls as may read the repositories of a registry that grants by repository."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts.authorization import Grant
from pullready.facts.conditions import REPOSITORY_NAME
from pullready.facts.pull_rights import PullRight
from pullready.facts.roles import READ_CONTENT, READ_METADATA
from pullready.predicates.granting import assign, let_pull
from pullready.predicates.pull_right import doubtful, not_needed, nothing_carries, sound, taken_away, unless_excused
from pullready.verdict import Clear, Found, Judgement, NotApplicable, Severity, Unknown


def repository_right_missing(right: PullRight) -> Iterator[Judgement]:
    """Yield one judgement: found where no role lets the principal read the repository, or without one all of them."""
    if not right.registry.grants_by_repository:
        yield _whole_registry(right)
        return
    gate = not_needed(right)
    if gate:
        yield gate
        return
    roles, repository = right.held.roles, right.repository
    reaching = [one for one in roles.grants if one.holds(repository)]
    untold = [one for one in roles.grants if one.holds(repository) is None]
    taken = taken_away(right) if reaching else None
    if taken:
        yield taken
    elif certain := roles.sound_for(repository):
        yield _metadata(right, certain)
    elif reaching:
        yield doubtful(right, reaching[0], READ_CONTENT, assign(right))
    elif untold:
        yield _untold(right, untold[0])
    elif roles.obstacles:
        raise roles.obstacles[0]
    elif roles.grants:
        yield unless_excused(right, _left_out(right, roles.grants))
    else:
        yield unless_excused(right, nothing_carries(right, READ_CONTENT, let_pull(right)))


def _whole_registry(right: PullRight) -> NotApplicable:
    mode = right.registry.evidence("/properties/roleAssignmentMode", "role assignments count for the whole registry")
    reason = "the registry does not grant by repository, so kubelet-pull-role-missing judges it"
    return NotApplicable(right.subject, reason, (mode,))


def _metadata(right: PullRight, grant: Grant) -> Judgement:
    """Judge a principal that may read content: a risk where it may not read metadata, which built-in roles add."""
    roles, repository = right.held.metadata, right.repository
    if any(one.holds(repository) for one in roles.grants):
        return Clear(right.subject, sound(right, grant))
    untold = next((one for one in roles.grants if one.holds(repository) is None), None)
    if untold:
        return _untold(right, untold)
    if roles.obstacles:
        raise roles.obstacles[0]
    return Found(
        right.subject,
        observed=f"{right.held.puller.object_id} may read content and not metadata: "
        f"no role that counts carries {READ_METADATA}",
        expected="a role that lets the principal read content lets it read metadata, too",
        remedy=assign(right),
        evidence=(right.held.puller.evidence, *grant.evidence(repository)),
        severity=Severity.RISK,
    )


def _untold(right: PullRight, grant: Grant) -> Unknown:
    """Return that a condition decides, and cannot be told to hold."""
    name, evidence = grant.definition.name, (right.held.puller.evidence, *grant.evidence(right.repository))
    if not grant.not_understood:
        return Unknown(
            right.subject,
            f"{name} is assigned under a condition that is for some repositories, and no image names one",
            "Name manifests with images of the registry, so that their repositories are judged",
            evidence,
        )
    return Unknown(
        right.subject,
        f"{name} is assigned under a condition that cannot be judged: {grant.not_understood}",
        f"Write it with @Request[{REPOSITORY_NAME}], StringEqualsIgnoreCase and StringStartsWithIgnoreCase alone, "
        "in version 2.0: az role assignment update --role-assignment FILE",
        evidence,
    )


def _left_out(right: PullRight, grants: tuple[Grant, ...]) -> Found:
    names = ", ".join(dict.fromkeys(grant.definition.name for grant in grants))
    what = f"the repository {right.repository}" if right.repository else "every repository"
    return Found(
        right.subject,
        observed=f"the conditions under which {right.held.puller.object_id} has {names} leave out {what}",
        expected=f"a role at {right.registry.name} or above it lets the principal pull",
        remedy=_widen(right),
        evidence=(right.held.puller.evidence, *(one for grant in grants for one in grant.evidence(right.repository))),
    )


def _widen(right: PullRight) -> str:
    """Say how to change the assignment that is there: Azure refuses a second one of the same role at the scope."""
    update = "az role assignment update --role-assignment FILE"
    if right.repository is None:
        return f"Take the condition away: {update}"
    name = f"@Request[{REPOSITORY_NAME}] StringEqualsIgnoreCase '{right.repository}'"
    return f"Let the condition be (what it is now) OR ({name}): {update}"
