"""Faults of the host in an image reference that its spelling alone shows."""

from __future__ import annotations

from collections.abc import Iterator

from pullready.facts.hosts import CLOSED, Elsewhere, Microsofts, Misspelt, OtherCloud, PrivateLinkName
from pullready.facts.image_hosts import ImageHost
from pullready.verdict import Clear, Found, Judgement, NotApplicable, Unknown


def private_link_name(image: ImageHost) -> Iterator[Judgement]:
    """Yield whether *image* names its registry by what private link has for DNS alone."""
    match image.form:
        case _ if (other := beside(image)) is not None:
            yield other
        case PrivateLinkName(meant):
            yield Found(
                image.subject,
                f"{image.host} exists for DNS alone, and no certificate of the registry's is for it",
                f"the login server, which DNS leads to the private endpoint: {meant}",
                f"Name the image by {meant}/{image.reference.repository}; the host stays the same with private link",
                (image.names(),),
            )
        case _:
            yield Clear(image.subject, (image.names(),))


def suffix_of_another_cloud(image: ImageHost) -> Iterator[Judgement]:
    """Yield whether the registry that *image* names is in the Azure cloud of the run, by its domain."""
    match image.form:
        case _ if (other := beside(image)) is not None:
            yield other
        case PrivateLinkName():
            yield NotApplicable(image.subject, "image-uses-privatelink-hostname judges the host", (image.names(),))
        case Misspelt():
            reason = f"{image.host} is in no registry domain; image-reference-registry-unknown judges that"
            yield NotApplicable(image.subject, reason, (image.names(),))
        case OtherCloud(suffix, meant):
            yield _elsewhere(image, suffix, meant)
        case _:
            said = f"{image.host} is in {image.cloud.registry_suffix}, where {image.cloud.name} has its registries"
            yield Clear(image.subject, (image.use.evidence("", said),))


def beside(image: ImageHost) -> NotApplicable | None:
    """Return what is said of an image that is of no Azure container registry, or of one that is not judged."""
    if image.is_ignored:
        reason = f"{image.host} is declared out of scope by ignore-registries"
    elif isinstance(image.form, Microsofts):
        reason = f"{image.host} is Microsoft's own public registry"
    elif isinstance(image.form, Elsewhere):
        reason = f"{image.host} is no Azure container registry"
    else:
        return None
    return NotApplicable(image.subject, reason, (image.names(),))


def _elsewhere(image: ImageHost, suffix: str, meant: str) -> Judgement:
    is_open = suffix != CLOSED
    if is_open and (login := image.login):
        return Clear(image.subject, (image.names(), login))
    if is_open and (secret := image.pull_secret):
        return Unknown(
            image.subject,
            f"{suffix} is another cloud's, and whether the pull secret has a login for {image.host} was not read",
            f"Put the pull secret among the manifests, or set read-secrets: true; else name the image by {meant}",
            (image.names(), secret),
        )
    whose = "another Azure cloud's, whose registries do not know these nodes" if is_open else "a closed cloud's"
    return Found(
        image.subject,
        f"{suffix} is {whose}" + ("; no pull secret is for the host" if is_open else ""),
        f"a host in {image.cloud.registry_suffix}, where {image.cloud.name} has its registries",
        f"Did you mean {meant}/{image.reference.repository}? The right hosts: az acr list --query [].loginServer",
        (image.names(),),
    )
