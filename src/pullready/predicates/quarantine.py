"""Images that their registry keeps in quarantine."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from pullready.facts.artifact_properties import has_passed, quarantine_state
from pullready.facts.artifact_properties import quarantined as held_in_quarantine
from pullready.facts.quarantined_images import QuarantinedImage
from pullready.predicates.image_manifest import manifests_taken
from pullready.snapshot import Status
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown


def quarantine_hides(quarantined: QuarantinedImage) -> Iterator[Judgement]:
    """Yield whether the registry gives the image out to those who pull it, or waits for somebody to release it."""
    image, subject = quarantined.image, quarantined.subject
    if image.scope.target.cluster is None:
        yield NotApplicable(subject, "no cluster is given, so the policies of registries are not read")
        return
    registry = image.registry()
    if not registry.quarantines:
        # Azure documents the policy as disabled where nothing else is said.
        yield Clear(subject, (replace(registry.quarantine, says="the registry keeps no image in quarantine"),))
        return
    state = quarantine_state(image.artifact)
    if state is None:
        reason = "the registry keeps images in quarantine until they are marked as good, and says nothing of this one"
        yield Unknown(subject, reason, _release(quarantined), (registry.quarantine,))
    elif not has_passed(state):
        yield _kept(quarantined, state)
    else:
        yield _kept_in(quarantined) or Clear(subject, (registry.quarantine, state))


def _kept_in(quarantined: QuarantinedImage) -> Judgement | None:
    """Judge the manifests that nodes take of an index, as far as the registry names their states; none of others."""
    image = quarantined.image
    if image.artifact.document.status is not Status.READ or not image.artifact.is_index:
        return None
    for build, doubt in manifests_taken(image):
        state = held_in_quarantine(build.artifact)
        if state and doubt:
            reason = f"a manifest of the index is in quarantine ({state.value}), and nodes may take it: {doubt}"
            return Unknown(quarantined.subject, reason, _release(quarantined), (state,))
        if state:
            return _kept(quarantined, state, "the manifest that nodes take of the index")
    return None


def _kept(quarantined: QuarantinedImage, state: Evidence, what: str = "the image") -> Judgement:
    image, registry = quarantined.image, quarantined.image.registry()
    excused = quarantined.excused
    if excused:
        return Clear(quarantined.subject, (registry.quarantine, state, *excused))
    is_given = image.artifact.is_digest and image.artifact.document.status is Status.READ
    told = "; by its digest it was given out to whoever runs this, and nodes may be refused" if is_given else ""
    return Found(
        quarantined.subject,
        observed=f"the registry keeps {what} in quarantine ({state.value}){told}",
        expected="an image that workloads name is marked as good",
        remedy=_release(quarantined),
        evidence=(registry.quarantine, state, quarantined.listed),
        severity=Severity.RISK if is_given else None,
    )


def _release(quarantined: QuarantinedImage) -> str:
    artifact, registry = quarantined.image.artifact, quarantined.image.registry()
    return (
        "Let the scanner release it, as AcrQuarantineWriter: PATCH "
        f"https://{artifact.login_server}/acr/v1/{artifact.repository}/_manifests/DIGEST with "
        '{"quarantineState": "Passed"}; or switch the policy off: az resource update '
        f"--ids {registry.id} --set properties.policies.quarantinePolicy.status=disabled"
    )
