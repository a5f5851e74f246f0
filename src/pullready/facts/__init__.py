"""Frozen, typed views on documents. Importing this package registers every maker."""

from __future__ import annotations

from pullready.facts.base import Fact, Unread
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.graph import ClusterServicePrincipal
from pullready.facts.holders import Holders
from pullready.facts.image_hosts import ImageHost
from pullready.facts.images import ImageUse
from pullready.facts.known_hosts import ImageRegistry
from pullready.facts.nodes import PoolMachines
from pullready.facts.path.way import Way
from pullready.facts.placement import Placement
from pullready.facts.pull_bursts import PullBurst
from pullready.facts.pull_paths import PullPath
from pullready.facts.pull_policies import PullPolicy
from pullready.facts.pull_rights import PullRight
from pullready.facts.pull_ways import ways
from pullready.facts.pulled_images import PulledImage
from pullready.facts.pullers import Puller, WorkloadPull
from pullready.facts.quarantined_images import QuarantinedImage
from pullready.facts.rights import Held
from pullready.facts.scope import MAKERS, Facts, Need, Scope, needs_of
from pullready.facts.secret_logins import SecretLogin
from pullready.facts.secret_references import SecretReference

__all__ = [
    "MAKERS",
    "Cluster",
    "ClusterServicePrincipal",
    "Fact",
    "Facts",
    "Held",
    "Holders",
    "ImageHost",
    "ImageRegistry",
    "ImageUse",
    "Need",
    "NodePool",
    "Placement",
    "PoolMachines",
    "PullBurst",
    "PullPath",
    "PullPolicy",
    "PullRight",
    "PulledImage",
    "Puller",
    "QuarantinedImage",
    "Scope",
    "SecretLogin",
    "SecretReference",
    "Unread",
    "Way",
    "WorkloadPull",
    "needs_of",
    "ways",
]
