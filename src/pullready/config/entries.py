"""The entries of a configuration file, each with the line it stands on; what is wrong with them is collected."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pullready.config.values import Refused, quoted
from pullready.errors import InputError, together

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is read: its shown name, the line of each JSON pointer, and what turned out wrong."""

    file: str
    lines: Mapping[str, int]
    problems: list[InputError] = field(default_factory=list)

    def line(self, pointer: str) -> int:
        """Return the line of *pointer*, or of its nearest parent that has one."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)

    def raise_problems(self) -> None:
        """Raise all that turned out wrong, in the order of the file's lines; nothing where all is well."""
        if self.problems:
            raise together(sorted(self.problems, key=lambda problem: problem.line or 0))


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the file. ``name`` is the key that a person would call it by.

    The readers return ``None`` for a value that is not what it has to be, and note the problem; a caller leaves it out.
    """

    value: Any
    name: str
    pointer: str
    source: Source

    @property
    def line(self) -> int:
        """The line that the entry starts on."""
        return self.source.line(self.pointer)

    def refuse(self, what: str, remedy: str) -> None:
        """Note that something is wrong with this entry."""
        self.source.problems.append(InputError(what, remedy, file=self.source.file, line=self.line))

    def mapping(self, keys: Sequence[str], *, required: Iterable[str] = ()) -> dict[str, Entry] | None:
        """Return the entries of a mapping by key, without those that are not among *keys*."""
        if not isinstance(self.value, dict):
            self._expected("a mapping (key: value)", "Write it as " + ", ".join(f"{key}: …" for key in keys))
            return None
        entries = {key: self._inner(key) for key in self.value}
        for key, entry in entries.items():
            if key not in keys:
                entry.refuse(f"the key {quoted(key)} is unknown", suggestion(key, keys))
        missing = [key for key in required if key not in entries]
        if missing:
            self.refuse(
                f"{self.name} lacks {' and '.join(missing)}", f"Add {', '.join(f'{key}: …' for key in missing)}"
            )
        return {key: entry for key, entry in entries.items() if key in keys}

    def items(self, *, filled: bool = False) -> list[Entry]:
        """Return the entries of a list; *filled* refuses an empty one."""
        if not isinstance(self.value, list):
            self._expected("a list", f"Write {self.name}: [ … ], or one item per line behind a hyphen")
            return []
        if filled and not self.value:
            self.refuse(f"{self.name} is an empty list", "Fill it, or remove the key")
        return [
            Entry(value, self.name, f"{self.pointer}/{index}", self.source) for index, value in enumerate(self.value)
        ]

    def text(self, parse: Callable[[str], T]) -> T | None:
        """Return what *parse* makes of a string; it raises :class:`Refused` for one that will not do."""
        if not isinstance(self.value, str):
            self._expected("a string", "Put it in quotes" if isinstance(self.value, int | float) else "Write a string")
            return None
        try:
            return parse(self.value)
        except Refused as refused:
            self.refuse(f"{self.name}: {refused.what}", refused.remedy)
            return None

    def texts(self, parse: Callable[[str], T], *, filled: bool = False) -> tuple[T, ...]:
        """Return what *parse* makes of each string of a list."""
        parsed = [entry.text(parse) for entry in self.items(filled=filled)]
        return tuple(one for one in parsed if one is not None)

    def flag(self) -> bool | None:
        """Return a boolean."""
        if isinstance(self.value, bool):
            return self.value
        self._expected("true or false", "Write true or false; yes, no, on and off are strings in YAML 1.2")
        return None

    def number(self, highest: int) -> int | None:
        """Return a whole number from 0 to *highest*."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and 0 <= self.value <= highest:
            return self.value
        self._expected(f"a whole number from 0 to {highest}", "Write such a number, without quotes")
        return None

    def _inner(self, key: str) -> Entry:
        escaped = key.replace("~", "~0").replace("/", "~1")
        return Entry(self.value[key], key, f"{self.pointer}/{escaped}", self.source)

    def _expected(self, kind: str, remedy: str) -> None:
        if self.value is None:
            self.refuse(f"{self.name} has no value", "Write one, or remove the key")
        else:
            self.refuse(f"{self.name} must be {kind}, not {_kind(self.value)}", remedy)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the remedy for a *word* that is not among the *known*: the nearest of them, else all."""
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold().replace("_", "-"), folded, n=1)
    return f"Did you mean {folded[near[0]]}?" if near else f"Write one of: {', '.join(names)}"


def _kind(value: object) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the string {quoted(value)}"
        case list():
            return "a list"
        case _:
            return "a mapping"
