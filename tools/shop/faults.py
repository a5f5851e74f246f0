"""The faults that the embedded examples show, each in a copy of the healthy shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullready.facts import ids
from tools.shop.contents import STOCK, contents
from tools.shop.environment import (
    AKS_GROUP,
    ENDPOINT,
    ENDPOINT_NIC,
    GROUP,
    KUBELET_OBJECT,
    LEGACY,
    LEGACY_CLIENT,
    LEGACY_NODE_GROUP,
    LEGACY_OBJECT,
    LEGACY_VNET,
    NAT_ADDRESS,
    NAT_GATEWAY,
    NODE_GROUP,
    NODES_GROUP,
    OUTBOUND,
    PROD,
    PULLER_CLIENT,
    PULLER_OBJECT,
    PULLERS_GROUP,
    REPOSITORY_READER,
    SHOP,
    SHOPTEAMS,
    SHOPTOOLS,
    SUBSCRIPTION,
    VNET,
    ZONE,
    Bodies,
    Body,
    assignment,
    cluster_prod,
    puller_application,
    regeneration,
    registries,
    registry,
    scale_sets,
    security_group,
    security_rule,
    zone_link,
)
from tools.shop.fault import Fault
from tools.shop.firewall_faults import firewall_faults
from tools.shop.secret_faults import secret_faults
from tools.shop.way_faults import way_faults

#: The documents that only one of the two clusters needs.
OWNED: Final[dict[str, tuple[str, ...]]] = {
    PROD: (
        PROD,
        SHOP,
        SHOPTEAMS,
        VNET,
        *OUTBOUND,
        ENDPOINT,
        ENDPOINT_NIC,
        ids.scale_sets_in(NODE_GROUP),
        REPOSITORY_READER,
        ids.events_of(SHOP),
        ids.role_assignments_at(SHOP),
        ids.role_assignments_at(SHOPTEAMS),
        ids.deny_assignments_at(SHOP),
        ids.deny_assignments_at(SHOPTEAMS),
        ids.private_endpoint_connections_of(SHOPTEAMS),
        ids.private_endpoint_connections_of(SHOP),
        ids.private_dns_zones_in(SUBSCRIPTION),
        ids.links_of(ZONE),
        ids.forwarding_rulesets_in(SUBSCRIPTION),
        ids.a_record(ZONE, "shopimages"),
        ids.a_record(ZONE, "shopimages.westeurope.data"),
        *(id_ for id_ in contents() if id_ not in STOCK),
        NODES_GROUP,
        AKS_GROUP,
        ids.admin_rules_of(VNET),
    ),
    LEGACY: (
        LEGACY,
        LEGACY_VNET,
        NAT_GATEWAY,
        NAT_ADDRESS,
        ids.admin_rules_of(LEGACY_VNET),
        ids.scale_sets_in(LEGACY_NODE_GROUP),
        ids.groups_of(LEGACY_OBJECT),
        ids.service_principal(LEGACY_CLIENT),
        ids.application(LEGACY_CLIENT),
        *STOCK,
        ids.service_principal(PULLER_CLIENT),
        ids.application(PULLER_CLIENT),
    ),
}


def faults() -> Iterator[Fault]:
    """Yield one fault for each check."""
    scheme = "failed to pull and unpack image"
    yield Fault(
        "kubelet-pull-role-missing",
        "The kubelet identity may not pull from the registry",
        "The registry was made anew, and nobody attached the cluster to it.",
        f'{scheme} "shopimages.azurecr.io/web:1.4.2": failed to authorize: failed to fetch anonymous token: unexpected status from\n'
        "GET request to https://shopimages.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=shopimages.azurecr.io: 401 Unauthorized",
        f"az role assignment create --assignee-object-id {KUBELET_OBJECT} \\\n"
        "  --assignee-principal-type ServicePrincipal --role 7f951dda-4ed3-4680-a7ca-43fe172d538d \\\n"
        f"  --scope {SHOP}",
        bodies={
            ids.role_assignments_at(SHOP): [
                assignment(GROUP, "aaaaaaaa-0000-4000-8000-000000000001", PULLERS_GROUP, "Group"),
            ],
            ids.groups_of(KUBELET_OBJECT): [],
        },
    )
    gone = "cccccccc-3333-4333-8333-333333333333"
    left_over = assignment(SHOP, "aaaaaaaa-0000-4000-8000-000000000002", gone)
    yield Fault(
        "pull-role-on-stale-principal",
        "The role is still assigned to the identity of the cluster before",
        "The cluster was made anew. The role assignment on the registry still names the identity of the old one, which is\n"
        "gone.",
        f'{scheme} "shopimages.azurecr.io/web:1.4.2": failed to authorize: failed to fetch anonymous token: unexpected status from\n'
        "GET request to https://shopimages.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=shopimages.azurecr.io: 401 Unauthorized",
        f"az aks update --name prod --resource-group shop --attach-acr {SHOP}\n"
        f"az role assignment delete --ids {left_over['id']}",
        bodies={
            ids.role_assignments_at(SHOP): [
                left_over,
                assignment(GROUP, "aaaaaaaa-0000-4000-8000-000000000001", PULLERS_GROUP, "Group"),
            ],
            ids.groups_of(KUBELET_OBJECT): [],
            ids.directory_objects([KUBELET_OBJECT, gone]): [
                {"@odata.type": "#microsoft.graph.servicePrincipal", "id": KUBELET_OBJECT}
            ],
        },
    )
    yield Fault(
        "abac-registry-acrpull-not-honoured",
        "The registry grants by repository, and the kubelet identity has AcrPull alone",
        "The registry was switched to granting by repository. The role assignment on it is still AcrPull, which lets nobody\n"
        "pull in that mode, and attaching the registry to the cluster once more would not help.",
        f'{scheme} "shopimages.azurecr.io/web:1.4.2": failed to authorize: failed to fetch anonymous token: unexpected status from\n'
        "GET request to https://shopimages.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=shopimages.azurecr.io: 401 Unauthorized",
        f"az role assignment create --assignee-object-id {KUBELET_OBJECT} \\\n"
        "  --assignee-principal-type ServicePrincipal --role b93aa761-3e63-49ed-ac28-beffa264f7ac \\\n"
        f"  --scope {SHOP}",
        bodies=_one_registry(
            registry(
                SHOP,
                publicNetworkAccess="Disabled",
                networkRuleSet={"defaultAction": "Deny", "ipRules": []},
                roleAssignmentMode="AbacRepositoryPermissions",
                adminUserEnabled=True,
            )
        ),
    )
    yield Fault(
        "cluster-sp-secret-expired",
        "The secret of the cluster's service principal has expired",
        "The cluster has a service principal from before managed identities. Its only secret ended two weeks ago, and pods\n"
        "that were not rescheduled since then still run.",
        f'{scheme} "shoptools.azurecr.io/stock:3.2.1": failed to authorize: failed to fetch oauth token: unexpected status:\n'
        "401 Unauthorized",
        f"az ad app credential reset --id {LEGACY_CLIENT} --append\n"
        "az aks update-credentials --name legacy --resource-group shop --reset-service-principal \\\n"
        f'  --service-principal {LEGACY_CLIENT} --client-secret "$SECRET"',
        cluster=LEGACY,
        bodies={
            ids.application(LEGACY_CLIENT): [
                {
                    "id": "99999999-9999-4999-8999-999999999999",
                    "appId": LEGACY_CLIENT,
                    "passwordCredentials": [
                        {
                            "keyId": "bbbbbbbb-0000-4000-8000-000000000001",
                            "startDateTime": "2025-10-19T00:00:00Z",
                            "endDateTime": "2026-10-19T00:00:00Z",
                        }
                    ],
                }
            ]
        },
    )
    yield Fault(
        "kubelet-identity-not-on-vmss",
        "The kubelet identity fell off a scale set",
        "Somebody attached an identity of their own to the Windows nodes' scale set, and replaced the list instead of adding\n"
        "to it.",
        f'{scheme} "shopimages.azurecr.io/billing:7.0.3": failed to authorize: failed to fetch anonymous token: unexpected status:\n'
        "401 Unauthorized",
        "az aks update --name prod --resource-group shop",
        bodies={ids.scale_sets_in(NODE_GROUP): [*scale_sets()[:2], _without_kubelet(scale_sets()[2])]},
    )
    yield Fault(
        "pull-secret-sp-invalid-or-expired",
        "The secret of the service principal in a pull secret has expired",
        "The cluster's own principal has no role on the registry: its pods use the pull secret of their service account. The\n"
        "secret of the service principal in it ended two weeks ago.",
        f'{scheme} "shoptools.azurecr.io/stock:3.2.1": failed to authorize: failed to fetch oauth token: unexpected status:\n'
        "401 Unauthorized",
        f"az ad sp credential reset --id {PULLER_CLIENT} --append\n"
        "kubectl create secret docker-registry shoptools-puller --namespace shop --docker-server shoptools.azurecr.io \\\n"
        f'  --docker-username {PULLER_CLIENT} --docker-password "$SECRET" \\\n'
        "  --dry-run=client --output yaml | kubectl apply --filename -",
        cluster=LEGACY,
        bodies={
            ids.application(PULLER_CLIENT): [puller_application(("2025-10-19T00:00:00Z", "2026-10-19T00:00:00Z"))],
            ids.role_assignments_at(SHOPTOOLS): [
                assignment(SHOPTOOLS, "aaaaaaaa-0000-4000-8000-000000000003", KUBELET_OBJECT),
                assignment(SHOPTOOLS, "aaaaaaaa-0000-4000-8000-000000000005", PULLER_OBJECT),
            ],
        },
    )
    yield Fault(
        "pull-secret-admin-password-stale",
        "The admin user got another password, and the pull secret did not",
        "A password of the registry's admin user was made anew in October. The pull secret is from September, and the pods\n"
        "start only because the kubelet identity may pull, too.",
        f'{scheme} "shopimages.azurecr.io/jobs/report": failed to authorize: failed to fetch oauth token: unexpected status:\n'
        "401 Unauthorized",
        "az acr credential show --name shopimages\n"
        "kubectl create secret docker-registry shopimages-admin --namespace shop --docker-server shopimages.azurecr.io \\\n"
        '  --docker-username shopimages --docker-password "$PASSWORD" \\\n'
        "  --dry-run=client --output yaml | kubectl apply --filename -",
        without="Without pullready, nobody hears of it before that role is gone, and the events of the pods",
        bodies={
            ids.events_of(SHOP): [
                regeneration("2026-10-12T09:15:00.1234567Z"),
                regeneration("2026-09-14T08:30:00.1234567Z"),
            ]
        },
        is_risk=True,
    )
    unlocked = cluster_prod()
    unlocked["properties"]["nodeResourceGroupProfile"] = {"restrictionLevel": "Unrestricted"}
    yield Fault(
        "node-resource-group-unlocked",
        "Anybody may change what AKS made for the nodes",
        "Every pull works. The resource group of the nodes is open, and the next one who tidies it up may take the kubelet\n"
        "identity off a scale set.",
        f'{scheme} "shopimages.azurecr.io/web:1.4.2": failed to authorize: failed to fetch anonymous token: unexpected status:\n'
        "401 Unauthorized",
        "az aks update --name prod --resource-group shop --nrg-lockdown-restriction-level ReadOnly",
        without="Without pullready, nobody hears of it before a pod stays in `ImagePullBackOff` one day and its events",
        bodies={PROD: unlocked},
    )
    yield Fault(
        "registry-firewall-excludes-cluster-egress",
        "The registry's firewall does not know one of the cluster's addresses",
        "The load balancer was given a second outbound address, and the registry's rules were not. Every other pull works.",
        f"{scheme} \"shoptools.azurecr.io/db-migrate:2.1.0\": denied: client with IP '203.0.113.11' is not allowed access. Refer\n"
        "https://aka.ms/acr/firewall to grant access.",
        "az acr network-rule add --name shoptools --ip-address 203.0.113.11",
        bodies=_one_registry(
            registry(
                SHOPTOOLS,
                publicNetworkAccess="Enabled",
                networkRuleSet={
                    "defaultAction": "Deny",
                    "ipRules": [
                        {"action": "Allow", "value": "203.0.113.10"},
                        {"action": "Allow", "value": "198.51.100.20/32"},
                    ],
                },
            )
        ),
    )
    yield Fault(
        "nsg-blocks-registry-egress",
        "A network security group denies the way to the private endpoint",
        "Outbound traffic was closed by a rule for everything, and what the nodes need was allowed before it: the Internet,\n"
        "but not the network that the registry's private endpoint is in.",
        f'{scheme} "shopimages.azurecr.io/web:1.4.2": failed to do request: Head\n'
        '"https://shopimages.azurecr.io/v2/web/manifests/1.4.2": dial tcp 10.20.16.5:443: i/o timeout',
        "az network nsg rule create --resource-group shop --nsg-name shop-nodes --name allow-registry --priority 3999 \\\n"
        "  --direction Outbound --access Allow --protocol Tcp --source-address-prefixes 10.20.0.0/20 \\\n"
        "  --destination-address-prefixes 10.20.16.4 10.20.16.5 --destination-port-ranges 443",
        bodies={
            NODES_GROUP: security_group(
                NODES_GROUP,
                security_rule(
                    NODES_GROUP,
                    "allow-internet",
                    priority=200,
                    protocol="Tcp",
                    destinationAddressPrefix="Internet",
                    destinationPortRange="443",
                ),
                security_rule(NODES_GROUP, "deny-the-rest", priority=4000, access="Deny"),
            )
        },
    )
    yield Fault(
        "private-dns-zone-not-linked-to-cluster-vnet",
        "The private DNS zone is linked to the hub only",
        "The registry is closed to the public and has a private endpoint. Its DNS zone was linked to the hub's network, and\n"
        "the nodes, which ask Azure's DNS from their own network, resolve the public address.",
        f'{scheme} "shopimages.azurecr.io/web:1.4.2": failed to authorize: failed to fetch anonymous token: unexpected status:\n'
        "403 Forbidden",
        "az network private-dns link vnet create --resource-group shop --name shop-vnet \\\n"
        f"  --zone-name privatelink.azurecr.io --virtual-network {VNET} --registration-enabled false",
        bodies={
            ids.links_of(ZONE): [
                zone_link(
                    "hub-vnet", f"{ids.group(SUBSCRIPTION, 'hub')}/providers/Microsoft.Network/virtualNetworks/hub-vnet"
                )
            ],
            ids.zone_groups_of(ENDPOINT): [
                {
                    "id": f"{ids.zone_groups_of(ENDPOINT)}/default",
                    "name": "default",
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateDnsZoneConfigs": [
                            {"name": "privatelink-azurecr-io", "properties": {"privateDnsZoneId": ZONE}}
                        ],
                    },
                }
            ],
        },
    )
    connection = f"{SHOP}/privateEndpointConnections/shop-registry.1"
    yield Fault(
        "registry-public-access-disabled-without-private-path",
        "Nobody approved the private endpoint of a closed registry",
        "The private endpoint was made by a team that may not approve it, and the registry was closed to the public before\n"
        "anybody else did.",
        f"{scheme} \"shopimages.azurecr.io/web:1.4.2\": denied: client with IP '203.0.113.10' is not allowed access. Refer\n"
        "https://aka.ms/acr/firewall to grant access.",
        "az acr private-endpoint-connection approve --registry-name shopimages --name shop-registry.1",
        bodies={
            ids.private_endpoint_connections_of(SHOP): [
                {
                    "id": connection,
                    "name": ids.name_of(connection),
                    "type": "Microsoft.ContainerRegistry/registries/privateEndpointConnections",
                    "properties": {
                        "privateEndpoint": {"id": ENDPOINT},
                        "privateLinkServiceConnectionState": {"status": "Pending", "actionsRequired": "None"},
                        "provisioningState": "Succeeded",
                    },
                }
            ]
        },
    )
    yield Fault(
        "image-reference-registry-unknown",
        "The image names a registry that does not exist",
        "A slip in the host: azureacr.io instead of azurecr.io.",
        f'{scheme} "shopimages.azureacr.io/web:1.4.2": failed to resolve reference: dial tcp: lookup shopimages.azureacr.io: no such host',
        "kubectl set image --namespace shop deployment/web web=shopimages.azurecr.io/web:1.4.2",
        manifests={"web.yaml": ("image: shopimages.azurecr.io/web:1.4.2", "image: shopimages.azureacr.io/web:1.4.2")},
    )
    yield Fault(
        "pod-os-nodeselector-mismatch",
        "A Windows workload can only be scheduled on Linux nodes",
        "The deployment comes from a cluster that had Windows nodes alone. Here it lacks the node selector, and the toleration\n"
        "for the taint that keeps others off the Windows nodes.",
        f'{scheme} "shopimages.azurecr.io/billing:7.0.3": no match for platform in manifest: not found',
        "kubectl patch --namespace shop deployment/billing --patch \\\n"
        '  \'{"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/os": "windows"},\n'
        '    "tolerations": [{"key": "os", "operator": "Equal", "value": "windows", "effect": "NoSchedule"}]}}}}\'',
        manifests={
            "billing.yaml": (
                """\
      nodeSelector:
        kubernetes.io/os: windows
      tolerations:
        - {key: os, operator: Equal, value: windows, effect: NoSchedule}
""",
                "",
            )
        },
    )
    yield Fault(
        "kubelet-pull-qps-throttle",
        "Twelve pods pull at once on one node",
        "The web shop pulls its image at every start, although its tag never moves. When a node is drained, all twelve pods\n"
        "start on the next one, and kubelet lets ten of them ask the registry.",
        'Failed to pull image "shopimages.azurecr.io/web:1.4.2": pull QPS exceeded',
        "kubectl patch --namespace shop deployment/web --patch \\\n"
        '  \'{"spec": {"template": {"spec": {"containers": [{"name": "web", "imagePullPolicy": "IfNotPresent"}]}}}}\'',
        without="Without pullready, some of the pods start late, and their events",
        manifests={
            "web.yaml": (
                "image: shopimages.azurecr.io/web:1.4.2\n",
                "image: shopimages.azurecr.io/web:1.4.2\n          imagePullPolicy: Always\n",
            )
        },
    )
    yield from secret_faults()
    yield from way_faults()
    yield from firewall_faults()


def _without_kubelet(scale_set: Body) -> Body:
    other = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/billing-backup"
    return scale_set | {"identity": {"type": "UserAssigned", "userAssignedIdentities": {other: {}}}}


def _one_registry(changed: Body) -> Bodies:
    listed = [changed if one["id"] == changed["id"] else one for one in registries()]
    return {changed["id"]: changed, ids.registries_in(SUBSCRIPTION): listed}
