"""Whether more pods may start on a node at once than kubelet lets ask for their images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts.pull_bursts import PullBurst, Start
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown

#: kubelet's ``registryBurst``; behind it come ``registryPullQPS``, five in a second. AKS lets nobody change either.
#: Source: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
BURST: Final = 10
#: Workloads that are named in a finding; the rest is counted.
_NAMED: Final = 5


def pull_burst_exceeds_kubelet(burst: PullBurst) -> Iterator[Judgement]:
    """Yield one judgement on the pool: found where more pods that always pull may start on a node than kubelet lets."""
    pool = burst.pool
    if not pool.can_have_nodes:
        count = pool.evidence("/count", "how many nodes the pool has")
        yield NotApplicable(burst.subject, "the pool is stopped or has no nodes", (count,))
        return
    if not burst.judged:
        yield NotApplicable(burst.subject, "no workload is named, so nothing is known of what starts there")
        return
    room = pool.max_pods
    size = pool.evidence("/maxPods", "so many pods run on a node at once")
    sure, possible = min(room, burst.pods(sure=True)), min(room, burst.pods(sure=False))
    if sure > BURST:
        yield _found(burst, sure, size)
    elif room > BURST and (reason := _doubt(burst, possible)):
        yield Unknown(burst.subject, reason.reason, reason.remedy, (size, *_evidence(burst.starts)))
    else:
        yield Clear(burst.subject, (size, *_evidence(burst.starts)))


def _found(burst: PullBurst, pods: int, size: Evidence) -> Judgement:
    starts = [one for one in burst.starts if one.fits]
    names = _names(starts)
    return Found(
        burst.subject,
        observed=f"{pods} pods that pull at every start may start on one node at once ({names}), and kubelet lets "
        f"{BURST} ask: the others wait",
        expected=f"no more than {BURST} pods that pull at every start may start on one node at once",
        remedy="Set imagePullPolicy: IfNotPresent, with a digest or a tag that is never moved, in the pod templates of "
        f"{names}; or have them start one after another",
        evidence=(size, *_evidence(starts)),
    )


def _doubt(burst: PullBurst, possible: int) -> FactUnavailable | None:
    """Return why it is not known that there are not too many; none where it is."""
    if possible > BURST:
        maybe = _names([one for one in burst.starts if not one.fits])
        return FactUnavailable(
            f"{possible} pods that pull at every start may start on one node at once, if {maybe} may run there, and "
            "that cannot be told",
            f"Set imagePullPolicy: IfNotPresent in the pod templates of {maybe}",
        )
    counts = (one.pods for one in burst.starts if isinstance(one.pods, FactUnavailable))
    return next(iter((*burst.obstacles, *counts)), None)


def _names(starts: list[Start]) -> str:
    more = f" and {len(starts) - _NAMED} more" if len(starts) > _NAMED else ""
    return ", ".join(one.workload.subject for one in starts[:_NAMED]) + more


def _evidence(starts: tuple[Start, ...] | list[Start]) -> tuple[Evidence, ...]:
    return tuple(one.always for one in starts[:_NAMED])
