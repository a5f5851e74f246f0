"""Paths, and how files are named for people: relative to the clone, so that the name is the same on every machine."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: Path, folder: Path | None = None) -> Path:
    """Return *path*, taken from *folder* (default: the current one), without ``..``; symbolic links stay."""
    return Path(os.path.abspath(path if folder is None else folder / path))  # noqa: PTH100  (resolve() follows links)


def file_name(path: Path) -> str:
    """Return the name of a file in reports: relative to the git root above it, else to the current folder."""
    path = absolute(path)
    for folder in path.parents:
        if (folder / ".git").exists():
            return path.relative_to(folder).as_posix()
    return Path(os.path.relpath(path)).as_posix()
