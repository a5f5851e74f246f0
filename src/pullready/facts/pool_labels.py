"""The labels and taints that AKS gives the nodes of a pool, as far as the pool's definition tells them.

Sources: https://learn.microsoft.com/azure/aks/use-labels and
https://learn.microsoft.com/azure/aks/reserved-system-labels
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts.cluster import NodePool
from pullready.facts.live_nodes import POOL_LABELS
from pullready.facts.scheduling import Labels, Possible, Taint, taint
from pullready.facts.windows_builds import BUILD_LABEL, node_builds

LINUX: Final = "linux"
WINDOWS: Final = "windows"
OS_LABELS: Final = ("kubernetes.io/os", "beta.kubernetes.io/os")
ARCHITECTURE_LABELS: Final = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
_SIZE_LABELS: Final = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_REGION_LABELS: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_ZONE_LABELS: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_DIGITS: Final = "0123456789"
_PRIORITY: Final = "kubernetes.azure.com/scalesetpriority"
#: AKS has Windows on one architecture only. Source: https://learn.microsoft.com/azure/aks/use-arm64-vms
ARCHITECTURES: Final[dict[str, Possible]] = {
    LINUX: frozenset({"amd64", "arm64"}),
    WINDOWS: frozenset({"amd64"}),
}
#: AKS puts it on the nodes of every spot pool. Source: https://learn.microsoft.com/azure/aks/spot-node-pool
_SPOT: Final = Taint(_PRIORITY, "spot", "NoSchedule")
#: Pools whose nodes take ordinary pods. How AKS keeps those off its other pools is not read.
ORDINARY_MODES: Final = frozenset({"system", "user"})


def labels_of(pool: NodePool) -> Labels:
    """Return what is known of the labels of the pool's nodes."""
    wire, os = pool.wire, pool.os_type
    labels: dict[str, Possible] = {key: frozenset({value}) for key, value in (wire.nodeLabels or {}).items()}
    labels |= dict.fromkeys(OS_LABELS, frozenset({os}))
    labels |= dict.fromkeys(POOL_LABELS, frozenset({pool.name}))
    if os in ARCHITECTURES:
        labels |= dict.fromkeys(ARCHITECTURE_LABELS, ARCHITECTURES[os])
    if wire.vmSize:
        labels |= dict.fromkeys(_SIZE_LABELS, frozenset({wire.vmSize}))
    if wire.mode and wire.mode.lower() in ORDINARY_MODES:
        labels["kubernetes.azure.com/mode"] = frozenset({wire.mode.lower()})
    labels["kubernetes.azure.com/role"] = frozenset({"agent"})
    labels[_PRIORITY] = frozenset({"spot"}) if is_spot(pool) else frozenset({"regular", None})
    return {**labels, **_of_image(pool), **_of_region(pool)}


def _of_image(pool: NodePool) -> Labels:
    """Return the labels that tell what the nodes are installed with."""
    labels: dict[str, Possible] = {}
    if sku := pool.wire.osSKU:
        # Ubuntu2204 is Ubuntu in one of its versions, and nodes may be labelled as either.
        labels["kubernetes.azure.com/os-sku"] = frozenset(
            {sku} if pool.os_type == WINDOWS else {sku, sku.rstrip(_DIGITS)}
        )
    if pool.wire.nodeImageVersion:
        labels["kubernetes.azure.com/node-image-version"] = frozenset({pool.wire.nodeImageVersion})
    if pool.os_type != WINDOWS:
        labels[BUILD_LABEL] = frozenset({None})
    else:
        with suppress(FactUnavailable):
            labels[BUILD_LABEL] = frozenset(map(str, node_builds(pool).possible))
    return labels


def _of_region(pool: NodePool) -> Labels:
    """Return the labels that tell where the nodes are; without zones it is their fault domain, a small number."""
    region = pool.region
    if not region:
        return {}
    zones = pool.wire.availabilityZones
    places = {f"{region}-{zone}" for zone in zones} if zones else set(_DIGITS)
    return {
        **dict.fromkeys(_REGION_LABELS, frozenset({region})),
        **dict.fromkeys(_ZONE_LABELS, frozenset(places)),
    }


def of_architecture(architecture: str | None) -> Labels:
    """Return the labels of nodes whose processors are *architecture*; none where that is not known."""
    return dict.fromkeys(ARCHITECTURE_LABELS, frozenset({architecture})) if architecture else {}


def taints_of(pool: NodePool) -> tuple[Taint, ...]:
    """Return the taints of the pool's nodes; without any, ``nodeTaints`` is absent or holds an empty text."""
    named = tuple(taint(text) for text in pool.wire.nodeTaints or () if text)
    return (*named, _SPOT) if is_spot(pool) and _SPOT not in named else named


def is_spot(pool: NodePool) -> bool:
    """Say whether the pool's nodes are spot instances; ``scaleSetPriority`` is ``Regular`` unless it is given."""
    return bool(pool.wire.scaleSetPriority) and str(pool.wire.scaleSetPriority).lower() == "spot"
