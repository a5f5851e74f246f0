"""All the checks there are: found in the checks' folder, each declared once."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from pullready.errors import InputError
from pullready.facts import MAKERS
from pullready.spec import Check, declared

PACKAGE = Path(__file__).parent


def checks_folder() -> Path:
    """Return the folder of the checks: beside this package in an installation, else in the clone that it belongs to."""
    for folder in (PACKAGE / "checks", PACKAGE.parent.parent / "checks"):
        if (folder / "conftest.py").is_file():
            return folder
    raise InputError("the checks are missing from this installation", "Install pullready again", file=str(PACKAGE))


def load(folder: Path | None = None) -> dict[str, Check]:
    """Import every check module under *folder* and return its checks by id, in the order of a pull's way."""
    folder = folder or checks_folder()
    found = (check for path in sorted(folder.rglob("test_*.py")) for check in _checks_of(_module(path, folder)))
    return by_id(found)


def by_id(checks: Iterable[Check]) -> dict[str, Check]:
    """Return *checks* by their ids; raise ``TypeError`` where two share one, or a fact or a root does not exist."""
    found: dict[str, Check] = {}
    for check in checks:
        if check.id in found:
            msg = f"two checks are called {check.id}"
            raise TypeError(msg)
        strange = [name for name in check.facts if name not in MAKERS]
        if strange:
            msg = f"check {check.id} asks for {', '.join(strange)}, which no maker makes"
            raise TypeError(msg)
        found[check.id] = check
    for check in found.values():
        missing = [root for root in check.follows_from if root not in found]
        if missing:
            msg = f"check {check.id} follows from {', '.join(missing)}, which does not exist"
            raise TypeError(msg)
    return dict(sorted(found.items()))


def roots_first(checks: Iterable[Check]) -> list[Check]:
    """Return *checks* so that each stands behind those that it follows from; raise ``TypeError`` on a circle."""
    waiting = {check.id: check for check in checks}
    ordered: list[Check] = []
    while waiting:
        free = [check for check in waiting.values() if not any(root in waiting for root in check.follows_from)]
        if not free:
            msg = f"these checks follow from each other in a circle: {', '.join(waiting)}"
            raise TypeError(msg)
        ordered += [waiting.pop(check.id) for check in free]
    return ordered


def _module(path: Path, folder: Path) -> ModuleType:
    name = ".".join(("checks", *path.relative_to(folder).with_suffix("").parts))
    for known in (name, f"pullready.{name}"):
        module = sys.modules.get(known)
        if module is not None and getattr(module, "__file__", None) == str(path):
            return module
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError("this check cannot be imported", "Install pullready again", file=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    spec.loader.exec_module(module)
    return module


def _checks_of(module: ModuleType) -> Iterator[Check]:
    for value in vars(module).values():
        check = declared(value)
        if check is not None and check.function.__module__ == module.__name__:
            yield check
