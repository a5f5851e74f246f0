"""What is kept of a registry's answers, and reading what Azure says beside them.

The configuration of an image holds environment variables, commands and build arguments, and annotations hold what
anybody wrote there: an allow-list keeps what facts use, and nothing else.

Source of the requests: https://learn.microsoft.com/rest/api/containerregistry/cache-rules/list and
https://learn.microsoft.com/rest/api/compute/resource-skus/list
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from pullready.collectors.permissions import Permission, Reading, collector
from pullready.collectors.reduction import VALUE, Shape, part_of
from pullready.collectors.wishes import read_wishes
from pullready.facts.pulled_images import PulledImage
from pullready.facts.scope import Facts, Need, Scope
from pullready.facts.vm_sizes import CAPABILITY, RESOURCE_TYPE
from pullready.predicates.image_manifest import manifest_missing
from pullready.predicates.image_platform import architecture_mismatch
from pullready.verdict import Judgement

_PLATFORM: Final = {"os": VALUE, "architecture": VALUE, "variant": VALUE, "os.version": VALUE, "os.features": [VALUE]}
_DESCRIPTOR: Final = {"mediaType": VALUE, "artifactType": VALUE, "digest": VALUE, "size": VALUE, "platform": _PLATFORM}
_MANIFEST: Final = {
    "schemaVersion": VALUE,
    "mediaType": VALUE,
    "artifactType": VALUE,
    "config": _DESCRIPTOR,
    "layers": [_DESCRIPTOR],
    "manifests": [_DESCRIPTOR],
}
_ATTRIBUTES: Final = {
    "readEnabled": VALUE,
    "listEnabled": VALUE,
    "quarantineState": VALUE,
}
_DATED: Final = {"createdTime": VALUE, "lastUpdateTime": VALUE, "changeableAttributes": _ATTRIBUTES}
_PROPERTIES: Final = {
    "registry": VALUE,
    "imageName": VALUE,
    "tag": {"name": VALUE, "digest": VALUE, **_DATED},
    "manifest": {"digest": VALUE, "mediaType": VALUE, "tags": [VALUE], "os": VALUE, "architecture": VALUE, **_DATED},
    **_DATED,
}
#: By what stands in a document's id. The rest of what a registry may answer is none of what is asked for.
_SHAPES: Final[dict[str, Shape]] = {"/manifests/": _MANIFEST, "/blobs/": _PLATFORM, "/acr/v1/": _PROPERTIES}
Judge = Callable[[PulledImage], Iterator[Judgement]]


def reduced(id_: str, body: Any) -> Any:
    """Return what facts use of what a registry answered to the question *id_*."""
    path = id_.removeprefix("https://").partition("/")[2]
    shape = next((shape for part, shape in _SHAPES.items() if part in f"/{path}"), None)
    return part_of(body, shape) if shape and isinstance(body, dict) else {}


def reduced_sizes(body: Any) -> Any:
    """Return the names of the sizes in Azure's list of several megabytes, with the architecture of each."""
    return {"value": [_size(one) for one in body["value"] if _is_size(one)]}


def _is_size(one: Any) -> bool:
    return isinstance(one, dict) and str(one.get("resourceType")).casefold() == RESOURCE_TYPE


def _size(one: dict[str, Any]) -> dict[str, Any]:
    capabilities = one.get("capabilities")
    told = [two for two in capabilities if _is_architecture(two)] if isinstance(capabilities, list) else []
    return {"resourceType": one["resourceType"], "name": one.get("name"), "capabilities": told}


def _is_architecture(one: Any) -> bool:
    return isinstance(one, dict) and str(one.get("name")).casefold() == CAPABILITY


@collector(
    Need.CACHE_RULES,
    permissions=(
        Permission("Microsoft.ContainerRegistry/registries/cacheRules/read", "registries that lack an image"),
    ),
)
def read_cache_rules(scope: Scope) -> Reading:
    """Read the cache rules of registries that do not have what an image names."""
    yield from read_wishes(scope, partial(_judged, by=manifest_missing))


@collector(
    Need.VM_SIZES,
    permissions=(Permission("Microsoft.Compute/skus/read", "the cluster's subscription"),),
)
def read_vm_sizes(scope: Scope) -> Reading:
    """Read the sizes of machines where the cluster is, if the platform of an image was read."""
    yield from read_wishes(scope, partial(_judged, by=architecture_mismatch))


def _judged(scope: Scope, by: Judge) -> Iterator[Callable[[], object]]:
    for image in Facts(scope)("pulled_images"):
        if isinstance(image, PulledImage):
            yield partial(_judge, by, image)


def _judge(by: Judge, image: PulledImage) -> list[Judgement]:
    return list(by(image))
