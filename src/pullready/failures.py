"""Which images were seen failing, and what that may come from: the events of a live cluster, by image and pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pullready.facts.images import ImageUse
from pullready.facts.pull_failures import PullFailure
from pullready.facts.reference import ImageReference, parse
from pullready.outcome import SeenFailing
from pullready.symptoms import recognise

_MISSING: Final = "a pull secret was not there when kubelet looked for it"
_BEHIND_MISSING: Final = ("pull-secret-not-referenced-or-wrong-namespace",)


class Failures:
    """The *events* of one cluster; *pools* are those of its nodes by their names, as far as they were read."""

    def __init__(self, events: Iterable[PullFailure], pools: Mapping[str, str | None]) -> None:
        self._events = tuple(events)
        self._pools = pools

    def of(
        self, uses: Iterable[ImageUse], pool: str | None, named_by: Callable[[ImageUse], Iterable[str]]
    ) -> SeenFailing | None:
        """Return how the image of *uses* was seen failing on *pool*; none where it was not.

        *named_by* says which pull secrets a workload names. An event of a node that nothing tells the pool of is
        of every pool.
        """
        uses = tuple(uses)
        found = [
            event
            for event in self._events
            if self._pools.get(event.wire.node) in {None, pool} and any(_is_of(event, use, named_by) for use in uses)
        ]
        if not found:
            return None
        symptoms = [one.symptom for event in found for text in event.wire.symptoms for one in recognise(text)]
        says = [symptom.means for symptom in symptoms]
        conditions = [slug for symptom in symptoms for slug in symptom.candidates]
        if any(event.wire.secrets for event in found):
            says, conditions = [*says, _MISSING], [*conditions, *_BEHIND_MISSING]
        last = max(event.wire.at for event in found)
        return SeenFailing(last, tuple(dict.fromkeys(says)), tuple(dict.fromkeys(conditions)))


def _is_of(event: PullFailure, use: ImageUse, named_by: Callable[[ImageUse], Iterable[str]]) -> bool:
    if event.wire.namespace != use.workload.namespace:
        return False
    if event.wire.secrets:
        return not set(event.wire.secrets).isdisjoint(named_by(use))
    return _spelt(event.wire.image) == _spelt(use.image)


def _spelt(image: str) -> str:
    reference = parse(image)
    return str(reference) if isinstance(reference, ImageReference) else image
