"""Which request has to wait for which answer, and how often a run waits.

One document needs another where it is not asked for any more once the other is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from pullready.snapshot import Document, Snapshot, Status
from tests.azure.standin import Request, Standin
from tests.azure.wire import Answer

#: How long nothing more is asked before everything that was asked is answered, in seconds.
QUIET: Final = 0.25


class Rounds(Standin):
    """A stand-in that holds every answer back until nothing more is asked, and counts how often it has to.

    So the count is of answers that were waited for, whatever the machine does meanwhile. ``by_round`` are the ids that
    were asked for together.
    """

    def __init__(self, snapshot: Snapshot, *, page_size: int = 100) -> None:
        super().__init__(snapshot, page_size=page_size)
        self.by_round: list[list[str]] = []
        self._held: list[str] = []
        self._last = 0.0
        self._turn = threading.Condition()

    def answer(self, request: Request, sent: Mapping[str, Any]) -> Answer:
        """Return the answer to *request*, together with those to all that are asked meanwhile."""
        with self._turn:
            self._held.append(request.id)
            self._last = time.monotonic()
            mine = len(self.by_round)
            while len(self.by_round) == mine:
                self._turn.wait(QUIET / 5)
                if len(self.by_round) == mine and time.monotonic() - self._last > QUIET:
                    self.by_round.append(self._held)
                    self._held = []
                    self._turn.notify_all()
        return super().answer(request, sent)


def needs(
    snapshot: Snapshot, serving: Callable[[Standin], AbstractContextManager[Standin]], read: Callable[[Standin], object]
) -> dict[str, set[str]]:
    """Return for each document that *read* asks for those that it cannot be asked for without, by id in lower case."""
    with serving(Standin(snapshot, page_size=100)) as standin:

        def asked() -> set[str]:
            standin.requests.clear()
            read(standin)
            return {id_.casefold() for id_ in standin.asked()}

        everything = asked()
        found: dict[str, set[str]] = {id_: set() for id_ in everything}
        for id_ in everything:
            refused = Document(id=id_, provider=snapshot.document(id_).provider, status=Status.FORBIDDEN)
            standin.snapshot = snapshot.with_documents([refused])
            for other in everything - asked():
                found[other].add(id_)
    return found


def depths(needed: Mapping[str, set[str]]) -> dict[str, int]:
    """Return for each document how many are read one after the other, at the least, until it is there."""
    found: dict[str, int] = {}
    for id_ in sorted(needed, key=lambda id_: len(needed[id_])):
        found[id_] = 1 + max((found.get(other, 0) for other in needed[id_]), default=0)
    return found
