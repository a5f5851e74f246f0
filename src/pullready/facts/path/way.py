"""The way from the nodes of a pool to one endpoint of a registry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pullready.errors import FactUnavailable
from pullready.facts.firewalls import Firewall
from pullready.facts.network import Subnet
from pullready.facts.path.appliances import firewalls_on
from pullready.facts.path.flow import Destination, Flow, PublicService
from pullready.facts.path.hosts import EndpointKind, RegistryEndpoint
from pullready.facts.path.regions import regions_of
from pullready.facts.resolution import NoAnswer, Private

if TYPE_CHECKING:
    from pullready.facts.pull_paths import PullPath

#: The service tags that hold the public addresses of an endpoint, the narrowest first. Whether a dedicated data
#: endpoint is in that of registries is not documented.
_TAGS: Final = {
    EndpointKind.LOGIN_SERVER: (("azurecontainerregistry", "azurecloud", "internet"), ()),
    EndpointKind.DATA: (("azurecloud", "internet"), ("azurecontainerregistry",)),
    EndpointKind.STORAGE: (("storage", "azurecloud", "internet"), ()),
}


@dataclass(frozen=True)
class Way:
    """From the nodes at the start of ``path`` to ``endpoint``, one of the registry's.

    Everything is made when it is asked for, and raises :class:`FactUnavailable` where it cannot be told.
    """

    path: PullPath
    endpoint: RegistryEndpoint

    @property
    def subject(self) -> str:
        """Pool and registry: what is found on the way to one endpoint is found on the pull from the registry."""
        return self.path.subject

    @property
    def subnet(self) -> Subnet:
        """The subnet that the nodes are in."""
        return self.path.egress.subnet

    @cached_property
    def destinations(self) -> tuple[Destination, ...]:
        """Where the nodes connect to: one of these, at least one. Raise where the name leads nowhere."""
        if self.endpoint.host is None or self.endpoint.kind is EndpointKind.STORAGE:
            return (self._public,)
        match self.path.resolution.answer_of(self.endpoint.host):
            case Private(addresses=addresses):
                return addresses
            case NoAnswer(evidence):
                raise FactUnavailable(
                    f"the nodes get no address for {self.endpoint}",
                    "Mend what private-dns-zone-not-linked-to-cluster-vnet says of it first",
                    document=evidence[0].document,
                    pointer=evidence[0].pointer,
                )
            case _:
                return (self._public,)

    @property
    def is_private(self) -> bool:
        """Whether the nodes connect to a private endpoint."""
        return not isinstance(self.destinations[0], PublicService)

    @property
    def flows(self) -> tuple[Flow, ...]:
        """What flows on it, from any node to each of the addresses."""
        sources = self.subnet.prefixes
        return tuple(Flow(sources, destination) for destination in self.destinations)

    @cached_property
    def firewalls(self) -> tuple[Firewall, ...]:
        """The Azure Firewalls that the routes lead through; raise where these are not known, as with an appliance."""
        return firewalls_on(self.path.scope, self)

    @property
    def _public(self) -> PublicService:
        tags, doubtful = _TAGS[self.endpoint.kind]
        scope, registry = self.path.scope, self.path.registry
        return PublicService(self.endpoint.host, tags, doubtful, lambda: regions_of(scope, registry))
