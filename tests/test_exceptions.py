"""Every documented exception has a named case: the catalogue against exceptions.toml, and that against the cases."""

from __future__ import annotations

import sys

import pytest

from pullready import catalogue
from tests.exceptions import (
    CATALOGUE,
    CONDITIONS,
    COVERED,
    GLOBAL,
    Bullet,
    Covered,
    bullets,
    covered,
    gaps,
    listing,
    strange,
)

CHECKS = catalogue.load()
KNOWN = covered()
needs_catalogue = pytest.mark.skipif(
    not CATALOGUE.is_file(), reason="PULLREADY_CORPUS names no folder with catalogue.md"
)
PAGE = """\
### 1. `shop-closed`
**Correction (later).**
Open in May. `door` is open. Hours,
the first that fits:
```text
1 Mondays
  and Tuesdays
2 other days
```
No more.

**Legitimate exceptions / false-positive traps.**
- Open on
  Sundays.
- **Never** in May.

**Remedy.** - None.
### 2. `shop-dark`
**Legitimate exceptions / false-positive traps.** At night.
### 23. `shop-far`
**Legitimate exceptions / false-positive traps.**
- Near.
## 11. Gates

> **Correction (later).** Holidays are short. They move.

| gate | effect |
|---|---|
| holiday | closed |

Things that are often suspected but harmless: rain; snow (a little).
## 12. More
| not | this |
"""


@needs_catalogue
def test_every_exception_has_a_case() -> None:
    wanted = bullets(CATALOGUE.read_text(encoding="utf-8"))
    assert len({bullet.check for bullet in wanted} - {GLOBAL}) >= CONDITIONS
    sys.stdout.writelines(f"{line}\n" for line in listing(wanted, KNOWN))
    assert list(gaps(wanted, KNOWN, CHECKS)) == []


@needs_catalogue
def test_no_text_of_the_catalogue_is_repeated() -> None:
    kept = " ".join(COVERED.read_text(encoding="utf-8").split())
    wanted = bullets(CATALOGUE.read_text(encoding="utf-8"))
    assert [bullet for bullet in wanted if len(bullet.text) > 40 and bullet.text in kept] == []


def test_every_case_that_is_named_exists() -> None:
    assert list(strange(KNOWN, CHECKS)) == []


SHOP = [
    Bullet("shop-closed", "correction-1", "Open in May."),
    Bullet("shop-closed", "correction-2", "`door` is open."),
    Bullet("shop-closed", "correction-3", "Hours, the first that fits:"),
    Bullet("shop-closed", "correction-4", "1 Mondays and Tuesdays"),
    Bullet("shop-closed", "correction-5", "2 other days"),
    Bullet("shop-closed", "correction-6", "No more."),
    Bullet("shop-closed", "1", "Open on Sundays."),
    Bullet("shop-closed", "2", "**Never** in May."),
    Bullet("shop-dark", "1", "At night."),
    Bullet(GLOBAL, "correction-1", "Holidays are short."),
    Bullet(GLOBAL, "correction-2", "They move."),
    Bullet(GLOBAL, "1", "holiday | closed"),
    Bullet(GLOBAL, "2", "rain"),
    Bullet(GLOBAL, "3", "snow (a little)."),
]


def test_bullets_of_a_page() -> None:
    assert bullets(PAGE) == SHOP


ALL = {(one.check, one.place): Covered("about", one.digest, ("clear-a",)) for one in SHOP}


@pytest.mark.parametrize(
    ("known", "checks", "said"),
    [
        (ALL, {"shop-closed", "shop-dark"}, []),
        ({}, {"shop-dark"}, ["shop-dark 1 has no entry", *(f"global {one.place}" for one in SHOP[-5:])]),
        (ALL | {("shop-dark", "1"): Covered("about", "0", ("clear-a",))}, {"shop-dark"}, ["shop-dark 1 has changed"]),
        (ALL | {("shop-dark", "2"): ALL["shop-dark", "1"]}, {"shop-dark"}, ["shop-dark 2 is not in the catalogue"]),
    ],
)
def test_gaps(known: dict[tuple[str, str], Covered], checks: set[str], said: list[str]) -> None:
    found = list(gaps(SHOP, known, checks))
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))


@pytest.mark.parametrize(
    ("check", "cases", "said"),
    [
        ("kubelet-pull-role-missing", ("clear-assigned-at-the-registry",), []),
        (GLOBAL, ("kubelet-pull-role-missing/clear-assigned-at-the-registry",), []),
        (GLOBAL, ("clear-assigned-at-the-registry",), ["there is no clear-assigned"]),
        (GLOBAL, ("tests/test_exceptions.py::test_bullets_of_a_page",), []),
        (GLOBAL, ("tests/test_exceptions.py::test_bullets",), ["there is no tests/"]),
        ("kubelet-pull-role-missing", ("clear-nothing",), ["there is no clear-nothing"]),
        ("kubelet-pull-role-missing", (), ["lists no case"]),
        ("shop-closed", ("kubelet-pull-role-missing/clear-assigned-at-the-registry",), ["shop-closed is no check"]),
    ],
)
def test_strange(check: str, cases: tuple[str, ...], said: list[str]) -> None:
    found = list(strange({(check, "1"): Covered("about", "", cases)}, CHECKS))
    assert len(found) == len(said)
    assert all(part in line for line, part in zip(found, said, strict=True))
