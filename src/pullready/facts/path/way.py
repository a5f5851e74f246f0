"""The way from the nodes of a pool to one endpoint of a registry."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.access import Disabled
from pullready.facts.firewalls import Firewall
from pullready.facts.network import Subnet, virtual_network
from pullready.facts.path.appliances import Assigned, Vacant, appliance_of
from pullready.facts.path.flow import Destination, Flow, PrivateAddress, PublicService
from pullready.facts.path.home import Home, home_of
from pullready.facts.path.hosts import EndpointKind, RegistryEndpoint
from pullready.facts.path.peering import Joined, Junction, Severed, direct_junction, no_junction, transit_junction
from pullready.facts.path.regions import regions_of
from pullready.facts.path.routing import Leads, NextHop, private_hop, public_hop
from pullready.facts.proxy import bypass_proxy
from pullready.facts.resolution import NoAnswer, Private, Public
from pullready.facts.routes import REGISTRY, Service
from pullready.verdict import Evidence

if TYPE_CHECKING:
    from pullready.facts.pull_paths import PullPath

#: The service tags that hold the public addresses of an endpoint. Whether a dedicated data endpoint is in that of
#: registries, or in that of storage, is not documented.
_SERVICES: Final = {
    EndpointKind.LOGIN_SERVER: REGISTRY,
    EndpointKind.DATA: Service(("azurecloud",), doubtful=("azurecontainerregistry", "storage")),
    EndpointKind.STORAGE: Service(("storage", "azurecloud")),
}
#: The service endpoint by which a subnet reaches an endpoint. Of data endpoints none is documented.
_SERVICE_ENDPOINTS: Final = {
    EndpointKind.LOGIN_SERVER: "Microsoft.ContainerRegistry",
    EndpointKind.STORAGE: "Microsoft.Storage",
}
_MOST_LEGS: Final = 8


class Leg(msgspec.Struct, frozen=True):
    """A part of a way: what the route of ``subnet`` leads to, and what stands there where that is an appliance."""

    subnet: Subnet
    hop: NextHop
    appliance: Firewall | Assigned | Vacant | None


class Way(msgspec.Struct, frozen=True, dict=True):
    """From the nodes at the start of ``path`` to ``endpoint``, one of the registry's.

    Everything is made when it is asked for, and raises :class:`FactUnavailable` where it cannot be told.
    """

    path: PullPath
    endpoint: RegistryEndpoint

    @property
    def subject(self) -> str:
        """Pool and registry: what is found on the way to one endpoint is found on the pull from the registry."""
        return self.path.subject

    @cached_property
    def moot(self) -> tuple[str, tuple[Evidence, ...]] | None:
        """Why nothing flows here whatever stands on the way, with the evidence; none where something does.

        A name that leads nowhere, and a closed registry that is not reached privately, are judged by checks of their
        own.
        """
        if idle := self.path.without_nodes:
            return "the pool is stopped or scaled to zero", (idle,)
        access, resolution = self.path.registry.public_access, self.path.resolution
        if isinstance(access, Disabled):
            endpoints = resolution.endpoints
            if not endpoints.approved:
                return "the registry is closed, and has no private endpoint", (access.evidence, endpoints.shown)
        if self.endpoint.host is None or self.endpoint.kind is EndpointKind.STORAGE:
            return None
        match resolution.likely_answer_of(self.endpoint.host):
            case NoAnswer(evidence):
                return f"the nodes get no address for {self.endpoint}", evidence
            case Public(evidence) if isinstance(access, Disabled):
                return f"{self.endpoint} leads to its public address, and the registry is closed", evidence
            case _:
                return None

    @property
    def subnet(self) -> Subnet:
        """The subnet that the nodes are in."""
        return self.path.egress.subnet

    @cached_property
    def destinations(self) -> tuple[Destination, ...]:
        """Where the nodes connect to: one of these, at least one.

        Raise where the name leads nowhere, and where a proxy connects for the nodes.
        """
        bypass_proxy(self.path.cluster, self.endpoint.host or "")
        if self.endpoint.host is None or self.endpoint.kind is EndpointKind.STORAGE:
            return (self._public,)
        match self.path.resolution.likely_answer_of(self.endpoint.host):
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

    def legs(self, destination: Destination) -> tuple[Leg, ...]:
        """Return the legs that the routes lead over to *destination*, from the nodes to where they can be followed.

        They end with the first that leads to no Azure Firewall in a virtual network, or back to where it was.
        """
        legs: list[Leg] = []
        subnet = self.subnet
        while len(legs) < _MOST_LEGS:
            leg = self._leg(subnet, destination, legs[-1].appliance if legs else None)
            legs.append(leg)
            if not isinstance(leg.appliance, Firewall) or leg.appliance.subnet is None:
                break
            after = leg.appliance.subnet
            if any(ids.same(one.subnet.id, after) for one in legs):
                break
            subnet = virtual_network(self.path.scope, ids.parent_of(after)).subnet(after)
        return tuple(legs)

    def firewalls(self, destination: Destination) -> tuple[Firewall, ...]:
        """Return the Azure Firewalls that the routes lead through to *destination*.

        Raise :class:`FactUnavailable` where something else stands in the way, whose rules cannot be read.
        """
        found = []
        for leg in self.legs(destination):
            match leg.appliance:
                case Firewall() as firewall:
                    found.append(firewall)
                case Assigned(address=address, evidence=shown):
                    raise FactUnavailable(
                        f"traffic for {self.endpoint} is routed to {address}, which is no Azure Firewall that can be "
                        "read; what it lets pass is not in Azure",
                        "Try it from a node, and accept this with a waiver once it lets the registry pass",
                        document=shown.document,
                        pointer=shown.pointer,
                    )
        return tuple(found)

    def home(self, destination: PrivateAddress) -> Home:
        """Return where *destination* is, seen from the nodes."""
        return home_of(self.path.scope, self.subnet.network, destination)

    def junction(self, destination: PrivateAddress) -> Junction | None:
        """Return what joins the nodes' network with that of *destination*; none where they are in one.

        Raise :class:`FactUnavailable` where a way may be there that Azure Resource Manager does not show.
        """
        scope, home, network = self.path.scope, self.home(destination), self.subnet.network
        if home.is_same:
            return None
        if home.peering is not None and home.is_near:
            direct = direct_junction(scope, self.subnet, home, home.peering)
            if isinstance(direct, Joined) or not self._goes_round(destination):
                return direct
        leg = self.legs(destination)[0]
        match leg.appliance:
            case Firewall() as firewall:
                return transit_junction(scope, self.subnet, home, firewall)
            case Assigned(address=address, evidence=shown):
                raise FactUnavailable(
                    f"{address} may forward between the networks; what it does cannot be read from Azure",
                    "Try it from a node, and accept this with a waiver once it leads there",
                    document=shown.document,
                    pointer=shown.pointer,
                )
            case Vacant(address=address, evidence=shown):
                raise FactUnavailable(
                    f"what is for the private endpoint is routed to {address}, which nothing has",
                    "Mend what route-table-blackholes-registry says of it first",
                    document=shown.document,
                    pointer=shown.pointer,
                )
            case _ if leg.hop.leads is Leads.NOWHERE:
                shown = leg.hop.evidence[0]
                raise FactUnavailable(
                    "a route loses what is for the private endpoint, so that nothing in another network may forward it",
                    "Mend what route-table-blackholes-registry says of it first",
                    document=shown.document,
                    pointer=shown.pointer,
                )
            case _:
                return no_junction(scope, network, home)

    def _goes_round(self, destination: PrivateAddress) -> bool:
        """Whether a route leads to an appliance what is for *destination*, and not straight to it."""
        with suppress(FactUnavailable):
            return isinstance(self.legs(destination)[0].appliance, Firewall | Assigned)
        return False

    def severed(self, destination: Destination) -> Severed | None:
        """Return how the nodes' network is kept apart from that of *destination*, where that is sure."""
        if isinstance(destination, PublicService):
            return None
        with suppress(FactUnavailable):
            junction = self.junction(destination)
            return junction if isinstance(junction, Severed) else None
        return None

    def _leg(self, subnet: Subnet, destination: Destination, behind: Firewall | Assigned | Vacant | None) -> Leg:
        scope = self.path.scope
        if isinstance(destination, PrivateAddress):
            hop = private_hop(scope, subnet, destination, home_of(scope, subnet.network, destination))
        else:
            service, may_learn = _SERVICES[self.endpoint.kind], True
            if isinstance(behind, Firewall):
                may_learn = behind.may_be_tunnelled
            endpoint = None if behind else self._service_endpoint(subnet)
            hop = public_hop(scope, subnet, service, endpoint, may_learn=may_learn)
        if hop.leads is not Leads.APPLIANCE or hop.route is None:
            return Leg(subnet, hop, None)
        return Leg(subnet, hop, appliance_of(scope, subnet, hop.route))

    def _service_endpoint(self, subnet: Subnet) -> Evidence | None:
        name = _SERVICE_ENDPOINTS.get(self.endpoint.kind)
        return subnet.service_endpoint(name) if name else None

    @property
    def possible_destinations(self) -> tuple[Destination, ...]:
        """Where the nodes may connect to, whatever their DNS answers: a private endpoint, or the public addresses."""
        host = self.endpoint.host
        if host is None or self.endpoint.kind is EndpointKind.STORAGE:
            return (self._public,)
        private = [
            PrivateAddress(host, IPv4Address(address), connection.endpoint, shown)
            for connection in self.path.resolution.endpoints.approved
            for address, shown in connection.addresses_of(host).items()
        ]
        return (*private, self._public)

    @property
    def _public(self) -> PublicService:
        service = _SERVICES[self.endpoint.kind]
        scope, registry = self.path.scope, self.path.registry
        return PublicService(
            self.endpoint.host, (*service.tags, "internet"), service.doubtful, lambda: regions_of(scope, registry)
        )
