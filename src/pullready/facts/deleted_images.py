"""What a registry keeps in its bin of what was deleted: soft delete, a preview, by which it can be restored.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy and, for the shape
of the lists, https://github.com/Azure/azure-cli/blob/dev/src/azure-cli/azure/cli/command_modules/acr/manifest.py
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.artifact_properties import pointed_at
from pullready.facts.artifacts import Artifact, answered
from pullready.facts.base import decode, evidence
from pullready.snapshot import Document, Provider, Status
from pullready.verdict import Evidence


class _Entry(Struct, frozen=True):
    digest: str
    tag: str | UnsetType | None = UNSET
    deletedAt: str | UnsetType | None = UNSET


class _Bin(Struct, frozen=True):
    tags: list[_Entry] | UnsetType | None = UNSET
    manifests: list[_Entry] | UnsetType | None = UNSET


class DeletedImage(Struct, frozen=True):
    """A manifest in the bin of its registry: what it is restored by, and where that stands."""

    digest: str
    evidence: Evidence


def deleted_image(artifact: Artifact) -> DeletedImage | None:
    """Return what the registry's bin has of *artifact*, which is not there; none where it has nothing of it.

    Of several manifests that had the tag, it is the one that was deleted last. Raise
    :class:`pullready.errors.FactUnavailable` where the bin was not read.
    """
    if artifact.is_digest:
        return _manifest(artifact, artifact.version)
    tags = _document(artifact, ids.deleted_tags(artifact.login_server, artifact.repository))
    listed = _read(tags).tags or []
    had = [(one.deletedAt or "", place) for place, one in enumerate(listed) if one.tag == artifact.version]
    if had:
        _, place = max(had)
        shown = evidence(tags, f"/tags/{place}", "the tag is in the bin")
        return DeletedImage(listed[place].digest, shown)
    left = pointed_at(artifact)
    return _manifest(artifact, left) if left else None


def known_deleted(artifact: Artifact) -> DeletedImage | None:
    """Return the same as far as the bin was read; none where it was not."""
    try:
        return deleted_image(artifact)
    except FactUnavailable:
        return None


def _manifest(artifact: Artifact, digest: str) -> DeletedImage | None:
    manifests = _document(artifact, ids.deleted_manifests(artifact.login_server, artifact.repository))
    for place, one in enumerate(_read(manifests).manifests or []):
        if one.digest == digest:
            return DeletedImage(digest, evidence(manifests, f"/manifests/{place}", "the manifest is in the bin"))
    return None


def _read(document: Document) -> _Bin:
    """Return the lists in *document*; a registry that knows no such repository in its bin has nothing of it."""
    return _Bin() if document.status is Status.NOT_FOUND else decode(answered(document), _Bin)


def _document(artifact: Artifact, id_: str) -> Document:
    return artifact.scope.document(id_, Provider.REGISTRY)
