"""Manifests: every document of files, folders and the standard input."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pullready.collectors import unrendered
from pullready.collectors.reduction import reduce_object
from pullready.collectors.unrendered import CHART, CHART_FOLDERS, KUSTOMIZATIONS, Source
from pullready.errors import InputError
from pullready.events import NO_KEY
from pullready.snapshot import Document, Provider, Status
from pullready.yaml import NOT_YAML, BrokenDocument, YamlDocument, read, read_documents

STDIN: Final = "-"
_STDIN_NAME: Final = "stdin"
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
#: The largest file, or standard input, that is read; each of its documents has a limit of its own.
MAX_FILE: Final = 64 * 1024 * 1024


def read_stdin() -> bytes:
    """Return the standard input, up to a little more than the largest that is taken."""
    return sys.stdin.buffer.read(MAX_FILE + 1)


def read_manifests(
    paths: Iterable[str], *, root: Path, exclude: Iterable[str] = (), stdin: Callable[[], bytes] = read_stdin
) -> list[Document]:
    """Return every document below *paths* (files, folders, ``-``), each reduced to what facts use.

    *exclude* holds globs relative to *root*. A document that cannot be judged is there with the status ``failed`` and
    the reason; so is a path that is missing or has nothing to read. What is found twice is read once.
    """
    reading = _Reading(root.absolute(), tuple(_glob(pattern) for pattern in exclude))
    for path in paths:
        if path == STDIN:
            reading.add_stdin(stdin)
        else:
            reading.add(Path(path))
    return list(reading.documents.values())


def reduced_document(document: YamlDocument | BrokenDocument, name: str, path: Path | None = None) -> Document:
    """Return the document of a snapshot that one of a stream becomes; *name* is its file's, *path* where that is."""
    path = path or Path(name)
    if isinstance(document, BrokenDocument):
        why = Source(document.error.what, document.error.remedy)
        return _failed(name, document.index, document.error.line or 1, _template(document, path) or why)
    body = reduce_object(document.value)
    source = unrendered.source_object(document.value, path) or unrendered.source_of_fields(body)
    if source is not None:
        return _failed(name, document.index, document.line, source)
    id_ = f"manifest:{name}#{document.index}"
    lines = document.lines_of(body)
    return Document(id=id_, provider=Provider.MANIFEST, status=Status.READ, body=body, file=name, lines=lines)


def _template(document: BrokenDocument, path: Path) -> Source | None:
    """Say what the document is a template of, if that is why it is broken."""
    why = document.error.what
    is_syntax = why.startswith(NOT_YAML) or why == NO_KEY
    return unrendered.source_text(document.source, path) if is_syntax else None


def _failed(name: str, index: int, line: int, source: Source) -> Document:
    return Document(
        id=f"manifest:{name}#{index}",
        provider=Provider.MANIFEST,
        status=Status.FAILED,
        detail=source.what,
        remedy=source.remedy,
        file=name,
        lines={"": line},
    )


@dataclass(slots=True)
class _Reading:
    """What has been read so far, and from where."""

    root: Path
    excluded: tuple[re.Pattern[str], ...]
    documents: dict[str, Document] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def add_stdin(self, stdin: Callable[[], bytes]) -> None:
        """Read the standard input, once."""
        if STDIN in self.seen:
            return
        self.seen.add(STDIN)
        if not self._add_content(_STDIN_NAME, Path(_STDIN_NAME), stdin()):
            remedy = "Look at what stands before the pipe: it printed no document"
            self._keep(_failed(_STDIN_NAME, 0, 1, Source("the standard input is empty", remedy)))

    def add(self, path: Path) -> None:
        """Read a file or a folder; note why where that cannot be done."""
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:
            self._fail(path, "this cannot be read: " + _why(error), "Correct the path, or make it readable")
            return
        if not stat.S_ISDIR(mode):
            if self._is_excluded(path):
                self._fail(path, "this is excluded", "Drop it from manifests: or from exclude: in pullready.yaml")
            elif not self._add_file(path):
                self._fail(path, "there is no document in this file", "Name a file with manifests in it")
            return
        if not self._add_folder(path):
            what = "there is no manifest in this folder (.yaml, .yml, .json), or all are excluded"
            self._fail(path, what, "Name the folder with the manifests")

    def _add_folder(self, folder: Path) -> bool:
        """Read what is in a folder and below; say whether there is anything."""
        unreadable: list[OSError] = []
        files = [path for path in _files(folder, unreadable.append) if not self._is_excluded(path)]
        claims = {_real(path) for file in files if file.name in KUSTOMIZATIONS for path in _claims(file)}
        charts = {file.parent for file in files if file.name == CHART}
        for error in unreadable:
            what = "this folder cannot be read: " + _why(error)
            self._fail(Path(str(error.filename)), what, "Make it readable")
        found = [
            self._add_file(file)
            for file in files
            if file.name in KUSTOMIZATIONS | {CHART}
            or not (_is_of(charts, file) or claims.intersection(_with_parents(_real(file))))
        ]
        return any(found) or bool(unreadable)

    def _add_file(self, path: Path) -> bool:
        """Read the documents of a file; say whether there are any, now or before."""
        real = _real(path)
        if real in self.seen:
            return True
        self.seen.add(real)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE + 1)
        except OSError as error:
            self._fail(path, "this cannot be read: " + _why(error), "Make it readable")
            return True
        return self._add_content(self._name(path), path, content)

    def _add_content(self, name: str, path: Path, content: bytes) -> bool:
        if len(content) > MAX_FILE:
            what = f"this is larger than {MAX_FILE // 1024 // 1024} MiB"
            self._keep(_failed(name, 0, 1, Source(what, "Split it into several files")))
            return True
        found = list(_documents(name, path, content))
        for document in found:
            self._keep(document)
        return bool(found)

    def _keep(self, document: Document) -> None:
        self.documents[document.id] = document

    def _fail(self, path: Path, what: str, remedy: str) -> None:
        self._keep(_failed(self._name(path), 0, 1, Source(what, remedy)))

    def _name(self, path: Path) -> str:
        """Return the file's name: relative to its git root, or to the current folder where another file has that."""
        name = file_name(path)
        if self.names.setdefault(name, _real(path)) != _real(path):
            name = Path(os.path.relpath(path)).as_posix()
        return name

    def _is_excluded(self, path: Path) -> bool:
        relative = Path(os.path.relpath(path, self.root)).as_posix()
        return any(pattern.fullmatch(relative) for pattern in self.excluded)


def file_name(path: Path) -> str:
    """Return the name of a file in reports: relative to the git root above it, else to the current folder."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  (links stay what they are called)
    for folder in path.parents:
        if (folder / ".git").exists():
            return path.relative_to(folder).as_posix()
    return Path(os.path.relpath(path)).as_posix()


def _documents(name: str, path: Path, content: bytes) -> Iterator[Document]:
    """Yield the documents of a file, empty ones left out; a template as a whole, for none of it is final."""
    read_so_far = []
    for document in read_documents(content, name):
        if isinstance(document, BrokenDocument) and (source := _template(document, path)):
            yield _failed(name, 0, document.error.line or 1, source)
            return
        if isinstance(document, BrokenDocument) or document.value is not None:
            read_so_far.append(reduced_document(document, name, path))
    yield from read_so_far


def _files(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the manifests in *folder* and below, in order; links are followed, each folder is entered once."""
    entered: set[str] = set()
    for place, folders, names in os.walk(folder, onerror=onerror, followlinks=True):
        if _real(Path(place)) in entered:
            folders.clear()
            continue
        entered.add(_real(Path(place)))
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            path = Path(place, name)
            if (path.suffix.lower() in SUFFIXES or name in KUSTOMIZATIONS) and (path.is_file() or not path.exists()):
                yield path


def _claims(file: Path) -> Iterator[Path]:
    """Yield what a Kustomization changes; nothing where it cannot be read, which is said when its turn comes."""
    try:
        content = file.read_bytes()[:MAX_FILE]
    except OSError:
        return
    for document in read(content, file.name):
        if not isinstance(document, InputError):
            yield from unrendered.claimed(document.value, file.parent)


def _is_of(charts: set[Path], file: Path) -> bool:
    """Say whether *file* belongs to one of *charts*, so that its chart speaks for it."""
    if file.parent in charts and unrendered.is_of_chart(file.name):
        return True
    return any(folder.name in CHART_FOLDERS and folder.parent in charts for folder in file.parents)


def _with_parents(real: str) -> set[str]:
    return {real, *(str(folder) for folder in Path(real).parents)}


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:
        return str(path)


def _why(error: OSError | ValueError) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or "the path is malformed").lower()


def _glob(pattern: str) -> re.Pattern[str]:
    """Return what matches the paths that *pattern* names, and all below; ``**`` stands for any number of folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.rstrip("/").removeprefix("./"))
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")
