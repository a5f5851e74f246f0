"""The images that a target's workloads name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from msgspec import json
from msgspec.structs import replace

from pullready.config import Settings
from pullready.errors import FactUnavailable
from pullready.facts.base import Fact, Unread
from pullready.facts.hosts import LoginServer, Ported, form_of, is_declared
from pullready.facts.objects import KubernetesObject, located, objects
from pullready.facts.pods import CONTAINERS, POD_SPECS, is_custom, pod_specs
from pullready.facts.reference import ImageReference, InvalidReference, has_placeholder, parse
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.workloads import Workload
from pullready.verdict import Location

_REMEDY: Final = (
    "Judge the pods that come of it: name the live cluster's context in pullready.yaml, or exclude the file there"
)


#: Kubernetes' own kinds that either name images in pod specifications alone, or hold texts of any kind.
_PLAIN: Final = frozenset(
    {*POD_SPECS, "ConfigMap", "CustomResourceDefinition", "Secret", "ServiceAccount", "RuntimeClass"}
)


class ImageUse(Fact, frozen=True, dict=True):
    """An image that a workload names, once however many of its containers do; ``base`` points at the first mention.

    ``container`` is the name of the first container (or ``volume`` and a volume's name), ``image`` the text as written.
    """

    workload: Workload
    container: str
    image: str

    @cached_property
    def reference(self) -> ImageReference | InvalidReference:
        """What the text says; why it says nothing, where it is malformed."""
        return parse(self.image)

    @property
    def subject(self) -> str:
        """Image and workload, as in ``shopimages.azurecr.io/web:1.4 in Deployment shop/web``."""
        return f"{self.image or '(no image)'} in {self.workload.subject}"

    @property
    def location(self) -> Location | None:
        """The line that names the image."""
        return located(self.document, self.base)

    @cached_property
    def likeness(self) -> bytes:
        """What decides which nodes take which image: the text, and all that the workload's pods ask for of nodes.

        Uses that are alike in it are looked at once, however many workloads there are.
        """
        spec = replace(self.workload.pod.wire, imagePullSecrets=None, serviceAccountName=None, serviceAccount=None)
        unnamed = {name: tuple(replace(one, name="") for one in getattr(spec, name) or ()) for name in CONTAINERS}
        return json.encode((self.image, self.workload.kind, replace(spec, **unnamed)))

    def registry_host(self, settings: Settings) -> str | None:
        """Return the host that identifies an Azure container registry; none elsewhere, and where it is to be ignored.

        A port is left out, and a regional endpoint is that of its login server. Another cloud's registries are none.
        """
        if isinstance(self.reference, InvalidReference):
            return None
        if is_declared(self.reference.host, settings.ignore_registries):
            return None
        name = self.reference.host.partition(":")[0]
        match form_of(name, settings.cloud):
            case LoginServer(host=login_server):
                return login_server
            case Ported():
                return name
            case _:
                return None


@fact(Need.MANIFESTS, Need.WORKLOADS)
def images(scope: Scope, workloads: tuple[Workload | Unread, ...]) -> tuple[ImageUse | Unread, ...]:
    """Return each image of each workload once.

    Unread are the workloads that are, containers without an image, and what a custom resource names outside of a pod
    specification: only its controller knows what becomes of it.
    """
    uses: list[ImageUse | Unread] = []
    for workload in workloads:
        uses.extend((workload,) if isinstance(workload, Unread) else _uses(workload))
    for one in objects(scope):
        if isinstance(one, KubernetesObject) and may_name_images(one.body):
            uses.extend(_outside(one))
    return tuple(uses)


def _uses(workload: Workload) -> Iterator[ImageUse | Unread]:
    seen: set[str] = set()
    for container in workload.pod.containers:
        pointer = workload.base + container.pointer
        if container.image is None:
            reason = f"container {container.name} of {workload.subject} names no image"
            why = FactUnavailable(reason, "Name it, or judge the live cluster where something else sets it")
            yield Unread(f"{container.name} in {workload.subject}", why, located(workload.document, pointer))
        elif container.image not in seen:
            seen.add(container.image)
            yield ImageUse(workload.document, pointer, workload, container.name, container.image)


def _outside(owner: KubernetesObject) -> Iterator[Unread]:
    inside = tuple(f"{one}/{part}/" for one in pod_specs(owner.body) for part in (*CONTAINERS, "volumes"))
    seen: set[str] = set()
    for pointer, text in mentions("", owner.body):
        if text in seen or pointer.startswith(inside):
            continue
        seen.add(text)
        why = FactUnavailable(
            f"{owner.subject} names an image outside of a pod specification, and only its controller knows what for",
            _REMEDY,
            document=owner.document.id,
            pointer=owner.base + pointer,
        )
        yield Unread(f"{text} in {owner.subject}", why, located(owner.document, owner.base + pointer))


def may_name_images(body: Mapping[str, Any]) -> bool:
    """Say whether an object may name images in places that only its controller knows."""
    return is_custom(body) or str(body.get("kind")) not in _PLAIN


def mentions(pointer: str, value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands under keys such as ``image``, ``images`` and ``baseImage`` and reads as a reference.

    Where a mapping names the ``repository`` apart from the ``registry`` and the tag, it is the mapping's pointer.
    """
    named = key in {"image", "images"} or key.endswith(("Image", "Images"))
    if isinstance(value, dict):
        repository = value.get("repository")
        if named and isinstance(repository, str) and _may_be_reference(repository):
            yield pointer, repository
            return
        for inner, item in value.items():
            yield from mentions(f"{pointer}/{inner.replace('~', '~0').replace('/', '~1')}", item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from mentions(f"{pointer}/{index}", item, key)
    elif named and isinstance(value, str) and _may_be_reference(value):
        yield pointer, value


def _may_be_reference(text: str) -> bool:
    return has_placeholder(text) or isinstance(parse(text), ImageReference)
