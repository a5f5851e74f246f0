"""Whether a rule is for a connection: surely, surely not, or in doubt, and then why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Doubt(msgspec.Struct, frozen=True):
    """Whether it matches cannot be told, for this ``reason``."""

    reason: str


Match = bool | Doubt


def any_of(matches: Iterable[Match]) -> Match:
    """Return whether one of *matches* holds; the first doubt where none surely does."""
    doubt: Doubt | None = None
    for match in matches:
        if match is True:
            return True
        if isinstance(match, Doubt):
            doubt = doubt or match
    return doubt or False


def all_of(matches: Iterable[Match]) -> Match:
    """Return whether all of *matches* hold; the first doubt where none surely fails."""
    doubt: Doubt | None = None
    for match in matches:
        if match is False:
            return False
        if isinstance(match, Doubt):
            doubt = doubt or match
    return doubt or True
