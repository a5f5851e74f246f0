"""The names of targets, and what waivers mean by the names they use.

A target is called by the shortest suffix of subscription/group/name that no other target of the run has: ``prod``, else
``shop/prod``. Names are compared without case.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pullready.config.entries import suggestion
from pullready.config.model import Configuration, Target, Waiver
from pullready.config.values import Refused, cluster_id, quoted
from pullready.errors import InputError, together

#: The name of a target without a cluster.
MANIFESTS: Final = "manifests"


def named(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return *targets* with names that are unique among them; no cluster may be there twice."""
    ways = [suffixes(target.cluster) if target.cluster else () for target in targets]
    taken = Counter(way.casefold() for each in ways for way in each)
    names = [next((way for way in each if taken[way.casefold()] == 1), "") for each in ways]
    used = {name.casefold() for name in names}
    for place, name in enumerate(names):
        if not name:
            names[place] = _free(MANIFESTS, used)
            used.add(names[place])
    return tuple(replace(target, name=name) for target, name in zip(targets, names, strict=True))


def suffixes(cluster: str) -> tuple[str, str, str]:
    """Return the names that a cluster may go by, the shortest first: name, group/name, subscription/group/name."""
    _, _, subscription, _, group, _, _, _, name = cluster.split("/")
    return name, f"{group}/{name}", f"{subscription}/{group}/{name}"


def _free(name: str, used: set[str]) -> str:
    number = 1
    while (name if number == 1 else f"{name}-{number}") in used:
        number += 1
    return name if number == 1 else f"{name}-{number}"


def targets_from(scopes: Iterable[Mapping[str, Any]], *, file: str | None) -> tuple[Target, ...]:
    """Return the targets that a snapshot was taken of; *file* is the snapshot's.

    Each scope has ``name`` and, as in :class:`Target`, ``cluster``, ``registries``, ``context``, ``tenant`` and
    ``egress_addresses``. The manifests are in the snapshot, so no paths are named. Raise :class:`InputError` where
    there is no target, where two have one name, or where a cluster is none.
    """
    targets = tuple(Target(**{**scope, "manifests": ()}) for scope in scopes)
    if not targets:
        raise InputError(
            "the snapshot does not say what it was taken of", "Name the cluster with --pullready-cluster", file=file
        )
    counts = Counter(target.name.casefold() for target in targets)
    for target in targets:
        if counts[target.name.casefold()] > 1:
            raise InputError(f"two targets of the snapshot are called {target.name}", "Save it again", file=file)
        try:
            _ = target.cluster and cluster_id(target.cluster)
        except Refused as refused:
            raise InputError(f"a target of the snapshot: {refused.what}", refused.remedy, file=file) from None
    return targets


def waivers_for(
    waivers: Iterable[Waiver], targets: Sequence[Target], before: Sequence[Target] = ()
) -> tuple[Waiver, ...]:
    """Return *waivers* with the names that *targets*, those of the run, have in it.

    *before* are the targets that the waivers were written beside, where they are others: *prod* still means the cluster
    that it meant there. A waiver whose cluster is not in the run keeps a name that none of the run's targets has.
    """
    return tuple(_renamed(waiver, targets, before) for waiver in waivers)


def _renamed(waiver: Waiver, targets: Sequence[Target], before: Sequence[Target]) -> Waiver:
    name = waiver.target
    if name is None:
        return waiver
    if before:
        name = next((_whole_name(target) for target in _meant(name, before)), name)
    meant = _meant(name, targets)
    return replace(waiver, target=meant[0].name if len(meant) == 1 else name)


def _meant(name: str, targets: Iterable[Target]) -> list[Target]:
    """Return the targets that *name* may mean: by their name in the run, a longer suffix, or the cluster's id."""
    folded = name.rstrip("/").casefold()
    exact = [target for target in targets if target.name.casefold() == folded]
    return exact or [target for target in targets if folded in {way.casefold() for way in _ways(target)}]


def _ways(target: Target) -> tuple[str, ...]:
    return (*suffixes(target.cluster), target.cluster) if target.cluster else (target.name,)


def _whole_name(target: Target) -> str:
    """Return the longest name of a target, which means the same cluster in every run."""
    return suffixes(target.cluster)[-1] if target.cluster else target.name


def unknown_targets(waivers: Iterable[Waiver], targets: Sequence[Target]) -> list[InputError]:
    """Return what is wrong with the targets that *waivers* name: that there is none, or more than one."""
    problems = []
    for waiver in waivers:
        meant = targets[:1] if waiver.target is None else _meant(waiver.target, targets)
        if len(meant) != 1:
            what, remedy = "is not a target", suggestion(waiver.target or "", [target.name for target in targets])
            if meant:
                what, remedy = "may mean several targets", f"Write one of: {', '.join(one.name for one in meant)}"
            said = f"target: {quoted(waiver.target or '')} {what}"
            problems.append(InputError(said, remedy, file=waiver.file, line=waiver.line))
    return problems


def unknown_checks(configuration: Configuration, known: Iterable[str]) -> InputError | None:
    """Return what is wrong with the waivers whose check is not among the *known* ids; none where all are."""
    ids = sorted(known)
    problems = [
        InputError(
            f"check: there is no check {quoted(waiver.check)}",
            _near(waiver.check, ids),
            file=waiver.file,
            line=waiver.line,
        )
        for waiver in configuration.waivers
        if waiver.check not in ids
    ]
    return together(problems) if problems else None


def _near(id_: str, ids: Sequence[str]) -> str:
    near = difflib.get_close_matches(id_.casefold(), ids, n=1)
    return f"Did you mean {near[0]}?" if near else "docs/checks/README.md lists them"
