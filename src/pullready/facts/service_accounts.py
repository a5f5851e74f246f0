"""What workloads refer to by name: service accounts and pull secrets."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts.base import Unread, moment
from pullready.facts.objects import KubernetesObject, of_kind, wire
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Provider
from pullready.verdict import Evidence

#: How a token of a registry may be named.
#: Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_TOKEN_NAME: Final = re.compile(r"[A-Za-z0-9_-]{5,50}")
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: How far a login is complete. Of one that is malformed kubelet understands the whole secret no more.
#: Source: https://github.com/kubernetes/kubernetes/blob/master/pkg/credentialprovider/config.go
WHOLE: Final = "whole"
NO_USER: Final = "no-user"
NO_PASSWORD: Final = "no-password"  # noqa: S105  (it is none)
MALFORMED: Final = "malformed"
LOGIN_KINDS: Final = frozenset({WHOLE, NO_USER, NO_PASSWORD, MALFORMED})
#: Why a whole secret is of no use: the API server refuses what is no JSON, and kubelet does not understand the rest.
REFUSED: Final = "refused"
UNREADABLE: Final = "unreadable"
FLAWS: Final = frozenset({REFUSED, UNREADABLE})
#: Who may have made a token, and whom it is for.
ISSUERS: Final = frozenset({"registry", "entra", "other"})
AUDIENCES: Final = frozenset({"server", "other"})
#: Custom resources whose controllers write pull secrets with tokens, and renew them; and the labels that they set.
#: Sources: https://github.com/Azure/msi-acrpull and
#: https://external-secrets.io/latest/api/generator/acr/
RENEWERS: Final = frozenset({"AcrPullBinding", "ExternalSecret"})
RENEWER_LABELS: Final = ("acr.microsoft.com/binding", "reconcile.external-secrets.io/managed")
#: The types of Secret that hold logins to registries.
PULL_SECRET_TYPES: Final = frozenset({"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"})


class _Named(Struct, frozen=True):
    name: str


class _ServiceAccount(Struct, frozen=True):
    imagePullSecrets: tuple[_Named, ...] | None = None


class Token(Struct, frozen=True):
    """What is kept of a token that a registry gave for a sign-in: when it expires, who made it, whom it is for."""

    expires: str | None = None
    issuer: str | None = None
    audience: str | None = None


class Login(Struct, frozen=True):
    """A registry that a pull secret is for, as it is written there, and the user name; never a password.

    ``kind`` says how far it is complete. The keyed hashes can be compared with others of the same run: that of a
    service principal's hint, which is the first three characters of its password, and that of an admin user's password.
    """

    server: str
    username: str | None = None
    kind: str | None = None
    keyedHint: str | None = None
    keyedPassword: str | None = None
    token: Token | None = None

    @property
    def is_exchanged(self) -> bool:
        """Whether it is a token that the registry gave for a sign-in to Microsoft Entra ID, by its user of zeros."""
        return is_exchanged(self.username or "")

    @property
    def client_id(self) -> str | None:
        """The client id, where the user is a service principal; all zeros stand for a token of Microsoft Entra ID."""
        user = self.username or ""
        return user if is_guid(user) and not self.is_exchanged else None

    @property
    def token_name(self) -> str | None:
        """The name of a token of the registry, where the user may be one; a GUID is a service principal's."""
        user = self.username or ""
        return user if _TOKEN_NAME.fullmatch(user) and not is_guid(user) else None

    @property
    def is_incomplete(self) -> bool:
        """Whether it has no user name, no password, or cannot be read."""
        return self.kind in LOGIN_KINDS - {WHOLE}

    def is_admin_of(self, registry: str) -> bool:
        """Say whether the user is the admin user of the registry with that name."""
        return (self.username or "").lower() == registry.lower()


class _Owner(Struct, frozen=True):
    kind: str | None = None


class _Change(Struct, frozen=True):
    time: str


class _Times(Struct, frozen=True):
    creationTimestamp: str | None = None
    managedFields: tuple[_Change, ...] = ()
    ownerReferences: tuple[_Owner, ...] = ()
    labels: dict[str, str | int | float | None] = {}


class _Secret(Struct, frozen=True):
    type: str | None = None
    registries: tuple[Login, ...] | None = None
    note: str | None = None
    flaw: str | None = None
    metadata: _Times = _Times()


def is_exchanged(user: str) -> bool:
    """Say whether *user* is the one of all tokens that a registry gives for a sign-in to Microsoft Entra ID."""
    return is_guid(user) and set(user) == {"0", "-"}


def is_guid(text: str) -> bool:
    """Say whether *text* is a GUID, as the client id of a service principal is."""
    return _GUID.fullmatch(text) is not None


class ServiceAccount(KubernetesObject, frozen=True):
    """A service account; pods that name no pull secrets of their own use those of theirs."""

    wire: _ServiceAccount

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """The names of its pull secrets."""
        return tuple(secret.name for secret in self.wire.imagePullSecrets or ())


class PullSecret(KubernetesObject, frozen=True):
    """A Secret with logins to registries."""

    wire: _Secret

    @property
    def logins(self) -> tuple[Login, ...]:
        """The registries and user names in it."""
        if self.wire.note is not None:
            raise FactUnavailable(
                f"{self.subject} cannot be understood: {self.wire.note}",
                "Create it anew: kubectl create secret docker-registry",
                document=self.document.id,
                pointer=self.base,
            )
        return self.require(self.wire.registries, "/registries")

    def expiry_of(self, login: Login) -> tuple[datetime, Evidence] | None:
        """Return when the token in *login* expires; none where that could not be read of it."""
        if login.token is None or login.token.expires is None:
            return None
        pointer = f"/registries/{self.logins.index(login)}/token/expires"
        return moment(self, login.token.expires, pointer), self.evidence(pointer, "when the token expires")

    @property
    def renewed_by(self) -> Evidence | None:
        """What says that a controller wrote the secret, which then writes it anew; none where nothing does."""
        for index, owner in enumerate(self.wire.metadata.ownerReferences):
            if owner.kind in RENEWERS:
                return self.evidence(f"/metadata/ownerReferences/{index}/kind", "the controller's, which renews it")
        if any(one in self.wire.metadata.labels for one in RENEWER_LABELS):
            return self.evidence("/metadata/labels", "the controller's, which renews it")
        return None

    @property
    def is_tracked(self) -> bool:
        """Whether the cluster itself says when its data was last changed; a file may have been edited since."""
        return self.document.provider is Provider.KUBERNETES and bool(self.wire.metadata.managedFields)

    @property
    def changed(self) -> tuple[datetime, Evidence] | None:
        """When its data was last changed, as far as Kubernetes noted it; none in a manifest that was never applied."""
        times = self.wire.metadata
        pointers = {f"/metadata/managedFields/{index}/time": one.time for index, one in enumerate(times.managedFields)}
        if times.creationTimestamp:
            pointers["/metadata/creationTimestamp"] = times.creationTimestamp
        found = [(moment(self, text, pointer), pointer) for pointer, text in pointers.items()]
        if not found:
            return None
        last, pointer = max(found)
        return last, self.evidence(pointer, f"when {self.subject} was last changed")


@fact(Need.MANIFESTS, Need.WORKLOADS)
def service_accounts(scope: Scope) -> tuple[ServiceAccount | Unread, ...]:
    """Return the service accounts, and what could not be read."""
    return tuple(
        of_kind(scope, "ServiceAccount", lambda one: ServiceAccount(one.document, one.base, wire(one, _ServiceAccount)))
    )


@fact(Need.MANIFESTS, Need.WORKLOADS)
def pull_secrets(scope: Scope) -> tuple[PullSecret | Unread, ...]:
    """Return the Secrets that hold logins to registries, and what could not be read."""
    found = of_kind(scope, "Secret", lambda one: PullSecret(one.document, one.base, wire(one, _Secret)))
    return tuple(one for one in found if isinstance(one, Unread) or one.wire.type in PULL_SECRET_TYPES)
