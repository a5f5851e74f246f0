"""What is proven of the way from a node pool to a registry, beyond that no fault was found on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pullready.errors import FactUnavailable
from pullready.facts.base import Unread
from pullready.facts.path.hops import State, Step, hops
from pullready.facts.path.hosts import EndpointKind

if TYPE_CHECKING:
    from pullready.facts.path.way import Way
    from pullready.facts.pull_paths import PullPath

#: All that a connection meets but the addresses it leaves from, which count where the registry asks for them.
_STEPS: Final = tuple(step for step in Step if step is not Step.GATEWAY)


def is_private(path: PullPath) -> bool:
    """Say whether it is sure that the registry's name leads to a private endpoint."""
    try:
        return path.is_private
    except FactUnavailable:
        return False


def is_answered(path: PullPath) -> bool:
    """Say whether it is sure where the nodes' DNS leads for each endpoint of the registry, and that it leads there."""
    try:
        for way in path.ways:
            prove_answer(way)
    except FactUnavailable:
        return False
    return True


def is_open(path: PullPath) -> bool:
    """Say whether every hop to each endpoint of the registry, where the layers are among them, was seen to let pass.

    A registry whose last change failed, or that is being changed or deleted, may answer nobody at the end of the way.
    """
    try:
        return path.registry.is_settled and all(map(_passes, path.ways))
    except FactUnavailable:
        return False


def prove_answer(way: Way | Unread) -> None:
    """Raise :class:`FactUnavailable` where it is not sure that the nodes' DNS leads to the endpoint of *way*."""
    if isinstance(way, Unread):
        raise way.why
    resolution, host = way.path.resolution, way.endpoint.host
    if host is None:
        raise FactUnavailable("the hosts of the cloud's storage accounts are not known", "Name the storage suffix")
    if way.endpoint.kind is EndpointKind.STORAGE:
        resolution.prove_public(host)
    else:
        resolution.prove(host)


def _passes(way: Way | Unread) -> bool:
    if isinstance(way, Unread) or way.moot:
        return False
    return all(hop.state is State.PASSES for hop in hops(way, _STEPS))
