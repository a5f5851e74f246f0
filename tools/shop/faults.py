"""The faults that the embedded examples show, each in a copy of the healthy shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pullready.facts import ids
from tools.shop import hub
from tools.shop.environment import (
    ENDPOINT,
    ENDPOINT_NIC,
    GROUP,
    KUBELET_OBJECT,
    LEGACY,
    LEGACY_CLIENT,
    LEGACY_OBJECT,
    LEGACY_VNET,
    NAT_ADDRESS,
    NAT_GATEWAY,
    NODE_GROUP,
    OUTBOUND,
    PROD,
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
    registries,
    registry,
    scale_sets,
    zone_link,
)
from tools.shop.firewall import application_rule, policies


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a copy of the shop: in its documents, or in one of its manifests.

    ``story`` tells how it came about, ``symptom`` is what kubelet says, ``without`` when it says so, ``remedy`` puts it
    right. ``manifests`` replaces the text of files of the healthy example.
    """

    slug: str
    shows: str
    story: str
    symptom: str
    remedy: str
    without: str = "Without pullready, the pod stays in `ImagePullBackOff` and its events"
    cluster: str = PROD
    bodies: Bodies = field(default_factory=dict)
    manifests: dict[str, tuple[str, str]] = field(default_factory=dict)


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
        ids.role_assignments_at(SHOP),
        ids.role_assignments_at(SHOPTEAMS),
        ids.private_endpoint_connections_of(SHOPTEAMS),
        ids.private_endpoint_connections_of(SHOP),
        ids.private_dns_zones_in(SUBSCRIPTION),
        ids.links_of(ZONE),
        ids.a_record(ZONE, "shopimages"),
        ids.a_record(ZONE, "shopimages.westeurope.data"),
    ),
    LEGACY: (
        LEGACY,
        LEGACY_VNET,
        NAT_GATEWAY,
        NAT_ADDRESS,
        ids.groups_of(LEGACY_OBJECT),
        ids.service_principal(LEGACY_CLIENT),
        ids.application(LEGACY_CLIENT),
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
    yield from _of_firewalls()
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


def _of_firewalls() -> Iterator[Fault]:
    login, data = (host for _, host in hub.ENDPOINTS.values())
    registries = hub.stage_registries()
    tools = registries[1]["properties"]
    tools |= {"dataEndpointEnabled": True, "dataEndpointHostNames": ["stagetools.westeurope.data.azurecr.io"]}
    with_data_endpoint = {ids.registries_in(SUBSCRIPTION): registries, hub.STAGE_TOOLS: registries[1]}
    add = (
        "az network firewall policy rule-collection-group collection rule add --resource-group hub \\\n"
        "  --policy-name hub-policy --rule-collection-group-name aks --collection-name {collection} --name registry \\\n"
        "  --rule-type ApplicationRule --source-addresses 10.60.0.0/20 --protocols Https=443 \\\n"
        "  --target-fqdns {hosts}"
    )
    yield Fault(
        "hub-firewall-blocks-private-endpoint",
        "The hub's firewall knows the registry's login server and not its data endpoint",
        "The routes of the nodes lead to the private endpoint through the hub's firewall. Its rule was written before the\n"
        "registry had a private endpoint, which serves layers from a host of its own.",
        'failed to pull and unpack image "stageimages.azurecr.io/web:1.5.0": failed to copy: download failed after\n'
        "attempts=6: dial tcp 10.50.2.4:443: i/o timeout",
        add.format(collection="registries", hosts=data),
        cluster=hub.STAGE,
        bodies=policies(
            application_rule("images", login),
            application_rule("tools", *tools["dataEndpointHostNames"], tools["loginServer"]),
        )
        | with_data_endpoint,
    )
    yield Fault(
        "nva-or-firewall-blocks-registry",
        "The firewall on the way out allows what AKS needs and not the registry",
        "The firewall's policy has the tag AzureKubernetesService, with which the cluster runs. That tag holds Microsoft's own\n"
        "registry and nobody else's.",
        'failed to pull and unpack image "stagetools.azurecr.io/db-migrate:2.2.0": failed to resolve reference: dial tcp:\n'
        "read: connection reset by peer",
        add.format(collection="registries", hosts="stagetools.azurecr.io stagetools.westeurope.data.azurecr.io"),
        cluster=hub.STAGE,
        bodies=policies(application_rule("images", login, data)) | with_data_endpoint,
    )


def _without_kubelet(scale_set: Body) -> Body:
    other = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/billing-backup"
    return scale_set | {"identity": {"type": "UserAssigned", "userAssignedIdentities": {other: {}}}}


def _one_registry(changed: Body) -> Bodies:
    listed = [changed if one["id"] == changed["id"] else one for one in registries()]
    return {changed["id"]: changed, ids.registries_in(SUBSCRIPTION): listed}
