"""Conditions that several symptoms point to, the likeliest first."""

from __future__ import annotations

from typing import Final

ANONYMOUS: Final = (
    "kubelet-pull-role-missing",
    "pull-role-on-stale-principal",
    "pull-role-on-wrong-identity",
    "kubelet-identity-not-on-vmss",
    "kubelet-identity-deleted",
    "abac-registry-acrpull-not-honoured",
    "acr-audience-only-registry-old-node-image",
    "cross-tenant-registry",
    "service-account-image-pull-identity-missing",
    "pull-secret-wrong-server-key",
    "pull-secret-not-referenced-or-wrong-namespace",
    "image-reference-registry-unknown",
    "role-assignment-not-propagated",
    "role-via-group-latency",
    "custom-role-ineffective",
    "imds-or-azure-dns-blocked",
    "nap-karpenter-node-identity",
    "pod-identity-interference",
    "regional-endpoint-unsupported-on-node-image",
    "deny-assignment-blocks-pull",
    "time-bound-role-assignment",
    "node-resource-group-unlocked",
)
PRESENTED: Final = (
    "cluster-sp-secret-expired",
    "pull-secret-sp-invalid-or-expired",
    "pull-secret-admin-password-stale",
    "registry-token-disabled-or-expired",
    "scope-map-lacks-repository-read",
    "abac-condition-excludes-repository",
    "abac-mode-switch-stale-credentials",
    "sp-to-msi-migration-incomplete",
    "pull-secret-entra-token-expired",
    "admin-user-disabled-with-admin-secret",
    "kubelet-pull-role-missing",
    "abac-registry-acrpull-not-honoured",
)
FORBIDDEN: Final = (
    "private-dns-zone-not-linked-to-cluster-vnet",
    "custom-dns-does-not-forward",
    "registry-firewall-excludes-cluster-egress",
    "registry-public-access-disabled-without-private-path",
    "service-endpoint-rule-mismatch",
    "egress-ip-drift",
    "http-proxy-intercepts-registry",
    "cmk-key-or-identity-unavailable",
    "virtual-node-restricted-registry",
)
PRIVATE_TIMEOUT: Final = (
    "vnet-peering-missing-or-disconnected",
    "hub-firewall-blocks-private-endpoint",
    "private-endpoint-network-policies",
    "private-dns-record-missing-or-stale",
    "private-endpoint-connection-not-approved",
    "nsg-blocks-registry-egress",
    "route-table-blackholes-registry",
    "nva-or-firewall-blocks-registry",
    "private-zone-shared-record-overwritten",
)
PUBLIC_TIMEOUT: Final = (
    "nsg-blocks-registry-egress",
    "route-table-blackholes-registry",
    "nva-or-firewall-blocks-registry",
    "outbound-none-without-private-path",
    "udr-cluster-without-default-route",
    "snat-port-exhaustion",
)
DATA: Final = (
    "registry-data-endpoint-not-allowed",
    "private-dns-data-record-missing",
    "service-endpoint-policy-blocks-layer-storage",
    "nsg-blocks-registry-egress",
    "route-table-blackholes-registry",
    "nva-or-firewall-blocks-registry",
    "hub-firewall-blocks-private-endpoint",
)
UNRESOLVED: Final = (
    "custom-dns-does-not-forward",
    "private-link-zone-nxdomain-for-unrecorded-registry",
    "stale-vnet-link-after-private-endpoint-removal",
    "image-reference-registry-unknown",
    "dnl-login-server-mismatch",
    "private-dns-record-missing-or-stale",
    "cloud-suffix-mismatch",
    "regional-endpoint-unsupported-on-node-image",
)
ABSENT: Final = (
    "image-manifest-missing",
    "digest-deleted-by-retention-or-purge",
    "geo-replication-lag",
    "quarantine-policy-hides-image",
    "soft-deleted-artifact",
    "artifact-cache-upstream-failure",
    "network-isolated-cache-rule-missing",
    "image-reference-registry-unknown",
)
PLATFORM: Final = ("pod-os-nodeselector-mismatch", "image-architecture-mismatch", "windows-os-build-mismatch")
UNTRUSTED: Final = ("tls-inspection-ca-untrusted", "http-proxy-intercepts-registry")
BOOTSTRAP: Final = (
    "network-isolated-cache-rule-missing",
    "imds-or-azure-dns-blocked",
    "network-isolated-unsupported-config",
)


def first(slug: str, rest: tuple[str, ...]) -> tuple[str, ...]:
    """Return *rest* with *slug* in front."""
    return (slug, *(one for one in rest if one != slug))
