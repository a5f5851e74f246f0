"""A registry's private endpoints, and the private addresses that they give its login server.

Sources: https://learn.microsoft.com/rest/api/containerregistry/private-endpoint-connections/list,
https://learn.microsoft.com/azure/private-link/private-endpoint-overview
"""

from __future__ import annotations

from functools import cached_property

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.registry import Registry
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _State(Struct, frozen=True):
    status: str | UnsetType | None = UNSET


class _ConnectionProperties(Struct, frozen=True):
    privateEndpoint: _Reference | UnsetType | None = UNSET
    privateLinkServiceConnectionState: _State | UnsetType | None = UNSET


class _Connection(Struct, frozen=True):
    properties: _ConnectionProperties
    name: str | UnsetType | None = UNSET


class _Connections(Struct, frozen=True):
    value: list[_Connection]


class _EndpointProperties(Struct, frozen=True):
    subnet: _Reference | UnsetType | None = UNSET
    networkInterfaces: list[_Reference] | UnsetType | None = UNSET


class _Endpoint(Struct, frozen=True):
    properties: _EndpointProperties


class _Link(Struct, frozen=True):
    requiredMemberName: str | UnsetType | None = UNSET
    fqdns: list[str] | UnsetType | None = UNSET


class _ConfigurationProperties(Struct, frozen=True):
    privateIPAddress: str | UnsetType | None = UNSET
    privateLinkConnectionProperties: _Link | UnsetType | None = UNSET


class _Configuration(Struct, frozen=True):
    properties: _ConfigurationProperties


class _InterfaceProperties(Struct, frozen=True):
    ipConfigurations: list[_Configuration] | UnsetType | None = UNSET


class _Interface(Struct, frozen=True):
    properties: _InterfaceProperties


class _ZoneConfigProperties(Struct, frozen=True):
    privateDnsZoneId: str | UnsetType | None = UNSET


class _ZoneConfig(Struct, frozen=True):
    properties: _ZoneConfigProperties


class _GroupProperties(Struct, frozen=True):
    privateDnsZoneConfigs: list[_ZoneConfig] | UnsetType | None = UNSET


class _Group(Struct, frozen=True):
    properties: _GroupProperties


class _Groups(Struct, frozen=True):
    value: list[_Group]


class PrivateEndpointConnection(Fact, frozen=True):
    """A registry's side of a private endpoint; ``base`` points at it in the registry's list."""

    scope: Scope
    wire: _ConnectionProperties
    name: str

    @property
    def status(self) -> str:
        """What the registry's owner decided: Approved, Pending, Rejected or Disconnected."""
        pointer = "/properties/privateLinkServiceConnectionState"
        state = self.wire.privateLinkServiceConnectionState
        return self.require(state.status if state else UNSET, f"{pointer}/status")

    @property
    def is_approved(self) -> bool:
        """Whether the registry's owner let it in."""
        return self.status.lower() == "approved"

    @property
    def endpoint(self) -> str:
        """The id of the private endpoint, which may be in another subscription."""
        reference = self.wire.privateEndpoint
        return self.require(reference.id if reference else UNSET, "/properties/privateEndpoint/id")

    @property
    def zones(self) -> tuple[str, ...]:
        """The ids of the private DNS zones that the endpoint keeps its records in."""
        document = self.scope.document(ids.zone_groups_of(self.endpoint))
        return tuple(
            config.properties.privateDnsZoneId
            for group in decode(document, _Groups).value
            for config in group.properties.privateDnsZoneConfigs or ()
            if config.properties.privateDnsZoneId
        )

    @property
    def shown(self) -> Evidence:
        """The connection's state as evidence."""
        return self.evidence("/properties/privateLinkServiceConnectionState/status", "the private endpoint's state")

    def addresses_of(self, host: str) -> dict[str, Evidence]:
        """Return the endpoint's private addresses for *host*, each with the place that says so."""
        found: dict[str, Evidence] = {}
        for configurations in self._configurations:
            found.update(_addresses(configurations, host))
        return found

    @property
    def data_endpoints(self) -> dict[str, Evidence]:
        """The hosts (in lower case) that it serves layers for, each with the place that says so."""
        found: dict[str, Evidence] = {}
        for configurations in self._configurations:
            found.update(_data_endpoints(configurations))
        return found

    @property
    def _configurations(self) -> tuple[Fact, ...]:
        """The lists of the IP configurations of its network interfaces."""
        endpoint = Fact(self.scope.document(self.endpoint), "")
        interfaces = decode(endpoint.document, _Endpoint).properties.networkInterfaces
        pointer = "/properties/networkInterfaces"
        wanted = [
            endpoint.require(reference.id, f"{pointer}/{index}/id")
            for index, reference in enumerate(endpoint.require(interfaces, pointer))
        ]
        return tuple(Fact(self.scope.document(id_), "/properties/ipConfigurations") for id_ in wanted)


class PrivateEndpoints(Fact, frozen=True, dict=True):
    """All private endpoint connections of ``registry``, as its list says."""

    scope: Scope
    registry: Registry

    @cached_property
    def connections(self) -> tuple[PrivateEndpointConnection, ...]:
        """The connections in any state."""
        return tuple(
            PrivateEndpointConnection(
                self.document, f"/value/{index}", self.scope, connection.properties, connection.name or "CONNECTION"
            )
            for index, connection in enumerate(decode(self.document, _Connections).value)
        )

    @cached_property
    def approved(self) -> tuple[PrivateEndpointConnection, ...]:
        """The connections that the registry's owner let in."""
        return tuple(connection for connection in self.connections if connection.is_approved)

    @property
    def data_endpoints(self) -> dict[str, Evidence]:
        """The hosts (in lower case) that layers are fetched from through the approved endpoints.

        Each endpoint has them all, so one that can be read is enough; raise :class:`FactUnavailable` where none can.
        """
        found: dict[str, Evidence] = {}
        unread: FactUnavailable | None = None
        for connection in self.approved:
            try:
                found.update(connection.data_endpoints)
            except FactUnavailable as why:
                unread = unread or why
        if unread is not None and not found:
            raise unread
        return found

    @property
    def shown(self) -> Evidence:
        """The list as evidence."""
        says = f"private endpoint connections: {len(self.connections)}, approved: {len(self.approved)}"
        return self.evidence("/value", says)


def endpoint_subnet(scope: Scope, private_endpoint: str) -> tuple[str, Evidence]:
    """Return the id of the subnet that a private endpoint (by id) is in, and the place that says so."""
    endpoint = Fact(scope.document(private_endpoint), "")
    subnet = decode(endpoint.document, _Endpoint).properties.subnet
    pointer = "/properties/subnet/id"
    return endpoint.require((subnet.id or None) if subnet else None, pointer), endpoint.evidence(
        pointer, "the subnet of the private endpoint"
    )


def private_endpoints(scope: Scope, registry: Registry) -> PrivateEndpoints:
    """Return the private endpoints of *registry*; the list is read when it is asked for."""
    return PrivateEndpoints(scope.document(ids.private_endpoint_connections_of(registry.id)), "", scope, registry)


def _addresses(configurations: Fact, host: str) -> dict[str, Evidence]:
    document = configurations.document
    listed = decode(document, _Interface).properties.ipConfigurations
    found = {}
    for index, configuration in enumerate(configurations.require(listed, "")):
        properties = configuration.properties
        link = properties.privateLinkConnectionProperties
        if link and _is_for(link, host):
            pointer = f"/{index}/properties/privateIPAddress"
            address = configurations.require(properties.privateIPAddress, pointer)
            found[address] = configurations.evidence(pointer, f"the private endpoint's address for {host}")
    return found


def _data_endpoints(configurations: Fact) -> dict[str, Evidence]:
    listed = decode(configurations.document, _Interface).properties.ipConfigurations
    found = {}
    for index, configuration in enumerate(configurations.require(listed, "")):
        link = configuration.properties.privateLinkConnectionProperties
        pointer = f"/{index}/properties/privateLinkConnectionProperties"
        if link and link.requiredMemberName and link.requiredMemberName.lower().startswith("registry_data_"):
            for host in configurations.require(link.fqdns or None, f"{pointer}/fqdns"):
                found[host.lower()] = configurations.evidence(pointer, "the private endpoint serves layers here")
    return found


def _is_for(link: _Link, host: str) -> bool:
    """Say whether an address serves *host*; without names the member ``registry`` is the login server (documented)."""
    if link.fqdns:
        return host in (name.lower() for name in link.fqdns)
    return link.requiredMemberName.lower() == "registry" if link.requiredMemberName else False
