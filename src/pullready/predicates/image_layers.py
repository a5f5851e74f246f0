"""Whether a registry holds all that the images are made of which nodes take from it."""

from __future__ import annotations

from collections.abc import Iterable

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts.artifact_properties import has_passed, quarantine_state
from pullready.facts.artifacts import Build
from pullready.facts.images import ImageUse
from pullready.facts.pulled_images import PulledImage
from pullready.predicates.image_manifest import taken_on

_Key = tuple[str, str]


class Layers:
    """The layers of *images*, as far as their manifests were read."""

    def __init__(self, images: Iterable[PulledImage]) -> None:
        self._images: dict[_Key, PulledImage] = {_key(one.use): one for one in images}

    def are_held(self, use: ImageUse, origin: str) -> bool:
        """Say whether every manifest that nodes of *origin* may take for *use* names layers of the registry alone.

        A registry takes a manifest only once it has the layers; foreign ones are elsewhere.
        """
        image = self._images.get(_key(use))
        try:
            return image is not None and _are_held(image, origin)
        except (FactUnavailable, NothingToJudge):
            return False


def _are_held(image: PulledImage, origin: str) -> bool:
    builds = image.artifact.builds
    taken = [one for landing in image.landings if landing.name == origin for one in taken_on(landing, builds)]
    return bool(taken) and all(one.artifact.holds_its_layers and _is_given_out(image, one) for one in taken)


def _is_given_out(image: PulledImage, build: Build) -> bool:
    """Say whether it is sure that nodes are given a manifest of an index: that it does not wait in quarantine."""
    if build.artifact.version == image.artifact.version or not image.registry().quarantines:
        return True
    state = quarantine_state(build.artifact)
    return state is not None and has_passed(state)


def _key(use: ImageUse) -> _Key:
    """Return where the image is named, which is unique."""
    return use.document.id, use.base
