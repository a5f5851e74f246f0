"""Environments that the stand-in serves: snapshots written by hand after the documented shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pullready import snapshot as snapshots
from pullready.collectors.manifests import read_manifests
from pullready.collectors.saved import cleaned
from pullready.config import Target
from pullready.snapshot import Provider, Snapshot, TargetScope

FOLDER: Final = Path(__file__).parent
EXAMPLES: Final = FOLDER.parent.parent.parent / "manifests_examples"
#: The registries that targets of the examples name beside their manifests.
REGISTRIES: Final[dict[str, tuple[str, ...]]] = {"prod": ("shopteams",)}


def hub() -> Snapshot:
    """Return the spoke of a hub, whose pools leave in three ways, and an old cluster with a service principal."""
    return snapshots.load(FOLDER / "hub.json")


def healthy() -> Snapshot:
    """Return the healthy example together with its manifests."""
    return example("healthy")


def landing_zone() -> Snapshot:
    """Return the landing zone together with its manifests."""
    return example("landing-zone")


def example(name: str) -> Snapshot:
    """Return the example *name* together with the manifests of its clusters."""
    folder = EXAMPLES / name
    saved = snapshots.load(folder / "snapshot.json")
    saved = saved.with_documents(map(cleaned, saved))
    clusters = [document for document in saved if "/managedclusters/" in document.id.casefold()]
    scopes, manifests = [], []
    for cluster in clusters:
        name = cluster.id.rpartition("/")[2]
        read = read_manifests([str(folder / "manifests" / name)], root=folder)
        ids = tuple(one.id for one in read)
        scopes.append(TargetScope(name=name, cluster=cluster.id, manifests=ids, registries=REGISTRIES.get(name, ())))
        manifests += read
    return saved.with_documents(manifests, scopes)


def targets(environment: Snapshot) -> list[Target]:
    """Return the targets of *environment*, as a configuration would name them."""
    return [
        Target(scope.name, cluster=scope.cluster, registries=scope.registries, context=scope.context)
        for scope in environment.targets
    ]


def unread(environment: Snapshot) -> Snapshot:
    """Return *environment* before anything was read live: its manifests, and what registries hold."""
    given = {Provider.MANIFEST, Provider.REGISTRY}
    manifests = [document for document in environment if document.provider in given]
    return Snapshot(manifests, captured_at=environment.captured_at, targets=environment.targets)
