"""What a registry says of its repositories, tags and manifests, beside what stands in them.

Source: https://learn.microsoft.com/rest/api/containerregistry/ (Tag, Manifests and Repository)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.facts.artifacts import Artifact, answered
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
    """Return the place that switches reading off for the repository, the tag or the manifest; none where none does.

    Tag and manifest are switched apart from each other.
    """
    for document in _described(artifact):
        for pointer, attributes in _attributes(document):
            if attributes.readEnabled is False:
                return evidence(document, f"{pointer}/readEnabled", "reading is switched off")
    return None


def withheld(artifact: Artifact) -> Evidence | None:
    """Return the place that switches reading off for what the registry was asked for and does not give."""
    return None if artifact.document.status in {Status.READ, Status.NOT_ASKED} else read_disabled(artifact)


def read_enabled(artifact: Artifact) -> tuple[Evidence, ...]:
    """Return the places that say that reading is switched on: repository, tag and manifest, as far as they were read.

    Raise :class:`pullready.errors.FactUnavailable` for what was not.
    """
    said = []
    for document in _described(artifact):
        answered(document)
        for pointer, attributes in _attributes(document):
            if attributes.readEnabled is True:
                said.append(evidence(document, f"{pointer}/readEnabled", "reading is switched on"))
    return tuple(said)


def quarantined(artifact: Artifact) -> Evidence | None:
    """Return the place that says that a manifest is in quarantine; a preview, absent where nothing is said of it."""
    for pointer, attributes in _attributes(artifact.properties):
        if attributes.quarantineState and attributes.quarantineState.lower() != _PASSED:
            return evidence(artifact.properties, f"{pointer}/quarantineState", "the image is in quarantine")
    return None


def quarantine_state(artifact: Artifact) -> Evidence | None:
    """Return the place that says how the manifest *artifact* stands in quarantine; none where nothing is said of it.

    Its value is ``Passed`` once somebody marked it as good. Raise :class:`pullready.errors.FactUnavailable` where what
    the registry says of the tag, or of the manifest that it points to, was not read.
    """
    digest = artifact.version
    if not artifact.is_digest:
        answered(artifact.properties)
        digest = pointed_at(artifact) or ""
    properties = artifact.at(digest).properties
    answered(properties)
    for pointer, attributes in _attributes(properties):
        if attributes.quarantineState:
            return evidence(properties, f"{pointer}/quarantineState", "how the manifest stands in quarantine")
    return None


def has_passed(state: Evidence) -> bool:
    """Say whether the *state* of quarantine is that of a manifest which somebody marked as good."""
    return state.value.lower() == _PASSED


def _described(artifact: Artifact) -> Iterator[Document]:
    """Yield what the registry says of the repository, of the tag, and of the manifest, each after the one before."""
    yield artifact.repository_document
    if artifact.repository_document.status is not Status.FAILED:  # what cannot be reached is not asked again and again
        yield artifact.properties
        digest = pointed_at(artifact)
        if digest:
            yield artifact.at(digest).properties


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
