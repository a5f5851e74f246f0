"""The documents of the healthy shop, in the shapes that Azure documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pullready.facts import ids
from tools.shop.contents import contents, sizes

SUBSCRIPTION: Final = "11111111-1111-4111-8111-111111111111"
TENANT: Final = "22222222-2222-4222-8222-222222222222"
GROUP: Final = ids.group(SUBSCRIPTION, "shop")
NODE_GROUP: Final = ids.group(SUBSCRIPTION, "MC_shop_prod_westeurope")

PROD: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/prod"
LEGACY: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/legacy"
SHOP: Final = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shopimages"
SHOPTOOLS: Final = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shoptools"
SHOPTEAMS: Final = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shopteams"
VNET: Final = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/shop-vnet"
LEGACY_VNET: Final = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/legacy-vnet"
NAT_GATEWAY: Final = f"{GROUP}/providers/Microsoft.Network/natGateways/legacy-nat"
NAT_ADDRESS: Final = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/legacy-nat-ip"
OUTBOUND: Final = tuple(f"{NODE_GROUP}/providers/Microsoft.Network/publicIPAddresses/outbound-{n}" for n in (1, 2))
ENDPOINT: Final = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/shop-registry"
ENDPOINT_NIC: Final = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/shop-registry.nic"
ZONE: Final = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
SIZES: Final = ids.vm_sizes_in(SUBSCRIPTION, "westeurope")
LEGACY_NODE_GROUP: Final = ids.group(SUBSCRIPTION, "MC_shop_legacy_westeurope")
NODES_GROUP: Final = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/shop-nodes"
AKS_GROUP: Final = f"{NODE_GROUP}/providers/Microsoft.Network/networkSecurityGroups/aks-agentpool-10000000-nsg"
KUBELET: Final = f"{NODE_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/prod-agentpool"
_ROLES: Final = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
ACR_PULL: Final = f"{_ROLES}/7f951dda-4ed3-4680-a7ca-43fe172d538d"
REPOSITORY_READER: Final = f"{_ROLES}/b93aa761-3e63-49ed-ac28-beffa264f7ac"

KUBELET_OBJECT: Final = "33333333-3333-4333-8333-333333333333"
KUBELET_CLIENT: Final = "44444444-4444-4444-8444-444444444444"
LEGACY_CLIENT: Final = "55555555-5555-4555-8555-555555555555"
LEGACY_OBJECT: Final = "66666666-6666-4666-8666-666666666666"
PULLER_CLIENT: Final = "dddddddd-5555-4555-8555-555555555555"
PULLER_OBJECT: Final = "dddddddd-6666-4666-8666-666666666666"
PULLERS_GROUP: Final = "77777777-7777-4777-8777-777777777777"

Body = dict[str, Any]
Bodies = dict[str, Any]


def cluster_prod() -> Body:
    """Return the cluster with a managed identity, Linux and Windows pools, and a load balancer for outbound traffic."""
    pools = (
        ("system", "Linux", "System", ["CriticalAddonsOnly=true:NoSchedule"], 3),
        ("linux1", "Linux", "User", None, 4),
        ("win1", "Windows", "User", ["os=windows:NoSchedule"], 2),
    )
    return {
        "id": PROD,
        "name": "prod",
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": "westeurope",
        "identity": {
            "type": "SystemAssigned",
            "principalId": "88888888-8888-4888-8888-888888888888",
            "tenantId": TENANT,
        },
        "properties": {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "kubernetesVersion": "1.34",
            "nodeResourceGroup": "MC_shop_prod_westeurope",
            "nodeResourceGroupProfile": {"restrictionLevel": "ReadOnly"},
            "servicePrincipalProfile": {"clientId": "msi"},
            "identityProfile": {
                "kubeletidentity": {"resourceId": KUBELET, "clientId": KUBELET_CLIENT, "objectId": KUBELET_OBJECT}
            },
            "networkProfile": {
                "networkPlugin": "azure",
                "networkPluginMode": "overlay",
                "outboundType": "loadBalancer",
                "loadBalancerSku": "standard",
                "loadBalancerProfile": {
                    "managedOutboundIPs": {"count": 2},
                    "effectiveOutboundIPs": [{"id": address} for address in OUTBOUND],
                },
                "ipFamilies": ["IPv4"],
            },
            "agentPoolProfiles": [
                {
                    "name": name,
                    "type": "VirtualMachineScaleSets",
                    "mode": mode,
                    "count": count,
                    "vmSize": "Standard_D4s_v5",
                    "osType": os_type,
                    "osSKU": "Ubuntu" if os_type == "Linux" else "Windows2022",
                    "vnetSubnetID": f"{VNET}/subnets/nodes",
                    "enableNodePublicIP": False,
                    "enableAutoScaling": False,
                    "maxPods": 110,
                    "nodeTaints": taints,
                    "powerState": {"code": "Running"},
                    "provisioningState": "Succeeded",
                }
                for name, os_type, mode, taints, count in pools
            ],
        },
    }


def cluster_legacy() -> Body:
    """Return the older cluster: a service principal, and a NAT gateway on its subnet."""
    return {
        "id": LEGACY,
        "name": "legacy",
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "kubernetesVersion": "1.33",
            "nodeResourceGroup": "MC_shop_legacy_westeurope",
            "nodeResourceGroupProfile": {"restrictionLevel": "ReadOnly"},
            "servicePrincipalProfile": {"clientId": LEGACY_CLIENT},
            "networkProfile": {
                "networkPlugin": "azure",
                "outboundType": "userAssignedNATGateway",
                "loadBalancerSku": "standard",
                "ipFamilies": ["IPv4"],
            },
            "agentPoolProfiles": [
                {
                    "name": "nodes",
                    "type": "VirtualMachineScaleSets",
                    "mode": "System",
                    "count": 3,
                    "vmSize": "Standard_D4s_v5",
                    "osType": "Linux",
                    "osSKU": "Ubuntu",
                    "vnetSubnetID": f"{LEGACY_VNET}/subnets/nodes",
                    "enableNodePublicIP": False,
                    "enableAutoScaling": False,
                    "maxPods": 30,
                    "powerState": {"code": "Running"},
                    "provisioningState": "Succeeded",
                }
            ],
        },
    }


def registry(resource: str, **properties: Any) -> Body:
    """Return a Premium registry with *properties* beside those that every registry here has."""
    name = ids.name_of(resource)
    return {
        "id": resource,
        "name": name,
        "type": "Microsoft.ContainerRegistry/registries",
        "location": "westeurope",
        "sku": {"name": "Premium", "tier": "Premium"},
        "properties": {
            "loginServer": f"{name}.azurecr.io",
            "provisioningState": "Succeeded",
            "adminUserEnabled": False,
            "anonymousPullEnabled": False,
            "roleAssignmentMode": "LegacyRegistryPermissions",
            "networkRuleBypassOptions": "AzureServices",
            **properties,
        },
    }


def registries() -> list[Body]:
    """Return the shop's private registry, that of its tools for selected addresses, and that of its teams.

    The last is open to every network and grants by repository.
    """
    return [
        registry(
            SHOP,
            publicNetworkAccess="Disabled",
            networkRuleSet={"defaultAction": "Deny", "ipRules": []},
            adminUserEnabled=True,
        ),
        registry(
            SHOPTOOLS,
            publicNetworkAccess="Enabled",
            networkRuleSet={
                "defaultAction": "Deny",
                "ipRules": [
                    {"action": "Allow", "value": "203.0.113.10"},
                    {"action": "Allow", "value": "203.0.113.11"},
                    {"action": "Allow", "value": "198.51.100.20/32"},
                ],
            },
        ),
        registry(
            SHOPTEAMS,
            publicNetworkAccess="Enabled",
            networkRuleSet={"defaultAction": "Allow", "ipRules": []},
            roleAssignmentMode="AbacRepositoryPermissions",
        ),
    ]


def assignment(
    scope: str, name: str, principal: str, principal_type: str = "ServicePrincipal", role: str = ACR_PULL
) -> Body:
    """Return an assignment of *role* to *principal* at *scope*."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": principal_type,
            "scope": scope,
            "condition": None,
            "conditionVersion": None,
            "createdOn": "2026-03-01T08:00:00.0000000Z",
            "updatedOn": "2026-03-01T08:00:00.0000000Z",
        },
    }


def authorization() -> Bodies:
    """Return who may pull: kubelet of prod by assignments of its own, legacy's service principal through a group."""
    inherited = assignment(GROUP, "aaaaaaaa-0000-4000-8000-000000000001", PULLERS_GROUP, "Group")
    return {
        **{ids.deny_assignments_at(registry): [] for registry in (SHOP, SHOPTOOLS, SHOPTEAMS)},
        ids.role_assignments_at(SHOP): [
            assignment(SHOP, "aaaaaaaa-0000-4000-8000-000000000002", KUBELET_OBJECT),
            inherited,
        ],
        ids.role_assignments_at(SHOPTOOLS): [
            assignment(SHOPTOOLS, "aaaaaaaa-0000-4000-8000-000000000003", KUBELET_OBJECT),
            inherited,
            assignment(SHOPTOOLS, "aaaaaaaa-0000-4000-8000-000000000005", PULLER_OBJECT),
        ],
        ids.role_assignments_at(SHOPTEAMS): [
            assignment(SHOPTEAMS, "aaaaaaaa-0000-4000-8000-000000000004", KUBELET_OBJECT, role=REPOSITORY_READER),
            inherited,
        ],
        ids.groups_of(LEGACY_OBJECT): [{"@odata.type": "#microsoft.graph.group", "id": PULLERS_GROUP}],
        ids.service_principal(LEGACY_CLIENT): [
            {"id": LEGACY_OBJECT, "appId": LEGACY_CLIENT, "accountEnabled": True, "passwordCredentials": []}
        ],
        ids.application(LEGACY_CLIENT): [
            {
                "id": "99999999-9999-4999-8999-999999999999",
                "appId": LEGACY_CLIENT,
                "passwordCredentials": [
                    {
                        "keyId": "bbbbbbbb-0000-4000-8000-000000000001",
                        "startDateTime": "2026-09-01T00:00:00Z",
                        "endDateTime": "2027-09-01T00:00:00Z",
                    }
                ],
            }
        ],
        ACR_PULL: role_definition(ACR_PULL, "AcrPull", actions=["Microsoft.ContainerRegistry/registries/pull/read"]),
        REPOSITORY_READER: role_definition(
            REPOSITORY_READER,
            "Container Registry Repository Reader",
            data_actions=[
                "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
                "Microsoft.ContainerRegistry/registries/repositories/content/read",
            ],
        ),
    }


def pull_secrets() -> Bodies:
    """Return what tells whether the logins in pull secrets are good: legacy's service principal, prod's admin user.

    The hint, the beginning of a password, is that of the password in the manifests, which is none.
    """
    return {
        ids.service_principal(PULLER_CLIENT): [
            {"id": PULLER_OBJECT, "appId": PULLER_CLIENT, "accountEnabled": True, "passwordCredentials": []}
        ],
        ids.application(PULLER_CLIENT): [puller_application(("2026-09-01T00:00:00Z", "2027-09-01T00:00:00Z"))],
        ids.events_of(SHOP): [regeneration("2026-09-14T08:30:00.1234567Z")],
    }


def puller_application(*spans: tuple[str, str]) -> Body:
    """Return the application of the service principal in a pull secret, with a secret for each of *spans*."""
    return {
        "id": "dddddddd-9999-4999-8999-999999999999",
        "appId": PULLER_CLIENT,
        "passwordCredentials": [
            {
                "keyId": f"dddddddd-0000-4000-8000-00000000000{number}",
                "hint": "exa",
                "startDateTime": start,
                "endDateTime": end,
            }
            for number, (start, end) in enumerate(spans, 1)
        ],
    }


def regeneration(time: str) -> Body:
    """Return the event of a password of the shop's admin user being made anew."""
    return {
        "eventTimestamp": time,
        "operationName": {
            "value": "Microsoft.ContainerRegistry/registries/regenerateCredential/action",
            "localizedValue": "Regenerate Container Registry Login Credentials",
        },
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "resourceId": SHOP,
    }


def registry_token(resource: str, scope_map: str, *, status: str = "enabled", ends: str | None = None) -> Body:
    """Return a token with one password, which *ends* at some time or never."""
    expiry = {"expiry": ends} if ends else {}
    password = {"name": "password1", "creationTime": "2026-09-14T08:00:00.0000000Z", **expiry}
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.ContainerRegistry/registries/tokens",
        "properties": {
            "creationDate": "2026-09-14T08:00:00.0000000Z",
            "provisioningState": "Succeeded",
            "scopeMapId": scope_map,
            "credentials": {"certificates": [], "passwords": [password]},
            "status": status,
        },
    }


def scope_map(resource: str, *actions: str) -> Body:
    """Return what the tokens of a registry may do that have this scope map."""
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.ContainerRegistry/registries/scopeMaps",
        "properties": {
            "type": "UserDefined",
            "creationDate": "2026-09-14T08:00:00.0000000Z",
            "provisioningState": "Succeeded",
            "actions": list(actions),
        },
    }


def role_definition(resource: str, name: str, *, actions: Sequence[str] = (), data_actions: Sequence[str] = ()) -> Body:
    """Return a built-in role that carries *actions* and *data_actions*."""
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name,
            "type": "BuiltInRole",
            "assignableScopes": ["/"],
            "permissions": [
                {
                    "actions": list(actions),
                    "notActions": [],
                    "dataActions": list(data_actions),
                    "notDataActions": [],
                }
            ],
        },
    }


def scale_sets() -> list[Body]:
    """Return the scale set of each of prod's pools, with the kubelet identity attached."""
    return [
        {
            "id": f"{NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}",
            "name": name,
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "location": "westeurope",
            "tags": {"aks-managed-poolName": pool},
            "identity": {
                "type": "UserAssigned",
                "userAssignedIdentities": {KUBELET: {"principalId": KUBELET_OBJECT, "clientId": KUBELET_CLIENT}},
            },
            "properties": {"provisioningState": "Succeeded", "virtualMachineProfile": machine_model(name, AKS_GROUP)},
        }
        for name, pool in (
            ("aks-system-10000001-vmss", "system"),
            ("aks-linux1-10000002-vmss", "linux1"),
            ("akswin1", "win1"),
        )
    ]


def legacy_scale_sets() -> list[Body]:
    """Return the scale set of legacy's pool, whose network interfaces have no security group."""
    name = "aks-nodes-20000001-vmss"
    return [
        {
            "id": f"{LEGACY_NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}",
            "name": name,
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "location": "westeurope",
            "tags": {"aks-managed-poolName": "nodes"},
            "properties": {"provisioningState": "Succeeded", "virtualMachineProfile": machine_model(name, None)},
        }
    ]


def machine_model(name: str, security_group: str | None) -> Body:
    """Return what the machines of the scale set *name* have in common, as far as it is about their network."""
    attached = {"networkSecurityGroup": {"id": security_group}} if security_group else {}
    addresses = [{"name": "ipconfig1", "properties": {"primary": True, "privateIPAddressVersion": "IPv4"}}]
    properties = {"primary": True, "enableIPForwarding": True, "ipConfigurations": addresses, **attached}
    interface = {"name": name, "properties": properties}
    return {"networkProfile": {"networkInterfaceConfigurations": [interface]}}


def security_rule(group: str, name: str, **properties: Any) -> Body:
    """Return a rule of the security group *group*: outbound and for everything, but for what *properties* say."""
    return {
        "id": f"{group}/securityRules/{name}",
        "name": name,
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "properties": {
            "provisioningState": "Succeeded",
            "protocol": "*",
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "*",
            "access": "Allow",
            "priority": 100,
            "direction": "Outbound",
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
            **properties,
        },
    }


def security_group(resource: str, *rules: Body) -> Body:
    """Return a network security group with *rules* and those that every group has."""
    everything = {"sourceAddressPrefix": "VirtualNetwork", "destinationAddressPrefix": "VirtualNetwork"}
    defaults = (
        ("AllowVnetInBound", {"priority": 65000, "direction": "Inbound", **everything}),
        (
            "AllowAzureLoadBalancerInBound",
            {"priority": 65001, "direction": "Inbound", "sourceAddressPrefix": "AzureLoadBalancer"},
        ),
        ("DenyAllInBound", {"priority": 65500, "direction": "Inbound", "access": "Deny"}),
        ("AllowVnetOutBound", {"priority": 65000, **everything}),
        ("AllowInternetOutBound", {"priority": 65001, "destinationAddressPrefix": "Internet"}),
        ("DenyAllOutBound", {"priority": 65500, "access": "Deny"}),
    )
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.Network/networkSecurityGroups",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "securityRules": list(rules),
            "defaultSecurityRules": [security_rule(resource, name, **properties) for name, properties in defaults],
        },
    }


def security() -> Bodies:
    """Return the security groups of prod's nodes, and that no network manager has rules for the networks."""
    return {
        NODES_GROUP: security_group(NODES_GROUP),
        AKS_GROUP: security_group(AKS_GROUP),
        ids.scale_sets_in(LEGACY_NODE_GROUP): legacy_scale_sets(),
        ids.admin_rules_of(VNET): [],
        ids.admin_rules_of(LEGACY_VNET): [],
    }


def subnet(network: str, name: str, prefix: str, **properties: Any) -> Body:
    """Return a subnet of *network*."""
    return {
        "id": f"{network}/subnets/{name}",
        "name": name,
        "properties": {"provisioningState": "Succeeded", "addressPrefix": prefix, **properties},
    }


def virtual_network(resource: str, prefix: str, *subnets: Body) -> Body:
    """Return a virtual network that asks Azure's own DNS."""
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.Network/virtualNetworks",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "addressSpace": {"addressPrefixes": [prefix]},
            "subnets": list(subnets),
            "virtualNetworkPeerings": [],
        },
    }


def public_address(resource: str, address: str) -> Body:
    """Return a public IP address."""
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.Network/publicIPAddresses",
        "properties": {
            "provisioningState": "Succeeded",
            "ipAddress": address,
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
        },
    }


def network() -> Bodies:
    """Return the nodes' networks and the addresses that they leave from."""
    return {
        VNET: virtual_network(
            VNET,
            "10.20.0.0/16",
            subnet(VNET, "nodes", "10.20.0.0/20", networkSecurityGroup={"id": NODES_GROUP}),
            subnet(VNET, "endpoints", "10.20.16.0/24", privateEndpointNetworkPolicies="Disabled"),
        ),
        LEGACY_VNET: virtual_network(
            LEGACY_VNET, "10.30.0.0/16", subnet(LEGACY_VNET, "nodes", "10.30.0.0/20", natGateway={"id": NAT_GATEWAY})
        ),
        NAT_GATEWAY: {
            "id": NAT_GATEWAY,
            "name": ids.name_of(NAT_GATEWAY),
            "type": "Microsoft.Network/natGateways",
            "sku": {"name": "Standard"},
            "properties": {"provisioningState": "Succeeded", "publicIpAddresses": [{"id": NAT_ADDRESS}]},
        },
        NAT_ADDRESS: public_address(NAT_ADDRESS, "198.51.100.20"),
        OUTBOUND[0]: public_address(OUTBOUND[0], "203.0.113.10"),
        OUTBOUND[1]: public_address(OUTBOUND[1], "203.0.113.11"),
    }


def zone_link(name: str, network: str) -> Body:
    """Return a link of the private zone to *network*."""
    return {
        "id": f"{ids.links_of(ZONE)}/{name}",
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


def zone_record(name: str, address: str) -> Bodies:
    """Return a record of the private zone."""
    resource = ids.a_record(ZONE, name)
    return {
        resource: {
            "id": resource,
            "name": name,
            "type": "Microsoft.Network/privateDnsZones/A",
            "properties": {"ttl": 10, "aRecords": [{"ipv4Address": address}]},
        }
    }


def private_path() -> Bodies:
    """Return the private endpoint of the shop's registry and the zone that names it."""
    connection = f"{SHOP}/privateEndpointConnections/shop-registry.1"
    configurations = (
        ("registry", "10.20.16.5", "shopimages.azurecr.io"),
        ("registry_data_westeurope", "10.20.16.4", ""),
    )
    return {
        ids.private_endpoint_connections_of(SHOP): [
            {
                "id": connection,
                "name": ids.name_of(connection),
                "type": "Microsoft.ContainerRegistry/registries/privateEndpointConnections",
                "properties": {
                    "privateEndpoint": {"id": ENDPOINT},
                    "privateLinkServiceConnectionState": {"status": "Approved", "actionsRequired": "None"},
                    "provisioningState": "Succeeded",
                },
            }
        ],
        ids.private_endpoint_connections_of(SHOPTOOLS): [],
        ids.private_endpoint_connections_of(SHOPTEAMS): [],
        ENDPOINT: {
            "id": ENDPOINT,
            "name": ids.name_of(ENDPOINT),
            "type": "Microsoft.Network/privateEndpoints",
            "location": "westeurope",
            "properties": {
                "provisioningState": "Succeeded",
                "subnet": {"id": f"{VNET}/subnets/endpoints"},
                "networkInterfaces": [{"id": ENDPOINT_NIC}],
                "customDnsConfigs": [],
                "privateLinkServiceConnections": [
                    {
                        "name": "shop-registry",
                        "properties": {
                            "privateLinkServiceId": SHOP,
                            "groupIds": ["registry"],
                            "privateLinkServiceConnectionState": {"status": "Approved", "actionsRequired": "None"},
                        },
                    }
                ],
            },
        },
        ENDPOINT_NIC: {
            "id": ENDPOINT_NIC,
            "name": ids.name_of(ENDPOINT_NIC),
            "type": "Microsoft.Network/networkInterfaces",
            "properties": {
                "provisioningState": "Succeeded",
                "ipConfigurations": [
                    {
                        "name": member,
                        "properties": {
                            "privateIPAddress": address,
                            "privateIPAllocationMethod": "Dynamic",
                            "privateLinkConnectionProperties": {
                                "groupId": "registry",
                                "requiredMemberName": member,
                                "fqdns": [name or "shopimages.westeurope.data.azurecr.io"],
                            },
                        },
                    }
                    for member, address, name in configurations
                ],
            },
        },
        ids.private_dns_zones_in(SUBSCRIPTION): [
            {
                "id": ZONE,
                "name": ids.name_of(ZONE),
                "type": "Microsoft.Network/privateDnsZones",
                "location": "global",
                "properties": {"provisioningState": "Succeeded", "numberOfRecordSets": 3},
            }
        ],
        ids.links_of(ZONE): [zone_link("shop-vnet", VNET)],
        ids.forwarding_rulesets_in(SUBSCRIPTION): [],
        **zone_record("shopimages", "10.20.16.5"),
        **zone_record("shopimages.westeurope.data", "10.20.16.4"),
    }


def healthy() -> Bodies:
    """Return every document of the healthy shop, by id."""
    return {
        PROD: cluster_prod(),
        LEGACY: cluster_legacy(),
        ids.registries_in(SUBSCRIPTION): registries(),
        **{one["id"]: one for one in registries()},
        ids.scale_sets_in(NODE_GROUP): scale_sets(),
        **authorization(),
        **pull_secrets(),
        **network(),
        **security(),
        **private_path(),
        SIZES: sizes(),
        **contents(),
    }
