"""Reading what facts look for: they run over the snapshot so far, and what they miss there is read next.

So the rules that decide what matters stand in the facts alone, and nothing is read that no fact looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from pullready.collectors.permissions import Waiting
from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts.scope import AZURE, Noting, Scope
from pullready.snapshot import Provider

#: What is looked at in a scope, thing by thing: each is called only to see which documents it looks for.
Looks = Callable[[Scope], Iterable[Callable[[], object]]]


def read_wishes(scope: Scope, looks: Looks, providers: frozenset[Provider] = AZURE) -> Waiting:
    """Read what is looked for of *providers*, again and again, until all that can be had is there."""
    while (looked := _looked(scope, looks, providers)).missed:
        scope = scope.with_documents((yield looked.missed))
    return looked.absent


def _looked(scope: Scope, looks: Looks, providers: frozenset[Provider]) -> Noting:
    snapshot = Noting(scope.snapshot, providers)
    with suppress(FactUnavailable, NothingToJudge):
        for look in looks(replace(scope, snapshot=snapshot)):
            with suppress(FactUnavailable, NothingToJudge):
                look()
    return snapshot
