"""Reading the targets of ``pullready.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from pullready.config import values
from pullready.config.entries import Entry
from pullready.config.model import Cloud, Target

T = TypeVar("T")

#: The keys of one target. Written flat, they stand beside the file's other keys and not below ``targets``.
TARGET_KEYS: Final = ("cluster", "manifests", "registries", "context", "tenant", "egress-addresses")
#: Keys that are going to stand for many clusters.
FLEET_KEYS: Final = ("subscriptions", "resource-group", "tag")
STDIN: Final = "-"
_NEED_A_CLUSTER: Final = ("context", "tenant", "egress-addresses")
_NAME_REGISTRIES: Final = ("registries", "manifests", "context")

Described = Mapping[str, Entry]


def read_targets(entries: Described, folder: Path, cloud: Cloud | None) -> tuple[Target, ...]:
    """Return the targets that the file's *entries* describe, not named yet; paths are taken from *folder*."""
    described = _listed(entries["targets"]) if "targets" in entries else []
    flat = {key: entry for key, entry in entries.items() if key in TARGET_KEYS}
    if "targets" in entries:
        for key, entry in flat.items():
            entry.refuse(f"{key} stands beside targets", "Move it into the target that it belongs to")
    elif flat:
        _refuse_incomplete(flat)
        described.append(flat)
    if "snapshot" not in entries:
        _refuse_without_registries(described)
    _refuse_repeated(described)
    return tuple(_target(one, folder, cloud) for one in described)


def _listed(entry: Entry) -> list[Described]:
    described: list[Described] = []
    for item in entry.items(filled=True):
        keys = item.mapping((*TARGET_KEYS, *FLEET_KEYS))
        if keys is None:
            continue
        fleet = [inner for key, inner in keys.items() if key in FLEET_KEYS]
        for inner in fleet:
            inner.refuse(f"targets by {inner.name} are not available yet", "Name each cluster by its resource id")
        if not fleet:
            if not keys and not item.value:
                item.refuse("the target is empty", "Name its cluster, its manifests, or both")
            elif len(keys) == len(item.value):
                _refuse_incomplete(keys)
            described.append(keys)
    return described


def _refuse_incomplete(described: Described) -> None:
    """Refuse what means nothing without a cluster."""
    if "cluster" in described:
        return
    for key, entry in described.items():
        if key in _NEED_A_CLUSTER:
            entry.refuse(f"{key} belongs to a cluster, and none is named", "Add cluster: with its resource id")
    if "manifests" not in described:
        first = next(iter(described.values()))
        first.refuse("the target names neither a cluster nor manifests", "Add cluster: …, manifests: [ … ], or both")


def _refuse_without_registries(described: Sequence[Described]) -> None:
    for one in described:
        if "cluster" in one and not any(key in one for key in _NAME_REGISTRIES):
            one["cluster"].refuse(
                "nothing names the registries that this cluster is to pull from",
                "Add registries: [ … ], manifests: [ … ] that name images, or context: to read the live workloads",
            )


def _refuse_repeated(described: Sequence[Described]) -> None:
    """Refuse a cluster or a context that two targets name, and standard input where it is to be read twice."""
    manifests = [
        entry
        for one in described
        if "manifests" in one and isinstance(one["manifests"].value, list)
        for entry in one["manifests"].items()
    ]
    _refuse_second([one["cluster"] for one in described if "cluster" in one], "Put all of it into one target")
    _refuse_second(
        [one["context"] for one in described if "context" in one], "A context belongs to one cluster; correct it"
    )
    _refuse_second([entry for entry in manifests if entry.value == STDIN], "Standard input (-) can be read only once")


def _refuse_second(entries: Sequence[Entry], remedy: str) -> None:
    seen: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry.value, str):
            key = entry.value.rstrip("/").casefold() if entry.name == "cluster" else entry.value
            if key in seen:
                what = f"{entry.name}: {values.quoted(entry.value)} is named twice (before on line {seen[key]})"
                entry.refuse(what, remedy)
            seen.setdefault(key, entry.line)


def _target(described: Described, folder: Path, cloud: Cloud | None) -> Target:
    def text(key: str, parse: Callable[[str], T]) -> T | None:
        return described[key].text(parse) if key in described else None

    def texts(key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        return described[key].texts(parse, filled=True) if key in described else ()

    place = described.get("cluster") or described.get("manifests")
    return Target(
        name="",
        cluster=text("cluster", values.cluster_id),
        manifests=texts("manifests", values.manifest(folder)),
        registries=texts("registries", values.registry(cloud)),
        context=text("context", values.words),
        tenant=text("tenant", values.tenant),
        egress_addresses=texts("egress-addresses", values.address),
        file=place.source.file if place else None,
        line=place.line if place else None,
    )
