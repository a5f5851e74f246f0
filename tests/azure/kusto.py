"""The one form of query that Azure Resource Graph is sent here, read strictly: anything else is refused.

Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: The columns of the table ``resources``.
COLUMNS: Final = (
    *("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku"),
    *("plan", "properties", "tags", "identity", "zones", "extendedLocation", "apiVersion"),
)
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\\r\n]|\\[\\'"tnr])*')|(?P<word>in~|[A-Za-z_]\w*)|(?P<mark>[|,()]))""", re.ASCII
)
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r"}


class QueryInvalid(Exception):
    """What is asked cannot be answered; ``details`` say why, in the shape that Azure has for them."""

    def __init__(self, code: str, message: str, where: dict[str, Any] | None = None) -> None:
        self.details = [{"code": code, "message": message}, *([where] if where else [])]
        super().__init__(message)


@dataclass(frozen=True)
class Query:
    """Which resources are asked for, and what of them."""

    ids: tuple[str, ...]
    columns: tuple[str, ...]


def parse(text: str) -> Query:
    """Return what *text* asks for; raise :class:`QueryInvalid` with the place of the first word that does not fit."""
    if "{{" in text:
        raise QueryInvalid("InvalidQuery", "The shared query does not exist.")
    reader = _Reader(text)
    reader.expect("resources", "|", "where", "id", "in~", "(")
    ids = tuple(reader.listed("string"))
    reader.expect(")", "|", "project")
    columns = tuple(reader.listed("word"))
    reader.expect("|", "order", "by", "id", "asc", "")
    if unknown := next((name for name in columns if name not in COLUMNS), None):
        raise QueryInvalid("InvalidQuery", f"The column {unknown} does not exist.")
    return Query(ids, columns)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def expect(self, *wanted: str) -> None:
        """Go on past the words *wanted*; the empty one is the end."""
        for word in wanted:
            self._take(word, None)

    def listed(self, kind: str) -> Iterator[str]:
        """Yield what stands between commas."""
        yield self._take("", kind)
        while (found := _TOKEN.match(self.text, self.place)) and found["mark"] == ",":
            self.place = found.end()
            yield self._take("", kind)

    def _take(self, word: str, kind: str | None) -> str:
        found = _TOKEN.match(self.text, self.place)
        is_end = not self.text[self.place :].strip()
        if kind is None and word == "" and is_end:
            return ""
        token = (found[kind] if kind else found[0].strip()) if found else None
        if found is None or token is None or (kind is None and token != word):
            raise QueryInvalid("InvalidQuery", "The query is not valid.", self._where(word or kind or "<EOF>"))
        self.place = found.end()
        return _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[1]), token[1:-1]) if kind == "string" else token

    def _where(self, expected: str) -> dict[str, Any]:
        before = self.text[: self.place]
        line = before.count("\n") + 1
        column = self.place - (before.rfind("\n") + 1)
        token = self.text[self.place :].split(maxsplit=1)[:1]
        return {
            "code": "ParserFailure",
            "message": "ParserFailure",
            "line": line,
            "characterPositionInLine": column,
            "token": token[0] if token else "<EOF>",
            "expectedToken": expected,
        }
