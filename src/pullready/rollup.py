"""What the results add up to for each image on each node pool: which links of the pull path hold, what breaks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import cast

import msgspec

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import Facts, Unread, ids
from pullready.facts.base import SEPARATOR
from pullready.facts.cluster import Cluster
from pullready.facts.images import ImageUse
from pullready.facts.nodes import PROVISIONED
from pullready.facts.path.proof import is_answered, is_open, is_private
from pullready.facts.placement import Placement
from pullready.facts.pull_failures import PullFailure
from pullready.facts.pull_paths import PullPath
from pullready.facts.pulled_images import PulledImage
from pullready.facts.reference import ImageReference
from pullready.facts.workloads import Workload
from pullready.failures import Failures
from pullready.links import PROVES, PULL_PATH, Shown, proven_links
from pullready.outcome import ImageOutcome, Judged, Result
from pullready.predicates.image_layers import Layers
from pullready.verdict import Severity, Verdict

Said = tuple[Result, Judged]
_Place = tuple[str, str]


class _Pull(msgspec.Struct, frozen=True):
    """One image on one pool: everything that a judgement about it can be named after."""

    target: str
    cluster: str | None
    pool: str | None
    image: str
    uses: tuple[ImageUse, ...]
    host: str
    repository: str
    secrets: tuple[str, ...] = ()

    def subjects(self) -> Iterator[tuple[str, ...]]:
        """Yield the subjects, part by part, of the judgements that concern this pull."""
        origins = [name for name in (self.cluster, self.pool) if name]
        registries = [self.host, self.host.partition(".")[0]]
        singles = [self.target, *origins, *registries, *(use.workload.subject for use in self.uses)]
        yield from ((name.casefold(),) for name in dict.fromkeys(singles))
        for use in self.uses:
            yield (use.subject,)
            yield (str(self.pool).casefold(), use.subject)
        for origin, registry in ((one.casefold(), two.casefold()) for one in origins for two in registries):
            yield (origin, registry)
            yield (origin, registry, self.repository.casefold())
        for secret, registry in ((one.casefold(), two.casefold()) for one in self.secrets for two in registries):
            yield (secret, registry)
            yield (secret, registry, self.repository.casefold())


class _Results:
    """The judgements of one target, by the parts of their subjects."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._by_subject: defaultdict[tuple[str, ...], list[Said]] = defaultdict(list)
        self.broken: list[str] = []
        for result in results:
            if result.broken is not None:
                self.broken.append(result.check.id)
            for one in result.judged:
                self._by_subject[_parts(one.judgement.subject)].append((result, one))

    def about(self, pull: _Pull) -> list[Said]:
        """Return the judgements that concern *pull*."""
        return [said for subject in dict.fromkeys(pull.subjects()) for said in self._by_subject.get(subject, ())]


def _parts(subject: str) -> tuple[str, ...]:
    """Return the parts of *subject* that name something: a list of the live cluster, unread, may be about all of it.

    Case counts in what an image is called, and nowhere else.
    """
    parts = subject.split(SEPARATOR)
    named = (part if " in " in part else part.casefold() for part in parts)
    return tuple(part for part in named if len(parts) == 1 or not ids.is_live(part))


def images(facts: Mapping[str, Facts], results: Iterable[Result]) -> tuple[ImageOutcome, ...]:
    """Return what *results* say of every image on every pool that may take it, in the order of the manifests.

    *facts* are those of the targets, by name. An image that no pool takes, or of a target without a cluster that was
    read, stands there once without a pool; so does what names images and could not be read.
    """
    by_target: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_target[result.target].append(result)
    return tuple(outcome for target, known in facts.items() for outcome in _of_target(target, known, by_target[target]))


def _of_target(target: str, facts: Facts, results: list[Result]) -> Iterator[ImageOutcome]:
    index = _Results(results)
    uses: defaultdict[str, list[ImageUse]] = defaultdict(list)
    for use in cast("tuple[ImageUse | Unread, ...]", _known(facts, "images")):
        if isinstance(use, Unread):
            yield ImageOutcome(target, None, use.subject, (), "unknown", (), (), PULL_PATH)
        else:
            uses[_canonical(use)].append(use)
    pools = _pools(facts)
    paths: dict[tuple[str | None, str], PullPath] = {
        (one.origin, one.registry.subject): one for one in _known(facts, "pull_paths") if isinstance(one, PullPath)
    }
    layers = Layers(one for one in _known(facts, "pulled_images") if isinstance(one, PulledImage))
    failures = _failures(facts)
    cluster = facts.scope.target.cluster and ids.name_of(facts.scope.target.cluster)
    for named in uses.values():
        taking: dict[str | None, list[ImageUse]] = {}
        for use in named:
            for pool in pools.get(_place(use.workload)) or (None,):
                taking.setdefault(pool, []).append(use)
        for pool, on_pool in taking.items():
            pull = _Pull(
                target,
                cluster,
                pool,
                named[0].image,
                tuple(on_pool),
                _host(named[0], facts),
                _repository(named[0]),
                _secrets(on_pool, facts),
            )
            seen = failures.of(on_pool, pool, partial(_named_by, facts))
            yield replace(_outcome(pull, index, _shown(paths.get((pool, pull.host)), layers, pull)), seen_failing=seen)


def _outcome(pull: _Pull, index: _Results, shown: Shown) -> ImageOutcome:
    about = index.about(pull)
    proven = proven_links(_by_link(about), shown)
    unproven = tuple(link for link in PULL_PATH if link not in proven)
    verdict, because = _verdict(about, index.broken, complete=not unproven)
    workloads = tuple(dict.fromkeys(use.workload.subject for use in pull.uses))
    return ImageOutcome(pull.target, pull.pool, pull.image, workloads, verdict, because, proven, unproven)


def _shown(path: PullPath | None, layers: Layers, pull: _Pull) -> Shown:
    if path is None or pull.pool is None:
        return Shown(bool, bool, bool)
    origin = pull.pool
    return Shown(
        partial(is_private, path),
        partial(is_answered, path),
        lambda: is_open(path) and all(layers.are_held(use, origin) for use in pull.uses),
    )


def _verdict(about: list[Said], broken: list[str], *, complete: bool) -> tuple[str, tuple[str, ...]]:
    """Return the verdict and the checks it comes from; a waiver accepts a finding, and the pull fails all the same.

    Advice harms no pull, found or unknown.
    """
    for verdict, severity in (("blocked", Severity.BLOCKER), ("at-risk", Severity.RISK)):
        found = [said for said in about if said[1].kind is Verdict.FOUND and said[0].severity_of(said[1]) is severity]
        if found:
            return verdict, _checks(found)
    unknown = [
        said for said in about if said[1].kind is Verdict.UNKNOWN and said[0].check.severity is not Severity.ADVICE
    ]
    if unknown or broken:
        return "unknown", tuple(sorted({*_checks(unknown), *broken}))
    return ("will-pull" if complete else "no-fault-found"), ()


def _checks(about: Iterable[Said]) -> tuple[str, ...]:
    return tuple(sorted({result.check.id for result, _ in about}))


def _by_link(about: list[Said]) -> dict[str, set[tuple[str, Verdict]]]:
    """Return what the checks of each link say, by the link; advice breaks none."""
    found: defaultdict[str, set[tuple[str, Verdict]]] = defaultdict(set)
    for result, one in about:
        link = PROVES.get(result.check.id)
        if link and not (one.kind is Verdict.FOUND and result.severity_of(one) is Severity.ADVICE):
            found[link].add((result.check.id, one.kind))
    return found


def _known(facts: Facts, name: str) -> tuple[object, ...]:
    """Return the fact *name*, or nothing where it could not be made: the checks that need it say so."""
    try:
        return cast("tuple[object, ...]", facts(name))
    except (FactUnavailable, NothingToJudge):
        return ()


def _canonical(use: ImageUse) -> str:
    return str(use.reference) if isinstance(use.reference, ImageReference) else use.image


def _host(use: ImageUse, facts: Facts) -> str:
    """Return the login server that the image comes from, in the spelling of the checks' subjects."""
    known = use.registry_host(facts.scope.settings)
    return known or (use.reference.host if isinstance(use.reference, ImageReference) else "")


def _repository(use: ImageUse) -> str:
    return use.reference.repository if isinstance(use.reference, ImageReference) else ""


def _secrets(uses: list[ImageUse], facts: Facts) -> tuple[str, ...]:
    """Return the pull secrets that the workloads of *uses* name, in the spelling of the checks' subjects."""
    return tuple(f"Secret {use.workload.namespace}/{name}" for use in uses for name in _named_by(facts, use))


def _named_by(facts: Facts, use: ImageUse) -> tuple[str, ...]:
    """Return the names of the pull secrets of the workload of *use*, as far as it can be told."""
    try:
        names: tuple[str, ...] = facts("credentials").named_by(use.workload)[0]
    except (FactUnavailable, NothingToJudge):
        return ()
    return names


def _failures(facts: Facts) -> Failures:
    events = (one for one in _known(facts, "pull_failures") if isinstance(one, PullFailure))
    try:
        pools = {one.name: one.pool for one in facts("live_nodes").nodes}
    except (FactUnavailable, NothingToJudge):
        pools = {}
    return Failures(events, pools)


def _pools(facts: Facts) -> dict[_Place, tuple[str, ...]]:
    """Return the pools that may take each workload, by where it stands: several may be called the same.

    Where registries are asked, the architectures of the pools are known as well, which pods may choose.
    """
    found: dict[_Place, tuple[str, ...]] = {}
    for placement in _known(facts, "placements"):
        if isinstance(placement, Placement) and isinstance(placement.cluster, Cluster):
            with suppress(FactUnavailable):  # of the pools: the checks say so
                places = [place.pool.name for place in placement.places if place.fits is not False]
                if placement.may_be_provisioned:
                    places.append(PROVISIONED)
                found[_place(placement.workload)] = tuple(places)
    for image in _known(facts, "pulled_images"):
        if isinstance(image, PulledImage) and isinstance(image.placement.cluster, Cluster):
            with suppress(FactUnavailable):  # of the pools, or of the sizes of their machines
                found[_place(image.use.workload)] = tuple(dict.fromkeys(one.name for one in image.landings))
    return found


def _place(workload: Workload) -> _Place:
    return workload.document.id, workload.base
