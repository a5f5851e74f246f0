"""Azure Resource Manager: resources and lists of them out of the documents of a snapshot.

What the snapshot has as a document is answered as it stands there. What only stands inside a list is answered as a
resource of its own, and a list that the snapshot lacks is made of the resources that it has.

Sources: https://learn.microsoft.com/rest/api/azure/ and
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pullready.snapshot import Snapshot, Status
from tests.azure import hierarchy
from tests.azure.entra import TENANT
from tests.azure.rbac import Grant, is_filtered, resource_type, sees
from tests.azure.wire import Answer, error

#: What Azure answers to a POST alone, though it only reads.
ACTIONS: Final = (
    "/checknameavailability",
    "/listcredentials",
    "/listnetworkmanagereffectivesecurityadminrules",
    "/listnetworkmanagereffectiveconnectivityconfigurations",
    "/providers/microsoft.resourcegraph/resources",
)
NOWHERE_ELSE: Final[Mapping[str, str]] = MappingProxyType({})
_VERSION: Final = re.compile(r"20[1-3]\d-[01]\d-[0-3]\d(-preview|-privatepreview|-alpha|-beta)?")


def version_refused(path: str, query: Mapping[str, str]) -> Answer | None:
    """Return the answer to a request without an api-version, or with one that is none."""
    version = query.get("api-version")
    if not version:
        said = "The api-version query parameter (?api-version=) is required for all requests."
        return error(400, "MissingApiVersionParameter", said)
    if not _VERSION.fullmatch(version):
        said = f"The api-version '{version}' is invalid for '{resource_type(path)}'."
        return error(400, "InvalidApiVersionParameter", said)
    return None


def resource(snapshot: Snapshot, id_: str, tenant: str = TENANT, homes: Mapping[str, str] = NOWHERE_ELSE) -> Answer:
    """Return the answer to reading *id_*, a path with the part of the query that belongs to the document's id.

    It is read in *tenant*; *homes* says of which tenant a subscription is.
    """
    document = snapshot.document(id_)
    path = id_.partition("?")[0]
    match document.status:
        case Status.READ:
            return Answer(body=document.body)
        case Status.FORBIDDEN:
            return forbidden("the caller", resource_type(path), path)
        case Status.FAILED:
            return error(503, "ServiceUnavailable", "Try again.")
        case Status.NOT_FOUND:
            return _absent(snapshot, path)
        case Status.NOT_ASKED:
            made = hierarchy.body(snapshot, id_, tenant, homes)
            return _made(snapshot, id_, path) if made is None else Answer(body=made)


def _made(snapshot: Snapshot, id_: str, path: str) -> Answer:
    known = hierarchy.resources(snapshot)
    if found := next((one for one in known if str(one.get("id")).casefold() == path.casefold()), None):
        return Answer(body=found)
    if is_filtered(path) and id_ == path and _has(snapshot, path.rpartition("/providers/")[0]):
        return Answer(body={"value": _below(snapshot, path)})
    if path.casefold().endswith("/cacherules") and snapshot.document(path.rpartition("/")[0]).status is Status.READ:
        return Answer(body={"value": []})  # a registry without any
    return _absent(snapshot, path)


def readable(body: Any, grants: list[Grant], principal: str) -> Any:
    """Return the list *body* with what the caller may read: Azure says nothing of the rest."""
    return {**body, "value": [one for one in body["value"] if sees(grants, principal, str(one.get("id")))]}


def forbidden(principal: str, action: str, scope: str) -> Answer:
    """Return the answer to a caller that lacks *action* at *scope*."""
    said = (
        f"The client '{principal}' with object id '{principal}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid."
    )
    return error(403, "AuthorizationFailed", said)


def _below(snapshot: Snapshot, path: str) -> list[Mapping[str, Any]]:
    scope = path.casefold().rpartition("/providers/")[0]
    found: dict[str, Mapping[str, Any]] = {}
    for one in hierarchy.resources(snapshot):
        id_ = str(one.get("id", "")).casefold()
        if id_.startswith(f"{scope}/") and resource_type(id_) == resource_type(path).casefold():
            found.setdefault(id_, one)
    return [*found.values()]


def _has(snapshot: Snapshot, scope: str) -> bool:
    """Say whether anything that is known lies in *scope*."""
    return any(document.id.casefold().startswith(f"{scope}/".casefold()) for document in snapshot)


def _absent(snapshot: Snapshot, path: str) -> Answer:
    segments = path.split("/")
    if "/privatednszones/" in path.casefold():  # private DNS leaves out the object around the error
        return Answer(404, {"code": "NotFound", "message": "The resource record does not exist."})
    if segments[1:2] == ["subscriptions"]:
        if not _has(snapshot, "/".join(segments[:3])):
            return error(404, "SubscriptionNotFound", f"The subscription '{segments[2]}' could not be found.")
        in_group = [one.casefold() for one in segments[3:4]] == ["resourcegroups"]
        if in_group and not _has(snapshot, "/".join(segments[:5])):
            return error(404, "ResourceGroupNotFound", f"Resource group '{segments[4]}' could not be found.")
    return error(404, "ResourceNotFound", f"The Resource '{path.rpartition('/providers/')[2]}' was not found.")
