"""Whether the condition of an assignment holds for a data action on a repository, as far as it can be told."""

from __future__ import annotations

from functools import cached_property

import msgspec

from pullready.facts.conditions import VERSION, Asked, ConditionError, Expression, parse


class Clause(msgspec.Struct, frozen=True, dict=True):
    """The condition of an assignment, or none; ``data_action`` is what it is asked for."""

    text: str | None
    version: str | None
    data_action: str

    @cached_property
    def _expression(self) -> Expression | str | None:
        """The condition, or why it cannot be read."""
        if self.text is None:
            return None
        if self.version != VERSION:
            return f"it is of version {self.version or 'unknown'} and not {VERSION}: {self.text}"
        try:
            return parse(self.text)
        except ConditionError as error:
            return f"it cannot be read, as {error}"

    def holds(self, repository: str | None) -> bool | None:
        """Say whether it is true of *repository*, or without one of all repositories; none where that cannot be told.

        Without a condition it is.
        """
        match self._expression:
            case None:
                return True
            case str():
                return None
            case expression:
                return expression.holds(Asked(self.data_action, repository))

    @property
    def not_understood(self) -> str:
        """What of the condition cannot be told, quoted; empty where all of it is understood."""
        match self._expression:
            case None:
                return ""
            case str(why):
                return why
            case expression:
                return f"it uses {', '.join(expression.opaque)}" if expression.opaque else ""
