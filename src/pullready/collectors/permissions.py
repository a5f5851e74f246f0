"""Which permission each read needs: declared beside the collectors, and looked up when Azure refuses one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Final, TypeVar

import msgspec

from pullready.collectors.paths import type_of
from pullready.facts.scope import Need, Scope
from pullready.snapshot import Document

#: What a collector is: it yields the ids of the documents it wants next and is sent those documents, until it has all.
Reading = Generator[Sequence[str], Sequence[Document], None]
#: One that returns what it waits for: the documents, in lower case, of which one must be read before it wants more, and
#: none where any may matter.
Waiting = Generator[Sequence[str], Sequence[Document], frozenset[str] | None]
Collector = Callable[[Scope], Reading | Waiting]
C = TypeVar("C", bound=Collector)


class Permission(msgspec.Struct, frozen=True):
    """An action of Azure RBAC; ``scope`` says in words where it must be granted.

    ``opt_in`` names the setting without which it is not needed; ``is_data`` says whether it is a data action.
    """

    action: str
    scope: str
    opt_in: str | None = None
    is_data: bool = False


class GraphPermission(msgspec.Struct, frozen=True):
    """An application permission of Microsoft Graph; ``why`` says which clusters or registries need it."""

    name: str
    why: str


class KubernetesRule(msgspec.Struct, frozen=True):
    """A rule of a ClusterRole; ``opt_in`` names the setting without which it is not needed."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    opt_in: str | None = None


AnyPermission = Permission | GraphPermission | KubernetesRule


class Declared(msgspec.Struct, frozen=True):
    """A collector with the needs that it fills and what it must be allowed to do.

    It asks for nothing as long as what fills the needs *after* still wants something: of less it would ask for more.
    """

    needs: tuple[Need, ...]
    collect: Collector
    permissions: tuple[AnyPermission, ...]
    after: frozenset[Need] = frozenset()


#: The collectors. ``live`` says in which order they run.
COLLECTORS: Final[list[Declared]] = []


def collector(*needs: Need, permissions: tuple[AnyPermission, ...], after: tuple[Need, ...] = ()) -> Callable[[C], C]:
    """Register the decorated function as the one that fills *needs*, once those that it goes by *after* are filled."""

    def register(function: C) -> C:
        for declared in COLLECTORS:
            if set(needs) & set(declared.needs):
                msg = f"{declared.collect.__name__} and {function.__name__} fill the same need"
                raise TypeError(msg)
        COLLECTORS.append(Declared(needs, function, permissions, frozenset(after)))
        return function

    return register


def permissions() -> tuple[Declared, ...]:
    """Return every collector with the permissions that it declares, in the order in which they run."""
    from pullready.collectors.live import in_order

    return in_order()


def action_for(path: str) -> str:
    """Return the RBAC action that reading *path* needs, spelt as declared; what is asked by a POST may be no read."""
    actions = {f"{type_of(path)}/read", f"{type_of(path)}/action"}
    declared = (one for collector in COLLECTORS for one in collector.permissions if isinstance(one, Permission))
    return next((one.action for one in declared if one.action.casefold() in actions), f"{type_of(path)}/read")
