"""The tokens of a registry: names with passwords of their own, which may do what a scope map says.

Sources: https://learn.microsoft.com/rest/api/containerregistry/tokens/get,
https://learn.microsoft.com/rest/api/containerregistry/scope-maps/get and
https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode, moment
from pullready.facts.scope import Scope
from pullready.snapshot import Status
from pullready.verdict import Evidence

_READ: Final = "/content/read"
_REPOSITORIES: Final = "repositories/"
_CREDENTIALS: Final = "/properties/credentials"
_CHANGING: Final = frozenset({"creating", "updating", "deleting"})


class _Password(Struct, frozen=True):
    name: str | UnsetType | None = UNSET
    creationTime: str | UnsetType | None = UNSET
    expiry: str | UnsetType | None = UNSET


class _Certificate(Struct, frozen=True):
    name: str | UnsetType | None = UNSET


class _Credentials(Struct, frozen=True):
    passwords: list[_Password] | UnsetType | None = UNSET
    certificates: list[_Certificate] | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    status: str | UnsetType | None = UNSET
    scopeMapId: str | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET
    credentials: _Credentials | UnsetType | None = UNSET


class _Token(Struct, frozen=True):
    properties: _Properties


class _Actions(Struct, frozen=True):
    actions: list[str] | UnsetType | None = UNSET


class _ScopeMap(Struct, frozen=True):
    properties: _Actions


class TokenPassword(Fact, frozen=True):
    """One of the two passwords of a token; its value is told nobody after it was made."""

    wire: _Password

    @property
    def name(self) -> str:
        """``password1`` or ``password2``."""
        return self.wire.name or "a password"

    @property
    def made(self) -> datetime | None:
        """When it was made; none where that is not said."""
        text = self.wire.creationTime
        return moment(self, text, "/creationTime") if text else None

    @property
    def ends(self) -> datetime | None:
        """When it expires; none where it never does, which Azure documents as the default."""
        return moment(self, self.wire.expiry, "/expiry") if self.wire.expiry else None


class ScopedToken(Fact, frozen=True):
    """A token of a registry."""

    wire: _Token
    name: str

    @property
    def is_enabled(self) -> bool:
        """Whether one may sign in as it; raise :class:`FactUnavailable` where neither is said."""
        status = self.require(self.wire.properties.status, "/properties/status").lower()
        if status in {"enabled", "disabled"}:
            return status == "enabled"
        raise FactUnavailable(
            f"the token {self.name} is {status}, which is neither enabled nor disabled",
            "Look whether a newer pullready knows it",
            document=self.document.id,
            pointer="/properties/status",
        )

    @property
    def changing(self) -> Evidence | None:
        """What says that Azure is changing it right now; none where it is not."""
        state = self.wire.properties.provisioningState or ""
        shown = self.evidence("/properties/provisioningState", "the token is being changed")
        return shown if state.lower() in _CHANGING else None

    @property
    def passwords(self) -> tuple[TokenPassword, ...]:
        """Its passwords, of which it may have none."""
        credentials = self.require(self.wire.properties.credentials, _CREDENTIALS)
        listed = self.require(credentials.passwords, f"{_CREDENTIALS}/passwords")
        bases = (f"{_CREDENTIALS}/passwords/{index}" for index in range(len(listed)))
        return tuple(TokenPassword(self.document, base, one) for base, one in zip(bases, listed, strict=True))

    @property
    def has_certificates(self) -> bool:
        """Whether one may sign in by a certificate, which kubelet does not."""
        return bool(self.wire.properties.credentials and self.wire.properties.credentials.certificates)

    def scope_map(self, scope: Scope) -> ScopeMap:
        """Return what it may do; raise :class:`FactUnavailable` where that was not read."""
        return scope_map(scope, self.require(self.wire.properties.scopeMapId, "/properties/scopeMapId"))


class ScopeMap(Fact, frozen=True):
    """What tokens may do, repository by repository."""

    wire: _ScopeMap

    @property
    def name(self) -> str:
        """Its name; those that Azure made begin with an underscore, and cannot be changed."""
        return ids.name_of(self.document.id)

    @property
    def listed(self) -> Evidence:
        """All that it allows."""
        return self.evidence("/properties/actions", f"what the scope map {self.name} allows")

    def reading(self, repository: str) -> Evidence | None:
        """Return the action that lets one pull from *repository*; none where none does."""
        for index, action in enumerate(self.require(self.wire.properties.actions, "/properties/actions")):
            if _lets_read(action.lower(), repository):
                return self.evidence(f"/properties/actions/{index}", f"the scope map {self.name} lets one pull it")
        return None


def scope_map(scope: Scope, id_: str) -> ScopeMap:
    """Return the scope map *id_*; raise :class:`FactUnavailable` where it was not read."""
    document = scope.document(id_)
    return ScopeMap(document, "", decode(document, _ScopeMap))


def scoped_token(scope: Scope, registry: str, name: str) -> ScopedToken | None:
    """Return the token *name* of the *registry* with that id; none where the registry has no such one.

    Raise :class:`FactUnavailable` where it was not read.
    """
    document = scope.document(ids.token_of(registry, name))
    if document.status is Status.NOT_FOUND:
        return None
    return ScopedToken(document, "", decode(document, _Token), name)


def _lets_read(action: str, repository: str) -> bool:
    """Say whether *action* lets one pull from *repository*.

    An asterisk is all of a name, or all that stands behind its last slash; Azure documents every other as invalid.
    """
    if not action.startswith(_REPOSITORIES) or not action.endswith(_READ):
        return False
    named = action.removeprefix(_REPOSITORIES).removesuffix(_READ)
    if "*" not in named:
        return named == repository
    is_valid = named == "*" or (named.endswith("/*") and named.count("*") == 1)
    return is_valid and repository.startswith(named[:-1])
