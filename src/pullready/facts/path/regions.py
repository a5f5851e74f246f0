"""The Azure regions that a registry answers from.

Source: https://learn.microsoft.com/rest/api/containerregistry/replications/list
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from pullready.facts import ids
from pullready.facts.base import Fact, decode
from pullready.facts.registry import Registry
from pullready.facts.scope import Scope


class _Replication(Struct, frozen=True):
    location: str | UnsetType | None = UNSET


class _List(Struct, frozen=True):
    value: list[_Replication]


def regions_of(scope: Scope, registry: Registry) -> tuple[str, ...]:
    """Return the names of the regions (such as ``westeurope``): only a Premium registry has more than its own.

    Source: https://learn.microsoft.com/azure/container-registry/container-registry-skus
    """
    home = _normal(registry.require(registry.wire.location, "/location"))
    sku = registry.require(registry.wire.sku.name if registry.wire.sku else UNSET, "/sku/name")
    if sku.lower() in {"basic", "standard"}:
        return (home,)
    replications = Fact(scope.document(ids.replications_of(registry.id)), "")
    listed = decode(replications.document, _List).value
    others = (
        _normal(replications.require(one.location, f"/value/{index}/location")) for index, one in enumerate(listed)
    )
    return tuple(dict.fromkeys((home, *others)))


def _normal(region: str) -> str:
    """Return the region's name as service tags spell it, in lower case; ARM also answers the display name."""
    return region.replace(" ", "").lower()
