"""Conditions of role assignments, as far as Azure Container Registry documents them.

Everything else that is well-formed (other operators, attributes and functions) is kept as it is written and decides
nothing. Sources: https://learn.microsoft.com/azure/role-based-access-control/conditions-format and
https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from pullready.facts.roles import matches

#: The only version of the syntax that Azure documents for repositories.
VERSION: Final = "2.0"
#: The attribute that holds the name of a repository.
REPOSITORY_NAME: Final = "Microsoft.ContainerRegistry/registries/repositories:name"
#: Azure documents the attribute with the first source; the second is in use, too.
_SOURCES: Final = ("request", "resource")
_DEEPEST: Final = 50
_WORDS: Final = {"and": "AND", "&&": "AND", "or": "OR", "||": "OR", "not": "NOT", "!": "NOT"}
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<attribute>@[A-Za-z]+\[[^\]]*\])|(?P<sign>&&|\|\||[!(){},])"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_:]*)|(?P<number>-?[0-9]+(?:\.[0-9]+)?))",
    re.DOTALL,
)


class ConditionError(ValueError):
    """The text is no condition; the message says what stands where it stops being one."""


class Asked(msgspec.Struct, frozen=True):
    """What a condition is asked for: a data action, and the repository; none for every repository there may be."""

    action: str
    repository: str | None


class Expression(Protocol):
    """A condition or a part of one."""

    def holds(self, asked: Asked) -> bool | None:
        """Say whether it is true of *asked*; none where that cannot be told."""

    @property
    def opaque(self) -> tuple[str, ...]:
        """The parts, as they are written, that nobody here understands."""


class Both(msgspec.Struct, frozen=True):
    """Expressions that must all be true."""

    parts: tuple[Expression, ...]

    def holds(self, asked: Asked) -> bool | None:
        """Say false where one part is, true where all are."""
        values = {part.holds(asked) for part in self.parts}
        return False if False in values else None if None in values else True

    @property
    def opaque(self) -> tuple[str, ...]:
        """What is opaque in the parts."""
        return tuple(text for part in self.parts for text in part.opaque)


class Either(msgspec.Struct, frozen=True):
    """Expressions of which one must be true."""

    parts: tuple[Expression, ...]

    def holds(self, asked: Asked) -> bool | None:
        """Say true where one part is, false where none may be."""
        values = {part.holds(asked) for part in self.parts}
        return True if True in values else None if None in values else False

    @property
    def opaque(self) -> tuple[str, ...]:
        """What is opaque in the parts."""
        return tuple(text for part in self.parts for text in part.opaque)


class Negation(msgspec.Struct, frozen=True):
    """An expression that must be false."""

    part: Expression

    def holds(self, asked: Asked) -> bool | None:
        """Say the opposite; what cannot be told stays so."""
        value = self.part.holds(asked)
        return None if value is None else not value

    @property
    def opaque(self) -> tuple[str, ...]:
        """What is opaque in the part."""
        return self.part.opaque


class ActionMatches(msgspec.Struct, frozen=True):
    """True of actions that ``pattern`` names; each ``*`` in it stands for any characters."""

    pattern: str
    opaque: tuple[str, ...] = ()

    def holds(self, asked: Asked) -> bool | None:
        """Say whether the action is one of these."""
        return matches(self.pattern, asked.action)


class NameEquals(msgspec.Struct, frozen=True):
    """True of one repository, without regard to case."""

    name: str
    opaque: tuple[str, ...] = ()

    def holds(self, asked: Asked) -> bool | None:
        """Say whether it is this repository."""
        return None if asked.repository is None else asked.repository.casefold() == self.name.casefold()


class NameStartsWith(msgspec.Struct, frozen=True):
    """True of repositories whose names start so, without regard to case; no slash is added to the prefix."""

    prefix: str
    opaque: tuple[str, ...] = ()

    def holds(self, asked: Asked) -> bool | None:
        """Say whether the repository is one of these; with an empty prefix every one is."""
        if asked.repository is None:
            return None if self.prefix else True
        return asked.repository.casefold().startswith(self.prefix.casefold())


class Opaque(msgspec.Struct, frozen=True):
    """A comparison or a function that is well-formed and not understood."""

    text: str

    def holds(self, asked: Asked) -> bool | None:  # noqa: ARG002  (as every expression)
        """Tell nothing."""
        return None

    @property
    def opaque(self) -> tuple[str, ...]:
        """The text itself."""
        return (self.text,)


def parse(text: str) -> Expression:
    """Read *text*; raise :class:`ConditionError`, and nothing else, where it is no condition."""
    return _Parser(text).whole()


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The logical operator that the token is, in one spelling; else its text."""
        return self.text if self.kind == "text" else _WORDS.get(self.text.casefold(), self.text)


def _tokens(text: str) -> Iterator[_Token]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConditionError(_stuck(text, position))
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind), match.end())
        position = match.end()


def _stuck(text: str, position: int) -> str:
    rest = " ".join(text[position:].split())
    return f"nothing that is known stands at {rest[:40]!r}" if rest else "it ends too early"


class _Parser:
    """A recursive descent over the tokens; chains of AND and OR are flat, so only parentheses and negations nest."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text), _Token("end", "", len(text), len(text))]
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._chain()
        if self._next.kind != "end":
            raise self._error()
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _error(self) -> ConditionError:
        return ConditionError(_stuck(self._text, self._next.start))

    def _take(self, *expected: str) -> _Token:
        """Return the next token, which is one of *expected* (words or kinds)."""
        token = self._next
        if token.kind == "end" or not {token.word, token.kind} & set(expected):
            raise self._error()
        self._at += 1
        return token

    def _chain(self) -> Expression:
        """Read expressions joined by one operator; Azure wants parentheses where AND and OR stand side by side."""
        parts = [self._single()]
        operator = self._next.word
        if operator not in {"AND", "OR"}:
            return parts[0]
        while self._next.word == operator:
            self._at += 1
            parts.append(self._single())
        if self._next.word in {"AND", "OR"}:
            message = f"AND and OR stand side by side without parentheses at {self._next.text!r}"
            raise ConditionError(message)
        return Both(tuple(parts)) if operator == "AND" else Either(tuple(parts))

    def _single(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            message = f"it is nested more than {_DEEPEST} levels deep"
            raise ConditionError(message)
        match self._next:
            case _Token(word="NOT"):
                self._take("NOT")
                found: Expression = Negation(self._single())
            case _Token(kind="sign", text="("):
                self._take("(")
                found = self._chain()
                self._take(")")
            case _:
                found = self._atom()
        self._depth -= 1
        return found

    def _atom(self) -> Expression:
        start = self._next.start
        if self._next.word in {"AND", "OR"}:
            raise self._error()
        if self._next.kind == "word":
            return self._function(start)
        left, operator, right = self._operand(), self._take("word"), self._operand()
        understood = _comparison(left, operator.text, right)
        return understood or Opaque(self._text[start : self._tokens[self._at - 1].end])

    def _function(self, start: int) -> Expression:
        """Read a function of texts in braces, or a word before an attribute, such as Exists."""
        name = self._take("word").text
        values = self._operand()
        if name.casefold() == "actionmatches" and len(values) == 1 and (pattern := _plain(values[0])) is not None:
            return ActionMatches(pattern)
        return Opaque(self._text[start : self._tokens[self._at - 1].end])

    def _operand(self) -> tuple[_Token, ...]:
        """Read an attribute, a value, or values in braces; of the latter the values alone."""
        if self._next.word != "{":
            return (self._take("attribute", "text", "number", "word"),)
        self._take("{")
        values = [self._take("text", "number", "word")]
        while self._next.word == ",":
            self._take(",")
            values.append(self._take("text", "number", "word"))
        self._take("}")
        return tuple(values)


def _comparison(left: tuple[_Token, ...], operator: str, right: tuple[_Token, ...]) -> Expression | None:
    """Return what Azure Container Registry documents; none where it is anything else."""
    if len(left) != 1 or len(right) != 1 or left[0].kind != "attribute":
        return None
    source, _, attribute = left[0].text[1:-1].partition("[")
    value = _plain(right[0])
    if source.casefold() not in _SOURCES or attribute.strip().casefold() != REPOSITORY_NAME.casefold() or value is None:
        return None
    match operator.casefold():
        case "stringequalsignorecase":
            return NameEquals(value)
        case "stringstartswithignorecase":
            return NameStartsWith(value)
        case _:
            return None


def _plain(token: _Token) -> str | None:
    """Return the text between the quotes; none where it is no text, or has an escape that must be understood."""
    return token.text[1:-1] if token.kind == "text" and "\\" not in token.text else None
