"""Pull policies that keep a pod from starting, or from starting with what its image names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts.pull_policies import ALWAYS, IF_NOT_PRESENT, NEVER, ContainerPolicy, PullPolicy
from pullready.verdict import Clear, Found, Judgement, Severity, Unknown

_IF_NOT_PRESENT: Final = "Set imagePullPolicy: IfNotPresent, which takes an image that the node has as well"
_FIXED: Final = "a tag that is never moved, or a digest"
#: Workloads that are named in a finding; the rest is counted.
_NAMED: Final = 3


def pull_policy_hazard(image: PullPolicy) -> Iterator[Judgement]:
    """Yield whether nodes may pull *image* when they need it, and pull it anew when it has moved."""
    of = {one.policy: one for one in reversed(image.policies)}
    if NEVER in of and len(of) == 1:
        yield _never(image, of[NEVER])
    elif ALWAYS in of and image.is_critical_daemon:
        yield _always(image, of[ALWAYS])
    elif IF_NOT_PRESENT in of and image.is_latest:
        yield _stale(image, of[IF_NOT_PRESENT])
    else:
        yield Clear(image.subject, tuple(image.says(one) for one in image.policies))


def _never(image: PullPolicy, policy: ContainerPolicy) -> Judgement:
    """Judge an image that no container of the pod may pull; one that may is enough for all of them."""
    if image.may_be_preloaded:
        reason = "its pull policy is Never, and which of Microsoft's images the nodes bring along is not in Azure"
        return Unknown(image.subject, reason, _IF_NOT_PRESENT, (image.says(policy),))
    observed = "its pull policy is Never, and nothing that is judged has the image pulled onto a node"
    if image.pulled_by:
        more = f" and {len(image.pulled_by) - _NAMED} more" if len(image.pulled_by) > _NAMED else ""
        names = ", ".join(image.pulled_by[:_NAMED]) + more
        observed = f"its pull policy is Never, so its pods start only on nodes where {names} had the image pulled"
    return Found(
        image.subject,
        observed,
        "a node that lacks the image may pull it",
        f"{_IF_NOT_PRESENT}; with {_FIXED}, it is pulled once",
        (image.says(policy),),
        Severity.RISK if image.pulled_by else None,
    )


def _always(image: PullPolicy, policy: ContainerPolicy) -> Found:
    priority = image.use.workload.evidence("/priorityClassName", "the pods are critical")
    return Found(
        image.subject,
        f"every start of these critical pods asks the one registry {image.reference.host}, and needs its answer",
        "critical pods of a DaemonSet start from the image that the node has",
        f"Set imagePullPolicy: IfNotPresent, with {_FIXED}",
        (image.says(policy), priority),
        Severity.RISK,
    )


def _stale(image: PullPolicy, policy: ContainerPolicy) -> Found:
    return Found(
        image.subject,
        "the image names no version, and nodes that have one keep it: the pods of a workload may differ",
        f"{_FIXED}; or Always for one that moves",
        f"Name the image by {_FIXED}, or set imagePullPolicy: Always",
        (image.use.evidence("", "names no version"), image.says(policy)),
        Severity.ADVICE,
    )
