"""Threads that read side by side, and that nobody has to wait for: one that hangs does not keep a run from ending.

Those of :class:`concurrent.futures.ThreadPoolExecutor` are waited for when the process ends, whatever they wait for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """Up to *count* threads, started as they are needed, that do what is submitted in order."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
        """Let a thread do *call*; return what will have its result, cancelled where nothing is begun any more."""
        future: Future[T] = Future()

        def do() -> None:
            if self._closed:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = call(*args, **options)
            except BaseException as error:  # noqa: BLE001  (whoever asks for the result gets it)
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._closed:
                future.cancel()
                return future
            if len(self._threads) < self._count:
                thread = threading.Thread(target=self._work, name="pullready", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._tasks.put(do)
        return future

    def close(self, *, wait: bool) -> None:
        """Begin nothing more; *wait* for what was begun."""
        with self._lock:
            self._closed = True
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
