"""YAML and JSON streams, read as untrusted input: every document by itself, with line numbers and within limits.

A stream is split into its documents before any of them is parsed, so that a broken one takes no other with it. The
parser is libyaml, in C; :mod:`pullready.events` puts its events together.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import ScalarEvent

from pullready.errors import InputError
from pullready.events import Mark, Reader

try:
    from _ruamel_yaml import CParser  # type: ignore[import-not-found]
except ImportError as missing:  # `ruamel.yaml` alone is pure Python, and its extra `libyaml` brings another parser
    raise InputError(
        "ruamel.yaml's parser in C is not installed", "Install it: pip install 'ruamel.yaml[oldlibyaml]'"
    ) from missing

#: The size of one document, in characters. An API server takes no request above 3 MB.
MAX_SIZE: Final = 4 * 1024 * 1024
#: How an error starts that the parser raised.
NOT_YAML: Final = "this is not YAML"
#: How many documents one stream may have.
MAX_DOCUMENTS: Final = 100_000
_MAX_POINTER: Final = 2_000

_MARKER: Final = re.compile(r"^(---|\.\.\.)(?=[ \t\n]|\Z)", re.MULTILINE)
_CONTENT: Final = re.compile(r"^(?!%)[ \t]*[^\s#]", re.MULTILINE)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
#: libyaml before 0.2 refuses a colon or question mark inside of a plain scalar between brackets, as in
#: ``[shopimages.azurecr.io/web:1.4]``. The text is then read anew with characters in their place that nobody uses.
_INNER: Final = re.compile(r"""(?<=[^\s"'\[\]{},])[:?](?=[^\s\[\]{},])""")
_STAND_INS: Final = {":": "\U000f0f0f", "?": "\U000f0f0e"}
_SURROGATES: Final = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a stream: plain dicts with string keys, lists, and scalars.

    ``index`` counts the stream's documents from 0, ``line`` the file's lines from 1, ``source`` is the text it was read
    from. What an alias repeats is the same object, so nothing in ``value`` may be changed.
    """

    index: int
    value: Any
    line: int
    source: str = field(repr=False)
    mark: Mark = field(repr=False)

    @property
    def lines(self) -> dict[str, int]:
        """The line of every node by its JSON pointer; of an entry of a mapping, that of its key."""
        return self.lines_of(self.value)

    def lines_of(self, part: Any) -> dict[str, int]:
        """Return the lines of those nodes that stand in *part* too, the document's value with things left out.

        Lists keep their length, or lose items from the end alone.
        """
        lines: dict[str, int] = {}
        _note(lines, "", part, self.mark)
        return lines


@dataclass(frozen=True, slots=True)
class BrokenDocument:
    """Why a document of a stream cannot be used, with the text it would have been read from."""

    index: int
    error: InputError
    source: str = field(repr=False)


def read(content: bytes, file: str) -> Iterator[YamlDocument | InputError]:
    """Yield every document of a stream, in order; an :class:`InputError` for each that is broken or too big."""
    for document in read_documents(content, file):
        yield document.error if isinstance(document, BrokenDocument) else document


def read_documents(content: bytes, file: str) -> Iterator[YamlDocument | BrokenDocument]:
    """Yield every document of a stream as :func:`read` does, the broken ones with their text."""
    try:
        text = _decoded(content)
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        broken = InputError(f"this is not {error.encoding} text", "Save the file as UTF-8", file=file, line=line)
        yield BrokenDocument(0, broken, "")
        return
    index = 0
    for source, line in _documents(text):
        if index >= MAX_DOCUMENTS:
            what = f"the stream has more than {MAX_DOCUMENTS:,} documents"
            yield BrokenDocument(index, InputError(what, "Split it into several files", file=file, line=line), "")
            return
        try:
            values = _values(source, line, file)
        except InputError as error:
            yield BrokenDocument(index, error, source)
            index += 1
            continue
        for value, mark in values:
            yield YamlDocument(index, value, mark if isinstance(mark, int) else mark[0], source, mark)
            index += 1


def read_mapping(content: bytes, file: str) -> YamlDocument:
    """Return the one document that *content* has to be, a mapping; raise :class:`InputError` where it is not."""
    only: YamlDocument | None = None
    for document in read(content, file):
        if isinstance(document, InputError):
            raise document
        if document.value is None:
            continue
        if only is not None:
            raise InputError("there is more than one document", "Keep one", file=file, line=document.line)
        only = document
    if only is None:
        raise InputError("the file is empty", "Write what is to be judged into it", file=file, line=1)
    if not isinstance(only.value, dict):
        raise InputError("this is not a mapping", "Write it as key: value", file=file, line=only.line)
    return only


def _decoded(content: bytes) -> str:
    """Return the text, every line break a line feed; raise ``UnicodeDecodeError``."""
    encodings = {
        codecs.BOM_UTF8: "utf-8",
        codecs.BOM_UTF32_LE: "utf-32-le",
        codecs.BOM_UTF32_BE: "utf-32-be",
        codecs.BOM_UTF16_LE: "utf-16-le",
        codecs.BOM_UTF16_BE: "utf-16-be",
    }
    mark, encoding = next(((b, e) for b, e in encodings.items() if content.startswith(b)), (b"", "utf-8"))
    text = content[len(mark) :].decode(encoding)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Files that were put one behind the other bring their byte order marks along.
    return text.replace("\n\ufeff", "\n") if "\ufeff" in text else text


def _documents(text: str) -> Iterator[tuple[str, int]]:
    """Yield the text of each document with the line it starts on.

    A marker at the start of a line ends a document wherever it stands, so that a broken one takes no other with it.
    """
    start, line, counted = 0, 1, 0
    for marker in (*_MARKER.finditer(text), None):
        end = len(text) if marker is None else marker.end() if marker[1] == "..." else marker.start()
        if _CONTENT.search(text, start, end):
            line += text.count("\n", counted, start)
            counted = start
            yield text[start:end], line
            start = end
        elif marker is not None and marker[1] == "...":
            start = end


def _note(lines: dict[str, int], pointer: str, part: Any, mark: Mark) -> None:
    """Add the line of *part* and of all that is in it."""
    if isinstance(mark, int):
        lines[pointer] = mark
        return
    line, inner = mark
    lines[pointer] = line
    if len(pointer) > _MAX_POINTER:
        return  # a hostile document could fill the memory with pointers; what is deeper has its parent's line
    if isinstance(part, dict) and isinstance(inner, dict):
        for key, value in part.items():
            if key in inner:
                _note(lines, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", value, inner[key])
    elif isinstance(part, list) and isinstance(inner, list):
        for index, (value, each) in enumerate(zip(part, inner, strict=False)):
            _note(lines, f"{pointer}/{index}", value, each)


def _values(source: str, line: int, file: str) -> list[tuple[Any, Mark]]:
    """Return the values of *source*, and their marks; raise :class:`InputError`."""
    if len(source) > MAX_SIZE:
        what = f"the document is larger than {MAX_SIZE // 1024 // 1024} MiB"
        raise InputError(what, "Split it into several documents", file=file, line=line)
    if source.lstrip()[:1] in {"{", "[", '"'}:
        source = _SURROGATES.sub(_joined, source)
    try:
        return Reader(CParser(source).get_event, line, file).values()
    except YAMLError as error:
        stood_in = _INNER.sub(lambda sign: _STAND_INS[sign[0]], source)
        if stood_in == source or any(one in source for one in _STAND_INS.values()):
            raise _syntax(error, source, line, file) from None
    try:
        following = CParser(stood_in).get_event
        return Reader(lambda: _restored(following()), line, file).values()
    except YAMLError as error:
        raise _syntax(error, source, line, file) from None


def _restored(event: Any) -> Any:
    if type(event) is ScalarEvent:
        for sign, stand_in in _STAND_INS.items():
            event.value = event.value.replace(stand_in, sign)
    return event


def _joined(pair: re.Match[str]) -> str:
    """Return the character that JSON writes as two escapes, which YAML does not know."""
    escaped = f"{pair[1]}{pair[2]}"
    return bytes.fromhex(escaped).decode("utf-16-be")


def _syntax(error: YAMLError, source: str, first: int, file: str) -> InputError:
    """Return what the parser found wrong, in its own words, which do not quote the text."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        found = _UNPRINTABLE.search(source)
        line = source.count("\n", 0, found.start()) if found else 0
        what = "a control character stands in it"
    else:
        line = min(mark.line, source.rstrip().count("\n"))
        what = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None))))
    return InputError(f"{NOT_YAML}: {what}", "Correct the syntax", file=file, line=line + first)
