"""Pure writers of what a run found, and the one place that puts them into a folder.

``junit.xml`` and ``report.html`` are written by pytest and pytest-html; :mod:`pullready.reports.junit` and
:mod:`pullready.reports.html` say what stands in them.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from pullready.errors import InputError
from pullready.outcome import Run

NAMES: Final = ("junit.xml", "report.html", "report.json", "report.md", "report.sarif")
_REMEDY = "Name a folder that can be written to with --pullready-report-dir"


def check_writable(folder: Path) -> None:
    """Make *folder* and try to write into it; raise :class:`InputError` where that fails, before anything is read."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".pullready-"):
            pass
    except OSError as error:
        raise _refused(folder, error) from error


def remove_earlier(folder: Path) -> None:
    """Remove the reports of an earlier run from *folder*: a run that cannot start would leave them as if its own."""
    try:
        for name in NAMES:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error


def write(run: Run, folder: Path) -> None:
    """Write ``report.json``, ``report.md`` and ``report.sarif`` into *folder*, each whole or not at all."""
    from pullready.reports import json, markdown, sarif

    contents = {
        "report.json": json.render(run),
        "report.md": markdown.render(run).encode(),
        "report.sarif": sarif.render(run),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            _replace(folder / name, content)
    except OSError as error:
        raise _refused(folder, error) from error


def append_step_summary(run: Run, path: Path) -> None:
    """Append ``report.md`` to the job summary at *path*, cut so that the file keeps within GitHub's limit."""
    from pullready.reports import markdown

    try:
        taken = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8") as file:
            file.write(markdown.shortened(markdown.render(run), markdown.SUMMARY_LIMIT - taken))
    except OSError as error:
        raise InputError(
            f"the job summary cannot be written: {error.strerror}",
            "Unset GITHUB_STEP_SUMMARY, or name a file that can be written to",
            file=str(path),
        ) from error


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _refused(folder: Path, error: OSError) -> InputError:
    return InputError(f"the reports cannot be written: {error.strerror}", _REMEDY, file=str(folder))
