"""What a symptom is.

It is recognised in squeezed text (:mod:`pullready.symptoms.reading`): letters are small, blanks and quotes are
gone. Its parts are regular expressions whose blanks do not count; between them anything may stand. Of several that fit
the same message the first in the table counts, so what is special stands before what is general.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final


class Reach(StrEnum):
    """Where an address lies: in a private network, or in the Internet."""

    PRIVATE = "private"
    PUBLIC = "public"
    IPV6 = "public IPv6"


@dataclass(frozen=True)
class Symptom:
    """Something that a log or a command says, what it means, and the conditions to suspect, the likeliest first.

    ``reach`` asks that the address in the group ``ip`` lies there. ``code`` marks what may stand several times in one
    message and hides nothing else.
    """

    parts: tuple[str, ...]
    means: str
    candidates: tuple[str, ...]
    reach: Reach | None = None
    code: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression that finds the symptom in squeezed text; every part is a group, ``p0`` and so on."""
        groups = (f"(?P<p{number}>{part.replace(' ', '')})" for number, part in enumerate(self.parts))
        return re.compile(f".{{0,{LONGEST_GAP}}}?".join(groups))


#: Characters that may stand between two parts of a symptom: a URL with a long scope does.
LONGEST_GAP: Final = 800
