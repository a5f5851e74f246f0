"""The AKS cluster and its node pools, as ``Microsoft.ContainerService/managedClusters`` answers them.

Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/get
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import NothingToJudge
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.scope import Need, Scope, fact

#: ``servicePrincipalProfile.clientId`` of a cluster whose nodes use a managed identity.
MANAGED_IDENTITY: Final = "msi"


class _Identity(Struct, frozen=True):
    resourceId: str | UnsetType | None = UNSET
    clientId: str | UnsetType | None = UNSET
    objectId: str | UnsetType | None = UNSET


class _ServicePrincipal(Struct, frozen=True):
    clientId: str | UnsetType | None = UNSET


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _Outbound(Struct, frozen=True):
    effectiveOutboundIPs: list[_Reference] | UnsetType | None = UNSET


class _Network(Struct, frozen=True):
    outboundType: str | UnsetType | None = UNSET
    loadBalancerProfile: _Outbound | UnsetType | None = UNSET
    natGatewayProfile: _Outbound | UnsetType | None = UNSET


class _Power(Struct, frozen=True):
    code: str | UnsetType | None = UNSET


class _Enabled(Struct, frozen=True):
    enabled: bool | UnsetType | None = UNSET


class _Security(Struct, frozen=True):
    serviceAccountImagePullProfile: _Enabled | UnsetType | None = UNSET


class _Provisioning(Struct, frozen=True):
    mode: str | UnsetType | None = UNSET


class _NodeResourceGroup(Struct, frozen=True):
    restrictionLevel: str | UnsetType | None = UNSET


class _Pool(Struct, frozen=True):
    name: str
    type: str | UnsetType | None = UNSET
    mode: str | UnsetType | None = UNSET
    count: int | UnsetType | None = UNSET
    enableAutoScaling: bool | UnsetType | None = UNSET
    maxCount: int | UnsetType | None = UNSET
    maxPods: int | UnsetType | None = UNSET
    osType: str | UnsetType | None = UNSET
    osSKU: str | UnsetType | None = UNSET
    nodeImageVersion: str | UnsetType | None = UNSET
    availabilityZones: list[str] | UnsetType | None = UNSET
    vmSize: str | UnsetType | None = UNSET
    vnetSubnetID: str | UnsetType | None = UNSET
    enableNodePublicIP: bool | UnsetType | None = UNSET
    nodePublicIPPrefixID: str | UnsetType | None = UNSET
    nodeTaints: list[str] | UnsetType | None = UNSET
    nodeLabels: dict[str, str] | UnsetType | None = UNSET
    scaleSetPriority: str | UnsetType | None = UNSET
    powerState: _Power | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    provisioningState: str | UnsetType | None = UNSET
    powerState: _Power | UnsetType | None = UNSET
    nodeResourceGroup: str | UnsetType | None = UNSET
    nodeResourceGroupProfile: _NodeResourceGroup | UnsetType | None = UNSET
    servicePrincipalProfile: _ServicePrincipal | UnsetType | None = UNSET
    identityProfile: dict[str, _Identity] | UnsetType | None = UNSET
    networkProfile: _Network | UnsetType | None = UNSET
    securityProfile: _Security | UnsetType | None = UNSET
    nodeProvisioningProfile: _Provisioning | UnsetType | None = UNSET
    agentPoolProfiles: list[_Pool] | UnsetType | None = UNSET


class _Home(Struct, frozen=True):
    tenantId: str | UnsetType | None = UNSET


class _Cluster(Struct, frozen=True):
    id: str
    properties: _Properties
    identity: _Home | UnsetType | None = UNSET
    location: str | UnsetType | None = UNSET


class NodePool(Fact, frozen=True):
    """An agent pool of a cluster; ``base`` points at its profile in the cluster's document."""

    wire: _Pool

    @property
    def name(self) -> str:
        """The pool's name."""
        return self.wire.name

    @property
    def subject(self) -> str:
        """The pool's name."""
        return self.wire.name

    @property
    def os_type(self) -> str:
        """``linux`` or ``windows``; AKS documents Linux as the server-side default, and always answers with a value."""
        return self.require(self.wire.osType, "/osType").lower()

    @property
    def kind(self) -> str:
        """``virtualmachinescalesets``, ``virtualmachines`` or ``availabilityset``, in lower case."""
        return self.require(self.wire.type, "/type").lower()

    @property
    def region(self) -> str | None:
        """The region that the nodes are in, as their labels spell it; none where the cluster does not tell."""
        try:
            location = self.document.at("/location")
        except KeyError:
            return None
        return location.replace(" ", "").lower() if isinstance(location, str) else None

    @property
    def max_pods(self) -> int:
        """How many pods run on a node at most; Azure always answers with a number."""
        return self.require(self.wire.maxPods, "/maxPods")

    @property
    def can_have_nodes(self) -> bool:
        """Whether the pool has nodes or may get some: it is not stopped, and has a count or an autoscaler's maximum."""
        power = self.wire.powerState
        if power and power.code and power.code.lower() == "stopped":
            return False
        if self.wire.enableAutoScaling is True and self.require(self.wire.maxCount, "/maxCount") > 0:
            return True
        return self.require(self.wire.count, "/count") > 0


class KubeletIdentity(Fact, frozen=True):
    """The managed identity that kubelet pulls with; ``base`` points at ``identityProfile.kubeletidentity``."""

    wire: _Identity

    @property
    def object_id(self) -> str:
        """The object id of its service principal in Microsoft Entra ID."""
        return self.require(self.wire.objectId, "/objectId")

    @property
    def resource_id(self) -> str:
        """The resource id of the user-assigned identity."""
        return self.require(self.wire.resourceId, "/resourceId")


class Cluster(Fact, frozen=True, dict=True):
    """A managed cluster."""

    wire: _Cluster

    @property
    def id(self) -> str:
        """The resource id, as Azure spells it."""
        return self.wire.id

    @property
    def name(self) -> str:
        """The cluster's name."""
        return ids.name_of(self.id)

    @property
    def subject(self) -> str:
        """The cluster's name."""
        return self.name

    @property
    def resource_group(self) -> str:
        """The name of the resource group that the cluster is in."""
        return ids.group_of(self.id)

    @property
    def subscription(self) -> str:
        """The GUID of the cluster's subscription."""
        return ids.subscription_of(self.id)

    @property
    def tenant(self) -> str | None:
        """The tenant of the cluster's own identity, in lower case; none where it has none."""
        home = self.wire.identity.tenantId if self.wire.identity else None
        return home.lower() if home else None

    @property
    def region(self) -> str:
        """The region that the cluster and its nodes are in."""
        return self.require(self.wire.location, "/location")

    @property
    def node_resource_group(self) -> str:
        """The id of the resource group that the nodes are in."""
        name = self.require(self.wire.properties.nodeResourceGroup, "/properties/nodeResourceGroup")
        return ids.group(self.subscription, name)

    @property
    def node_restriction(self) -> str | None:
        """The lock on the node resource group, ``readonly`` or ``unrestricted``; none where none is given.

        Azure documents ``Unrestricted`` as what holds then.
        Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/get#managedclusternoderesourcegroupprofile
        """
        profile = self.wire.properties.nodeResourceGroupProfile
        level = profile.restrictionLevel if profile else None
        return level.lower() if level else None

    @property
    def service_principal_client_id(self) -> str | None:
        """The client id of the cluster's service principal; none where the nodes use a managed identity.

        Azure answers ``msi`` as the client id, or no profile at all, where the cluster has a managed identity.
        """
        profile = self.wire.properties.servicePrincipalProfile
        client = profile.clientId if profile else UNSET
        if not client and self.wire.properties.identityProfile:
            return None
        client = self.require(client, "/properties/servicePrincipalProfile/clientId")
        return None if client.lower() == MANAGED_IDENTITY else client

    @cached_property
    def kubelet_identity(self) -> KubeletIdentity:
        """The identity that kubelet pulls with in a cluster without a service principal."""
        profiles = self.require(self.wire.properties.identityProfile, "/properties/identityProfile")
        key = next((key for key in profiles if key.lower() == "kubeletidentity"), "kubeletidentity")
        pointer = f"/properties/identityProfile/{key}"
        return KubeletIdentity(self.document, pointer, self.require(profiles.get(key), pointer))

    @cached_property
    def pools(self) -> tuple[NodePool, ...]:
        """The agent pools, in Azure's order."""
        pointer = "/properties/agentPoolProfiles"
        pools = self.require(self.wire.properties.agentPoolProfiles, pointer)
        return tuple(NodePool(self.document, f"{pointer}/{index}", pool) for index, pool in enumerate(pools))

    @property
    def outbound_type(self) -> str:
        """``networkProfile.outboundType`` in lower case."""
        network = self.wire.properties.networkProfile
        return self.require(
            network.outboundType if network else UNSET, "/properties/networkProfile/outboundType"
        ).lower()

    @property
    def is_stopped(self) -> bool:
        """Whether the cluster as a whole is stopped; the property is absent from clusters that never were."""
        power = self.wire.properties.powerState
        return bool(power and power.code and power.code.lower() == "stopped")

    @property
    def is_updating(self) -> bool:
        """Whether Azure is changing the cluster right now, so that what is read may already be past."""
        state = self.wire.properties.provisioningState
        return bool(state and state.lower() not in {"succeeded", "failed", "canceled"})

    @property
    def service_accounts_pull(self) -> bool:
        """Whether pods pull with their service account's identity: a preview, absent where that is not enabled."""
        security = self.wire.properties.securityProfile
        profile = security.serviceAccountImagePullProfile if security else UNSET
        return bool(profile and profile.enabled)

    @property
    def provisions_nodes(self) -> bool:
        """Whether node auto-provisioning adds nodes outside of the agent pools; absent where it is not enabled."""
        profile = self.wire.properties.nodeProvisioningProfile
        return bool(profile and profile.mode and profile.mode.lower() == "auto")


@fact(Need.CLUSTER)
def cluster(scope: Scope) -> Cluster:
    """Return the target's cluster."""
    if scope.target.cluster is None:
        raise NothingToJudge("no cluster is given, so only the manifests are judged")
    document = scope.document(scope.target.cluster)
    return Cluster(document, "", decode(document, _Cluster))
