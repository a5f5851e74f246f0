"""From the message of a failed pull to the conditions behind it, and to those that hold in a snapshot.

Without a snapshot nothing that judges is loaded, so that the answer comes at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pullready.errors import InputError
from pullready.exits import Exit
from pullready.symptoms import CONDITIONS, Condition, Recognised, recognise

if TYPE_CHECKING:
    from pullready.config import Configuration
    from pullready.standing import Standing

STDIN: Final = "-"
LONGEST: Final = 1 << 20
UNKNOWN: Final = """\
Nothing in this is a known symptom of a failed pull.
ErrImagePull and ImagePullBackOff only say that a pull failed: the reason stands in the event "Failed to pull image …"
of kubectl describe pod."""
NO_SNAPSHOT: Final = """\
Which of these holds was not looked at, for there is no snapshot. To see it, save one and name it:
  pullready run --save-snapshot FILE …
  pullready explain --snapshot FILE …"""


@dataclass(frozen=True, slots=True)
class Question:
    """A message, ``-`` where it comes through standard input, and the snapshot, or the configuration that names one.

    ``clusters`` are those of the snapshot that count; without any, all that it was taken of.
    """

    message: str
    snapshot: str | None = None
    config: str | None = None
    clusters: tuple[str, ...] = ()


def answer(question: Question) -> tuple[str, Exit]:
    """Return what is said to *question*, and the exit code; raise :class:`InputError` where it cannot be used."""
    text = _text(question.message)
    configuration = _configuration(question)
    recognised = recognise(text)
    if not recognised:
        return UNKNOWN, Exit.NOTHING_JUDGED
    standing = _standing(configuration) if configuration else None
    lines = list(standing.heading) if standing else []
    for one in recognised:
        lines += ["", *_symptom(one), *_candidates(one, standing)]
    if standing:
        lines += ["", *standing.elsewhere({slug for one in recognised for slug in one.symptom.candidates})]
    elif any(one.symptom.candidates for one in recognised):
        lines += ["", NO_SNAPSHOT]
    return "\n".join(lines).strip("\n"), Exit.READY


def _symptom(one: Recognised) -> Iterator[str]:
    times = f" ({one.messages} messages)" if one.messages > 1 else ""
    yield f"{one.fragment}{times}"
    yield f"  means: {one.symptom.means}"


def _candidates(one: Recognised, standing: Standing | None) -> Iterator[str]:
    """Yield the lines of the candidates, in order; with a snapshot what holds there comes first."""
    conditions: Sequence[Condition] = [CONDITIONS[slug] for slug in one.symptom.candidates]
    if standing:
        conditions = standing.ordered(conditions, one.hosts)
    for number, condition in enumerate(conditions, 1):
        yield f"  {number}. {condition.slug}: {condition.meaning}"
        if standing:
            yield from standing.lines(condition, one.hosts)
        yield f"     see: {standing.reference(condition) if standing else condition.reference}"


def _text(message: str) -> str:
    if message == STDIN:
        content = b"" if sys.stdin is None else sys.stdin.buffer.read(LONGEST + 1)
        message, where = content.decode("utf-8-sig", errors="replace"), "standard input"
    else:
        content, where = message.encode(errors="surrogatepass"), "message"
    if len(content) > LONGEST:
        raise InputError(f"the {where} is longer than 1 MiB", "Pass the events alone: kubectl describe pod NAME")
    if not message.strip():
        raise InputError(f"the {where} is empty", "Pass what kubelet says, or - and the output of kubectl describe pod")
    return message


def _configuration(question: Question) -> Configuration | None:
    """Return the configuration of the snapshot; none where *question* names neither."""
    if question.snapshot is None and question.config is None:
        if question.clusters:
            raise InputError("--cluster chooses from a snapshot, and none is named", "Add --snapshot")
        return None
    from pullready.config import Options, resolve  # noqa: PLC0415  (only with a snapshot)

    cwd = Path.cwd()
    options = Options(config=question.config, snapshot=question.snapshot, clusters=question.clusters)
    configuration = resolve(options, cwd=cwd, rootdir=cwd)
    if configuration.snapshot is None:
        raise InputError(
            "this names no snapshot, and explain reads nothing else", "Add --snapshot", file=question.config
        )
    if question.message == STDIN and any(STDIN in target.manifests for target in configuration.targets):
        raise InputError(
            "the manifests are to come through standard input, and so is the message", "Pass one as a file"
        )
    return configuration


def _standing(configuration: Configuration) -> Standing:
    from pullready.standing import judged  # noqa: PLC0415  (only with a snapshot)

    return judged(configuration)
