"""Collections of an Azure Firewall's rules, and what is the same for every rule in one.

Source: https://learn.microsoft.com/azure/firewall/policy-rule-sets
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode


class RuleKind(StrEnum):
    """The kinds of rules that let connections from nodes pass, in the order in which they are tried."""

    NETWORK = "network rule"
    APPLICATION = "application rule"


class _Action(Struct, frozen=True):
    type: str | UnsetType | None = UNSET


class Collection(Struct, frozen=True):
    """A collection of rules as Azure answers it: of a policy's group, or of a firewall's own."""

    name: str | UnsetType | None = UNSET
    priority: int | UnsetType | None = UNSET
    action: _Action | UnsetType | None = UNSET
    ruleCollectionType: str | UnsetType | None = UNSET
    rules: list[Any] | UnsetType | None = UNSET


class _Named(Struct, frozen=True):
    name: str | UnsetType | None = UNSET
    ruleType: str | UnsetType | None = UNSET
    terminateTLS: bool | UnsetType | None = UNSET


class Place(msgspec.Struct, frozen=True):
    """Where a collection stands: the level of its policy and the priority of its group, and the names of those.

    A firewall's own collections have no policy; they carry one ``kind`` of rules, and have their name elsewhere.
    """

    above: tuple[int, int]
    group: str = ""
    policy: str | None = None
    kind: RuleKind | None = None
    collection: str | None = None


class FirewallRule(Fact, frozen=True):
    """A network or application rule; ``base`` points at it.

    ``rank`` has the level of its policy (the topmost parent first), the priority of its group and of its collection:
    the lowest comes first within a kind. ``policy`` is the id of its policy, none for a firewall's own rules.
    ``inspects`` says that it ends TLS at the firewall, to look into it.
    """

    kind: RuleKind
    name: str
    collection: str
    group: str
    policy: str | None
    allows: bool
    rank: tuple[int, int, int]
    inspects: bool = False

    def __str__(self) -> str:
        place = f" of the policy {ids.name_of(self.policy)}" if self.policy else ""
        return f"the {self.kind} {self.name} in the collection {self.collection}{place}"

    @property
    def order(self) -> tuple[tuple[int, int, int], str, str]:
        """What rules of one kind are sorted by; names stand in where the order says nothing."""
        return self.rank, self.collection.casefold(), self.name.casefold()


def rules_in(own: Fact, collection: Collection, place: Place) -> Iterator[FirewallRule]:
    """Yield the rules of *collection*, at which *own* points; raise where what it does is not documented."""
    priority = own.require(collection.priority, "/priority")
    action = own.require(collection.action.type if collection.action else UNSET, "/action/type").lower()
    if action not in {"allow", "deny"}:
        raise FactUnavailable(
            f"the action {action} of a collection of rules is not documented",
            "Report it together with the api-version",
            document=own.document.id,
            pointer=f"{own.base}/action/type",
        )
    for number in range(len(collection.rules or ())):
        base = f"{own.base}/rules/{number}"
        rule = decode(own.document, _Named, base)
        yield FirewallRule(
            own.document,
            base,
            kind=place.kind or _kind(own, rule, base),
            name=str(rule.name or number),
            collection=place.collection or str(collection.name),
            group=place.group,
            policy=place.policy,
            allows=action == "allow",
            rank=(*place.above, priority),
            inspects=rule.terminateTLS is True,
        )


def _kind(own: Fact, rule: _Named, base: str) -> RuleKind:
    match own.require(rule.ruleType, f"{base.removeprefix(own.base)}/ruleType").lower():
        case "networkrule":
            return RuleKind.NETWORK
        case "applicationrule":
            return RuleKind.APPLICATION
        case other:
            raise FactUnavailable(
                f"the rule type {other} of a firewall policy is not documented",
                "Report it together with the api-version",
                document=own.document.id,
                pointer=f"{base}/ruleType",
            )
