"""What workloads refer to by name: service accounts and pull secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from pullready.errors import FactUnavailable
from pullready.facts.base import Unread
from pullready.facts.objects import KubernetesObject, of_kind, wire
from pullready.facts.scope import Need, Scope, fact

#: The types of Secret that hold logins to registries.
PULL_SECRET_TYPES: Final = frozenset({"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"})


class _Named(Struct, frozen=True):
    name: str


class _ServiceAccount(Struct, frozen=True):
    imagePullSecrets: tuple[_Named, ...] | None = None


class Login(Struct, frozen=True):
    """A registry that a pull secret is for, as it is written there, and the user name; never a password."""

    server: str
    username: str | None = None


class _Secret(Struct, frozen=True):
    type: str | None = None
    registries: tuple[Login, ...] | None = None
    note: str | None = None


@dataclass(frozen=True)
class ServiceAccount(KubernetesObject):
    """A service account; pods that name no pull secrets of their own use those of theirs."""

    wire: _ServiceAccount = field(repr=False)

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """The names of its pull secrets."""
        return tuple(secret.name for secret in self.wire.imagePullSecrets or ())


@dataclass(frozen=True)
class PullSecret(KubernetesObject):
    """A Secret with logins to registries."""

    wire: _Secret = field(repr=False)

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
