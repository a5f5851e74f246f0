"""What the network predicates say, word for word: a person acts on these sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pullready.facts import Facts, PullPath
from pullready.predicates.firewall import egress_denied_by_registry
from pullready.predicates.private_dns import private_zone_unlinked
from pullready.predicates.private_path import closed_without_private_path
from pullready.spec import judge, recorded
from pullready.verdict import Found, Judgement, NotApplicable, Unknown
from tests.environment import case_scope, expand

SHOP = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: shopimages.azurecr.io/web:1}]}
"""
OPEN = {"document": "shop", "pointer": "/properties/publicNetworkAccess", "value": "Enabled"}
NO_RULES = {"document": "shoptools", "pointer": "/properties/networkRuleSet/ipRules", "value": []}
NO_NODES = {"document": "legacy", "pointer": "/properties/agentPoolProfiles/0/count", "value": 0}
UPDATING = {"document": "shoptools", "pointer": "/properties/provisioningState", "value": "Updating"}
SERVED = {"document": "zone-links", "pointer": "/value/0/properties/virtualNetwork/id", "value": "{legacy-vnet}"}
NO_GROUPS = {"document": "zone-groups", "body": {"value": []}}
NO_RECORD = {"document": "zone-record", "status": "not-found"}
NO_LAYERS = {"document": "zone-data-record", "status": "not-found"}
NO_ENDPOINT = {"document": "shop-connections", "body": {"value": []}}
HUB = "{group}/providers/Microsoft.Network/virtualNetworks/hub"
IN_HUB = [
    {"document": "legacy-vnet", "pointer": "/properties/dhcpOptions", "value": {"dnsServers": ["10.40.0.4"]}},
    {
        "document": "legacy-vnet",
        "pointer": "/properties/virtualNetworkPeerings",
        "value": [{"properties": {"remoteVirtualNetwork": {"id": HUB}, "peeringState": "Connected"}}],
    },
    {"document": HUB, "body": {"id": HUB, "properties": {"addressSpace": {"addressPrefixes": ["10.40.0.0/24"]}}}},
]
V6 = [
    {"document": "shoptools", "pointer": "/properties/endpointProtocol", "value": "IPv4AndIPv6"},
    {"document": "nat-address", "pointer": "/properties/ipAddress", "value": "2001:db8::20"},
]
ODD = {"document": "shoptools", "pointer": "/properties/networkRuleSet/ipRules", "value": [{"value": "198.51.100"}]}
LED = "an approved private endpoint, to which the nodes' DNS leads for the login server and for the layers"
EXPECTED = "privatelink.azurecr.io has the registry's record and is linked to the network whose DNS the nodes use"


def said(judgement: Judgement) -> tuple[str, ...]:
    match judgement:
        case Found():
            return ("found", judgement.observed, judgement.expected, judgement.remedy)
        case Unknown():
            return ("unknown", judgement.reason, judgement.remedy)
        case NotApplicable():
            return ("not-applicable", judgement.reason)
        case _:
            return ("clear",)


@pytest.mark.parametrize(
    ("predicate", "images", "patch", "sentences"),
    [
        (egress_denied_by_registry, None, [NO_NODES], ("not-applicable", "the pool is stopped or scaled to zero")),
        (private_zone_unlinked, None, [NO_NODES], ("not-applicable", "the pool is stopped or scaled to zero")),
        (private_zone_unlinked, None, [], ("not-applicable", "the registry has no approved private endpoint")),
        (
            egress_denied_by_registry,
            None,
            [NO_RULES],
            (
                "found",
                "198.51.100.20 matches none of 0 IP rules",
                "every egress address is admitted",
                "az acr network-rule add --name shoptools --ip-address 198.51.100.20",
            ),
        ),
        (
            egress_denied_by_registry,
            None,
            [NO_RULES, UPDATING],
            (
                "unknown",
                "198.51.100.20 is not admitted, and Azure is changing the cluster or the registry right now",
                "Run again in a few minutes",
            ),
        ),
        (
            egress_denied_by_registry,
            None,
            [ODD],
            (
                "unknown",
                "no rule that can be understood admits 198.51.100.20/32, and what this one admits is not clear",
                "Replace the rule by one with the action Allow and an IPv4 address or a range in CIDR notation",
            ),
        ),
        (
            egress_denied_by_registry,
            None,
            V6,
            (
                "unknown",
                "the registry answers over IPv6 too, IP rules are for IPv4 alone, and nodes may come from 2001:db8::20",
                "Set the registry's endpoint protocol to IPv4",
            ),
        ),
        (
            egress_denied_by_registry,
            SHOP,
            [],
            (
                "not-applicable",
                (
                    "public access is disabled, which overrides every rule; "
                    "registry-public-access-disabled-without-private-path judges that"
                ),
            ),
        ),
        (
            closed_without_private_path,
            SHOP,
            [NO_ENDPOINT],
            (
                "found",
                "public access is disabled, and the registry has no approved private endpoint",
                LED,
                (
                    "az network private-endpoint create --subscription 11111111-1111-4111-8111-111111111111 "
                    "--resource-group shop --subnet {legacy-vnet}/subnets/nodes --name shopimages --connection-name "
                    "shopimages --group-ids registry --private-connection-resource-id {shop}, with a zone group for "
                    "privatelink.azurecr.io; or az acr update --name shopimages --public-network-enabled true "
                    "--default-action Deny, and az acr network-rule add --name shopimages --ip-address for each "
                    "address that the nodes leave from"
                ),
            ),
        ),
        (
            closed_without_private_path,
            SHOP,
            [SERVED, NO_LAYERS],
            (
                "found",
                (
                    "public access is disabled, and shopimages.westeurope.data.azurecr.io, where the layers come from, "
                    "leads nowhere: the zone privatelink.azurecr.io of group shop answers and has no record of it "
                    "(NXDOMAIN); the login server leads to the private endpoint, so pulls begin and then fail"
                ),
                LED,
                (
                    "az network private-endpoint dns-zone-group create --subscription "
                    "11111111-1111-4111-8111-111111111111 -g shop --endpoint-name shop-registry --name default "
                    "--private-dns-zone {zone} --zone-name registry; or by hand: az network private-dns record-set a "
                    "add-record --subscription 11111111-1111-4111-8111-111111111111 -g shop -z privatelink.azurecr.io "
                    "-n shopimages.westeurope.data -a 10.20.16.4"
                ),
            ),
        ),
        (closed_without_private_path, None, [], ("not-applicable", "the registry is not closed to the public")),
        (closed_without_private_path, None, [NO_NODES], ("not-applicable", "the pool is stopped or scaled to zero")),
        (
            egress_denied_by_registry,
            SHOP,
            [OPEN, SERVED],
            ("not-applicable", "IP rules do not apply to private endpoints"),
        ),
        (
            egress_denied_by_registry,
            SHOP,
            [OPEN, SERVED, NO_RECORD],
            ("not-applicable", "the nodes get no address for the registry's name"),
        ),
        (
            private_zone_unlinked,
            SHOP,
            [NO_GROUPS],
            (
                "found",
                (
                    "shopimages.azurecr.io leads to its public address: the zone that has the registry's record is not "
                    "linked to the network (the zone privatelink.azurecr.io of group shop, legacy-vnet)"
                ),
                EXPECTED,
                (
                    "az network private-dns link vnet create --subscription 11111111-1111-4111-8111-111111111111 -g "
                    "shop -z privatelink.azurecr.io -n legacy-vnet -v {legacy-vnet} -e false"
                ),
            ),
        ),
        (
            private_zone_unlinked,
            SHOP,
            [SERVED, NO_RECORD],
            (
                "found",
                (
                    "the zone privatelink.azurecr.io of group shop answers legacy-vnet and has no record of the "
                    "registry: NXDOMAIN"
                ),
                EXPECTED,
                (
                    "az network private-endpoint dns-zone-group create --subscription "
                    "11111111-1111-4111-8111-111111111111 -g shop --endpoint-name shop-registry --name default "
                    "--private-dns-zone {zone} --zone-name registry"
                ),
            ),
        ),
        (
            private_zone_unlinked,
            SHOP,
            [NO_GROUPS, *IN_HUB],
            (
                "unknown",
                (
                    "the nodes ask DNS servers in hub, where no zone leads to the private endpoint; "
                    "the servers may still know its address by themselves"
                ),
                "Ask them from a node for shopimages.azurecr.io; link the zone to hub if the answer is public",
            ),
        ),
    ],
)
def test_sentences(
    predicate: Callable[[PullPath], Iterator[Judgement]],
    images: str | None,
    patch: list[dict[str, Any]],
    sentences: tuple[str, ...],
    tmp_path: Path,
) -> None:
    manifests = {"manifests": images} if images else {}
    facts = Facts(case_scope({"target": "legacy", "patch": patch, **manifests}, tmp_path))
    (judgement,) = recorded(lambda: judge(facts("pull_paths"), predicate))
    assert said(judgement) == tuple(expand(sentence) for sentence in sentences)
    assert all(one.document for one in judgement.evidence)


def test_what_was_read_is_shown(tmp_path: Path) -> None:
    def evidence(*patch: dict[str, Any]) -> list[tuple[str, ...]]:
        facts = Facts(case_scope({"target": "legacy", "manifests": SHOP, "patch": patch}, tmp_path))
        (judgement,) = recorded(lambda: judge(facts("pull_paths"), private_zone_unlinked))
        return [(one.pointer, one.value, one.says) for one in judgement.evidence]

    linked = ("/value/0/properties/virtualNetworkLinkState", "Completed", "the zone's link to legacy-vnet")
    assert evidence(SERVED, NO_RECORD) == [linked, ("", "", "the zone has no such record")]
    assert evidence(NO_GROUPS) == [
        ("/value", "shop-vnet", "the networks that the zone is linked to"),
        ("/properties/aRecords", '[{"ipv4Address":"10.20.16.5"}]', "what the zone answers"),
        ("/properties/dhcpOptions/dnsServers", "", "Azure's own DNS answers in legacy-vnet"),
    ]


def test_an_undecided_address_is_unknown_with_the_rule_as_evidence(tmp_path: Path) -> None:
    facts = Facts(case_scope({"target": "legacy", "patch": [ODD]}, tmp_path))
    (judgement,) = recorded(lambda: judge(facts("pull_paths"), egress_denied_by_registry))
    address, rule = judgement.evidence
    assert address.value == "198.51.100.20"
    assert (rule.pointer, rule.value) == ("/properties/networkRuleSet/ipRules/0", "")
    assert rule.says.startswith("no rule that can be understood")
