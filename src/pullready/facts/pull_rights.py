"""What the principal that kubelet pulls as may do at each registry, and who uses the registry."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts.base import SEPARATOR, Unread
from pullready.facts.cluster import Cluster
from pullready.facts.credentials import Credentials
from pullready.facts.images import ImageUse
from pullready.facts.pullers import By, VirtualNodeIdentity, WorkloadPull, puller_of, who_pulls
from pullready.facts.reference import ImageReference
from pullready.facts.registry import Registry
from pullready.facts.rights import Held, held_by
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.server_keys import is_for_image
from pullready.facts.server_slips import slip_of
from pullready.facts.service_accounts import MALFORMED, Login
from pullready.facts.workloads import Workload
from pullready.verdict import Evidence


class PullRight(msgspec.Struct, frozen=True):
    """A cluster, a registry that it pulls from, and the workloads that name an image of that registry.

    ``pulls`` are those workloads with whoever pulls for them, ``uses`` the repositories that they name, and ``written``
    the images as they name them, maybe by another host of the registry; ``repository`` is set where the right is looked
    at for one alone. ``is_whole`` says that every workload could be read, so that no other uses the registry.
    ``credentials`` are the pull secrets that the workloads may bring along.
    """

    cluster: Cluster
    registry: Registry
    pulls: tuple[WorkloadPull, ...]
    is_whole: bool
    read: Held | FactUnavailable
    credentials: Credentials
    uses: tuple[tuple[str, Workload], ...] = ()
    written: tuple[tuple[ImageReference, Workload], ...] = ()
    repository: str | None = None

    @property
    def subject(self) -> str:
        """Cluster and registry, as in ``prod → shopimages.azurecr.io``; behind them the repository, if it is one."""
        parts = (self.cluster.name, self.registry.subject, self.repository)
        return SEPARATOR.join(part for part in parts if part)

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads, each once."""
        return tuple(pull.workload for pull in self.pulls)

    @property
    def repositories(self) -> tuple[str, ...]:
        """The repositories that the workloads name, each once."""
        return tuple(dict.fromkeys(repository for repository, _ in self.uses))

    def on(self, repository: str) -> PullRight:
        """Return the right on *repository* alone, with the workloads that name it."""
        uses = tuple(use for use in self.uses if use[0] == repository)
        naming = {workload.subject for _, workload in uses}
        pulls = tuple(pull for pull in self.pulls if pull.workload.subject in naming)
        written = tuple(one for one in self.written if one[0].repository == repository)
        return replace(self, repository=repository, uses=uses, written=written, pulls=pulls)

    @property
    def held(self) -> Held:
        """The roles that were read; raise :class:`FactUnavailable` where they could not be."""
        if isinstance(self.read, FactUnavailable):
            raise self.read
        return self.read

    @property
    def by(self) -> By:
        """Who pulls without a pull secret, for all workloads: virtual nodes where each of them is bound to those."""
        virtual = [pull.by for pull in self.pulls if isinstance(pull.by, VirtualNodeIdentity)]
        if virtual and self.is_whole and len(virtual) == len(self.pulls):
            return VirtualNodeIdentity(tuple(piece for one in virtual for piece in one.evidence))
        return who_pulls(self.cluster, self.registry)

    @property
    def pull_secrets(self) -> tuple[Evidence | None, ...]:
        """For each workload, where it names a pull secret that may be for the registry; none where it does not."""
        return tuple(pull.secrets for pull in self.pulls)

    @property
    def brings_judged_logins(self) -> bool:
        """Whether each workload names, for each of its images, a pull secret that can be judged by itself."""
        return bool(self.written) and all(self._brings_judged(image, workload) for image, workload in self.written)

    def _brings_judged(self, image: ImageReference, workload: Workload) -> bool:
        """Say whether *workload* names a pull secret that is absent, or has a login that can be told good from bad."""
        for name in self.credentials.named_by(workload)[0]:
            key = (workload.namespace, name)
            if self.credentials.absent(key):
                return True
            secret = self.credentials.secrets.get(key)
            if secret and any(self._is_judged(login, image) for login in secret.wire.registries or ()):
                return True
            if secret and secret.wire.flaw:
                return True
        return False

    def _is_judged(self, login: Login, image: ImageReference) -> bool:
        if login.kind == MALFORMED:
            return True
        if is_for_image(login.server, image.host, image.repository):
            return (
                bool(login.client_id)
                or login.is_exchanged
                or login.is_admin_of(self.registry.name)
                or login.is_incomplete
                or bool(login.token_name)
            )
        return slip_of(login, image, self.registry) is not None


def _held(scope: Scope, cluster: Cluster, registry: Registry) -> Held | FactUnavailable:
    try:
        return held_by(scope, registry, puller_of(scope, cluster))
    except FactUnavailable as why:
        return why


@fact(Need.ROLE_ASSIGNMENTS, Need.GROUP_MEMBERSHIPS, Need.SERVICE_PRINCIPAL)
def pull_rights(  # noqa: PLR0913, PLR0917  (a maker names each fact that it builds on)
    scope: Scope,
    cluster: Cluster,
    registries: tuple[Registry | Unread, ...],
    images: tuple[ImageUse | Unread, ...],
    workload_pulls: tuple[WorkloadPull, ...],
    credentials: Credentials,
) -> tuple[PullRight | Unread, ...]:
    """Return the pull right of the target's cluster on each registry; unread are the registries that are."""
    uses = [use for use in images if isinstance(use, ImageUse)]
    rights: list[PullRight | Unread] = []
    for registry in registries:
        if isinstance(registry, Unread):
            rights.append(Unread(f"{cluster.name}{SEPARATOR}{registry.subject}", registry.why, registry.location))
            continue
        here = [use for use in uses if use.registry_host(scope.settings) == registry.subject]
        written = tuple((use.reference, use.workload) for use in here if isinstance(use.reference, ImageReference))
        rights.append(
            PullRight(
                cluster,
                registry,
                tuple(pull for pull in workload_pulls if pull.registry is registry),
                is_whole=len(uses) == len(images),
                read=_held(scope, cluster, registry),
                credentials=credentials,
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
    granted = any(not roles.sound and any(grant.is_conditional for grant in roles.grants) for roles in kinds)
    return granted or any(denial.clause is not None for denial in held.denials.standing)
