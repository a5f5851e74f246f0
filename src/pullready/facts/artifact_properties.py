"""What a registry says of its repositories, tags and manifests, beside what stands in them.

Source: https://learn.microsoft.com/rest/api/containerregistry/ (Tag, Manifests and Repository)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.facts.artifacts import Artifact
from pullready.facts.base import decode, evidence
from pullready.snapshot import Document, Status
from pullready.verdict import Evidence

_PASSED: Final = "passed"


class _Attributes(Struct, frozen=True):
    readEnabled: bool | UnsetType | None = UNSET
    quarantineState: str | UnsetType | None = UNSET


class _Described(Struct, frozen=True):
    digest: str | UnsetType | None = UNSET
    changeableAttributes: _Attributes | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    tag: _Described | UnsetType | None = UNSET
    manifest: _Described | UnsetType | None = UNSET
    changeableAttributes: _Attributes | UnsetType | None = UNSET


def read_disabled(artifact: Artifact) -> Evidence | None:
    """Return the place that switches reading off for the repository, the tag or the manifest; none where none does."""
    for document in (artifact.repository_document, artifact.properties):
        for pointer, attributes in _attributes(document):
            if attributes.readEnabled is False:
                return evidence(document, f"{pointer}/readEnabled", "reading is switched off")
    return None


def quarantined(artifact: Artifact) -> Evidence | None:
    """Return the place that says that a manifest is in quarantine; a preview, absent where nothing is said of it."""
    for pointer, attributes in _attributes(artifact.properties):
        if attributes.quarantineState and attributes.quarantineState.lower() != _PASSED:
            return evidence(artifact.properties, f"{pointer}/quarantineState", "the image is in quarantine")
    return None


def pointed_at(artifact: Artifact) -> str | None:
    """Return the digest that a tag points to, whether or not something stands under it; none where it is not read."""
    if artifact.is_digest or artifact.properties.status is not Status.READ:
        return None
    tag = decode(artifact.properties, _Properties).tag
    return (tag.digest or None) if tag else None


def _attributes(document: Document) -> Iterator[tuple[str, _Attributes]]:
    """Yield the attributes in what a registry says of something, with their pointers; none where it says nothing."""
    if document.status is Status.READ:
        said = decode(document, _Properties)
        for pointer, one in (("/tag", said.tag), ("/manifest", said.manifest), ("", said)):
            if one and one.changeableAttributes:
                yield f"{pointer}/changeableAttributes", one.changeableAttributes
