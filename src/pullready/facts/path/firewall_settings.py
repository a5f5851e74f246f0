"""What an Azure Firewall does beside its rules: whether it translates sources, and whom it asks for names.

Sources: https://learn.microsoft.com/azure/firewall/snat-private-range,
https://learn.microsoft.com/azure/firewall/dns-details,
https://learn.microsoft.com/azure/firewall-manager/policy-overview
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts.base import Fact, decode
from pullready.facts.network import AZURE_DNS
from pullready.facts.path.firewall_addresses import PRIVATE_RANGES, ranges_of
from pullready.facts.path.firewall_policies import FirewallRules
from pullready.verdict import Evidence

_IANA: Final = "ianaprivateranges"


class _Snat(Struct, frozen=True):
    privateRanges: list[str] | UnsetType | None = UNSET
    autoLearnPrivateRanges: str | UnsetType | None = UNSET


class _Dns(Struct, frozen=True):
    servers: list[str] | UnsetType | None = UNSET
    enableProxy: bool | UnsetType | None = UNSET


class _PolicyProperties(Struct, frozen=True):
    snat: _Snat | UnsetType | None = UNSET
    dnsSettings: _Dns | UnsetType | None = UNSET


class _Policy(Struct, frozen=True):
    properties: _PolicyProperties


class _Firewall(Struct, frozen=True):
    additionalProperties: dict[str, str] | UnsetType | None = UNSET


class Settings(msgspec.Struct, frozen=True):
    """How a firewall translates and resolves, each with the place that says so.

    ``kept`` are the destinations (as text) for which it keeps the source, none for Azure's own: the private ranges.
    ``learns`` says whether it adds ranges that it learns from a route server.
    """

    kept: tuple[str, ...] | None
    learns: bool
    translation: Evidence
    dns_servers: tuple[str, ...]
    is_proxy: bool
    resolution: Evidence

    @property
    def asks_azure(self) -> bool:
        """Whether Azure's own DNS answers it: with no server of its own, documented."""
        return all(server == AZURE_DNS for server in self.dns_servers)

    def translates(self, address: IPv4Address) -> bool:
        """Return whether a network rule's connections to *address* get the firewall's own address as source."""
        if self.kept is None:
            return not any(address in private for private in PRIVATE_RANGES)
        for text in self.kept:
            ranges = PRIVATE_RANGES if text.strip().lower() == _IANA else ranges_of(text)
            if ranges is None:
                raise self._unknown(f"it keeps the source for {text}, which is no range of addresses")
            if any(address in one for one in ranges):
                return False
        if self.learns:
            raise self._unknown("it learns from a route server for which destinations it keeps the source")
        return True

    @property
    def translates_nothing(self) -> bool:
        """Whether connections that a network rule lets pass keep their source wherever they go."""
        return any(text.strip() in {"0.0.0.0/0", "*"} for text in self.kept or ())

    def _unknown(self, why: str) -> FactUnavailable:
        return FactUnavailable(
            f"whether the firewall translates the source cannot be told: {why}",
            "Let an application rule allow the registry: those always translate",
            document=self.translation.document,
            pointer=self.translation.pointer,
        )


def firewall_settings(rules: FirewallRules) -> Settings:
    """Return the settings of a firewall: its policy's, or its own where it has none.

    Which of them a policy takes from its parents is documented for none of these; raise :class:`FactUnavailable` where
    a parent has what the policy lacks.
    """
    return _of_policy(rules) if rules.policies else _of_firewall(rules)


def _of_policy(rules: FirewallRules) -> Settings:
    *parents, policy = rules.policies
    own = decode(policy.document, _Policy).properties
    for parent in parents:
        above = decode(parent.document, _Policy).properties
        for name, mine, theirs in (("snat", own.snat, above.snat), ("dnsSettings", own.dnsSettings, above.dnsSettings)):
            if not mine and theirs:
                raise FactUnavailable(
                    f"whether a policy takes {name} from its parent is not documented",
                    f"Set {name} in the policy itself",
                    document=parent.document.id,
                    pointer=f"/properties/{name}",
                )
    snat, dns = own.snat or _Snat(), own.dnsSettings or _Dns()
    return Settings(
        tuple(snat.privateRanges) if snat.privateRanges else None,
        str(snat.autoLearnPrivateRanges).lower() == "enabled",
        policy.evidence("/properties/snat", "the destinations for which the firewall keeps the source"),
        tuple(dns.servers or ()),
        dns.enableProxy is True,
        policy.evidence("/properties/dnsSettings", "the DNS servers that the firewall asks"),
    )


def _of_firewall(rules: FirewallRules) -> Settings:
    fact: Fact = rules.firewall
    more = decode(fact.document, _Firewall, f"{fact.base}/properties").additionalProperties or {}
    named = {name.lower(): value for name, value in more.items()}
    kept = _listed(named, "network.snat.privateranges")
    return Settings(
        kept or None,
        "network.routeserverinfo.routeserverid" in named,
        fact.evidence("/properties/additionalProperties", "the destinations for which the firewall keeps the source"),
        _listed(named, "network.dns.servers"),
        any(one.lower() == "true" for one in _listed(named, "network.dns.enableproxy")),
        fact.evidence("/properties/additionalProperties", "the DNS servers that the firewall asks"),
    )


def _listed(named: dict[str, str], name: str) -> tuple[str, ...]:
    texts: Iterable[str] = named[name].split(",") if name in named else ()
    return tuple(text.strip() for text in texts if text.strip())
