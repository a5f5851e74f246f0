"""Faults of the operating system of the nodes that a pod may run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pullready.facts.cluster import Cluster
from pullready.facts.declared_os import declared_systems
from pullready.facts.placement import Placement
from pullready.facts.places import BuiltSystem, Place, ProvisionedPlace
from pullready.facts.pool_labels import LINUX
from pullready.verdict import Clear, Evidence, Found, Judgement, NotApplicable, Severity, Unknown

AnyPlace = Place | ProvisionedPlace
_SELECTOR = "Set nodeSelector: {{kubernetes.io/os: {os}}} in the pod template of {subject}"


def os_mismatch(placement: Placement) -> Iterator[Judgement]:
    """Yield whether the workload's pods may land on nodes whose operating system is not that of their images."""
    declared = (*declared_systems(placement.workload), *placement.built)
    systems = tuple(dict.fromkeys(one.os for one in declared))
    left = placement.systems
    if len(systems) > 1:
        observed = f"the pod template is for {' and '.join(systems)} at once"
        yield _contradiction(placement, observed, declared)
    elif systems and left and systems[0] not in left:
        observed = f"the images are for {systems[0]}, and the pods choose nodes with {left[0]}"
        yield _contradiction(placement, observed, declared)
    elif placement.cluster is None:
        yield _without_cluster(placement)
    elif isinstance(placement.cluster, Cluster) and placement.cluster.is_stopped:
        evidence = (placement.cluster.evidence("/properties/powerState/code", "the cluster is stopped"),)
        yield NotApplicable(
            placement.subject, "the cluster is stopped: nothing is pulled until it is started", evidence
        )
    else:
        yield _on_pools(placement, systems[0] if systems else None, declared)


def _contradiction(placement: Placement, observed: str, declared: Iterable[BuiltSystem]) -> Found:
    return Found(
        placement.subject,
        observed,
        "the pods run on nodes with the operating system of their images",
        "Make os.name, the images and the nodeSelector kubernetes.io/os of the pod template agree",
        (*(one.evidence for one in declared), *placement.selection),
    )


def _without_cluster(placement: Placement) -> Judgement:
    chosen = tuple(placement.selection)
    match placement.systems:
        case ():
            return NotApplicable(placement.subject, _nowhere("no node has the labels that the pods ask for"), chosen)
        case (_,) if chosen:
            return Clear(placement.subject, chosen)
        case _:
            reason = "no cluster is given, so whether it has nodes with two operating systems is not known"
            return NotApplicable(placement.subject, reason)


def _on_pools(placement: Placement, wanted: str | None, declared: Iterable[BuiltSystem]) -> Judgement:
    open_ = [place for place in _places(placement) if place.fits is not False]
    if not open_:
        return _no_pool(placement)
    said = (*(one.evidence for one in declared), *placement.selection)
    systems = {*(place.os for place in open_), *({LINUX} if placement.others else ())}
    if len(systems) == 1 and wanted in {None, *systems}:
        return Clear(placement.subject, (*said, *_pools(open_)))
    if wanted is None:
        return Unknown(
            placement.subject,
            f"the pods may run on {_names(open_)}, nothing pins the operating system, "
            "and what is known of the images does not tell it",
            _SELECTOR.format(os="linux|windows", subject=placement.subject),
            _pools(open_),
        )
    return _declared_on_pools(placement, wanted, open_, said)


def _declared_on_pools(
    placement: Placement, wanted: str, open_: Sequence[AnyPlace], said: tuple[Evidence, ...]
) -> Judgement:
    wrong = [place for place in open_ if place.fits and place.os not in {wanted, None}]
    evidence = (*said, *_pools(open_))
    remedy = _SELECTOR.format(os=wanted, subject=placement.subject)
    if not wrong:
        doubts = [place.because for place in open_ if place.os != wanted]
        why = doubts[0] if doubts else "node auto-provisioning may add Linux nodes for them"
        reason = f"the images are for {wanted}, and whether the pods may run elsewhere cannot be told: {why}"
        return Unknown(placement.subject, reason, remedy, evidence)
    right = [place for place in open_ if place.os == wanted]
    fine = f"; they are right on {_names(right)}" if right else ""
    return Found(
        placement.subject,
        f"the images are for {wanted}, and the pods may run on {_names(wrong)}{fine}",
        f"every pool that takes the pods has {wanted}",
        remedy,
        evidence,
        Severity.RISK if _is_partly_right(placement, wanted, open_, wrong) else None,
    )


def _is_partly_right(placement: Placement, wanted: str, open_: Iterable[AnyPlace], wrong: Iterable[AnyPlace]) -> bool:
    """Say whether the pods may run all the same; no nodes are made for those of a DaemonSet, so it may get none."""
    if placement.workload.kind == "DaemonSet":
        return all(isinstance(place, ProvisionedPlace) for place in wrong)
    return any(place.os in {wanted, None} for place in open_)


def _no_pool(placement: Placement) -> Judgement:
    why = "; ".join(f"{place.name}: {place.because}" for place in _places(placement))
    if others := placement.others:
        return Unknown(
            placement.subject,
            f"no pool takes the pods ({why}), and what nodes auto-provisioning adds for them was not read",
            "Name a pool that exists in the pod template's nodeSelector, or look at the NodePool resources",
            (Evidence(others.document, others.pointer, "", others.reason),) if others.document else (),
        )
    return NotApplicable(placement.subject, _nowhere(f"no pool takes the pods ({why})"), tuple(placement.selection))


def _nowhere(why: str) -> str:
    return f"{why}: they stay pending, and nothing is pulled; kubernetes.io/os is linux or windows, in lower case"


def _places(placement: Placement) -> Iterator[AnyPlace]:
    yield from placement.places
    yield from placement.provisioned


def _names(places: Iterable[AnyPlace]) -> str:
    return ", ".join(f"{place.name} ({place.os or 'unknown'})" for place in places)


def _pools(places: Iterable[AnyPlace]) -> tuple[Evidence, ...]:
    return tuple(one for place in places for one in place.evidence)
