"""Hold answers to the models that Azure's SDK for Python reads them with: the second best after a specification.

    python -m tests.conformance.models answers.jsonl

The models keep what they do not know and take any type, so it is what they declare that counts: every property of an
answer is one of the model's, its value is of the type that the model says, and none that the model requires is absent.
A value that an enumeration does not have fails; one in another letter case is a warning, and so is a property that
no model has and a recording of Azure does. Answers that no model is for are listed.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pullready.collectors import paths
from pullready.collectors.answers import Unreadable
from tests.conformance.declared import Difference, of_model, of_properties
from tests.conformance.exchanges import Exchange, load
from tests.conformance.operations import Operation, operation
from tests.conformance.recordings import recorded

#: By whether it warns, by type, and what it is: where.
Told = Mapping[tuple[bool, str, str], list[str]]


def differences(one: Exchange, asked: Operation) -> Iterator[Difference]:
    """Yield where the body of *one*, the answer to *asked*, is not what the operation's model says."""
    page: dict[str, Any] = {"value": list[asked.model], "nextLink": str | None}  # type: ignore[name-defined]
    if asked.is_list:
        found = of_properties(one["body"], page, f"a page of {asked.model.__name__}", "")
    else:
        found = of_model(one["body"], asked.model, "")
    for difference in found:
        is_real = difference.is_unknown and _general(difference.pointer) in recorded(one["type"])
        yield replace(difference, warns=True) if is_real else difference


def of_error(body: Any) -> Iterator[Difference]:
    """Yield where *body* is not an error of Azure Resource Manager, in either of the shapes that it has."""
    error = body.get("error", body) if isinstance(body, dict) else {}
    for name in ("code", "message"):
        if not isinstance(error.get(name), str) or not error[name]:
            yield Difference(f"/error/{name}", "an error", f"{json.dumps(error.get(name))} is no text")


def operation_of(one: Exchange) -> Operation | None:
    """Return the operation of the client in use that makes the request of *one*, in the same version."""
    path = one["url"].partition("?")[0]
    try:
        client = paths.question(path).client
    except Unreadable:  # no document is asked for on this path
        return None
    found = operation(client.module, one["method"], path)
    return found if found is not None and found.version == one["version"] else None


def checked(one: Exchange) -> tuple[str | None, list[Difference]]:
    """Return the name of the model that *one* is held to, if there is one, and what differs."""
    if one["status"] >= 400:
        return "an error", list(of_error(one["body"]))
    asked = operation_of(one)
    return (asked.model.__name__, list(differences(one, asked))) if asked else (None, [])


def _general(pointer: str) -> str:
    """Return *pointer* without the numbers of places in lists."""
    return re.sub(r"/\d+(?=/|$)", "/*", pointer)


def main(path: Path) -> int:
    """Check the answers in *path*, and say what differs; return the exit code."""
    held: Counter[str] = Counter()
    unheld: Counter[str] = Counter()
    told: defaultdict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for one in load(path):
        kind = f"{one['type']} {one['version']}"
        model, found = checked(one)
        if model is None:
            unheld[kind] += 1
        else:
            held[f"{kind}: {model}" if one["status"] < 400 else "errors"] += 1
        for difference in found:
            what = f"{_general(difference.pointer) or '/'} of {difference.model}: {difference.says}"
            where = f"{difference.pointer} of {one['url'].partition('?')[0]} in {one['environment']}"
            told[difference.warns, kind, what].append(where)
    sys.stdout.writelines(f"{line}\n" for line in report(held, unheld, told))
    return 1 if any(not warns for warns, _, _ in told) or not held else 0


def report(held: Counter[str], unheld: Counter[str], told: Told) -> Iterator[str]:
    """Yield the lines that say what was held to a model, what was not, and what differs."""
    yield f"{held.total()} answers were held to the models of the SDK in use:"
    yield from (f"  {kind}: {count}" for kind, count in sorted(held.items()))
    for (warns, kind, what), where in sorted(told.items()):
        yield f"{'warning' if warns else 'FAILED'}: {kind}: {what} ({len(where)} times, first {where[0]})"
    for kind, count in sorted(unheld.items()):
        yield f"CHECKED AGAINST NOTHING, neither a specification nor a model: {kind}: {count} answers"
    failed = sum(not warns for warns, _, _ in told)
    counted = f"{held.total()} answers held to {len(held)} models, {unheld.total()} of {len(unheld)} types to NOTHING"
    yield f"models: {counted}, {len(told) - failed} kinds of warning, {failed} kinds of failure"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
