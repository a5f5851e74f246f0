"""The documents of a landing zone: two clusters in spokes of one hub, and three registries, in Azure's shapes."""

from __future__ import annotations

from typing import Any, Final

from pullready.facts import ids
from tools.shop.contents import digest, entry, index, manifest, sizes
from tools.shop.environment import (
    ACR_PULL,
    PULLER_CLIENT,
    PULLER_OBJECT,
    REPOSITORY_READER,
    SIZES,
    SUBSCRIPTION,
    Bodies,
    Body,
    assignment,
    authorization,
    cluster_prod,
    machine_model,
    pull_secrets,
    registry,
    security_group,
)
from tools.shop.landing_zone_names import IMAGES, TEAMS, TOOLS, central_dns, hosts_of, private_endpoints
from tools.shop.landing_zone_network import (
    BATCH_VNET,
    FIREWALL_IPS,
    GROUP,
    NAT_RANGE,
    RETAIL_VNET,
    hub_firewall,
    networks,
    policies,
    security,
    ways_out,
)

RETAIL: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/retail"
BATCH: Final = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/batch"
PULLERS: Final = "abababab-7777-4777-8777-777777777777"
#: Object id and client id of the identities that the nodes of each cluster pull with.
KUBELETS: Final = {
    RETAIL: ("abababab-1111-4111-8111-111111111111", "abababab-2222-4222-8222-222222222222"),
    BATCH: ("abababab-3333-4333-8333-333333333333", "abababab-4444-4444-8444-444444444444"),
}
RETAIL_KUBELET: Final = KUBELETS[RETAIL][0]
_AMD64, _ARM64 = "Standard_D4s_v5", "Standard_D4ps_v5"
_READS: Final = (
    "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND "
    "!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR "
    "(@Request[Microsoft.ContainerRegistry/registries/repositories:name] %s))"
)


def node_group(cluster: str) -> str:
    """Return the resource group of the nodes of *cluster*."""
    return ids.group(SUBSCRIPTION, f"MC_retail_{ids.name_of(cluster)}_westeurope")


def pool(name: str, vnet_subnet: str, size: str, **properties: Any) -> Body:
    """Return a pool of Linux machines of *size* in a subnet, with other *properties*."""
    return {
        "name": name,
        "type": "VirtualMachineScaleSets",
        "mode": "User",
        "count": 3,
        "vmSize": size,
        "osType": "Linux",
        "osSKU": "Ubuntu",
        "vnetSubnetID": vnet_subnet,
        "enableNodePublicIP": False,
        "enableAutoScaling": False,
        "maxPods": 60,
        "nodeTaints": None,
        "powerState": {"code": "Running"},
        "provisioningState": "Succeeded",
        **properties,
    }


def cluster(resource: str, outbound_type: str, *pools: Body) -> Body:
    """Return a cluster whose nodes pull with an identity of their own."""
    made = cluster_prod() | {"id": resource, "name": ids.name_of(resource)}
    held, client = KUBELETS[resource]
    made["properties"] |= {
        "nodeResourceGroup": ids.name_of(node_group(resource)),
        "identityProfile": {
            "kubeletidentity": {"resourceId": kubelet(resource), "clientId": client, "objectId": held},
        },
        "networkProfile": {
            "networkPlugin": "azure",
            "networkPluginMode": "overlay",
            "outboundType": outbound_type,
            "loadBalancerSku": "standard",
            "ipFamilies": ["IPv4"],
        },
        "agentPoolProfiles": [*pools],
    }
    return made


def kubelet(resource: str) -> str:
    """Return the id of the identity that the nodes of a cluster pull with."""
    name = f"{ids.name_of(resource)}-agentpool"
    return f"{node_group(resource)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def clusters() -> Bodies:
    """Return a cluster with pools of three platforms behind the firewall, and one for batch jobs beside it."""
    linux, windows = f"{RETAIL_VNET}/subnets/linux", f"{RETAIL_VNET}/subnets/windows"
    critical, of_windows = ["CriticalAddonsOnly=true:NoSchedule"], ["os=windows:NoSchedule"]
    made = (
        cluster(
            RETAIL,
            "userDefinedRouting",
            pool("system", linux, _AMD64, mode="System", nodeTaints=critical),
            pool("linux1", linux, _AMD64, count=6),
            pool("arm1", linux, _ARM64, count=6),
            pool("win1", windows, _AMD64, osType="Windows", osSKU="Windows2022", nodeTaints=of_windows),
        ),
        cluster(
            BATCH,
            "userAssignedNATGateway",
            pool("jobs", f"{BATCH_VNET}/subnets/nodes", _AMD64, mode="System", enableAutoScaling=True, maxCount=20),
        ),
    )
    found: Bodies = {}
    for one in made:
        group = node_group(one["id"])
        security = f"{group}/providers/Microsoft.Network/networkSecurityGroups/aks-agentpool-30000000-nsg"
        names = [profile["name"] for profile in one["properties"]["agentPoolProfiles"]]
        found |= {
            one["id"]: one,
            ids.scale_sets_in(group): [scale_set(one["id"], name, security) for name in names],
            security: security_group(security),
        }
    return found


def scale_set(resource: str, of_pool: str, group: str) -> Body:
    """Return the scale set of a pool, with the kubelet identity of its cluster attached."""
    name = f"aks{of_pool}" if of_pool.startswith("win") else f"aks-{of_pool}-30000001-vmss"
    held, client = KUBELETS[resource]
    return {
        "id": f"{ids.scale_sets_in(node_group(resource))}/{name}",
        "name": name,
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "location": "westeurope",
        "tags": {"aks-managed-poolName": of_pool},
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {kubelet(resource): {"principalId": held, "clientId": client}},
        },
        "properties": {"provisioningState": "Succeeded", "virtualMachineProfile": machine_model(name, group)},
    }


def registries() -> list[Body]:
    """Return two closed registries, of which the second grants by repository, and one for selected addresses."""
    closed = {"publicNetworkAccess": "Disabled", "networkRuleSet": {"defaultAction": "Deny", "ipRules": []}}
    admitted = [*FIREWALL_IPS.values(), NAT_RANGE]
    data = [host for host in hosts_of(IMAGES) if ".data." in host]
    return [
        registry(IMAGES, dataEndpointEnabled=True, dataEndpointHostNames=data, **closed),
        registry(TEAMS, roleAssignmentMode="AbacRepositoryPermissions", **closed),
        registry(
            TOOLS,
            publicNetworkAccess="Enabled",
            networkRuleSet={
                "defaultAction": "Deny",
                "ipRules": [{"action": "Allow", "value": address} for address in admitted],
            },
        ),
    ]


def replications(resource: str) -> list[Body]:
    """Return the two regions of a registry."""
    return [
        {
            "id": f"{ids.replications_of(resource)}/{region}",
            "name": region,
            "type": "Microsoft.ContainerRegistry/registries/replications",
            "location": region,
            "properties": {"provisioningState": "Succeeded", "regionEndpointEnabled": True},
        }
        for region in ("westeurope", "northeurope")
    ]


def grants() -> Bodies:
    """Return who may pull: kubelet of retail by itself, and both kubelets through a group, by repository as well."""
    through_group = assignment(GROUP, "abababab-0000-4000-8000-000000000001", PULLERS, "Group")
    own = [
        assignment(at, f"abababab-0000-4000-8000-00000000000{number}", RETAIL_KUBELET)
        for number, at in enumerate((IMAGES, TOOLS), 2)
    ]
    login = assignment(TOOLS, "abababab-0000-4000-8000-000000000004", PULLER_OBJECT)
    known = authorization()
    signed_in = pull_secrets()
    by_repository = (
        conditional("abababab-0000-4000-8000-000000000005", RETAIL_KUBELET, "StringEqualsIgnoreCase 'loyalty'"),
        conditional("abababab-0000-4000-8000-000000000006", PULLERS, "StringStartsWithIgnoreCase 'shared/'", "Group"),
    )
    return {
        **{ids.deny_assignments_at(one): [] for one in (IMAGES, TEAMS, TOOLS)},
        ids.role_assignments_at(IMAGES): [own[0], through_group],
        ids.role_assignments_at(TOOLS): [own[1], through_group, login],
        ids.role_assignments_at(TEAMS): [*by_repository, through_group],
        **{
            ids.groups_of(held): [{"@odata.type": "#microsoft.graph.group", "id": PULLERS}]
            for held, _ in KUBELETS.values()
        },
        **{
            ids.principal(held): [{"id": held, "appId": client, "accountEnabled": True, "passwordCredentials": []}]
            for held, client in KUBELETS.values()
        },
        **{role: known[role] for role in (ACR_PULL, REPOSITORY_READER)},
        **{id_: signed_in[id_] for id_ in (ids.service_principal(PULLER_CLIENT), ids.application(PULLER_CLIENT))},
    }


def conditional(name: str, principal: str, condition: str, principal_type: str = "ServicePrincipal") -> Body:
    """Return an assignment at the registry that grants by repository, for those that *condition* is true of."""
    made = assignment(TEAMS, name, principal, principal_type, REPOSITORY_READER)
    made["properties"] |= {"condition": _READS % condition, "conditionVersion": "2.0"}
    return made


def images() -> Bodies:
    """Return what the registries hold: images for either architecture, for one of them, and for Windows."""
    linux, windows, amd64, arm64 = "linux", {"os.version": "10.0.20348.2700"}, "amd64", "arm64"
    found: Bodies = {}
    for host, repository, tag, built in (
        ("retailimages", "storefront", "5.1.0", ((linux, amd64), (linux, arm64))),
        ("retailimages", "search", "2.0.0", ((linux, arm64),)),
        ("retailimages", "tills", "8.3.1", (("windows", amd64),)),
        ("retailimages", "jobs/settlement", "1.9.0", ((linux, amd64),)),
        ("retailteams", "loyalty", "0.7.2", ((linux, amd64), (linux, arm64))),
        ("retailteams", "shared/events", "0.7.2", ((linux, amd64), (linux, arm64))),
        ("retailtools", "db-migrate", "2.3.0", ((linux, amd64), (linux, arm64))),
        ("retailtools", "exporter", "1.0.4", ((linux, amd64),)),
    ):
        server = f"{host}.azurecr.io"
        names = {f"{repository} {system} {architecture}": (system, architecture) for system, architecture in built}
        found[ids.image_manifest(server, repository, tag)] = index(
            *(entry(name, *one, windows if one[0] == "windows" else None) for name, one in names.items())
        )
        found |= {ids.image_manifest(server, repository, digest(name)): manifest(name) for name in names}
    return found


def landing_zone() -> Bodies:
    """Return every document of the landing zone, by id."""
    return {
        **clusters(),
        ids.registries_in(SUBSCRIPTION): registries(),
        **{one["id"]: one for one in registries()},
        ids.replications_of(TOOLS): replications(TOOLS),
        **grants(),
        **networks(),
        **ways_out(),
        **security(),
        **hub_firewall(),
        **policies(private=hosts_of(IMAGES), public=("retailtools.azurecr.io",)),
        **private_endpoints(),
        **central_dns(),
        SIZES: sizes(),
        **images(),
    }
