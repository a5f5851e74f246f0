"""How far two spellings are apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: How many letters a slip of the keyboard changes at most: one that is wrong, and one more, or two that changed places.
SLIP: Final = 2


def edits(one: str, other: str) -> int:
    """Return how many letters must be inserted, removed or replaced to make *other* of *one* (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def slipped(one: str, other: str) -> bool:
    """Say whether *one* may be *other* mistyped; those that differ in digits alone are siblings: shop1, shop2."""
    return one != other and edits(one, other) <= SLIP and _letters(one) != _letters(other)


def nearest(one: str, others: Iterable[str]) -> str | None:
    """Return that of *others* which *one* may be mistyped from; none where they are all too far apart."""
    near = [other for other in others if slipped(one, other)]
    return min(near, key=lambda other: (edits(one, other), other), default=None)


def _letters(name: str) -> str:
    return "".join(letter for letter in name if not letter.isdigit())
