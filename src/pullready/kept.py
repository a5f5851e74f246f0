"""The snapshot that a run judges instead of reading, and what that was taken of."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pullready import snapshot as snapshots
from pullready.config import Configuration, Target
from pullready.errors import InputError
from pullready.facts import ids
from pullready.snapshot import Document, Snapshot, TargetScope

#: How far ahead of this machine's clock a snapshot's may be.
CLOCK_SKEW: Final = timedelta(minutes=5)


def usable(configuration: Configuration, now: datetime) -> Snapshot:
    """Return the snapshot that *configuration* names; raise :class:`InputError` where it cannot be used *now*."""
    from pullready.collectors.saved import cleaned  # noqa: PLC0415  (a run without a snapshot never gets here)

    path = Path(str(configuration.snapshot))
    with _no_garbage():
        saved = snapshots.load(path)
        saved = saved.with_documents(map(cleaned, saved))
    if saved.example is not None:
        return saved
    age = now - saved.captured_at
    limit = configuration.settings.snapshot_max_age
    if age > limit:
        raise InputError(
            f"the snapshot was taken {_hours(age)} ago, and at most {_hours(limit)} are allowed",
            "Save a new one, or raise snapshot-max-age in pullready.yaml",
            file=str(path),
        )
    if -age > CLOCK_SKEW:
        raise InputError(
            f"the snapshot was taken {_hours(-age)} in the future", "Set this machine's clock right", file=str(path)
        )
    return saved


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Keep the garbage collector away: what is loaded has no circles, and a fleet's is millions of values."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"  # noqa: PLR2004


class Scopes:
    """The scopes that a snapshot was taken of, to be found by their cluster, or by name where one of both has none."""

    def __init__(self, scopes: Iterable[TargetScope]) -> None:
        self._clusters: dict[str, TargetScope] = {}
        self._names: dict[str, TargetScope] = {}
        self._all: dict[str, TargetScope] = {}
        for scope in scopes:
            if scope.cluster:
                self._clusters.setdefault(ids.key(scope.cluster), scope)
            else:
                self._names.setdefault(scope.name, scope)
            self._all.setdefault(scope.name, scope)

    def of(self, target: Target) -> TargetScope | None:
        """Return the scope of *target*, where there is one."""
        if target.cluster:
            return self._clusters.get(ids.key(target.cluster)) or self._names.get(target.name)
        return self._all.get(target.name)


def scope_of(target: Target, manifests: Iterable[Document], saved: Scopes) -> TargetScope:
    """Return what is judged of *target*: its *manifests* as they were read, else those that the snapshot has."""
    fresh = tuple(document.id for document in manifests)
    known = saved.of(target)
    return TargetScope(
        name=target.name,
        cluster=target.cluster,
        registries=target.registries,
        manifests=fresh if target.manifests or known is None else known.manifests,
        context=target.context,
        tenant=target.tenant,
        egress_addresses=target.egress_addresses,
    )


def in_tenant(target: Target, saved: Scopes) -> Target:
    """Return *target* in the tenant that it was read in: the ids of what Microsoft Graph answered name it."""
    known = saved.of(target)
    return target if target.tenant or known is None or not known.tenant else replace(target, tenant=known.tenant)
