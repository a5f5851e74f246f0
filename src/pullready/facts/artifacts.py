"""What a registry holds under a reference: an image, or an index of images for several platforms.

Sources: https://github.com/opencontainers/image-spec (manifest.md, image-index.md, config.md),
https://distribution.github.io/distribution/spec/manifest-v2-2/ and
https://learn.microsoft.com/azure/container-registry/container-registry-image-formats
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import decode, evidence
from pullready.facts.platforms import Platform, platform
from pullready.facts.scope import Scope
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Evidence

#: What kubelet can make a container from.
_IMAGE_CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_INDEXES: Final = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
#: What the media types of layers have in them that a registry need not hold: nodes fetch those from elsewhere.
_FOREIGN: Final = (".foreign.", ".nondistributable.")
#: An index may hold indexes; nobody nests them deeper than this on purpose.
_DEEPEST: Final = 4
_REMEDIES: Final = {
    Status.FORBIDDEN: "Let whoever runs pullready read the repository: AcrPull, or Container Registry Repository "
    "Reader where the registry grants by repository",
    Status.FAILED: "Run it where the registry answers: one that is closed to the public, in a network that its private "
    "endpoint serves",
    Status.NOT_FOUND: "Look whether somebody changes the repository right now, and run again",
}


class _Platform(Struct, frozen=True):
    os: str | UnsetType | None = UNSET
    architecture: str | UnsetType | None = UNSET
    variant: str | UnsetType | None = UNSET
    version: str | UnsetType | None = msgspec.field(name="os.version", default=UNSET)


class _Descriptor(Struct, frozen=True):
    digest: str
    mediaType: str | UnsetType | None = UNSET
    platform: _Platform | UnsetType | None = UNSET


class _Layer(Struct, frozen=True):
    mediaType: str | UnsetType | None = UNSET


class _Layered(Struct, frozen=True):
    layers: list[_Layer] | UnsetType | None = UNSET


class _Manifest(Struct, frozen=True):
    manifests: list[_Descriptor] | UnsetType | None = UNSET
    config: _Descriptor | UnsetType | None = UNSET
    version: int | UnsetType | None = msgspec.field(name="schemaVersion", default=UNSET)


def answered(document: Document) -> Document:
    """Return *document* of a registry where it was read; raise :class:`FactUnavailable` with what would help."""
    try:
        return document.require()
    except FactUnavailable as why:
        remedy = document.remedy or _REMEDIES.get(document.status, why.remedy)
        raise FactUnavailable(why.reason, remedy, document=document.id) from None


class Artifact(msgspec.Struct, frozen=True, dict=True):
    """What stands in *repository* under a tag or digest, which is ``version``."""

    scope: Scope
    login_server: str
    repository: str
    version: str

    @property
    def is_digest(self) -> bool:
        """Whether it is named by its digest; a tag has no colon."""
        return ":" in self.version

    @property
    def name(self) -> str:
        """Repository and version, as Azure's commands take them."""
        return f"{self.repository}{'@' if self.is_digest else ':'}{self.version}"

    def __str__(self) -> str:
        return f"{self.login_server}/{self.name}"

    @property
    def document(self) -> Document:
        """The manifest or index; it may not be there."""
        return self._of_registry(ids.image_manifest(self.login_server, self.repository, self.version))

    @property
    def was_asked_for(self) -> bool:
        """Whether the registry was asked for it, whatever came of that."""
        return ids.image_manifest(self.login_server, self.repository, self.version) in self.scope.snapshot

    @property
    def repository_document(self) -> Document:
        """What the registry says of the repository."""
        return self._of_registry(ids.repository_properties(self.login_server, self.repository))

    @property
    def properties(self) -> Document:
        """What the registry says of the tag, or of the manifest."""
        of = ids.manifest_properties if self.is_digest else ids.tag_properties
        return self._of_registry(of(self.login_server, self.repository, self.version))

    def at(self, digest: str) -> Artifact:
        """Return what stands in the same repository under *digest*."""
        return replace(self, version=digest)

    def says(self, pointer: str, says: str) -> Evidence:
        """Return the value at *pointer* of the manifest or index as evidence."""
        return evidence(self.document, pointer, says)

    @cached_property
    def wire(self) -> _Manifest:
        """The manifest or index; raise :class:`FactUnavailable` where it was not read, or is neither."""
        wire = decode(answered(self.document), _Manifest)
        if not isinstance(wire.manifests, list) and not wire.config:
            said = f"schema version {wire.version}" if wire.version else "no schema version"
            reason = f"{self.document.id} is neither an image manifest nor an index ({said})"
            raise FactUnavailable(reason, "Push the image anew with a current tool", document=self.document.id)
        return wire

    @property
    def is_index(self) -> bool:
        """Whether it is an index (Docker's word: manifest list)."""
        return isinstance(self.wire.manifests, list)

    @property
    def holds_its_layers(self) -> bool:
        """Whether the manifest names layers, and none that is fetched from elsewhere; raise where it is unread."""
        layers = decode(answered(self.document), _Layered).layers or ()
        kinds = [one.mediaType or "" for one in layers]
        return bool(kinds) and all(kinds) and not any(part in kind for kind in kinds for part in _FOREIGN)

    def config(self, digest: str) -> Document:
        """Return the configuration *digest* that an image manifest of the repository names."""
        return self._of_registry(ids.image_config(self.login_server, self.repository, digest))

    @cached_property
    def builds(self) -> tuple[Build, ...]:
        """The images that a node may choose from: those of an index, or the only one.

        Attestations, and whatever else has no platform to run on, are left out, as containerd does.
        """
        return tuple(self._builds(1))

    def _builds(self, depth: int) -> Iterator[Build]:
        if not isinstance(self.wire.manifests, list):
            yield Build(self, None, self.says("/config", "an image for one platform"))
            return
        if depth > _DEEPEST:
            reason = f"{self.document.id} is an index in {_DEEPEST} others"
            raise FactUnavailable(reason, "Push the image anew", document=self.document.id)
        for place, one in enumerate(self.wire.manifests):
            built = _platform(one.platform)
            if one.mediaType and one.mediaType in _INDEXES:
                yield from self.at(one.digest)._builds(depth + 1)  # noqa: SLF001  (one of its own)
            elif built is None or built.is_real:
                said = f"an image for {built}" if built else "an image of which the index names no platform"
                yield Build(self.at(one.digest), built, self.says(f"/manifests/{place}/platform", said))

    def _of_registry(self, id_: str) -> Document:
        return self.scope.document(id_, Provider.REGISTRY)


class Build(msgspec.Struct, frozen=True, dict=True):
    """An image for one platform: ``named`` by the index, or none, where only its configuration tells it."""

    artifact: Artifact
    named: Platform | None
    entry: Evidence

    @cached_property
    def platform(self) -> Platform:
        """What it is built for; raise :class:`FactUnavailable` where that cannot be read."""
        return self.named or self._configured

    @cached_property
    def version(self) -> str:
        """The ``os.version`` that it was made with; raise :class:`FactUnavailable` where that cannot be read.

        It is empty where neither the index nor the image's configuration names one.
        """
        return self.platform.version or self._configured.version

    @property
    def version_evidence(self) -> Evidence:
        """The place that tells the version."""
        said = f"made with Windows {self.version}" if self.version else "no Windows build is named"
        if self.named and self.named.version:
            return replace(self.entry, says=said)
        return evidence(self._config, "/os.version", said)

    @property
    def evidence(self) -> Evidence:
        """The place that tells the platform."""
        return self.entry if self.named else evidence(self._config, "", f"the image is for {self.platform}")

    @property
    def _config(self) -> Document:
        config = self.artifact.wire.config
        if not config or (config.mediaType and config.mediaType not in _IMAGE_CONFIGS):
            kind = config.mediaType if config else "an index"
            reason = f"{self.artifact} is no image of a container: its configuration is {kind}"
            remedy = "Name an image: an artifact of another kind cannot be run"
            raise FactUnavailable(reason, remedy, document=self.artifact.document.id, pointer="/config/mediaType")
        return self.artifact.config(config.digest)

    @property
    def _configured(self) -> Platform:
        document = answered(self._config)
        built = _platform(decode(document, _Platform))
        if built is None:
            reason = f"{document.id} names no operating system or no architecture"
            raise FactUnavailable(reason, "Build the image anew with a current tool", document=document.id)
        return built


def _platform(wire: _Platform | UnsetType | None) -> Platform | None:
    if not wire or not wire.os or not wire.architecture:
        return None
    return platform(wire.os, wire.architecture, wire.variant or "", wire.version or "")
