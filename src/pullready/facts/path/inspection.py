"""What an Azure Firewall on the way says to a flow.

Network rules are tried before application rules whatever their priority, and the first rule that matches ends it. What
no rule allows is denied.

Source: https://learn.microsoft.com/azure/firewall/rule-processing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from pullready.errors import FactUnavailable
from pullready.facts.firewalls import Firewall
from pullready.facts.path.firewall_addresses import Connection
from pullready.facts.path.firewall_collections import FirewallRule, RuleKind
from pullready.facts.path.firewall_matching import Matcher
from pullready.facts.path.firewall_names import resolves
from pullready.facts.path.firewall_policies import FirewallRules, firewall_rules
from pullready.facts.path.firewall_remedies import admission
from pullready.facts.path.firewall_settings import Settings, firewall_settings
from pullready.facts.path.flow import Allowed, Denied, Flow, Passing, PrivateAddress, PublicService
from pullready.facts.path.matching import Doubt, Match

if TYPE_CHECKING:
    from pullready.facts.pull_paths import PullPath


class AllowedByFirewall(Allowed, frozen=True):
    """The ``rule`` lets the flow pass; ``translated`` where the firewall puts its own address for the source."""

    rule: FirewallRule
    translated: bool

    @property
    def kind(self) -> RuleKind:
        """The kind of the rule."""
        return self.rule.kind


class Inspection(msgspec.Struct, frozen=True, dict=True):
    """Asks the rules of a firewall about flows.

    ``resolves`` says whether the firewall gets the addresses for a host that the nodes get, given its settings.
    """

    rules: FirewallRules
    resolves: Callable[[Connection, Settings], Match]

    def passing(self, flow: Flow) -> Passing:
        """Return what becomes of *flow*; raise where a part of it is not known, or allowed while another is denied.

        Which part the nodes use cannot be told: the range of the subnet that they are in, the region that answers.
        """
        decided = [self._decide(flow, connection) for connection in self._connections(flow)]
        denied = [one for one in decided if isinstance(one, Denied)]
        allowed = [one for one in decided if not isinstance(one, Denied)]
        if denied and allowed:
            raise FactUnavailable(
                f"{self.rules.name} allows a part of the nodes or regions alone ({allowed[0].by}): {denied[0].by}",
                denied[0].remedy,
                document=denied[0].evidence[0].document,
                pointer=denied[0].evidence[0].pointer,
            )
        return denied[0] if denied else min(allowed, key=lambda one: one.translated)

    @cached_property
    def settings(self) -> Settings:
        """How the firewall translates and resolves."""
        return firewall_settings(self.rules)

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(self.rules.scope, lambda connection: self.resolves(connection, self.settings))

    def _connections(self, flow: Flow) -> Iterator[Connection]:
        regions: tuple[str | Doubt | None, ...] = (None,)
        service = flow.destination
        if isinstance(service, PublicService) and self._tells_regions(service):
            try:
                regions = service.regions()
            except FactUnavailable as why:
                regions = (Doubt(why.reason),)
        for source in flow.sources:
            for region in regions:
                yield Connection(source, service, region)

    def _tells_regions(self, service: PublicService) -> bool:
        for rule in self.rules.rules:
            with suppress(FactUnavailable):
                if self._matcher.tells_regions(rule, service):
                    return True
        return False

    def _decide(self, flow: Flow, connection: Connection) -> AllowedByFirewall | Denied:
        doubts: list[tuple[FirewallRule, Doubt]] = []
        for kind in RuleKind:
            rules = (rule for rule in self.rules.rules if rule.kind is kind)
            for _, tied in groupby(rules, key=lambda rule: rule.rank):
                asked = [(rule, self._matcher.match(rule, connection)) for rule in tied]
                doubts += [(rule, match) for rule, match in asked if isinstance(match, Doubt)]
                if sure := [rule for rule, match in asked if match is True]:
                    return self._settle(flow, connection, doubts, _agreed(sure))
        return self._settle(flow, connection, doubts, None)

    def _settle(
        self, flow: Flow, connection: Connection, doubts: list[tuple[FirewallRule, Doubt]], rule: FirewallRule | None
    ) -> AllowedByFirewall | Denied:
        """Return what *rule* decides, none for that nothing allows it; raise where a doubtful one decides otherwise."""
        outcome = self._outcome(rule, connection)
        for other, doubt in doubts:
            if self._outcome(other, connection) != outcome:
                raise FactUnavailable(
                    f"whether {other} is for {connection.destination} is not known: {doubt.reason}",
                    "Make the rule say plainly whether it is for the registry, or grant read access to what it names",
                    document=other.document.id,
                    pointer=other.base,
                )
        if rule is None or not rule.allows:
            return self._denied(flow, rule)
        says = f"{self.rules.name} lets it pass"
        shown = (rule.evidence("", says),)
        return AllowedByFirewall(str(rule), shown, rule, translated=outcome == "translated")

    def _outcome(self, rule: FirewallRule | None, connection: Connection) -> str:
        if rule is None or not rule.allows:
            return "denied"
        if rule.kind is RuleKind.APPLICATION:
            return "translated"
        match connection.destination:
            case PrivateAddress(address=address):
                return "translated" if self.settings.translates(address) else "kept"
            case _:
                return "kept" if self.settings.translates_nothing else "translated"

    def _denied(self, flow: Flow, rule: FirewallRule | None) -> Denied:
        if rule is not None:
            shown = rule.evidence("", f"{self.rules.name} denies it")
            return Denied(str(rule), (shown,), admission(self.rules, flow, rule))
        by = f"{self.rules.name}, none of whose {len(self.rules.rules)} rules allows it"
        return Denied(by, self.rules.shown, admission(self.rules, flow, None))


def _agreed(rules: list[FirewallRule]) -> FirewallRule:
    """Return the one of *rules* to quote, which match and have one rank; raise where they decide differently."""
    first = rules[0]
    for other in rules:
        if other.allows != first.allows:
            raise FactUnavailable(
                f"{first} and {other} have the same priority and decide differently",
                "Give the two collections different priorities",
                document=other.document.id,
                pointer=other.base,
            )
    return first


def inspection_of(path: PullPath, firewall: Firewall) -> Inspection:
    """Return the inspection that *firewall* does of what flows on *path*; its rules are taken apart once."""
    known, name = path.inspections, firewall.wire.id.casefold()
    if name not in known:
        known[name] = Inspection(firewall_rules(path.scope, firewall), partial(resolves, path, firewall))
    return known[name]
