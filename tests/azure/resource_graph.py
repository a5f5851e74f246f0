"""Azure Resource Graph: copies of the resources in a snapshot, asked for in the one form of query that is sent.

The index may lag behind, which ``Index`` says: resources that are not in it yet, and copies of what is no more so.

Sources: https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources,
https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources and
https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pullready.snapshot import Provider, Snapshot, Status
from tests.azure.kusto import Query, QueryInvalid, parse
from tests.azure.rbac import Grant
from tests.azure.wire import Answer, error

PATH: Final = "/providers/microsoft.resourcegraph/resources"
_ACTION: Final = "Microsoft.ResourceGraph/resources/read"
_MOST_ROWS: Final = 1000
_MOST_SUBSCRIPTIONS: Final = 1000
#: Types of the table ``resources``; children, records and role assignments are in others, or in none.
TABLE: Final = frozenset(
    {
        "microsoft.compute/virtualmachines",
        "microsoft.compute/virtualmachinescalesets",
        "microsoft.containerregistry/registries",
        "microsoft.containerservice/managedclusters",
        "microsoft.network/azurefirewalls",
        "microsoft.network/dnsforwardingrulesets",
        "microsoft.network/dnsresolvers",
        "microsoft.network/firewallpolicies",
        "microsoft.network/ipgroups",
        "microsoft.network/natgateways",
        "microsoft.network/networkinterfaces",
        "microsoft.network/networksecuritygroups",
        "microsoft.network/privatednszones",
        "microsoft.network/privateendpoints",
        "microsoft.network/publicipaddresses",
        "microsoft.network/publicipprefixes",
        "microsoft.network/routetables",
        "microsoft.network/virtualnetworks",
    }
)
#: Later than any that this project speaks.
_NEWEST: Final = "2099-01-01"
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RESOURCE: Final = re.compile(r"/subscriptions/([^/]+)/resourcegroups/([^/]+)/providers/([^/]+/[^/]+)/([^/]+)")


@dataclass
class Index:
    """What Resource Graph has: all but ``unindexed`` (ids), and ``stale`` bodies by id, whatever is true by now.

    ``api_versions`` say by type (in lower case) in which version a provider was asked; pages have up to ``page_size``
    rows. Where it ``truncates``, an answer ends after its first page without a token.
    """

    unindexed: set[str] = field(default_factory=set)
    stale: dict[str, Any] = field(default_factory=dict)
    api_versions: dict[str, str | None] = field(default_factory=dict)
    page_size: int = _MOST_ROWS
    truncates: bool = False

    def rows(self, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
        """Yield the table ``resources``."""
        unindexed = {id_.casefold() for id_ in self.unindexed}
        bodies = {one.id: one.body for one in snapshot if one.provider is Provider.ARM and one.status is Status.READ}
        for id_, body in (bodies | self.stale).items():
            named = _RESOURCE.fullmatch(id_.casefold())
            if named and named[3] in TABLE and isinstance(body, dict) and id_.casefold() not in unindexed:
                yield self._row(id_, body, named)

    def _row(self, id_: str, body: Mapping[str, Any], named: re.Match[str]) -> dict[str, Any]:
        """Return a row: type, group and region in lower case, empty strings and nulls for what is not there."""
        said = {name: body.get(name) for name in ("sku", "plan", "properties", "tags", "identity", "zones")}
        return said | {
            "id": body.get("id", id_),
            "name": body.get("name", id_.rpartition("/")[2]),
            "type": named[3],
            "tenantId": "",
            "kind": body.get("kind", ""),
            "location": str(body.get("location", "")).replace(" ", "").lower(),
            "resourceGroup": named[2],
            "subscriptionId": named[1],
            "managedBy": body.get("managedBy", ""),
            "extendedLocation": None,
            "apiVersion": self.api_versions.get(named[3], _NEWEST),
        }


def answer(
    snapshot: Snapshot, sent: Mapping[str, Any], index: Index, grants: Sequence[Grant] | None = None, caller: str = ""
) -> Answer:
    """Return the answer to the question *sent*; without *grants*, every *caller* may read all."""
    try:
        asked = _Asked.of(sent)
    except QueryInvalid as invalid:
        return _invalid(invalid)
    subscriptions = asked.subscriptions
    if grants is not None:
        subscriptions = {one for one in subscriptions if _may_enter(grants, caller, one)}
    if not subscriptions:
        return error(403, "AccessDenied", "The caller has access to none of the subscriptions.")
    named = {id_.casefold() for id_ in asked.query.ids}
    rows = [
        row
        for row in index.rows(snapshot)
        if row["id"].casefold() in named
        and row["subscriptionId"] in subscriptions
        and (grants is None or any(one.allows(caller, f"{row['type']}/read", row["id"]) for one in grants))
    ]
    return Answer(body=_page(asked, sorted(rows, key=lambda row: str(row["id"])), index))


@dataclass(frozen=True)
class _Asked:
    query: Query
    subscriptions: set[str]
    start: int
    top: int
    digest: str

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> _Asked:
        """Return what is asked; raise :class:`QueryInvalid` for anything that is not sent in this form."""
        options = sent.get("options", {})
        if sent.keys() - {"query", "subscriptions", "options"}:
            raise QueryInvalid("BadRequest", "The request has properties that are not known.")
        if options.keys() - {"resultFormat", "$top", "$skipToken"} or options.get("resultFormat") != "objectArray":
            raise QueryInvalid("BadRequest", "The options are not valid.")
        subscriptions = sent.get("subscriptions") or []
        if not 0 < len(subscriptions) <= _MOST_SUBSCRIPTIONS or not all(map(_GUID.fullmatch, subscriptions)):
            raise QueryInvalid("InvalidSubscriptionId", "The subscriptions are missing, too many, or no GUIDs.")
        top = options.get("$top", _MOST_ROWS)
        if not isinstance(top, int) or not 1 <= top <= _MOST_ROWS:
            raise QueryInvalid("BadRequest", "$top is out of its range.")
        digest = hashlib.sha256(json.dumps([sent["query"], subscriptions]).encode()).hexdigest()
        start = _start(options["$skipToken"], digest) if "$skipToken" in options else 0
        return cls(parse(sent["query"]), {one.casefold() for one in subscriptions}, start, top, digest)


def _start(token: str, digest: str) -> int:
    try:
        start, of = json.loads(base64.b64decode(token))
    except ValueError:
        raise QueryInvalid("InvalidSkipToken", "The skip token is not valid.") from None
    if of != digest:
        raise QueryInvalid("InvalidSkipToken", "The skip token is of another query.")
    return int(start)


def _page(asked: _Asked, rows: Sequence[Mapping[str, Any]], index: Index) -> dict[str, Any]:
    end = asked.start + min(index.page_size, asked.top)
    shown = [{name: row[name] for name in asked.query.columns} for row in rows[asked.start : end]]
    more = end < len(rows)
    token = base64.b64encode(json.dumps([end, asked.digest]).encode()).decode()
    return {
        "totalRecords": len(rows),
        "count": len(shown),
        "data": shown,
        "facets": [],
        "resultTruncated": "true" if more and index.truncates else "false",
        **({"$skipToken": token} if more and not index.truncates else {}),
    }


def _may_enter(grants: Sequence[Grant], caller: str, subscription: str) -> bool:
    """Say whether *caller* may ask about *subscription*, or something in it."""
    inside = f"/subscriptions/{subscription}/"
    scopes = [one.scope for one in grants if one.allows(caller, _ACTION, one.scope)]
    return any(scope == "/" or f"{scope}/".casefold().startswith(inside) for scope in scopes)


def _invalid(why: QueryInvalid) -> Answer:
    said = "To be named to the support: correlationId = 00000000-0000-4000-8000-000000000000."
    return Answer(400, {"error": {"code": "BadRequest", "message": said, "details": why.details}})
