"""Reading live: fills a snapshot with the documents that the targets' checks need, and with no others."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pullready.collectors import identities, kubernetes, networks, registries
from pullready.collectors.permissions import COLLECTORS, Declared, Reading
from pullready.collectors.reader import Reader
from pullready.config import Settings, Target
from pullready.errors import FactUnavailable, InputError, NothingToJudge
from pullready.facts.scope import Need, Scope
from pullready.snapshot import Document, Snapshot

__all__ = ["collect", "identities", "kubernetes", "networks", "registries"]
_LOG: Final = logging.getLogger(__name__)
#: A later need builds on the documents of the earlier ones.
ORDER: Final = (
    Need.CLUSTER,
    Need.WORKLOADS,
    Need.REGISTRIES,
    Need.REGISTRY_NAMES,
    Need.SERVICE_PRINCIPAL,
    Need.ROLE_ASSIGNMENTS,
    Need.GROUP_MEMBERSHIPS,
    Need.NODE_IDENTITIES,
    Need.VIRTUAL_NETWORKS,
)


def collect(
    targets: Sequence[Target],
    settings: Settings,
    needs: Mapping[str, frozenset[Need]],
    snapshot: Snapshot,
    progress: Callable[[str], None],
) -> Snapshot:
    """Return *snapshot* with all that must be read live for *needs* (by target name).

    *progress* gets one line per phase, and one for each tenant that cannot be signed in to. Whatever cannot be read
    becomes a document that says so; raise :class:`InputError` where the packages that read live are not installed.
    """

    def say(line: str) -> None:
        _LOG.info(line)
        progress(line)

    def asking(declared: Declared) -> list[Target]:
        return [target for target in targets if _asks(target, declared, needs[target.name])]

    try:
        with Reader(settings) as reader:
            _sign_in(reader, (target for declared in _of_azure() for target in asking(declared)), say)
            for declared in in_order():
                count = sum(_fill(declared, asking(declared), settings, snapshot, reader))
                snapshot = snapshot.with_documents(reader.documents())
                if count:
                    say(f"read {', '.join(declared.needs).replace('-', ' ')}: {count} documents")
            return _with_requests(snapshot, reader.requests)
    except ModuleNotFoundError as error:
        raise InputError(f"reading live needs the package {error.name}", "pip install 'pullready[azure]'") from error


def in_order() -> tuple[Declared, ...]:
    """Return the collectors, each after those whose documents it builds on."""
    return tuple(sorted(COLLECTORS, key=lambda declared: ORDER.index(declared.needs[0])))


def _of_azure() -> tuple[Declared, ...]:
    return tuple(declared for declared in COLLECTORS if Need.WORKLOADS not in declared.needs)


def _asks(target: Target, declared: Declared, needs: frozenset[Need]) -> bool:
    in_reach = target.context if Need.WORKLOADS in declared.needs else target.cluster
    return bool(in_reach) and not needs.isdisjoint(declared.needs)


def _sign_in(reader: Reader, targets: Iterable[Target], say: Callable[[str], None]) -> None:
    for tenant in dict.fromkeys(target.tenant for target in targets):
        if problem := reader.azure(tenant).sign_in():
            say(problem)


def _with_requests(snapshot: Snapshot, requests: Counter[str]) -> Snapshot:
    return Snapshot(
        snapshot,
        captured_at=snapshot.captured_at,
        targets=snapshot.targets,
        example=snapshot.example,
        requests=Counter(snapshot.requests) + requests,
    )


def _fill(
    declared: Declared, targets: Iterable[Target], settings: Settings, snapshot: Snapshot, reader: Reader
) -> Iterable[int]:
    """Run the collector for all *targets* side by side; yield how many documents each step read anew."""
    running: list[tuple[Target, Reading, Sequence[str]]] = []
    for target in targets:
        scope = Scope(snapshot, target, settings, _manifests_of(snapshot, target))
        running += _advance(target, declared.collect(scope), None)
    while running:
        before = len(reader)
        started = [(target, reading, reader.start(wanted, target)) for target, reading, wanted in running]
        yield len(reader) - before
        running = []
        for target, reading, futures in started:
            running += _advance(target, reading, [future.result() for future in futures])


def _advance(
    target: Target, reading: Reading, documents: Sequence[Document] | None
) -> list[tuple[Target, Reading, Sequence[str]]]:
    """Let *reading* go on with *documents*; return it with what it wants next, or nothing when it has all it can get.

    A fact that it would build on and that is not there ends it: the checks say so of the same fact.
    """
    try:
        return [(target, reading, next(reading) if documents is None else reading.send(documents))]
    except (StopIteration, FactUnavailable, NothingToJudge):
        return []


def _manifests_of(snapshot: Snapshot, target: Target) -> tuple[str, ...]:
    return next((scope.manifests for scope in snapshot.targets if scope.name == target.name), ())
