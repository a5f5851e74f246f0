"""What Azure was seen to answer, which is more than its specifications and models say."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

CORPUS: Final = Path(os.environ.get("PULLREADY_CORPUS") or Path(__file__).parent.parent.parent.parent / "shared")


@cache
def recorded(type_: str) -> frozenset[str]:
    """Return the JSON pointers into recorded answers of *type_*, with ``*`` for places in lists.

    One resource and a list of them have the same shape to Azure, so both are there for either.
    """
    found: set[str] = set()
    for path in (CORPUS / "wire" / "recorded" / type_.replace("/", "__")).glob("*.json"):
        found.update(_pointers(json.loads(path.read_text(encoding="utf-8")), ""))
    single = {pointer.removeprefix("/value/*") for pointer in found}
    return frozenset(found | single | {f"/value/*{pointer}" for pointer in single})


def _pointers(value: Any, pointer: str) -> Iterator[str]:
    yield pointer
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _pointers(one, f"{pointer}/{key}")
    if isinstance(value, list):
        for one in value:
            yield from _pointers(one, f"{pointer}/*")
