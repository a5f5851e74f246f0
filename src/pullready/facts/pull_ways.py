"""The ways from each node pool to each endpoint of each registry, as the facts that checks judge."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts.base import Unread
from pullready.facts.firewalls import Firewall, onward_subnet
from pullready.facts.path.firewall_names import own_answer
from pullready.facts.path.flow import Flow, PrivateAddress
from pullready.facts.path.inspection import inspection_of
from pullready.facts.path.security import Security
from pullready.facts.path.way import Way
from pullready.facts.pull_paths import PullPath
from pullready.facts.scope import Facts, Need, Noting, Scope, fact


@fact(Need.ROUTES, Need.SECURITY_GROUPS, Need.FIREWALL_POLICIES)
def ways(scope: Scope, pull_paths: tuple[PullPath | Unread, ...]) -> tuple[Way | Unread, ...]:  # noqa: ARG001  (a maker)
    """Return the way from each pool to each endpoint of each registry; unread are registries and their endpoints."""
    found: list[Way | Unread] = []
    for path in pull_paths:
        if isinstance(path, Unread):
            found.append(path)
            continue
        try:
            found.extend(path.ways)
        except FactUnavailable as why:
            found.append(Unread(path.subject, why))
    return tuple(found)


def _ask_destinations(way: Way) -> None:
    _ = way.moot or way.destinations


def _ask_routes(way: Way) -> None:
    if way.moot:
        return
    for destination in way.destinations:
        with suppress(FactUnavailable):
            way.legs(destination)
        if isinstance(destination, PrivateAddress):
            with suppress(FactUnavailable):
                way.junction(destination)


def _ask_security_around(way: Way) -> None:
    with suppress(FactUnavailable):  # where the name leads is not known, and the rules may not care
        if way.moot:
            return
    Security(way).look_around()


def _ask_security(way: Way) -> None:
    with suppress(FactUnavailable):
        if way.moot:
            return
    Security(way).look()


def _ask_firewalls(way: Way) -> None:
    if way.moot:
        return
    for flow in way.flows:
        with suppress(FactUnavailable):
            for firewall in way.firewalls(flow.destination):
                _ask_firewall(way, firewall, flow)


def _ask_firewall(way: Way, firewall: Firewall, flow: Flow) -> None:
    inspection = inspection_of(way.path, firewall)
    with suppress(FactUnavailable):
        _ = inspection.passing(flow)
    with suppress(FactUnavailable):
        if isinstance(flow.destination, PrivateAddress):
            _ = own_answer(way.path, firewall, flow.destination, inspection.settings)
        else:
            _ = onward_subnet(way.path.scope, firewall)
    _ = inspection.rules.is_changing


#: What a way is asked for, in these orders: each builds on what the earlier ones of its line read.
_ASKED: Final[tuple[tuple[Callable[[Way], object], ...], ...]] = (
    (_ask_destinations, _ask_routes, _ask_firewalls),
    (_ask_security_around, _ask_destinations, _ask_security),
)


def next_way_documents(scope: Scope) -> tuple[str, ...]:
    """Return the ids of the documents that judging the ways asks for next and that were never asked for.

    As :func:`pullready.facts.pull_paths.next_documents`, whose documents come first.
    """
    asked = Noting(scope.snapshot)
    with suppress(FactUnavailable, NothingToJudge):
        made = Facts(replace(scope, snapshot=asked))("ways")
        for way in made:
            if isinstance(way, Way) and way.path.may_have_nodes:
                for line in _ASKED:
                    asked.until_missed(partial(ask, way) for ask in line)
    return asked.missed
