"""The images that workloads name, what their registries hold under those names, and the nodes that they may land on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec
from msgspec.structs import replace

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import ids
from pullready.facts.artifact_properties import has_passed, quarantine_state
from pullready.facts.artifacts import Artifact
from pullready.facts.base import SEPARATOR, Unread
from pullready.facts.cache_rules import fetched_by
from pullready.facts.cluster import Cluster, NodePool
from pullready.facts.hosts import LoginServer, form_of
from pullready.facts.images import ImageUse
from pullready.facts.known_hosts import Known
from pullready.facts.live_nodes import LiveNode
from pullready.facts.nodes import PROVISIONED
from pullready.facts.placement import Placement
from pullready.facts.places import BuiltSystem, Place, ProvisionedPlace
from pullready.facts.pods import Container
from pullready.facts.pool_labels import ARCHITECTURES, LINUX
from pullready.facts.reference import ImageReference
from pullready.facts.registry import Registry
from pullready.facts.scope import Need, Scope, fact
from pullready.facts.vm_sizes import Architecture, VmSizes
from pullready.facts.workloads import Workload
from pullready.snapshot import Provider, Status
from pullready.verdict import Evidence, Location

_NEVER: Final = "Never"
_LATEST: Final = "latest"
_ARCHITECTURE: Final = "kubernetes.io/arch"


class Landing(msgspec.Struct, frozen=True):
    """Nodes that a workload's pods may land on: of one ``pool``, or without one those of node auto-provisioning.

    ``doubt`` says why it is not certain that they may; ``architecture`` why that of the nodes is not known. ``maker``
    is the NodePool that makes them, if it is known; with ``each``, it may make some of every possible architecture.
    """

    name: str
    os: str | FactUnavailable
    architecture: Architecture | FactUnavailable
    possible: tuple[str, ...]
    doubt: str | None
    evidence: tuple[Evidence, ...]
    pool: NodePool | None = None
    maker: str | None = None
    each: bool = False

    @property
    def title(self) -> str:
        """What people call them."""
        return self.maker or self.name


class PulledImage(msgspec.Struct, frozen=True, dict=True):
    """An image that a workload names. ``sizes`` is none where no cluster could be read."""

    scope: Scope
    use: ImageUse
    placement: Placement
    known: Known
    sizes: VmSizes | None

    @property
    def subject(self) -> str:
        """The image and its workload."""
        return self.use.subject

    @property
    def location(self) -> Location | None:
        """Where the image is named."""
        return self.use.location

    def on(self, landing: Landing) -> str:
        """Return the subject of what is judged of the image on the nodes *landing*."""
        return f"{landing.name}{SEPARATOR}{self.subject}"

    @property
    def containers(self) -> tuple[Container, ...]:
        """The containers of the workload that name the image."""
        return tuple(one for one in self.use.workload.pod.containers if one.image == self.use.image)

    @property
    def may_be_cached(self) -> bool:
        """Whether a node that has the image starts it without asking, as Kubernetes does unless ``Always`` holds."""
        reference = self.use.reference
        is_latest = isinstance(reference, ImageReference) and not reference.digest and reference.tag in {None, _LATEST}
        return any((one.pull_policy or ("Always" if is_latest else "")) != "Always" for one in self.containers)

    @cached_property
    def artifact(self) -> Artifact:
        """What the reference names in its registry; raise :class:`NothingToJudge` where no registry is asked for it."""
        reference = self.use.reference
        if not isinstance(reference, ImageReference):
            raise NothingToJudge(f"{self.use.image!r} is no reference, and no registry is asked for it")
        host = self.use.registry_host(self.scope.settings)
        if host is None or not isinstance(form_of(host, self.scope.settings.cloud), LoginServer):
            raise NothingToJudge(f"{reference.host} is no Azure container registry that is judged")
        if all(one.pull_policy == _NEVER for one in self.containers):
            raise NothingToJudge("its pull policy is Never, so no registry is asked for it")
        if self._is_misnamed(host):
            raise NothingToJudge(f"{host} is not the login server of the registry; dnl-login-server-mismatch judges it")
        # Where both are named, nodes go by the digest.
        named = Artifact(self.scope, host, reference.repository, reference.digest or reference.tag or _LATEST)
        if not named.was_asked_for and (rule := self.fetching_rule(host, reference.repository)):
            raise NothingToJudge(f"the registry is not asked for it, because {rule.says} when somebody asks")
        return named

    @property
    def is_held_back(self) -> bool:
        """Whether no registry is asked for it only because the cache rules of its own could not be read."""
        if not self.scope.settings.read_registries:
            return False
        try:
            rules = self.scope.document(ids.cache_rules_of(self.registry().id))
        except NothingToJudge:
            return False
        except FactUnavailable as why:
            return "/cacherules" in (why.document or "").casefold()
        return rules.status not in {Status.READ, Status.NOT_ASKED}

    def fetching_rule(self, host: str, repository: str) -> Evidence | None:
        """Return the cache rule by which asking for *repository* may make the registry fetch it; none where none does.

        None, too, where the rules were never asked for; raise :class:`FactUnavailable` where they could not be read.
        """
        candidates = self.known.candidates(host) if self.scope.target.cluster else ()
        for registry in candidates:
            rules = self.scope.document(ids.cache_rules_of(registry.id))
            if registry.login_server == host and rules.status is not Status.NOT_ASKED:
                return fetched_by(self.scope, registry, repository)
        return None

    def _is_misnamed(self, host: str) -> bool:
        try:
            return self.scope.target.cluster is not None and self.known.namesake(host) is not None
        except FactUnavailable:  # of the registries: what it names may be read all the same
            return False

    def registry(self) -> Registry:
        """Return the registry; raise :class:`FactUnavailable` where it is not among those that could be read."""
        host = self.artifact.login_server
        if self.scope.target.cluster:
            for registry in self.known.candidates(host):
                if registry.login_server == host:
                    return registry
        raise FactUnavailable(
            f"which resource {host} is was not read, and so neither its policies nor its cache rules",
            "Name the registry by its resource id under registries: in pullready.yaml",
        )

    @property
    def in_quarantine(self) -> Evidence | None:
        """What says that the registry does not give it out because it is in quarantine; none where nothing does."""
        if self.artifact.document.status in {Status.READ, Status.NOT_ASKED}:
            return None
        try:
            state = quarantine_state(self.artifact) if self.registry().quarantines else None
        except FactUnavailable:
            return None
        return None if state is None or has_passed(state) else state

    @cached_property
    def landings(self) -> tuple[Landing, ...]:
        """The nodes that the pods may land on; raise :class:`FactUnavailable` where the cluster could not be read."""
        return tuple(self._landings())

    def _landings(self) -> Iterator[Landing]:
        if isinstance(self.placement.cluster, FactUnavailable):
            raise self.placement.cluster
        if self.placement.cluster is None or self.sizes is None:
            return
        pools = self.placement.cluster.pools
        known = {pool.name: _architecture(self.sizes, pool, self.placement.nodes.of(pool)) for pool in pools}
        sure = {name: one.value for name, one in known.items() if isinstance(one, Architecture)}
        placement = replace(self.placement, architectures=sure)
        for place in placement.places:
            if place.fits is not False:
                yield _of_pool(placement, place, known[place.pool.name])
        yield from _provisioned(placement, self.placement.cluster)


def _architecture(sizes: VmSizes, pool: NodePool, nodes: Sequence[LiveNode]) -> Architecture | FactUnavailable:
    """Return the architecture of the nodes of *pool*: as Azure tells it of their size, else as they say themselves."""
    try:
        return sizes.architecture(pool)
    except FactUnavailable as why:
        said = {one.labels.get(_ARCHITECTURE, ""): one for one in nodes}
        if len(said) != 1 or "" in said:
            return why
    ((value, node),) = said.items()
    return Architecture(value, (node.labelled(_ARCHITECTURE, f"node {node.name} of {pool.name} is {value}"),))


def _of_pool(placement: Placement, place: Place, architecture: Architecture | FactUnavailable) -> Landing:
    pool = place.pool
    try:
        os: str | FactUnavailable = pool.os_type
    except FactUnavailable as why:
        os = why
    possible: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = (pool.evidence("/osType", f"pool {pool.name} may take the pods"),)
    if isinstance(architecture, Architecture):
        possible, evidence = (architecture.value,), (*evidence, *architecture.evidence)
    elif isinstance(os, str):
        possible = _admitted(placement, os)
    return Landing(pool.name, os, architecture, possible, None if place.fits else place.because, evidence, pool)


def _provisioned(placement: Placement, cluster: Cluster) -> Iterator[Landing]:
    """Yield the nodes that auto-provisioning may add: for each NodePool, and for those that are not known."""
    mode = cluster.evidence("/properties/nodeProvisioningProfile/mode", "nodes may be added for the pods")
    for place in placement.provisioned:
        if place.fits is not False:
            yield _made(place, (mode, *place.evidence))
    why = placement.others
    if why and (possible := _admitted(placement, LINUX)):
        yield Landing(PROVISIONED, LINUX, why, possible, why.reason, (mode,))


def _made(place: ProvisionedPlace, evidence: tuple[Evidence, ...]) -> Landing:
    """Return the nodes that a NodePool may make; which architecture one gets is chosen when it is made."""
    doubt = None if place.fits else place.because
    if place.os is None or place.unread:
        why = place.unread or FactUnavailable(place.because, "Look at the NodePool")
        return Landing(PROVISIONED, why, why, (), doubt, evidence, maker=place.name)
    architecture: Architecture | FactUnavailable
    if len(place.architectures) == 1:
        architecture = Architecture(place.architectures[0], evidence)
    else:
        choose = "Choose one in the pod template, or in the NodePool: kubernetes.io/arch"
        by = (
            "which sizes its requirements leave was not looked up" if place.pool.chooses_sizes else "it may make either"
        )
        architecture = FactUnavailable(by, choose)
    each = not place.pool.chooses_sizes
    return Landing(
        PROVISIONED, place.os, architecture, place.architectures, doubt, evidence, maker=place.name, each=each
    )


def _admitted(placement: Placement, os: str) -> tuple[str, ...]:
    found = (str(one) for one in ARCHITECTURES.get(os, ()))
    return tuple(sorted(one for one in found if placement.admits_nodes(os, one) is not False))


@fact(Need.ARTIFACTS, Need.CACHE_RULES, Need.VM_SIZES, Need.REGISTRIES, Need.CLUSTER)
def pulled_images(
    scope: Scope, images: tuple[ImageUse | Unread, ...], placements: tuple[Placement | Unread, ...]
) -> tuple[PulledImage | Unread, ...]:
    """Return each image of each workload; raise :class:`NothingToJudge` in a run that asks no registry for anything."""
    found = tuple(pulled(scope, images, placements))
    asked = scope.snapshot.asked(Provider.REGISTRY)
    if not asked and not any(isinstance(one, PulledImage) and one.is_held_back for one in found):
        raise NothingToJudge("what registries hold was not read: their data plane was asked for nothing")
    return found


@fact(Need.ARTIFACTS, Need.REGISTRIES)
def image_placements(
    scope: Scope, images: tuple[ImageUse | Unread, ...], placements: tuple[Placement | Unread, ...]
) -> tuple[Placement | Unread, ...]:
    """Return each workload's placement with the operating systems that registries tell of its images.

    An image that is built for several tells none, nor does one that was not read.
    """
    if not scope.snapshot.asked(Provider.REGISTRY):
        return placements
    built: dict[tuple[str, str], tuple[BuiltSystem, ...]] = {}
    for image in pulled(scope, images, placements):
        if isinstance(image, PulledImage):
            key = _key(image.use.workload)
            built[key] = (*built.get(key, ()), *_only_system(image))
    return tuple(
        replace(one, built=built.get(_key(one.workload), ())) if isinstance(one, Placement) else one
        for one in placements
    )


def _only_system(image: PulledImage) -> Iterator[BuiltSystem]:
    try:
        systems: dict[str, Evidence] = {}
        for build in image.artifact.builds:
            systems.setdefault(build.platform.os, build.evidence)
    except (FactUnavailable, NothingToJudge):
        return
    if len(systems) == 1:
        ((os, evidence),) = systems.items()
        yield BuiltSystem(os, evidence)


def _key(workload: Workload) -> tuple[str, str]:
    return workload.document.id, workload.base


def pulled(
    scope: Scope, images: tuple[ImageUse | Unread, ...], placements: tuple[Placement | Unread, ...]
) -> Iterator[PulledImage | Unread]:
    """Yield each image of each workload, whether or not a registry was asked for anything."""
    known = Known(scope)
    places = {_key(one.workload): one for one in placements if isinstance(one, Placement)}
    sizes = next((VmSizes(scope, one.cluster) for one in places.values() if isinstance(one.cluster, Cluster)), None)
    for use in images:
        yield use if isinstance(use, Unread) else PulledImage(scope, use, places[_key(use.workload)], known, sizes)
