"""Who may come to a registry over the public network: everybody, selected addresses, or nobody.

Source: https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks
"""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

import msgspec

from pullready.errors import FactUnavailable
from pullready.verdict import Evidence

Network = IPv4Network | IPv6Network


class AllNetworks(msgspec.Struct, frozen=True):
    """Every address is admitted."""

    evidence: Evidence


class Disabled(msgspec.Struct, frozen=True):
    """Public access is off: only private endpoints lead to the registry, and no IP rule counts."""

    evidence: Evidence


class IpRule(msgspec.Struct, frozen=True):
    """A rule that admits ``network``; none where what it admits cannot be told from its text."""

    network: Network | None
    evidence: Evidence


class SelectedNetworks(msgspec.Struct, frozen=True, dict=True):
    """Only what a rule covers is admitted. ``evidence`` is the default action and the rules."""

    rules: tuple[IpRule, ...]
    evidence: Evidence

    def admitting(self, network: Network) -> tuple[Evidence, ...]:
        """Return the rules that together cover the whole of *network*; none where they do not.

        Raise :class:`FactUnavailable` where a rule that cannot be understood might cover what the others do not.
        """
        if any(network.version == whole.version and network.subnet_of(whole) for whole in self._covered):  # type: ignore[arg-type]
            return tuple(rule.evidence for rule in self.rules if rule.network and rule.network.overlaps(network))
        for rule in self.rules:
            if rule.network is None:
                raise FactUnavailable(
                    f"no rule that can be understood admits {network}, and what this one admits is not clear",
                    "Replace the rule by one with the action Allow and an IPv4 address or a range in CIDR notation",
                    document=rule.evidence.document,
                    pointer=rule.evidence.pointer,
                )
        return ()

    @cached_property
    def _covered(self) -> tuple[Network, ...]:
        networks = [rule.network for rule in self.rules]
        return (
            *collapse_addresses([one for one in networks if isinstance(one, IPv4Network)]),
            *collapse_addresses([one for one in networks if isinstance(one, IPv6Network)]),
        )


PublicAccess = AllNetworks | SelectedNetworks | Disabled


def rule_network(value: str | None, action: str | None) -> Network | None:
    """Return what a rule admits: a bare address is a range of one; none where the rule cannot be understood.

    ``action`` has one documented value, Allow, which is also its documented default.
    """
    if not value or (action is not None and action.lower() != "allow"):
        return None
    try:
        return ip_network(value)
    except ValueError:
        return None
