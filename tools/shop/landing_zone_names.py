"""What answers names in the landing zone, and the private endpoints that they lead to, in Azure's shapes."""

from __future__ import annotations

from typing import Any, Final

from pullready.facts import ids
from tools.shop.environment import SUBSCRIPTION, Bodies, Body
from tools.shop.landing_zone_network import (
    CONNECTIVITY,
    GROUP,
    HUB_VNET,
    PLATFORM,
    RESOLVER,
    RESOLVER_ADDRESS,
    RULESET,
    SHARED_VNET,
)

ZONE: Final = f"{PLATFORM}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
_REGISTRIES: Final = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries"
IMAGES: Final = f"{_REGISTRIES}/retailimages"
TEAMS: Final = f"{_REGISTRIES}/retailteams"
TOOLS: Final = f"{_REGISTRIES}/retailtools"
#: Who is behind each private endpoint: its subnet, and the addresses of its members with their hosts.
ENDPOINTS: Final[dict[str, tuple[str, dict[str, tuple[str, str]]]]] = {
    IMAGES: (
        f"{SHARED_VNET}/subnets/endpoints",
        {
            "registry": ("10.72.0.6", "retailimages.azurecr.io"),
            "registry_data_westeurope": ("10.72.0.4", "retailimages.westeurope.data.azurecr.io"),
            "registry_data_northeurope": ("10.72.0.5", "retailimages.northeurope.data.azurecr.io"),
        },
    ),
    TEAMS: (
        f"{HUB_VNET}/subnets/endpoints",
        {
            "registry": ("10.70.3.5", "retailteams.azurecr.io"),
            "registry_data_westeurope": ("10.70.3.4", "retailteams.westeurope.data.azurecr.io"),
        },
    ),
}


def hosts_of(registry: str) -> tuple[str, ...]:
    """Return the hosts that the private endpoint of *registry* answers for."""
    return tuple(host for _, host in ENDPOINTS[registry][1].values())


def private_endpoint(registry: str, placed: str, members: dict[str, tuple[str, str]]) -> Bodies:
    """Return the approved private endpoint of *registry* in the subnet *placed*, with its network interface."""
    name = ids.name_of(registry)
    endpoint = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/{name}"
    interface = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/{name}.nic"
    connection = f"{ids.private_endpoint_connections_of(registry)}/{name}.1"
    return {
        ids.private_endpoint_connections_of(registry): [
            {
                "id": connection,
                "name": ids.name_of(connection),
                "type": "Microsoft.ContainerRegistry/registries/privateEndpointConnections",
                "properties": {
                    "privateEndpoint": {"id": endpoint},
                    "privateLinkServiceConnectionState": {"status": "Approved", "actionsRequired": "None"},
                    "provisioningState": "Succeeded",
                },
            }
        ],
        endpoint: {
            "id": endpoint,
            "name": name,
            "type": "Microsoft.Network/privateEndpoints",
            "location": "westeurope",
            "properties": {
                "provisioningState": "Succeeded",
                "subnet": {"id": placed},
                "networkInterfaces": [{"id": interface}],
                "customDnsConfigs": [],
            },
        },
        interface: {
            "id": interface,
            "name": ids.name_of(interface),
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
                                "fqdns": [host],
                            },
                        },
                    }
                    for member, (address, host) in members.items()
                ],
            },
        },
    }


def private_endpoints() -> Bodies:
    """Return the private endpoints, with the records that lead to them; the third registry has none."""
    found: Bodies = {ids.private_endpoint_connections_of(TOOLS): []}
    for registry, (placed, members) in ENDPOINTS.items():
        found |= private_endpoint(registry, placed, members)
        found |= dict(record(address, host) for address, host in members.values())
    return found


def record(address: str, host: str) -> tuple[str, Body]:
    """Return the record of *host* in the central zone, with its id."""
    id_ = ids.a_record(ZONE, host.removesuffix(".azurecr.io"))
    properties = {"ttl": 10, "aRecords": [{"ipv4Address": address}]}
    return id_, {
        "id": id_,
        "name": ids.name_of(id_),
        "type": "Microsoft.Network/privateDnsZones/A",
        "properties": properties,
    }


def central_dns() -> Bodies:
    """Return the zone, linked to the hub alone, the resolver in the hub, and its rules for the head office."""
    zone = {
        "id": ZONE,
        "name": ids.name_of(ZONE),
        "type": "Microsoft.Network/privateDnsZones",
        "location": "global",
        "properties": {"provisioningState": "Succeeded", "numberOfRecordSets": 6},
    }
    return {
        ids.private_dns_zones_in(CONNECTIVITY): [zone],
        ids.private_dns_zones_in(SUBSCRIPTION): [],
        ids.links_of(ZONE): [
            hub_link(ZONE, registrationEnabled=False, virtualNetworkLinkState="Completed"),
        ],
        **resolver(),
        ids.forwarding_rulesets_in(SUBSCRIPTION): [],
        ids.forwarding_rulesets_in(CONNECTIVITY): [
            {
                "id": RULESET,
                "name": ids.name_of(RULESET),
                "type": "Microsoft.Network/dnsForwardingRulesets",
                "properties": {
                    "provisioningState": "Succeeded",
                    "dnsResolverOutboundEndpoints": [{"id": f"{RESOLVER}/outboundEndpoints/out"}],
                },
            }
        ],
        ids.links_of(RULESET): [hub_link(RULESET)],
        ids.forwarding_rules_of(RULESET): [
            {
                "id": f"{ids.forwarding_rules_of(RULESET)}/head-office",
                "name": "head-office",
                "type": "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
                "properties": {
                    "provisioningState": "Succeeded",
                    "domainName": "office.shop.example.",
                    "forwardingRuleState": "Enabled",
                    "targetDnsServers": [{"ipAddress": "192.168.10.53", "port": 53}],
                },
            }
        ],
    }


def hub_link(resource: str, **properties: Any) -> Body:
    """Return the link of a zone or a ruleset to the hub, with other *properties*."""
    place = f"{ids.links_of(resource)}/hub"
    return {
        "id": place,
        "name": ids.name_of(place),
        "type": f"Microsoft.Network/{ids.name_of(resource.rpartition('/')[0])}/virtualNetworkLinks",
        "properties": {"provisioningState": "Succeeded", "virtualNetwork": {"id": HUB_VNET}, **properties},
    }


def resolver() -> Bodies:
    """Return the DNS private resolver in the hub, which the batch jobs ask."""
    inbound = f"{ids.inbound_endpoints_of(RESOLVER)}/in"
    return {
        ids.dns_resolvers_in(SUBSCRIPTION): [],
        ids.dns_resolvers_in(CONNECTIVITY): [
            {
                "id": RESOLVER,
                "name": ids.name_of(RESOLVER),
                "type": "Microsoft.Network/dnsResolvers",
                "properties": {
                    "provisioningState": "Succeeded",
                    "dnsResolverState": "Connected",
                    "virtualNetwork": {"id": HUB_VNET},
                },
            }
        ],
        ids.inbound_endpoints_of(RESOLVER): [
            {
                "id": inbound,
                "name": ids.name_of(inbound),
                "type": "Microsoft.Network/dnsResolvers/inboundEndpoints",
                "properties": {
                    "provisioningState": "Succeeded",
                    "ipConfigurations": [
                        {
                            "privateIpAddress": RESOLVER_ADDRESS,
                            "privateIpAllocationMethod": "Static",
                            "subnet": {"id": f"{HUB_VNET}/subnets/resolver"},
                        }
                    ],
                },
            }
        ],
    }
