"""Who pulls from a registry for a cluster, what roles that principal has there, and who uses the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.authorization import Roles, pull_roles
from pullready.facts.base import SEPARATOR, Fact, Unread
from pullready.facts.cluster import Cluster
from pullready.facts.credentials import Credentials
from pullready.facts.graph import only
from pullready.facts.images import ImageUse
from pullready.facts.reference import ImageReference
from pullready.facts.registry import Registry
from pullready.facts.roles import READ_CONTENT, READ_METADATA
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.server_keys import is_for_image
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
    """The roles that the puller has at the registry; ``listed`` is the list of assignments that says so.

    ``metadata`` are those that let it look at tags, at a registry that grants that apart, by repository.
    """

    puller: Puller
    roles: Roles
    listed: Evidence
    metadata: Roles = field(default_factory=Roles)


@dataclass(frozen=True)
class PullRight:
    """A cluster, a registry that it pulls from, and the workloads that name an image of that registry.

    ``uses`` are the repositories that they name, and ``written`` the images as they name them, maybe by another host of
    the registry; ``repository`` is set where the right is looked at for one alone.
    ``is_whole`` says that every workload could be read, so that no other uses the registry. ``credentials`` are the
    pull secrets that the workloads may bring along.
    """

    cluster: Cluster
    registry: Registry
    workloads: tuple[Workload, ...]
    is_whole: bool
    credentials: Credentials
    read: Held | FactUnavailable
    uses: tuple[tuple[str, Workload], ...] = ()
    written: tuple[tuple[ImageReference, Workload], ...] = ()
    repository: str | None = None

    @property
    def subject(self) -> str:
        """Cluster and registry, as in ``prod → shopimages.azurecr.io``; behind them the repository, if it is one."""
        parts = (self.cluster.name, self.registry.subject, self.repository)
        return SEPARATOR.join(part for part in parts if part)

    @property
    def repositories(self) -> tuple[str, ...]:
        """The repositories that the workloads name, each once."""
        return tuple(dict.fromkeys(repository for repository, _ in self.uses))

    def on(self, repository: str) -> PullRight:
        """Return the right on *repository* alone, with the workloads that name it."""
        uses = tuple(use for use in self.uses if use[0] == repository)
        written = tuple(one for one in self.written if one[0].repository == repository)
        workloads = {workload.subject: workload for _, workload in uses}
        return replace(self, repository=repository, uses=uses, written=written, workloads=tuple(workloads.values()))

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

    @property
    def brings_judged_logins(self) -> bool:
        """Whether each workload brings, for each of its images, a login that can be judged by itself."""
        return bool(self.written) and all(self._brings_judged(image, workload) for image, workload in self.written)

    def _brings_judged(self, image: ImageReference, workload: Workload) -> bool:
        """Say whether a pull secret of *workload* has a login of a service principal or of the admin user."""
        for name in self.credentials.named_by(workload)[0]:
            secret = self.credentials.secrets.get((workload.namespace, name))
            for login in (secret.wire.registries or ()) if secret else ():
                is_known = login.client_id or login.is_admin_of(self.registry.name)
                if is_known and is_for_image(login.server, image.host, image.repository):
                    return True
        return False

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
        return held_by(scope, registry, puller_of(scope, cluster))
    except FactUnavailable as why:
        return why


def held_by(scope: Scope, registry: Registry, puller: Puller) -> Held | FactUnavailable:
    """Return the roles that *puller* has at *registry*; why they could not be read, where they could not."""
    try:
        by_repository = registry.grants_by_repository
        roles = pull_roles(scope, registry.id, puller.object_id, READ_CONTENT if by_repository else None)
        metadata = pull_roles(scope, registry.id, puller.object_id, READ_METADATA) if by_repository else Roles()
    except FactUnavailable as why:
        return why
    document = scope.document(ids.role_assignments_at(registry.id))
    listed = Fact(document, "").evidence("/value", "every role assignment at the registry and above it")
    return Held(puller, roles, listed, metadata)


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
        here = [use for use in uses if use.registry_host(scope.settings) == host]
        written = tuple((use.reference, use.workload) for use in here if isinstance(use.reference, ImageReference))
        users = {use.workload.subject: use.workload for use in here}
        rights.append(
            PullRight(
                cluster,
                registry,
                tuple(users.values()),
                is_whole=len(uses) == len(images),
                credentials=credentials,
                read=_held(scope, cluster, registry),
                uses=tuple((image.repository, workload) for image, workload in written),
                written=written,
            )
        )
    return tuple(rights)


@fact()
def repository_rights(
    scope: Scope,  # noqa: ARG001  (every maker's first)
    pull_rights: tuple[PullRight | Unread, ...],
) -> tuple[PullRight | Unread, ...]:
    """Return the pull rights; one for each repository that is named, where those of a registry may differ."""
    parts: list[PullRight | Unread] = []
    for right in pull_rights:
        if isinstance(right, PullRight) and _may_differ(right):
            parts.extend(right.on(repository) for repository in right.repositories)
        else:
            parts.append(right)
    return tuple(parts)


def _may_differ(right: PullRight) -> bool:
    """Say whether conditions may let the puller reach one repository and not another, and some are named."""
    held = right.read
    if isinstance(held, FactUnavailable) or not right.repositories:
        return False
    kinds = (held.roles, held.metadata)
    return any(not roles.sound and any(grant.is_conditional for grant in roles.grants) for roles in kinds)
