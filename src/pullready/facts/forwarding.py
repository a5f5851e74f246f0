"""DNS forwarding rulesets: whether one takes a name away from the zones that are linked to a network.

Source: https://learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.scope import Scope


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _Ruleset(Struct, frozen=True):
    id: str


class _Rulesets(Struct, frozen=True):
    value: list[_Ruleset]


class _LinkProperties(Struct, frozen=True):
    virtualNetwork: _Reference | UnsetType | None = UNSET


class _Link(Struct, frozen=True):
    properties: _LinkProperties


class _Links(Struct, frozen=True):
    value: list[_Link]


class _RuleProperties(Struct, frozen=True):
    domainName: str | UnsetType | None = UNSET
    forwardingRuleState: str | UnsetType | None = UNSET


class _Rule(Struct, frozen=True):
    properties: _RuleProperties


class _Rules(Struct, frozen=True):
    value: list[_Rule]


def refuse_forwarding(scope: Scope, network: str, names: tuple[str, ...], subscriptions: Iterable[str]) -> None:
    """Raise :class:`FactUnavailable` where a rule may send a question for one of *names* from *network* elsewhere.

    Rulesets are looked for in *subscriptions* (GUIDs). Which counts, a rule or a linked zone, is not documented.
    """
    for subscription in subscriptions:
        for ruleset in decode(scope.document(ids.forwarding_rulesets_in(subscription)), _Rulesets).value:
            if _is_linked(scope, ruleset.id, network):
                for rule, domain in _rules(scope, ruleset.id):
                    if any(_covers(domain, name) for name in names):
                        raise _undecided(rule, domain, f"{ids.name_of(ruleset.id)}, linked to {ids.name_of(network)},")


def _undecided(rule: Fact, domain: str, ruleset: str) -> FactUnavailable:
    return FactUnavailable(
        f"the DNS forwarding ruleset {ruleset} has a rule for {domain}; whether that or a private zone answers is not "
        "documented",
        "Ask from a node for the registry's name; narrow the rule, or accept it with a waiver once the answer is the "
        "private address",
        document=rule.document.id,
        pointer=f"{rule.base}/properties/domainName",
    )


def _is_linked(scope: Scope, ruleset: str, network: str) -> bool:
    document = scope.document(ids.links_of(ruleset))
    for index, link in enumerate(decode(document, _Links).value):
        reference = link.properties.virtualNetwork
        pointer = f"/value/{index}/properties/virtualNetwork/id"
        if ids.same(Fact(document, "").require(reference.id if reference else UNSET, pointer), network):
            return True
    return False


def _rules(scope: Scope, ruleset: str) -> Iterator[tuple[Fact, str]]:
    """Yield the rules that are not switched off, each with its domain."""
    document = scope.document(ids.forwarding_rules_of(ruleset))
    for index, rule in enumerate(decode(document, _Rules).value):
        state = rule.properties.forwardingRuleState
        if not state or state.lower() != "disabled":
            fact = Fact(document, f"/value/{index}")
            yield fact, fact.require(rule.properties.domainName, "/properties/domainName")


def _covers(domain: str, name: str) -> bool:
    suffix = domain.strip(".").lower()
    return not suffix or f".{name.lower()}".endswith(f".{suffix}")
