"""Network security groups: the rules of one, and which ones stand on the way of a pool's nodes.

Sources: https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get,
https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.path.prefixes import Doubt
from pullready.facts.path.security_rules import Direction, Rule
from pullready.facts.scope import Scope

_MEMBERS = "which addresses its application security groups have is not in the rule"


class _Group(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _RuleProperties(Struct, frozen=True):
    access: str | UnsetType | None = UNSET
    direction: str | UnsetType | None = UNSET
    priority: int | UnsetType | None = UNSET
    protocol: str | UnsetType | None = UNSET
    sourceAddressPrefix: str | UnsetType | None = UNSET
    sourceAddressPrefixes: list[str] | UnsetType | None = UNSET
    sourceApplicationSecurityGroups: list[_Group] | UnsetType | None = UNSET
    sourcePortRange: str | UnsetType | None = UNSET
    sourcePortRanges: list[str] | UnsetType | None = UNSET
    destinationAddressPrefix: str | UnsetType | None = UNSET
    destinationAddressPrefixes: list[str] | UnsetType | None = UNSET
    destinationApplicationSecurityGroups: list[_Group] | UnsetType | None = UNSET
    destinationPortRange: str | UnsetType | None = UNSET
    destinationPortRanges: list[str] | UnsetType | None = UNSET


class _Rule(Struct, frozen=True):
    properties: _RuleProperties
    name: str | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    securityRules: list[_Rule] | UnsetType | None = UNSET
    defaultSecurityRules: list[_Rule] | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _SecurityGroup(Struct, frozen=True):
    properties: _Properties


class SecurityGroup(Fact, frozen=True):
    """A network security group."""

    wire: _Properties

    @property
    def id(self) -> str:
        """The resource id."""
        return self.document.id

    def __str__(self) -> str:
        return f"the network security group {ids.name_of(self.id)}"

    @property
    def is_updating(self) -> bool:
        """Whether Azure is changing it right now."""
        state = self.wire.provisioningState
        return bool(state and state.lower() not in {"succeeded", "failed", "canceled"})

    def rules(self, direction: Direction) -> tuple[Rule, ...]:
        """Return its rules for *direction*, those that every group has among them; raise where a part is missing."""
        found: list[Rule] = []
        for key, listed in (
            ("securityRules", self.wire.securityRules),
            ("defaultSecurityRules", self.wire.defaultSecurityRules),
        ):
            pointer = f"/properties/{key}"
            for index, rule in enumerate(self.require(listed, pointer)):
                at = f"{pointer}/{index}/properties"
                if self.require(rule.properties.direction, f"{at}/direction").lower() == direction:
                    found.append(self._rule(rule, at))
        return tuple(found)

    def _rule(self, rule: _Rule, at: str) -> Rule:
        wire = rule.properties
        access = self.require(wire.access, f"{at}/access").lower()
        name = rule.name or at
        return Rule(
            name=name,
            of=str(self),
            access=access,
            priority=self.require(wire.priority, f"{at}/priority"),
            protocol=self.require(wire.protocol, f"{at}/protocol").lower(),
            sources=_all(wire.sourceAddressPrefix, wire.sourceAddressPrefixes),
            source_groups=Doubt(_MEMBERS) if wire.sourceApplicationSecurityGroups else None,
            destinations=_all(wire.destinationAddressPrefix, wire.destinationAddressPrefixes),
            destination_groups=Doubt(_MEMBERS) if wire.destinationApplicationSecurityGroups else None,
            source_ports=_all(wire.sourcePortRange, wire.sourcePortRanges),
            destination_ports=_all(wire.destinationPortRange, wire.destinationPortRanges),
            evidence=self.evidence(at, f"the rule {name} of {self}"),
        )


def security_group(scope: Scope, id_: str) -> SecurityGroup:
    """Return the network security group with *id_*."""
    document = scope.document(id_)
    return SecurityGroup(document, "", decode(document, _SecurityGroup).properties)


def _all(one: str | UnsetType | None, several: list[str] | UnsetType | None) -> tuple[str, ...]:
    """Return what stands in the property for one and in that for several; Azure leaves one of them empty."""
    return (*((one,) if one else ()), *(several or ()))
