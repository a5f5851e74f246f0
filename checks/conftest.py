"""The facts as fixtures: a check names what it needs, and gets it for the target that it runs on."""

from __future__ import annotations

from typing import Any

import pytest

from pullready.facts import MAKERS, Facts


def _fixture(name: str) -> Any:
    def provide(pullready_facts: Facts) -> Any:
        return pullready_facts(name)

    provide.__doc__ = MAKERS[name].make.__doc__
    return pytest.fixture(name=name)(provide)


globals().update({f"_{name}": _fixture(name) for name in MAKERS})
