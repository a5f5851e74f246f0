"""What lets a flow pass an Azure Firewall that denies it.

Source: https://learn.microsoft.com/cli/azure/network/firewall/policy/rule-collection-group/collection
"""

from __future__ import annotations

from pullready.facts import ids
from pullready.facts.path.firewall_collections import FirewallRule, RuleKind
from pullready.facts.path.firewall_policies import FirewallRules
from pullready.facts.path.flow import PORT, Flow


def admission(rules: FirewallRules, flow: Flow, denies: FirewallRule | None) -> str:
    """Return the command that has *rules* allow *flow*; ``denies`` is the rule that denies it, where one does."""
    host = flow.destination.host or "the cloud's storage accounts"
    sources = " ".join(str(source) for source in flow.sources)
    rule = f"--source-addresses {sources} --protocols Https={PORT} --target-fqdns {_quoted(host)}"
    if denies is not None:
        return (
            f"Take {host} out of what {denies} is for, or allow it in a collection that comes before: a {denies.kind} "
            f"in {_before(denies)}"
        )
    if not rules.policies:
        group = ids.group_of(rules.firewall.wire.id)
        taken = _taken(rules)
        place = (
            f"--collection-name {taken.collection}"
            if taken
            else "--collection-name registries --priority 1000 --action Allow"
        )
        return (
            f"az network firewall application-rule create -g {group} --firewall-name {rules.name} {place} "
            f"--name registry {rule}"
        )
    policy = rules.policies[-1].id
    common = (
        f"--subscription {ids.subscription_of(policy)} -g {ids.group_of(policy)} --policy-name {ids.name_of(policy)}"
    )
    command = "az network firewall policy rule-collection-group collection"
    if taken := _taken(rules):
        return (
            f"{command} rule add {common} --rule-collection-group-name {taken.group} "
            f"--collection-name {taken.collection} --name registry --rule-type ApplicationRule {rule}"
        )
    return (
        f"{command} add-filter-collection {common} --rule-collection-group-name GROUP --name registries "
        f"--collection-priority 1000 --action Allow --rule-name registry --rule-type ApplicationRule {rule}"
    )


def without_inspection(rule: FirewallRule, host: str) -> str:
    """Return the command that leaves the TLS of what *rule* allows alone; without a policy, what to do for *host*."""
    if rule.policy is None:
        return f"Take {host} out of what {rule} inspects"
    return (
        "az network firewall policy rule-collection-group collection rule update "
        f"--subscription {ids.subscription_of(rule.policy)} -g {ids.group_of(rule.policy)} "
        f"--policy-name {ids.name_of(rule.policy)} --rule-collection-group-name {rule.group} "
        f"--collection-name {rule.collection} --name {rule.name} --enable-tls-inspection false"
    )


def _taken(rules: FirewallRules) -> FirewallRule | None:
    """Return the last application rule of the firewall's own policy that allows: the new one goes beside it."""
    own = rules.policies[-1].id if rules.policies else None
    named = (rule for rule in reversed(rules.rules) if rule.allows and rule.policy == own)
    return next((rule for rule in named if rule.kind is RuleKind.APPLICATION), None)


def _before(denies: FirewallRule) -> str:
    if denies.policy is None:
        return f"a collection with a priority below {denies.rank[2]}"
    name = ids.name_of(denies.policy)
    return f"{name}, its parents, or a collection of {name} with a priority below {denies.rank[2]} in {denies.group}"


def _quoted(host: str) -> str:
    return f"'{host}'" if "*" in host else host
