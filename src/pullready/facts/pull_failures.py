"""Pulls that were seen to fail: what events of the live cluster tell. They are of the past, and prove nothing.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.scope import Need, Scope, fact
from pullready.snapshot import Provider, Status

#: The reason of the event that pull secrets were not there when kubelet looked for them.
UNRETRIEVED: Final = "FailedToRetrieveImagePullSecret"


class _Event(Struct, frozen=True):
    namespace: str
    node: str = ""
    at: str = ""
    image: str = ""
    symptoms: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class _Events(Struct, frozen=True):
    items: tuple[_Event, ...]


class PullFailure(Fact, frozen=True):
    """An event: in ``wire.namespace`` an image could not be pulled, or pull secrets were not there."""

    wire: _Event


@fact(Need.WORKLOADS)
def pull_failures(scope: Scope) -> tuple[PullFailure, ...]:
    """Return the events of failed pulls; none where no live cluster is read, or its events could not be."""
    if scope.target.context is None:
        return ()
    document = scope.document(ids.live_events(scope.target.context), Provider.KUBERNETES)
    if document.status is not Status.READ:
        return ()
    items = decode(document, _Events).items
    return tuple(PullFailure(document, f"/items/{index}", one) for index, one in enumerate(items))
