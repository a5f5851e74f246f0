"""Images that are not built for the processors of the nodes that their pods may land on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pullready.errors import FactUnavailable
from pullready.facts.artifact_properties import withheld
from pullready.facts.artifacts import Build
from pullready.facts.cluster import Cluster
from pullready.facts.platforms import Platform
from pullready.facts.pulled_images import Landing, PulledImage
from pullready.facts.scheduling import Truth, every, some
from pullready.snapshot import Status
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

#: Enough to see what an image is for; some have dozens.
_MOST_SHOWN: Final = 8


def architecture_mismatch(image: PulledImage) -> Iterator[Judgement]:
    """Yield, for all nodes that the pods may land on, whether the image is built for their architecture."""
    if reason := not_landing(image, "the architecture of its nodes"):
        yield reason
    else:
        builds = image.artifact.builds
        fitting = [landing for landing in image.landings if _fits(landing, builds)]
        for landing in image.landings:
            if landing in fitting:
                yield _clear(image, landing, builds)
            else:
                yield _on(image, landing, builds, fitting)


def not_landing(image: PulledImage, needed: str) -> NotApplicable | None:
    """Return why no node takes *image*, if so; *needed* is what is not known without a cluster."""
    cluster = image.placement.cluster
    if cluster is None:
        return NotApplicable(image.subject, f"no cluster is given, so {needed} is not known")
    if isinstance(cluster, Cluster) and cluster.is_stopped:
        stopped = cluster.evidence("/properties/powerState/code", "the cluster is stopped")
        return NotApplicable(image.subject, "the cluster is stopped: nothing is pulled until it is started", (stopped,))
    if image.artifact.document.status is Status.NOT_FOUND:
        return NotApplicable(image.subject, "it is not in the registry: image-manifest-missing judges that")
    if held := withheld(image.artifact) or image.in_quarantine:
        by = "image-or-repo-read-disabled" if withheld(image.artifact) else "quarantine-policy-hides-image"
        return NotApplicable(image.subject, f"the registry does not give it out: {by} judges that", (held,))
    if not image.landings:
        return NotApplicable(image.subject, "no pool takes the pods: they stay pending, and nothing is pulled")
    return None


def _fits(landing: Landing, builds: Iterable[Build]) -> Truth:
    """Say whether the image is for the nodes *landing*, whichever of their possible architectures is theirs."""
    if not isinstance(landing.os, str) or not landing.possible:
        return None
    return every(some(_runs(build, landing.os, one) for build in builds) for one in landing.possible)


def _runs(build: Build, os: str, architecture: str) -> Truth:
    try:
        return build.platform.runs_on(os, architecture)
    except FactUnavailable:
        return None


def _clear(image: PulledImage, landing: Landing, builds: Iterable[Build]) -> Clear:
    taken = [one for one in builds for two in landing.possible if _runs(one, str(landing.os), two)]
    return Clear(image.on(landing), (*(one.evidence for one in dict.fromkeys(taken)), *landing.evidence))


def _on(image: PulledImage, landing: Landing, builds: Sequence[Build], fitting: Sequence[Landing]) -> Judgement:
    """Judge nodes that the image does not surely fit; those of *fitting* it does."""
    known, unread = _read(builds)
    os = landing.os
    if isinstance(os, FactUnavailable):
        return _unknown(image, landing, os)
    if unread:
        return _unknown(image, landing, unread[0])
    if known and all(one.os != os for one in known):
        reason = f"the image is for {_list(known)}, and {landing.title} has {os}: that is pod-os-nodeselector-mismatch"
        return NotApplicable(image.on(landing), reason, _places(builds))
    missing = tuple(two for two in landing.possible if all(one.runs_on(os, two) is False for one in known))
    on_all = missing == landing.possible
    if landing.doubt is None and (on_all or (missing and landing.each)):
        return _found(image, landing, builds, fitting, on_all=on_all)
    return _undecided(image, landing, builds)


def _found(
    image: PulledImage, landing: Landing, builds: Sequence[Build], fitting: Sequence[Landing], *, on_all: bool
) -> Found:
    """Find what the image is not built for; not *on_all* of the architectures that the nodes may have, it is a risk.

    Nodes are made for no DaemonSet, so it is not sure to get any that somebody else's pods have made.
    """
    known, _ = _read(builds)
    partly = bool(fitting) or not on_all
    end = "" if image.artifact.is_index else "; the pull succeeds, and the container ends with exec format error"
    fine = f"; it runs on {', '.join(one.title for one in fitting)}" if fitting else ""
    risk = landing.pool is None if image.use.workload.kind == "DaemonSet" else partly
    return Found(
        image.on(landing),
        f"{_having(landing)} nodes of {_nodes(landing)}, and the image is for {_list(known)}{end}{fine}",
        "the image is built for every architecture that its pods may land on",
        _remedy(image, landing, known, partly=partly),
        (*_places(builds), *landing.evidence),
        Severity.RISK if risk else None,
    )


def _undecided(image: PulledImage, landing: Landing, builds: Sequence[Build]) -> Unknown:
    known, _ = _read(builds)
    if isinstance(landing.architecture, FactUnavailable):
        doubt, remedy = landing.architecture.reason, landing.architecture.remedy
    elif landing.doubt:
        doubt, remedy = f"whether they take the pods is not known: {landing.doubt}", _remedy(image, landing, known)
    else:
        doubt, remedy = "whether their processors run that variant is not known", _remedy(image, landing, known)
    reason = f"the image is for {_list(known)}, and {landing.title} may have nodes of {_nodes(landing)}: {doubt}"
    return Unknown(image.on(landing), reason, remedy, (*_places(builds), *landing.evidence))


def _unknown(image: PulledImage, landing: Landing, why: FactUnavailable) -> Unknown:
    said = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    return Unknown(image.on(landing), why.reason, why.remedy, said)


def _read(builds: Iterable[Build]) -> tuple[list[Platform], list[FactUnavailable]]:
    """Return the platforms of *builds*, and why those of others are not known."""
    known: list[Platform] = []
    unread: list[FactUnavailable] = []
    for build in builds:
        try:
            known.append(build.platform)
        except FactUnavailable as why:
            unread.append(why)
    return known, unread


def _places(builds: Sequence[Build]) -> tuple[Evidence, ...]:
    return tuple(one.evidence for one in builds[:_MOST_SHOWN])


def _list(platforms: Iterable[Platform]) -> str:
    return ", ".join(dict.fromkeys(map(str, platforms))) or "no platform at all"


def _having(landing: Landing) -> str:
    return f"{landing.title} may make" if landing.maker else f"{landing.title} has"


def _nodes(landing: Landing) -> str:
    return " or ".join(f"{landing.os}/{one}" for one in landing.possible)


def _remedy(image: PulledImage, landing: Landing, known: Iterable[Platform], *, partly: bool = True) -> str:
    os = str(landing.os)
    missing = {f"{os}/{one}" for one in landing.possible}
    wanted = ",".join(sorted(missing | {str(one) for one in known if one.os == os}))
    own = next((one.architecture for one in known if one.os == os), None)
    build = f"docker buildx build --platform {wanted} --tag {image.use.image} --push ."
    if own is None:
        return build
    if not partly:
        return f"{build}, or add a node pool whose processors are {own}"
    choose = f"set nodeSelector: {{kubernetes.io/arch: {own}}} in the pod template of {image.use.workload.subject}"
    return f"{build}, or {choose}"
