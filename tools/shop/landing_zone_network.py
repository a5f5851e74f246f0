"""The network of the landing zone: a hub with a firewall and central DNS, and three spokes, in Azure's shapes."""

from __future__ import annotations

from typing import Any, Final

from pullready.facts import ids
from tools.shop.environment import (
    SUBSCRIPTION,
    Bodies,
    Body,
    public_address,
    security_group,
    security_rule,
    subnet,
    virtual_network,
)
from tools.shop.firewall import (
    application_rule,
    firewall,
    firewall_policy,
    network_rule,
    rule_collection,
    rule_collection_group,
)
from tools.shop.way_faults import peering, route, route_table

#: The subscription of the platform team, which has the hub; the workloads are in that of the shop.
CONNECTIVITY: Final = "12121212-1111-4111-8111-111111111111"
PLATFORM: Final = ids.group(CONNECTIVITY, "connectivity")
GROUP: Final = ids.group(SUBSCRIPTION, "retail")
_HUB: Final = f"{PLATFORM}/providers/Microsoft.Network"
_SPOKES: Final = f"{GROUP}/providers/Microsoft.Network"

HUB_VNET: Final = f"{_HUB}/virtualNetworks/hub-weu-vnet"
RETAIL_VNET: Final = f"{_SPOKES}/virtualNetworks/retail-vnet"
SHARED_VNET: Final = f"{_SPOKES}/virtualNetworks/shared-vnet"
BATCH_VNET: Final = f"{_SPOKES}/virtualNetworks/batch-vnet"
_RANGES: Final = {
    HUB_VNET: "10.70.0.0/16",
    RETAIL_VNET: "10.71.0.0/16",
    SHARED_VNET: "10.72.0.0/16",
    BATCH_VNET: "10.73.0.0/16",
}

FIREWALL: Final = f"{_HUB}/azureFirewalls/hub-weu-firewall"
FIREWALL_ADDRESS: Final = "10.70.1.4"
FIREWALL_IPS: Final = {f"{_HUB}/publicIPAddresses/hub-weu-firewall-{n}": f"198.51.100.{39 + n}" for n in (1, 2)}
FIREWALL_ROUTES: Final = f"{_HUB}/routeTables/hub-weu-firewall-routes"
BASE_POLICY: Final = f"{_HUB}/firewallPolicies/organization-policy"
POLICY: Final = f"{_HUB}/firewallPolicies/hub-weu-policy"
NODES: Final = f"{_HUB}/ipGroups/retail-nodes"

RESOLVER: Final = f"{_HUB}/dnsResolvers/hub-weu-resolver"
RESOLVER_ADDRESS: Final = "10.70.2.4"
RULESET: Final = f"{_HUB}/dnsForwardingRulesets/head-office"

NODES_GROUP: Final = f"{_SPOKES}/networkSecurityGroups/retail-nodes"
ENDPOINTS_GROUP: Final = f"{_SPOKES}/networkSecurityGroups/shared-endpoints"
ROUTES: Final = f"{_SPOKES}/routeTables/retail-routes"
NAT_GATEWAY: Final = f"{_SPOKES}/natGateways/batch-nat"
NAT_PREFIX: Final = f"{_SPOKES}/publicIPPrefixes/batch-nat-prefix"
NAT_RANGE: Final = "198.51.100.64/30"


def joined(network: str, *others: str) -> list[Body]:
    """Return the halves of *network* of its peerings with *others*."""
    return [peering(network, other, _RANGES[other], forwards=True) for other in others]


def networks() -> Bodies:
    """Return the hub and the spokes: of the nodes behind the firewall, of shared endpoints, of the batch jobs."""
    behind = {"networkSecurityGroup": {"id": NODES_GROUP}, "routeTable": {"id": ROUTES}}
    hub = virtual_network(
        HUB_VNET,
        _RANGES[HUB_VNET],
        subnet(HUB_VNET, "AzureFirewallSubnet", "10.70.1.0/26", routeTable={"id": FIREWALL_ROUTES}),
        subnet(HUB_VNET, "resolver", "10.70.2.0/28"),
        subnet(HUB_VNET, "endpoints", "10.70.3.0/24", privateEndpointNetworkPolicies="Disabled"),
    )
    retail = virtual_network(
        RETAIL_VNET,
        _RANGES[RETAIL_VNET],
        subnet(RETAIL_VNET, "linux", "10.71.0.0/20", **behind),
        subnet(RETAIL_VNET, "windows", "10.71.16.0/22", **behind),
    )
    shared = virtual_network(
        SHARED_VNET,
        _RANGES[SHARED_VNET],
        subnet(
            SHARED_VNET,
            "endpoints",
            "10.72.0.0/24",
            privateEndpointNetworkPolicies="Enabled",
            networkSecurityGroup={"id": ENDPOINTS_GROUP},
        ),
    )
    batch = virtual_network(
        BATCH_VNET, _RANGES[BATCH_VNET], subnet(BATCH_VNET, "nodes", "10.73.0.0/22", natGateway={"id": NAT_GATEWAY})
    )
    for network, servers, others in (
        (hub, (), (RETAIL_VNET, SHARED_VNET, BATCH_VNET)),
        (retail, (FIREWALL_ADDRESS,), (HUB_VNET,)),
        (shared, (FIREWALL_ADDRESS,), (HUB_VNET, BATCH_VNET)),
        (batch, (RESOLVER_ADDRESS,), (HUB_VNET, SHARED_VNET)),
    ):
        network["properties"]["virtualNetworkPeerings"] = joined(network["id"], *others)
        network["properties"]["dhcpOptions"] = {"dnsServers": [*servers]}
    return {network["id"]: network for network in (hub, retail, shared, batch)}


def ways_out() -> Bodies:
    """Return the route tables, and the NAT gateway of the batch jobs, which has a range of addresses."""
    inspected = {"default": "0.0.0.0/0", "private": "10.0.0.0/8"}
    table = route_table(
        ROUTES, *(route(name, prefix, "VirtualAppliance", FIREWALL_ADDRESS) for name, prefix in inspected.items())
    )
    table["properties"]["disableBgpRoutePropagation"] = True
    return {
        ROUTES: table,
        FIREWALL_ROUTES: route_table(FIREWALL_ROUTES, route("default", "0.0.0.0/0", "Internet")),
        NAT_GATEWAY: {
            "id": NAT_GATEWAY,
            "name": ids.name_of(NAT_GATEWAY),
            "type": "Microsoft.Network/natGateways",
            "sku": {"name": "Standard"},
            "properties": {"provisioningState": "Succeeded", "publicIpPrefixes": [{"id": NAT_PREFIX}]},
        },
        NAT_PREFIX: {
            "id": NAT_PREFIX,
            "name": ids.name_of(NAT_PREFIX),
            "type": "Microsoft.Network/publicIPPrefixes",
            "properties": {"provisioningState": "Succeeded", "ipPrefix": NAT_RANGE, "prefixLength": 30},
        },
    }


def security() -> Bodies:
    """Return the security groups, which close what they do not open, and the rules of the network manager."""
    tags = [
        f"{tag}.{region}" for tag in ("AzureContainerRegistry", "Storage") for region in ("WestEurope", "NorthEurope")
    ]
    opened = ["10.70.3.0/24", "10.72.0.0/24", *tags, "AzureCloud.WestEurope", "VirtualNetwork"]
    outward = [https(NODES_GROUP, 100 + 10 * number, destination) for number, destination in enumerate(opened)]
    shut = security_rule(NODES_GROUP, "no-internet", priority=4000, destinationAddressPrefix="Internet", access="Deny")
    inward = [
        https(ENDPOINTS_GROUP, 100 + 10 * number, "*", direction="Inbound", sourceAddressPrefix=source)
        for number, source in enumerate(("10.71.0.0/16", "10.73.0.0/16", "10.70.1.0/26"))
    ]
    closed = security_rule(ENDPOINTS_GROUP, "nobody-else", priority=4000, direction="Inbound", access="Deny")
    rules = [admin_rule("no-mail", 10, "Internet", "25"), admin_rule("no-telnet", 20, "*", "23")]
    return {
        NODES_GROUP: security_group(NODES_GROUP, *outward, shut),
        ENDPOINTS_GROUP: security_group(ENDPOINTS_GROUP, *inward, closed),
        ids.admin_rules_of(RETAIL_VNET): rules,
        ids.admin_rules_of(BATCH_VNET): rules,
    }


def https(group: str, priority: int, destination: str, **properties: Any) -> Body:
    """Return a rule of the security group *group* that lets HTTPS to *destination* pass, with other *properties*."""
    return security_rule(
        group,
        f"https-{priority}",
        priority=priority,
        protocol="Tcp",
        destinationPortRange="443",
        destinationAddressPrefix=destination,
        **properties,
    )


def admin_rule(name: str, priority: int, destination: str, port: str) -> Body:
    """Return a rule of the platform team's network manager that denies TCP *port* out to *destination*."""
    configuration = f"{_HUB}/networkManagers/platform/securityAdminConfigurations/guard"
    kind = "ServiceTag" if destination.isalpha() else "IPPrefix"
    return {
        "id": f"{configuration}/ruleCollections/all/rules/{name}",
        "kind": "Custom",
        "properties": {
            "access": "Deny",
            "direction": "Outbound",
            "priority": priority,
            "protocol": "Tcp",
            "sources": [{"addressPrefix": "*", "addressPrefixType": "IPPrefix"}],
            "destinations": [{"addressPrefix": destination, "addressPrefixType": kind}],
            "sourcePortRanges": ["0-65535"],
            "destinationPortRanges": [port],
        },
    }


def hub_firewall() -> Bodies:
    """Return the hub's firewall, which answers names too, and leaves from either of two addresses."""
    made = firewall() | {"id": FIREWALL, "name": ids.name_of(FIREWALL)}
    first, *others = FIREWALL_IPS
    inside = {"privateIPAddress": FIREWALL_ADDRESS, "subnet": {"id": f"{HUB_VNET}/subnets/AzureFirewallSubnet"}}
    made["properties"] |= {
        "firewallPolicy": {"id": POLICY},
        "ipConfigurations": [
            {
                "name": ids.name_of(address),
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateIPAllocationMethod": "Dynamic",
                    "publicIPAddress": {"id": address},
                    **(inside if address == first else {}),
                },
            }
            for address in (first, *others)
        ],
    }
    return {
        ids.firewalls_in(CONNECTIVITY): [made],
        ids.firewalls_in(SUBSCRIPTION): [],
        **{id_: public_address(id_, address) for id_, address in FIREWALL_IPS.items()},
    }


def organization_rules(*private: str) -> list[Body]:
    """Return the rules of the parent policy: what AKS needs, and the hosts of *private* endpoints."""
    nodes = {"sourceIpGroups": [NODES]}
    return [
        rule_collection_group(
            BASE_POLICY,
            "shared",
            200,
            rule_collection("never", 100, application_rule("file-sharing", "*.example.net", **nodes), action="Deny"),
            rule_collection(
                "aks",
                200,
                network_rule("time", "*", ipProtocols=["UDP"], destinationPorts=["123"], **nodes),
                application_rule("needs", fqdnTags=["AzureKubernetesService"], **nodes),
            ),
            rule_collection("private-endpoints", 300, application_rule("registries", *private, **nodes)),
        )
    ]


def workload_rules(*public: str) -> list[Body]:
    """Return the rules of the hub's own policy: *public* registries by name, and the layers in storage accounts."""
    nodes = {"sourceIpGroups": [NODES]}
    return [
        rule_collection_group(
            POLICY,
            "retail",
            300,
            rule_collection("registries", 200, network_rule("tools", destinationFqdns=[*public], **nodes)),
            rule_collection("layers", 300, application_rule("storage", "*.blob.core.windows.net", **nodes)),
        )
    ]


def policies(private: tuple[str, ...], public: tuple[str, ...]) -> Bodies:
    """Return the policies of the hub's firewall, with its DNS proxy on."""
    return {
        BASE_POLICY: firewall_policy(BASE_POLICY, childPolicies=[{"id": POLICY}]),
        ids.rule_collection_groups_of(BASE_POLICY): organization_rules(*private),
        POLICY: firewall_policy(
            POLICY,
            basePolicy={"id": BASE_POLICY},
            firewalls=[{"id": FIREWALL}],
            dnsSettings={"servers": [], "enableProxy": True},
        ),
        ids.rule_collection_groups_of(POLICY): workload_rules(*public),
        NODES: {
            "id": NODES,
            "name": ids.name_of(NODES),
            "type": "Microsoft.Network/ipGroups",
            "location": "westeurope",
            "properties": {"provisioningState": "Succeeded", "ipAddresses": ["10.71.0.0/20", "10.71.16.0/22"]},
        },
    }
