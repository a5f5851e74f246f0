"""Azure resource ids, and the ids of the documents that are not plain resources.

A document of ARM has its path as its id; where a query belongs to it, the query stands behind it. A list holds all of
its pages as ``{"value": […]}``. What a registry itself answers has its URL as its id. Collectors read these ids and
facts look them up: both take them from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pullready.errors import FactUnavailable

_LIVE: Final = "kubernetes:"
_UPPER_CASE: Final = re.compile("[A-Z]")


def key(resource: str) -> str:
    """Return what all spellings of a resource id have in common; Azure compares them without case."""
    return resource.rstrip("/").casefold()


def same(one: str, other: str) -> bool:
    """Say whether two resource ids name the same resource."""
    return key(one) == key(other)


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


def deny_assignments_at(resource: str) -> str:
    """Return the list of deny assignments at *resource* and above it."""
    return f"{resource}/providers/Microsoft.Authorization/denyAssignments?$filter=atScope()"


def vm_sizes_in(subscription: str, location: str) -> str:
    """Return the list of what Microsoft.Compute offers a subscription in a region, the sizes of machines among it."""
    named = location.replace(" ", "").lower()
    return f"/subscriptions/{subscription}/providers/Microsoft.Compute/skus?$filter=location eq '{named}'"


def events_of(resource: str) -> str:
    """Return the activity log of *resource*, as far back as Azure keeps it."""
    subscription = subscription_of(resource)
    values = f"/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    return f"{values}?$filter=resourceUri eq '{resource}'"


def admin_passwords_of(registry: str) -> str:
    """Return the answer to which passwords the admin user of *registry* has; reading it is opt-in."""
    return f"{registry}/listCredentials"


def token_of(registry: str, name: str) -> str:
    """Return a token of *registry*, which signs in by its name and may do what its scope map says."""
    return f"{registry}/tokens/{name}"


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


def address_in(network: str, address: str) -> str:
    """Return the answer to whether an *address* of a virtual network is assigned to something."""
    return f"{network}/CheckIPAddressAvailability?ipAddress={address}"


def connectivity_of(network: str) -> str:
    """Return the list of what Azure Virtual Network Manager connects a virtual network with."""
    return f"{network}/listNetworkManagerEffectiveConnectivityConfigurations"


def admin_rules_of(virtual_network: str) -> str:
    """Return the list of the security admin rules that Azure Virtual Network Manager applies to a virtual network."""
    return f"{virtual_network}/listNetworkManagerEffectiveSecurityAdminRules"


def firewalls_in(subscription: str) -> str:
    """Return the list of a subscription's Azure Firewalls."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/azureFirewalls"


def rule_collection_groups_of(policy: str) -> str:
    """Return the list of a firewall policy's rule collection groups, with all of its rules."""
    return f"{policy}/ruleCollectionGroups"


def private_endpoint_connections_of(registry: str) -> str:
    """Return the list of a registry's private endpoint connections."""
    return f"{registry}/privateEndpointConnections"


def cache_rules_of(registry: str) -> str:
    """Return the list of the rules by which a registry fetches images from elsewhere when they are first pulled."""
    return f"{registry}/cacheRules"


def zone_groups_of(private_endpoint: str) -> str:
    """Return the list of the zone groups that keep a private endpoint's DNS records."""
    return f"{private_endpoint}/privateDnsZoneGroups"


def private_dns_zones_in(subscription: str) -> str:
    """Return the list of a subscription's private DNS zones."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/privateDnsZones"


def links_of(zone: str) -> str:
    """Return the list of the virtual network links of a private DNS zone, or of a DNS forwarding ruleset."""
    return f"{zone}/virtualNetworkLinks"


def a_record(zone: str, name: str) -> str:
    """Return the A record set *name* of a private DNS zone."""
    return f"{zone}/A/{name}"


def dns_resolvers_in(subscription: str) -> str:
    """Return the list of a subscription's DNS private resolvers."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/dnsResolvers"


def inbound_endpoints_of(resolver: str) -> str:
    """Return the list of the addresses at which a DNS private resolver is asked."""
    return f"{resolver}/inboundEndpoints"


def forwarding_rulesets_in(subscription: str) -> str:
    """Return the list of a subscription's DNS forwarding rulesets."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/dnsForwardingRulesets"


def forwarding_rules_of(ruleset: str) -> str:
    """Return the list of the rules of a DNS forwarding ruleset."""
    return f"{ruleset}/forwardingRules"


def service_principal(client_id: str, tenant: str | None = None) -> str:
    """Return Microsoft Graph's answer to which service principal of *tenant* has *client_id* as its appId.

    Graph answers each tenant differently and names it nowhere, so the id of its documents has the tenant that the
    target names in front of the path; one that names none is read at home, where the sign-in is.
    """
    return f"{_graph(tenant)}/v1.0/servicePrincipals?$filter=appId eq '{client_id}'"


def principal(object_id: str, tenant: str | None = None) -> str:
    """Return Microsoft Graph's answer to which service principal of *tenant* has *object_id* as its id."""
    return f"{_graph(tenant)}/v1.0/servicePrincipals?$filter=id eq '{object_id}'"


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


def live_secrets(context: str) -> str:
    """Return the list of the Secrets of a live cluster; reading it is opt-in."""
    return live_list(context, "/api/v1/secrets")


def live_nodes(context: str) -> str:
    """Return the list of the nodes of a live cluster."""
    return live_list(context, "/api/v1/nodes")


def live_node_pools(context: str) -> str:
    """Return the list of the NodePools of node auto-provisioning of a live cluster."""
    return live_list(context, "/apis/karpenter.sh/v1/nodepools")


def live_node_classes(context: str) -> str:
    """Return the list of what says how the nodes of NodePools are installed."""
    return live_list(context, "/apis/karpenter.azure.com/v1beta1/aksnodeclasses")


def live_runtime_classes(context: str) -> str:
    """Return the list of the runtime classes of a live cluster."""
    return live_list(context, "/apis/node.k8s.io/v1/runtimeclasses")


def live_events(context: str) -> str:
    """Return the list of the events of a live cluster that tell of pods in trouble."""
    return live_list(context, "/api/v1/events")


def live_list(context: str, path: str) -> str:
    """Return the list that the API server of a kubeconfig's *context* answers at *path* (such as ``/api/v1/pods``)."""
    return f"{_LIVE}{context}{path}"


def is_live(id_: str) -> bool:
    """Say whether *id_* is that of a list of a live cluster."""
    return id_.startswith(_LIVE)


def image_manifest(login_server: str, repository: str, version: str) -> str:
    """Return a registry's manifest or index with the tag or digest *version*."""
    return f"https://{login_server}/v2/{repository}/manifests/{_spelt(version)}"


def image_config(login_server: str, repository: str, digest: str) -> str:
    """Return the configuration that an image manifest names, a blob of its repository."""
    return f"https://{login_server}/v2/{repository}/blobs/{digest}"


def repository_properties(login_server: str, repository: str) -> str:
    """Return what a registry says of a repository."""
    return f"https://{login_server}/acr/v1/{repository}"


def tag_properties(login_server: str, repository: str, tag: str) -> str:
    """Return what a registry says of a tag, among it the digest that it points to."""
    return f"https://{login_server}/acr/v1/{repository}/_tags/{_spelt(tag)}"


def manifest_properties(login_server: str, repository: str, digest: str) -> str:
    """Return what a registry says of a manifest, among it its tags."""
    return f"https://{login_server}/acr/v1/{repository}/_manifests/{digest}"


def deleted_tags(login_server: str, repository: str) -> str:
    """Return the list of the tags of a repository that its registry keeps in its bin."""
    return f"https://{login_server}/acr/v1/_deleted/{repository}/_tags"


def deleted_manifests(login_server: str, repository: str) -> str:
    """Return the list of the manifests of a repository that its registry keeps in its bin."""
    return f"https://{login_server}/acr/v1/_deleted/{repository}/_manifests"


def _spelt(version: str) -> str:
    """Return *version* with its capitals percent-encoded: tags that differ in case are two, and ids have none."""
    return _UPPER_CASE.sub(lambda letter: f"%{ord(letter[0]):02X}", version)
