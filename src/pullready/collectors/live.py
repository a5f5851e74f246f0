"""Reading live: fills a snapshot with the documents that the targets' checks need, and with no others."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pullready.collectors import artifacts, identities, kubernetes, networks, registries, secret_logins
from pullready.collectors.answers import Unreadable
from pullready.collectors.permissions import COLLECTORS, Declared, Reading
from pullready.collectors.reader import Reader
from pullready.config import Settings, Target
from pullready.errors import FactUnavailable, InputError, NothingToJudge
from pullready.facts.scope import Need, Scope
from pullready.snapshot import Document, Snapshot, Status

__all__ = ["artifacts", "collect", "identities", "kubernetes", "networks", "registries", "secret_logins"]
#: A collector, and a target that it is to read for.
Asking = tuple[Declared, Target]
_LOG: Final = logging.getLogger(__name__)
#: What is read side by side; each stage builds on the documents of the earlier ones.
STAGES: Final = (
    (Need.CLUSTER, Need.WORKLOADS),
    (Need.REGISTRIES, Need.SERVICE_PRINCIPAL, Need.NODE_IDENTITIES),
    (Need.REGISTRY_NAMES, Need.ROLE_ASSIGNMENTS, Need.VIRTUAL_NETWORKS),
    (Need.GROUP_MEMBERSHIPS, Need.ROUTES),
    (Need.PRINCIPALS, Need.PULL_SECRETS),
    (Need.CACHE_RULES, Need.VM_SIZES),
)


def collect(
    targets: Sequence[Target],
    settings: Settings,
    needs: Mapping[str, frozenset[Need]],
    snapshot: Snapshot,
    progress: Callable[[str], None],
) -> Snapshot:
    """Return *snapshot* with all that must be read live for *needs* (by target name).

    *progress* gets one line per stage, and one for each reason why something cannot be read, which becomes a document
    that says so; raise :class:`InputError` where the packages that read live are not installed.
    """
    telling = _Telling(progress, targets)

    def asking(declared: Sequence[Declared]) -> list[Asking]:
        return [(one, target) for one in declared for target in targets if _asks(target, one, needs[target.name])]

    try:
        with Reader(settings) as reader:
            _sign_in(reader, (target for one, target in asking(COLLECTORS) if _is_of_azure(one)), telling)
            for stage in STAGES:
                asked = asking(_of(stage))
                count = sum(_fill(asked, settings, snapshot, reader))
                documents = reader.documents()
                snapshot = snapshot.with_documents(documents)
                telling.unread(documents)
                if count:
                    names = dict.fromkeys(need for declared, _ in asked for need in declared.needs)
                    telling.say(
                        f"read {', '.join(names).replace('-', ' ')}: {count} document{'s' if count > 1 else ''}"
                    )
            return _with_requests(snapshot, reader.requests)
    except ModuleNotFoundError as error:
        raise InputError(f"reading live needs the package {error.name}", "pip install 'pullready[azure]'") from error


def in_order() -> tuple[Declared, ...]:
    """Return the collectors, each after those whose documents it builds on."""
    return tuple(declared for stage in STAGES for declared in _of(stage))


def _of(stage: Sequence[Need]) -> list[Declared]:
    return [declared for need in stage for declared in COLLECTORS if need in declared.needs]


def _is_of_azure(declared: Declared) -> bool:
    return Need.WORKLOADS not in declared.needs


def _asks(target: Target, declared: Declared, needs: frozenset[Need]) -> bool:
    in_reach = target.cluster if _is_of_azure(declared) else target.context
    return bool(in_reach) and not needs.isdisjoint(declared.needs)


class _Telling:
    """Says how far reading has come, and each reason why something cannot be read once: one may bar many documents."""

    def __init__(self, progress: Callable[[str], None], targets: Iterable[Target]) -> None:
        self._progress = progress
        self._named = {id_.casefold() for target in targets for id_ in (target.cluster or "", *target.registries)}
        self._told: set[str | None] = set()

    def say(self, line: str) -> None:
        _LOG.info(line)
        self._progress(line)

    def sign_in_failed(self, why: Unreadable) -> None:
        self._told.add(why.detail)
        self.say(f"{why.detail}. {why.remedy}")

    def unread(self, documents: Iterable[Document]) -> None:
        """Say why each of *documents* was not read; that one does not exist counts only where somebody named it."""
        for document in documents:
            is_missed = document.status is Status.NOT_FOUND and document.id.casefold() in self._named
            reason = document.id if is_missed else document.detail
            if (is_missed or document.status in {Status.FORBIDDEN, Status.FAILED}) and reason not in self._told:
                self._told.add(reason)
                self.say(f"cannot read {document.id}: {document.detail}")


def _sign_in(reader: Reader, targets: Iterable[Target], telling: _Telling) -> None:
    for tenant in dict.fromkeys(target.tenant for target in targets):
        if why := reader.azure(tenant).sign_in():
            telling.sign_in_failed(why)


def _with_requests(snapshot: Snapshot, requests: Counter[str]) -> Snapshot:
    return Snapshot(
        snapshot,
        captured_at=snapshot.captured_at,
        targets=snapshot.targets,
        example=snapshot.example,
        requests=Counter(snapshot.requests) + requests,
    )


def _fill(asked: Iterable[Asking], settings: Settings, snapshot: Snapshot, reader: Reader) -> Iterable[int]:
    """Run the collectors for their targets side by side; yield how many documents each step read anew."""
    running: list[tuple[Target, Reading, Sequence[str]]] = []
    for declared, target in asked:
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
