"""The public addresses that the nodes of a pool leave from, as far as Azure Resource Manager can tell.

Sources: https://learn.microsoft.com/azure/aks/egress-outboundtype,
https://learn.microsoft.com/azure/virtual-network/virtual-network-service-endpoints-overview
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.firewalls import appliance_addresses
from pullready.facts.network import Subnet, pool_subnet
from pullready.facts.outbound import (
    EgressAddress,
    instance_addresses,
    nat_gateway_addresses,
    public_addresses,
    stated,
)
from pullready.facts.proxy import bypass_proxy
from pullready.facts.registry import Registry
from pullready.facts.routes import NotInAzure, public_route
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

REGISTRY_SERVICE: Final = "Microsoft.ContainerRegistry"
_LATER: Final = "this version does not judge that yet"
_NAME_THEM: Final = "Name the addresses that the registry sees under egress-addresses: in pullready.yaml"


class NoWayOut(FactUnavailable):
    """Nothing leaves the nodes' subnet by its routes, so nothing comes from anywhere."""


class Egress(msgspec.Struct, frozen=True, dict=True):
    """How the nodes of ``pool`` leave; without a pool, those that node auto-provisioning adds.

    Documents are looked at when they are asked for.
    """

    scope: Scope
    cluster: Cluster
    pool: NodePool | None
    registry: Registry

    @cached_property
    def subnet(self) -> Subnet:
        """The subnet that the nodes are in."""
        if self.pool is None:
            raise NotInAzure(
                "AKSNodeClass objects in the cluster, and not Azure, say which subnets auto-provisioned nodes are in",
                _NAME_THEM,
                document=self.cluster.document.id,
                pointer="/properties/nodeProvisioningProfile",
            )
        return pool_subnet(self.scope, self.cluster, self.pool)

    @cached_property
    def addresses(self) -> tuple[EgressAddress, ...]:
        """Every address and range that a connection to a registry may come from, at least one.

        The addresses in the configuration stand in where Azure cannot tell. Raise :class:`FactUnavailable` where
        nothing tells, where a part could not be read, and where the nodes have no way out.
        """
        try:
            return self._known()
        except NotInAzure:
            if not self.scope.target.egress_addresses:
                raise
            return tuple(stated(text, self._configured(text)) for text in self.scope.target.egress_addresses)

    @property
    def shuts_nodes_in(self) -> Evidence | None:
        """The outbound type of a cluster that was made without a way out; none for the other types."""
        network = self.cluster.wire.properties.networkProfile
        if not network or not network.outboundType or network.outboundType.lower() not in {"none", "block"}:
            return None
        return self.cluster.evidence("/properties/networkProfile/outboundType", "AKS gives the nodes no way out")

    def _known(self) -> tuple[EgressAddress, ...]:
        bypass_proxy(self.cluster, self.registry.login_server)
        subnet = self.subnet
        if self.cluster.outbound_type == "block":
            raise self._no_way_out("the outbound type block has AKS close the way out by security rules")
        if endpoint := subnet.service_endpoint(REGISTRY_SERVICE):
            raise FactUnavailable(
                f"the service endpoint {REGISTRY_SERVICE} of {ids.name_of(subnet.id)} hides the nodes' public "
                "addresses from IP rules, and virtual network rules are not in this version of the registry's answer",
                "Move to a private endpoint, or remove the service endpoint from the subnet",
                document=endpoint.document,
                pointer=endpoint.pointer,
            )
        route = public_route(self.scope, subnet)
        if route is None or route.hop[0] == "internet":
            return self._translated(subnet)
        match route.hop[0]:
            case "virtualappliance":
                return appliance_addresses(self.scope, route, subnet.network)
            case "none":
                raise NoWayOut(
                    f"the route for {route.prefix} drops what goes to the registry",
                    "az network route-table route update --next-hop-type Internet, or route it to a firewall",
                    document=route.document.id,
                    pointer=route.base,
                )
            case kind:
                raise route.opaque(f"traffic for the registry is routed to {kind}")

    def _translated(self, subnet: Subnet) -> tuple[EgressAddress, ...]:
        gateways = [gateway for gateway in (subnet.nat_gateway, subnet.network.default_nat_gateway) if gateway]
        if gateways:
            return self._through(gateways)
        if self.pool is not None and self.pool.wire.enableNodePublicIP is True:
            return instance_addresses(self.scope, self.cluster, self.pool)
        return self._lent_by_aks(subnet)

    def _through(self, gateways: list[str]) -> tuple[EgressAddress, ...]:
        own, *of_network = gateways
        if not of_network or ids.same(own, of_network[0]):
            return nat_gateway_addresses(self.scope, own)
        both = [address for gateway in gateways for address in nat_gateway_addresses(self.scope, gateway)]
        return tuple(replace(address, sure=False) for address in both)

    def _lent_by_aks(self, subnet: Subnet) -> tuple[EgressAddress, ...]:
        network = self.cluster.wire.properties.networkProfile
        outbound = self.cluster.outbound_type
        if outbound == "loadbalancer":
            profile, name = (network.loadBalancerProfile if network else None), "loadBalancerProfile"
        elif outbound.startswith("managednatgateway"):
            profile, name = (network.natGatewayProfile if network else None), "natGatewayProfile"
        elif subnet.has_default_outbound_access:
            raise self._no_way_out(
                f"with the outbound type {outbound}, nothing gives the nodes of {ids.name_of(subnet.id)} an address, "
                "except that Azure may lend one of its own"
            )
        elif outbound == "userdefinedrouting":
            raise NoWayOut(
                f"no route of {ids.name_of(subnet.id)} leads out",
                "Give its route table a route for 0.0.0.0/0",
                document=subnet.document.id,
                pointer=subnet.base,
            )
        else:
            raise self._no_way_out(
                f"with the outbound type {outbound}, nothing lets the nodes of {ids.name_of(subnet.id)} out"
            )
        pointer = f"/properties/networkProfile/{name}/effectiveOutboundIPs"
        wanted = [
            self.cluster.require(reference.id, f"{pointer}/{index}/id")
            for index, reference in enumerate(
                self.cluster.require((profile.effectiveOutboundIPs or None) if profile else None, pointer)
            )
        ]
        return public_addresses(self.scope, wanted)

    def _no_way_out(self, reason: str) -> FactUnavailable:
        return FactUnavailable(
            f"{reason}; {_LATER}",
            "Give the subnet a NAT gateway or a default route, or reach the registry through a private endpoint",
            document=self.cluster.document.id,
            pointer="/properties/networkProfile/outboundType",
        )

    def _configured(self, text: str) -> Evidence:
        file = self.scope.target.file or "pullready.yaml"
        return Evidence(file, "/egress-addresses", text, "the configuration says that nodes leave from it")
