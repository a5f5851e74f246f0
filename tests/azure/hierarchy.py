"""Tenants, subscriptions, resource groups and what lies in them, made of the resources that a snapshot has.

Sources: https://learn.microsoft.com/rest/api/resources/subscriptions/list,
https://learn.microsoft.com/rest/api/resources/resource-groups/get and
https://learn.microsoft.com/rest/api/resources/resources/list
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pullready.snapshot import Provider, Snapshot

Resource = Mapping[str, Any]
_GROUP: Final = re.compile(r"/subscriptions/([^/]+)/resourcegroups/([^/]+)", re.IGNORECASE)
_TYPE: Final = re.compile(r"resourceType eq '([^']+)'", re.IGNORECASE)
_POLICIES: Final = {
    "locationPlacementId": "Public_2014-09-01",
    "quotaId": "PayAsYouGo_2014-09-01",
}


def resources(snapshot: Snapshot) -> Iterator[Resource]:
    """Yield every resource that stands in a document of its own, in a list, or below another resource."""
    for document in snapshot:
        if document.provider is not Provider.ARM or not isinstance(document.body, dict):
            continue
        listed = document.body.get("value")
        for one in [document.body] if listed is None else listed:
            if isinstance(one, dict):
                yield one
                yield from _children(one)


def body(snapshot: Snapshot, id_: str, tenant: str, homes: Mapping[str, str]) -> Resource | None:
    """Return what *id_* is answered with in *tenant*, where it is one of the levels above resources, or lists them.

    *homes* says of which tenant a subscription is.
    """
    path, _, query = id_.partition("?")
    groups = _groups(snapshot)
    match [part.casefold() for part in path.split("/")[1:]]:
        case ["subscriptions", name] if any(home == name for home, _ in groups):
            return _subscription(name, tenant)
        case ["subscriptions", name, "resourcegroups", group]:
            return groups.get((name, group))
        case ["subscriptions"]:
            names = sorted({home for home, _ in groups})
            listed = [_subscription(name, tenant) for name in names if homes.get(name, tenant) == tenant]
            return {"value": listed}
        case ["tenants"]:
            listed = [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "shop"}]
            return {"value": listed}
    found = _listed(snapshot, path, query)
    return None if found is None else {"value": found}


def _listed(snapshot: Snapshot, path: str, query: str) -> list[Resource] | None:
    match [part.casefold() for part in path.split("/")[1:]]:
        case ["subscriptions", name, "resourcegroups"]:
            return [group for (home, _), group in _groups(snapshot).items() if home == name]
        case ["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", _, "resources"]:
            return _typed(snapshot, path.rpartition("/")[0], query)
        case [*_, "providers", "microsoft.authorization", "roledefinitions"] if not query:
            return _distinct(one for one in resources(snapshot) if "/roledefinitions/" in _id(one))
        case [*_, "providers", "microsoft.authorization", "denyassignments" | "roleassignments"] if not query:
            at_scope = snapshot.document(f"{path}?$filter=atScope()").body
            return None if at_scope is None else [*at_scope["value"]]
    return _collection(snapshot, path)


def _subscription(name: str, tenant: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{name}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": name,
        "tenantId": tenant,
        "displayName": "shop",
        "state": "Enabled",
        "subscriptionPolicies": _POLICIES,
    }


def _groups(snapshot: Snapshot) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the resource groups by subscription and name in lower case."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for document in snapshot:
        if (match := _GROUP.match(document.id)) and document.body is not None:
            subscription, name = match.groups()
            told = {"type": "Microsoft.Resources/resourceGroups", "location": "westeurope"}
            group = {"id": match[0], "name": name, **told, "properties": {"provisioningState": "Succeeded"}}
            found.setdefault((subscription.casefold(), name.casefold()), group)
    return found


def _typed(snapshot: Snapshot, scope: str, query: str) -> list[Resource]:
    """Return the resources at *scope*, of the type that *query* filters by, without their properties."""
    wanted = _TYPE.search(query)
    shown = ("id", "name", "type", "location", "tags", "sku", "kind", "identity")
    return [
        {key: one[key] for key in shown if key in one}
        for one in _distinct(resources(snapshot))
        if _id(one).startswith(f"{scope.casefold()}/")
        and _id(one).partition("/providers/")[2].count("/") == 2  # namespace, type, name
        and (wanted is None or str(one.get("type")).casefold() == wanted[1].casefold())
    ]


def _collection(snapshot: Snapshot, path: str) -> list[Resource] | None:
    """Return the list of sub-resources that *path* names, where their parent tells of it."""
    parent, _, name = path.casefold().rpartition("/")
    for one in resources(snapshot):
        if _id(one) == parent and isinstance(one.get("properties"), dict):
            for key, listed in one["properties"].items():
                if key.casefold() == name and isinstance(listed, list):
                    return listed
    return None


def _children(parent: Resource) -> Iterator[Resource]:
    properties = parent.get("properties")
    for listed in properties.values() if isinstance(properties, dict) else ():
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and "properties" in one and _id(one).startswith(f"{_id(parent)}/"):
                yield one


def _distinct(found: Iterable[Resource]) -> list[Resource]:
    return [*{_id(one): one for one in found}.values()]


def _id(one: Resource) -> str:
    return str(one.get("id", "")).casefold()
