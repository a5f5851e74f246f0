"""The nodes that a live cluster has: the labels and taints that they really have, whoever put them there.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec
from msgspec import Struct

from pullready.errors import NothingToJudge
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.cluster import NodePool
from pullready.facts.scheduling import Possible, Taint
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Provider
from pullready.verdict import Evidence

#: The labels that AKS names a node's pool by.
POOL_LABELS: Final = ("kubernetes.azure.com/agentpool", "agentpool")


class _Taint(Struct, frozen=True):
    key: str = ""
    value: str | None = None
    effect: str = ""


class _Spec(Struct, frozen=True):
    taints: tuple[_Taint, ...] | None = None


class _Metadata(Struct, frozen=True):
    name: str
    labels: dict[str, str] | None = None


class _Node(Struct, frozen=True):
    metadata: _Metadata
    spec: _Spec | None = None


class _Nodes(Struct, frozen=True):
    items: tuple[_Node, ...]


class LiveNode(Fact, frozen=True):
    """A node of the live cluster; ``base`` points at it in the list of nodes."""

    wire: _Node

    @property
    def name(self) -> str:
        """The node's name, which is also what ``matchFields`` and ``nodeName`` go by."""
        return self.wire.metadata.name

    @property
    def labels(self) -> Mapping[str, str]:
        """All labels that it has."""
        return self.wire.metadata.labels or {}

    @property
    def taints(self) -> tuple[Taint, ...]:
        """All taints that it has, those among them that come and go with its condition."""
        return tuple(
            Taint(one.key, one.value or "", one.effect) for one in (self.wire.spec and self.wire.spec.taints) or ()
        )

    @property
    def pool(self) -> str | None:
        """The name of its pool; what node auto-provisioning made is of none."""
        return next((self.labels[label] for label in POOL_LABELS if label in self.labels), None)

    def labelled(self, key: str, says: str) -> Evidence:
        """Return its label *key* as evidence."""
        return self.evidence(f"/metadata/labels/{key.replace('~', '~0').replace('/', '~1')}", says)

    def possible(self, keys: Iterable[str]) -> dict[str, Possible]:
        """Return what it has of the labels *keys*: every one is known, and be it that it lacks it."""
        return {key: frozenset({self.labels.get(key)}) for key in keys}


class LiveNodes(msgspec.Struct, frozen=True, dict=True):
    """The nodes of a live cluster; none where it was not read."""

    nodes: tuple[LiveNode, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, LiveNode]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def _by_pool(self) -> Mapping[str | None, list[LiveNode]]:
        found: defaultdict[str | None, list[LiveNode]] = defaultdict(list)
        for node in self.nodes:
            found[node.pool].append(node)
        return found

    def named(self, name: str | None) -> LiveNode | None:
        """Return the node of that name; none where there is none."""
        return self._by_name.get(name) if name else None

    def of(self, pool: NodePool) -> Sequence[LiveNode]:
        """Return the nodes of *pool*."""
        return self._by_pool.get(pool.name, ())

    @cached_property
    def _differing(self) -> dict[tuple[str, frozenset[str]], tuple[LiveNode, ...]]:
        return {}

    def differing(self, pool: NodePool, keys: frozenset[str]) -> tuple[LiveNode, ...]:
        """Return one node of *pool* for each combination of what its nodes have of the labels *keys*."""
        known = self._differing
        if (pool.name, keys) not in known:
            nodes = {tuple(node.labels.get(key) for key in keys): node for node in self.of(pool)}
            known[pool.name, keys] = tuple(nodes.values())
        return known[pool.name, keys]


@fact(Need.NODES)
def live_nodes(scope: Scope) -> LiveNodes:
    """Return the nodes of the target's live cluster; raise :class:`NothingToJudge` where none is named to be read."""
    if scope.target.context is None:
        raise NothingToJudge("no context is named to read the live cluster by")
    document = scope.document(ids.live_nodes(scope.target.context), Provider.KUBERNETES)
    items = decode(document, _Nodes).items
    return LiveNodes(tuple(LiveNode(document, f"/items/{index}", one) for index, one in enumerate(items)))
