"""Which registries a target knows, and which of them an image names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.config import Cloud
from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.credentials import Credentials
from pullready.facts.hosts import Form, LoginServer, form_of, is_declared
from pullready.facts.images import ImageUse
from pullready.facts.reference import ImageReference, InvalidReference
from pullready.facts.registry import Registry, given_registries, listed_registries
from pullready.facts.scope import Need, Scope, fact
from pullready.verdict import Evidence, Location

#: Where a registry's document names its regional endpoints.
REGIONAL_ENDPOINTS: Final = "/properties/regionalEndpointHostNames"


class _Availability(Struct, frozen=True):
    nameAvailable: bool | UnsetType | None = UNSET


class NameAvailability(Fact, frozen=True):
    """Azure's answer to whether anybody, in any tenant, has a registry of some name.

    Source: https://learn.microsoft.com/rest/api/containerregistry/registries/check-name-availability
    """

    wire: _Availability

    @property
    def is_free(self) -> bool:
        """Whether nobody has a registry of that name."""
        return self.require(self.wire.nameAvailable, "/nameAvailable")


class InReach(msgspec.Struct, frozen=True):
    """The host is the login server of a registry that could be read."""

    registry: Registry

    def answers_at(self, endpoint: str) -> bool:
        """Say whether the registry's document names the regional *endpoint*; only preview versions of the API do."""
        try:
            names = self.registry.document.at(f"{self.registry.base}{REGIONAL_ENDPOINTS}")
        except KeyError:
            return False
        return endpoint in {str(name).lower() for name in names or ()}


class Known(msgspec.Struct, frozen=True, dict=True):
    """The registries that a target with a cluster knows, each read once."""

    scope: Scope

    @cached_property
    def given(self) -> tuple[Registry | Unread, ...]:
        """Those that the configuration names by their resource ids."""
        return tuple(given_registries(self.scope))

    @cached_property
    def listed(self) -> tuple[Registry, ...]:
        """Those of the cluster's subscription; raise :class:`FactUnavailable` where the list was not read."""
        return tuple(listed_registries(self.scope))

    def candidates(self, host: str) -> Iterator[Registry]:
        """Yield the registries that may have *host*, those given by ids first; raise for one that cannot be read."""
        for registry in self.given:
            if isinstance(registry, Registry):
                yield from _candidate(registry, host)
            elif registry.subject.lower() == _name_in(host):
                raise registry.why
        for registry in self.listed:
            yield from _candidate(registry, host)


def _candidate(registry: Registry, host: str) -> Iterator[Registry]:
    """Yield *registry*, unless its login server is missing and it has another name than the registry at *host*."""
    if registry.wire.properties.loginServer or registry.name.lower() == _name_in(host):
        yield registry


def _name_in(host: str) -> str:
    """Return the registry's name in a login server, without the hash of a domain name label."""
    return host.partition(".")[0].partition("-")[0]


class OutOfReach(msgspec.Struct, frozen=True):
    """No registry that could be read has the host; ``readable`` are the login servers of those that could."""

    scope: Scope
    readable: tuple[str, ...]

    def named_alike(self, name: str) -> str | None:
        """Return the login server of a readable registry *name*; a domain name label makes it another host."""
        return next((host for host in self.readable if _name_in(host) == name), None)

    def availability(self, name: str) -> NameAvailability:
        """Return whether a registry *name* exists anywhere; raise where that was not answered."""
        document = self.scope.document(ids.registry_name(ids.subscription_of(str(self.scope.target.cluster)), name))
        return NameAvailability(document, "", decode(document, _Availability))


class Configured(msgspec.Struct, frozen=True):
    """No cluster is given, and ``hosts`` are what the configuration names, maybe nothing."""

    hosts: tuple[str, ...]


Standing = InReach | OutOfReach | Configured


class ImageRegistry(msgspec.Struct, frozen=True, dict=True):
    """The registry that one image is pulled from, as far as the target knows it."""

    use: ImageUse
    scope: Scope
    known: Known
    credentials: Credentials

    @property
    def subject(self) -> str:
        """The image and its workload."""
        return self.use.subject

    @property
    def location(self) -> Location | None:
        """Where the image is named."""
        return self.use.location

    @property
    def cloud(self) -> Cloud:
        """The Azure cloud of the run."""
        return self.scope.settings.cloud

    @property
    def reference(self) -> ImageReference:
        """The reference; raise :class:`FactUnavailable` where the text is none."""
        match self.use.reference:
            case InvalidReference(reason):
                raise FactUnavailable(
                    f"{self.use.image!r} names no registry: {reason}",
                    "Correct the reference; a node refuses it as it is",
                    document=self.use.document.id,
                    pointer=self.use.base,
                )
            case reference:
                return reference

    @property
    def host(self) -> str:
        """The host of the reference in lower case, maybe with a port; Docker Hub's for a short name."""
        return self.reference.host.lower()

    @property
    def is_ignored(self) -> bool:
        """Whether the configuration declares the host out of scope."""
        declared = self.scope.settings.ignore_registries
        return is_declared(self.host, declared) or is_declared(self.host.partition(":")[0], declared)

    @property
    def pull_secret(self) -> Evidence | None:
        """Where the workload names a pull secret that may be for the host."""
        return self.credentials.brought_by(self.use.workload, self.host)

    @cached_property
    def form(self) -> Form:
        """What the host is by its spelling."""
        return form_of(self.host, self.cloud)

    @cached_property
    def standing(self) -> Standing:
        """What is known of the host; raise :class:`FactUnavailable` where the registries could not be read."""
        if self.scope.target.cluster is None:
            return Configured(tuple(_configured(self.scope)))
        login_server = self.form.host if isinstance(self.form, LoginServer) else self.host
        readable: list[str] = []
        for registry in self.known.candidates(login_server):
            if registry.login_server == login_server:
                return InReach(registry)
            readable.append(registry.login_server)
        return OutOfReach(self.scope, tuple(readable))


def _configured(scope: Scope) -> Iterator[str]:
    """Yield the login servers that the configuration names, in lower case; a name stands for the cloud's usual one."""
    for named in scope.target.registries:
        name = ids.name_of(named).lower()
        yield name if "." in name else f"{name}.{scope.settings.cloud.registry_suffix}"


@fact(Need.REGISTRIES, Need.REGISTRY_NAMES)
def image_registries(
    scope: Scope, images: tuple[ImageUse | Unread, ...], credentials: Credentials
) -> tuple[ImageRegistry | Unread, ...]:
    """Return the registry of each image that a workload uses."""
    known = Known(scope)
    return tuple(use if isinstance(use, Unread) else ImageRegistry(use, scope, known, credentials) for use in images)
