"""The security admin rules that Azure Virtual Network Manager puts before the network security groups of a network.

Sources: https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins,
https://learn.microsoft.com/rest/api/networkmanager/list-network-manager-effective-security-admin-rules
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.path.prefixes import Doubt
from pullready.facts.path.security_rules import Direction, Rule
from pullready.facts.scope import Scope
from pullready.verdict import Evidence

_MEMBERS = "which addresses its network groups have is not in the rule"


class _Prefix(Struct, frozen=True):
    addressPrefix: str | UnsetType | None = UNSET
    addressPrefixType: str | UnsetType | None = UNSET


class _RuleProperties(Struct, frozen=True):
    access: str | UnsetType | None = UNSET
    direction: str | UnsetType | None = UNSET
    priority: int | UnsetType | None = UNSET
    protocol: str | UnsetType | None = UNSET
    sources: list[_Prefix] | UnsetType | None = UNSET
    destinations: list[_Prefix] | UnsetType | None = UNSET
    sourcePortRanges: list[str] | UnsetType | None = UNSET
    destinationPortRanges: list[str] | UnsetType | None = UNSET


class _Rule(Struct, frozen=True):
    properties: _RuleProperties
    id: str | UnsetType | None = UNSET


class _Rules(Struct, frozen=True):
    value: list[_Rule]


class AdminRules(Fact, frozen=True):
    """The rules of all network managers for a virtual network, as its list says."""

    wire: _Rules

    @property
    def shown(self) -> Evidence:
        """The list as evidence."""
        return self.evidence("/value", f"security admin rules: {len(self.wire.value)}")

    def managers(self, direction: Direction) -> tuple[tuple[Rule, ...], ...]:
        """Return the rules for *direction*, those of each network manager together.

        Which manager's come first depends on their scopes, which the list does not tell; at least one tuple.
        """
        found: dict[str, list[Rule]] = {}
        for index, rule in enumerate(self.wire.value):
            at = f"/value/{index}/properties"
            if self.require(rule.properties.direction, f"{at}/direction").lower() == direction:
                id_ = self.require(rule.id, f"/value/{index}/id")
                manager = id_.lower().partition("/securityadminconfigurations/")[0]
                found.setdefault(manager, []).append(self._rule(rule, id_, at))
        return tuple(map(tuple, found.values())) or ((),)

    def _rule(self, rule: _Rule, id_: str, at: str) -> Rule:
        wire = rule.properties
        name = ids.name_of(id_)
        of = f"the network manager {_manager(id_)}"
        protocol = self.require(wire.protocol, f"{at}/protocol").lower()
        return Rule(
            name=name,
            of=of,
            access=self.require(wire.access, f"{at}/access").lower(),
            priority=self.require(wire.priority, f"{at}/priority"),
            protocol=protocol,
            sources=_prefixes(wire.sources or ()),
            source_groups=_doubt(wire.sources or ()),
            destinations=_prefixes(wire.destinations or ()),
            destination_groups=_doubt(wire.destinations or ()),
            source_ports=_ports(wire.sourcePortRanges or (), protocol),
            destination_ports=_ports(wire.destinationPortRanges or (), protocol),
            evidence=self.evidence(at, f"the security admin rule {name} of {of}"),
        )


def admin_rules(scope: Scope, virtual_network: str) -> AdminRules:
    """Return the security admin rules that are in force in the network with the id *virtual_network*."""
    document = scope.document(ids.admin_rules_of(virtual_network))
    return AdminRules(document, "", decode(document, _Rules))


def _manager(id_: str) -> str:
    segments = id_.split("/")
    lowered = [segment.lower() for segment in segments]
    return segments[lowered.index("networkmanagers") + 1] if "networkmanagers" in lowered[:-1] else "that has it"


def _prefixes(listed: Iterable[_Prefix]) -> tuple[str, ...]:
    return tuple(one.addressPrefix for one in listed if one.addressPrefix and not _is_group(one))


def _is_group(one: _Prefix) -> bool:
    return bool(one.addressPrefixType and one.addressPrefixType.lower() == "networkgroup")


def _doubt(listed: Sequence[_Prefix]) -> Doubt | None:
    """Return the doubt about what is no prefix: a group of networks, or nothing at all, which is not documented."""
    if not listed:
        return Doubt("it does not say for which addresses it is")
    return Doubt(_MEMBERS) if any(map(_is_group, listed)) else None


def _ports(ranges: Sequence[str], protocol: str) -> tuple[str, ...]:
    """Return the port ranges; a rule for any protocol has none. Of another one that has none, it is not documented."""
    return tuple(ranges) or (("*",) if protocol == "any" else ("",))
