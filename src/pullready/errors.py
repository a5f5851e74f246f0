"""What can go wrong, said so that a person knows what to do."""

from __future__ import annotations

from collections.abc import Sequence


class PullreadyError(Exception):
    """Base of every error that pullready raises on purpose; its text is meant for people."""


class InputError(PullreadyError):
    """Input that cannot be used: an option, the configuration, a snapshot, a manifest.

    ``what`` says what is wrong and ``remedy`` what to do; ``file`` and ``line`` (counted from 1) say where.
    """

    def __init__(self, what: str, remedy: str, *, file: str | None = None, line: int | None = None) -> None:
        self.what = what
        self.remedy = remedy
        self.file = file
        self.line = line
        where = "" if file is None else f"{file}: " if line is None else f"{file}:{line}: "
        super().__init__(f"{where}{what}. {remedy}")


class InputErrors(InputError):
    """Several things wrong with one input; ``errors`` has each, and the text a line for each."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        first = errors[0]
        super().__init__(first.what, first.remedy, file=first.file, line=first.line)
        self.errors = tuple(errors)
        self.args = ("\n".join(map(str, errors)),)


def together(errors: Sequence[InputError]) -> InputError:
    """Return one error that says all of *errors*, of which there is at least one."""
    return errors[0] if len(errors) == 1 else InputErrors(errors)


class FactUnavailable(PullreadyError):
    """A fact that a judgement needs could not be established: the judgement is unknown, never clear.

    ``document`` and ``pointer`` name the place that was looked at, as in :class:`pullready.verdict.Evidence`.
    """

    def __init__(self, reason: str, remedy: str, *, document: str = "", pointer: str = "") -> None:
        self.reason = reason
        self.remedy = remedy
        self.document = document
        self.pointer = pointer
        super().__init__(f"{reason}. {remedy}")


class NothingToJudge(PullreadyError):
    """The target has no subject of the kind that a check is about: the check is not applicable."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
