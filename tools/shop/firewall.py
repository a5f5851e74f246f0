"""An Azure Firewall in a hub, with its policy, the parent of that, and an IP group, in Azure's shapes."""

from __future__ import annotations

from typing import Any, Final

from pullready.facts import ids
from tools.shop.environment import SUBSCRIPTION, Bodies, Body

HUB_GROUP: Final = ids.group(SUBSCRIPTION, "hub")
_HUB_NETWORK: Final = f"{HUB_GROUP}/providers/Microsoft.Network"
HUB_VNET: Final = f"{_HUB_NETWORK}/virtualNetworks/hub-vnet"
FIREWALL: Final = f"{_HUB_NETWORK}/azureFirewalls/hub-firewall"
FIREWALL_IP: Final = f"{_HUB_NETWORK}/publicIPAddresses/hub-firewall-ip"
POLICY: Final = f"{_HUB_NETWORK}/firewallPolicies/hub-policy"
BASE_POLICY: Final = f"{_HUB_NETWORK}/firewallPolicies/base-policy"
NODES_GROUP: Final = f"{_HUB_NETWORK}/ipGroups/stage-nodes"
FIREWALL_ADDRESS: Final = "10.50.1.4"


def rule_collection_group(policy: str, name: str, priority: int, *collections: Body) -> Body:
    """Return a group of *collections* of a firewall *policy*."""
    return {
        "id": f"{ids.rule_collection_groups_of(policy)}/{name}",
        "name": name,
        "type": "Microsoft.Network/FirewallPolicies/RuleCollectionGroups",
        "properties": {
            "provisioningState": "Succeeded",
            "priority": priority,
            "ruleCollections": [*collections],
        },
    }


def rule_collection(name: str, priority: int, *rules: Body, action: str = "Allow") -> Body:
    """Return a collection of network and application *rules* with one action."""
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": action},
        "rules": [*rules],
    }


def network_rule(name: str, *destinations: str, **properties: Any) -> Body:
    """Return a network rule for TCP 443 from the stage nodes to *destinations*, with other *properties*."""
    return {
        "ruleType": "NetworkRule",
        "name": name,
        "ipProtocols": ["TCP"],
        "sourceAddresses": [],
        "sourceIpGroups": [NODES_GROUP],
        "destinationAddresses": [*destinations],
        "destinationIpGroups": [],
        "destinationFqdns": [],
        "destinationPorts": ["443"],
        **properties,
    }


def application_rule(name: str, *hosts: str, **properties: Any) -> Body:
    """Return an application rule for HTTPS from the stage nodes to *hosts*, with other *properties*."""
    return {
        "ruleType": "ApplicationRule",
        "name": name,
        "protocols": [{"protocolType": "Https", "port": 443}],
        "fqdnTags": [],
        "webCategories": [],
        "targetFqdns": [*hosts],
        "targetUrls": [],
        "terminateTLS": False,
        "sourceAddresses": [],
        "destinationAddresses": [],
        "sourceIpGroups": [NODES_GROUP],
        **properties,
    }


def firewall_policy(resource: str, **properties: Any) -> Body:
    """Return a firewall policy that asks Azure's own DNS."""
    return {
        "id": resource,
        "name": ids.name_of(resource),
        "type": "Microsoft.Network/FirewallPolicies",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "sku": {"tier": "Standard"},
            "threatIntelMode": "Alert",
            **properties,
        },
    }


def policies(*registries: Body) -> Bodies:
    """Return the firewall's policy and its parent: the platform team's rules first, those for AKS after them.

    *registries* are the rules that let the nodes reach the registries.
    """
    groups = {
        BASE_POLICY: [
            rule_collection_group(
                BASE_POLICY,
                "platform",
                500,
                rule_collection(
                    "time",
                    200,
                    network_rule("ntp", "*", ipProtocols=["UDP"], destinationPorts=["123"]),
                ),
                rule_collection("never", 300, application_rule("file-sharing", "*.example.net"), action="Deny"),
            )
        ],
        POLICY: [
            rule_collection_group(
                POLICY,
                "aks",
                300,
                rule_collection(
                    "aks-needs",
                    200,
                    application_rule("aks", fqdnTags=["AzureKubernetesService"]),
                ),
                rule_collection("registries", 300, *registries),
            )
        ],
    }
    return {
        BASE_POLICY: firewall_policy(BASE_POLICY, childPolicies=[{"id": POLICY}]),
        POLICY: firewall_policy(POLICY, basePolicy={"id": BASE_POLICY}, firewalls=[{"id": FIREWALL}]),
        **{ids.rule_collection_groups_of(policy): listed for policy, listed in groups.items()},
        NODES_GROUP: {
            "id": NODES_GROUP,
            "name": ids.name_of(NODES_GROUP),
            "type": "Microsoft.Network/ipGroups",
            "location": "westeurope",
            "properties": {"provisioningState": "Succeeded", "ipAddresses": ["10.60.0.0/20"]},
        },
    }


def firewall() -> Body:
    """Return the hub's Azure Firewall."""
    return {
        "id": FIREWALL,
        "name": ids.name_of(FIREWALL),
        "type": "Microsoft.Network/azureFirewalls",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "sku": {"name": "AZFW_VNet", "tier": "Standard"},
            "threatIntelMode": "Alert",
            "additionalProperties": {},
            "ipConfigurations": [
                {
                    "name": "hub-firewall",
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateIPAddress": FIREWALL_ADDRESS,
                        "privateIPAllocationMethod": "Dynamic",
                        "publicIPAddress": {"id": FIREWALL_IP},
                        "subnet": {"id": f"{HUB_VNET}/subnets/AzureFirewallSubnet"},
                    },
                }
            ],
            "networkRuleCollections": [],
            "applicationRuleCollections": [],
            "natRuleCollections": [],
            "firewallPolicy": {"id": POLICY},
        },
    }
