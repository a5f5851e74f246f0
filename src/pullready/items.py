"""The checks among pytest's items: which they are, in which order they are called, and what their reports say."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from pullready import catalogue
from pullready.errors import InputError
from pullready.outcome import Result
from pullready.reports import junit
from pullready.reports.junit import Element
from pullready.spec import Check, declared

#: The parameter of each check that names its target.
TARGET: Final = "pullready_target"


def declared_as(item: pytest.Item) -> Check | None:
    """Return the check that *item* calls, where it calls one."""
    return declared(getattr(item, "function", None))


def check_of(item: pytest.Item) -> Check:
    """Return the check that *item* calls; any other item is a bug."""
    check = declared_as(item)
    if check is None:
        msg = f"{item.nodeid} is no check"
        raise TypeError(msg)
    return check


def target_of(item: pytest.Item) -> str:
    """Return the name of the target that *item* judges."""
    return str(item.callspec.params[TARGET])  # type: ignore[attr-defined]  # every check is parametrised


def arrange(items: list[pytest.Item]) -> None:
    """Order the checks among *items* so that roots come first, in the places that checks have.

    Raise :class:`InputError` where a check is there in two copies.
    """
    places = [place for place, item in enumerate(items) if declared_as(item)]
    found = [items[place] for place in places]
    checks = list({check_of(item): None for item in found})
    twice = [id_ for id_, copies in Counter(check.id for check in checks).items() if copies > 1]
    if twice:
        raise InputError(
            f"two copies of the check {twice[0]} are in this run",
            "Name the folder checks/ or the package pullready.checks, not both",
        )
    order = {check.id: place for place, check in enumerate(catalogue.roots_first(checks))}
    ordered = sorted(found, key=lambda item: order[check_of(item).id])
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


def shape(report: pytest.TestReport, item: pytest.Item, result: Result) -> None:
    """Let *report* say what *result*, that of *item*, is; an unknown becomes an error, as one of the set-up is."""
    report.user_properties = list(item.user_properties)
    vars(report).pop("wasxfail", None)  # what was expected is for a waiver to say
    match junit.element(result):
        case Element.FAILURE:
            report.outcome, report.longrepr, report.when = "failed", junit.message(result), "call"
        case Element.ERROR:
            report.outcome, report.longrepr, report.when = "failed", junit.message(result), "setup"
        case Element.SKIPPED:
            path, line, _ = item.location
            report.outcome, report.longrepr = "skipped", (path, (line or 0) + 1, junit.message(result))
        case Element.PASSED:
            report.outcome, report.longrepr = "passed", None
