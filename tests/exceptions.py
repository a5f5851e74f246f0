"""Every documented exception, and the cases that cover it.

The exceptions stand in the catalogue of ``PULLREADY_CORPUS``, which is no part of this repository, and so do its
corrections, sentence by sentence. ``exceptions.toml`` names each by check and place (``1``, or ``correction-1``), says
in few words what it is about, keeps a digest of its text, and lists its cases::

    python -m tests.exceptions          print the list
    python -m tests.exceptions --open   print the entries that are still to be filled in

A case is ``<case>`` of the check itself, ``<check>/<case>`` of another, or a test's id.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Final

from tests.environment import CASES, ROOT

CATALOGUE: Final = Path(os.environ.get("PULLREADY_CORPUS", ROOT.parent / "shared")) / "catalogue.md"
COVERED: Final = Path(__file__).with_name("exceptions.toml")
#: The name under which the exceptions stand that concern several checks.
GLOBAL: Final = "global"
#: How many conditions, from the catalogue's first one on, have to be covered; beyond them, those that have cases.
CONDITIONS: Final = 22
#: What an entry without exceptions says.
_NONE: Final = "none."

_CONDITION: Final = re.compile(r"### (\d+)\. `([a-z0-9-]+)`")
_CORRECTION: Final = re.compile(r"(?:> )?\*\*Correction \(.*?\)\.\*\*")
#: Where a sentence of a correction ends: at a full stop with another sentence behind it.
_NEXT: Final = re.compile(r"(?<=\.)\s+(?=[A-Z`])")
_FENCE: Final = "```"
_EXCEPTIONS: Final = "**Legitimate exceptions / false-positive traps.**"
_GATES: Final = "## 11. "
_SUSPECTED: Final = "Things that are often suspected"


@dataclass(frozen=True)
class Bullet:
    """An exception of the catalogue, or a sentence of a correction: of which check (or ``global``), which, its text."""

    check: str
    place: str
    text: str

    @property
    def digest(self) -> str:
        """What shows that the text has changed."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Covered:
    """What ``exceptions.toml`` says of one exception."""

    about: str
    text: str
    cases: tuple[str, ...]


Map = Mapping[tuple[str, str], Covered]


def bullets(text: str) -> list[Bullet]:
    """Return the exceptions in the catalogue's *text*: those of the conditions, then those that concern several."""
    lines = text.splitlines()
    return [
        Bullet(check, f"{prefix}{place}", item)
        for check, prefix, items in (*_conditions(lines), *_gates(lines))
        for place, item in enumerate(items, start=1)
    ]


def covered() -> dict[tuple[str, str], Covered]:
    """Return what covers each exception, by check and place."""
    tables = tomllib.loads(COVERED.read_text(encoding="utf-8"))
    return {
        (check, place): Covered(entry["about"], entry["text"], tuple(entry["cases"]))
        for check, entries in tables.items()
        for place, entry in entries.items()
    }


def gaps(wanted: Iterable[Bullet], known: Map, checks: Iterable[str]) -> Iterator[str]:
    """Yield, in a line, each exception of one of *checks* that nothing covers, and each entry that fits none."""
    places = {(bullet.check, bullet.place): bullet for bullet in wanted}
    there = {*checks, GLOBAL}
    for key, bullet in places.items():
        name = f"{bullet.check} {bullet.place}"
        if key not in known:
            if bullet.check in there:
                yield f"{name} has no entry: {bullet.text}"
        elif known[key].text != bullet.digest:
            yield f"{name} has changed (its digest is {bullet.digest} now): {bullet.text}"
    yield from (f"{check} {place} is not in the catalogue" for check, place in known if (check, place) not in places)


def strange(known: Map, checks: Iterable[str]) -> Iterator[str]:
    """Yield, in a line, each entry without a check or a case, and each case in *known* that does not exist."""
    there = {*checks, GLOBAL}
    tests = _collected(case for one in known.values() for case in one.cases if "::" in case)
    for (check, place), one in known.items():
        if check not in there:
            yield f"{check} is no check"
        if not one.cases:
            yield f"{check} {place} lists no case"
        for case in one.cases:
            if not (case in tests if "::" in case else _is_case(check, case)):
                yield f"{check} {place}: there is no {case}"


def listing(wanted: list[Bullet], known: Map) -> Iterator[str]:
    """Yield the lines of the list: each exception with its cases, and the ones that are open, in their own words."""
    for bullet in wanted:
        one = known.get((bullet.check, bullet.place))
        yield f"{bullet.check} {bullet.place}: {one.about if one else f'OPEN: {bullet.text}'}"
        yield from (f"    {case}" for case in (one.cases if one else ()))
    shown = [bullet for bullet in wanted if (bullet.check, bullet.place) in known]
    yield f"{len(shown)} exceptions have cases, {len(wanted) - len(shown)} are open"


def unfilled(wanted: Iterable[Bullet], known: Map) -> Iterator[str]:
    """Yield what is to be filled in, as lines of ``exceptions.toml``."""
    last = None
    for bullet in wanted:
        if (bullet.check, bullet.place) not in known:
            if bullet.check != last:
                yield f"\n[{bullet.check}]"
            last = bullet.check
            yield f"# {bullet.text}"
            yield f'{bullet.place} = {{ about = "", text = "{bullet.digest}", cases = [] }}'


def _conditions(lines: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    check = None
    for place, line in enumerate(lines):
        if heading := _CONDITION.match(line):
            check = heading[2] if int(heading[1]) <= CONDITIONS or _cases(heading[2]) else None
        elif line.startswith("## "):
            check = None
        elif check and _CORRECTION.match(line):
            yield check, "correction-", _corrected(lines[place:])
        elif check and line.startswith(_EXCEPTIONS):
            # An exception that is the only one stands in the same line.
            alone = line.removeprefix(_EXCEPTIONS).strip()
            yield check, "", [alone] * (alone != _NONE) if alone else _items(lines[place + 1 :])


def _corrected(lines: list[str]) -> list[str]:
    """Return what a correction says: its sentences, and the items of a listing with what is indented below them."""
    items: list[str] = []
    prose = [_CORRECTION.sub("", lines[0])]
    is_listing = False
    for line in takewhile(str.strip, lines[1:]):
        if line.startswith(_FENCE):
            is_listing = not is_listing
            items += _sentences(prose)
            prose = []
        elif not is_listing:
            prose.append(line)
        elif line.startswith(" "):
            items[-1] += f" {line.strip()}"
        else:
            items.append(line)
    return items + _sentences(prose)


def _sentences(lines: list[str]) -> list[str]:
    return [sentence for sentence in _NEXT.split(" ".join(lines).strip()) if sentence]


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line[2:])
        elif not line.strip() or line.startswith(("**", "#")):
            break
        else:
            items[-1] += f" {line.strip()}"
    return items


def _gates(lines: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    start = next(place for place, line in enumerate(lines) if line.startswith(_GATES))
    items: list[str] = []
    for line in takewhile(lambda line: not line.startswith("## "), lines[start + 1 :]):
        if _CORRECTION.match(line):
            yield GLOBAL, "correction-", _corrected([line])
        elif line.startswith("| ") and not line.startswith("| gate |"):
            items.append(line.strip("| "))
        elif line.startswith(_SUSPECTED):
            items += (item.strip() for item in line.partition(": ")[2].split(";"))
    yield GLOBAL, "", items


def _is_case(check: str, case: str) -> bool:
    of, _, name = case.rpartition("/")
    return name in _cases(of or check)


@cache
def _cases(check: str) -> frozenset[str]:
    path = CASES / f"{check}.toml"
    return frozenset(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else frozenset()


def _collected(tests: Iterable[str]) -> frozenset[str]:
    files = sorted({test.partition("::")[0] for test in tests})
    if not files:
        return frozenset()
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *files]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    whole = frozenset(line for line in said.splitlines() if "::" in line)
    return whole | {test.partition("[")[0] for test in whole}


def main(arguments: list[str]) -> int:
    """Write the list, or what is to be filled in, to standard output; return the exit code."""
    if not CATALOGUE.is_file():
        sys.stderr.write("PULLREADY_CORPUS names no folder with catalogue.md\n")
        return 1
    wanted, known = bullets(CATALOGUE.read_text(encoding="utf-8")), covered()
    lines = unfilled(wanted, known) if "--open" in arguments else listing(wanted, known)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
