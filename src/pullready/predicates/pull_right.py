"""Whether the principal that kubelet pulls as may pull from a registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from msgspec.structs import replace

from pullready.facts.authorization import Grant
from pullready.facts.denials import Denial
from pullready.facts.pull_rights import PullRight
from pullready.facts.pullers import Anybody, Kubelet, ServiceAccountIdentity, VirtualNodeIdentity
from pullready.facts.rights import Held
from pullready.facts.roles import PULL_ACTION, READ_CONTENT
from pullready.predicates.granting import assign, is_elsewhere, let_pull
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

#: Roles that are named in a finding; the rest is counted.
_NAMED: Final = 5


def pull_right_missing(right: PullRight) -> Iterator[Judgement]:
    """Yield one judgement: found where no role of the principal that kubelet pulls as carries the pull."""
    gate = not_needed(right) or _judged_by_repository(right)
    if gate:
        yield gate
        return
    roles = right.held.roles
    taken = taken_away(right) if roles.grants else None
    if taken:
        yield taken
    elif roles.sound:
        yield Clear(right.subject, sound(right, roles.sound))
    elif roles.grants:
        yield doubtful(right, roles.grants[0], PULL_ACTION, assign(right))
    elif roles.obstacles:
        raise roles.obstacles[0]
    else:
        yield unless_excused(right, _missing(right))


def not_needed(right: PullRight) -> NotApplicable | None:
    """Return why kubelet needs no role to pull from the registry; none where it does."""
    match right.by:
        case Kubelet():
            return None
        case Anybody(evidence):
            reason = "the registry lets anybody pull, so no role is needed"
        case ServiceAccountIdentity(evidence):
            reason = "service accounts pull with identities of their own"
        case VirtualNodeIdentity(evidence):
            reason = "all that is pulled from it runs on virtual nodes, which pull with an identity of their own"
        case unreachable:
            assert_never(unreachable)
    return NotApplicable(right.subject, reason, evidence)


def sound(right: PullRight, grant: Grant) -> tuple[Evidence, ...]:
    """Return why *grant* lets the principal pull: whom it is for, how the registry grants, and that nothing denies."""
    how = "by repository" if right.registry.grants_by_repository else "for the whole registry"
    mode = right.registry.evidence("/properties/roleAssignmentMode", f"role assignments count {how}")
    listed = right.held.denials.listed
    return (right.held.puller.evidence, *grant.evidence(right.repository), mode, *((listed,) if listed else ()))


def taken_away(right: PullRight) -> Judgement | None:
    """Return what takes away what a role gives, or that this cannot be told; none where nothing does.

    That is a principal that is disabled, or a deny assignment.
    """
    denials, repository = right.held.denials, right.repository
    if right.held.disabled:
        return unless_excused(right, _disabled(right, right.held.disabled), "the identity is disabled")
    if denial := denials.on(repository):
        return unless_excused(right, _denied(right, denial), "a deny assignment takes the pull away")
    if denial := denials.untold(repository):
        return Unknown(
            right.subject,
            f"the deny assignment {denial.assignment.name} has a condition, and whether it holds cannot be told"
            f"{denial.not_understood}",
            "Look what made it, and whether it is meant for those who pull",
            (right.held.puller.evidence, *denial.evidence),
        )
    if denials.obstacles:
        raise denials.obstacles[0]
    return None


def _disabled(right: PullRight, disabled: Evidence) -> Found:
    held = right.held
    return Found(
        right.subject,
        observed=f"{held.puller.object_id} is disabled in the directory, so it gets no token, whatever roles it has",
        expected="the principal that kubelet pulls as may sign in",
        remedy=f"az ad sp update --id {held.puller.object_id} --set accountEnabled=true",
        evidence=(held.puller.evidence, disabled, *held.roles.grants[0].evidence(right.repository)),
    )


def _denied(right: PullRight, denial: Denial) -> Found:
    held, name = right.held, denial.assignment.name
    grant = held.roles.grants[0]
    return Found(
        right.subject,
        observed=f"the deny assignment {name} takes the pull away from {held.puller.object_id}, "
        f"whatever roles it has, such as {grant.definition.name}",
        expected="no deny assignment at the registry or above it covers the pull",
        remedy=f"No role makes up for it. Exclude {held.puller.object_id} in what made {name}; a deployment stack: "
        f"az stack group create --deny-settings-excluded-principals {held.puller.object_id}",
        evidence=(held.puller.evidence, *denial.evidence, *grant.evidence(right.repository)),
    )


def _judged_by_repository(right: PullRight) -> NotApplicable | None:
    """Return that another check judges the registry; none where role assignments count for the whole of it."""
    if not right.registry.grants_by_repository:
        return None
    mode = right.registry.evidence("/properties/roleAssignmentMode", "role assignments count by repository")
    reason = "the registry grants by repository (ABAC), which abac-registry-acrpull-not-honoured judges"
    return NotApplicable(right.subject, reason, (mode,))


def _missing(right: PullRight) -> Found:
    found = nothing_carries(right, PULL_ACTION, let_pull(right))
    of_data = next((one for one in right.held.roles.others if one.carries_data(READ_CONTENT)), None)
    if of_data is None:
        return found
    return replace(
        found,
        observed=f"{found.observed}; what {of_data.name} carries is documented for registries that grant by repository",
        severity=Severity.RISK,
    )


def nothing_carries(right: PullRight, action: str, remedy: str) -> Found:
    """Return that no role of the principal carries *action*."""
    held = right.held
    also = "; it is disabled in the directory, too (az ad sp update)" if held.disabled else ""
    return Found(
        right.subject,
        observed=f"{held.puller.object_id} has no role that carries {action}{_other_roles(held)}{also}",
        expected=f"a role at {right.registry.name} or above it lets the principal pull",
        remedy=remedy,
        evidence=(held.puller.evidence, held.listed, *((held.disabled,) if held.disabled else ())),
    )


def unless_excused(right: PullRight, found: Found, why: str = "no role carries the pull") -> Judgement:
    """Return *found*, unless the cluster is being changed or pull secrets may do what the role does not."""
    cluster = right.cluster
    if cluster.is_updating:
        state = cluster.evidence("/properties/provisioningState", "the cluster is being changed")
        return Unknown(
            right.subject,
            f"the cluster is being changed, and {why} at the moment",
            "Wait until its provisioning state is Succeeded, then judge again",
            (state, *found.evidence),
        )
    brought = tuple(filter(None, right.pull_secrets))
    if right.brings_judged_logins:
        return NotApplicable(
            right.subject,
            f"{why}, and every workload names a pull secret for it, which the checks of pull secrets judge",
            (*found.evidence, *brought),
        )
    if right.workloads and len(brought) == len(right.workloads):
        return Unknown(
            right.subject,
            f"{why}, so pulls rest on the pull secrets that the workloads bring along, and whether "
            "those are good cannot be proven",
            "Look whether they are good: the registry is in another tenant, where kubelet's identity has no roles"
            if is_elsewhere(right)
            else f"Let kubelet pull, which needs no secret: {found.remedy}",
            (*found.evidence, *brought),
        )
    return replace(found, evidence=(*found.evidence, *_without_secrets(right)))


def _without_secrets(right: PullRight) -> tuple[Evidence, ...]:
    """Return the first workload that has no other way to pull."""
    for workload, brought in zip(right.workloads, right.pull_secrets, strict=True):
        if brought is None:
            return (workload.evidence("/imagePullSecrets", f"{workload.subject} brings no pull secret for it"),)
    return ()


def _other_roles(held: Held) -> str:
    names = list(dict.fromkeys(definition.name for definition in held.roles.others))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f", only {', '.join(names[:_NAMED])}{more}" if names else ""


def doubtful(right: PullRight, grant: Grant, action: str, assign: str) -> Found:
    """Return the risk that a custom role carries *action* by a wildcard alone; *assign* makes up for it."""
    actions = "dataActions" if grant.data_action else "actions"
    return Found(
        right.subject,
        observed=f"custom role {grant.definition.name} carries the pull only by the wildcard {grant.carried.pattern}",
        expected=f"a custom role names {action} in full",
        remedy=f"Put {action} into the {actions} of {grant.definition.name}: az role definition update "
        f"--role-definition FILE; or: {assign}",
        evidence=(right.held.puller.evidence, *grant.evidence(right.repository)),
        severity=Severity.RISK,
    )
