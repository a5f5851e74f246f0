"""The rules by which a registry fetches images from elsewhere when they are first pulled.

Sources: https://learn.microsoft.com/rest/api/containerregistry/cache-rules/list and
https://learn.microsoft.com/azure/container-registry/wildcards-artifact-cache
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import decode, evidence
from pullready.facts.registry import Registry
from pullready.facts.scope import Scope
from pullready.verdict import Evidence


class _Properties(Struct, frozen=True):
    targetRepository: str | UnsetType | None = UNSET


class _Rule(Struct, frozen=True):
    name: str
    properties: _Properties


class _Rules(Struct, frozen=True):
    value: list[_Rule]


def fetched_by(scope: Scope, registry: Registry, repository: str) -> Evidence | None:
    """Return the rule of *registry* that fills *repository*; none where no rule does.

    Raise :class:`pullready.errors.FactUnavailable` where the rules were not read.
    """
    document = scope.document(ids.cache_rules_of(registry.id))
    for place, rule in enumerate(decode(document, _Rules).value):
        target = rule.properties.targetRepository
        if target and _covers(target.lower(), repository):
            pointer = f"/value/{place}/properties/targetRepository"
            return evidence(document, pointer, f"the cache rule {rule.name} fetches what is not there")
    return None


def no_rule(scope: Scope, registry: Registry) -> Evidence:
    """Return the list of the rules of *registry* as what says that none fills a repository."""
    return evidence(scope.document(ids.cache_rules_of(registry.id)), "/value", "no cache rule fetches it")


def _covers(target: str, repository: str) -> bool:
    """Say whether a rule for *target* fills *repository*; an asterisk stands for all below the path before it."""
    return repository == target or (target.endswith("*") and repository.startswith(target[:-1]))
