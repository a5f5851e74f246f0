"""Generators of what is committed; each has ``--check``."""

from __future__ import annotations

import sys
from pathlib import Path


def keep(page: Path, made: str, arguments: list[str]) -> int:
    """Write *made* to *page*, or with ``--check`` among *arguments* compare the two; return the exit code."""
    stale = not page.exists() or page.read_text(encoding="utf-8") != made
    if "--check" in arguments:
        if stale:
            print(f"{page.parent.name}/{page.name} is stale: run make docs", file=sys.stderr)
        return int(stale)
    if stale:
        page.write_text(made, encoding="utf-8")
    return 0
