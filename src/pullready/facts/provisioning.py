"""The NodePool resources of node auto-provisioning: with which labels and taints it may make nodes, and for whom.

Sources: https://karpenter.sh/docs/concepts/nodepools/ and
https://learn.microsoft.com/azure/aks/node-auto-provisioning-node-pools
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Unread
from pullready.facts.objects import KubernetesObject, objects_in, wire
from pullready.facts.pods import Requirement
from pullready.facts.pool_labels import ARCHITECTURES, LINUX, OS_LABELS, WINDOWS
from pullready.facts.scheduling import Possible, Taint, Truth, every, holds
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Evidence

#: The API groups of both resources.
GROUP: Final = "karpenter.sh"
AZURE_GROUP: Final = "karpenter.azure.com"
POOL: Final = "NodePool"
CLASS: Final = "AKSNodeClass"
#: Names that nodes had for their labels once; Karpenter takes either for the same.
_ALIASES: Final = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
_NAME_LABEL: Final = f"{GROUP}/nodepool"
_ARCHITECTURE: Final = "kubernetes.io/arch"
_OPERATORS: Final = frozenset({"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"})
#: Labels by which sizes of machines are chosen, and with them perhaps the architecture.
_SIZES: Final = ("node.kubernetes.io/instance-type", f"{AZURE_GROUP}/sku-", "kubernetes.azure.com/sku-")
#: How the families begin that are Windows; all others are a Linux.
_WINDOWS_FAMILY: Final = "windows"
_NOT_READ: Final = "which architectures the NodePools of node auto-provisioning allow was not read"
_CHOOSE: Final = "Choose one in the pod template: nodeSelector kubernetes.io/arch: amd64, or arm64"

_LOOK: Final = "Look whether the context is that of the cluster, and at kubectl get --raw /apis/karpenter.sh"
_BIND: Final = "Bind the ClusterRole of docs/permissions.md to who runs this, then run again"


class _Taint(Struct, frozen=True):
    key: str
    effect: str
    value: str = ""


class _Reference(Struct, frozen=True):
    name: str
    kind: str = CLASS


class _NodeSpec(Struct, frozen=True):
    requirements: tuple[Requirement, ...]
    nodeClassRef: _Reference
    taints: tuple[_Taint, ...] = ()


class _Metadata(Struct, frozen=True):
    labels: dict[str, str] | None = None


class _Template(Struct, frozen=True):
    spec: _NodeSpec
    metadata: _Metadata | None = None


class _PoolSpec(Struct, frozen=True):
    template: _Template
    limits: dict[str, str | int | float] | None = None


class _Pool(Struct, frozen=True):
    spec: _PoolSpec


class _ClassSpec(Struct, frozen=True):
    imageFamily: str | None = None


class _Class(Struct, frozen=True):
    spec: _ClassSpec | None = None


class ImageFamily(Struct, frozen=True):
    """What the nodes of an AKSNodeClass are installed with; what Azure takes without a ``name`` is a Linux."""

    name: str | None
    evidence: Evidence

    @property
    def os(self) -> str:
        """The operating system."""
        return WINDOWS if str(self.name).lower().startswith(_WINDOWS_FAMILY) else LINUX


class ProvisioningPool(KubernetesObject, frozen=True):
    """A NodePool; ``family`` is the image family of its AKSNodeClass."""

    wire: _Pool
    family: ImageFamily | FactUnavailable

    @property
    def subject(self) -> str:
        """Kind and name; it has no namespace."""
        return f"{POOL} {self.name}"

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What it requires of the labels of its nodes, the labels that it gives them among it."""
        template = self.wire.spec.template
        given = {**((template.metadata and template.metadata.labels) or {}), _NAME_LABEL: self.name}
        return (
            *(Requirement(canonical(one.key), one.operator, one.values) for one in template.spec.requirements),
            *(Requirement(canonical(key), "In", (value,)) for key, value in given.items()),
        )

    @property
    def taints(self) -> tuple[Taint, ...]:
        """The taints of its nodes; those of their start do not count, because they go by themselves."""
        return tuple(Taint(one.key, one.value, one.effect) for one in self.wire.spec.template.spec.taints)

    @property
    def doubts(self) -> Iterator[str]:
        """What leaves open whether it makes nodes as its requirements say."""
        for one in self.requirements:
            if one.operator not in _OPERATORS:
                yield f"what the operator {one.operator} requires of {one.key} is not known"
        for name, most in (self.wire.spec.limits or {}).items():
            if str(most).rstrip("kmMGTPEi") in {"0", "0.0"}:
                yield f"its limit of no {name} lets it make no new nodes"

    @property
    def systems(self) -> Possible | FactUnavailable:
        """The operating systems that its nodes may have; why that is not known where its AKSNodeClass was not read."""
        known = {LINUX, WINDOWS} if isinstance(self.family, FactUnavailable) else {self.family.os}
        left = frozenset(os for os in known if self.allows(OS_LABELS[0], os) is not False)
        return self.family if isinstance(self.family, FactUnavailable) and len(left) > 1 else left

    def architectures(self, os: str) -> tuple[str, ...]:
        """Return the architectures that its nodes with *os* may have: without a requirement all that Azure has."""
        left = (str(one) for one in ARCHITECTURES[os] if self.allows(_ARCHITECTURE, one) is not False)
        return tuple(sorted(left))

    @property
    def chooses_sizes(self) -> bool:
        """Whether it requires something of the sizes of its machines, which may leave fewer architectures."""
        return any(one.key.startswith(_SIZES) for one in self.requirements)

    def requires(self, key: str) -> tuple[Requirement, ...]:
        """Return what it requires of the label *key*."""
        return tuple(one for one in self.requirements if one.key == canonical(key))

    def allows(self, key: str, value: str | None) -> Truth:
        """Say whether its nodes may have *value* as their label *key*; none: whether they may lack it."""
        return every(holds(one, {one.key: frozenset({value})}) for one in self.requires(key))

    @property
    def required(self) -> tuple[Evidence, ...]:
        """All that it requires, and what its nodes are installed with."""
        said = f"{self.subject} may make nodes for the pods"
        own = self.evidence("/spec/template/spec/requirements", said)
        return (own,) if isinstance(self.family, FactUnavailable) else (own, self.family.evidence)


class Provisioning(Struct, frozen=True):
    """The NodePools that are known; ``others`` says why there may be more, none where they are all."""

    pools: tuple[ProvisioningPool, ...]
    others: FactUnavailable | None


def canonical(key: str) -> str:
    """Return the name of a label that stands for all names that it ever had."""
    return _ALIASES.get(key, key)


@fact(Need.MANIFESTS, Need.NODE_POOLS)
def provisioning(scope: Scope) -> Provisioning:
    """Return the NodePools of the target: those of its manifests, and those of its live cluster that none replaces."""
    context = scope.target.context
    pools, missing = _of_kind(scope, POOL, GROUP, ids.live_node_pools(context) if context else None)
    classes, unread = _of_kind(scope, CLASS, AZURE_GROUP, ids.live_node_classes(context) if context else None)
    others = _not_read(missing) if missing else None
    found: list[ProvisioningPool] = []
    for one in pools:
        try:
            shape = wire(one, _Pool)
            family = _family(one.name, shape.spec.template.spec.nodeClassRef, classes, unread)
            found.append(ProvisioningPool(one.document, one.base, shape, family))
        except FactUnavailable as why:
            others = others or why
    return Provisioning(tuple(found), others)


def _not_read(list_: Document) -> FactUnavailable:
    """Return why there may be NodePools that are not known; *list_* is that of the live cluster."""
    if list_.status is Status.NOT_ASKED:
        return FactUnavailable(_NOT_READ, _CHOOSE)
    why = _why(list_)
    return FactUnavailable(f"{_NOT_READ}: {why.reason}", why.remedy, document=list_.id)


def _why(list_: Document) -> FactUnavailable:
    reason = list_.detail or f"{list_.id} could not be read"
    otherwise = _LOOK if list_.status is Status.NOT_FOUND else _BIND
    return FactUnavailable(reason, list_.remedy or otherwise, document=list_.id)


def _family(
    pool: str, named: _Reference, classes: list[KubernetesObject], unread: Document | None
) -> ImageFamily | FactUnavailable:
    """Return the image family of the class that the NodePool *pool* names."""
    for one in classes:
        if named.kind == CLASS and one.name == named.name:
            try:
                spec = wire(one, _Class).spec
            except FactUnavailable as why:
                return why
            family = spec.imageFamily if spec else None
            said = f"{CLASS} {one.name} installs {family or 'Ubuntu, where it names nothing'}"
            return ImageFamily(family, one.evidence("/spec/imageFamily", said))
    reason = f"the {named.kind} {named.name} does not exist"
    if unread:
        is_asked = unread.status is not Status.NOT_ASKED
        reason = _why(unread).reason if is_asked else f"the {named.kind} {named.name} was not read"
    remedy = f"Judge the manifest of {named.kind} {named.name} as well, or require kubernetes.io/os in the NodePool"
    return FactUnavailable(f"which operating system the nodes of {POOL} {pool} have is not known: {reason}", remedy)


def _of_kind(scope: Scope, kind: str, group: str, listed: str | None) -> tuple[list[KubernetesObject], Document | None]:
    """Return the objects of a kind, and the list *listed* of the live cluster where it was not read.

    That the API server has no such list does not say that there are none: where Azure says that nodes are provisioned,
    it may have another version of it, or be that of another cluster.
    """
    live = Document(id=group, provider=Provider.KUBERNETES, status=Status.NOT_ASKED)
    if listed:
        live = scope.document(listed, Provider.KUBERNETES)
    found = {one.name: one for one in _named(live, kind, group)}
    for id_ in scope.manifests:
        found |= {one.name: one for one in _named(scope.document(id_, Provider.MANIFEST), kind, group)}
    return list(found.values()), None if live.status is Status.READ else live


def _named(document: Document, kind: str, group: str) -> Iterator[KubernetesObject]:
    if document.status is not Status.READ:
        return
    for one in objects_in(document):
        if isinstance(one, Unread) or one.kind != kind:
            continue
        if str(one.body.get("apiVersion", "")).rpartition("/")[0] == group:
            yield one
