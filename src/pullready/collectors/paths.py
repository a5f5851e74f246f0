"""How a document of Azure Resource Manager is asked for: by which client, with which api-version, on which path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec

from pullready.collectors import admin_passwords
from pullready.collectors.answers import Unreadable
from pullready.facts.admin_user import LOG_REACH
from pullready.snapshot import Status


class Client(msgspec.Struct, frozen=True):
    """A client of Azure's SDK for Python, by module and class, and the api-version that it speaks."""

    module: str
    name: str
    api_version: str


#: By resource type in lower case; the longest that fits counts.
CLIENTS: Final[Mapping[str, Client]] = {
    "microsoft.containerservice": Client("azure.mgmt.containerservice", "ContainerServiceClient", "2026-08-01"),
    "microsoft.containerregistry": Client(
        "azure.mgmt.containerregistry", "ContainerRegistryManagementClient", "2025-11-01"
    ),
    "microsoft.authorization": Client("azure.mgmt.authorization", "AuthorizationManagementClient", "2022-04-01"),
    "microsoft.network": Client("azure.mgmt.network", "NetworkManagementClient", "2026-03-01"),
    "microsoft.network/privatednszones": Client("azure.mgmt.privatedns", "PrivateDnsManagementClient", "2024-06-01"),
    # The network client has no operations for these, and its pipeline serves them in a version of their own.
    "microsoft.network/dnsresolvers": Client("azure.mgmt.network", "NetworkManagementClient", "2022-07-01"),
    "microsoft.network/dnsforwardingrulesets": Client("azure.mgmt.network", "NetworkManagementClient", "2022-07-01"),
    # The plain client asks: the one that has the operation has it for fewer scopes than Azure.
    "microsoft.authorization/permissions": Client("azure.core", "PipelineClient", "2022-04-01"),
    # No client of the SDK that is installed has it, so the plain one asks.
    "microsoft.insights": Client("azure.core", "PipelineClient", "2015-04-01"),
    "microsoft.compute": Client("azure.mgmt.compute", "ComputeManagementClient", "2026-04-01"),
    "microsoft.compute/skus": Client("azure.mgmt.compute", "ComputeManagementClient", "2021-07-01"),
    # Compute answers it, but the network client has the operation, in a version of its own.
    "microsoft.compute/virtualmachinescalesets/publicipaddresses": Client(
        "azure.mgmt.network", "NetworkManagementClient", "2018-10-01"
    ),
}
_NAME_QUESTION: Final = "microsoft.containerregistry/checknameavailability"
#: Reads that Azure has as actions, and asks for by POST. Of their lists, the next page is asked for by a token.
ADMIN_RULES: Final = "microsoft.network/virtualnetworks/listnetworkmanagereffectivesecurityadminrules"
ACTIONS: Final = frozenset(
    {ADMIN_RULES, "microsoft.network/virtualnetworks/listnetworkmanagereffectiveconnectivityconfigurations"}
)
_EVENTS: Final = "microsoft.insights/eventtypes/values"
_EVENT_FIELDS: Final = "eventTimestamp,operationName,status,resourceId"
_PLAIN: Final = "/()!$&'*+,;=:@"


class Question(msgspec.Struct, frozen=True):
    """One request: *path* includes the query; *json* is the body of a POST."""

    client: Client
    path: str
    json: Mapping[str, Any] | None = None


def question(id_: str) -> Question:
    """Return how the document *id_* is asked for; raise :class:`Unreadable` where it is not an id of ARM.

    Ids come out of other documents and out of files, so they are not trusted to stay below the host.
    """
    path, _, query = id_.partition("?")
    segments = path.split("/")
    if segments[0] or segments[1:2] not in (["subscriptions"], ["providers"]) or {"", ".", ".."} & set(segments[1:]):
        raise Unreadable(Status.FAILED, f"{id_} is not the id of a resource in Azure", "Correct the id")
    client = _client(type_of(path), id_)
    version = f"api-version={client.api_version}"
    if type_of(path) == _NAME_QUESTION:
        name = query.removeprefix("name=")
        body = {"name": name, "type": "Microsoft.ContainerRegistry/registries"}
        return Question(client, f"{quote(path, safe=_PLAIN)}?{version}", body)
    if type_of(path) in ACTIONS or admin_passwords.is_of(path):
        return Question(client, f"{quote(path, safe=_PLAIN)}?{version}", {})
    if type_of(path) == _EVENTS and query:
        query = f"{_since(query)}&$select={_EVENT_FIELDS}"
    asked = f"{quote(query, safe=_PLAIN)}&" if query else ""
    return Question(client, f"{quote(path, safe=_PLAIN)}?{asked}{version}")


def _since(query: str) -> str:
    """Return *query*, a filter by resource, with the times that the activity log asks for in front of it."""
    now = datetime.now(UTC)
    begin = now - LOG_REACH
    times = f"eventTimestamp ge '{begin:%Y-%m-%dT%H:%M:%SZ}' and eventTimestamp le '{now:%Y-%m-%dT%H:%M:%SZ}'"
    return query.replace("$filter=", f"$filter={times} and ", 1)


def type_of(path: str) -> str:
    """Return the resource type that an ARM path names, in lower case: ``microsoft.network/privatednszones/a``."""
    after = _after_provider(path)
    return "/".join(after[:1] + after[1::2]).casefold()


def scope_of(path: str) -> str:
    """Return what reading *path* must be allowed at: the resource itself, or what a list is a list of."""
    path = path.partition("?")[0]
    after = _after_provider(path)
    if len(after) % 2:
        return path
    keep = len(path.split("/")) - (1 if len(after) > 2 else 3)  # noqa: PLR2004  (a list right below its provider)
    return "/".join(path.split("/")[:keep]) or "/"


def _client(type_: str, id_: str) -> Client:
    while type_:
        if type_ in CLIENTS:
            return CLIENTS[type_]
        type_ = type_.rpartition("/")[0]
    raise Unreadable(Status.FAILED, f"{id_} is of a type that is not read", "Correct the id")


def _after_provider(path: str) -> list[str]:
    segments = path.partition("?")[0].strip("/").split("/")
    lowered = [segment.casefold() for segment in segments]
    if "providers" not in lowered:
        return []
    return segments[len(segments) - lowered[::-1].index("providers") :]
