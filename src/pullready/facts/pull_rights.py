"""Who pulls from a registry for a cluster, what roles that principal has there, and who uses the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.authorization import Roles, pull_roles
from pullready.facts.base import SEPARATOR, Fact, Unread
from pullready.facts.cluster import Cluster
from pullready.facts.credentials import Credentials
from pullready.facts.graph import only
from pullready.facts.images import ImageUse
from pullready.facts.registry import Registry
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.workloads import Workload
from pullready.snapshot import Provider
from pullready.verdict import Evidence

#: The label that virtual nodes have and that no ordinary node has.
#: Source: https://learn.microsoft.com/azure/aks/virtual-nodes-cli
VIRTUAL_NODE: Final = ("type", "virtual-kubelet")


@dataclass(frozen=True, slots=True)
class Puller:
    """The principal (object id) that kubelet pulls as."""

    object_id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Held:
    """The roles that the puller has at the registry; ``listed`` is the list of assignments that says so."""

    puller: Puller
    roles: Roles
    listed: Evidence


@dataclass(frozen=True)
class PullRight:
    """A cluster, a registry that it pulls from, and the workloads that name an image of that registry.

    ``is_whole`` says that every workload could be read, so that no other uses the registry. ``credentials`` are the
    pull secrets that the workloads may bring along.
    """

    cluster: Cluster
    registry: Registry
    workloads: tuple[Workload, ...]
    is_whole: bool
    credentials: Credentials
    read: Held | FactUnavailable

    @property
    def subject(self) -> str:
        """Cluster and registry, such as ``prod → shopimages.azurecr.io``."""
        return f"{self.cluster.name}{SEPARATOR}{self.registry.subject}"

    @property
    def held(self) -> Held:
        """The roles that were read; raise :class:`FactUnavailable` where they could not be."""
        if isinstance(self.read, FactUnavailable):
            raise self.read
        return self.read

    @property
    def only_virtual_nodes(self) -> tuple[Evidence, ...]:
        """What binds every user of the registry to virtual nodes; empty where one may run on an ordinary node."""
        bound = tuple(self._bound())
        return bound if self.is_whole and len(bound) == len(self.workloads) else ()

    @property
    def pull_secrets(self) -> tuple[Evidence | None, ...]:
        """For each workload, where it names a pull secret that may be for the registry; none where it does not."""
        return tuple(self.credentials.brought_by(workload, self.registry.subject) for workload in self.workloads)

    def _bound(self) -> Iterator[Evidence]:
        """Yield the node selectors. A toleration alone does not bind: such pods also run on ordinary nodes."""
        label, value = VIRTUAL_NODE
        for workload in self.workloads:
            if workload.pod.node_selector.get(label) == value:
                yield workload.evidence(f"/nodeSelector/{label}", f"{workload.subject} runs on virtual nodes")


def puller_of(scope: Scope, cluster: Cluster) -> Puller:
    """Return whom kubelet pulls as: the kubelet identity, or the cluster's service principal.

    Raise :class:`FactUnavailable` where that was not read, or the service principal does not exist.
    """
    client = cluster.service_principal_client_id
    if client is None:
        identity = cluster.kubelet_identity
        return Puller(identity.object_id, identity.evidence("/objectId", "the identity that kubelet pulls with"))
    document = scope.document(ids.service_principal(client, scope.target.tenant), Provider.GRAPH)
    principal = only(document)
    if principal is None:
        raise FactUnavailable(
            f"the cluster's service principal {client} does not exist, as cluster-sp-secret-expired finds",
            "Give the cluster a service principal that exists, or a managed identity, then judge again",
            document=document.id,
            pointer="/value",
        )
    return Puller(
        principal.id, principal.evidence("/id", f"the service principal of {client}, which kubelet pulls with")
    )


def _held(scope: Scope, cluster: Cluster, registry: Registry) -> Held | FactUnavailable:
    try:
        puller = puller_of(scope, cluster)
        roles = pull_roles(scope, registry.id, puller.object_id)
    except FactUnavailable as why:
        return why
    document = scope.document(ids.role_assignments_at(registry.id))
    listed = Fact(document, "").evidence("/value", "every role assignment at the registry and above it")
    return Held(puller, roles, listed)


@fact(Need.ROLE_ASSIGNMENTS, Need.GROUP_MEMBERSHIPS, Need.SERVICE_PRINCIPAL)
def pull_rights(
    scope: Scope,
    cluster: Cluster,
    registries: tuple[Registry | Unread, ...],
    images: tuple[ImageUse | Unread, ...],
    credentials: Credentials,
) -> tuple[PullRight | Unread, ...]:
    """Return the pull right of the target's cluster on each registry; unread are the registries that are."""
    uses = [use for use in images if isinstance(use, ImageUse)]
    rights: list[PullRight | Unread] = []
    for registry in registries:
        if isinstance(registry, Unread):
            rights.append(Unread(f"{cluster.name}{SEPARATOR}{registry.subject}", registry.why, registry.location))
            continue
        host = registry.subject
        users = {use.workload.subject: use.workload for use in uses if use.registry_host(scope.settings) == host}
        rights.append(
            PullRight(
                cluster,
                registry,
                tuple(users.values()),
                is_whole=len(uses) == len(images),
                credentials=credentials,
                read=_held(scope, cluster, registry),
            )
        )
    return tuple(rights)
