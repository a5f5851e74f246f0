"""Reading live: fills a snapshot with the documents that the targets' checks need, and with no others."""

from __future__ import annotations

import gc
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final

from pullready.collectors import artifacts, identities, kubernetes, networks, registries, secret_logins
from pullready.collectors.answers import Unreadable
from pullready.collectors.azure import Azure
from pullready.collectors.permissions import COLLECTORS, Declared, Reading, Waiting
from pullready.collectors.reader import Reader
from pullready.config import Settings, Target
from pullready.errors import FactUnavailable, InputError, NothingToJudge
from pullready.facts.scope import Need, Scope
from pullready.snapshot import Document, Snapshot, Status

__all__ = ["artifacts", "collect", "identities", "kubernetes", "networks", "registries", "secret_logins"]
#: A collector, and a target that it is to read for.
Asking = tuple[Declared, Target]
#: How many objects more there may be before the garbage collector looks at them; Python's own number is 700.
_SELDOM: Final = 70_000
_LOG: Final = logging.getLogger(__name__)
#: The order in which the collectors are asked what they want, each behind those whose documents it builds on.
ORDER: Final = (
    Need.CLUSTER,
    Need.WORKLOADS,
    Need.NODES,
    Need.NODE_POOLS,
    Need.REGISTRIES,
    Need.SERVICE_PRINCIPAL,
    Need.NODE_IDENTITIES,
    Need.REGISTRY_NAMES,
    Need.ROLE_ASSIGNMENTS,
    Need.VIRTUAL_NETWORKS,
    Need.GROUP_MEMBERSHIPS,
    Need.ROUTES,
    Need.PRINCIPALS,
    Need.PULL_SECRETS,
    Need.ARTIFACTS,
    Need.CACHE_RULES,
    Need.VM_SIZES,
)


def collect(
    targets: Sequence[Target],
    settings: Settings,
    needs: Mapping[str, frozenset[Need]],
    snapshot: Snapshot,
    progress: Callable[[str], None],
) -> Snapshot:
    """Return *snapshot* with all that must be read live for *needs* (by target name).

    All collectors are asked what they want next, all of that is read at once, and so on until they want nothing more:
    no document waits for one that does not decide about it. *progress* gets a line each time, and one for each reason
    why something cannot be read, which becomes a document that says so; raise :class:`InputError` where the packages
    that read live are not installed.
    """
    telling = _Telling(progress, targets)

    def asking(declared: Sequence[Declared]) -> list[Asking]:
        return [(one, target) for one in declared for target in targets if _asks(target, one, needs[target.name])]

    try:
        with _seldom_cleaning(), Reader(settings) as reader:
            signing_in = reader.sign_in(target for one, target in asking(COLLECTORS) if _is_of_azure(one))
            asked = asking(in_order())
            kept = _Kept()
            before = 0
            while wanted := list(_started(_wanted(asked, settings, snapshot, reader, kept), settings, reader)):
                _tell(signing_in, telling)
                documents = reader.documents()
                if _outdates((declared for declared, _, _ in wanted), documents, snapshot):
                    kept = _Kept()
                snapshot = snapshot.with_documents(documents)
                telling.unread(documents)
                telling.read_singly(reader.refusal)
                count, before = len(reader) - before, len(reader)
                names = dict.fromkeys(declared.needs[0].replace("-", " ") for declared, _, _ in wanted)
                telling.say(f"read {', '.join(names)}: {count} document{'s' if count > 1 else ''}")
            _tell(signing_in, telling)
            return _with_requests(snapshot, reader.requests)
    except ModuleNotFoundError as error:
        raise InputError(f"reading live needs the package {error.name}", "pip install 'pullready[azure]'") from error


@contextmanager
def _seldom_cleaning() -> Iterator[None]:
    """Let the garbage collector come less often: what is read stays, and it would walk over all of it."""
    often, *others = gc.get_threshold()
    gc.set_threshold(often and max(often, _SELDOM), *others)
    try:
        yield
    finally:
        gc.set_threshold(often, *others)


def in_order() -> tuple[Declared, ...]:
    """Return the collectors, each after those whose documents it builds on."""
    return tuple(declared for need in ORDER for declared in COLLECTORS if need in declared.needs)


def _is_of_azure(declared: Declared) -> bool:
    return not {Need.WORKLOADS, Need.NODES, Need.NODE_POOLS} & set(declared.needs)


def _asks(target: Target, declared: Declared, needs: frozenset[Need]) -> bool:
    in_reach = target.cluster if _is_of_azure(declared) else target.context
    return bool(in_reach) and not needs.isdisjoint(declared.needs)


class _Kept:
    """What need not be found out anew in every round.

    These are the facts that collectors share, by target and name (see ``Scope.shared``), and what each collector waits
    for that had all that it wanted.
    """

    def __init__(self) -> None:
        self.shared: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self.awaited: dict[tuple[tuple[Need, ...], str], frozenset[str]] = {}


def _outdates(read: Iterable[Declared], documents: Iterable[Document], snapshot: Snapshot) -> bool:
    """Say whether what was *read* changes what was known: of the live cluster, or of a document that was there."""
    replaced = (one for one in documents if one.id in snapshot and snapshot.document(one.id) is not one)
    return not all(map(_is_of_azure, read)) or any(replaced)


class _Telling:
    """Says how far reading has come, and each reason why something cannot be read once: one may bar many documents."""

    def __init__(self, progress: Callable[[str], None], targets: Iterable[Target]) -> None:
        self._progress = progress
        self._named = {id_.casefold() for target in targets for id_ in (target.cluster or "", *target.registries)}
        self._told: set[str | None] = set()

    def say(self, line: str) -> None:
        _LOG.info(line)
        self._progress(line)

    def signed_in(self, line: str) -> None:
        """Say who is signed in to a person, and to no log: the line may name one."""
        self._progress(line)

    def sign_in_failed(self, why: Unreadable) -> None:
        self._told.add(why.detail)
        self.say(f"{why.detail}. {why.remedy}")

    def read_singly(self, why: Unreadable | None) -> None:
        """Say once why what Azure Resource Graph was asked for is read one by one, which loses nothing but time."""
        if why and why.detail not in self._told:
            self._told.add(why.detail)
            self.say(f"reading one by one, and not through Azure Resource Graph: {why.detail}")

    def unread(self, documents: Iterable[Document]) -> None:
        """Say why each of *documents* was not read; that one does not exist counts only where somebody named it."""
        for document in documents:
            is_missed = document.status is Status.NOT_FOUND and document.id.casefold() in self._named
            reason = document.id if is_missed else document.detail
            if (is_missed or document.status in {Status.FORBIDDEN, Status.FAILED}) and reason not in self._told:
                self._told.add(reason)
                why = str(document.detail)
                told = f"{why.rstrip('.')}. {document.remedy}" if document.remedy else why
                self.say(f"cannot read {document.id}: {told}")


def _tell(signing_in: list[tuple[Azure, Future[Unreadable | None]]], telling: _Telling) -> None:
    """Wait for what was begun of *signing_in*, and say once who is signed in, or why nobody is."""
    while signing_in:
        azure, signed_in = signing_in.pop(0)
        if why := signed_in.result():
            telling.sign_in_failed(why)
        else:
            telling.signed_in(azure.signed_in())


def _with_requests(snapshot: Snapshot, requests: Counter[str]) -> Snapshot:
    return Snapshot(
        snapshot,
        captured_at=snapshot.captured_at,
        targets=snapshot.targets,
        example=snapshot.example,
        requests=Counter(snapshot.requests) + requests,
    )


def _wanted(
    asked: Sequence[Asking], settings: Settings, snapshot: Snapshot, reader: Reader, kept: _Kept
) -> Iterator[tuple[Declared, Target, list[str]]]:
    """Yield what each collector wants for its target and *snapshot* does not have, each document once."""
    claimed: set[tuple[str | None, str]] = set()
    open_: dict[str, set[Need]] = {}
    views = {tenant: reader.view(snapshot, tenant) for tenant in {target.tenant for _, target in asked}}
    for declared, target in asked:
        if not declared.after.isdisjoint(open_.setdefault(target.name, set())):
            open_[target.name] |= set(declared.needs)
            continue
        view = views[target.tenant]
        if (awaited := kept.awaited.get((declared.needs, target.name))) is not None and view.lacks(awaited):
            continue
        scope = Scope(view, target, settings, _manifests_of(snapshot, target), kept.shared[target.name])
        missing = _missing(declared.collect(scope), view)
        if isinstance(missing, frozenset):
            kept.awaited[declared.needs, target.name] = missing
            missing = []
        wanted = {(target.tenant, id_.casefold()): id_ for id_ in missing}
        open_[target.name] |= set(declared.needs) if wanted else set()
        if new := [id_ for key, id_ in wanted.items() if key not in claimed]:
            claimed |= wanted.keys()
            yield declared, target, new


def _missing(reading: Reading | Waiting, snapshot: Snapshot) -> list[str] | frozenset[str]:
    """Let *reading* go on with what *snapshot* has; return what it wants next that is not there, or what it waits for.

    A fact that it would build on and that is not there ends it: it is asked again once more was read, and if nothing
    more can be, the checks say so of the same fact. So it is where it does not say what it waits for.
    """
    try:
        wanted = next(reading)
        while all(id_ in snapshot for id_ in wanted):
            wanted = reading.send([snapshot.document(id_) for id_ in wanted])
        return [id_ for id_ in wanted if id_ not in snapshot]
    except StopIteration as end:
        return [] if end.value is None else end.value
    except (FactUnavailable, NothingToJudge):
        return []


def _started(
    wanted: Iterable[tuple[Declared, Target, list[str]]], settings: Settings, reader: Reader
) -> Iterator[tuple[Declared, Target, list[str]]]:
    """Yield what is *wanted*, and start reading it: while the one is read, it is found out what the next one wants.

    Azure Resource Graph is asked for everything together.
    """
    if settings.resource_graph:
        wanted = list(wanted)
        reader.start_together([(ids_, target) for _, target, ids_ in wanted])
    for declared, target, ids_ in wanted:
        reader.start(ids_, target)
        yield declared, target, ids_


def _manifests_of(snapshot: Snapshot, target: Target) -> tuple[str, ...]:
    return next((scope.manifests for scope in snapshot.targets if scope.name == target.name), ())
