"""The HTTP proxy that the nodes of a cluster are told to use.

Source: https://learn.microsoft.com/azure/aks/http-proxy
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.facts.base import decode
from pullready.facts.cluster import Cluster
from pullready.facts.routes import NotInAzure


class _Proxy(Struct, frozen=True):
    enabled: bool | UnsetType | None = UNSET
    httpProxy: str | UnsetType | None = UNSET
    httpsProxy: str | UnsetType | None = UNSET
    noProxy: list[str] | UnsetType | None = UNSET
    effectiveNoProxy: list[str] | UnsetType | None = UNSET
    trustedCa: str | UnsetType | None = UNSET


class _Security(Struct, frozen=True):
    customCATrustCertificates: list[str] | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    httpProxyConfig: _Proxy | UnsetType | None = UNSET
    securityProfile: _Security | UnsetType | None = UNSET


class _Cluster(Struct, frozen=True):
    properties: _Properties


def bypass_proxy(cluster: Cluster, host: str) -> None:
    """Raise :class:`NotInAzure` where the nodes of *cluster* reach *host* through a proxy.

    The proxy then resolves the name and makes the connection, from addresses of its own. A cluster without the
    property has no proxy (documented).
    """
    proxy = decode(cluster.document, _Cluster).properties.httpProxyConfig
    if not proxy or proxy.enabled is False or not (proxy.httpProxy or proxy.httpsProxy):
        return
    exempt = [*(proxy.noProxy or ()), *(proxy.effectiveNoProxy or ())]
    if any(_covers(entry.lower(), host) for entry in exempt):
        return
    raise NotInAzure(
        f"the nodes reach {host} through the cluster's HTTP proxy, which resolves its name and connects from elsewhere",
        f"Add {host} to noProxy, or name the proxy's addresses under egress-addresses: in pullready.yaml",
        document=cluster.document.id,
        pointer="/properties/httpProxyConfig",
    )


def trusts_more(cluster: Cluster) -> bool:
    """Say whether the nodes of *cluster* trust certificate authorities beside the public ones.

    Source: https://learn.microsoft.com/azure/aks/custom-certificate-authority
    """
    properties = decode(cluster.document, _Cluster).properties
    proxy, security = properties.httpProxyConfig, properties.securityProfile
    return bool((proxy and proxy.trustedCa) or (security and security.customCATrustCertificates))


def _covers(entry: str, host: str) -> bool:
    return host == entry.removeprefix(".") or host.endswith("." + entry.removeprefix("."))
