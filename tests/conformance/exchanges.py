"""The lines that the parts of this check hand to each other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict


class Exchange(TypedDict):
    """A request and its answer; ``type`` and ``version`` are those of ``url``, which begins with its path.

    ``environment`` says where the answer was first given.
    """

    environment: str
    method: str
    url: str
    type: str
    version: str
    request: Any
    status: int
    contentType: str | None
    body: Any


def save(path: Path, exchanges: Iterable[Exchange]) -> None:
    """Write *exchanges* to *path*, one in a line."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in exchanges), encoding="utf-8")


def load(path: Path) -> Iterator[Exchange]:
    """Yield the exchanges in *path*."""
    for line in path.read_text(encoding="utf-8").splitlines():
        exchange: Exchange = json.loads(line)
        yield exchange
