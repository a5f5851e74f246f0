"""Azure resource ids, and the ids of the documents that are not plain resources.

A document of ARM has its path as its id; where a query belongs to it, the query stands behind it. A list holds all of
its pages as ``{"value": […]}``. Collectors read these ids and facts look them up: both take them from here.
"""

from __future__ import annotations

from collections.abc import Iterable

from pullready.errors import FactUnavailable


def same(one: str, other: str) -> bool:
    """Say whether two resource ids name the same resource; Azure compares them without case."""
    return one.rstrip("/").casefold() == other.rstrip("/").casefold()


def name_of(resource: str) -> str:
    """Return the last segment of a resource id."""
    return resource.rstrip("/").rpartition("/")[2]


def subscription_of(resource: str) -> str:
    """Return the subscription's GUID; raise :class:`FactUnavailable` where the id does not start with one."""
    return _after(resource, 1, "subscriptions", "below a subscription")


def group_of(resource: str) -> str:
    """Return the name of the resource group; raise :class:`FactUnavailable` where the id is not below one."""
    return _after(resource, 3, "resourceGroups", "below a resource group")


def _after(resource: str, place: int, name: str, what: str) -> str:
    first, *segments = resource.split("/")
    if first or len(segments) <= place or segments[place - 1].casefold() != name.casefold() or not segments[place]:
        raise FactUnavailable(f"{resource!r} is not an id {what}", "Look which document of the snapshot names it")
    return segments[place]


def subscriptions_of(resources: Iterable[str]) -> tuple[str, ...]:
    """Return the GUIDs of the subscriptions that *resources* are in, each once."""
    found: dict[str, str] = {}
    for resource in resources:
        subscription = subscription_of(resource)
        found.setdefault(subscription.casefold(), subscription)
    return tuple(found.values())


def parent_of(resource: str) -> str:
    """Return the resource that *resource* is a part of: a subnet's virtual network, a zone's record's zone."""
    return resource.rstrip("/").rpartition("/")[0].rpartition("/")[0]


def group(subscription: str, name: str) -> str:
    """Return the id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def registries_in(subscription: str) -> str:
    """Return the list of a subscription's container registries."""
    return f"/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/registries"


def replications_of(registry: str) -> str:
    """Return the list of the regions that a registry is replicated to, its home among them."""
    return f"{registry}/replications"


def registry_name(subscription: str, name: str) -> str:
    """Return the answer to whether a registry's name is still free, which is asked through any subscription."""
    return f"/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability?name={name}"


def role_assignments_at(resource: str) -> str:
    """Return the list of role assignments at *resource* and above it."""
    return f"{resource}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()"


def scale_sets_in(resource_group: str) -> str:
    """Return the list of a resource group's virtual machine scale sets."""
    return f"{resource_group}/providers/Microsoft.Compute/virtualMachineScaleSets"


def virtual_machines_in(resource_group: str) -> str:
    """Return the list of a resource group's virtual machines."""
    return f"{resource_group}/providers/Microsoft.Compute/virtualMachines"


def public_addresses_of(scale_set: str) -> str:
    """Return the list of the public addresses that a scale set's instances have of their own."""
    return f"{scale_set}/publicipaddresses"


def virtual_networks_in(resource_group: str) -> str:
    """Return the list of a resource group's virtual networks."""
    return f"{resource_group}/providers/Microsoft.Network/virtualNetworks"


def firewalls_in(subscription: str) -> str:
    """Return the list of a subscription's Azure Firewalls."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/azureFirewalls"


def rule_collection_groups_of(policy: str) -> str:
    """Return the list of a firewall policy's rule collection groups, with all of its rules."""
    return f"{policy}/ruleCollectionGroups"


def private_endpoint_connections_of(registry: str) -> str:
    """Return the list of a registry's private endpoint connections."""
    return f"{registry}/privateEndpointConnections"


def zone_groups_of(private_endpoint: str) -> str:
    """Return the list of the zone groups that keep a private endpoint's DNS records."""
    return f"{private_endpoint}/privateDnsZoneGroups"


def private_dns_zones_in(subscription: str) -> str:
    """Return the list of a subscription's private DNS zones."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/privateDnsZones"


def links_of(zone: str) -> str:
    """Return the list of a private DNS zone's virtual network links."""
    return f"{zone}/virtualNetworkLinks"


def a_record(zone: str, name: str) -> str:
    """Return the A record set *name* of a private DNS zone."""
    return f"{zone}/A/{name}"


def service_principal(client_id: str, tenant: str | None = None) -> str:
    """Return Microsoft Graph's answer to which service principal of *tenant* has *client_id* as its appId.

    Graph answers each tenant differently and names it nowhere, so the id of its documents has the tenant that the
    target names in front of the path; one that names none is read at home, where the sign-in is.
    """
    return f"{_graph(tenant)}/v1.0/servicePrincipals?$filter=appId eq '{client_id}'"


def application(client_id: str, tenant: str | None = None) -> str:
    """Return Microsoft Graph's answer to which application of *tenant* has *client_id* as its appId."""
    return f"{_graph(tenant)}/v1.0/applications?$filter=appId eq '{client_id}'"


def groups_of(principal: str, tenant: str | None = None) -> str:
    """Return Microsoft Graph's list of the groups that a service principal (object id) is a transitive member of."""
    return f"{_graph(tenant)}/v1.0/servicePrincipals/{principal}/transitiveMemberOf"


def directory_objects(principals: Iterable[str], tenant: str | None = None) -> str:
    """Return Microsoft Graph's answer to which of *principals* (object ids) exist."""
    return f"{_graph(tenant)}/v1.0/directoryObjects/getByIds?ids={','.join(principals)}"


def _graph(tenant: str | None) -> str:
    return f"graph:{tenant}" if tenant else "graph:"


def live_list(context: str, path: str) -> str:
    """Return the list that the API server of a kubeconfig's *context* answers at *path* (such as ``/api/v1/pods``)."""
    return f"kubernetes:{context}{path}"
