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
from pullready.verdict import Evidence

#: The types of Secret that hold logins to registries.
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PULL_SECRET_TYPES: Final = frozenset({"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"})


class _Named(Struct, frozen=True):
    name: str


class _ServiceAccount(Struct, frozen=True):
    imagePullSecrets: tuple[_Named, ...] | None = None


class Login(Struct, frozen=True):
    """A registry that a pull secret is for, as it is written there, and the user name; never a password.

    The keyed hashes can be compared with others of the same run: that of a service principal's hint, which is the first
    three characters of its password, and that of an admin user's password.
    """

    server: str
    username: str | None = None
    keyedHint: str | None = None
    keyedPassword: str | None = None

    @property
    def client_id(self) -> str | None:
        """The client id, where the user is a service principal; all zeros stand for a token of Microsoft Entra ID."""
        user = self.username or ""
        return user if is_guid(user) and set(user) != {"0", "-"} else None

    def is_admin_of(self, registry: str) -> bool:
        """Say whether the user is the admin user of the registry with that name."""
        return (self.username or "").lower() == registry.lower()


class _Change(Struct, frozen=True):
    time: str


class _Times(Struct, frozen=True):
    creationTimestamp: str | None = None
    managedFields: tuple[_Change, ...] = ()


class _Secret(Struct, frozen=True):
    type: str | None = None
    registries: tuple[Login, ...] | None = None
    note: str | None = None
    metadata: _Times = _Times()


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
