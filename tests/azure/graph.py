"""Microsoft Graph v1.0 out of the documents of a snapshot.

Sources: https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/paging and
https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pullready.snapshot import Snapshot, Status
from tests.azure import directory
from tests.azure.wire import Answer, error

APPLICATIONS: Final = "Application.Read.All"
OBJECTS: Final = "Directory.Read.All"


def resource(snapshot: Snapshot, id_: str, tenant: str) -> Answer:
    """Return the answer to reading *id_* (``graph:/v1.0/…``) as *tenant* sees it."""
    document = snapshot.document(id_.replace("graph:", f"graph:{tenant}", 1))
    if document.status is Status.NOT_ASKED:
        document = snapshot.document(id_)
    match document.status:
        case Status.READ:
            return Answer(body=document.body)
        case Status.FORBIDDEN:
            return denied()
        case Status.FAILED:
            return error(503, "ServiceUnavailable", "Try again.")
    return _made(snapshot, id_)


def _made(snapshot: Snapshot, id_: str) -> Answer:
    try:
        listed = directory.listed(snapshot, id_)
    except ValueError:
        return error(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.")
    if listed is not None:
        return Answer(body={"value": listed})
    if (single := directory.single(snapshot, id_)) is not None:
        return Answer(body=single)
    return error(404, "Request_ResourceNotFound", f"Resource '{id_.rpartition('/')[2]}' does not exist.")


def denied() -> Answer:
    """Return the answer to a caller without the permission."""
    return error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def is_permitted(id_: str, permissions: AbstractSet[str]) -> bool:
    """Say whether *permissions*, names of application permissions, let a caller read *id_*."""
    return OBJECTS in permissions or ("/directoryobjects" not in id_.casefold() and APPLICATIONS in permissions)


def selected(body: Any, query: Mapping[str, str]) -> Any:
    """Return *body* with the fields alone that the caller wants."""
    if "$select" not in query:
        return body
    fields = {"@odata.type", *query["$select"].split(",")}
    if "value" not in body:
        return {key: value for key, value in body.items() if key in fields}
    return {**body, "value": [{key: value for key, value in one.items() if key in fields} for one in body["value"]]}
