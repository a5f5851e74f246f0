"""The endpoints that a pull from a registry connects to: its login server, and where the layers are.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-firewall-access-rules,
https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullready.facts.endpoints import PrivateEndpoints
from pullready.facts.registry import Registry
from pullready.verdict import Evidence


class EndpointKind(StrEnum):
    """What a pull connects to an endpoint for."""

    LOGIN_SERVER = "login server"
    DATA = "data endpoint"
    STORAGE = "layer storage"


@dataclass(frozen=True, slots=True)
class RegistryEndpoint:
    """A host that a pull connects to.

    For layers in storage accounts it has a wildcard, as firewalls are told it, and is not known of every cloud.
    """

    kind: EndpointKind
    host: str | None
    evidence: Evidence

    def __str__(self) -> str:
        return self.host or "the cloud's storage accounts"


def registry_endpoints(
    registry: Registry, private: PrivateEndpoints, storage: str | None
) -> tuple[RegistryEndpoint, ...]:
    """Return the endpoints of *registry*: layers come from its data endpoints where it has any, else from *storage*.

    Every private endpoint brings data endpoints along (documented); those are in its network interface.
    """
    login = RegistryEndpoint(
        EndpointKind.LOGIN_SERVER,
        registry.login_server,
        registry.evidence("/properties/loginServer", "the login server"),
    )
    layers = [
        RegistryEndpoint(EndpointKind.DATA, host, shown)
        for host, shown in (registry.data_endpoints or private.data_endpoints).items()
    ]
    if not layers:
        shown = registry.evidence("/properties/dataEndpointEnabled", "layers come from storage accounts")
        layers = [RegistryEndpoint(EndpointKind.STORAGE, storage, shown)]
    return (login, *layers)
