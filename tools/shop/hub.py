"""The documents of a spoke behind a hub: a cluster whose routes lead through an Azure Firewall, in Azure's shapes."""

from __future__ import annotations

from typing import Final

from pullready.facts import ids
from tools.shop.environment import (
    ACR_PULL,
    SUBSCRIPTION,
    Bodies,
    Body,
    assignment,
    authorization,
    cluster_prod,
    machine_model,
    public_address,
    registry,
    registry_token,
    scale_sets,
    scope_map,
    subnet,
    virtual_network,
)
from tools.shop.firewall import (
    FIREWALL_ADDRESS,
    FIREWALL_IP,
    HUB_GROUP,
    HUB_VNET,
    application_rule,
    firewall,
    policies,
)

STAGE_GROUP: Final = ids.group(SUBSCRIPTION, "stage")
STAGE_NODES: Final = ids.group(SUBSCRIPTION, "MC_stage_stage_westeurope")
_STAGE_NETWORK: Final = f"{STAGE_GROUP}/providers/Microsoft.Network"

STAGE: Final = f"{STAGE_GROUP}/providers/Microsoft.ContainerService/managedClusters/stage"
STAGE_IMAGES: Final = f"{STAGE_GROUP}/providers/Microsoft.ContainerRegistry/registries/stageimages"
STAGE_TOOLS: Final = f"{STAGE_GROUP}/providers/Microsoft.ContainerRegistry/registries/stagetools"
STAGE_TOKEN: Final = ids.token_of(STAGE_TOOLS, "stage-pull")
STAGE_SCOPE_MAP: Final = f"{STAGE_TOOLS}/scopeMaps/stage-pull-scope-map"
STAGE_VNET: Final = f"{_STAGE_NETWORK}/virtualNetworks/stage-vnet"
STAGE_ROUTES: Final = f"{_STAGE_NETWORK}/routeTables/stage-routes"
_HUB_NETWORK: Final = f"{HUB_GROUP}/providers/Microsoft.Network"
HUB_ENDPOINT: Final = f"{_HUB_NETWORK}/privateEndpoints/stage-registry"
HUB_ENDPOINT_NIC: Final = f"{_HUB_NETWORK}/networkInterfaces/stage-registry.nic"
HUB_ZONE: Final = f"{_HUB_NETWORK}/privateDnsZones/privatelink.azurecr.io"

#: The endpoints of the private registry, with the addresses that its private endpoint has for them.
ENDPOINTS: Final = {
    "registry": ("10.50.2.5", "stageimages.azurecr.io"),
    "registry_data_westeurope": ("10.50.2.4", "stageimages.westeurope.data.azurecr.io"),
}
_STAGE_KUBELET: Final = f"{STAGE_NODES}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/stage-agentpool"
_STAGE_OBJECT: Final = "dddddddd-1111-4111-8111-111111111111"
_STAGE_CLIENT: Final = "dddddddd-2222-4222-8222-222222222222"


def cluster_stage() -> Body:
    """Return a cluster of one Linux pool whose outbound traffic goes where its route table says."""
    made = cluster_prod()
    pool = made["properties"]["agentPoolProfiles"][1] | {
        "name": "linux1",
        "mode": "System",
        "vnetSubnetID": f"{STAGE_VNET}/subnets/nodes",
    }
    made["properties"] |= {
        "nodeResourceGroup": ids.name_of(STAGE_NODES),
        "identityProfile": {
            "kubeletidentity": {
                "resourceId": _STAGE_KUBELET,
                "clientId": _STAGE_CLIENT,
                "objectId": _STAGE_OBJECT,
            }
        },
        "networkProfile": {
            "networkPlugin": "azure",
            "networkPluginMode": "overlay",
            "outboundType": "userDefinedRouting",
            "loadBalancerSku": "standard",
            "loadBalancerProfile": {"backendPoolType": "nodeIPConfiguration"},
            "ipFamilies": ["IPv4"],
        },
        "agentPoolProfiles": [pool],
    }
    return made | {"id": STAGE, "name": "stage"}


def stage_registries() -> list[Body]:
    """Return a registry behind a private endpoint, and one that admits the firewall's public address."""
    return [
        registry(STAGE_IMAGES, publicNetworkAccess="Disabled", networkRuleSet={"defaultAction": "Deny", "ipRules": []}),
        registry(
            STAGE_TOOLS,
            publicNetworkAccess="Enabled",
            networkRuleSet={"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "198.51.100.30"}]},
        ),
    ]


def route(name: str, prefix: str) -> Body:
    """Return a route for *prefix* to the hub's firewall."""
    return {
        "name": name,
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": prefix,
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": FIREWALL_ADDRESS,
            "hasBgpOverride": False,
        },
    }


def peering(name: str, remote: str, prefix: str) -> Body:
    """Return one half of a connected peering with the network *remote*."""
    return {
        "name": name,
        "properties": {
            "provisioningState": "Succeeded",
            "peeringState": "Connected",
            "peeringSyncLevel": "FullyInSync",
            "remoteVirtualNetwork": {"id": remote},
            "remoteAddressSpace": {"addressPrefixes": [prefix]},
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": True,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
        },
    }


def hub_networks() -> Bodies:
    """Return hub and spoke: the nodes' routes lead to the firewall, those for the private endpoint as well."""
    spoke = virtual_network(
        STAGE_VNET,
        "10.60.0.0/16",
        subnet(STAGE_VNET, "nodes", "10.60.0.0/20", routeTable={"id": STAGE_ROUTES}),
    )
    spoke["properties"]["virtualNetworkPeerings"] = [peering("hub", HUB_VNET, "10.50.0.0/16")]
    hub = virtual_network(
        HUB_VNET,
        "10.50.0.0/16",
        subnet(HUB_VNET, "AzureFirewallSubnet", "10.50.1.0/26"),
        subnet(HUB_VNET, "endpoints", "10.50.2.0/24", privateEndpointNetworkPolicies="Disabled"),
    )
    hub["properties"]["virtualNetworkPeerings"] = [peering("stage", STAGE_VNET, "10.60.0.0/16")]
    return {
        STAGE_VNET: spoke,
        HUB_VNET: hub,
        STAGE_ROUTES: {
            "id": STAGE_ROUTES,
            "name": ids.name_of(STAGE_ROUTES),
            "type": "Microsoft.Network/routeTables",
            "location": "westeurope",
            "properties": {
                "provisioningState": "Succeeded",
                "disableBgpRoutePropagation": True,
                "routes": [
                    route("default", "0.0.0.0/0"),
                    *(route(member, f"{address}/32") for member, (address, _) in ENDPOINTS.items()),
                ],
            },
        },
        ids.firewalls_in(SUBSCRIPTION): [firewall()],
        FIREWALL_IP: public_address(FIREWALL_IP, "198.51.100.30"),
    }


def hub_private_path() -> Bodies:
    """Return the private endpoint in the hub, and the zone that answers spoke and hub."""
    connection = f"{STAGE_IMAGES}/privateEndpointConnections/stage-registry.1"
    state = {"status": "Approved", "actionsRequired": "None"}
    return {
        ids.private_endpoint_connections_of(STAGE_IMAGES): [
            {
                "id": connection,
                "name": ids.name_of(connection),
                "type": "Microsoft.ContainerRegistry/registries/privateEndpointConnections",
                "properties": {
                    "privateEndpoint": {"id": HUB_ENDPOINT},
                    "privateLinkServiceConnectionState": state,
                    "provisioningState": "Succeeded",
                },
            }
        ],
        ids.private_endpoint_connections_of(STAGE_TOOLS): [],
        HUB_ENDPOINT: {
            "id": HUB_ENDPOINT,
            "name": ids.name_of(HUB_ENDPOINT),
            "type": "Microsoft.Network/privateEndpoints",
            "location": "westeurope",
            "properties": {
                "provisioningState": "Succeeded",
                "subnet": {"id": f"{HUB_VNET}/subnets/endpoints"},
                "networkInterfaces": [{"id": HUB_ENDPOINT_NIC}],
                "customDnsConfigs": [],
            },
        },
        HUB_ENDPOINT_NIC: {
            "id": HUB_ENDPOINT_NIC,
            "name": ids.name_of(HUB_ENDPOINT_NIC),
            "type": "Microsoft.Network/networkInterfaces",
            "properties": {
                "provisioningState": "Succeeded",
                "ipConfigurations": [_configuration(member, *one) for member, one in ENDPOINTS.items()],
            },
        },
        ids.private_dns_zones_in(SUBSCRIPTION): [
            {
                "id": HUB_ZONE,
                "name": ids.name_of(HUB_ZONE),
                "type": "Microsoft.Network/privateDnsZones",
                "location": "global",
                "properties": {"provisioningState": "Succeeded", "numberOfRecordSets": 3},
            }
        ],
        ids.links_of(HUB_ZONE): [_link(network) for network in (STAGE_VNET, HUB_VNET)],
        **dict(_record(address, host) for address, host in ENDPOINTS.values()),
    }


def _configuration(member: str, address: str, host: str) -> Body:
    return {
        "name": member,
        "properties": {
            "privateIPAddress": address,
            "privateIPAllocationMethod": "Dynamic",
            "privateLinkConnectionProperties": {
                "groupId": "registry",
                "requiredMemberName": member,
                "fqdns": [host],
            },
        },
    }


def _link(network: str) -> Body:
    name = ids.name_of(network)
    return {
        "id": f"{ids.links_of(HUB_ZONE)}/{name}",
        "name": name,
        "type": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "location": "global",
        "properties": {
            "virtualNetwork": {"id": network},
            "registrationEnabled": False,
            "virtualNetworkLinkState": "Completed",
            "provisioningState": "Succeeded",
        },
    }


def _record(address: str, host: str) -> tuple[str, Body]:
    record = ids.a_record(HUB_ZONE, host.removesuffix(".azurecr.io"))
    return record, {
        "id": record,
        "name": ids.name_of(record),
        "type": "Microsoft.Network/privateDnsZones/A",
        "properties": {"ttl": 10, "aRecords": [{"ipv4Address": address}]},
    }


def stage_identity() -> Bodies:
    """Return the nodes' scale set, and what lets their identity pull."""
    scale_set = scale_sets()[1] | {
        "id": f"{STAGE_NODES}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-linux1-20000001-vmss",
        "name": "aks-linux1-20000001-vmss",
        "properties": {
            "provisioningState": "Succeeded",
            "virtualMachineProfile": machine_model("aks-linux1-20000001-vmss", None),
        },
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {_STAGE_KUBELET: {"principalId": _STAGE_OBJECT, "clientId": _STAGE_CLIENT}},
        },
    }
    return {
        ids.scale_sets_in(STAGE_NODES): [scale_set],
        ids.role_assignments_at(STAGE_IMAGES): [
            assignment(STAGE_IMAGES, "dddddddd-0000-4000-8000-000000000001", _STAGE_OBJECT)
        ],
        ids.role_assignments_at(STAGE_TOOLS): [],
        ACR_PULL: authorization()[ACR_PULL],
    }


def stage_token() -> Bodies:
    """Return the token that lets the nodes pull from the registry of the tools, where their identity has no role."""
    return {
        STAGE_TOKEN: registry_token(STAGE_TOKEN, STAGE_SCOPE_MAP),
        STAGE_SCOPE_MAP: scope_map(STAGE_SCOPE_MAP, "repositories/db-migrate/content/read"),
    }


def hub() -> Bodies:
    """Return every document of the spoke and its hub, by id."""
    return {
        STAGE: cluster_stage(),
        ids.registries_in(SUBSCRIPTION): stage_registries(),
        **{one["id"]: one for one in stage_registries()},
        **stage_identity(),
        **stage_token(),
        ids.deny_assignments_at(STAGE_IMAGES): [],
        ids.forwarding_rulesets_in(SUBSCRIPTION): [],
        ids.admin_rules_of(STAGE_VNET): [],
        **hub_networks(),
        **policies(
            application_rule("images", *(host for _, host in ENDPOINTS.values())),
            application_rule("tools", "stagetools.azurecr.io", "*.blob.core.windows.net"),
        ),
        **hub_private_path(),
    }
