"""The pods that may start on one node at once and have kubelet ask a registry each time they do.

Source: https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts.base import Unread, decode
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.placement import Placement
from pullready.facts.pods import POD_SPECS
from pullready.facts.pullers import VIRTUAL_NODE
from pullready.facts.reference import ImageReference, parse
from pullready.facts.scheduling import Truth
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.workloads import Workload
from pullready.verdict import Evidence

ALWAYS: Final = "Always"
_TEMPLATE: Final = "/template/spec"


class _Counts(Struct, frozen=True):
    replicas: int | None = None
    parallelism: int | None = None
    completions: int | None = None


class Start(msgspec.Struct, frozen=True):
    """A workload whose pods pull whenever they start, and whether they may run on the pool that it is asked about.

    ``pods`` is how many of them may start on one node; why that is not known, where it is not.
    """

    workload: Workload
    fits: Truth
    always: Evidence
    pods: int | FactUnavailable


class PullBurst(msgspec.Struct, frozen=True):
    """A node pool, and the workloads that pull whenever they start and may run on it.

    ``judged`` is how many workloads were looked at; ``obstacles`` say why others could not be.
    """

    cluster: Cluster
    pool: NodePool
    starts: tuple[Start, ...]
    judged: int
    obstacles: tuple[FactUnavailable, ...]

    @property
    def subject(self) -> str:
        """The pool's name."""
        return self.pool.name

    def pods(self, *, sure: bool) -> int:
        """Return how many such pods may start on one node: those that surely may, or also those that perhaps may."""
        return sum(one.pods for one in self.starts if isinstance(one.pods, int) and (one.fits or not sure))


@fact(Need.CLUSTER)
def pull_bursts(
    scope: Scope,  # noqa: ARG001  (every maker takes it)
    cluster: Cluster,
    placements: tuple[Placement | Unread, ...],
) -> tuple[PullBurst, ...]:
    """Return each agent pool of the target's cluster with what may pull there all at once."""
    obstacles = [one.why for one in placements if isinstance(one, Unread)]
    found: list[tuple[Placement, Evidence]] = []
    for one in placements:
        if isinstance(one, Placement):
            try:
                always = pulled_always(one.workload)
            except FactUnavailable as why:
                obstacles.append(why)
                continue
            if always:
                found.append((one, always))
    return tuple(
        PullBurst(cluster, pool, tuple(_starts(pool, found)), len(placements), tuple(obstacles))
        for pool in cluster.pools
    )


def _starts(pool: NodePool, found: list[tuple[Placement, Evidence]]) -> Iterator[Start]:
    for placement, always in found:
        fits = next(place.fits for place in placement.places if place.pool.base == pool.base)
        if fits is not False:
            yield Start(placement.workload, fits, always, _pods_of(placement.workload))


def pulled_always(workload: Workload) -> Evidence | None:
    """Return the place that makes kubelet ask the registry at every start of a pod; none where nothing does.

    Raise :class:`FactUnavailable` where a container names neither an image nor a policy.
    """
    label, value = VIRTUAL_NODE
    if workload.pod.node_selector.get(label) == value:
        return None
    for container in workload.pod.containers:
        if container.pull_policy:
            if container.pull_policy == ALWAYS:
                says = f"{workload.subject} has its image pulled at every start"
                return workload.evidence(container.policy_pointer, says)
        elif container.image is None:
            raise FactUnavailable(
                f"container {container.name} of {workload.subject} names neither an image nor a pull policy",
                "Name them, or judge the live cluster where something else sets them",
                document=workload.document.id,
                pointer=workload.base + container.pointer,
            )
        elif _is_latest(container.image):
            says = f"{workload.subject} names no version, so its image is pulled at every start"
            return workload.evidence(container.pointer, says)
    return None


def _is_latest(image: str) -> bool:
    """Say whether Kubernetes sets ``Always`` for *image*; one that is malformed is never pulled."""
    reference = parse(image)
    return isinstance(reference, ImageReference) and not reference.digest and reference.tag in {None, "latest"}


def _pods_of(workload: Workload) -> int | FactUnavailable:
    """Return how many pods of *workload* may start on one node: Kubernetes makes one where no number is given."""
    if workload.kind in {"Pod", "DaemonSet"}:
        return 1
    if workload.kind == "PodTemplate":
        return 0
    if workload.kind not in POD_SPECS or not workload.base.endswith(POD_SPECS[workload.kind]):
        return FactUnavailable(
            f"how many pods the controller of {workload.subject} makes is not known",
            "Judge the live cluster, where the pods are",
            document=workload.document.id,
            pointer=workload.base,
        )
    try:
        counts = decode(workload.document, _Counts, workload.base.removesuffix(_TEMPLATE))
    except FactUnavailable as why:
        return why
    if workload.kind not in {"Job", "CronJob"}:
        return 1 if counts.replicas is None else counts.replicas
    at_once = 1 if counts.parallelism is None else counts.parallelism
    return at_once if counts.completions is None else min(at_once, counts.completions)
