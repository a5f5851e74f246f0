"""The documents of one run, in their providers' own shapes, and the file they are kept in.

A document is one raw JSON answer, or the recorded fact that there was none to read. Ids are compared without case,
for Azure spells the same resource id in several ways; the first spelling is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from pullready.errors import FactUnavailable, InputError

SCHEMA_VERSION: Final = 1
#: Fields that hold a hash made with a key of one run: they tell apart what that run read, and nothing else.
KEYED: Final = frozenset({"keyedPassword", "keyedHint"})


class Status(StrEnum):
    """What came of reading a document."""

    READ = "read"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    FAILED = "failed"
    NOT_ASKED = "not-asked"


class Provider(StrEnum):
    """Who answers; decides the shape of the body."""

    ARM = "arm"
    GRAPH = "graph"
    KUBERNETES = "kubernetes"
    REGISTRY = "registry"
    MANIFEST = "manifest"


class Document(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One answer of a provider.

    ``detail`` says in one line why there is no body; ``remedy`` what would make it readable. ``file`` and ``lines``
    (JSON pointer to line, counted from 1) stand beside documents that came from a file.
    """

    id: str
    provider: Provider
    status: Status
    api_version: str | None = None
    body: Any = None
    detail: str | None = None
    remedy: str | None = None
    file: str | None = None
    lines: dict[str, int] = {}

    def at(self, pointer: str) -> Any:
        """Return the JSON value at *pointer* (RFC 6901); raise ``KeyError`` where there is none."""
        value = self.body
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~") if "~" in step else step
            if isinstance(value, list):
                if not key.isdecimal() or int(key) >= len(value):
                    raise KeyError(pointer)
                value = value[int(key)]
            elif isinstance(value, dict) and key in value:
                value = value[key]
            else:
                raise KeyError(pointer)
        return value

    def line(self, pointer: str) -> int | None:
        """Return the line of *pointer*, or of its nearest parent that has one."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)

    def require(self) -> Document:
        """Return the document itself where it was read; raise :class:`FactUnavailable` with the reason elsewhere."""
        if self.status is Status.READ:
            return self
        reasons = {
            Status.FORBIDDEN: f"reading {self.id} is forbidden",
            Status.NOT_FOUND: f"{self.id} does not exist",
            Status.FAILED: f"{self.id} could not be read",
            Status.NOT_ASKED: f"{self.id} was not read",
        }
        remedies = {
            Status.FORBIDDEN: "Grant the read permission that docs/permissions.md names for it, then run again",
            Status.NOT_FOUND: "Check the name, and that it was not deleted",
            Status.FAILED: "Run again; if it stays, look at the reason given",
            Status.NOT_ASKED: "Collect it: run against the live target, or save a new snapshot",
        }
        reason = reasons[self.status] + (f" ({self.detail})" if self.detail else "")
        raise FactUnavailable(reason, self.remedy or remedies[self.status], document=self.id)


class TargetScope(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a snapshot was taken of: one target, with the ids of the manifest documents that belong to it."""

    name: str
    cluster: str | None = None
    registries: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    context: str | None = None
    tenant: str | None = None
    egress_addresses: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    schema_version: int
    captured_at: datetime
    documents: list[Document]
    targets: list[TargetScope] = []
    example: str | None = None
    requests: dict[str, int] = {}


class Snapshot:
    """All documents of a run; reading a document that is not there answers one with status ``not-asked``.

    ``captured_at`` is the *now* of every judgement (timezone-aware). ``example`` is set in the embedded examples alone
    and says what they show.
    """

    def __init__(
        self,
        documents: Iterable[Document] = (),
        *,
        captured_at: datetime,
        targets: Iterable[TargetScope] = (),
        example: str | None = None,
        requests: Mapping[str, int] | None = None,
    ) -> None:
        if captured_at.tzinfo is None:
            msg = "captured_at must carry a time zone"
            raise ValueError(msg)
        self.captured_at = captured_at.astimezone(UTC)
        self.targets = tuple(targets)
        self.example = example
        self.requests = dict(requests or {})
        self._asked: frozenset[Provider] | None = None
        self._documents: dict[str, Document] = {}
        if isinstance(documents, Snapshot):
            self._documents = documents._documents  # noqa: SLF001  (one of its own; never changed, so it can be shared)
            return
        for document in documents:
            self._documents.setdefault(document.id.casefold(), document)

    def __iter__(self) -> Iterator[Document]:
        """Iterate over the documents by id, so that the order of reading never shows."""
        return iter(sorted(self._documents.values(), key=lambda document: (document.id.casefold(), document.id)))

    def __len__(self) -> int:
        return len(self._documents)

    def document(self, id: str, provider: Provider = Provider.ARM) -> Document:  # noqa: A002  (Azure's word)
        """Return the document with *id*, compared without case."""
        found = self._documents.get(id.casefold())
        return found if found is not None else Document(id=id, provider=provider, status=Status.NOT_ASKED)

    def __contains__(self, id_: object) -> bool:
        """Say whether the document *id_* was asked for."""
        return isinstance(id_, str) and id_.casefold() in self._documents

    def lacks(self, ids: AbstractSet[str]) -> bool:
        """Say whether none of the documents *ids*, which are in lower case, was asked for."""
        return self._documents.keys().isdisjoint(ids)

    def asked(self, provider: Provider) -> bool:
        """Say whether *provider* was asked for anything, whatever came of it."""
        if self._asked is None:
            self._asked = frozenset(document.provider for document in self._documents.values())
        return provider in self._asked

    def unreadable(self) -> tuple[Document, ...]:
        """Return the documents that were asked for and not read; one that does not exist was answered."""
        return tuple(d for d in self if d.status in {Status.FORBIDDEN, Status.FAILED})

    def with_documents(self, documents: Iterable[Document], targets: Iterable[TargetScope] | None = None) -> Snapshot:
        """Return a snapshot in which *documents* replace those of the same id."""
        made = Snapshot(
            captured_at=self.captured_at,
            targets=self.targets if targets is None else targets,
            example=self.example,
            requests=self.requests,
        )
        made._documents = {**self._documents, **{document.id.casefold(): document for document in documents}}
        return made

    def encode(self) -> bytes:
        """Return the file's bytes: the same documents always give the same bytes."""
        content = _File(
            schema_version=SCHEMA_VERSION,
            captured_at=self.captured_at,
            documents=list(self),
            targets=sorted(self.targets, key=lambda target: target.name),
            example=self.example,
            requests=self.requests,
        )
        try:
            encoded = msgspec.json.encode(content, order="deterministic")
        except UnicodeEncodeError:  # the name of a file need not be UTF-8
            encoded = msgspec.json.encode(without_surrogates(msgspec.to_builtins(content)), order="deterministic")
        return msgspec.json.format(encoded, indent=1) + b"\n"

    def digest(self) -> str:
        """Return ``sha256:…`` over the file's bytes, without keyed hashes: those differ from run to run."""
        content = self.encode()
        if any(name.encode() in content for name in KEYED):
            content = msgspec.json.encode(without_keyed(msgspec.json.decode(content)), order="deterministic")
        return "sha256:" + hashlib.sha256(content).hexdigest()

    def save(self, path: Path) -> None:
        """Write the snapshot to *path*, whole or not at all."""
        partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(self.encode())
            partial.replace(path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise InputError(
                f"the snapshot cannot be written: {error.strerror}", "Name a writable path", file=str(path)
            ) from error


def without_keyed(value: Any) -> Any:
    """Return the JSON *value* without the keyed hashes in it."""
    match value:
        case list():
            return [without_keyed(one) for one in value]
        case dict():
            return {key: without_keyed(one) for key, one in value.items() if key not in KEYED}
        case _:
            return value


def without_surrogates(value: Any) -> Any:
    """Return the JSON *value* with U+FFFD for each half of a surrogate pair, which UTF-8 cannot hold."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list() | tuple():
            return [without_surrogates(one) for one in value]
        case dict():
            return {without_surrogates(key): without_surrogates(one) for key, one in value.items()}
        case _:
            return value


def load(path: Path) -> Snapshot:
    """Read the snapshot at *path*; raise :class:`InputError` where it is missing, damaged, foreign or newer."""
    file = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the snapshot cannot be read: {error.strerror}", "Name an existing file", file=file
        ) from error
    try:
        head = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"the snapshot is damaged: {error}", "Save it again with --save-snapshot", file=file
        ) from error
    version = head.get("schemaVersion") if isinstance(head, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or "documents" not in head:
        raise InputError("this is not a snapshot of pullready", "Save one with --save-snapshot", file=file)
    if version != SCHEMA_VERSION:
        raise InputError(
            f"the snapshot has schema version {version}, and this pullready reads version {SCHEMA_VERSION}",
            "Use the version of pullready that saved it, or save it again",
            file=file,
        )
    try:
        saved = msgspec.convert(head, _File)
        return Snapshot(
            saved.documents,
            captured_at=saved.captured_at,
            targets=saved.targets,
            example=saved.example,
            requests=saved.requests,
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise InputError(
            f"the snapshot is damaged: {error}", "Save it again with --save-snapshot", file=file
        ) from error
