"""Reading documents by id: concurrently, bounded, each once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from pullready.collectors.azure import Azure
from pullready.collectors.kubernetes import Kubernetes
from pullready.config import Settings, Target
from pullready.facts import ids
from pullready.snapshot import Document, Provider, Status

WORKERS: Final = 16
#: Of what several tenants were answered for one resource, the first counts: what was read once is there, and what only
#: one of them says is absent may be out of its sight.
TELLING: Final = (Status.READ, Status.FORBIDDEN, Status.FAILED, Status.NOT_FOUND)


class Reader:
    """Reads documents for targets, each once in each tenant. ``requests`` counts what was sent to each provider.

    Use it in a ``with`` statement.
    """

    def __init__(self, settings: Settings) -> None:
        self.requests: Counter[str] = Counter()
        self._settings = settings
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pullready")
        self._azures: dict[str | None, Azure] = {}
        self._clusters: dict[str, Kubernetes] = {}
        self._documents: dict[tuple[str | None, str], Future[Document]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        for azure in self._azures.values():
            azure.close()
        for cluster in self._clusters.values():
            cluster.close()

    def __len__(self) -> int:
        return len(self._documents)

    def azure(self, tenant: str | None) -> Azure:
        """Return Azure as *tenant* sees it."""
        if tenant not in self._azures:
            self._azures[tenant] = Azure(self._settings.cloud, tenant, self._count, WORKERS)
        return self._azures[tenant]

    def cluster(self, context: str) -> Kubernetes:
        """Return the API server of a kubeconfig's context."""
        if context not in self._clusters:
            self._clusters[context] = Kubernetes(context, self._count)
        return self._clusters[context]

    def start(self, wanted: Sequence[str], target: Target) -> list[Future[Document]]:
        """Start reading the documents *wanted* for *target*, those that were not read before."""
        keys = [(target.tenant, id_.casefold()) for id_ in wanted]
        for key, id_ in zip(keys, wanted, strict=True):
            if key not in self._documents:
                is_live = target.context is not None and id_.startswith(ids.live_list(target.context, ""))
                source = self.cluster(str(target.context)) if is_live else self.azure(target.tenant)
                self._documents[key] = self._pool.submit(source.document, id_)
        return [self._documents[key] for key in keys]

    def documents(self) -> list[Document]:
        """Return everything that was read so far, one document for each id."""
        found: dict[str, Document] = {}
        for (_, id_), future in self._documents.items():
            read = future.result()
            known = found.setdefault(id_, read)
            if TELLING.index(read.status) < TELLING.index(known.status):
                found[id_] = read
        return list(found.values())

    def _count(self, provider: Provider) -> None:
        with self._lock:
            self.requests[provider.value] += 1
