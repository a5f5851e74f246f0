"""Azure Firewalls as DNS servers: which of them a server's address is, and whom it asks.

Source: https://learn.microsoft.com/azure/firewall/dns-settings
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class NoDnsProxy(FactUnavailable):
    """The DNS server is a firewall that passes no question on: its DNS proxy is switched off."""


class _Reference(Struct, frozen=True):
    id: str | UnsetType | None = UNSET


class _ConfigurationProperties(Struct, frozen=True):
    privateIPAddress: str | UnsetType | None = UNSET
    subnet: _Reference | UnsetType | None = UNSET


class _Configuration(Struct, frozen=True):
    properties: _ConfigurationProperties


class _Properties(Struct, frozen=True):
    ipConfigurations: list[_Configuration] | UnsetType | None = UNSET
    firewallPolicy: _Reference | UnsetType | None = UNSET
    additionalProperties: dict[str, str] | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _Firewall(Struct, frozen=True):
    id: str
    properties: _Properties


class _Firewalls(Struct, frozen=True):
    value: list[_Firewall]


class _DnsSettings(Struct, frozen=True):
    servers: list[str] | UnsetType | None = UNSET
    enableProxy: bool | UnsetType | None = UNSET


class _PolicyProperties(Struct, frozen=True):
    dnsSettings: _DnsSettings | UnsetType | None = UNSET
    basePolicy: _Reference | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET


class _Policy(Struct, frozen=True):
    properties: _PolicyProperties


class DnsProxy(msgspec.Struct, frozen=True):
    """A firewall that passes questions on to ``servers``; with none it asks Azure's own DNS (documented)."""

    servers: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def dns_proxy(scope: Scope, server: str, network: str, subscriptions: Iterable[str]) -> DnsProxy | None:
    """Return the firewall in *network* (an id) whose private address is *server*; none where it is no firewall.

    Firewalls are looked for in *subscriptions* (GUIDs). Raise :class:`NoDnsProxy` where it is one that does not answer,
    and :class:`FactUnavailable` where that could not be read.
    """
    unread: FactUnavailable | None = None
    for subscription in subscriptions:
        try:
            for firewall, wire in _firewalls(scope, subscription):
                for index, one in enumerate(wire.properties.ipConfigurations or ()):
                    if one.properties.privateIPAddress == server and _is_in(one.properties.subnet, network):
                        pointer = f"/properties/ipConfigurations/{index}/properties/privateIPAddress"
                        says = f"the private address of the firewall {ids.name_of(wire.id)} in {ids.name_of(network)}"
                        return _proxy(scope, firewall, wire, firewall.evidence(pointer, says))
        except NoDnsProxy:
            raise
        except FactUnavailable as why:
            unread = unread or why
    if unread is not None:
        raise unread
    return None


def _firewalls(scope: Scope, subscription: str) -> Iterator[tuple[Fact, _Firewall]]:
    document = scope.document(ids.firewalls_in(subscription))
    for index, wire in enumerate(decode(document, _Firewalls).value):
        yield Fact(document, f"/value/{index}"), wire


def _is_in(subnet: _Reference | UnsetType | None, network: str) -> bool:
    return bool(subnet and subnet.id and ids.same(ids.parent_of(subnet.id), network))


def _proxy(scope: Scope, firewall: Fact, wire: _Firewall, place: Evidence) -> DnsProxy:
    _must_be_settled(firewall, wire.properties.provisioningState)
    reference = wire.properties.firewallPolicy
    if reference and reference.id:
        return _of_policy(scope, reference.id, wire.id, place)
    settings = {name.lower(): text for name, text in (wire.properties.additionalProperties or {}).items()}
    if settings.get("network.dns.enableproxy", "").lower() != "true":
        raise _switched_off(wire.id, firewall, "/properties/additionalProperties")
    shown = firewall.evidence("/properties/additionalProperties", "its DNS proxy is on")
    servers = (one.strip() for one in settings.get("network.dns.servers", "").split(","))
    return DnsProxy(tuple(one for one in servers if one), (place, shown))


def _of_policy(scope: Scope, id_: str, firewall: str, place: Evidence) -> DnsProxy:
    """Return what the policy says. Whether a policy takes DNS settings from its parent is not documented."""
    policy = Fact(scope.document(id_), "")
    properties = decode(policy.document, _Policy).properties
    _must_be_settled(policy, properties.provisioningState)
    pointer = "/properties/dnsSettings"
    settings = properties.dnsSettings
    if not settings and properties.basePolicy and properties.basePolicy.id:
        raise FactUnavailable(
            f"the policy {ids.name_of(id_)} of the firewall {ids.name_of(firewall)} has no DNS settings of its own; "
            "whether those of its parent policy count is not documented",
            "Give the policy DNS settings of its own",
            document=policy.document.id,
            pointer=pointer,
        )
    if not settings or settings.enableProxy is not True:
        raise _switched_off(firewall, policy, pointer)
    shown = policy.evidence(pointer, f"the DNS proxy of the firewall {ids.name_of(firewall)} is on")
    return DnsProxy(tuple(settings.servers or ()), (place, shown))


def _must_be_settled(fact: Fact, state: str | UnsetType | None) -> None:
    if state and state.lower() not in {"succeeded", "failed"}:
        raise FactUnavailable(
            "Azure is changing the firewall that the nodes ask for names, or its policy, right now",
            "Run again in a few minutes",
            document=fact.document.id,
            pointer=f"{fact.base}/properties/provisioningState",
        )


def _switched_off(firewall: str, where: Fact, pointer: str) -> NoDnsProxy:
    return NoDnsProxy(
        f"the nodes ask the firewall {ids.name_of(firewall)} for names, and its DNS proxy is off, so it answers none",
        "Switch the DNS proxy of the firewall on, or name another DNS server in the network",
        document=where.document.id,
        pointer=where.base + pointer,
    )
