"""Images that are not in their registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts.artifact_properties import pointed_at, quarantined, withheld
from pullready.facts.artifacts import Artifact, Build, answered
from pullready.facts.base import evidence
from pullready.facts.cache_rules import fetched_by, no_rule
from pullready.facts.deleted_images import known_deleted
from pullready.facts.pool_labels import LINUX
from pullready.facts.pulled_images import Landing, PulledImage
from pullready.snapshot import Document, Status
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Unknown

_NOT_SURE: Final = "which of the manifests its nodes take is not known"
_NO_CLUSTER: Final = "no cluster is given, so what its nodes take is not known"


def manifest_missing(image: PulledImage) -> Iterator[Judgement]:
    """Yield whether the registry has what *image* names, and the image in it that its pods' nodes would take."""
    if off := withheld(image.artifact):
        yield _switched_off(image, off)
    elif held := image.in_quarantine:
        reason = "it is in quarantine, which quarantine-policy-hides-image judges"
        yield NotApplicable(image.subject, reason, (held,))
    elif image.artifact.document.status is Status.NOT_FOUND:
        yield _absent(image)
    elif not image.artifact.is_index:
        yield Clear(image.subject, (image.artifact.says("/config/digest", "the registry has the manifest"),))
    else:
        yield _index(image)


def _index(image: PulledImage) -> Judgement:
    """Judge an index by the manifests in it that nodes would take: it outlives them, for each may be deleted alone."""
    builds = image.artifact.builds
    judged = [judgement for landing in image.landings for judgement in _on(image, landing, builds)]
    if image.placement.cluster is None:
        judged += [_perhaps_gone(image, "nodes", build, _NO_CLUSTER) for build in builds if _is_gone(build)]
    for kind in (Found, Unknown, NotApplicable):
        for one in judged:
            if isinstance(one, kind):
                return one
    there = (said for one in judged for said in one.evidence)
    index = image.artifact.says("/schemaVersion", "the registry has the index")
    return Clear(image.subject, (index, *dict.fromkeys(there)))


def _on(image: PulledImage, landing: Landing, builds: tuple[Build, ...]) -> Iterator[Judgement]:
    """Yield whether what the nodes of *landing* take of an index is there; nothing where they take none of it."""
    try:
        if isinstance(landing.os, FactUnavailable):
            raise landing.os
        for architecture in landing.possible:
            for build in _taken(builds, landing.os, architecture):
                if off := withheld(build.artifact):
                    yield _switched_off(image, off)
                elif there := _in_bin(image, build.artifact):
                    yield there
                elif kept_back := _kept_back(image, build):
                    yield kept_back
                elif not _is_gone(build):
                    answered(build.artifact.document)
                    said = f"the manifest for {build.platform} is there"
                    yield Clear(image.subject, (build.artifact.says("/config/digest", said),))
                elif _is_sure(landing, builds):
                    yield _gone(image, landing, build)
                else:
                    why = landing.doubt or _NOT_SURE
                    yield _perhaps_gone(image, landing.title, build, why)
    except FactUnavailable as why:
        place = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
        yield Unknown(image.subject, why.reason, why.remedy, place)


def manifests_taken(image: PulledImage) -> Iterator[tuple[Build, str | None]]:
    """Yield what nodes take of an index that was read, with why that is not certain; without a cluster, what was read.

    Raise :class:`FactUnavailable` behind the last where that of some nodes cannot be told.
    """
    builds = image.artifact.builds
    if image.placement.cluster is None:
        yield from ((build, _NO_CLUSTER) for build in builds if build.artifact.was_asked_for)
    for landing in image.landings:
        doubt = None if _is_sure(landing, builds) else landing.doubt or _NOT_SURE
        yield from ((build, doubt) for build in taken_on(landing, builds))
    for landing in image.landings:
        if isinstance(landing.os, FactUnavailable):
            raise landing.os


def known_found(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Return *judgements*; where they break off with something unread, those before it if one is found, else raise."""
    judged: list[Judgement] = []
    try:
        for one in judgements:
            judged.append(one)  # noqa: PERF402  (what came before an exception stays)
    except FactUnavailable:
        if not any(isinstance(one, Found) for one in judged):
            raise
    return judged


def taken_on(landing: Landing, builds: Iterable[Build]) -> Iterator[Build]:
    """Yield what nodes of *landing* may take of *builds*; nothing where their operating system is not known."""
    for architecture in landing.possible if isinstance(landing.os, str) else ():
        yield from _taken(builds, str(landing.os), architecture)


def _is_gone(build: Build) -> bool:
    return build.artifact.document.status is Status.NOT_FOUND


def _taken(builds: Iterable[Build], os: str, architecture: str) -> list[Build]:
    """Return what a node takes of an index: the first for its own architecture, else the first that it can take.

    Which one a Windows node takes depends on its build as well, so all of them count.
    """
    fitting = [one for one in builds if one.platform.runs_on(os, architecture) is not False]
    own = [one for one in fitting if one.platform.architecture == architecture]
    return (own or fitting)[:1] if os == LINUX else fitting


def _is_sure(landing: Landing, builds: Iterable[Build]) -> bool:
    """Say whether nodes of *landing* take no other manifest than the one that is gone."""
    several = landing.os != LINUX and sum(one.platform.os == landing.os for one in builds) > 1
    return landing.doubt is None and len(landing.possible) == 1 and not several


def _kept_back(image: PulledImage, build: Build) -> Judgement | None:
    """Return what is said of a manifest of an index that is not shown, and may be there in quarantine all the same."""
    try:
        registry = image.registry()
    except FactUnavailable:
        return None
    if not registry.quarantines or not _is_gone(build):
        return None
    if held := quarantined(build.artifact):
        reason = "a manifest of the index is in quarantine, which quarantine-policy-hides-image judges"
        return NotApplicable(image.subject, reason, (held,))
    reason = "the registry keeps images in quarantine, so it does not show whether a manifest of the index is there"
    remedy = "Release it from quarantine, or push it if it never was"
    return Unknown(image.subject, reason, remedy, (build.entry, registry.quarantine))


def _gone(image: PulledImage, landing: Landing, build: Build) -> Found:
    return Found(
        image.subject,
        f"the index is there, and the manifest for {build.platform} in it, which {landing.title} takes, is not"
        + _cached(image),
        "every manifest that the nodes take of an index is in the repository",
        _remedy(image, build.artifact),
        (build.entry, _state(build.artifact.document, "the manifest is not there"), *landing.evidence),
    )


def _perhaps_gone(image: PulledImage, nodes: str, build: Build, why: str) -> Unknown:
    what = f"the manifest for {build.named}" if build.named else "a manifest"
    return Unknown(
        image.subject,
        f"{what} in the index is not there, and {nodes} may take it: {why}",
        _remedy(image, build.artifact),
        (build.entry, _state(build.artifact.document, "the manifest is not there")),
    )


def _switched_off(image: PulledImage, off: Evidence) -> NotApplicable:
    reason = "reading is switched off, and whether it is there does not matter; image-or-repo-read-disabled judges that"
    return NotApplicable(image.subject, reason, (off,))


def _in_bin(image: PulledImage, artifact: Artifact) -> NotApplicable | None:
    """Return that what is gone is in the registry's bin; none where it is not, or the bin was not read."""
    kept = known_deleted(artifact) if artifact.document.status is Status.NOT_FOUND else None
    reason = "it was deleted, and is in the registry's bin: soft-deleted-artifact judges that"
    return NotApplicable(image.subject, reason, (kept.evidence,)) if kept else None


def _absent(image: PulledImage) -> Judgement:
    """Judge an image that the registry says it does not have, and whether it only looks so."""
    registry, artifact = image.registry(), image.artifact
    rule = fetched_by(image.scope, registry, artifact.repository)
    if rule:
        reason = "a cache rule fetches it when it is first pulled, and what its origin has is not read"
        return NotApplicable(image.subject, reason, (rule,))
    doubt = _in_bin(image, artifact) or _hidden(image) or _moving(image)
    if doubt:
        return doubt
    return Found(
        image.subject,
        _observed(artifact) + _cached(image),
        "the registry has what the image names",
        _remedy(image, artifact),
        (*_absences(artifact), no_rule(image.scope, registry)),
    )


def _hidden(image: PulledImage) -> Unknown | None:
    """Return what is said of an image that may be there although the registry does not show it."""
    registry, artifact = image.registry(), image.artifact
    held = quarantined(artifact) or (registry.quarantine if registry.quarantines else None)
    if held:
        reason = "the registry keeps images in quarantine, so it does not show whether it is there"
        return Unknown(image.subject, reason, "Release the image from quarantine, or push it if it never was", (held,))
    return None


def _moving(image: PulledImage) -> Unknown | None:
    """Return what is said of a tag that stands for nothing while what it points to is there: it is being changed."""
    digest = pointed_at(image.artifact)
    if digest is None or image.artifact.at(digest).document.status is not Status.READ:
        return None
    reason = f"the registry has no manifest for the tag, and {digest}, which the tag points to, is there"
    place = evidence(image.artifact.properties, "/tag/digest", "what the tag points to")
    return Unknown(image.subject, reason, "Look whether the image is being pushed right now, and run again", (place,))


def _observed(artifact: Artifact) -> str:
    if artifact.repository_document.status is Status.NOT_FOUND:
        return f"{artifact.login_server} has no repository {artifact.repository}"
    digest = pointed_at(artifact)
    if digest:
        return f"the tag {artifact.version} points to {digest}, which is not in the repository any more"
    what = "manifest with that digest" if artifact.is_digest else f"tag {artifact.version}"
    return f"the repository {artifact.repository} of {artifact.login_server} has no {what}"


def _absences(artifact: Artifact) -> Iterator[Evidence]:
    yield _state(artifact.document, "the registry does not have it")
    if artifact.repository_document.status is Status.NOT_FOUND:
        yield _state(artifact.repository_document, "the repository is not there")
    elif pointed_at(artifact):
        yield evidence(artifact.properties, "/tag/digest", "the tag is left over")
    elif artifact.properties.status is Status.NOT_FOUND:
        yield _state(artifact.properties, "the registry does not know it")


def _state(document: Document, says: str) -> Evidence:
    return Evidence(document.id, "", document.status.value, says)


def _cached(image: PulledImage) -> str:
    return "; nodes that have the image still start it, and a new node does not" if image.may_be_cached else ""


def _remedy(image: PulledImage, missing: Artifact) -> str:
    name = image.artifact.login_server.partition(".")[0]
    return (
        f"Correct the reference, or bring the image back: az acr import --name {name} --source SOURCE "
        f"--image {image.artifact.name}, or where deleted images are kept, az acr manifest restore {missing}"
    )
