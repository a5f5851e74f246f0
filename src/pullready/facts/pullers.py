"""Who pulls: for every workload and registry, whose credentials kubelet tries.

kubelet tries the pull secrets of the workload, then what its credential provider hands out, and one success is enough.
What a principal may do at a registry then, whichever principal it is, :func:`pullready.facts.rights.held_by` says.
Sources: https://kubernetes.io/docs/concepts/containers/images/ and
https://learn.microsoft.com/azure/aks/cluster-container-registry-integration
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import SEPARATOR, Unread
from pullready.facts.bootstrap import bootstrap_registry
from pullready.facts.cluster import Cluster
from pullready.facts.credentials import Credentials
from pullready.facts.graph import only
from pullready.facts.images import ImageUse
from pullready.facts.registry import Registry
from pullready.facts.scope import Scope, fact
from pullready.facts.workloads import Workload
from pullready.snapshot import Provider
from pullready.verdict import Evidence

#: The label that virtual nodes have and that no ordinary node has.
#: Source: https://learn.microsoft.com/azure/aks/virtual-nodes-cli
VIRTUAL_NODE: Final = ("type", "virtual-kubelet")


class Puller(msgspec.Struct, frozen=True):
    """A principal (object id) that pulls, and what says that it does."""

    object_id: str
    evidence: Evidence


class Anybody(msgspec.Struct, frozen=True):
    """The registry lets anybody pull, so it does not matter who does."""

    evidence: tuple[Evidence, ...]


class ServiceAccountIdentity(msgspec.Struct, frozen=True):
    """The identity of the pod's service account, or the default that the cluster has for them: a preview."""

    evidence: tuple[Evidence, ...]


class VirtualNodeIdentity(msgspec.Struct, frozen=True):
    """The identity of virtual nodes, which have no kubelet."""

    evidence: tuple[Evidence, ...]


class Kubelet(msgspec.Struct, frozen=True):
    """What kubelet has itself: the cluster's kubelet identity or service principal, which :func:`puller_of` names."""


#: Who pulls without a pull secret.
By = Anybody | ServiceAccountIdentity | VirtualNodeIdentity | Kubelet


class WorkloadPull(msgspec.Struct, frozen=True):
    """A workload and a registry that it names images of.

    ``by`` is who pulls for it without a pull secret. ``secrets`` is where it names pull secrets that may be for the
    registry, which kubelet tries as well; none where it names none.
    """

    workload: Workload
    registry: Registry
    by: By
    secrets: Evidence | None

    @property
    def subject(self) -> str:
        """Workload and registry, as in ``Deployment shop/web → shopimages.azurecr.io``."""
        return f"{self.workload.subject}{SEPARATOR}{self.registry.subject}"


def service_accounts_of(cluster: Cluster) -> ServiceAccountIdentity | None:
    """Return that service accounts pull what workloads name; none where kubelet does. A preview."""
    if not cluster.service_accounts_pull:
        return None
    pointer = "/properties/securityProfile/serviceAccountImagePullProfile"
    return ServiceAccountIdentity((cluster.evidence(pointer, "how images are pulled"),))


def who_pulls(cluster: Cluster, registry: Registry, workload: Workload | None = None) -> By:
    """Return who pulls from *registry* for *workload* without a pull secret; without one, for any ordinary workload."""
    if registry.pulls_anonymously:
        return Anybody((registry.evidence("/properties/anonymousPullEnabled", "anybody may pull"),))
    accounts, mirror = service_accounts_of(cluster), bootstrap_registry(cluster)
    if accounts and not (mirror and ids.same(mirror, registry.id)):
        return accounts
    label, value = VIRTUAL_NODE
    if workload and workload.pod.node_selector.get(label) == value:  # a toleration alone binds no pod to them
        says = f"{workload.subject} runs on virtual nodes"
        return VirtualNodeIdentity((workload.evidence(f"/nodeSelector/{label}", says),))
    return Kubelet()


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


def disabled(scope: Scope, puller: Puller) -> Evidence | None:
    """Return what says that *puller*, a managed identity, is disabled in the directory, so that it gets no token.

    The directory is only looked into where groups or principals are asked for anyway, so that nothing says so is no
    obstacle. That of a service principal is judged by ``cluster-sp-secret-expired``.
    """
    asked = ids.principal(puller.object_id, scope.target.tenant)
    if asked not in scope.snapshot:
        return None
    try:
        entity = only(scope.document(asked, Provider.GRAPH))
    except FactUnavailable:
        return None
    if entity is None or entity.wire.accountEnabled is not False:
        return None
    return entity.evidence("/accountEnabled", f"{puller.object_id} may not sign in")


@fact()
def workload_pulls(
    scope: Scope,
    cluster: Cluster,
    registries: tuple[Registry | Unread, ...],
    images: tuple[ImageUse | Unread, ...],
    credentials: Credentials,
) -> tuple[WorkloadPull, ...]:
    """Return who pulls for each workload from each registry that was read and that it names."""
    return tuple(
        WorkloadPull(workload, registry, who_pulls(cluster, registry, workload), secrets)
        for registry in registries
        if isinstance(registry, Registry)
        for workload in _users(scope, registry, images)
        for secrets in (credentials.brought_by(workload, registry.subject),)
    )


def _users(scope: Scope, registry: Registry, images: tuple[ImageUse | Unread, ...]) -> Iterator[Workload]:
    here = (one for one in images if isinstance(one, ImageUse) and one.registry_host(scope.settings))
    users = {
        use.workload.subject: use.workload for use in here if use.registry_host(scope.settings) == registry.subject
    }
    yield from users.values()
