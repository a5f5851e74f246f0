"""Images that were deleted, and that their registry still keeps in its bin."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.errors import FactUnavailable
from pullready.facts.artifact_properties import withheld
from pullready.facts.artifacts import Artifact, answered
from pullready.facts.cache_rules import fetched_by
from pullready.facts.deleted_images import DeletedImage, deleted_image
from pullready.facts.pulled_images import PulledImage
from pullready.facts.registry import name_in
from pullready.predicates.image_manifest import known_found, manifests_taken
from pullready.snapshot import Status
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown


def soft_deleted(image: PulledImage) -> Iterator[Judgement]:
    """Yield whether *image*, or a manifest that nodes take of it, was deleted and can be restored."""
    judged = known_found(_judgements(image))
    yield next((one for kind in (Found, Unknown, NotApplicable) for one in judged if isinstance(one, kind)), judged[0])


def _judgements(image: PulledImage) -> Iterator[Judgement]:
    artifact = image.artifact
    if off := withheld(artifact):
        yield _switched_off(image, off)
    elif held := image.in_quarantine:
        yield NotApplicable(image.subject, "it is in quarantine, which quarantine-policy-hides-image judges", (held,))
    elif artifact.document.status is Status.NOT_FOUND:
        yield _fetched(image, artifact) or _absent(image, artifact, None)
    else:
        answered(artifact.document)
        yield _there(image, artifact)
        if artifact.is_index:
            for build, doubt in manifests_taken(image):
                if off := withheld(build.artifact):
                    yield _switched_off(image, off)
                elif build.artifact.document.status is Status.NOT_FOUND:
                    yield _absent(image, build.artifact, doubt)
                else:
                    answered(build.artifact.document)


def _switched_off(image: PulledImage, off: Evidence) -> NotApplicable:
    reason = "reading is switched off, which image-or-repo-read-disabled judges"
    return NotApplicable(image.subject, reason, (off,))


def _there(image: PulledImage, artifact: Artifact) -> Clear:
    return Clear(image.subject, (artifact.says("/schemaVersion", "the registry gives the manifest out"),))


def _fetched(image: PulledImage, artifact: Artifact) -> NotApplicable | None:
    rule = fetched_by(image.scope, image.registry(), artifact.repository)
    reason = "a cache rule fetches it when it is first pulled, whatever was deleted"
    return NotApplicable(image.subject, reason, (rule,)) if rule else None


def _absent(image: PulledImage, artifact: Artifact, doubt: str | None) -> Judgement:
    """Judge what is not there by the registry's bin; *doubt* says why it is not certain that nodes take it."""
    gone = Evidence(artifact.document.id, "", artifact.document.status.value, "the registry does not have it")
    try:
        kept = deleted_image(artifact)
    except FactUnavailable as why:
        return _unread(image, why)
    if kept is None:
        reason = "it is not in the registry, and not in its bin either: image-manifest-missing judges that"
        return NotApplicable(image.subject, reason, (gone,))
    if doubt:
        reason = f"a manifest of the index is in the registry's bin, and nodes may take it: {doubt}"
        return Unknown(image.subject, reason, _restore(artifact, kept), (gone, kept.evidence))
    return Found(
        image.subject,
        observed=f"{_named(image, artifact)} was deleted, and {artifact.login_server} keeps {kept.digest} in its bin",
        expected="no image that workloads name was deleted",
        remedy=_restore(artifact, kept),
        evidence=(gone, kept.evidence),
    )


def _unread(image: PulledImage, why: FactUnavailable) -> Unknown:
    place = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    reason = f"the image is not in the registry, and whether it is in its bin cannot be told: {why.reason}"
    remedy = f"Grant Microsoft.ContainerRegistry/registries/deleted/read at the registry; {why.remedy}"
    return Unknown(image.subject, reason, remedy, place)


def _named(image: PulledImage, artifact: Artifact) -> str:
    if artifact.version != image.artifact.version:
        return "the manifest that nodes take of the index"
    return "the manifest" if artifact.is_digest else f"the tag {artifact.version}"


def _restore(artifact: Artifact, kept: DeletedImage) -> str:
    """Return the command that restores *kept*, with its tag where it has one, and nothing beside it."""
    name = artifact.repository if artifact.is_digest else artifact.name
    restore = (
        f"az acr manifest restore --registry {name_in(artifact.login_server)} --name {name} --digest {kept.digest}"
    )
    return f"{restore}; each manifest of an index is restored by itself, and pushing it anew is refused meanwhile"
