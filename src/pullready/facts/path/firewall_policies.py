"""The rules of an Azure Firewall, of its policy and that policy's parents, in the order in which they are tried.

Sources: https://learn.microsoft.com/azure/firewall/rule-processing,
https://learn.microsoft.com/rest/api/virtualnetwork/firewall-policy-rule-collection-groups/list,
https://learn.microsoft.com/rest/api/firewall/azure-firewalls/get
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.firewalls import Firewall
from pullready.facts.path.firewall_collections import Collection, FirewallRule, Place, RuleKind, rules_in
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _GroupProperties(Struct, frozen=True):
    priority: int | UnsetType | None = UNSET
    ruleCollections: list[Collection] | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _Group(Struct, frozen=True):
    properties: _GroupProperties
    name: str | UnsetType | None = UNSET


class _Groups(Struct, frozen=True):
    value: list[_Group]


class _PolicyProperties(Struct, frozen=True):
    basePolicy: _Reference | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _Policy(Struct, frozen=True):
    properties: _PolicyProperties


class _ClassicCollection(Struct, frozen=True):
    properties: Collection
    name: str | UnsetType | None = UNSET


class _FirewallProperties(Struct, frozen=True):
    firewallPolicy: _Reference | UnsetType | None = UNSET
    networkRuleCollections: list[_ClassicCollection] | UnsetType | None = UNSET
    applicationRuleCollections: list[_ClassicCollection] | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class FirewallPolicy(Fact, frozen=True, dict=True):
    """A firewall policy, and the list of its rule collection groups."""

    scope: Scope

    @property
    def id(self) -> str:
        """The resource id."""
        return self.document.id

    @cached_property
    def _wire(self) -> _PolicyProperties:
        return decode(self.document, _Policy).properties

    @property
    def parent(self) -> str | None:
        """The id of the policy that it inherits from."""
        return (self._wire.basePolicy.id or None) if self._wire.basePolicy else None

    @cached_property
    def groups(self) -> Fact:
        """The list of its rule collection groups."""
        return Fact(self.scope.document(ids.rule_collection_groups_of(self.id)), "")

    @property
    def is_changing(self) -> bool:
        """Whether Azure is changing it, or a group of its rules, right now."""
        groups = decode(self.groups.document, _Groups).value
        states = (self._wire.provisioningState, *(group.properties.provisioningState for group in groups))
        return any(_is_changing(state) for state in states)

    @property
    def shown(self) -> Evidence:
        """Its rule collection groups as evidence."""
        names = ", ".join(group.name for group in decode(self.groups.document, _Groups).value if group.name)
        return Evidence(self.groups.document.id, "/value", names, "the groups of rules of the firewall's policy")

    def rules(self, level: int) -> Iterator[FirewallRule]:
        """Yield its network and application rules; rules that translate inbound connections are left out."""
        for number, group in enumerate(decode(self.groups.document, _Groups).value):
            pointer = f"/value/{number}/properties"
            priority = self.groups.require(group.properties.priority, f"{pointer}/priority")
            for place, collection in enumerate(group.properties.ruleCollections or ()):
                base = f"{pointer}/ruleCollections/{place}"
                kind = self.groups.require(collection.ruleCollectionType, f"{base}/ruleCollectionType").lower()
                if kind == "firewallpolicynatrulecollection":
                    continue
                own = Fact(self.groups.document, base)
                yield from rules_in(own, collection, Place((level, priority), str(group.name), self.id))


class FirewallRules(msgspec.Struct, frozen=True, dict=True):
    """All that decides what *firewall* lets pass; ``policies`` has the topmost parent first, none for own rules."""

    scope: Scope
    firewall: Firewall
    policies: tuple[FirewallPolicy, ...]

    @cached_property
    def own(self) -> _FirewallProperties:
        """The firewall's own properties, as far as they are about rules."""
        return decode(self.firewall.document, _FirewallProperties, f"{self.firewall.base}/properties")

    @property
    def name(self) -> str:
        """The firewall's name."""
        return ids.name_of(self.firewall.wire.id)

    @property
    def is_changing(self) -> bool:
        """Whether Azure is changing the firewall, a policy of it, or their rules right now."""
        return _is_changing(self.own.provisioningState) or any(policy.is_changing for policy in self.policies)

    @property
    def shown(self) -> tuple[Evidence, ...]:
        """Where all its rules are."""
        if self.policies:
            return tuple(policy.shown for policy in self.policies)
        return (self.firewall.evidence("/properties/networkRuleCollections", "the firewall's own network rules"),)

    @cached_property
    def rules(self) -> tuple[FirewallRule, ...]:
        """Every network and application rule, sorted within its kind."""
        return tuple(sorted(self._rules(), key=lambda rule: rule.order))

    def _rules(self) -> Iterator[FirewallRule]:
        for level, policy in enumerate(self.policies):
            yield from policy.rules(level)
        if self.policies:
            return
        for kind, listed, name in (
            (RuleKind.NETWORK, self.own.networkRuleCollections, "networkRuleCollections"),
            (RuleKind.APPLICATION, self.own.applicationRuleCollections, "applicationRuleCollections"),
        ):
            collections = self.firewall.require(listed, f"/properties/{name}")
            for number, collection in enumerate(collections):
                own = Fact(self.firewall.document, f"{self.firewall.base}/properties/{name}/{number}/properties")
                place = Place((0, 0), kind=kind, collection=str(collection.name))
                yield from rules_in(own, collection.properties, place)


def firewall_rules(scope: Scope, firewall: Firewall) -> FirewallRules:
    """Return the rules of *firewall*: those of its policy and all parents of that, or its own."""
    rules = FirewallRules(scope, firewall, ())
    policies: list[FirewallPolicy] = []
    named = rules.own.firewallPolicy
    wanted = (named.id or None) if named else None
    while wanted:
        if any(ids.same(wanted, policy.id) for policy in policies):
            raise FactUnavailable(
                f"the parent policies of {rules.name} lead back to {ids.name_of(wanted)}",
                "Run again; if it stays, look at basePolicy of these policies",
                document=wanted,
                pointer="/properties/basePolicy",
            )
        policy = FirewallPolicy(scope.document(wanted), "", scope)
        policies.append(policy)
        wanted = policy.parent
    return FirewallRules(scope, firewall, tuple(reversed(policies)))


def _is_changing(state: str | UnsetType | None) -> bool:
    return bool(state) and str(state).lower() in {"updating", "creating", "deleting"}
