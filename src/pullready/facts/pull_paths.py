"""The way from each node pool to each registry: what its name leads to, and where its traffic comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts.access import AllNetworks, Disabled
from pullready.facts.base import SEPARATOR, Unread
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.egress import Egress
from pullready.facts.nodes import PROVISIONED
from pullready.facts.path.hosts import EndpointKind, layer_endpoints, login_endpoint
from pullready.facts.path.inspection import Inspection
from pullready.facts.path.proof import prove_answer
from pullready.facts.path.way import Way
from pullready.facts.registry import Registry
from pullready.facts.resolution import Private, Public, Resolution
from pullready.facts.scope import Facts, Need, Noting, Scope, fact
from pullready.verdict import Evidence


@dataclass(frozen=True)
class PullPath:
    """From the nodes of ``pool``, or without a pool from auto-provisioned ones, to ``registry``.

    Everything is made from its documents when it is asked for, and raises :class:`FactUnavailable` with the reason
    where one is missing: a judgement that does not ask is not harmed.
    """

    scope: Scope
    cluster: Cluster
    pool: NodePool | None
    registry: Registry

    @property
    def origin(self) -> str:
        """The pool's name, or what stands for nodes without a pool."""
        return self.pool.name if self.pool else PROVISIONED

    @property
    def subject(self) -> str:
        """Pool and registry, as in ``linux1 → shopimages.azurecr.io``."""
        return f"{self.origin}{SEPARATOR}{self.registry.subject}"

    @cached_property
    def resolution(self) -> Resolution:
        """Which address the nodes get for the registry's name."""
        return Resolution(self.scope, self.cluster, self.pool, self.registry)

    @cached_property
    def egress(self) -> Egress:
        """Which public addresses the nodes leave from."""
        return Egress(self.scope, self.cluster, self.pool, self.registry)

    @cached_property
    def ways(self) -> tuple[Way | Unread, ...]:
        """The way to each endpoint of the registry: first to its login server, then to where the layers are.

        Unread are the latter where they cannot be told.
        """
        suffix = self.scope.settings.cloud.storage_suffix
        storage = f"*.blob.{suffix}" if suffix else None
        login = Way(self, login_endpoint(self.registry))
        try:
            layers = layer_endpoints(self.registry, self.resolution.endpoints, storage)
        except FactUnavailable as why:
            return (login, Unread(self.subject, why))
        return (login, *(Way(self, endpoint) for endpoint in layers))

    @cached_property
    def inspections(self) -> dict[str, Inspection]:
        """The inspections by Azure Firewalls, by the firewall's id in lower case, as far as they were asked for."""
        return {}

    @property
    def is_private(self) -> bool:
        """Whether the registry's name leads to a private endpoint; raise where that is not proven."""
        return isinstance(self.resolution.answer, Private)

    @property
    def may_leave(self) -> bool:
        """Whether connections may go to the registry's public addresses: they do, or the contrary is not proven."""
        try:
            return isinstance(self.resolution.answer, Public)
        except FactUnavailable:
            return True

    @property
    def without_nodes(self) -> Evidence | None:
        """The state of a pool that has no nodes and gets none; none of a pool that can have some."""
        if self.pool is None or self.pool.can_have_nodes:
            return None
        power = self.pool.wire.powerState
        stopped = bool(power and power.code and power.code.lower() == "stopped")
        return self.pool.evidence("/powerState/code" if stopped else "/count", "the pool has no nodes")

    @property
    def may_have_nodes(self) -> bool:
        """Whether the pool has nodes or can get some, or nothing says that it does not."""
        with suppress(FactUnavailable):
            return self.without_nodes is None
        return True

    @property
    def is_changing(self) -> bool:
        """Whether Azure is changing cluster or registry right now, so that a fault may already be mended."""
        return self.cluster.is_updating or self.registry.is_updating


@fact(Need.VIRTUAL_NETWORKS, Need.OUTBOUND_ADDRESSES, Need.PRIVATE_ENDPOINTS, Need.PRIVATE_DNS)
def pull_paths(
    scope: Scope, cluster: Cluster, registries: tuple[Registry | Unread, ...]
) -> tuple[PullPath | Unread, ...]:
    """Return the way from each pool, and from auto-provisioned nodes, to each registry.

    Unread registries stand in it as they are.
    """
    origins: list[NodePool | None] = [*cluster.pools]
    if cluster.provisions_nodes:
        origins.append(None)
    paths: list[PullPath | Unread] = []
    for registry in registries:
        if isinstance(registry, Unread):
            paths.append(registry)
        else:
            paths.extend(PullPath(scope, cluster, origin, registry) for origin in origins)
    return tuple(paths)


def next_documents(scope: Scope) -> tuple[str, ...]:
    """Return the ids of the documents that judging the paths asks for next and that were never asked for.

    Which these are depends on what the earlier ones said: read them, and call again with the fuller snapshot, until
    there are none. The needs are those of :func:`pull_paths`; the cluster, the registries and the manifests come first.
    """
    asked = Noting(scope.snapshot)
    with suppress(FactUnavailable, NothingToJudge):
        made = Facts(replace(scope, snapshot=asked))("pull_paths")
        for path in made:
            if isinstance(path, PullPath) and path.may_have_nodes:
                asked.until_missed(partial(ask, path) for ask in (_ask_resolution, _ask_egress))
    return asked.missed


def _ask_resolution(path: PullPath) -> None:
    if path.resolution.endpoints.approved:
        for network in path.resolution.resolvers.networks:
            for host in _hosts(path):
                with suppress(FactUnavailable):
                    path.resolution.answer_in(network, host)
    for way in path.ways:
        with suppress(FactUnavailable):
            prove_answer(way)


def _hosts(path: PullPath) -> Iterator[str]:
    """Yield what the nodes ask DNS for: the login server, and the data endpoints as far as they are known yet."""
    yield path.registry.login_server
    with suppress(FactUnavailable):
        for way in path.ways:
            if isinstance(way, Way) and way.endpoint.kind is EndpointKind.DATA and way.endpoint.host:
                yield way.endpoint.host


def _ask_egress(path: PullPath) -> None:
    match path.registry.public_access:
        case Disabled():
            _ = path.egress.subnet  # where a private endpoint would be
        case AllNetworks() if path.egress.shuts_nodes_in is None:
            return
        case _:
            if path.may_leave:
                _ = path.egress.addresses
