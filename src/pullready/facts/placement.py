"""Where a workload's pods may run: each node pool of the cluster, and whether the scheduler lets them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Unread
from pullready.facts.cluster import Cluster, NodePool, cluster
from pullready.facts.live_nodes import LiveNode, LiveNodes
from pullready.facts.places import BuiltSystem, Place, ProvisionedPlace
from pullready.facts.pods import Toleration
from pullready.facts.pool_labels import (
    LINUX,
    ORDINARY_MODES,
    OS_LABELS,
    WINDOWS,
    labels_of,
    of_architecture,
    taints_of,
)
from pullready.facts.provisioned_labels import provisioned_labels
from pullready.facts.provisioning import Provisioning, ProvisioningPool
from pullready.facts.runtime_classes import RuntimeClass
from pullready.facts.scheduling import (
    Labels,
    Taint,
    Truth,
    attracted,
    every,
    selected,
    some,
    tolerated,
)
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.workloads import Workload
from pullready.verdict import Evidence, Location

#: What Kubernetes, the cloud and the autoscaler set by themselves, and remove again.
#: Source: https://kubernetes.io/docs/reference/labels-annotations-taints/
_CONDITIONS: Final = (
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
)


class Placement(msgspec.Struct, frozen=True, dict=True):
    """A workload and the pools that its pods may run on; without ``cluster`` there are none to look at.

    ``architectures`` are those of the pools' nodes, by the pool's name, and ``built`` the operating systems that the
    images are built for, as far as somebody has read them. ``nodes`` are those of the live cluster, if it was read, and
    ``provisioning`` has its NodePools, where nodes are made by them.
    """

    workload: Workload
    cluster: Cluster | FactUnavailable | None
    runtime_class: RuntimeClass | FactUnavailable | None
    architectures: Mapping[str, str] = msgspec.field(default_factory=dict)
    built: tuple[BuiltSystem, ...] = ()
    nodes: LiveNodes = LiveNodes()
    provisioning: Provisioning | None = None

    @property
    def subject(self) -> str:
        """The workload."""
        return self.workload.subject

    @property
    def location(self) -> Location | None:
        """Where the workload is defined."""
        return self.workload.location

    def admits(self, os: str) -> Truth:
        """Say whether the pods' own selection leaves nodes with the operating system *os*."""
        return self._chooses(dict.fromkeys(OS_LABELS, frozenset({os})))

    def admits_nodes(self, os: str, architecture: str) -> Truth:
        """Say whether the pods' own selection leaves nodes with the operating system *os* and *architecture*."""
        labels = {**dict.fromkeys(OS_LABELS, frozenset({os})), **of_architecture(architecture)}
        return self._chooses(labels)

    @property
    def systems(self) -> tuple[str, ...]:
        """The operating systems that the pods' own selection leaves: both where nothing is said about it."""
        return tuple(os for os in (LINUX, WINDOWS) if self.admits(os) is not False)

    @property
    def selection(self) -> Iterator[Evidence]:
        """What the manifests say about the operating system of the nodes."""
        pointers = ("/nodeSelector", "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution")
        said = [self.workload.evidence(pointer, "chooses the nodes' operating system") for pointer in pointers]
        if isinstance(self.runtime_class, RuntimeClass):
            chosen = f"{self.runtime_class.subject} chooses the nodes' operating system"
            said.append(self.runtime_class.evidence("/scheduling/nodeSelector", chosen))
        return (one for one in said if any(label in one.value for label in OS_LABELS))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Each pool of the cluster as a place; raise :class:`FactUnavailable` where the cluster could not be read."""
        if isinstance(self.cluster, FactUnavailable):
            raise self.cluster
        return tuple(self._place(pool) for pool in self.cluster.pools) if self.cluster else ()

    @cached_property
    def provisioned(self) -> tuple[ProvisionedPlace, ...]:
        """What each NodePool that is known may make for the pods, whether or not it takes them."""
        pools = self.provisioning.pools if self.provisioning else ()
        return tuple(place for pool in pools for place in self._made_by(pool))

    @property
    def others(self) -> FactUnavailable | None:
        """Why there may be Linux nodes of NodePools that are not known and that the pods may land on."""
        why = self.provisioning.others if self.provisioning else None
        return why if why and self.admits(LINUX) is not False else None

    @property
    def may_be_provisioned(self) -> bool:
        """Whether nodes that belong to no pool of the cluster's may take the pods."""
        return self.others is not None or any(one.fits is not False for one in self.provisioned)

    def _made_by(self, pool: ProvisioningPool) -> Iterator[ProvisionedPlace]:
        match pool.systems:
            case FactUnavailable() as why:
                fits = some(self._made(pool, os).fits for os in (LINUX, WINDOWS))
                yield ProvisionedPlace(pool, None, (), why.reason, None if fits else fits, why)
            case systems:
                yield from (self._made(pool, str(os)) for os in sorted(map(str, systems)))

    def _made(self, pool: ProvisioningPool, os: str) -> ProvisionedPlace:
        """Return what *pool* may make for the pods with *os*."""
        if self.workload.pod.node_name and self._bound:
            return ProvisionedPlace(pool, os, (), f"the pod is bound to node {self._bound.name}", fits=False)
        chosen = {one: self._chooses_made(pool, os, one) for one in pool.architectures(os)}
        left = tuple(one for one, fits in chosen.items() if fits is not False)
        if not left:
            return ProvisionedPlace(pool, os, (), "its labels are not those asked for", fits=False)
        tolerated_ = {one: self._tolerates(one) for one in pool.taints}
        for one, put_up_with in tolerated_.items():
            if put_up_with is False:
                return ProvisionedPlace(pool, os, (), f"its taint {one} is not tolerated", fits=False)
        doubts = [*pool.doubts]
        if isinstance(self.runtime_class, FactUnavailable):
            doubts.append(self.runtime_class.reason)
        if self.workload.pod.node_name or self.workload.pod.scheduler:
            doubts.append("the pod does not go through Kubernetes' own scheduler")
        if None in chosen.values():
            doubts.append("whether its nodes have the labels asked for is not known")
        if None in tolerated_.values():
            doubts.append("whether its taints are tolerated cannot be told")
        return ProvisionedPlace(pool, os, left, doubts[0] if doubts else "", None if doubts else True)

    def _chooses_made(self, pool: ProvisioningPool, os: str, architecture: str) -> Truth:
        """Say whether the pods' selection leaves nodes that *pool* may make."""
        labels = provisioned_labels(pool, self._values_asked, os, architecture)
        seen: list[Truth] = []
        for with_open in (False, True):
            combinations = labels.combinations(with_open=with_open)
            seen.append(None if combinations is None else some(map(self._chooses, combinations)))
        return False if False in seen else seen[0]

    def _place(self, pool: NodePool) -> Place:
        if self._bound:
            return Place(
                pool, because=f"the pod is bound to node {self._bound.name}", fits=self._bound.pool == pool.name
            )
        doubts: list[str] = []
        try:
            if not pool.can_have_nodes:
                return Place(pool, because="it is stopped or has no nodes", fits=False)
            chosen = self._chooses({**labels_of(pool), **of_architecture(self.architectures.get(pool.name))})
            if chosen is None:
                chosen = self._chooses_nodes(pool)
        except FactUnavailable as why:
            chosen = None
            doubts.append(why.reason)
        if chosen is False:
            return Place(pool, because="its labels are not those asked for", fits=False)
        if isinstance(self.runtime_class, FactUnavailable):
            doubts.append(self.runtime_class.reason)
        if chosen is None:
            doubts.append("whether its nodes have the labels asked for is not known")
        if self.workload.pod.node_name or self.workload.pod.scheduler:
            return Place(pool, because="the pod does not go through Kubernetes' own scheduler", fits=None)
        return self._past_taints(pool, doubts)

    def _past_taints(self, pool: NodePool, doubts: list[str]) -> Place:
        """Return the place that a pool is whose labels do not rule it out, but may leave *doubts*."""
        outcomes = {one: self._tolerates(one) for one in taints_of(pool)}
        for one, put_up_with in outcomes.items():
            if put_up_with is False:
                return Place(pool, because=f"its taint {one} is not tolerated", fits=False)
        if None in outcomes.values():
            doubts.append("whether its taints are tolerated cannot be told")
        if more := self._repelled_by_nodes(pool):
            doubts.append(f"its nodes have the taint {more}, which the pool does not give them")
        if pool.wire.mode and pool.wire.mode.lower() not in ORDINARY_MODES:
            doubts.append(f"which pods AKS lets on a pool of mode {pool.wire.mode} was not read")
        return Place(pool, because=doubts[0], fits=None) if doubts else Place(pool, because="", fits=True)

    @cached_property
    def _bound(self) -> LiveNode | None:
        """The node that the pods are bound to without any scheduler; none where it is not known, or of no pool."""
        pools = self.cluster.pools if isinstance(self.cluster, Cluster) else ()
        found = self.nodes.named(self.workload.pod.node_name)
        return found if found and any(found.pool == pool.name for pool in pools) else None

    def _chooses_nodes(self, pool: NodePool) -> Truth:
        """Say whether the pods' selection leaves a node that *pool* has, where its definition does not tell.

        A pool that grows by itself may still get one that it leaves.
        """
        by_name = any(term.fields for term in self.workload.pod.required_terms or ())
        nodes = self.nodes.of(pool) if by_name else self.nodes.differing(pool, self._asked)
        seen = some(self._chooses(node.possible(self._asked), node.name) for node in nodes)
        return None if seen is False and (not nodes or pool.wire.enableAutoScaling) else seen

    @property
    def _asked(self) -> frozenset[str]:
        """The labels that the pods' selection looks at."""
        return frozenset(self._values_asked)

    @cached_property
    def _values_asked(self) -> Mapping[str, frozenset[str]]:
        """The labels that the pods' selection looks at, with the values that it names of each."""
        pod = self.workload.pod
        added = self.runtime_class.node_selector if isinstance(self.runtime_class, RuntimeClass) else {}
        terms = ((one.key, one.values) for term in pod.required_terms or () for one in term.expressions)
        selected_ = ((key, (value,)) for labels in (pod.node_selector, added) for key, value in labels.items())
        asked: dict[str, frozenset[str]] = {}
        for key, values in (*selected_, *terms):
            asked[key] = asked.get(key, frozenset()) | frozenset(values)
        return asked

    def _repelled_by_nodes(self, pool: NodePool) -> Taint | None:
        """Return a taint that somebody gave to the nodes of *pool*, where none of them is without an untolerated one.

        Those that Kubernetes sets and removes with a node's condition do not count.
        """
        first: Taint | None = None
        for node in self.nodes.of(pool):
            lasting = (one for one in node.taints if not one.key.startswith(_CONDITIONS))
            repelling = next((one for one in lasting if self._tolerates(one) is not True), None)
            if repelling is None:
                return None
            first = first or repelling
        return first

    def _chooses(self, labels: Labels, node: str | None = None) -> Truth:
        pod = self.workload.pod
        own = every((selected(pod.node_selector, labels), attracted(pod.required_terms, labels, node)))
        match self.runtime_class:
            case None:
                return own
            case FactUnavailable():
                return every((own, None))
            case found:
                return every((own, selected(found.node_selector, labels)))

    def _tolerates(self, against: Taint) -> Truth:
        more: tuple[Toleration, ...] = ()
        if isinstance(self.runtime_class, RuntimeClass):
            more = self.runtime_class.tolerations
        own = tolerated(against, (*self.workload.pod.tolerations, *more))
        return some((own, None)) if isinstance(self.runtime_class, FactUnavailable) else own


@fact(Need.CLUSTER)
def placements(
    scope: Scope,
    workloads: tuple[Workload | Unread, ...],
    runtime_classes: tuple[RuntimeClass | Unread, ...],
    live_nodes: LiveNodes | None = None,
    provisioning: Provisioning | None = None,
) -> tuple[Placement | Unread, ...]:
    """Return each workload with the pools that it may run on, or why there are none to look at."""
    listed = ids.live_runtime_classes(str(scope.target.context))
    found: Cluster | FactUnavailable | None = None
    try:
        found = cluster(scope) if scope.target.cluster else None
    except FactUnavailable as why:
        found = why
    made = provisioning if isinstance(found, Cluster) and found.provisions_nodes else None
    nodes = live_nodes or LiveNodes()
    return tuple(
        one
        if isinstance(one, Unread)
        else Placement(one, found, _class_of(one, runtime_classes, listed), nodes=nodes, provisioning=made)
        for one in workloads
    )


def _class_of(
    workload: Workload, runtime_classes: tuple[RuntimeClass | Unread, ...], listed: str
) -> RuntimeClass | FactUnavailable | None:
    """Return the RuntimeClass of *workload*; why it is not known where it is not among those that were read.

    *listed* is the id of the list of those of the live cluster.
    """
    name = workload.pod.runtime_class
    if name is None:
        return None
    read = [one for one in runtime_classes if isinstance(one, RuntimeClass) and one.name == name]
    if read:
        return read[0]
    refused = (one.why for one in runtime_classes if isinstance(one, Unread) and ids.same(one.why.document, listed))
    unread = FactUnavailable(f"the RuntimeClass {name} was not read", f"Judge the manifest of {name} as well")
    return next(refused, unread)
