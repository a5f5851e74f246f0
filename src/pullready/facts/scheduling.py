"""Which nodes the scheduler lets a pod run on: labels, taints and what a pod asks of them, as Kubernetes documents it.

What cannot be told from a pool's definition is ``None``, neither yes nor no: anybody may put further labels on a node.

Sources: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from pullready.facts.pods import Requirement, Toleration

#: The values that a label may have on a node; ``None`` among them: the node may lack it.
Possible = frozenset[str | None]
Labels = Mapping[str, Possible]
#: Yes, no, or not decidable.
Truth = bool | None

NO_EXECUTE: Final = "NoExecute"
NO_SCHEDULE: Final = "NoSchedule"
#: The only field of a node that an affinity can name.
_NAME: Final = "metadata.name"
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


class Term(Protocol):
    """One of several sets of requirements, all of which a node must meet."""

    @property
    def expressions(self) -> tuple[Requirement, ...]:
        """What is required of labels."""

    @property
    def fields(self) -> tuple[Requirement, ...]:
        """What is required of the node's fields; only its name can be asked for."""


class Taint(msgspec.Struct, frozen=True):
    """What keeps pods off a node that do not tolerate it."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"

    @property
    def repels(self) -> bool:
        """Whether it keeps pods off altogether; ``PreferNoSchedule`` only makes the node the last choice."""
        return self.effect in {NO_SCHEDULE, NO_EXECUTE}


def taint(text: str) -> Taint:
    """Return the taint that is written ``key=value:Effect`` or ``key:Effect``."""
    rest, _, effect = text.rpartition(":")
    key, _, value = rest.partition("=")
    return Taint(key, value, effect)


def every(truths: Iterable[Truth]) -> Truth:
    """Say whether all of *truths* hold; one that does not settles it, whatever is not decidable."""
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def some(truths: Iterable[Truth]) -> Truth:
    """Say whether any of *truths* holds; one that does settles it."""
    seen = set(truths)
    return True if True in seen else None if None in seen else False


def holds(requirement: Requirement, labels: Labels) -> Truth:
    """Say whether a node with *labels* meets *requirement*; a label that is not among them may have any value."""
    possible = labels.get(requirement.key)
    if possible is None:
        return None
    outcomes = {_holds(requirement, value) for value in possible}
    return outcomes.pop() if len(outcomes) == 1 else None


def _holds(requirement: Requirement, value: str | None) -> Truth:
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
        case _:
            return None


def _compares(requirement: Requirement, value: str | None) -> bool:
    """Compare as integers; what is none does not match."""
    if value is None or len(requirement.values) != 1:
        return False
    if not all(_INTEGER.fullmatch(one) for one in (value, requirement.values[0])):
        return False
    limit = int(requirement.values[0])
    return int(value) > limit if requirement.operator == "Gt" else int(value) < limit


def selected(selector: Mapping[str, str], labels: Labels) -> Truth:
    """Say whether a node with *labels* has every label of the ``nodeSelector``."""
    return every(
        None if (possible := labels.get(key)) is None else value in possible and (len(possible) == 1 or None)
        for key, value in selector.items()
    )


def attracted(terms: Iterable[Term] | None, labels: Labels, name: str | None = None) -> Truth:
    """Say whether a node with *labels* meets any of the *terms* of the required node affinity; no affinity: yes.

    A term that requires nothing matches no node. Without the node's *name*, what is asked of it is not decidable.
    """
    if terms is None:
        return True
    fields: Labels = {} if name is None else {_NAME: frozenset({name})}
    return some(
        every([*(holds(one, labels) for one in term.expressions), *(holds(one, fields) for one in term.fields)])
        if term.expressions or term.fields
        else False
        for term in terms
    )


def tolerates(toleration: Toleration, against: Taint) -> Truth:
    """Say whether *toleration* matches the taint *against*.

    ``Lt`` and ``Gt`` are behind a feature gate, so what they do is not decidable.
    """
    if toleration.effect and toleration.effect != against.effect:
        return False
    if toleration.key and toleration.key != against.key:
        return False
    match toleration.operator or "Equal":
        case "Exists":
            return True
        case "Equal":
            return toleration.value == against.value
        case _:
            return None


def tolerated(against: Taint, tolerations: Iterable[Toleration]) -> Truth:
    """Say whether a pod with *tolerations* may run in spite of the taint *against*."""
    return True if not against.repels else some(tolerates(one, against) for one in tolerations)
