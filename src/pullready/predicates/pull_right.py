"""Whether the principal that kubelet pulls as may pull from a registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pullready.facts.authorization import Grant
from pullready.facts.pull_rights import Held, PullRight
from pullready.facts.roles import PULL_ACTION, READ_CONTENT
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

ACR_PULL: Final = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
#: Roles that are named in a finding; the rest is counted.
_NAMED: Final = 5


def pull_right_missing(right: PullRight) -> Iterator[Judgement]:
    """Yield one judgement: found where no role of the principal that kubelet pulls as carries the pull."""
    gate = not_needed(right) or _judged_by_repository(right)
    if gate:
        yield gate
        return
    roles = right.held.roles
    if roles.sound:
        mode = right.registry.evidence(
            "/properties/roleAssignmentMode", "role assignments count for the whole registry"
        )
        yield Clear(right.subject, (right.held.puller.evidence, *roles.sound.evidence, mode))
    elif roles.grants:
        yield doubtful(right, roles.grants[0], PULL_ACTION, _assign(right, right.held))
    elif roles.obstacles:
        raise roles.obstacles[0]
    else:
        yield unless_excused(right, _missing(right, right.held))


def not_needed(right: PullRight) -> NotApplicable | None:
    """Return why kubelet needs no role to pull from the registry; none where it does."""
    cluster, registry = right.cluster, right.registry
    if registry.pulls_anonymously:
        anybody = registry.evidence("/properties/anonymousPullEnabled", "anybody may pull")
        return NotApplicable(right.subject, "the registry lets anybody pull, so no role is needed", (anybody,))
    if cluster.service_accounts_pull:
        pulls = cluster.evidence("/properties/securityProfile/serviceAccountImagePullProfile", "how images are pulled")
        return NotApplicable(right.subject, "service accounts pull with identities of their own", (pulls,))
    if right.only_virtual_nodes:
        reason = "all that is pulled from it runs on virtual nodes, which pull with an identity of their own"
        return NotApplicable(right.subject, reason, right.only_virtual_nodes)
    return None


def _judged_by_repository(right: PullRight) -> NotApplicable | None:
    """Return that another check judges the registry; none where role assignments count for the whole of it."""
    if not right.registry.grants_by_repository:
        return None
    mode = right.registry.evidence("/properties/roleAssignmentMode", "role assignments count by repository")
    reason = "the registry grants by repository (ABAC), which abac-registry-acrpull-not-honoured judges"
    return NotApplicable(right.subject, reason, (mode,))


def _missing(right: PullRight, held: Held) -> Found:
    found = nothing_carries(right, PULL_ACTION, _remedy(right, held))
    of_data = next((one for one in held.roles.others if one.carries_data(READ_CONTENT)), None)
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
    return Found(
        right.subject,
        observed=f"{held.puller.object_id} has no role that carries {action}{_other_roles(held)}",
        expected=f"a role at {right.registry.name} or above it lets the principal pull",
        remedy=remedy,
        evidence=(held.puller.evidence, held.listed),
    )


def unless_excused(right: PullRight, found: Found) -> Judgement:
    """Return *found*, unless the cluster is being changed or pull secrets may do what the role does not."""
    cluster = right.cluster
    if cluster.is_updating:
        state = cluster.evidence("/properties/provisioningState", "the cluster is being changed")
        return Unknown(
            right.subject,
            "the cluster is being changed, and no role carries the pull at the moment",
            "Wait until its provisioning state is Succeeded, then judge again",
            (state, *found.evidence),
        )
    brought = tuple(filter(None, right.pull_secrets))
    if right.brings_judged_logins:
        return NotApplicable(
            right.subject,
            "no role carries the pull, and every workload brings the login of a service principal or of the admin "
            "user, which pull-secret-sp-invalid-or-expired and pull-secret-admin-password-stale judge",
            (*found.evidence, *brought),
        )
    if right.workloads and len(brought) == len(right.workloads):
        return Unknown(
            right.subject,
            "no role carries the pull, so pulls rest on the pull secrets that the workloads bring along, and whether "
            "those are good cannot be proven",
            f"Let kubelet pull, which needs no secret: {found.remedy}",
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
        evidence=(right.held.puller.evidence, *grant.evidence),
        severity=Severity.RISK,
    )


def _remedy(right: PullRight, held: Held) -> str:
    cluster, registry = right.cluster, right.registry
    attach = f"az aks update --name {cluster.name} --resource-group {cluster.resource_group} --attach-acr {registry.id}"
    return f"{attach}, or: {_assign(right, held)}"


def _assign(right: PullRight, held: Held) -> str:
    return (
        f"az role assignment create --assignee-object-id {held.puller.object_id} "
        f"--assignee-principal-type ServicePrincipal --role {ACR_PULL} --scope {right.registry.id}"
    )
