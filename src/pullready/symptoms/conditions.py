"""What each condition means in one line, and where to read about it, for those that a symptom can point to.

The key is the id that its check has, or will have; a check that is there brings its own reference, which then counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_LEARN: Final = "https://learn.microsoft.com"
_ACR: Final = f"{_LEARN}/azure/container-registry"
_AKS: Final = f"{_LEARN}/azure/aks"
_ARTICLE: Final = f"{_LEARN}/troubleshoot/azure/azure-kubernetes/connectivity/cannot-pull-image-from-acr-to-aks-cluster"
_PRIVATE: Final = f"{_ACR}/container-registry-private-endpoints"
_ABAC: Final = f"{_ACR}/container-registry-rbac-abac-repository-permissions"
_TOKENS: Final = f"{_ACR}/container-registry-token-based-repository-permissions"
_KUBERNETES: Final = "https://kubernetes.io/docs"


@dataclass(frozen=True, slots=True)
class Condition:
    """A documented reason why a pull fails: its id, what it means in one line, a page about it."""

    slug: str
    meaning: str
    reference: str


_PAGES: Final[Mapping[str, Mapping[str, str]]] = {
    _ARTICLE: {
        "kubelet-pull-role-missing": "the identity that kubelet pulls with may not pull from the registry",
        "pull-role-on-stale-principal": "the role is assigned to an identity that has been deleted or made anew",
        "kubelet-identity-not-on-vmss": "the nodes' scale set has lost the identity that kubelet pulls with",
        "image-reference-registry-unknown": "the image names a registry that does not exist",
        "image-manifest-missing": "the registry is there, and the repository, tag or digest is not",
        "private-dns-zone-not-linked-to-cluster-vnet": "the nodes' network does not see the registry's private "
        "DNS zone, so they go to its public address",
        "vnet-peering-missing-or-disconnected": "the nodes' network is not peered with that of the private endpoint",
        "hub-firewall-blocks-private-endpoint": "a firewall between the nodes and the private endpoint drops the "
        "traffic",
        "pod-os-nodeselector-mismatch": "the pod lands on nodes that have another operating system than its image",
        "image-architecture-mismatch": "the image is not built for the processor of the node",
        "nsg-blocks-registry-egress": "a network security group keeps the nodes from reaching the registry on port 443",
        "route-table-blackholes-registry": "a route sends the traffic to the registry where it goes no further",
        "nva-or-firewall-blocks-registry": "a firewall or appliance on the way out blocks or cuts the connection",
        "kubelet-pull-qps-throttle": "kubelet holds pulls back because too many began at once on the node",
        "tls-handshake-timeout-path": "the connection opens, and something on the way swallows the TLS handshake",
    },
    f"{_AKS}/update-credentials": {
        "cluster-sp-secret-expired": "the secret of the cluster's service principal is expired, wrong or gone",
    },
    f"{_AKS}/node-resource-group-lockdown": {
        "node-resource-group-unlocked": "the node resource group can be edited by hand, and may have been",
    },
    f"{_AKS}/cluster-container-registry-integration": {
        "pull-role-on-wrong-identity": "the role went to another identity of the cluster than kubelet's",
        "role-via-group-latency": "the role comes through a group that the identity joined only now",
    },
    f"{_ACR}/container-registry-auth-kubernetes": {
        "pull-secret-sp-invalid-or-expired": "the service principal in the pull secret is expired, wrong or gone",
        "pull-secret-wrong-server-key": "the pull secret is written for another server name than the image's",
    },
    f"{_ACR}/container-registry-authentication": {
        "pull-secret-admin-password-stale": "the registry's admin password changed after the pull secret was made",
        "admin-user-disabled-with-admin-secret": "the pull secret holds the admin login, and that is switched off",
    },
    f"{_ACR}/container-registry-troubleshoot-login": {
        "pull-secret-entra-token-expired": "the pull secret holds a token that lasts for hours only",
    },
    f"{_LEARN}/azure/role-based-access-control/troubleshooting": {
        "role-assignment-not-propagated": "the role was assigned minutes ago and is not in force everywhere yet",
    },
    f"{_LEARN}/azure/role-based-access-control/deny-assignments": {
        "deny-assignment-blocks-pull": "a deny assignment takes away what the role grants",
    },
    f"{_LEARN}/azure/role-based-access-control/pim-integration": {
        "time-bound-role-assignment": "the role was assigned for a time, and that is over",
    },
    f"{_ACR}/container-registry-rbac-custom-roles": {
        "custom-role-ineffective": "the custom role lacks the action that a pull needs",
    },
    f"{_KUBERNETES}/tasks/configure-pod-container/pull-image-private-registry/": {
        "pull-secret-not-referenced-or-wrong-namespace": "the pull secret is missing in the pod's namespace, or "
        "the pod does not name it",
    },
    f"{_KUBERNETES}/concepts/containers/images/": {
        "image-pull-policy-hazard": "the pull policy forbids to pull an image that is not on the node",
        "invalid-image-reference": "the text under image is no valid reference",
    },
    f"{_AKS}/pre-created-kubelet-managed-identity": {
        "kubelet-identity-deleted": "the identity that kubelet pulls with does not exist any more",
    },
    f"{_AKS}/use-azure-ad-pod-identity": {
        "pod-identity-interference": "pod identity has taken the identity off the nodes, or catches their token "
        "requests",
    },
    f"{_AKS}/node-auto-provisioning": {
        "nap-karpenter-node-identity": "nodes that were provisioned automatically lack the identity that kubelet "
        "pulls with",
    },
    f"{_AKS}/use-managed-identity": {
        "sp-to-msi-migration-incomplete": "the cluster moved to a managed identity, and its nodes still use the old "
        "service principal",
    },
    _ABAC: {
        "abac-registry-acrpull-not-honoured": "the registry grants by repository, and there AcrPull counts for nothing",
        "abac-condition-excludes-repository": "the condition of the role leaves this repository out",
        "abac-mode-switch-stale-credentials": "the registry was switched to grant by repository, and the "
        "credentials date from before",
    },
    f"{_ACR}/container-registry-disable-authentication-as-arm": {
        "acr-audience-only-registry-old-node-image": "the registry refuses tokens for ARM, and an old node image "
        "asks for no others",
    },
    f"{_LEARN}/rest/api/aks/managed-clusters/get": {
        "service-account-image-pull-identity-missing": "pods pull with their service account's identity, and it "
        "has none that may",
    },
    f"{_ACR}/authenticate-aks-cross-tenant": {
        "cross-tenant-registry": "the registry is in another tenant than the cluster's identity",
    },
    _TOKENS: {
        "registry-token-disabled-or-expired": "the registry token in the pull secret is disabled or expired",
        "scope-map-lacks-repository-read": "the registry token's scope map does not cover this repository",
    },
    f"{_ACR}/container-registry-access-selected-networks": {
        "registry-firewall-excludes-cluster-egress": "the registry's firewall does not admit an address that the "
        "cluster leaves from",
        "registry-public-access-disabled-without-private-path": "the registry is closed to the public, and the "
        "nodes have no private way to it",
    },
    f"{_AKS}/egress-outboundtype": {
        "egress-ip-drift": "the cluster leaves from another address than when the firewall rule was written",
        "outbound-none-without-private-path": "the cluster has no way out by design, and no private one to the "
        "registry",
    },
    f"{_AKS}/egress-udr": {
        "udr-cluster-without-default-route": "the cluster counts on a default route of its own, and there is none",
    },
    f"{_ACR}/container-registry-vnet": {
        "service-endpoint-rule-mismatch": "traffic comes by a service endpoint, and the registry admits another subnet",
        "virtual-node-restricted-registry": "the pod runs on a virtual node, which cannot reach a restricted registry",
    },
    f"{_ACR}/container-registry-ipv6-dual-stack": {
        "dual-stack-ipv6-registry-allowlist": "the nodes leave by IPv6, and the registry's rules know only IPv4",
    },
    f"{_LEARN}/azure/virtual-network/virtual-network-service-endpoint-policies-overview": {
        "service-endpoint-policy-blocks-layer-storage": "a service endpoint policy keeps the nodes from the "
        "storage that holds the layers",
    },
    f"{_ACR}/container-registry-dedicated-data-endpoints": {
        "registry-data-endpoint-not-allowed": "the login server is reachable, and the host that serves the "
        "layers is not",
    },
    _PRIVATE: {
        "private-dns-record-missing-or-stale": "the private DNS zone has no record of the registry, or an old address",
        "private-dns-data-record-missing": "the private DNS zone lacks the record of the host that serves the layers",
        "private-endpoint-connection-not-approved": "the connection of the private endpoint is not approved",
        "private-endpoint-network-policies": "network policies of the private endpoint's subnet act on the traffic",
        "stale-vnet-link-after-private-endpoint-removal": "the private endpoint is gone, and its DNS zone still "
        "answers",
    },
    f"{_LEARN}/azure/private-link/private-endpoint-dns": {
        "custom-dns-does-not-forward": "the network's own DNS servers do not forward the registry's name to "
        "Azure's DNS",
        "private-link-zone-nxdomain-for-unrecorded-registry": "a linked private DNS zone says of this registry that it "
        "does not exist",
        "private-zone-shared-record-overwritten": "a second private endpoint overwrote the record of the first",
        "image-uses-privatelink-hostname": "the image names the registry by its privatelink host, which no "
        "certificate has",
    },
    f"{_ACR}/container-registry-get-started-azure-cli": {
        "dnl-login-server-mismatch": "the registry's login server carries a hash, and the image's host does not",
    },
    f"{_ACR}/container-registry-health-error-reference": {
        "cloud-suffix-mismatch": "the host belongs to another Azure cloud than the cluster",
    },
    f"{_AKS}/http-proxy": {
        "http-proxy-intercepts-registry": "the nodes' HTTP proxy stands between them and the registry",
    },
    f"{_AKS}/custom-certificate-authority": {
        "tls-inspection-ca-untrusted": "a firewall opens the TLS, and the nodes do not trust its certificate authority",
    },
    f"{_LEARN}/azure/virtual-network/service-tags-overview": {
        "imds-or-azure-dns-blocked": "the nodes cannot reach the instance metadata service or Azure's DNS",
    },
    f"{_AKS}/configure-load-balancer-standard": {
        "snat-port-exhaustion": "the nodes run out of outbound ports, so connections fail now and then",
    },
    f"{_ACR}/container-registry-retention-policy": {
        "digest-deleted-by-retention-or-purge": "a retention policy or a purge deleted what the reference names",
    },
    f"{_ACR}/container-registry-soft-delete-policy": {
        "soft-deleted-artifact": "the image is in the registry's bin and could be restored",
    },
    f"{_ACR}/container-registry-geo-replication": {
        "geo-replication-lag": "the replica that answers does not have the image yet",
        "regional-endpoint-unsupported-on-node-image": "the image names a regional endpoint that the node image "
        "does not know",
    },
    f"{_ACR}/container-registry-image-lock": {
        "image-or-repo-read-disabled": "reading is switched off for the image or its repository",
    },
    "https://github.com/Azure/acr/tree/main/docs/preview/quarantine": {
        "quarantine-policy-hides-image": "the registry keeps new images in quarantine until they are released",
    },
    f"{_ACR}/artifact-cache-overview": {
        "artifact-cache-upstream-failure": "the registry caches this image, and fetching it from its origin fails",
    },
    f"{_AKS}/network-isolated": {
        "network-isolated-cache-rule-missing": "the cluster starts from a registry that lacks the rule which caches "
        "Microsoft's images",
        "network-isolated-unsupported-config": "the registry that an isolated cluster starts from is set up in a "
        "way that is not supported",
    },
    f"{_AKS}/artifact-streaming": {
        "artifact-streaming-mirror-failure": "the node's mirror for streaming fails, and the pull falls back",
    },
    f"{_AKS}/upgrade-windows-os": {
        "windows-os-build-mismatch": "the Windows image is made for another build than the node's",
    },
    f"{_ACR}/container-registry-skus": {
        "registry-throttled": "the registry holds back because it is asked too often",
    },
    f"{_ACR}/tutorial-troubleshoot-customer-managed-keys": {
        "cmk-key-or-identity-unavailable": "the registry cannot reach the key that encrypts it, or the identity "
        "for that",
    },
    f"{_ACR}/container-registry-troubleshoot-performance": {
        "node-disk-full": "the node has no room left for the layers",
    },
}

CONDITIONS: Final[Mapping[str, Condition]] = MappingProxyType(
    {
        slug: Condition(slug, meaning, reference)
        for reference, meanings in _PAGES.items()
        for slug, meaning in meanings.items()
    }
)
