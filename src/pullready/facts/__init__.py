"""Frozen, typed views on documents. Importing this package registers every maker."""

from __future__ import annotations

from pullready.facts.base import Fact, Unread
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.graph import ClusterServicePrincipal
from pullready.facts.holders import Holders
from pullready.facts.known_hosts import ImageRegistry
from pullready.facts.nodes import PoolMachines
from pullready.facts.placement import Placement
from pullready.facts.pull_bursts import PullBurst
from pullready.facts.pull_paths import PullPath
from pullready.facts.pull_rights import PullRight
from pullready.facts.scope import MAKERS, Facts, Need, Scope, needs_of
from pullready.facts.secret_logins import SecretLogin

__all__ = [
    "MAKERS",
    "Cluster",
    "ClusterServicePrincipal",
    "Fact",
    "Facts",
    "Holders",
    "ImageRegistry",
    "Need",
    "NodePool",
    "Placement",
    "PoolMachines",
    "PullBurst",
    "PullPath",
    "PullRight",
    "Scope",
    "SecretLogin",
    "Unread",
    "needs_of",
]
