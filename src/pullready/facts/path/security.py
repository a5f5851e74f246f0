"""Whether security rules let the nodes reach a registry: admin rules first, then the network security groups.

Rules about the nodes are outbound, in the groups of their subnet and of their network interfaces, which must all allow.
The group of a private endpoint's subnet is asked about what comes in, where its network policies say that it counts.

Sources: https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works,
https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from itertools import product
from typing import Final

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.interfaces import node_interfaces
from pullready.facts.network import Subnet
from pullready.facts.path.admin_rules import admin_rules
from pullready.facts.path.flow import Allowed, Denied, Flow, Passing, PrivateAddress, PublicService
from pullready.facts.path.network_tag import SURE, holds_destination, holds_ranges
from pullready.facts.path.prefixes import Case
from pullready.facts.path.security_groups import SecurityGroup, security_group
from pullready.facts.path.security_remedies import admin_remedy, group_remedy
from pullready.facts.path.security_rules import (
    ALLOW,
    ALWAYS_ALLOW,
    DENY,
    Direction,
    Outcomes,
    Platform,
    Rule,
    Traffic,
    cases_of,
    outcomes,
)
from pullready.facts.path.way import Way
from pullready.verdict import Evidence

#: What matters to the rules is told by them: which cases there are for *rules*.
_Cases = Callable[[Iterable[Rule]], tuple[Case, ...]]
_NO_RULE: Final = "no rule"
#: Where nodes get their tokens, and the DNS that answers a network without servers of its own.
METADATA: Final = Platform(
    "azureplatformimds", "the instance metadata service, where the nodes get their tokens", 80, "tcp"
)
AZURE_DNS: Final = Platform("azureplatformdns", "Azure's own DNS, which the nodes ask", 53, "udp")


class Security(msgspec.Struct, frozen=True, dict=True):
    """The rules that stand between the nodes at the start of ``way`` and its endpoint."""

    way: Way

    def look_around(self) -> None:
        """Ask for the documents that judging looks at wherever the nodes connect to."""
        for platform in (METADATA, AZURE_DNS):
            with suppress(FactUnavailable):
                self.reaches(platform)

    def look(self) -> None:
        """Ask for those that judging looks at beside them."""
        try:
            destinations = self.way.destinations
        except FactUnavailable:
            destinations = self.way.possible_destinations
        for destination in destinations:
            with suppress(FactUnavailable):
                self.passing(Flow(self.way.subnet.prefixes, destination))

    def passing(self, flow: Flow) -> Passing:
        """Say whether the rules let *flow* pass; raise :class:`FactUnavailable` where that cannot be told."""
        traffic = Traffic(flow.sources, flow.destination)
        in_network = holds_destination(self.way.path.scope, self.way.subnet, flow.destination)
        try:
            nodes = self._past_admins(traffic, lambda rules: cases_of(traffic, rules, SURE, in_network), None)
        except FactUnavailable:
            if isinstance(flow.destination, PrivateAddress):
                endpoint = self._entering(traffic, flow.destination)
                if isinstance(endpoint, Denied):
                    return endpoint
            raise
        if isinstance(nodes, Denied) or isinstance(flow.destination, PublicService):
            return nodes
        endpoint = self._entering(traffic, flow.destination)
        if isinstance(endpoint, Denied):
            return endpoint
        return Allowed(nodes.by, (*nodes.evidence, *endpoint.evidence))

    def reaches(self, platform: Platform) -> Passing:
        """Say whether the rules of the nodes let them reach *platform*."""
        traffic = Traffic(self.way.subnet.prefixes, platform)
        return self._past_admins(traffic, lambda _: (Case(*SURE, *SURE),), ALLOW)

    def _past_admins(self, traffic: Traffic, cases: _Cases, otherwise: str | None) -> Passing:
        """Judge the admin rules; those that cannot be read leave a flow unknown that the groups let pass."""
        try:
            listed = admin_rules(self.way.path.scope, self.way.subnet.network.id)
            said = _together([_said(rules, traffic, cases, _NO_RULE) for rules in listed.managers("outbound")])
        except FactUnavailable as unread:
            passing = self._past_groups(traffic, cases, otherwise)
            if isinstance(passing, Allowed):
                raise
            says = "not read; nothing but an Always-Allow rule there would let it pass"
            return Denied(passing.by, (*passing.evidence, Evidence(unread.document, "", "", says)), passing.remedy)
        shown = tuple(rule.evidence for rule in _deciding(said)) or (listed.shown,)
        if said.accesses == {DENY}:
            rule = said.rules[DENY][0]
            return Denied(str(rule), shown, admin_remedy(rule, traffic))
        if said.accesses == {ALWAYS_ALLOW}:
            return Allowed(str(said.rules[ALWAYS_ALLOW][0]), shown)
        if said.why and ALLOW not in said.accesses:
            raise said.why
        passing = self._past_groups(traffic, cases, otherwise)
        overriding = DENY if isinstance(passing, Allowed) else ALWAYS_ALLOW
        if said.why and overriding in said.accesses:
            raise said.why
        return passing if isinstance(passing, Denied) else Allowed(passing.by, (*passing.evidence, *shown))

    def _past_groups(self, traffic: Traffic, cases: _Cases, otherwise: str | None) -> Passing:
        """Judge the groups of the nodes: one that denies is enough, whatever cannot be told of the others."""
        allowed, unknown = list(self._without_group), list(self._unread)
        by = "no network security group"
        for group in self._groups:
            try:
                passing = _past_group(group, "outbound", traffic, cases, otherwise)
            except FactUnavailable as why:
                unknown.append(why)
                continue
            if isinstance(passing, Denied):
                return passing
            by = passing.by
            allowed += passing.evidence
        if self._is_blocked(traffic) and (self._unread or not self._groups):
            return self._blocked()
        for unavailable in unknown:
            raise unavailable
        return Allowed(by, tuple(allowed))

    @cached_property
    def _attached(self) -> tuple[dict[str, str], tuple[Evidence, ...], tuple[FactUnavailable, ...]]:
        """The ids of the nodes' groups by their lower case, where there is none, and why that cannot be told."""
        subnet = self.way.subnet
        found: dict[str, str] = {}
        without: list[Evidence] = []
        unread: list[FactUnavailable] = []
        if subnet.security_group:
            found[subnet.security_group.lower()] = subnet.security_group
        else:
            without.append(_no_group_of(subnet))
        path = self.way.path
        try:
            for interface in node_interfaces(path.scope, path.cluster, path.pool) if path.pool else ():
                if interface.security_group:
                    found.setdefault(interface.security_group.lower(), interface.security_group)
                else:
                    without.append(interface.evidence)
        except FactUnavailable as why:
            unread.append(why)
        return found, tuple(without), tuple(unread)

    @cached_property
    def _read(self) -> tuple[tuple[SecurityGroup, ...], tuple[FactUnavailable, ...]]:
        found, _, unread = self._attached
        groups, missing = [], [*unread]
        for id_ in found.values():
            try:
                groups.append(security_group(self.way.path.scope, id_))
            except FactUnavailable as why:
                missing.append(why)
        return tuple(groups), tuple(missing)

    @property
    def _groups(self) -> tuple[SecurityGroup, ...]:
        return self._read[0]

    @property
    def _unread(self) -> tuple[FactUnavailable, ...]:
        return self._read[1]

    @property
    def _without_group(self) -> tuple[Evidence, ...]:
        return self._attached[1]

    def _is_blocked(self, traffic: Traffic) -> bool:
        """Say whether AKS itself closes the way out, by rules; those inside the network are not concerned."""
        network = self.way.path.cluster.wire.properties.networkProfile
        blocks = bool(network and network.outboundType and network.outboundType.lower() == "block")
        return blocks and isinstance(traffic.destination, PublicService)

    def _blocked(self) -> Denied:
        cluster = self.way.path.cluster
        pointer = "/properties/networkProfile/outboundType"
        return Denied(
            "the outbound type block, with which AKS keeps security rules that close the way out",
            (cluster.evidence(pointer, "AKS closes the way out by security rules"),),
            "Reach the registry through a private endpoint, or az aks update "
            f"--name {cluster.name} --resource-group {cluster.resource_group} --outbound-type loadBalancer",
        )

    def _entering(self, traffic: Traffic, destination: PrivateAddress) -> Passing:
        """Judge the group of the private endpoint's subnet, where it counts."""
        subnet = self.way.home(destination).subnet_in(self.way.path.scope)
        if subnet.security_group is None:
            return Allowed("no network security group", (_no_group_of(subnet),))
        policies = subnet.evidence("/properties/privateEndpointNetworkPolicies", "whether its group counts")
        if subnet.governs_endpoints is False:
            return Allowed("no network policies", (policies,))
        group = security_group(self.way.path.scope, subnet.security_group)
        sources = holds_ranges(subnet.network, traffic.sources)
        passing = _past_group(group, "inbound", traffic, lambda rules: cases_of(traffic, rules, sources, SURE), None)
        if isinstance(passing, Denied) and subnet.governs_endpoints is None:
            subnet.require(None, "/properties/privateEndpointNetworkPolicies")
        return passing


def _past_group(
    group: SecurityGroup, direction: Direction, traffic: Traffic, cases: _Cases, otherwise: str | None
) -> Passing:
    rules = group.rules(direction)
    said = _said(rules, traffic, cases, otherwise)
    if said.why:
        raise said.why
    deciding = _deciding(said)
    shown = tuple(rule.evidence for rule in deciding) or (group.evidence("/properties/securityRules", str(group)),)
    if said.accesses == {ALLOW}:
        return Allowed(str(deciding[0]) if deciding else str(group), shown)
    if group.is_updating:
        raise FactUnavailable(
            f"{deciding[0]} denies it, and Azure is changing the group right now",
            "Run again in a few minutes",
            document=group.document.id,
            pointer="/properties/provisioningState",
        )
    return Denied(str(deciding[0]), shown, group_remedy(group.id, rules, deciding[0], traffic, direction))


def _said(rules: tuple[Rule, ...], traffic: Traffic, cases: _Cases, otherwise: str | None) -> Outcomes:
    return outcomes(rules, traffic, cases(rules), otherwise)


def _deciding(said: Outcomes) -> tuple[Rule, ...]:
    return tuple(rule for rules in said.rules.values() for rule in rules)


def _together(managers: list[Outcomes]) -> Outcomes:
    """Return what the rules of several network managers may say, of which any may come first."""
    found: dict[str, tuple[Rule, ...]] = {}
    for combination in product(*(said.accesses for said in managers)):
        for access in sorted({*combination} - {_NO_RULE} or {ALLOW}):
            found[access] = tuple(rule for said in managers for rule in said.rules.get(access, ()))
    why = next((said.why for said in managers if said.why), None)
    if len(found) > 1 and why is None:
        rules = [rules[0] for rules in found.values() if rules]
        why = FactUnavailable(
            f"{' and '.join(map(str, rules))} say different things, and which network manager comes first is not told",
            "Compare the scopes of the network managers: the rules of the wider one come first",
            document=rules[0].evidence.document,
            pointer=rules[0].evidence.pointer,
        )
    return Outcomes(found, why if len(found) > 1 else None)


def _no_group_of(subnet: Subnet) -> Evidence:
    says = f"the subnet {ids.name_of(subnet.id)} has no network security group"
    return subnet.evidence("/properties/networkSecurityGroup", says)
