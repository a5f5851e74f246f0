"""Which registries a target knows, and which of them an image names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.credentials import Credentials
from pullready.facts.hosts import LoginServer
from pullready.facts.image_hosts import ImageHost
from pullready.facts.images import ImageUse
from pullready.facts.registry import Registry, given_registries, listed_registries, name_in, namesake
from pullready.facts.scope import Need, Scope, fact

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
            elif registry.subject.lower() == name_in(host):
                raise registry.why
        for registry in self.listed:
            yield from _candidate(registry, host)

    def namesake(self, host: str) -> Registry | None:
        """Return the registry with the name in *host* and another login server; none where *host* may be right."""
        return namesake(host, chain(self.given, self.listed))


def _candidate(registry: Registry, host: str) -> Iterator[Registry]:
    """Yield *registry*, unless its login server is missing and it has another name than the registry at *host*."""
    if registry.wire.properties.loginServer or registry.name.lower() == name_in(host):
        yield registry


class OutOfReach(msgspec.Struct, frozen=True):
    """No registry that could be read has the host; ``readable`` are the login servers of those that could.

    ``namesake`` is the one that has the name in the host: with a domain name label, its login server is another.
    """

    scope: Scope
    readable: tuple[str, ...]
    namesake: Registry | None

    def availability(self, name: str) -> NameAvailability:
        """Return whether a registry *name* exists anywhere; raise where that was not answered."""
        document = self.scope.document(ids.registry_name(ids.subscription_of(str(self.scope.target.cluster)), name))
        return NameAvailability(document, "", decode(document, _Availability))


class Configured(msgspec.Struct, frozen=True):
    """No cluster is given, and ``hosts`` are what the configuration names, maybe nothing."""

    hosts: tuple[str, ...]

    def labelled(self, server: LoginServer) -> str | None:
        """Return the host of the same name that the configuration names with a domain name label, and *server* not."""
        named = (one for one in self.hosts if name_in(one) == server.name and "-" in one.partition(".")[0])
        return None if server.hash or server.host in self.hosts else next(named, None)


Standing = InReach | OutOfReach | Configured


class ImageRegistry(ImageHost, frozen=True, dict=True):
    """The registry that one image is pulled from, as far as the target knows it."""

    known: Known

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
        return OutOfReach(self.scope, tuple(readable), self.known.namesake(login_server))


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
    return tuple(use if isinstance(use, Unread) else ImageRegistry(use, scope, credentials, known) for use in images)
