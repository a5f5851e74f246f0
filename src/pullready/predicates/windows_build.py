"""Images that are made with another build of Windows than the nodes have that their pods may land on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.artifacts import Build
from pullready.facts.platforms import AMD64
from pullready.facts.pool_labels import WINDOWS
from pullready.facts.pulled_images import Landing, PulledImage
from pullready.facts.runtime_classes import RuntimeClass
from pullready.facts.scheduling import Truth, every
from pullready.facts.windows_builds import BUILD_LABEL, NodeBuilds, WindowsBuild, build, node_builds
from pullready.predicates.image_platform import not_landing
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

_PROCESS: Final = "runhcs-wcow-process"
_MOST_SHOWN: Final = 8


class _Fit(msgspec.Struct, frozen=True):
    """How an image fits the nodes ``landing``: ``runs`` says whether it does, ``why`` what could not be read for that.

    ``taken`` are the builds of the image that the nodes would take; without ``hosts`` none of them is for Windows.
    """

    landing: Landing
    hosts: NodeBuilds | None
    runs: Truth
    taken: tuple[Build, ...] = ()
    why: FactUnavailable | None = None


def windows_build_mismatch(image: PulledImage) -> Iterator[Judgement]:
    """Yield, for all nodes that the pods may land on, whether the image runs on their build of Windows."""
    if reason := not_landing(image, "the Windows build of its nodes"):
        yield reason
        return
    builds = image.artifact.builds
    fits = [_fit(image, landing, builds) for landing in image.landings if landing.os == WINDOWS]
    for landing in image.landings:
        fit = next((one for one in fits if one.landing is landing), None)
        if fit:
            yield _judged(image, fit, builds, [one for one in fits if one.runs and one is not fit])
        elif isinstance(landing.os, FactUnavailable):
            yield _unknown(image, landing, landing.os)
        else:
            yield NotApplicable(image.on(landing), f"{landing.title} has {landing.os}", landing.evidence[:1])


def _fit(image: PulledImage, landing: Landing, builds: Sequence[Build]) -> _Fit:
    """Say how *image* fits the Windows nodes *landing*; what could not be read leaves it open."""
    try:
        suited = _windows(builds)
        if not suited:
            return _Fit(landing, None, None)
        hosts = _hosts(image, landing)
        chosen = [_chosen(image, host, suited) for host in hosts.possible]
        runs = every(_runs(image, host, one) for host, one in zip(hosts.possible, chosen, strict=True))
    except FactUnavailable as why:
        return _Fit(landing, None, None, why=why)
    return _Fit(landing, hosts, runs, tuple({id(one): one for one in chosen if one}.values()))


def _hosts(image: PulledImage, landing: Landing) -> NodeBuilds:
    if landing.pool is None:
        reason = f"which build of Windows the nodes of {landing.title} have is not known"
        raise FactUnavailable(reason, "Look at the imageFamily of its AKSNodeClass")
    return node_builds(landing.pool, image.placement.nodes.of(landing.pool))


def _chosen(image: PulledImage, host: WindowsBuild, suited: Iterable[Build]) -> Build | None:
    """Return what containerd takes for *host*: of an index the highest version that fits, otherwise what there is."""
    if not image.artifact.is_index:
        return next(iter(suited), None)
    fitting = [one for one in suited if host.takes(one.platform.version)]
    return max(fitting, key=lambda one: one.platform.version, default=None)


def _runs(image: PulledImage, host: WindowsBuild, chosen: Build | None) -> Truth:
    """Say whether *host* starts a container of the image *chosen*; HostProcess containers have no build to match."""
    if chosen is None:
        return False
    if image.use.workload.pod.host_process:
        return True
    made = build(chosen.version)
    return host.runs(made) if made else None


def _judged(image: PulledImage, fit: _Fit, builds: Sequence[Build], others: Sequence[_Fit]) -> Judgement:
    if fit.why:
        return _unknown(image, fit.landing, fit.why)
    if fit.hosts is None:
        reason = f"the image is not built for {WINDOWS}/{AMD64}, which other checks judge"
        return NotApplicable(image.on(fit.landing), reason, _places(builds))
    if fit.runs:
        shown = (one.evidence if image.use.workload.pod.host_process else one.version_evidence for one in fit.taken)
        return Clear(image.on(fit.landing), (*shown, *_of_nodes(fit.landing, fit.hosts)))
    if doubt := _doubt(image, fit, builds):
        reason = f"{_mismatch(fit, fit.hosts, builds)}: {doubt}"
        evidence = (*_places(builds), *_of_nodes(fit.landing, fit.hosts))
        return Unknown(image.on(fit.landing), reason, _remedy(image, fit.hosts, builds, others), evidence)
    return _found(image, fit, fit.hosts, builds, others)


def _found(image: PulledImage, fit: _Fit, hosts: NodeBuilds, builds: Sequence[Build], others: Sequence[_Fit]) -> Found:
    how = "" if image.artifact.is_index else "; the pull succeeds, and the container does not start"
    fine = f"; it runs on {', '.join(one.landing.name for one in others)}" if others else ""
    risk = others and image.use.workload.kind != "DaemonSet"
    return Found(
        image.on(fit.landing),
        f"{_mismatch(fit, hosts, builds)}{how}{fine}",
        "the image is made with a build of Windows that every node runs which its pods may land on",
        _remedy(image, hosts, builds, others),
        (*_places(builds), *_of_nodes(fit.landing, hosts)),
        Severity.RISK if risk else None,
    )


def _doubt(image: PulledImage, fit: _Fit, builds: Sequence[Build]) -> str | None:
    """Return what leaves open whether an image that does not surely fit is pulled and started."""
    if fit.runs is None:
        unnamed = any(_made(one) is None for one in fit.taken)
        return "whether it runs is not known" if unnamed else "whether the one runs the other is not documented"
    hosts = fit.hosts.possible if fit.hosts else ()
    if any(_runs(image, host, _chosen(image, host, _windows(builds))) is not False for host in hosts):
        return "the nodes are being changed from one build to another"
    if fit.landing.doubt:
        return f"whether they take the pods is not known: {fit.landing.doubt}"
    return _by_hyper_v(image, hosts, builds)


def _by_hyper_v(image: PulledImage, hosts: Iterable[WindowsBuild], builds: Iterable[Build]) -> str | None:
    """Return what may run an image of an older build all the same; isolation by Hyper-V runs no newer ones."""
    named = [made for one in _windows(builds) if (made := _made(one))]
    if not any(made < host for made in named for host in hosts):
        return None
    match image.placement.runtime_class:
        case FactUnavailable(reason=reason):
            return f"{reason}, and isolation by Hyper-V runs older builds"
        case RuntimeClass(handler=handler) as found if handler != _PROCESS:
            return f"{found.subject} may isolate by Hyper-V, which runs older builds"
        case _:
            return None


def _mismatch(fit: _Fit, hosts: NodeBuilds, builds: Sequence[Build]) -> str:
    return f"{fit.landing.name} has Windows {hosts.name}, and the image is made with {_list(builds)}"


def _windows(builds: Iterable[Build]) -> list[Build]:
    return [one for one in builds if one.platform.runs_on(WINDOWS, AMD64)]


def _made(one: Build) -> WindowsBuild | None:
    """Return the build of Windows that *one* is made with; none where none is named, or it could not be read."""
    try:
        return build(one.version)
    except FactUnavailable:
        return None


def _list(builds: Iterable[Build]) -> str:
    return ", ".join(dict.fromkeys(map(_said, _windows(builds)))) or "no build at all"


def _said(one: Build) -> str:
    """Say what *one* is made with for people."""
    made = _made(one)
    if made:
        return made.name
    try:
        return f"{one.version}, which is no build" if one.version else "a build that nothing names"
    except FactUnavailable:
        return "a build that was not read"


def _remedy(image: PulledImage, hosts: NodeBuilds, builds: Sequence[Build], others: Sequence[_Fit]) -> str:
    tags = " and ".join(one.tag for one in hosts.possible)
    made = f"Build {image.use.image} on the base image of {tags} as well, and push an index of all builds"
    fine = next((one.hosts.possible[0] for one in others if one.hosts), None)
    if fine:
        choose = f"nodeSelector: {{{BUILD_LABEL}: {fine}}} in the pod template of {image.use.workload.subject}"
        return f"{made}, or set {choose}"
    own = next((found.sku for one in _windows(builds) if (found := _made(one)) and found.sku), None)
    return f"{made}, or add a node pool: az aks nodepool add --os-type Windows --os-sku {own}" if own else made


def _unknown(image: PulledImage, landing: Landing, why: FactUnavailable) -> Unknown:
    said = (Evidence(why.document, why.pointer, "", why.reason),) if why.document else ()
    return Unknown(image.on(landing), why.reason, why.remedy, said)


def _places(builds: Sequence[Build]) -> tuple[Evidence, ...]:
    return tuple(one.version_evidence if _made(one) else one.evidence for one in builds[:_MOST_SHOWN])


def _of_nodes(landing: Landing, hosts: NodeBuilds) -> tuple[Evidence, ...]:
    return (*hosts.evidence, *landing.evidence[:1])
