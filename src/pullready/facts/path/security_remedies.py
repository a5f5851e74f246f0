"""What to do about a security rule that stops traffic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pullready.facts import ids
from pullready.facts.path.flow import PublicService
from pullready.facts.path.security_rules import Direction, Platform, Rule, Traffic

#: Priorities that a rule of one's own may have.
_LOWEST, _HIGHEST = 4096, 100
_SPELT: Final = {"azurecontainerregistry": "AzureContainerRegistry", "azurecloud": "AzureCloud", "storage": "Storage"}


def group_remedy(group: str, rules: Iterable[Rule], denying: Rule, traffic: Traffic, direction: Direction) -> str:
    """Return how to let *traffic* past *denying* in the network security group with the id *group*."""
    place = f"--subscription {ids.subscription_of(group)} -g {ids.group_of(group)} --nsg-name {ids.name_of(group)}"
    if isinstance(traffic.destination, Platform):
        return f"az network nsg rule delete {place} --name {denying.name}"
    used = {rule.priority for rule in rules}
    ceiling = min(denying.priority, _LOWEST + 1)
    free = next((number for number in range(ceiling - 1, _HIGHEST - 1, -1) if number not in used), None)
    number = free if free is not None else f"LOWER-THAN-{denying.priority}"
    first = "" if free is not None else f"Give {denying.name} a higher number than {denying.priority}, then "
    return (
        f"{first}az network nsg rule create {place} --name allow-registry --priority {number} "
        f"--direction {direction.capitalize()} --access Allow --protocol Tcp "
        f"--source-address-prefixes {' '.join(map(str, traffic.sources))} "
        f"--destination-address-prefixes {_named(traffic)} --destination-port-ranges {traffic.port}"
    )


def admin_remedy(denying: Rule, traffic: Traffic) -> str:
    """Return how to let *traffic* past *denying*, a security admin rule."""
    return (
        f"Ask whoever has {denying.of} to put a rule with a lower number than {denying.priority} before {denying.name} "
        f"that allows {traffic.protocol.upper()} {traffic.port} to {_named(traffic)}, and to deploy it: "
        "az network manager security-admin-config rule-collection rule create, then az network manager post-commit"
    )


def _named(traffic: Traffic) -> str:
    """Return the destination as a rule names it: the narrowest tag that surely holds it, or an address."""
    match traffic.destination:
        case Platform(tag=tag):
            return tag
        case PublicService(tags=tags):
            return next(_SPELT[tag] for tag in tags if tag in _SPELT)
        case address:
            return str(address)
