"""One YAML document, put together from a parser's events, with the line of every node and within limits.

No ready-made loader both tells lines and withstands hostile input. Scalars follow the core schema of YAML 1.2: ``on``,
``no`` and ``12:30:45`` are strings. So is ``0777``, which is octal to some tools and decimal to others. Merge keys
(``<<``), which Kubernetes' tools know, are supported. A key that stands twice is refused.

Source: https://yaml.org/spec/1.2.2/#103-core-schema and https://yaml.org/type/merge.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from pullready.errors import InputError

MAX_DEPTH: Final = 100
MAX_NODES: Final = 250_000
#: How many nodes the aliases of one document may stand for, each counted as often as it is repeated.
MAX_ALIASED: Final = 50_000
_MAX_DIGITS: Final = 400

#: What is said of ``{{ x }}``, which is a mapping as a key.
NO_KEY: Final = "a key is not a string"

#: The line of a scalar; the line of a mapping or list and the marks of what is in it.
Mark: TypeAlias = "int | tuple[int, dict[str, Mark] | list[Mark]]"

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,60}")
_TAG: Final = "tag:yaml.org,2002:"
_CONSTANTS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


class _Anchored(msgspec.Struct, frozen=True):
    """A node that aliases may repeat: how many nodes and levels it has."""

    value: Any
    inner: dict[str, Mark] | list[Mark] | None
    nodes: int
    levels: int


class Reader:
    """Puts the events of one document together. Depth is watched while they come, before anything recurses."""

    def __init__(self, following: Callable[[], Any], line: int, file: str) -> None:
        self._next = following
        self._first = line
        self._file = file
        self._nodes = 0
        self._aliased = 0
        self._deepest = 0
        self._anchors: dict[str, _Anchored | None] = {}

    def values(self) -> list[tuple[Any, Mark]]:
        """Return the documents of the source: one, but for line breaks that only YAML 1.1 knows."""
        documents = []
        while type(event := self._next()) is not StreamEndEvent:
            if type(event) in {StreamStartEvent, DocumentEndEvent}:
                continue
            if type(event) is DocumentStartEvent:
                self._anchors.clear()
                event = self._next()
            line: int = event.start_mark.line + self._first
            value, inner = self._node(event, 1)
            documents.append((value, line if inner is None else (line, inner)))
        return documents

    def _node(self, event: Any, depth: int) -> tuple[Any, dict[str, Mark] | list[Mark] | None]:
        """Return the value that starts with *event*, and the marks of what is in it."""
        kind = type(event)
        if kind is ScalarEvent:
            self._nodes += 1
            value = self._scalar(event)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(value, None, 1, 0)
            return value, None
        if kind is AliasEvent:
            return self._alias(event, depth)
        if not event.implicit and event.tag not in {_TAG + "map", _TAG + "seq"}:
            raise self._tag(event)
        if depth > MAX_DEPTH:
            raise self._too_deep(event.start_mark.line)
        anchor, before, outer = event.anchor, self._nodes, self._deepest
        self._nodes += 1
        self._deepest = depth
        if anchor is not None:
            self._anchors[anchor] = None
        built: tuple[Any, Any] = self._mapping(depth) if kind is MappingStartEvent else self._sequence(depth)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(*built, self._nodes - before, self._deepest - depth + 1)
        self._deepest = max(self._deepest, outer)
        return built

    def _mapping(self, depth: int) -> tuple[dict[str, Any], dict[str, Mark]]:
        value: dict[str, Any] = {}
        marks: dict[str, Mark] = {}
        merged: list[tuple[Any, Any]] = []
        following = self._next
        while type(event := following()) is not MappingEndEvent:
            line: int = event.start_mark.line
            merge = type(event) is ScalarEvent and event.value == "<<" and event.implicit[0]
            key = self._key(event)
            if key in value or (merge and merged):
                raise self._duplicate(key, line, marks.get(key))
            inner_value, inner = self._node(following(), depth + 1)
            if merge:
                merged = self._merged(inner_value, inner, line)
            else:
                value[key] = inner_value
                line += self._first
                marks[key] = line if inner is None else (line, inner)
            if self._nodes > MAX_NODES:
                raise self._too_many(line - self._first)
        for other, other_marks in merged:
            for key in other:
                if key not in value:
                    value[key] = other[key]
                    marks[key] = other_marks[key]
        return value, marks

    def _sequence(self, depth: int) -> tuple[list[Any], list[Mark]]:
        value: list[Any] = []
        marks: list[Mark] = []
        following = self._next
        while type(event := following()) is not SequenceEndEvent:
            line: int = event.start_mark.line + self._first
            item, inner = self._node(event, depth + 1)
            value.append(item)
            marks.append(line if inner is None else (line, inner))
            if self._nodes > MAX_NODES:
                raise self._too_many(line - self._first)
        return value, marks

    def _key(self, event: Any) -> str:
        """Return a key as JSON has it: the text of a scalar."""
        self._nodes += 1
        if type(event) is ScalarEvent:
            text: str = event.value
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(text, None, 1, 0)
            return text
        if type(event) is AliasEvent and isinstance(key := self._alias(event, 0)[0], str):
            return key
        raise self._error(NO_KEY, "Write keys as plain strings", event.start_mark.line)

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text: str = event.value
        plain, quoted = event.implicit
        if plain:
            return self._plain(text, event)
        if quoted or event.tag in {_TAG + "str", _TAG + "timestamp", _TAG + "binary"}:
            return text
        tag = event.tag
        value = self._plain(text, event) if tag.startswith(_TAG) else None
        if tag == _TAG + "float" and type(value) is int:
            return float(value)
        types = {"int": int, "float": float, "bool": bool, "null": type(None)}
        if types.get(tag.removeprefix(_TAG)) is not type(value) or not tag.startswith(_TAG):
            raise self._tag(event)
        return value

    def _plain(self, text: str, event: Any) -> str | int | float | bool | None:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in "-+.0123456789":
            return text
        if _INTEGER.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                what = f"a number has {len(text):,} digits"
                raise self._error(what, "Quote it if it is not meant as a number", event.start_mark.line)
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        return float(text) if _FLOAT.fullmatch(text) else text

    def _alias(self, event: Any, depth: int) -> tuple[Any, dict[str, Mark] | list[Mark] | None]:
        line = event.start_mark.line
        if event.anchor not in self._anchors:
            raise self._error("an alias names no anchor before it", "Define the anchor, or write the value out", line)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._error("an alias repeats what it stands in", "Write the value out", line)
        self._nodes += anchored.nodes
        self._aliased += anchored.nodes
        self._deepest = max(self._deepest, depth + anchored.levels - 1)
        if self._aliased > MAX_ALIASED or self._nodes > MAX_NODES:
            raise self._error(f"aliases stand for more than {MAX_ALIASED:,} nodes", "Write the values out", line)
        if depth + anchored.levels - 1 > MAX_DEPTH:
            raise self._too_deep(line)
        return anchored.value, anchored.inner

    def _merged(self, value: Any, inner: Any, line: int) -> list[tuple[Any, Any]]:
        """Return the mappings that a merge key names, with their marks; the first that has a key wins."""
        pairs = [(value, (0, inner))] if isinstance(value, dict) else []
        if isinstance(value, list) and value:
            pairs = list(zip(value, inner, strict=True))
        if not pairs or not all(isinstance(mapping, dict) for mapping, _ in pairs):
            raise self._error("a merge key (<<) names something other than mappings", "Merge mappings alone", line)
        return [(mapping, mark[1]) for mapping, mark in pairs]

    def _too_deep(self, line: int) -> InputError:
        return self._error(f"nesting is deeper than {MAX_DEPTH} levels", "Flatten the document", line)

    def _too_many(self, line: int) -> InputError:
        return self._error(f"the document has more than {MAX_NODES:,} nodes", "Split it into several documents", line)

    def _tag(self, event: Any) -> InputError:
        return self._error("a tag (!) does not fit its value, or is unknown", "Remove the tag", event.start_mark.line)

    def _duplicate(self, key: str, line: int, first: Mark | None) -> InputError:
        named = f"the key {key}" if _NAME.fullmatch(key) else "a key"
        before = "" if first is None else f" (before on line {first if isinstance(first, int) else first[0]})"
        return self._error(f"{named} stands twice in one mapping{before}", "Keep one of the two", line)

    def _error(self, what: str, remedy: str, line: int) -> InputError:
        """Return an error on *line* of the source, counted from 0."""
        return InputError(what, remedy, file=self._file, line=line + self._first)
