"""The registry that mirrors Microsoft's own images for a cluster whose network is isolated.

Source: https://learn.microsoft.com/azure/aks/concepts-network-isolated
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.facts.base import decode
from pullready.facts.cluster import Cluster


class _Profile(Struct, frozen=True):
    artifactSource: str | UnsetType | None = UNSET
    containerRegistryId: str | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    bootstrapProfile: _Profile | UnsetType | None = UNSET


class _Cluster(Struct, frozen=True):
    properties: _Properties


def bootstrap_registry(cluster: Cluster) -> str | None:
    """Return the resource id of the registry that mirrors them; none where they come from Microsoft's, as by default.

    Nodes pull them with the kubelet identity, even where service accounts pull what workloads name.
    """
    profile = decode(cluster.document, _Cluster).properties.bootstrapProfile
    if not profile or not profile.artifactSource or profile.artifactSource.lower() != "cache":
        return None
    return profile.containerRegistryId or None
