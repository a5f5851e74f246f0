"""Reading the way from the nodes to each registry: networks, outbound addresses, private endpoints, private DNS.

Which of them matter depends on what the earlier ones say, so the facts themselves name what they need next.

Source of the requests: https://learn.microsoft.com/rest/api/virtualnetwork,
https://learn.microsoft.com/azure/aks/egress-outboundtype and
https://learn.microsoft.com/azure/private-link/private-endpoint-dns
"""

from __future__ import annotations

from typing import Final

from pullready.collectors import grants, resource_graph
from pullready.collectors.permissions import Permission, Reading, collector
from pullready.facts.pull_paths import next_documents
from pullready.facts.pull_ways import next_way_documents
from pullready.facts.scope import Need, Scope

_NETWORKS: Final = "the nodes' virtual network and those peered with it"
_ENDPOINTS: Final = "the private endpoints of the registry"
_ZONES: Final = "the subscriptions of the cluster, its networks, the registry and its private endpoints"
_RESOLVERS: Final = "the subscriptions of the nodes' virtual network and of that of their DNS servers"
_RULES: Final = "the resource groups of the nodes, their network, and the networks of the private endpoints"
_POLICIES: Final = "the policies of the Azure Firewalls on the way, and the parents of those"
_OUTBOUND: Final = "the resource groups of what the nodes leave through"


@collector(
    Need.VIRTUAL_NETWORKS,
    Need.OUTBOUND_ADDRESSES,
    Need.PRIVATE_ENDPOINTS,
    Need.PRIVATE_DNS,
    permissions=(
        Permission("Microsoft.Network/virtualNetworks/read", _NETWORKS),
        Permission(grants.PERMISSION, _ZONES),
        Permission("Microsoft.Network/routeTables/read", _NETWORKS),
        Permission("Microsoft.Network/azureFirewalls/read", f"the subscriptions of {_NETWORKS}"),
        Permission("Microsoft.Network/natGateways/read", _OUTBOUND),
        Permission("Microsoft.Network/publicIPAddresses/read", _OUTBOUND),
        Permission("Microsoft.Network/publicIPPrefixes/read", _OUTBOUND),
        Permission("Microsoft.Compute/virtualMachineScaleSets/read", "the node resource group"),
        Permission("Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses/read", "the node resource group"),
        Permission("Microsoft.ContainerRegistry/registries/privateEndpointConnections/read", "the registry"),
        Permission("Microsoft.Network/privateEndpoints/read", _ENDPOINTS),
        Permission("Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read", _ENDPOINTS),
        Permission("Microsoft.Network/networkInterfaces/read", _ENDPOINTS),
        Permission("Microsoft.Network/privateDnsZones/read", _ZONES),
        Permission("Microsoft.Network/privateDnsZones/virtualNetworkLinks/read", _ZONES),
        Permission("Microsoft.Network/privateDnsZones/A/read", _ZONES),
        Permission("Microsoft.Network/dnsResolvers/read", _RESOLVERS),
        Permission("Microsoft.Network/dnsResolvers/inboundEndpoints/read", _RESOLVERS),
        Permission("Microsoft.Network/dnsForwardingRulesets/read", _RESOLVERS),
        Permission("Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks/read", _RESOLVERS),
        Permission("Microsoft.Network/dnsForwardingRulesets/forwardingRules/read", _RESOLVERS),
        Permission("Microsoft.Network/firewallPolicies/read", "the policies of firewalls on the way"),
        resource_graph.PERMISSION,
    ),
)
def read_pull_paths(scope: Scope) -> Reading:
    """Read what judging the ways from the pools to the registries looks at."""
    while wanted := next_documents(scope):
        scope = scope.with_documents((yield wanted))


@collector(
    Need.ROUTES,
    Need.SECURITY_GROUPS,
    Need.FIREWALL_POLICIES,
    permissions=(
        Permission(grants.PERMISSION, "the cluster's subscription, or the node resource group"),
        Permission("Microsoft.Network/virtualNetworks/checkIpAddressAvailability/read", _NETWORKS),
        Permission(
            "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveConnectivityConfigurations/action", _NETWORKS
        ),
        Permission("Microsoft.Network/networkSecurityGroups/read", _RULES),
        Permission(
            "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action",
            "the nodes' virtual network",
        ),
        Permission("Microsoft.Compute/virtualMachineScaleSets/read", "the node resource group"),
        Permission("Microsoft.Compute/virtualMachines/read", "the node resource group"),
        Permission("Microsoft.Network/networkInterfaces/read", "the node resource group"),
        Permission("Microsoft.Network/firewallPolicies/read", _POLICIES),
        Permission("Microsoft.Network/firewallPolicies/ruleCollectionGroups/read", _POLICIES),
        Permission("Microsoft.Network/ipGroups/read", "the IP groups that the rules of those name"),
        Permission("Microsoft.ContainerRegistry/registries/replications/read", "the registry"),
        resource_graph.PERMISSION,
    ),
)
def read_ways(scope: Scope) -> Reading:
    """Read what stands on the ways from the pools to the registries."""
    while wanted := next_way_documents(scope):
        scope = scope.with_documents((yield wanted))
