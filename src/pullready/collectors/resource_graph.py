"""Reading many resources by one question: Azure Resource Graph keeps copies of what resource providers answer.

A copy may lag behind, and one that is not there proves nothing: only what is answered counts, and all else is read
singly. docs/adr/0007-reading-through-resource-graph.md says why, and what of an answer counts.

Sources: https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources,
https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources and
https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from pullready.collectors import paths
from pullready.collectors.answers import Unreadable
from pullready.collectors.permissions import Permission
from pullready.facts import ids
from pullready.snapshot import Status

CLIENT: Final = paths.Client("azure.mgmt.resourcegraph", "ResourceGraphClient", "2021-03-01")
#: The name that its requests are counted under, and that stands before the api-version of its documents.
SERVICE: Final = "resource-graph"
PERMISSION: Final = Permission(
    "Microsoft.ResourceGraph/resources/read", "the subscriptions of what is read through it", opt_in=SERVICE
)
#: One resource is read singly: that is no more to ask, and never late.
FEWEST: Final = 2
#: Far below the thousand rows of a page: an answer may have 16 MiB, and virtual networks are large.
MOST_AT_ONCE: Final = 100
PATH: Final = "/providers/Microsoft.ResourceGraph/resources"
_COLUMNS: Final = ("id", "name", "type", "location", "kind", "tags", "sku", "identity", "zones", "properties")
#: The api-version of Microsoft.Network that has all the properties which facts read.
_NETWORK: Final = "2024-07-01"
#: Of which types copies count, and from which api-version on. Resource Graph asks some providers in an older version
#: than a single read does, and a property that the version lacks must not look like one that a resource lacks.
TYPES: Final[Mapping[str, str]] = {
    "microsoft.containerregistry/registries": paths.CLIENTS["microsoft.containerregistry"].api_version,
    "microsoft.containerservice/managedclusters": paths.CLIENTS["microsoft.containerservice"].api_version,
    "microsoft.network/firewallpolicies": _NETWORK,
    "microsoft.network/ipgroups": _NETWORK,
    "microsoft.network/natgateways": _NETWORK,
    "microsoft.network/networkinterfaces": _NETWORK,
    "microsoft.network/networksecuritygroups": _NETWORK,
    "microsoft.network/privateendpoints": _NETWORK,
    "microsoft.network/publicipaddresses": _NETWORK,
    "microsoft.network/publicipprefixes": _NETWORK,
    "microsoft.network/routetables": _NETWORK,
    "microsoft.network/virtualnetworks": _NETWORK,
}
#: Resource Graph replaces what stands in double braces, in strings too; no name of a resource has braces.
_RESOURCE: Final = re.compile(
    r"/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/resourceGroups/[^/?{}\x00-\x1f]+"
    r"/providers/[a-z.]+/[a-z]+/[^/?{}\x00-\x1f]+",
    re.IGNORECASE,
)
_STABLE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    count: int
    data: list[Any]
    result_truncated: Literal["true", "false"]
    token: str | None = msgspec.field(name="$skipToken", default=None)


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    type: str
    properties: dict[str, Any]
    api_version: str


class Copy(msgspec.Struct, frozen=True):
    """A resource as its provider answered it in *api_version*, some time ago."""

    api_version: str
    body: dict[str, Any]


class Held(msgspec.Struct, frozen=True):
    """The copies that count, by the id that was asked for; ``refusal`` is why there may be more than was answered."""

    copies: Mapping[str, Copy]
    refusal: Unreadable | None = None


def is_asked_for(id_: str) -> bool:
    """Say whether the document *id_* is a resource of which Resource Graph may have a copy that counts."""
    return (
        _RESOURCE.fullmatch(id_) is not None and not {".", ".."} & set(id_.split("/")) and paths.type_of(id_) in TYPES
    )


def batches(wanted: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield those of *wanted* that are asked for together, in as many parts as there have to be."""
    asked = [id_ for id_ in wanted if is_asked_for(id_)]
    for start in range(0, len(asked), MOST_AT_ONCE):
        batch = tuple(asked[start : start + MOST_AT_ONCE])
        if len(batch) >= FEWEST:
            yield batch


def query(wanted: Iterable[str]) -> str:
    """Return the query for the resources *wanted*, in an order that stays the same from page to page."""
    listed = ", ".join(_literal(id_) for id_ in wanted)
    columns = ", ".join((*_COLUMNS, "apiVersion"))
    return f"resources\n| where id in~ ({listed})\n| project {columns}\n| order by id asc"


def question(wanted: Sequence[str], token: str | None = None) -> paths.Question:
    """Return how the resources *wanted* are asked for; *token* names the page."""
    options: dict[str, Any] = {"resultFormat": "objectArray", "$top": 1000}
    asked = {
        "subscriptions": list(ids.subscriptions_of(wanted)),
        "query": query(wanted),
        "options": options | ({"$skipToken": token} if token else {}),
    }
    return paths.Question(CLIENT, f"{PATH}?api-version={CLIENT.api_version}", asked)


def read(wanted: Sequence[str], ask: Callable[[paths.Question], Any]) -> Held:
    """Return the copies of *wanted* that count, out of all the pages that *ask* gets; what goes wrong ends them.

    A resource that is answered twice, and not alike, has none.
    """
    named = {id_.casefold(): id_ for id_ in wanted}
    rows: dict[str, Any] = {}
    refusal = None
    try:
        for page in _pages(wanted, ask):
            known = len(rows)
            for id_, row in _rows(page, named):
                rows[id_] = row if rows.get(id_, row) == row else None
            if page.token and len(rows) == known:
                raise _strange("goes on with pages that have nothing new")
    except Unreadable as why:
        refusal = why
    copies = {named[id_]: _copy(id_, row) for id_, row in rows.items()}
    return Held({id_: copy for id_, copy in copies.items() if copy}, refusal)


def _pages(wanted: Sequence[str], ask: Callable[[paths.Question], Any]) -> Iterator[_Page]:
    token: str | None = None
    while True:
        try:
            page = msgspec.convert(ask(question(wanted, token)), _Page)
        except msgspec.ValidationError:
            raise _strange("answers in another shape than it documents") from None
        if page.count != len(page.data):
            raise _strange("answers with other rows than it counts")
        yield page
        token = page.token
        if not token:
            break
    if page.result_truncated == "true":
        raise _strange("cut its answer off")


def _rows(page: _Page, named: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield the rows of what was asked for, each with its id in lower case."""
    for row in page.data:
        id_ = row.get("id") if isinstance(row, dict) else None
        if isinstance(id_, str) and id_.casefold() in named:
            yield id_.casefold(), row


def _copy(id_: str, row: Any) -> Copy | None:
    """Return what *row* says of the resource *id_* in the shape of a single read, where it says enough.

    A copy that was made while Azure changed the resource is out of date for certain. A column that a resource has
    nothing for is empty, where a single read has no property.
    """
    try:
        told = msgspec.convert(row, _Row)
    except msgspec.ValidationError:
        return None
    type_, version = paths.type_of(id_), told.api_version
    settled = str(told.properties.get("provisioningState", "Succeeded")).casefold() == "succeeded"
    if told.type.casefold() != type_ or not settled or not _STABLE.fullmatch(version) or version < TYPES[type_]:
        return None
    return Copy(version, {name: row[name] for name in _COLUMNS if row.get(name) not in (None, "")})


def _literal(text: str) -> str:
    """Return *text* as a string of the Kusto Query Language, whatever stands in it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _strange(what: str) -> Unreadable:
    return Unreadable(Status.FAILED, f"Azure Resource Graph {what}")
