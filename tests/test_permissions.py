"""Every request is covered by a permission that a collector declares, and every declared permission is used."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from pullready.collectors import kubernetes
from pullready.collectors.paths import CLIENTS, scope_of
from pullready.collectors.permissions import (
    GraphPermission,
    KubernetesRule,
    Permission,
    action_for,
    collector,
    permissions,
)
from pullready.facts import MAKERS, Need, ids, needs_of
from tests.azure import environments
from tests.azure.fixtures import Serve
from tests.test_collectors import read

GROUP = ids.group("aaaaaaaa-0000-4000-8000-000000000001", "shop")
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shop"
ZONE = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"


def declared(*, of_registries: bool = False) -> set[str]:
    """Return the actions that are needed without any setting: of Azure Resource Manager, or of registries' own API."""
    found = (
        one
        for each in permissions()
        for one in each.permissions
        if isinstance(one, Permission) and (Need.ARTIFACTS in each.needs) is of_registries
    )
    return {one.action for one in found if one.opt_in is None}


def test_registries_are_asked_with_what_lets_a_node_pull() -> None:
    registry = "Microsoft.ContainerRegistry/registries"
    needed = {f"{registry}/{one}/read" for one in ("pull", "cacheRules", "deleted")}
    by_repository = {f"{registry}/repositories/{one}/read" for one in ("content", "metadata")}
    assert declared(of_registries=True) == needed | by_repository


def test_what_is_asked_of_azure_is_what_is_declared(serve: Serve) -> None:
    environment = environments.hub()
    standin = serve(environment)
    read(standin, environment)
    assert {action_for(id_) for id_ in standin.asked("arm")} == declared()
    graph = {one for each in permissions() for one in each.permissions if isinstance(one, GraphPermission)}
    assert {one.name for one in graph} == {"Application.Read.All", "Directory.Read.All"}
    assert standin.asked("graph")


def test_what_is_asked_of_kubernetes_is_what_is_declared() -> None:
    rules = [one for each in permissions() for one in each.permissions if isinstance(one, KubernetesRule)]
    listed = {(rule.group, resource) for rule in rules for resource in rule.resources if rule.opt_in is None}
    lists = (ids.live_nodes, ids.live_node_pools, ids.live_node_classes)
    beside = {list_("prod").removeprefix(ids.live_list("prod", "")) for list_ in lists}
    wanted = {*kubernetes.LISTS, kubernetes.EVENTS, *beside}
    assert {path_of(group, resource) for group, resource in listed} == wanted
    [opt_in] = [rule for rule in rules if rule.opt_in]
    assert (opt_in.resources, opt_in.opt_in) == (("secrets",), "read-secrets")
    assert {rule.verbs for rule in rules} == {("list",)}


def path_of(group: str, resource: str) -> str:
    version = "v1beta1" if group == "karpenter.azure.com" else "v1"
    return f"/apis/{group}/{version}/{resource}" if group else f"/api/{version}/{resource}"


def test_only_reading_is_declared() -> None:
    actions = {one for one in declared() if not one.endswith("/read")}
    assert actions == {
        "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action",
        "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveConnectivityConfigurations/action",
    }
    assert all("*" not in action for action in declared())


def test_every_need_that_is_read_live_has_its_collector_in_order() -> None:
    filled = [need for each in permissions() for need in each.needs]
    assert len(filled) == len(set(filled))
    assert set(filled) == needs_of(MAKERS) - {Need.MANIFESTS}
    assert filled.index(Need.REGISTRIES) < filled.index(Need.ARTIFACTS) < filled.index(Need.CACHE_RULES)
    assert filled.index(Need.SERVICE_PRINCIPAL) < filled.index(Need.ROLE_ASSIGNMENTS)


def test_a_need_is_filled_once() -> None:
    with pytest.raises(TypeError, match="fill the same need"):
        collector(Need.CLUSTER, permissions=())(permissions()[0].collect)


@pytest.mark.parametrize(
    ("path", "action", "scope"),
    [
        (
            f"{GROUP}/providers/microsoft.network/PRIVATEDNSZONES/z/a/shop",
            "Microsoft.Network/privateDnsZones/A/read",
            None,
        ),
        (ids.links_of(ZONE), "Microsoft.Network/privateDnsZones/virtualNetworkLinks/read", ZONE),
        (ids.role_assignments_at(ZONE), "Microsoft.Authorization/roleAssignments/read", ZONE),
        (ids.scale_sets_in(GROUP), "Microsoft.Compute/virtualMachineScaleSets/read", GROUP),
        (ids.vm_sizes_in("s", "West Europe"), "Microsoft.Compute/skus/read", "/subscriptions/s"),
        (ids.cache_rules_of(REGISTRY), "Microsoft.ContainerRegistry/registries/cacheRules/read", REGISTRY),
        (ids.token_of(REGISTRY, "t"), "Microsoft.ContainerRegistry/registries/tokens/read", None),
        (f"{REGISTRY}/scopeMaps/m", "Microsoft.ContainerRegistry/registries/scopeMaps/read", None),
        (
            ids.admin_rules_of(f"{GROUP}/providers/microsoft.network/virtualNETWORKS/v"),
            "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action",
            f"{GROUP}/providers/microsoft.network/virtualNETWORKS/v",
        ),
        (ids.registries_in("s"), "Microsoft.ContainerRegistry/registries/read", "/subscriptions/s"),
        (ids.registry_name("s", "x"), "Microsoft.ContainerRegistry/checkNameAvailability/read", "/subscriptions/s"),
        (
            "/providers/Microsoft.Authorization/roleDefinitions/x",
            "Microsoft.Authorization/roleDefinitions/read",
            None,
        ),
    ],
)
def test_a_refusal_names_action_and_scope(path: str, action: str, scope: str | None) -> None:
    assert action_for(path) == action
    assert scope_of(path) == (scope or path)


#: Types that no client here has operations for: their version is that of Azure's documentation.
WITHOUT_OPERATIONS = {"microsoft.network/dnsresolvers", "microsoft.network/dnsforwardingrulesets"}


@pytest.mark.parametrize(
    "type_",
    sorted(type_ for type_, one in CLIENTS.items() if type_ not in WITHOUT_OPERATIONS and one.module != "azure.core"),
)
def test_api_versions_are_the_clients_own(type_: str) -> None:
    """A client may be newer than our table, and then the table follows it."""
    client = CLIENTS[type_]
    module = importlib.import_module(client.module)
    assert hasattr(module, client.name)
    folder = inspect.getfile(module).rpartition("/")[0]
    assert client.api_version in sources(folder)


def sources(folder: str) -> str:
    names = ("_client.py", "_configuration.py", "_authorization_management_client.py", "operations/_operations.py")
    return "".join((Path(folder) / name).read_text() for name in names if (Path(folder) / name).exists())
