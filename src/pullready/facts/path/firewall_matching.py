"""Which connections a rule of an Azure Firewall is for.

Sources: https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules,
https://learn.microsoft.com/azure/firewall/fqdn-tags,
https://learn.microsoft.com/azure/container-registry/container-registry-firewall-access-rules
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts.base import decode
from pullready.facts.path.firewall_addresses import Addresses, Connection, addresses
from pullready.facts.path.firewall_collections import FirewallRule, RuleKind
from pullready.facts.path.flow import PORT, PublicService
from pullready.facts.path.matching import Doubt, Match, all_of, any_of
from pullready.facts.scope import Scope

#: FQDN tags that hold hosts of Azure's own and of Microsoft's, and no customer's registry; they may hold storage.
_TAGS_WITHOUT_REGISTRIES: Final = frozenset(
    {
        "appserviceenvironment",
        "azurebackup",
        "azurehdinsight",
        "azurekubernetesservice",
        "hdinsight",
        "microsoftactiveprotectionservice",
        "microsoftintune",
        "windows365",
        "windowsdiagnostics",
        "windowsupdate",
        "windowsvirtualdesktop",
    }
)
_TAGS_WITHOUT_STORAGE: Final = frozenset({"azurekubernetesservice", "windowsdiagnostics", "windowsupdate"})
_WILDCARD: Final = "*."
_Texts = list[str] | UnsetType | None
T = TypeVar("T")


class _Protocol(Struct, frozen=True):
    protocolType: str | UnsetType | None = UNSET
    port: int | UnsetType | None = UNSET


class _Sources(Struct, frozen=True):
    sourceAddresses: list[str] | UnsetType | None = UNSET
    sourceIpGroups: list[str] | UnsetType | None = UNSET


class _Network(_Sources, frozen=True):
    ipProtocols: list[str] | UnsetType | None = UNSET
    protocols: list[str] | UnsetType | None = UNSET
    destinationPorts: list[str] | UnsetType | None = UNSET
    destinationAddresses: list[str] | UnsetType | None = UNSET
    destinationIpGroups: list[str] | UnsetType | None = UNSET
    destinationFqdns: list[str] | UnsetType | None = UNSET


class _Application(_Sources, frozen=True):
    protocols: list[_Protocol] | UnsetType | None = UNSET
    destinationAddresses: list[str] | UnsetType | None = UNSET
    targetFqdns: list[str] | UnsetType | None = UNSET
    targetUrls: list[str] | UnsetType | None = UNSET
    fqdnTags: list[str] | UnsetType | None = UNSET
    webCategories: list[str] | UnsetType | None = UNSET


W = TypeVar("W", _Network, _Application)

#: Whether the firewall gets the same addresses for the host of a connection as the nodes.
Resolves = Callable[[Connection], Match]


class Matcher(msgspec.Struct, frozen=True):
    """Says which connections rules are for; ``resolves`` is asked where a network rule names hosts.

    What rules list is taken apart once, for a policy may have thousands.
    """

    scope: Scope
    resolves: Resolves
    _wires: dict[tuple[str, str], _Network | _Application] = msgspec.field(default_factory=dict)
    _addresses: dict[tuple[tuple[str, ...], tuple[str, ...]], Addresses] = msgspec.field(default_factory=dict)

    def match(self, rule: FirewallRule, connection: Connection) -> Match:
        """Return whether *rule* is for *connection*; what the rule lacks makes it doubtful."""
        try:
            if rule.kind is RuleKind.NETWORK:
                return self._network(rule, connection)
            return self._application(rule, connection)
        except FactUnavailable as why:
            return Doubt(why.reason)

    def tells_regions(self, rule: FirewallRule, service: PublicService) -> bool:
        """Return whether *rule* is for some of the regions only that *service* may answer from."""
        if rule.kind is not RuleKind.NETWORK:
            return False
        return self._destinations(self._wire(rule, _Network)).tells_regions_of(service)

    def _network(self, rule: FirewallRule, connection: Connection) -> Match:
        wire = self._wire(rule, _Network)
        host = connection.destination.host
        named = any_of(_names_exactly(name, host, allows=rule.allows) for name in wire.destinationFqdns or ())
        led = self._destinations(wire).lead_to(connection)
        return all_of(
            (
                _one_of(wire.ipProtocols or wire.protocols, lambda one: one.lower() in {"tcp", "any"}, "protocol"),
                _one_of(wire.destinationPorts, _has_port, "port"),
                self._from(wire, connection),
                any_of((led, named and all_of((named, self.resolves(connection))))),
            )
        )

    def _application(self, rule: FirewallRule, connection: Connection) -> Match:
        wire = self._wire(rule, _Application)
        return all_of(
            (
                _one_of(wire.protocols, _is_https, "protocol"),
                self._from(wire, connection),
                _targets(wire, connection.destination.host, allows=rule.allows),
                self._narrowed(wire, connection),
            )
        )

    def _from(self, wire: _Sources, connection: Connection) -> Match:
        listed = self._listed(wire.sourceAddresses, wire.sourceIpGroups)
        if listed.tags:
            return any_of((listed.hold(connection.source), Doubt(f"its source {listed.tags[0]} is no address")))
        return listed.hold(connection.source)

    def _destinations(self, wire: _Network) -> Addresses:
        return self._listed(wire.destinationAddresses, wire.destinationIpGroups)

    def _listed(self, members: _Texts, groups: _Texts) -> Addresses:
        key = (tuple(members or ()), tuple(groups or ()))
        if key not in self._addresses:
            self._addresses[key] = addresses(self.scope, *key)
        return self._addresses[key]

    def _wire(self, rule: FirewallRule, shape: type[W]) -> W:
        key = (rule.document.id, rule.base)
        known = self._wires.get(key)
        if not isinstance(known, shape):
            known = decode(rule.document, shape, rule.base)
            self._wires[key] = known
        return known

    def _narrowed(self, wire: _Application, connection: Connection) -> Match:
        """Return whether the addresses that an application rule may list beside its hosts hold the destination."""
        if not wire.destinationAddresses:
            return True
        held = self._listed(wire.destinationAddresses, None).lead_to(connection)
        return held or Doubt("what destination addresses do to an application rule is not documented")


def _one_of(listed: list[T] | UnsetType | None, ask: Callable[[T], Match], what: str) -> Match:
    return any_of(ask(one) for one in listed) if listed else Doubt(f"it names no {what}")


def _targets(wire: _Application, host: str | None, *, allows: bool) -> Match:
    matches: list[Match] = [_names(name, host, allows=allows) for name in wire.targetFqdns or ()]
    for url in wire.targetUrls or ():
        named = _names(url.partition("://")[2].partition("/")[0] or url.partition("/")[0], host, allows=allows)
        matches.append(named and Doubt(f"whether all that a pull asks for is below {url} cannot be told"))
    matches += [_tagged(tag, host) for tag in wire.fqdnTags or ()]
    matches += [
        Doubt(f"whether the host is in the web category {one} cannot be told") for one in wire.webCategories or ()
    ]
    return any_of(matches)


def _names(pattern: str, host: str | None, *, allows: bool) -> Match:
    """Return whether *pattern*, in which ``*`` stands for any text, is for *host* or for all that its wildcard means.

    What allows a part of those hosts alone does not allow them; what denies a part may deny the one that is needed.
    """
    pattern = pattern.strip().lower()
    if pattern == "*":
        return True
    if host is None:
        return Doubt("the cloud's host of layer storage is not known")
    if not host.startswith(_WILDCARD):
        return _pattern(pattern).fullmatch(host.lower()) is not None
    end, rest = host[1:].lower(), pattern[1:]
    if pattern.startswith("*") and "*" not in rest and end.endswith(rest):
        return True
    if "*" in rest or (pattern.endswith(end) and not allows):
        return Doubt(f"whether layers come from {pattern} is not known")
    return False


def _names_exactly(name: str, host: str | None, *, allows: bool) -> Match:
    """Return whether *name*, in a network rule, is for *host*; wildcards there are not documented."""
    if "*" in name:
        return Doubt(f"network rules name hosts without wildcards, and this one names {name}")
    return _names(name, host, allows=allows)


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))


def _tagged(tag: str, host: str | None) -> Match:
    is_storage = host is None or host.startswith(_WILDCARD)
    if tag.strip().lower() in (_TAGS_WITHOUT_STORAGE if is_storage else _TAGS_WITHOUT_REGISTRIES):
        return False
    return Doubt(f"which hosts the FQDN tag {tag} holds is not documented")


def _is_https(protocol: _Protocol) -> Match:
    if not protocol.protocolType or protocol.protocolType.lower() != "https":
        return False
    if protocol.port is None or protocol.port is UNSET:
        return Doubt("it names no port")
    return protocol.port == PORT


def _has_port(text: str) -> bool:
    first, dash, last = text.strip().partition("-")
    if first == "*":
        return True
    if not first.isdecimal() or (dash and not last.isdecimal()):
        return False
    return int(first) <= PORT <= int(last if dash else first)
