"""Reading what images registries hold, what Azure says beside that, and what is kept of the answers.

The configuration of an image holds environment variables, commands and build arguments, and annotations hold what
anybody wrote there: an allow-list keeps what facts use, and nothing else.

Source of the requests: https://learn.microsoft.com/rest/api/containerregistry/cache-rules/list and
https://learn.microsoft.com/rest/api/compute/resource-skus/list
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

from pullready.collectors.permissions import Permission, Waiting, collector
from pullready.collectors.reduction import VALUE, Shape, part_of
from pullready.collectors.wishes import read_wishes
from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import ids
from pullready.facts.artifact_properties import quarantine_state
from pullready.facts.artifacts import Build
from pullready.facts.base import Unread
from pullready.facts.pulled_images import PulledImage, pulled
from pullready.facts.scope import Facts, Need, Scope
from pullready.facts.vm_sizes import CAPABILITY, RESOURCE_TYPE
from pullready.predicates.deleted_image import soft_deleted
from pullready.predicates.image_manifest import manifest_missing, manifests_taken
from pullready.predicates.image_platform import architecture_mismatch
from pullready.predicates.image_reading import reading_disabled
from pullready.predicates.windows_build import windows_build_mismatch
from pullready.snapshot import Provider, Status
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
_GONE: Final = {"digest": VALUE, "deletedAt": VALUE}
_BIN: Final = {"tags": [{"tag": VALUE, **_GONE}], "manifests": [_GONE]}
_REGISTRIES: Final = "the registries of the images, to be asked for them; not with `read-registries: false`"
_BY_REPOSITORY: Final = "the same where they grant by repository, as a data action"
#: By what stands in a document's id. The rest of what a registry may answer is none of what is asked for.
_SHAPES: Final[dict[str, Shape]] = {
    "/acr/v1/_deleted/": _BIN,
    "/manifests/": _MANIFEST,
    "/blobs/": _PLATFORM,
    "/acr/v1/": _PROPERTIES,
}
Judge = Callable[[PulledImage], Iterator[Judgement]]
#: What judges images by what registries hold of them: all that these look at is read.
JUDGES: Final[tuple[Judge, ...]] = (
    manifest_missing,
    soft_deleted,
    reading_disabled,
    architecture_mismatch,
    windows_build_mismatch,
)


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
    Need.ARTIFACTS,
    permissions=(
        Permission("Microsoft.ContainerRegistry/registries/pull/read", _REGISTRIES),
        Permission("Microsoft.ContainerRegistry/registries/deleted/read", "registries that lack an image: their bin"),
        Permission("Microsoft.ContainerRegistry/registries/cacheRules/read", "the registries of the images"),
        Permission("Microsoft.ContainerRegistry/registries/repositories/content/read", _BY_REPOSITORY, is_data=True),
        Permission("Microsoft.ContainerRegistry/registries/repositories/metadata/read", _BY_REPOSITORY, is_data=True),
    ),
    after=(Need.WORKLOADS, Need.CLUSTER, Need.REGISTRIES),
)
def read_artifacts(scope: Scope) -> Waiting:
    """Ask the target's registries for the images that its workloads name, each once, unless the settings say not to."""
    if not scope.settings.read_registries:
        return frozenset()
    rules = yield _rules_of_registries(scope)
    return (yield from read_wishes(scope.with_documents(rules), _looked_at, frozenset({Provider.REGISTRY})))


def _rules_of_registries(scope: Scope) -> list[str]:
    """Return the lists of the cache rules that decide which images may be asked for without changing anything."""
    registries = (image.registry().id for image in _images(scope))
    return list({id_.casefold(): ids.cache_rules_of(id_) for id_ in registries}.values())


def _looked_at(scope: Scope) -> Iterator[Callable[[], object]]:
    """Yield what to look at of each image: which manifests matter, the machines tell on which its pods may land."""
    for image in _images(scope):
        if not _may_be_asked(image):
            continue
        yield partial(_builds, image)
        yield partial(_quarantine, image)
        if image.artifact.document.status is not Status.NOT_ASKED and _knows_sizes(image):
            yield from (partial(_judge, judge, image) for judge in JUDGES)


def _may_be_asked(image: PulledImage) -> bool:
    """Say whether it is certain that asking for the image makes no registry fetch it from elsewhere."""
    try:
        return bool(image.artifact)
    except (FactUnavailable, NothingToJudge):
        return False


def _builds(image: PulledImage) -> None:
    for build in image.artifact.builds:
        _platform_of(build)


def _quarantine(image: PulledImage) -> None:
    """Look at how an image stands in quarantine, and what nodes take of it, where its registry keeps images there."""
    if image.registry().quarantines:
        quarantine_state(image.artifact)
        for build, _ in manifests_taken(image) if image.artifact.is_index else ():
            quarantine_state(build.artifact)


def _platform_of(build: Build) -> object:
    try:
        return build.platform
    except FactUnavailable as why:
        return why


def _knows_sizes(image: PulledImage) -> bool:
    """Say whether it was read, or cannot be, which processors the nodes have that the pods may land on."""
    try:
        unknown = [one.architecture for one in image.landings if isinstance(one.architecture, FactUnavailable)]
    except FactUnavailable:
        return True
    return all(not why.document or why.document in image.scope.snapshot for why in unknown)


def _images(scope: Scope) -> Iterator[PulledImage]:
    """Yield the images that registries of the target are asked for, else those of which something was read before."""
    facts = Facts(scope)
    if not scope.settings.read_registries:
        yield from _distinct(facts("pulled_images"))
        return
    for image in _distinct(pulled(scope, facts("images"), facts("placements"))):
        if _is_in_known_registry(image):
            yield image


def _distinct(images: Iterable[PulledImage | Unread]) -> Iterator[PulledImage]:
    """Yield of the images of many workloads those for which other documents may matter: each for pods of one kind."""
    seen: set[bytes] = set()
    for image in images:
        if isinstance(image, PulledImage) and image.use.likeness not in seen:
            seen.add(image.use.likeness)
            yield image


def _is_in_known_registry(image: PulledImage) -> bool:
    """Say whether the image names a registry that Azure shows to the caller: no other is asked for anything."""
    try:
        return bool(image.registry())
    except (FactUnavailable, NothingToJudge):
        return False


@collector(
    Need.CACHE_RULES,
    permissions=(Permission("Microsoft.ContainerRegistry/registries/cacheRules/read", "the registries of the images"),),
)
def read_cache_rules(scope: Scope) -> Waiting:
    """Read the cache rules of the registries that are asked, else of those that do not have what an image names."""
    looked_at = _rules if scope.settings.read_registries else partial(_judged, by=manifest_missing)
    return (yield from read_wishes(scope, looked_at))


def _rules(scope: Scope) -> Iterator[Callable[[], object]]:
    for id_ in _rules_of_registries(scope):
        yield partial(scope.document, id_)


@collector(
    Need.VM_SIZES,
    permissions=(Permission("Microsoft.Compute/skus/read", "the cluster's subscription"),),
)
def read_vm_sizes(scope: Scope) -> Waiting:
    """Read the sizes of machines where the cluster is, if the platform of an image is read, or was."""
    looked_at = _nodes if scope.settings.read_registries else partial(_judged, by=architecture_mismatch)
    return (yield from read_wishes(scope, looked_at))


def _nodes(scope: Scope) -> Iterator[Callable[[], object]]:
    """Yield one image's nodes to look at: the sizes of machines are the same for all."""
    for image in islice(_images(scope), 1):
        yield partial(getattr, image, "landings")


def _judged(scope: Scope, by: Judge) -> Iterator[Callable[[], object]]:
    for image in _images(scope):
        yield partial(_judge, by, image)


def _judge(by: Judge, image: PulledImage) -> list[Judgement]:
    return list(by(image))
