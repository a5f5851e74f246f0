"""The pull secrets that workloads use for a registry, each with what is in it for that registry.

Sources: https://kubernetes.io/docs/concepts/containers/images/#using-a-private-registry and
https://learn.microsoft.com/azure/container-registry/container-registry-auth-kubernetes
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import SEPARATOR, Unread
from pullready.facts.credentials import Credentials, Key
from pullready.facts.graph import Entity, only
from pullready.facts.images import ImageUse
from pullready.facts.objects import located
from pullready.facts.pull_rights import PullRight
from pullready.facts.pullers import Puller
from pullready.facts.reference import ImageReference, parse
from pullready.facts.rights import Held, held_by
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.scoped_tokens import ScopedToken, scoped_token
from pullready.facts.server_keys import is_for_image
from pullready.facts.service_accounts import Login, PullSecret
from pullready.facts.workloads import Workload
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Evidence, Location


class SecretLogin(msgspec.Struct, frozen=True, dict=True):
    """A pull secret, by namespace and name, and the workloads that use it for a registry.

    ``right`` is the pull right of the cluster on that registry, narrowed to those workloads; its ``repository`` is set
    where the secret is looked at for one alone.
    """

    scope: Scope
    right: PullRight
    key: Key

    @property
    def subject(self) -> str:
        """Secret and registry, as in ``Secret shop/pull → shopimages.azurecr.io``; behind them the repository."""
        parts = (f"Secret {'/'.join(self.key)}", self.right.registry.subject, self.right.repository)
        return SEPARATOR.join(part for part in parts if part)

    @property
    def location(self) -> Location | None:
        """Where the secret is defined, or else where a workload names it."""
        secret = self.right.credentials.secrets.get(self.key)
        return secret.location if secret and secret.location else self.use_location

    @property
    def use_location(self) -> Location | None:
        """Where the first of the workloads names it."""
        workload = self.right.workloads[0]
        return located(workload.document, f"{workload.base}/imagePullSecrets")

    @property
    def named(self) -> Evidence:
        """Where the first of the workloads names it."""
        return self.right.credentials.named_by(self.right.workloads[0])[1]

    @property
    def now(self) -> datetime:
        """When the documents were read."""
        return self.scope.snapshot.captured_at

    @property
    def warning(self) -> timedelta:
        """For how long something should last."""
        return timedelta(days=self.scope.settings.expiry_warning_days)

    @property
    def absent(self) -> Evidence | None:
        """What says that there is no such pull secret; none where there may be one."""
        return self.right.credentials.absent(self.key)

    def for_images(self, written: tuple[tuple[ImageReference, Workload], ...]) -> SecretLogin:
        """Return the same, as it concerns the images *written* alone."""
        subjects = {workload.subject for _, workload in written}
        pulls = tuple(pull for pull in self.right.pulls if pull.workload.subject in subjects)
        uses = tuple((image.repository, workload) for image, workload in written)
        return SecretLogin(self.scope, replace(self.right, pulls=pulls, uses=uses, written=written), self.key)

    def on(self, repository: str) -> SecretLogin:
        """Return the same, as it concerns the images of *repository* alone, which the subject then names."""
        return replace(self, right=self.right.on(repository))

    @cached_property
    def secret(self) -> PullSecret:
        """The pull secret; raise :class:`FactUnavailable` where it was not read."""
        secret = self.right.credentials.secrets.get(self.key)
        if secret is None:
            raise self._absent()
        return secret

    @property
    def logins(self) -> tuple[tuple[Login, Evidence], ...]:
        """What kubelet takes from the secret for the images of the registry, each with where it stands."""
        if self.is_useless:
            return ()
        return tuple(
            (login, self.secret.evidence(f"/registries/{index}/username", f"the user in {self.secret.subject}"))
            for index, login in enumerate(self.secret.logins)
            if self.images_for(login)
        )

    def serves_another(self, login: Login) -> bool:
        """Say whether kubelet takes *login* for an image of the workloads that is of another registry."""
        here = {image.host for image, _ in self.right.written}
        texts = (one.image for workload in self.right.workloads for one in workload.pod.containers)
        images = (parse(text) for text in texts if text)
        return any(
            is_for_image(login.server, image.host, image.repository)
            for image in images
            if isinstance(image, ImageReference) and image.host not in here
        )

    @property
    def is_useless(self) -> bool:
        """Whether nothing can come of it: it is absent, or what is in it cannot be understood."""
        secret = self.right.credentials.secrets.get(self.key)
        return bool(self.absent or (secret and secret.wire.flaw))

    @property
    def concerns_registry(self) -> bool:
        """Whether something in the secret is for the registry, or it cannot be told."""
        try:
            return bool(self.logins)
        except FactUnavailable:
            return True

    @property
    def others(self) -> Iterator[tuple[Workload, tuple[SecretLogin, ...]]]:
        """Each of the workloads, with the other pull secrets that it uses for the registry."""
        for workload in self.right.workloads:
            names, _ = self.right.credentials.named_by(workload)
            alone = narrowed(self.right, (workload,))
            keys = dict.fromkeys((workload.namespace, name) for name in names)
            found = (SecretLogin(self.scope, alone, key) for key in keys if key != self.key)
            yield workload, tuple(one for one in found if one.concerns_registry)

    def principal(self, client: str) -> Entity | None:
        """Return the service principal with the client id *client*; none where the tenant has no such one."""
        return only(self.principals(client))

    def principals(self, client: str) -> Document:
        """Return Graph's answer to which service principal has the client id *client*."""
        return self.scope.document(ids.service_principal(client, self.scope.target.tenant), Provider.GRAPH)

    def applications(self, client: str) -> Document:
        """Return Graph's answer to which application has the client id *client*."""
        return self.scope.document(ids.application(client, self.scope.target.tenant), Provider.GRAPH)

    def token(self, name: str) -> ScopedToken | None:
        """Return the token *name* of the registry; none where the registry has no such one."""
        return scoped_token(self.scope, self.right.registry.id, name)

    def images_for(self, login: Login) -> tuple[tuple[ImageReference, Workload], ...]:
        """Return the images of the registry for which kubelet takes *login*, each with the workload that names it."""
        return tuple(one for one in self.right.written if is_for_image(login.server, one[0].host, one[0].repository))

    def right_of(self, principal: Entity, client: str) -> PullRight:
        """Return the right that *principal* has on the registry, for the same workloads."""
        puller = Puller(principal.id, principal.evidence("/id", f"the service principal of {client}"))
        held: Held | FactUnavailable
        try:
            held = held_by(self.scope, self.right.registry, puller)
        except FactUnavailable as why:
            held = why
        return replace(self.right, read=held)

    def _absent(self) -> FactUnavailable:
        """Say why the secret was not read."""
        title = f"Secret {'/'.join(self.key)}"
        stand_in = self.right.credentials.stand_ins.get(self.key)
        place = self.named
        if stand_in is not None and stand_in.kind == "Secret":
            return FactUnavailable(
                f"{title} is not of a type that kubelet takes logins from",
                "Create it anew: kubectl create secret docker-registry",
                document=stand_in.document.id,
                pointer=f"{stand_in.base}/type",
            )
        if stand_in is not None:
            return FactUnavailable(
                f"{title} is made by a controller from {stand_in.subject}, and what will be in it cannot be seen",
                "Judge the live cluster, with context: and read-secrets: true in pullready.yaml",
                document=stand_in.document.id,
                pointer=f"{stand_in.base}/kind",
            )
        reason, remedy = self._unread_live(title)
        return FactUnavailable(reason, remedy, document=place.document, pointer=place.pointer)

    def _unread_live(self, title: str) -> tuple[str, str]:
        context = self.scope.target.context
        if context is None:
            remedy = "Add it to manifests:, or judge the live cluster, with context: and read-secrets: true"
            return f"{title} is not among the manifests", remedy
        live = self.scope.document(ids.live_secrets(context), Provider.KUBERNETES)
        if live.status is Status.NOT_ASKED:
            remedy = "Set read-secrets: true in pullready.yaml, which needs the permission to list Secrets"
            return f"{title} is not among the manifests, and those of the live cluster are not read", remedy
        try:
            live.require()
        except FactUnavailable as why:
            return f"{title} is not among the manifests, and {why.reason}", why.remedy
        remedy = "Create it in the namespace of the pods: kubectl create secret docker-registry"
        return f"{title} is neither among the manifests nor in the live cluster", remedy


def narrowed(right: PullRight, workloads: tuple[Workload, ...]) -> PullRight:
    """Return *right* as it concerns *workloads* alone."""
    subjects = {workload.subject for workload in workloads}
    return replace(
        right,
        pulls=tuple(pull for pull in right.pulls if pull.workload.subject in subjects),
        uses=tuple(use for use in right.uses if use[1].subject in subjects),
        written=tuple(one for one in right.written if one[1].subject in subjects),
        is_whole=True,
    )


@fact()
def secret_logins(
    scope: Scope,  # noqa: ARG001  (every maker's first)
    named_secrets: tuple[SecretLogin | Unread, ...],
) -> tuple[SecretLogin | Unread, ...]:
    """Return each pull secret that has, or may have, something for a registry; and what could not be read."""
    return tuple(one for one in named_secrets if isinstance(one, Unread) or one.concerns_registry)


@fact(Need.PULL_SECRETS)
def named_secrets(
    scope: Scope,
    pull_rights: tuple[PullRight | Unread, ...],
    images: tuple[ImageUse | Unread, ...],
    credentials: Credentials,
    pull_secrets: tuple[PullSecret | Unread, ...],
) -> tuple[SecretLogin | Unread, ...]:
    """Return each pull secret that workloads of a registry name, once for each registry; and what could not be read.

    The Secrets of the live cluster are among the latter where somebody asked for them, and they may not be listed.
    """
    found: list[SecretLogin | Unread] = []
    for right in pull_rights:
        if isinstance(right, Unread):
            if _may_concern(scope, right, images, credentials):
                found.append(right)
            continue
        users: dict[Key, list[Workload]] = {}
        for workload in right.workloads:
            for name in dict.fromkeys(credentials.named_by(workload)[0]):
                users.setdefault((workload.namespace, name), []).append(workload)
        found.extend(SecretLogin(scope, narrowed(right, tuple(group)), key) for key, group in users.items())
    listed = ids.live_secrets(str(scope.target.context))
    found.extend(one for one in pull_secrets if isinstance(one, Unread) and ids.same(one.why.document, listed))
    return tuple(found)


def _may_concern(scope: Scope, unread: Unread, images: tuple[ImageUse | Unread, ...], credentials: Credentials) -> bool:
    """Say whether a pull secret may be for what *unread* is: the registry of images that were read, or anything."""
    host = unread.subject.rpartition(SEPARATOR)[2]
    uses = [one for one in images if isinstance(one, ImageUse) and one.registry_host(scope.settings) == host]
    if not uses:
        return any(isinstance(one, Unread) and one.subject == host for one in images)
    return any(credentials.named_by(use.workload)[0] and credentials.brought_by(use.workload, host) for use in uses)
