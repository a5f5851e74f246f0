"""The exit codes, the same for every door and every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, the first that applies, in the order of :attr:`pullready.outcome.Run.exit_code`."""

    READY = 0
    NOT_READY = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING_JUDGED = 5
    INCOMPLETE = 10
