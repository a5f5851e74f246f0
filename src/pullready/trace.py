"""``pullready path``: the way from each node pool of a cluster to each endpoint of a registry, hop by hop."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from pullready.config import Configuration, Options, Target, resolve
from pullready.errors import FactUnavailable, InputError, NothingToJudge
from pullready.exits import Exit
from pullready.facts import Facts, Unread, Way, ids
from pullready.facts.base import SEPARATOR
from pullready.facts.path.hops import Hop, State, Step, unseen, walk
from pullready.preflight import Preflight, Surroundings, now
from pullready.reports.wording import example_notice, legible, number, one_line

_WIDTH: Final = 14
_INDENT: Final = " " * 10
_ENDS: Final = {
    State.PASSES: "open",
    State.STOPS: "stopped",
    State.UNSEEN: "cannot be seen to its end",
}


class Wanted(msgspec.Struct, frozen=True):
    """A cluster and a registry as they were named, a pool where one alone is meant, and where to look for them."""

    cluster: str
    registry: str
    pool: str | None = None
    snapshot: str | None = None
    config: str | None = None
    evidence: bool = False


def trace(wanted: Wanted, say: Callable[[str], None]) -> tuple[str, Exit]:
    """Return the ways in words, and the exit code; *say* is told how far reading has come.

    Raise :class:`InputError` where what is wanted cannot be looked for.
    """
    preflight = Preflight(_configuration(wanted), Surroundings(now(), bytes, say))
    target = _target(preflight, wanted)
    preflight.read_for({target.name: ("ways",)})
    lines = [example_notice(preflight.example)] if preflight.example else []
    read = number(len(preflight.snapshot), "document")
    lines.append(f"As of {preflight.snapshot.captured_at:%Y-%m-%d %H:%M:%S UTC}: {read}")
    states: list[State] = []
    for way in _ways(preflight.facts(target.name), wanted):
        if isinstance(way, Way) and not way.path.may_have_nodes:
            lines += ["", f"{one_line(way.subject)}: the pool has no nodes"]
            continue
        hops = _hops(way)
        states.append(hops[-1].state)
        lines += ["", *_told(way, hops, evidence=wanted.evidence)]
    if not states:
        where = f"pool {wanted.pool} of {wanted.cluster}" if wanted.pool else wanted.cluster
        lines += ["", f"There is no way from {where} to {wanted.registry}"]
    return "\n".join(lines), _code(states)


def _configuration(wanted: Wanted) -> Configuration:
    """Return the configuration with the registry among those of every target, and no manifests to read."""
    cwd = Path.cwd()
    is_id = wanted.cluster.startswith("/")
    options = Options(
        config=wanted.config,
        snapshot=wanted.snapshot,
        clusters=(wanted.cluster,) if is_id else (),
        registries=(wanted.registry,) if is_id else (),
    )
    made = resolve(options, cwd=cwd, rootdir=cwd)
    return replace(made, targets=tuple(_with(target, wanted.registry) for target in made.targets))


def _with(target: Target, registry: str) -> Target:
    registries = target.registries if registry in target.registries else (*target.registries, registry)
    return replace(target, registries=registries, manifests=(), context=None)


def _target(preflight: Preflight, wanted: Wanted) -> Target:
    """Return the target of the cluster; the others are not read."""
    preflight.targets = tuple(_with(target, wanted.registry) for target in preflight.targets)
    for target in preflight.targets:
        named = {target.name.casefold(), (target.cluster or "").rstrip("/").casefold()}
        if target.cluster and wanted.cluster.rstrip("/").casefold() in {*named, ids.name_of(target.cluster).casefold()}:
            return target
    known = ", ".join(ids.name_of(target.cluster) for target in preflight.targets if target.cluster)
    raise InputError(
        f"there is no cluster {one_line(wanted.cluster)} among those that are named ({one_line(known) or 'none'})",
        "Name it by its resource id: az aks show --query id",
    )


def _ways(facts: Facts, wanted: Wanted) -> Iterator[Way | Unread]:
    """Yield the ways to the registry, and what stands in their place where they could not be read."""
    try:
        ways: Iterable[Way | Unread] = facts("ways")
    except (FactUnavailable, NothingToJudge) as why:
        reason = why if isinstance(why, FactUnavailable) else FactUnavailable(str(why), "Name a cluster")
        yield Unread(wanted.cluster, reason)
        return
    for way in ways:
        origin, _, registry = way.subject.rpartition(SEPARATOR)
        if _is(registry, way, wanted.registry) and wanted.pool in {None, origin}:
            yield way


def _is(subject: str, way: Way | Unread, wanted: str) -> bool:
    known = {subject.casefold(), subject.partition(".")[0].casefold()}
    if isinstance(way, Way):
        known.add(way.path.registry.id.casefold())
    return wanted.rstrip("/").casefold() in known or ids.name_of(wanted).casefold() in known


def _hops(way: Way | Unread) -> tuple[Hop, ...]:
    return (unseen(Step.ADDRESS, way.why),) if isinstance(way, Unread) else tuple(walk(way))


def _told(way: Way | Unread, hops: tuple[Hop, ...], *, evidence: bool) -> Iterator[str]:
    """Yield the lines of a way: where it ends, then hop by hop."""
    what = f"{way.subject}, {way.endpoint.kind} {way.endpoint}" if isinstance(way, Way) else way.subject
    yield f"{one_line(what)}: {_ENDS[hops[-1].state]}"
    for hop in hops:
        yield f"  {hop.state:<7} {hop.step:<{_WIDTH}} {one_line(hop.says)}"
        if hop.caution:
            yield f"{_INDENT}but: {one_line(hop.caution)}"
        if hop.remedy:
            yield textwrap.indent("remedy: " + legible(hop.remedy).strip(), _INDENT)
        for one in hop.evidence if evidence else ():
            yield f"{_INDENT}read: {one_line(f'{one.document}{one.pointer} {one.value}')}"


def _code(states: Iterable[State]) -> Exit:
    found = set(states)
    if State.STOPS in found:
        return Exit.NOT_READY
    if State.UNSEEN in found:
        return Exit.INCOMPLETE
    return Exit.READY if found else Exit.NOTHING_JUDGED
