"""What every fact has: the document it came from, and a way to point at it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from pullready.errors import FactUnavailable
from pullready.snapshot import Document, without_keyed
from pullready.verdict import Evidence, Location

T = TypeVar("T")
_LONGEST_VALUE = 200

#: What stands between the parts of a subject, such as ``linux1 → shopimages.azurecr.io``.
SEPARATOR = " → "


class Unread(msgspec.Struct, frozen=True):
    """A subject that stands in a list of facts but could not be read itself; judging it says *unknown*."""

    subject: str
    why: FactUnavailable
    location: Location | None = None


class Fact(msgspec.Struct, frozen=True):
    """A typed view on one document. ``base`` is the JSON pointer of the object that the fact is about."""

    document: Document
    base: str

    def evidence(self, pointer: str, says: str) -> Evidence:
        """Return the value at *pointer* (below ``base``) as evidence; it is empty where the property is absent."""
        return evidence(self.document, self.base + pointer, says)

    def require(self, value: T | UnsetType | None, pointer: str) -> T:
        """Return *value*, the one at *pointer* (below ``base``); raise :class:`FactUnavailable` where there is none."""
        if value is None or value is UNSET:
            raise FactUnavailable(
                f"{self.document.id} has no {self.base}{pointer}",
                "Look at the document in the snapshot; an api-version that lacks the property must be read anew",
                document=self.document.id,
                pointer=self.base + pointer,
            )
        return value


def evidence(document: Document, pointer: str, says: str) -> Evidence:
    """Return the value that stands at *pointer* in *document* as evidence that *says* something."""
    try:
        value = document.at(pointer)
    except KeyError:
        return Evidence(document.id, pointer, "", says)
    text = value if isinstance(value, str) else msgspec.json.encode(without_keyed(value)).decode()
    return Evidence(
        document.id, pointer, text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…", says
    )


def moment(fact: Fact, text: str, pointer: str) -> datetime:
    """Return *text*, ISO 8601 with up to seven digits of a second, which stands at *pointer* (below ``base``).

    Without a time zone it counts as UTC. Raise :class:`FactUnavailable` where it is no date.
    """
    try:
        when = datetime.fromisoformat(text)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise FactUnavailable(
            f"{fact.base}{pointer} of {fact.document.id} is no date: {text}",
            "Look at the document in the snapshot",
            document=fact.document.id,
            pointer=fact.base + pointer,
        ) from None


def decode(document: Document, shape: type[T], pointer: str = "") -> T:
    """Decode the object at *pointer* of *document*; raise :class:`FactUnavailable` where it is unread or malformed.

    Properties that *shape* does not name stay in the document and are passed over.
    """
    value: Any = document.require().body
    try:
        value = document.at(pointer)
        return msgspec.convert(value, shape)
    except KeyError:
        raise FactUnavailable(
            f"{document.id} has no {pointer}",
            "Look at the document in the snapshot",
            document=document.id,
            pointer=pointer,
        ) from None
    except msgspec.ValidationError as error:
        raise FactUnavailable(
            f"{document.id} does not have the documented shape: {error}",
            "Report it together with the api-version, so that the shape can be added",
            document=document.id,
            pointer=pointer,
        ) from error
