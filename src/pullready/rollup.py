"""What the results add up to for each image on each node pool: which links of the pull path hold, what breaks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, cast

import msgspec

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import Facts, Unread, ids
from pullready.facts.base import SEPARATOR
from pullready.facts.cluster import Cluster
from pullready.facts.images import ImageUse
from pullready.facts.nodes import PROVISIONED
from pullready.facts.placement import Placement
from pullready.facts.pool_labels import LINUX
from pullready.facts.pull_paths import PullPath
from pullready.facts.reference import ImageReference
from pullready.outcome import ImageOutcome, Judged, Result
from pullready.verdict import Severity, Verdict

#: The links of the way that a pull takes, in its order.
PULL_PATH: Final = (
    "reference",
    "identity",
    "credential",
    "dns",
    "route",
    "firewall",
    "gate",
    "manifest",
    "platform",
    "layers",
)
#: Which link a check proves where it is clear. The links that no check proves yet stay unproven; a check that is not
#: here proves none, for a pull may well succeed where it finds something.
PROVES: Final[Mapping[str, str]] = {
    "invalid-image-reference": "reference",
    "image-uses-privatelink-hostname": "reference",
    "cloud-suffix-mismatch": "reference",
    "dnl-login-server-mismatch": "reference",
    "image-reference-registry-unknown": "reference",
    "kubelet-pull-role-missing": "identity",
    "abac-registry-acrpull-not-honoured": "identity",
    "kubelet-identity-not-on-vmss": "credential",
    "cluster-sp-secret-expired": "credential",
    "pull-secret-sp-invalid-or-expired": "credential",
    "pull-secret-admin-password-stale": "credential",
    "pull-secret-wrong-server-key": "credential",
    "pull-secret-not-referenced-or-wrong-namespace": "credential",
    "pull-secret-entra-token-expired": "credential",
    "admin-user-disabled-with-admin-secret": "credential",
    "registry-token-disabled-or-expired": "credential",
    "scope-map-lacks-repository-read": "credential",
    "private-dns-zone-not-linked-to-cluster-vnet": "dns",
    "vnet-peering-missing-or-disconnected": "route",
    "route-table-blackholes-registry": "route",
    "nsg-blocks-registry-egress": "firewall",
    "hub-firewall-blocks-private-endpoint": "firewall",
    "nva-or-firewall-blocks-registry": "firewall",
    "tls-handshake-timeout-path": "firewall",
    "registry-firewall-excludes-cluster-egress": "gate",
    "registry-public-access-disabled-without-private-path": "gate",
    "image-or-repo-read-disabled": "manifest",
    "image-pull-policy-hazard": "manifest",
    "image-manifest-missing": "manifest",
    "soft-deleted-artifact": "manifest",
    "quarantine-policy-hides-image": "manifest",
    "pod-os-nodeselector-mismatch": "platform",
    "image-architecture-mismatch": "platform",
    "windows-os-build-mismatch": "platform",
}
#: The link that only one of its checks proves, the one that knows what the image is for; the others can but break it.
_PROVEN_BY: Final[Mapping[str, str]] = {
    "reference": "image-reference-registry-unknown",
    "manifest": "image-manifest-missing",
    "platform": "image-architecture-mismatch",
}
#: Checks that can but break their link: what they are clear of is one reason of many why a login is refused.
_BREAKING: Final = frozenset(
    {
        "pull-secret-wrong-server-key",
        "pull-secret-not-referenced-or-wrong-namespace",
        "pull-secret-entra-token-expired",
        "admin-user-disabled-with-admin-secret",
        "scope-map-lacks-repository-read",
    }
)
#: The check that must have been asked as well before the link is proven, whether or not it applies.
_ASKED_TOO: Final[Mapping[str, str]] = {"platform": "windows-os-build-mismatch"}

Said = tuple[Result, Judged]


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
        singles = [self.target, *origins, *registries]
        singles += [subject for use in self.uses for subject in (use.subject, use.workload.subject)]
        yield from ((name.casefold(),) for name in dict.fromkeys(singles))
        yield from ((str(self.pool).casefold(), use.subject.casefold()) for use in self.uses)
        for origin, registry in ((one.casefold(), two.casefold()) for one in origins for two in registries):
            yield (origin, registry)
            yield (origin, registry, self.repository.casefold())
        yield from ((secret.casefold(), registry.casefold()) for secret in self.secrets for registry in registries)


class _Results:
    """The judgements of one target, by the parts of their subjects."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._by_subject: defaultdict[tuple[str, ...], list[Said]] = defaultdict(list)
        self.broken: list[str] = []
        for result in results:
            if result.broken is not None:
                self.broken.append(result.check.id)
            for one in result.judged:
                self._by_subject[tuple(one.judgement.subject.casefold().split(SEPARATOR))].append((result, one))

    def about(self, pull: _Pull) -> list[Said]:
        """Return the judgements that concern *pull*."""
        return [said for subject in dict.fromkeys(pull.subjects()) for said in self._by_subject.get(subject, ())]


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
    private = _private_paths(facts)
    cluster = facts.scope.target.cluster and ids.name_of(facts.scope.target.cluster)
    for named in uses.values():
        taking: dict[str | None, list[ImageUse]] = {}
        for use in named:
            for pool in pools.get(use.workload.subject) or (None,):
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
            yield _outcome(pull, index, is_private=(pool, pull.host) in private)


def _outcome(pull: _Pull, index: _Results, *, is_private: bool) -> ImageOutcome:
    about = index.about(pull)
    said = _by_link(about)
    proven = tuple(link for link in PULL_PATH if _is_proven(link, said.get(link, set()), is_private=is_private))
    unproven = tuple(link for link in PULL_PATH if link not in proven)
    verdict, because = _verdict(about, index.broken, complete=not unproven)
    workloads = tuple(dict.fromkeys(use.workload.subject for use in pull.uses))
    return ImageOutcome(pull.target, pull.pool, pull.image, workloads, verdict, because, proven, unproven)


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


def _is_proven(link: str, said: set[tuple[str, Verdict]], *, is_private: bool) -> bool:
    """Say whether a check of *link* is clear and none of them anything worse; a private path has no gate to pass."""
    kinds = {kind for _, kind in said}
    if kinds & {Verdict.FOUND, Verdict.UNKNOWN}:
        return False
    if link in _ASKED_TOO and all(check != _ASKED_TOO[link] for check, _ in said):
        return False
    proving = {check for check, kind in said if kind is Verdict.CLEAR} - _BREAKING
    return any(_PROVEN_BY.get(link, check) == check for check in proving) or (
        link == "gate" and is_private and bool(kinds)
    )


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
    try:
        credentials = facts("credentials")
    except (FactUnavailable, NothingToJudge):
        return ()
    return tuple(
        f"Secret {use.workload.namespace}/{name}" for use in uses for name in credentials.named_by(use.workload)[0]
    )


def _pools(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return the pools that may take each workload, by its subject."""
    found: dict[str, tuple[str, ...]] = {}
    for placement in _known(facts, "placements"):
        if isinstance(placement, Placement) and isinstance(placement.cluster, Cluster):
            with suppress(FactUnavailable):  # of the pools: the checks say so
                places = [place.pool.name for place in placement.places if place.fits is not False]
                if placement.cluster.provisions_nodes and placement.admits(LINUX) is not False:
                    places.append(PROVISIONED)
                found[placement.subject] = tuple(places)
    return found


def _private_paths(facts: Facts) -> set[tuple[str | None, str]]:
    """Return the pools and login servers between which there is a private endpoint."""
    found: set[tuple[str | None, str]] = set()
    for path in _known(facts, "pull_paths"):
        if isinstance(path, PullPath) and _is_private(path):
            found.add((path.origin, path.registry.subject))
    return found


def _is_private(path: PullPath) -> bool:
    try:
        return path.is_private
    except FactUnavailable:
        return False
