"""Images that their registry has and does not give out."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts.artifact_properties import read_enabled, withheld
from pullready.facts.artifacts import Artifact, answered
from pullready.facts.pulled_images import PulledImage
from pullready.facts.registry import name_in
from pullready.predicates.image_manifest import known_found, manifests_taken
from pullready.snapshot import Status
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown


def reading_disabled(image: PulledImage) -> Iterator[Judgement]:
    """Yield whether reading is switched off for *image*: for its repository, its tag, or a manifest that nodes take."""
    judged = known_found(_judgements(image))
    yield next((one for kind in (Found, Unknown) for one in judged if isinstance(one, kind)), judged[0])


def _judgements(image: PulledImage) -> Iterator[Judgement]:
    artifact = image.artifact
    if off := withheld(artifact):
        yield _found(image, artifact, off)
    elif artifact.document.status is Status.NOT_FOUND:
        reason = "nothing switches reading off, and it is not in the registry: image-manifest-missing judges that"
        yield NotApplicable(image.subject, reason)
    else:
        yield _given(image, artifact)
        if artifact.document.status is Status.READ and artifact.is_index:
            for build, doubt in manifests_taken(image):
                yield _child(image, build.artifact, doubt)


def _child(image: PulledImage, artifact: Artifact, doubt: str | None) -> Judgement:
    """Judge a manifest that nodes take of the index; one that is gone is not judged here."""
    off = withheld(artifact)
    if off and doubt:
        reason = f"reading is switched off for a manifest of the index, and nodes may take it: {doubt}"
        return Unknown(image.subject, reason, _remedy(artifact, off), (off,))
    if off:
        return _found(image, artifact, off)
    if artifact.document.status is Status.NOT_FOUND:
        return NotApplicable(image.subject, "a manifest of the index is gone: image-manifest-missing judges that")
    return _given(image, artifact)


def _given(image: PulledImage, artifact: Artifact) -> Clear:
    """Say that nothing is switched off for *artifact*; raise where the registry says nothing of it."""
    if artifact.document.status is Status.NOT_ASKED:
        answered(artifact.document)
    if artifact.document.status is Status.READ:
        return Clear(image.subject, (artifact.says("/schemaVersion", "the registry gives the manifest out"),))
    said = read_enabled(artifact)
    if not said:
        answered(artifact.document)
    return Clear(image.subject, said)


def _found(image: PulledImage, artifact: Artifact, off: Evidence) -> Found:
    what = f"the repository {artifact.repository}" if _is_whole(artifact, off) else _named(artifact, off)
    return Found(
        image.subject,
        f"reading is switched off for {what}",
        "the registry gives the image out",
        _remedy(artifact, off),
        (off,),
    )


def _remedy(artifact: Artifact, off: Evidence) -> str:
    whole = _is_whole(artifact, off)
    named = f"--repository {artifact.repository}" if whole else f"--image {_named(artifact, off)}"
    name = name_in(artifact.login_server)
    return f"az acr repository update --name {name} {named} --read-enabled true"


def _is_whole(artifact: Artifact, off: Evidence) -> bool:
    return off.document == artifact.repository_document.id


def _named(artifact: Artifact, off: Evidence) -> str:
    """Return what is switched off, as Azure's commands take it: the tag, or the manifest that the tag points to."""
    if off.document == artifact.properties.id:
        return artifact.name
    return f"{artifact.repository}@{off.document.rpartition('/')[2]}"
