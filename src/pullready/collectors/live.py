"""Reading live: fills a snapshot with the documents that the targets' checks need, and with no others."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pullready.collectors import artifacts, identities, kubernetes, networks, registries, secret_logins
from pullready.collectors.answers import Unreadable
from pullready.collectors.permissions import COLLECTORS, Declared, Reading, WholeReading
from pullready.collectors.reader import Reader
from pullready.config import Settings, Target
from pullready.errors import FactUnavailable, InputError, NothingToJudge
from pullready.facts.scope import Need, Scope
from pullready.snapshot import Document, Snapshot, Status

__all__ = ["artifacts", "collect", "identities", "kubernetes", "networks", "registries", "secret_logins"]
#: A collector, and a target that it is to read for.
Asking = tuple[Declared, Target]
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
        with Reader(settings) as reader:
            _sign_in(reader, (target for one, target in asking(COLLECTORS) if _is_of_azure(one)), telling)
            asked = asking(in_order())
            kept = _Kept()
            while wanted := list(_wanted(asked, settings, snapshot, reader, kept)):
                before = len(reader)
                documents = _read(wanted, reader)
                if _outdates((declared for declared, _, _ in wanted), documents, snapshot):
                    kept = _Kept()
                snapshot = snapshot.with_documents(documents)
                telling.unread(documents)
                telling.read_singly(reader.refusal)
                count = len(reader) - before
                names = dict.fromkeys(declared.needs[0].replace("-", " ") for declared, _, _ in wanted)
                telling.say(f"read {', '.join(names)}: {count} document{'s' if count > 1 else ''}")
            return _with_requests(snapshot, reader.requests)
    except ModuleNotFoundError as error:
        raise InputError(f"reading live needs the package {error.name}", "pip install 'pullready[azure]'") from error


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

    These are the facts that collectors share, by target and name (see ``Scope.shared``), and who ended for good.
    """

    def __init__(self) -> None:
        self.shared: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self.ended: set[tuple[tuple[Need, ...], str]] = set()


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


def _sign_in(reader: Reader, targets: Iterable[Target], telling: _Telling) -> None:
    for tenant in dict.fromkeys(target.tenant for target in targets):
        azure = reader.azure(tenant)
        if why := azure.sign_in():
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
        if (declared.needs, target.name) in kept.ended:
            continue
        if not declared.after.isdisjoint(open_.setdefault(target.name, set())):
            open_[target.name] |= set(declared.needs)
            continue
        view = views[target.tenant]
        scope = Scope(view, target, settings, _manifests_of(snapshot, target), kept.shared[target.name])
        missing = _missing(declared.collect(scope), view)
        if missing is None:
            kept.ended.add((declared.needs, target.name))
        wanted = {(target.tenant, id_.casefold()): id_ for id_ in missing or ()}
        open_[target.name] |= set(declared.needs) if wanted else set()
        if new := [id_ for key, id_ in wanted.items() if key not in claimed]:
            claimed |= wanted.keys()
            yield declared, target, new


def _missing(reading: Reading | WholeReading, snapshot: Snapshot) -> list[str] | None:
    """Let *reading* go on with what *snapshot* has; return what it wants next that is not there.

    A fact that it would build on and that is not there ends it: it is asked again once more was read, and if nothing
    more can be, the checks say so of the same fact. None means that it ended for good, and is not to be asked again.
    """
    try:
        wanted = next(reading)
        while all(id_ in snapshot for id_ in wanted):
            wanted = reading.send([snapshot.document(id_) for id_ in wanted])
        return [id_ for id_ in wanted if id_ not in snapshot]
    except StopIteration as end:
        return None if end.value else []
    except (FactUnavailable, NothingToJudge):
        return []


def _read(wanted: Sequence[tuple[Declared, Target, list[str]]], reader: Reader) -> list[Document]:
    reader.start_together([(ids_, target) for _, target, ids_ in wanted])
    for _, target, ids_ in wanted:
        reader.start(ids_, target)
    return reader.documents()


def _manifests_of(snapshot: Snapshot, target: Target) -> tuple[str, ...]:
    return next((scope.manifests for scope in snapshot.targets if scope.name == target.name), ())
