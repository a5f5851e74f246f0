"""The container registries that a target pulls from, and where they were found.

Source: https://learn.microsoft.com/rest/api/containerregistry/registries/get
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable, NothingToJudge
from pullready.facts import ids
from pullready.facts.access import AllNetworks, Disabled, IpRule, PublicAccess, SelectedNetworks, rule_network
from pullready.facts.base import Fact, Unread, decode
from pullready.facts.images import ImageUse
from pullready.facts.scope import Need, Scope, fact
from pullready.verdict import Evidence, Location


class _Sku(Struct, frozen=True):
    name: str | UnsetType | None = UNSET


class _Rule(Struct, frozen=True):
    value: str | UnsetType | None = UNSET
    action: str | UnsetType | None = UNSET


class _RuleSet(Struct, frozen=True):
    defaultAction: str | UnsetType | None = UNSET
    ipRules: list[_Rule] | UnsetType | None = UNSET


class _Policy(Struct, frozen=True):
    status: str | UnsetType | None = UNSET


class _Policies(Struct, frozen=True):
    quarantinePolicy: _Policy | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    loginServer: str | UnsetType | None = UNSET
    provisioningState: str | UnsetType | None = UNSET
    anonymousPullEnabled: bool | UnsetType | None = UNSET
    publicNetworkAccess: str | UnsetType | None = UNSET
    networkRuleSet: _RuleSet | UnsetType | None = UNSET
    endpointProtocol: str | UnsetType | None = UNSET
    roleAssignmentMode: str | UnsetType | None = UNSET
    adminUserEnabled: bool | UnsetType | None = UNSET
    dataEndpointEnabled: bool | UnsetType | None = UNSET
    dataEndpointHostNames: list[str] | UnsetType | None = UNSET
    policies: _Policies | UnsetType | None = UNSET


class _Home(Struct, frozen=True):
    tenantId: str | UnsetType | None = UNSET


class _Registry(Struct, frozen=True):
    id: str
    properties: _Properties
    location: str | UnsetType | None = UNSET
    identity: _Home | UnsetType | None = UNSET
    sku: _Sku | UnsetType | None = UNSET


class _List(Struct, frozen=True):
    value: list[_Registry]


class Registry(Fact, frozen=True, dict=True):
    """A container registry that the target uses."""

    wire: _Registry

    @property
    def id(self) -> str:
        """The resource id, as Azure spells it."""
        return self.wire.id

    @property
    def name(self) -> str:
        """The registry's name."""
        return ids.name_of(self.id)

    @cached_property
    def login_server(self) -> str:
        """The host name that images are pulled from, in lower case."""
        return self.require(self.wire.properties.loginServer, "/properties/loginServer").lower()

    @property
    def subject(self) -> str:
        """The login server; the registry's name where that could not be read."""
        server = self.wire.properties.loginServer
        return server.lower() if server else self.name

    @property
    def tenant(self) -> str | None:
        """The tenant of the registry's own identity, in lower case; none where it has none: most have not."""
        home = self.wire.identity.tenantId if self.wire.identity else None
        return home.lower() if home else None

    @property
    def pulls_anonymously(self) -> bool:
        """Whether anybody may pull: enabled, and of a tier that has it (Standard or Premium).

        Azure documents anonymous pull as disabled by default, so a registry without the property has it disabled.
        Source: https://learn.microsoft.com/azure/container-registry/anonymous-pull-access
        """
        sku = self.wire.sku.name if self.wire.sku else UNSET
        return self.wire.properties.anonymousPullEnabled is True and self.require(sku, "/sku/name").lower() in {
            "standard",
            "premium",
        }

    @property
    def has_admin_user(self) -> bool:
        """Whether one may sign in as the admin user, whose name is the registry's."""
        return self.require(self.wire.properties.adminUserEnabled, "/properties/adminUserEnabled")

    @cached_property
    def public_access(self) -> PublicAccess:
        """Who may come over the public network.

        Network rules and turning public access off are documented for the tier Premium alone, so where a registry of
        another tier says nothing of them, everybody may. A Premium registry that says nothing leaves it unknown.
        Source: https://learn.microsoft.com/azure/container-registry/container-registry-skus
        """
        sku = self.wire.sku.name if self.wire.sku else UNSET
        rules = self.wire.properties.networkRuleSet
        access = self.wire.properties.publicNetworkAccess
        plain = sku.lower() in {"basic", "standard"} if sku else False
        pointer = "/properties/publicNetworkAccess"
        if not (access is UNSET and plain) and self.require(access, pointer).lower() != "enabled":
            return Disabled(self.evidence(pointer, "public access is not enabled"))
        if not rules and plain:
            return AllNetworks(self.evidence("/sku/name", "a registry of this tier has no network rules"))
        pointer = "/properties/networkRuleSet"
        rules = self.require(rules, pointer)
        if self.require(rules.defaultAction, f"{pointer}/defaultAction").lower() == "allow":
            return AllNetworks(self.evidence(f"{pointer}/defaultAction", "every address is admitted"))
        shown = self.evidence(pointer, "only addresses that a rule covers are admitted")
        return SelectedNetworks(
            tuple(
                IpRule(
                    rule_network(rule.value or None, rule.action or None),
                    self.evidence(f"{pointer}/ipRules/{index}", "an IP rule"),
                )
                for index, rule in enumerate(self.require(rules.ipRules, f"{pointer}/ipRules"))
            ),
            shown,
        )

    @property
    def data_endpoints(self) -> dict[str, Evidence]:
        """The hosts (in lower case) of its dedicated data endpoints, of which a registry has none by default."""
        if self.wire.properties.dataEndpointEnabled is not True:
            return {}
        pointer = "/properties/dataEndpointHostNames"
        hosts = self.require(self.wire.properties.dataEndpointHostNames or None, pointer)
        return {
            host.lower(): self.evidence(f"{pointer}/{index}", "a data endpoint") for index, host in enumerate(hosts)
        }

    @property
    def answers_over_ipv6(self) -> bool:
        """Whether nodes may come over IPv6; absent, and before the preview that has the property, Azure has IPv4 alone.

        Source: https://learn.microsoft.com/azure/container-registry/container-registry-ipv6-dual-stack
        """
        protocol = self.wire.properties.endpointProtocol
        return protocol.lower() != "ipv4" if protocol else False

    @property
    def is_updating(self) -> bool:
        """Whether Azure is changing the registry right now, so that what is read may already be past."""
        state = self.wire.properties.provisioningState
        return state.lower() not in {"succeeded", "failed", "canceled"} if state else False

    @property
    def is_settled(self) -> bool:
        """Whether Azure says that the last change of the registry succeeded; none is under way, and none failed."""
        return (self.wire.properties.provisioningState or "").lower() == "succeeded"

    @property
    def quarantine(self) -> Evidence:
        """The place that says whether new images are quarantined."""
        return self.evidence("/properties/policies/quarantinePolicy/status", "new images are kept in quarantine")

    @property
    def quarantines(self) -> bool:
        """Whether new images stay hidden until somebody releases them: a preview, absent where it is not enabled.

        Source: https://github.com/Azure/acr/tree/main/docs/preview/quarantine
        """
        policies = self.wire.properties.policies
        policy = policies.quarantinePolicy if policies else UNSET
        return bool(policy and policy.status and policy.status.lower() == "enabled")

    @property
    def grants_by_repository(self) -> bool:
        """Whether role assignments count by repository (ABAC); absent in registries that never left the older mode.

        Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
        """
        mode = self.wire.properties.roleAssignmentMode
        if not mode or mode.lower() == "legacyregistrypermissions":
            return False
        if mode.lower() == "abacrepositorypermissions":
            return True
        raise FactUnavailable(
            f"the role assignment mode {mode} is not known",
            "Look whether a newer pullready knows it",
            document=self.document.id,
            pointer="/properties/roleAssignmentMode",
        )


class Wanted(msgspec.Struct, frozen=True):
    """A registry that the target names: by resource id, by name, or by the host of an image."""

    named: str
    location: Location | None = None

    @property
    def subject(self) -> str:
        """The registry's name or host as it was written."""
        return ids.name_of(self.named)

    def is_at(self, registry: _Registry) -> bool:
        """Say whether *registry* is the one that is meant."""
        server = registry.properties.loginServer
        known = {registry.id.casefold(), ids.name_of(registry.id).casefold(), server.casefold() if server else ""}
        return self.named.rstrip("/").casefold() in known


@fact(Need.MANIFESTS, Need.WORKLOADS)
def wanted_registries(scope: Scope, images: tuple[ImageUse | Unread, ...]) -> tuple[Wanted | Unread, ...]:
    """Return the registries that the configuration and the images name, each once; unread images as they are."""
    return tuple(_wanted(scope, images))


def _wanted(scope: Scope, images: tuple[ImageUse | Unread, ...]) -> Iterator[Wanted | Unread]:
    seen: set[str] = set()
    for named in scope.target.registries:
        if named.casefold() not in seen:
            seen.add(named.casefold())
            file, line = scope.target.file, scope.target.line
            yield Wanted(named, Location(file, line) if file and line else None)
    for use in images:
        if isinstance(use, Unread):
            yield use
        elif (host := use.registry_host(scope.settings)) and host.casefold() not in seen:
            seen.add(host.casefold())
            yield Wanted(host, use.location)


def locate(scope: Scope, wanted: Wanted) -> str:
    """Return the resource id of *wanted*; raise :class:`FactUnavailable` where no list that was read has it.

    A resource id is taken as it is; a host is first looked for among the registries that are given by their ids, then,
    like a name, in the list of the cluster's subscription.
    """
    if wanted.named.startswith("/"):
        return wanted.named
    for named in scope.target.registries:
        if not named.startswith("/"):
            continue
        given = scope.document(named)
        if given.body is not None and wanted.is_at(decode(given, _Registry)):
            return named
    if scope.target.cluster is None:
        raise NothingToJudge("no cluster is given, so no registry is looked for")
    listed = scope.document(ids.registries_in(ids.subscription_of(scope.target.cluster)))
    for registry in decode(listed, _List).value:
        if wanted.is_at(registry):
            return registry.id
    raise FactUnavailable(
        f"no readable registry of the cluster's subscription is {wanted.named}",
        "Name it by its resource id under registries: in pullready.yaml if it is in another subscription, "
        "or list its host under ignore-registries: if it is not yours",
        document=listed.id,
        pointer="/value",
    )


def given_registries(scope: Scope) -> Iterator[Registry | Unread]:
    """Yield the registries that the configuration names by their resource ids."""
    for named in scope.target.registries:
        if named.startswith("/"):
            document = scope.document(named)
            try:
                yield Registry(document, "", decode(document, _Registry))
            except FactUnavailable as why:
                yield Unread(ids.name_of(named), why)


def listed_registries(scope: Scope) -> Iterator[Registry]:
    """Yield the registries of the cluster's subscription; raise :class:`FactUnavailable` where they were not read."""
    listed = scope.document(ids.registries_in(ids.subscription_of(str(scope.target.cluster))))
    for index, registry in enumerate(decode(listed, _List).value):
        yield Registry(listed, f"/value/{index}", registry)


def namesake(host: str, known: Iterable[Registry | Unread]) -> Registry | None:
    """Return the one of *known* that has the name in *host* and another login server; none where *host* may be right.

    The login server of a registry with a domain name label is its name and a hash.
    """
    found: Registry | None = None
    for registry in known:
        if isinstance(registry, Unread) or not registry.wire.properties.loginServer:
            if registry.subject.lower() == name_in(host):
                return None
        elif registry.login_server == host:
            return None
        elif found is None and name_in(registry.login_server) == name_in(host):
            found = registry
    return found


def name_in(host: str) -> str:
    """Return the registry's name in a login server in lower case, without the hash of a domain name label."""
    return host.lower().partition(".")[0].partition("-")[0]


def _is_misnamed(scope: Scope, wanted: Wanted) -> bool:
    """Say whether *wanted* is an image's host, and the registry with that name has another login server."""
    known = chain(given_registries(scope), listed_registries(scope))
    return wanted.named not in scope.target.registries and namesake(wanted.named, known) is not None


@fact(Need.REGISTRIES)
def registries(
    scope: Scope, wanted_registries: tuple[Wanted | Unread, ...], images: tuple[ImageUse | Unread, ...]
) -> tuple[Registry | Unread, ...]:
    """Return each registry that the target pulls from, once; unread are those that cannot be found or read.

    A host for which the registry of that name has another login server is left out: that is a fault of its own.
    """
    if scope.target.cluster is None:
        raise NothingToJudge("no cluster is given, so only the manifests are judged")
    found: dict[str, Registry | Unread] = {}
    for wanted in wanted_registries:
        if isinstance(wanted, Unread):
            found.setdefault(f"unread {wanted.subject}", wanted)
            continue
        try:
            if _is_misnamed(scope, wanted):
                continue
            id_ = locate(scope, wanted)
            document = scope.document(id_)
            found.setdefault(id_.casefold(), Registry(document, "", decode(document, _Registry)))
        except FactUnavailable as why:
            found.setdefault(wanted.named.casefold(), Unread(wanted.subject, why, wanted.location))
    if not found and not images:
        raise FactUnavailable(
            "neither the manifests nor the live cluster name an image, so nothing says what is to be pulled",
            "Correct manifests: or context:, or name the registries under registries: in pullready.yaml",
        )
    if not found:
        raise NothingToJudge("neither the configuration nor an image names an Azure container registry")
    return tuple(found.values())
