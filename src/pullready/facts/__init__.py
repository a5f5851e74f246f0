"""Frozen, typed views on documents. Importing this package registers every maker."""

from __future__ import annotations

from pullready.facts.base import Fact, Unread
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.graph import ClusterServicePrincipal
from pullready.facts.holders import Holders
from pullready.facts.known_hosts import ImageRegistry
from pullready.facts.nodes import PoolMachines
from pullready.facts.path.way import Way
from pullready.facts.placement import Placement
from pullready.facts.pull_bursts import PullBurst
from pullready.facts.pull_paths import PullPath
from pullready.facts.pull_rights import PullRight
from pullready.facts.pull_ways import ways
from pullready.facts.pulled_images import PulledImage
from pullready.facts.pullers import Puller, WorkloadPull
from pullready.facts.rights import Held
from pullready.facts.scope import MAKERS, Facts, Need, Scope, needs_of
from pullready.facts.secret_logins import SecretLogin

__all__ = [
    "MAKERS",
    "Cluster",
    "ClusterServicePrincipal",
    "Fact",
    "Facts",
    "Held",
    "Holders",
    "ImageRegistry",
    "Need",
    "NodePool",
    "Placement",
    "PoolMachines",
    "PullBurst",
    "PullPath",
    "PullRight",
    "PulledImage",
    "Puller",
    "Scope",
    "SecretLogin",
    "Unread",
    "Way",
    "WorkloadPull",
    "needs_of",
    "ways",
]
