"""Make the page of all faults and what each check says of them, from judging the embedded examples.

python -m tools.faults            write it
python -m tools.faults --check    fail where the one on disk differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from pullready import catalogue, config
from pullready.outcome import Result, Run
from pullready.preflight import Surroundings, judge_all
from pullready.spec import Check
from pullready.verdict import Verdict
from tools import keep
from tools.examples import CAPTURED_AT, EXAMPLES
from tools.pages import DOCS, FAMILIES

PAGE: Final = DOCS / "faults.md"
HEAD: Final = """\
# One fault, one finder

Each row is an example with one fault; each column is what one check says of it. Both have the same numbers.

| mark | |
|---|---|
| ● | found, and it stops the gate |
| ◐ | found, and it is a risk or advice that does not stop the gate |
| ○ | found *because of* the row's own fault, which explains it |

Where there is no mark, the check finds nothing.
"""


class Mark(StrEnum):
    """What a check says of a fault, in one sign."""

    STOPS = "●"
    PASSES = "◐"
    FOLLOWS = "○"


#: What each check says of each fault, by fault and check.
Marks = Mapping[tuple[str, str], Mark]


def ordered(checks: Mapping[str, Check]) -> list[Check]:
    """Return *checks* in the order of the page: by family."""
    return sorted(checks.values(), key=lambda check: (list(FAMILIES).index(check.family), check.id))


def judged(fault: str, checks: Mapping[str, Check]) -> Run:
    """Judge the example of *fault* with all *checks*."""
    configuration = config.load(EXAMPLES / "broken" / fault / "pullready.yaml")
    return judge_all(configuration, Surroundings(CAPTURED_AT, lambda: b"", lambda _: None), checks)


def marks(checks: Mapping[str, Check]) -> dict[tuple[str, str], Mark]:
    """Return what is found in the example of each fault; nothing stands for a check that finds nothing."""
    return {
        (fault, result.check.id): mark
        for fault in checks
        for result in judged(fault, checks).results
        if (mark := _mark(result)) is not None
    }


def _mark(result: Result) -> Mark | None:
    if result.verdict is not Verdict.FOUND:
        return None
    if result.because_of:
        return Mark.FOLLOWS
    return Mark.STOPS if result.gating_found else Mark.PASSES


def strays(made: Marks, checks: Mapping[str, Check]) -> Iterator[str]:
    """Yield, in a line, each mark that should not be there, and each that should and is not."""
    for fault in checks:
        if made.get((fault, fault)) not in {Mark.STOPS, Mark.PASSES}:
            yield f"{fault} is not found by its own check"
    for (fault, check), mark in made.items():
        if check != fault and not (mark is Mark.FOLLOWS and fault in _roots(check, checks)):
            yield f"{check} says {mark} of {fault}"


def _roots(check: str, checks: Mapping[str, Check]) -> set[str]:
    direct = set(checks[check].follows_from)
    return direct.union(*(_roots(root, checks) for root in direct))


def page(checks: Mapping[str, Check], made: Marks) -> str:
    """Return the page: the table, and below it what the numbers stand for."""
    numbers = {check.id: number for number, check in enumerate(ordered(checks), start=1)}
    lines = [f"| | {' | '.join(map(str, numbers.values()))} |", f"|---:|{':---:|' * len(numbers)}"]
    for fault, number in numbers.items():
        cells = " | ".join(made.get((fault, check), " ") for check in numbers)
        lines.append(f"| [{number}](../manifests_examples/broken/{fault}/README.md) | {cells} |")
    named = [f"{number}. [`{check}`](checks/{check}.md)" for check, number in numbers.items()]
    return "\n".join((HEAD, *lines, "", *named, ""))


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with what is on disk; return the exit code."""
    checks = catalogue.load()
    return keep(PAGE, page(checks, marks(checks)), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
