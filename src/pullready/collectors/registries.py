"""Reading the cluster, and finding the registries that its images come from.

Source of the requests: https://learn.microsoft.com/rest/api/aks/managed-clusters/get and
https://learn.microsoft.com/rest/api/containerregistry/registries
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pullready.collectors import grants, resource_graph
from pullready.collectors.permissions import Permission, Reading, Waiting, collector
from pullready.collectors.wishes import read_wishes
from pullready.facts.known_hosts import ImageRegistry
from pullready.facts.scope import Facts, Need, Scope
from pullready.predicates.image_reference import registry_unknown
from pullready.predicates.login_server import host_without_label
from pullready.verdict import Judgement

_SUBSCRIPTION: Final = "the cluster's subscription"


@collector(
    Need.CLUSTER,
    permissions=(
        Permission("Microsoft.ContainerService/managedClusters/read", "the cluster"),
        resource_graph.PERMISSION,
    ),
)
def read_cluster(scope: Scope) -> Reading:
    """Read the target's cluster; its agent pools are inside."""
    yield [str(scope.target.cluster)]


@collector(
    Need.REGISTRIES,
    permissions=(
        Permission("Microsoft.ContainerRegistry/registries/read", _SUBSCRIPTION),
        Permission(grants.PERMISSION, _SUBSCRIPTION),
        resource_graph.PERMISSION,
    ),
)
def read_registries(scope: Scope) -> Waiting:
    """Read the registries that are given by id, and look for the others in the cluster's subscription."""
    return (yield from read_wishes(scope, lambda scope: [lambda: Facts(scope)("registries")]))


@collector(
    Need.REGISTRY_NAMES,
    permissions=(Permission("Microsoft.ContainerRegistry/checkNameAvailability/read", _SUBSCRIPTION),),
)
def read_registry_names(scope: Scope) -> Waiting:
    """Ask whether the registries that were not found exist at all, somewhere out of reach; asking changes nothing."""
    return (yield from read_wishes(scope, _judge_references))


def _judge_references(scope: Scope) -> Iterator[Callable[[], object]]:
    for image in Facts(scope)("image_registries"):
        if isinstance(image, ImageRegistry):
            yield partial(_judge, image)


def _judge(image: ImageRegistry) -> list[Judgement]:
    return [*registry_unknown(image), *host_without_label(image)]
