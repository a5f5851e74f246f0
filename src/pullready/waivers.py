"""The one place where a finding or an unknown is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pullready.config import Waiver
from pullready.facts.base import SEPARATOR
from pullready.verdict import Found, Judgement, Unknown


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """What became of the waivers: each is in at most one of the three."""

    used: tuple[Waiver, ...] = ()
    expired: tuple[Waiver, ...] = ()
    unmatched: tuple[Waiver, ...] = ()


class Waivers:
    """The waivers of a run. *today* decides which have expired; those waive nothing."""

    def __init__(self, waivers: Iterable[Waiver], *, today: date) -> None:
        self._all = tuple(waivers)
        self._today = today
        self._used: set[Waiver] = set()

    def covering(self, check: str, target: str, judgement: Judgement) -> Waiver | None:
        """Return the first waiver that accepts *judgement*, and note all that do; clear and the like need none."""
        if not isinstance(judgement, Found | Unknown):
            return None
        accepting = [
            waiver
            for waiver in self._all
            if waiver.until >= self._today
            and waiver.check == check
            and waiver.target in {None, target}
            and _names(waiver.subject, judgement.subject)
        ]
        self._used.update(accepting)
        return accepting[0] if accepting else None

    def account(self, ran: Iterable[tuple[str, str]]) -> WaiverUse:
        """Return what became of the waivers; *ran* are the pairs of check and target that were judged.

        A waiver whose check did not run where it applies is neither used nor unmatched.
        """
        pairs = set(ran)
        expired = tuple(waiver for waiver in self._all if waiver.until < self._today)
        unmatched = tuple(
            waiver
            for waiver in self._all
            if waiver not in self._used
            and waiver not in expired
            and any(check == waiver.check and waiver.target in {None, target} for check, target in pairs)
        )
        return WaiverUse(tuple(waiver for waiver in self._all if waiver in self._used), expired, unmatched)


def _names(waived: str, subject: str) -> bool:
    """Say whether *waived* is the subject or one of its parts, without regard to case; ``->`` stands for the arrow."""
    wanted = waived.casefold().replace(" -> ", SEPARATOR)
    return wanted == subject.casefold() or wanted in subject.casefold().split(SEPARATOR)
