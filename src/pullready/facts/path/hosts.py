"""The endpoints that a pull from a registry connects to: its login server, and where the layers are.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-firewall-access-rules,
https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.endpoints import PrivateEndpoints
from pullready.facts.path.regions import regions_of
from pullready.facts.registry import Registry
from pullready.verdict import Evidence


class EndpointKind(StrEnum):
    """What a pull connects to an endpoint for."""

    LOGIN_SERVER = "login server"
    DATA = "data endpoint"
    STORAGE = "layer storage"


class RegistryEndpoint(msgspec.Struct, frozen=True):
    """A host that a pull connects to.

    For layers in storage accounts it has a wildcard, as firewalls are told it, and is not known of every cloud.
    """

    kind: EndpointKind
    host: str | None
    evidence: Evidence

    def __str__(self) -> str:
        return self.host or "the cloud's storage accounts"


def login_endpoint(registry: Registry) -> RegistryEndpoint:
    """Return the login server of *registry*."""
    shown = registry.evidence("/properties/loginServer", "the login server")
    return RegistryEndpoint(EndpointKind.LOGIN_SERVER, registry.login_server, shown)


def layer_endpoints(registry: Registry, private: PrivateEndpoints, storage: str | None) -> tuple[RegistryEndpoint, ...]:
    """Return where the layers of *registry* are: at its data endpoints where it has any, else in *storage* accounts.

    Every private endpoint brings data endpoints along (documented); those are in its network interface. Where that is
    somebody else's to read, they are told by their documented form.
    """
    hosts = registry.data_endpoints or _served(registry, private)
    if hosts:
        return tuple(RegistryEndpoint(EndpointKind.DATA, host, shown) for host, shown in hosts.items())
    shown = registry.evidence("/properties/dataEndpointEnabled", "layers come from storage accounts")
    return (RegistryEndpoint(EndpointKind.STORAGE, storage, shown),)


def _served(registry: Registry, private: PrivateEndpoints) -> dict[str, Evidence]:
    try:
        return private.data_endpoints
    except FactUnavailable as why:
        if not private.scope.is_forbidden(why.document):
            raise
    name, _, suffix = registry.login_server.partition(".")
    shown = registry.evidence("/location", "each region of the registry has a data endpoint")
    return {f"{name}.{region}.data.{suffix}": shown for region in regions_of(private.scope, registry)}
