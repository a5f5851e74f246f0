"""Reading documents by id: concurrently, bounded, each once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Final, Self

from pullready.collectors import grants, resource_graph
from pullready.collectors.answers import Unreadable
from pullready.collectors.azure import Azure
from pullready.collectors.kubernetes import Kubernetes
from pullready.collectors.workers import Workers
from pullready.config import Settings, Target
from pullready.facts import ids
from pullready.snapshot import Document, Snapshot, Status

WORKERS: Final = 32
#: Of what several tenants were answered for one resource, the first counts: what was read once is there, and what only
#: one of them says is absent may be out of its sight.
TELLING: Final = (Status.READ, Status.FORBIDDEN, Status.FAILED, Status.NOT_FOUND)


class Reader:
    """Reads documents for targets, each once in each tenant. ``requests`` counts what was sent to each service.

    ``refusal`` is the first reason why Azure Resource Graph did not answer all that it was asked for. Use it in a
    ``with`` statement.
    """

    def __init__(self, settings: Settings) -> None:
        self.requests: Counter[str] = Counter()
        self.refusal: Unreadable | None = None
        self._settings = settings
        self._lock = threading.Lock()
        self._pool = Workers(WORKERS)
        self._azures: dict[str | None, Azure] = {}
        self._clusters: dict[str, Kubernetes] = {}
        self._scopes: set[tuple[Azure, str]] = set()
        self._documents: dict[tuple[str | None, str], Future[Document]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close(wait=kind is None or issubclass(kind, Exception))  # after Ctrl-C nobody waits
        for azure in self._azures.values():
            azure.close()
        for cluster in self._clusters.values():
            cluster.close()

    def __len__(self) -> int:
        return len(self._documents)

    def sign_in(self, targets: Iterable[Target]) -> list[tuple[Azure, Future[Unreadable | None]]]:
        """Start signing in to the tenants of *targets*; what comes of it is what is wrong, none where nothing is."""
        azures = [self.azure(tenant) for tenant in dict.fromkeys(target.tenant for target in targets)]
        return [(azure, self._pool.submit(azure.sign_in)) for azure in azures]

    def azure(self, tenant: str | None) -> Azure:
        """Return Azure as *tenant* sees it."""
        if tenant not in self._azures:
            self._azures[tenant] = Azure(self._settings.cloud, tenant, self._count, WORKERS)
        return self._azures[tenant]

    def cluster(self, context: str) -> Kubernetes:
        """Return the API server of a kubeconfig's context."""
        if context not in self._clusters:
            self._clusters[context] = Kubernetes(context, self._count, WORKERS)
        return self._clusters[context]

    def start_together(self, asked: Iterable[tuple[Sequence[str], Target]]) -> None:
        """Start reading by few questions what Azure Resource Graph may have of all that is *asked* for next."""
        wanted: dict[str | None, dict[str, str]] = {}
        for named, target in asked:
            for id_ in named:
                if (target.tenant, id_.casefold()) not in self._documents:
                    wanted.setdefault(target.tenant, {}).setdefault(id_.casefold(), id_)
        for tenant, new in wanted.items():
            for batch in resource_graph.batches(new.values()):
                self._start_batch(tenant, batch)

    def _start_batch(self, tenant: str | None, batch: Sequence[str]) -> None:
        azure = self.azure(tenant)
        awaited: dict[str, Future[Document]] = {id_: Future() for id_ in batch}
        self._documents |= {(tenant, id_.casefold()): future for id_, future in awaited.items()}
        reading = self._pool.submit(self._read_batch, azure, awaited)
        reading.add_done_callback(partial(_end, awaited=awaited.values()))

    def _read_batch(self, azure: Azure, awaited: Mapping[str, Future[Document]]) -> None:
        """Read the copies of what is *awaited*, and start reading singly all that has none."""
        copies, refusal = azure.copies(tuple(awaited))
        self.refusal = self.refusal or refusal
        for id_, future in awaited.items():
            if id_ in copies:
                future.set_result(copies[id_])
            else:
                self._pool.submit(azure.document, id_).add_done_callback(partial(_pass_on, to=future))

    def start(self, wanted: Sequence[str], target: Target) -> list[Future[Document]]:
        """Start reading the documents *wanted* for *target*, those that were not read before."""
        keys = [(target.tenant, id_.casefold()) for id_ in wanted]
        for key, id_ in zip(keys, wanted, strict=True):
            if key not in self._documents:
                is_live = target.context is not None and id_.startswith(ids.live_list(target.context, ""))
                source = self.cluster(str(target.context)) if is_live else self.azure(target.tenant)
                if isinstance(source, Azure):
                    self._start_grants(source, id_)
                self._documents[key] = self._pool.submit(source.document, id_)
        return [self._documents[key] for key in keys]

    def _start_grants(self, azure: Azure, id_: str) -> None:
        """Start reading what the list *id_* is judged whole by, before the list itself: it is waited for."""
        for scope in grants.scopes_listed(id_)[:1]:
            if (azure, scope.casefold()) not in self._scopes:
                self._scopes.add((azure, scope.casefold()))
                self._pool.submit(azure.granted, scope)

    def view(self, snapshot: Snapshot, tenant: str | None) -> Snapshot:
        """Return *snapshot* without what only other tenants were asked for and did not show: *tenant* may."""
        own = {id_ for asked, id_ in self._documents if asked == tenant}
        others = {id_ for asked, id_ in self._documents if asked != tenant} - own
        if not others:
            return snapshot
        kept = [one for one in snapshot if one.status is Status.READ or one.id.casefold() not in others]
        return Snapshot(kept, captured_at=snapshot.captured_at, targets=snapshot.targets)

    def documents(self) -> list[Document]:
        """Return everything that was read so far, one document for each id."""
        found: dict[str, Document] = {}
        for (_, id_), future in self._documents.items():
            read = future.result()
            known = found.setdefault(id_, read)
            if TELLING.index(read.status) < TELLING.index(known.status):
                found[id_] = read
        return list(found.values())

    def _count(self, service: str) -> None:
        with self._lock:
            self.requests[str(service)] += 1


def _pass_on(done: Future[Document], to: Future[Document]) -> None:
    """Let *to* end as *done* did."""
    if done.cancelled():
        to.cancel()
    elif error := done.exception():
        to.set_exception(error)
    else:
        to.set_result(done.result())


def _end(reading: Future[None], awaited: Iterable[Future[Document]]) -> None:
    """Let nobody wait for what a batch that broke off will not read any more."""
    broken = None if reading.cancelled() else reading.exception()
    for future in awaited:
        if reading.cancelled():
            future.cancel()
        elif broken and not future.done():
            future.set_exception(broken)
