"""One fault, one finder: the table of docs/faults.md has no stray mark."""

from __future__ import annotations

import pytest

from pullready import catalogue
from tools.faults import PAGE, Mark, Marks, marks, page, strays

CHECKS = catalogue.load()
ROOT, FOLLOWER, OTHER = "pull-role-on-stale-principal", "kubelet-pull-role-missing", "node-resource-group-unlocked"


@pytest.fixture(scope="module")
def made() -> Marks:
    return marks(CHECKS)


def test_the_table_has_no_stray_mark(made: Marks) -> None:
    assert list(strays(made, CHECKS)) == []


def test_the_page_shows_the_table(made: Marks) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CHECKS, made), "run make docs"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({(ROOT, FOLLOWER): Mark.STOPS}, [f"{FOLLOWER} says ● of {ROOT}"]),
        ({(ROOT, OTHER): Mark.PASSES}, [f"{OTHER} says ◐ of {ROOT}"]),
        ({(ROOT, OTHER): Mark.FOLLOWS}, [f"{OTHER} says ○ of {ROOT}"]),
        ({(FOLLOWER, ROOT): Mark.FOLLOWS}, [f"{ROOT} says ○ of {FOLLOWER}"]),
        ({(ROOT, ROOT): Mark.FOLLOWS}, [f"{ROOT} is not found by its own check"]),
    ],
)
def test_strays(change: Marks, said: list[str], made: Marks) -> None:
    assert list(strays({**made, **change}, CHECKS)) == said


def test_a_fault_that_nobody_finds_is_told() -> None:
    assert list(strays({}, CHECKS)) == [f"{fault} is not found by its own check" for fault in CHECKS]
