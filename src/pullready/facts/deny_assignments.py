"""Deny assignments, as ``Microsoft.Authorization`` answers them: what they deny, to whom, and where.

Nobody writes them by hand: deployment stacks, managed applications and AKS (on the node resource group alone) do,
mostly against writing and deleting.
Sources: https://learn.microsoft.com/rest/api/authorization/deny-assignments/list-for-scope and
https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from pullready.errors import FactUnavailable
from pullready.facts import ids
from pullready.facts.base import Fact
from pullready.facts.clauses import Clause
from pullready.facts.roles import PULL_ACTION, Carried, Permission, carried, reaches
from pullready.verdict import Evidence

#: The principal that stands for everybody in the directory; its type is ``SystemDefined``.
EVERYBODY: Final = "00000000-0000-0000-0000-000000000000"
#: Groups by their object id in lower case, each with what says that the principal is in it.
Memberships = Mapping[str, Evidence]


class _Principal(Struct, frozen=True):
    id: str | UnsetType | None = UNSET
    type: str | UnsetType | None = UNSET


class _Permission(Permission, frozen=True):
    condition: str | UnsetType | None = UNSET
    conditionVersion: str | UnsetType | None = UNSET


class _Properties(Struct, frozen=True):
    denyAssignmentName: str | UnsetType | None = UNSET
    permissions: list[_Permission] | UnsetType | None = UNSET
    scope: str | UnsetType | None = UNSET
    doNotApplyToChildScopes: bool | UnsetType | None = UNSET
    principals: list[_Principal] | UnsetType | None = UNSET
    excludePrincipals: list[_Principal] | UnsetType | None = UNSET
    condition: str | UnsetType | None = UNSET
    conditionVersion: str | UnsetType | None = UNSET


class DenialWire(Struct, frozen=True):
    """A deny assignment."""

    properties: _Properties
    id: str | UnsetType | None = UNSET


class DenialsWire(Struct, frozen=True):
    """A list of deny assignments."""

    value: list[DenialWire]


class DenyAssignment(Fact, frozen=True):
    """A deny assignment; ``base`` points at it in the list that was read at the registry."""

    wire: DenialWire

    @property
    def name(self) -> str:
        """The display name, or the resource id where the answer has none."""
        return self.wire.properties.denyAssignmentName or self.id or "without a name"

    @property
    def id(self) -> str | None:
        """The resource id, if the answer has it."""
        return self.wire.id or None

    def covers(self, registry: str) -> bool:
        """Say whether its scope is *registry*, or contains it and passes on to what is below.

        Azure documents that a deny assignment passes on where it does not say otherwise.
        """
        scope = self.require(self.wire.properties.scope, "/properties/scope")
        if self.is_for_its_scope_alone:
            return ids.same(scope, registry)
        return reaches(scope, registry)

    @property
    def is_for_its_scope_alone(self) -> bool:
        """Whether it does not pass on to what is below its scope."""
        return self.wire.properties.doNotApplyToChildScopes is True

    def denies(self, data_action: str | None) -> Iterator[tuple[Carried, Clause | None]]:
        """Yield where it denies *data_action*, or without one the pull, each with the condition, if there is one.

        Azure documents every list of patterns as optional. A condition on the whole counts beside one on a part, so
        two of them are none that can be judged.
        """
        properties = self.wire.properties
        permissions = self.require(properties.permissions, "/properties/permissions")
        for index, one in enumerate(permissions):
            pointer = f"/properties/permissions/{index}/{'dataActions' if data_action else 'actions'}"
            patterns = one.dataActions if data_action else one.actions
            spared = one.notDataActions if data_action else one.notActions
            found = carried([(pointer, patterns or (), spared or ())], data_action or PULL_ACTION)
            if found is None:
                continue
            texts = [text for text in (properties.condition, one.condition) if text]
            version = properties.conditionVersion or one.conditionVersion or None
            clause = Clause(" and ".join(texts), version if len(texts) == 1 else None, data_action or PULL_ACTION)
            yield found, clause if texts else None

    def against(self, principal: str, groups: Memberships | None) -> tuple[Evidence, ...]:
        """Return what names *principal* (object id), everybody, or a group that it is in; nothing where it is spared.

        Raise :class:`FactUnavailable` where the groups decide and are not known, which *groups* is none for.
        """
        properties = self.wire.properties
        listed = self.require(properties.principals, "/properties/principals")
        excluded = properties.excludePrincipals or []
        if self._naming("excludePrincipals", excluded, principal, groups or {}):
            return ()
        named = self._naming("principals", listed, principal, groups)
        if named and groups is None:
            self._naming("excludePrincipals", excluded, principal, groups)
        return named

    def _naming(
        self, key: str, listed: list[_Principal], principal: str, groups: Memberships | None
    ) -> tuple[Evidence, ...]:
        """Return which of the principals *listed* under *key* is meant; raise where that may be a group alone."""
        open_: FactUnavailable | None = None
        for index, one in enumerate(listed):
            pointer = f"/properties/{key}/{index}/id"
            id_ = self.require(one.id, pointer).lower()
            kind = (one.type or "").lower()
            if id_ in {EVERYBODY, principal.lower()}:
                says = "everybody" if id_ == EVERYBODY else "the principal itself"
                return (self.evidence(pointer, f"whom it is against: {says}"),)
            if kind and "group" not in kind:
                continue
            if groups is None:
                open_ = FactUnavailable(
                    f"the deny assignment {self.name} names the group {id_}, and which groups {principal} is in is "
                    "not known",
                    "Let whoever reads have Application.Read.All of Microsoft Graph (docs/permissions.md)",
                    document=self.document.id,
                    pointer=self.base + pointer,
                )
            elif id_ in groups:
                return (self.evidence(pointer, "whom it is against: a group"), groups[id_])
        if open_:
            raise open_
        return ()
