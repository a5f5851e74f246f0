"""What goes wrong between a run and Azure, and what comes of it: the rows of docs/reliability.md, proven one by one."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

from pullready.facts import ids
from pullready.snapshot import Status
from tests.azure.certificates import server_context
from tests.azure.standin import Fault, Standin
from tools.shop.environment import LEGACY_CLIENT, NODE_GROUP

#: A list of three, that other documents are named by.
SETS: Final = ids.scale_sets_in(NODE_GROUP)
DIRECTORY: Final = ids.service_principal(LEGACY_CLIENT)
LATER: Final = "Run again later; if it stays, look at https://status.azure.com"
NETWORK: Final = "Check the network, and the endpoints of the cloud in pullready.yaml"
PROXY: Final = "Look whether a proxy stands between, and whether the endpoints of the cloud in pullready.yaml are right"
AGAIN: Final = "Run again; if it stays, look whether a proxy changes the answers"
FEWER: Final = "Run again later, or with fewer targets"
#: How many pages a list may have in the test.
FEW_PAGES: Final = 5
HTML: Final = {"Content-Type": "text/html"}


@dataclass(frozen=True)
class Stage:
    """Where a fault is made: the services, a folder, and how to set a variable or to start other services."""

    standin: Standin
    folder: Path
    authority: Path
    setenv: Callable[[str, str], None]
    serve: Callable[[ssl.SSLContext], Standin]


@dataclass(frozen=True)
class Row:
    """A fault, and what a run makes of it.

    ``makes`` brings it about for ``document``, or for all of Azure Resource Manager where that is none. ``says`` is
    what is said of the document and ``remedy`` what would help; where both are none, the fault is overcome, or the
    document is not there. ``asks`` is how often the document is asked for, and ``seconds`` how long the run may take
    with the small times of the test.
    """

    fault: str
    does: str
    makes: Callable[[Stage], object]
    says: str | None = None
    remedy: str = ""
    document: str | None = SETS
    status: Status = Status.READ
    asks: int | None = None
    seconds: float = 40
    page_size: int = 10


def error(code: str) -> dict[str, Any]:
    """Return an error in the shape that Azure gives it."""
    return {"error": {"code": code, "message": "Said by Azure."}}


def answered(
    status: int, body: Any = None, headers: Mapping[str, str] | None = None, document: str = SETS, **fault: Any
) -> Callable[[Stage], object]:
    """Return how *document* is answered with *status*, and an error's code or another body."""
    shown = error(body) if isinstance(body, str) else body
    return lambda stage: stage.standin.fails(document, Fault(status, shown, headers or {}, **fault))


def throttled(**fault: Any) -> Callable[[Stage], object]:
    return answered(429, "TooManyRequests", **fault)


def until_a_date(stage: Stage) -> None:
    """Throttle until a time by the service's clock, which is ahead by a day."""
    there = datetime.now(UTC) + timedelta(days=1)
    told = {"Date": format_datetime(there, usegmt=True)}
    told["Retry-After"] = format_datetime(there + timedelta(seconds=1), usegmt=True)
    throttled(headers=told, times=1)(stage)


def paged(*values: Any, goes_on: str | None = None, **fault: Any) -> Callable[[Stage], object]:
    """Return how the list is answered with a page of *values*, and a link that goes on at a path of a host."""

    def make(stage: Stage) -> None:
        own = f"{stage.standin.urls['arm']}{SETS}?api-version=2026-04-01"
        link = {} if goes_on is None else {"nextLink": goes_on or own}
        stage.standin.fails(SETS, Fault(200, {"value": list(values), **link}, **fault))

    return make


def endless(stage: Stage) -> None:
    """Answer each page of the list with a link to one that was not there before."""
    answer = stage.standin.answer
    pages = iter(range(1_000_000))

    def going_on(request: Any, sent: Mapping[str, Any]) -> Any:
        if request.id != SETS:
            return answer(request, sent)
        link = f"{stage.standin.urls['arm']}{SETS}?api-version=2026-04-01&$skiptoken={next(pages)}"
        return Fault(200, {"value": [], "nextLink": link})

    stage.standin.answer = going_on  # type: ignore[method-assign]


def revoked(stage: Stage) -> None:
    """Let the tokens that were issued so far count no more from the tenth request on."""
    answer = stage.standin.answer

    def losing(request: Any, sent: Mapping[str, Any]) -> Any:
        if len(stage.standin.requests) == 10:
            stage.standin.entra.revoke()
        return answer(request, sent)

    stage.standin.answer = losing  # type: ignore[method-assign]


def elsewhere(host: str) -> Callable[[Stage], object]:
    """Return how Azure Resource Manager gets to be *host*."""

    def move(stage: Stage) -> None:
        stage.standin.urls["arm"] = host.format(port=stage.standin.urls["arm"].rpartition(":")[2])

    return move


def behind_a_proxy(stage: Stage) -> None:
    """Let the way to Azure Resource Manager lead over a proxy that nobody runs."""
    stage.setenv("HTTPS_PROXY", "http://canary:canary@localhost:1")
    elsewhere("https://management.invalid")(stage)


def slow(stage: Stage) -> None:
    """Answer the list late, but in time."""
    answered(200, stage.standin.snapshot.document(SETS).body, delay=0.2)(stage)


def doubled(stage: Stage) -> None:
    """Answer the list with each of its resources twice."""
    values = stage.standin.snapshot.document(SETS).body["value"]
    paged(*values, *values)(stage)


def with_certificate(*, days: int, is_trusted: bool) -> Callable[[Stage], object]:
    """Return how Azure Resource Manager gets a certificate that ends in so many *days*."""

    def make(stage: Stage) -> None:
        context, authority = server_context(stage.folder, days=days)
        if is_trusted:
            known = stage.folder / "known.pem"
            stage.setenv("REQUESTS_CA_BUNDLE", str(known))
            known.write_bytes(authority.read_bytes() + stage.authority.read_bytes())
        stage.standin.urls["arm"] = stage.serve(context).urls["arm"]

    return make


TWICE: Final = {"id": f"{SETS}/twice"}
SENT_AGAIN: Final = "sends the request again, after a time that doubles"
ONCE_MORE: Final = "sends the request again, twice"
WAITS: Final = "lets nothing else out for that long, then goes on at the pace of the limit"
NOT_FOLLOWED: Final = "refuses what is not in Azure's shape and type: it proves nothing"
HOLE: Final = "reads the list a second time"

ROWS: Final = (
    Row("401: the token is refused from some request on", "fetches one new token for all", revoked, document=None),
    Row(
        "401, once",
        "fetches a new token and sends the request again",
        answered(401, "ExpiredAuthenticationToken", times=1),
        asks=2,
    ),
    Row(
        "401, with a new token too",
        "fetches one new token",
        answered(401, "ExpiredAuthenticationToken"),
        "ExpiredAuthenticationToken: {host} does not accept the sign-in",
        "Sign in to the tenant that the resource belongs to (az login --tenant …); "
        "name it under tenant: in pullready.yaml where targets are in several",
        status=Status.FORBIDDEN,
        asks=2,
    ),
    Row(
        "401 because the subscription is another tenant's",
        "fetches no new token: it would be of the same tenant",
        answered(401, "InvalidAuthenticationTokenTenant"),
        "InvalidAuthenticationTokenTenant: {host} does not accept the sign-in",
        "Sign in to the tenant that the resource belongs to (az login --tenant …); "
        "name it under tenant: in pullready.yaml where targets are in several",
        status=Status.FORBIDDEN,
        asks=1,
    ),
    Row(
        "403",
        "names the permission",
        answered(403, "AuthorizationFailed"),
        "AuthorizationFailed: Microsoft.Compute/virtualMachineScaleSets/read is missing at {scope}",
        "Grant Microsoft.Compute/virtualMachineScaleSets/read at {scope} (docs/permissions.md), then run again",
        status=Status.FORBIDDEN,
        asks=1,
    ),
    Row(
        "403 of Microsoft Graph",
        "names the permission",
        answered(403, "Authorization_RequestDenied", document=DIRECTORY),
        "Authorization_RequestDenied: Application.Read.All is missing at Microsoft Graph",
        "Grant Application.Read.All at Microsoft Graph (docs/permissions.md), then run again",
        document=DIRECTORY,
        status=Status.FORBIDDEN,
        asks=1,
    ),
    Row(
        "404 of a resource that another one names: deleted meanwhile",
        "goes by what is true now",
        answered(404, "ResourceNotFound"),
        status=Status.NOT_FOUND,
        asks=1,
    ),
    Row(
        "404 `SubscriptionNotFound`",
        "does not take it for an absence: Azure answers it of subscriptions out of the sign-in's sight, too",
        answered(404, "SubscriptionNotFound"),
        "SubscriptionNotFound: the sign-in does not see it, which does not prove that it is not there",
        "Check the subscription's id, sign in to its cloud and tenant (az login --tenant …; tenant: in "
        "pullready.yaml), and grant Microsoft.Compute/virtualMachineScaleSets/read at {scope}",
        status=Status.FORBIDDEN,
        asks=1,
    ),
    Row(
        "404 in the words of a proxy",
        NOT_FOLLOWED,
        answered(404, b"<html>Not found</html>", HTML),
        "{host} answered 404 with something other than a JSON object (text/html)",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "409",
        "does not ask again",
        answered(409, "AnotherOperationInProgress"),
        "{host} answered 409 AnotherOperationInProgress: Said by Azure.",
        "Run again when what is under way there has come to an end",
        status=Status.FAILED,
        asks=1,
    ),
    Row("429 with `Retry-After` in seconds", WAITS, throttled(headers={"Retry-After": "1"}, times=1), asks=2),
    Row(
        "429 with `Retry-After` as a date, by a clock a day ahead",
        "counts from the date of the answer",
        until_a_date,
        asks=2,
    ),
    Row("429 without `Retry-After`", "lets nothing else out for a time that doubles", throttled(times=3), asks=4),
    Row(
        "429 with `Retry-After` of an hour",
        "gives the document up at once, and still asks for others",
        throttled(headers={"Retry-After": "3600"}),
        "{host} throttles (TooManyRequests) and asks to wait 3600 seconds",
        FEWER,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "429 again and again",
        "gives the document up after five minutes; others go on meanwhile",
        throttled(),
        "{host} throttles (TooManyRequests)",
        FEWER,
        status=Status.FAILED,
    ),
    Row(
        "429 of Microsoft Graph",
        WAITS,
        throttled(headers={"Retry-After": "1"}, times=1, document=DIRECTORY),
        document=DIRECTORY,
        asks=2,
    ),
    *(
        Row(f"{status}, once", SENT_AGAIN, answered(status, code, times=1), asks=2)
        for status, code in (
            (408, "RequestTimeout"),
            (500, "InternalServerError"),
            (502, "BadGateway"),
            (503, "ServiceUnavailable"),
            (504, "GatewayTimeout"),
        )
    ),
    *(
        Row(
            f"{status}, again and again",
            f"{SENT_AGAIN}, five times",
            answered(status, code),
            f"{{host}} answered {status} {code}: Said by Azure.",
            LATER,
            status=Status.FAILED,
            asks=6,
        )
        for status, code in (
            (500, "InternalServerError"),
            (502, "BadGateway"),
            (503, "ServiceUnavailable"),
            (504, "GatewayTimeout"),
        )
    ),
    Row("Connection reset, once", ONCE_MORE, answered(200, resets=True, times=1), asks=2),
    Row(
        "Connection reset, again and again",
        ONCE_MORE,
        answered(200, resets=True),
        "{host} broke the connection off",
        NETWORK,
        status=Status.FAILED,
        asks=3,
    ),
    Row("Body cut off, once", ONCE_MORE, answered(200, {"value": []}, truncates=True, times=1), asks=2),
    Row(
        "Body cut off, again and again",
        ONCE_MORE,
        answered(200, {"value": []}, truncates=True),
        "the answer of {host} is cut off",
        NETWORK,
        status=Status.FAILED,
        asks=3,
    ),
    Row(
        "Not JSON",
        NOT_FOLLOWED,
        answered(200, b"{"),
        "{host} answered 200 with something other than a JSON object",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "HTML, as a proxy's page to sign in",
        NOT_FOLLOWED,
        answered(200, b"<html>Please sign in</html>", HTML),
        "{host} answered 200 with something other than a JSON object (text/html)",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "JSON of another content type",
        NOT_FOLLOWED,
        answered(200, {"value": []}, {"Content-Type": "text/plain"}),
        "{host} answered 200 with something other than a JSON object (text/plain)",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "200 with an error in it",
        NOT_FOLLOWED,
        answered(200, "InternalServerError"),
        "{host} answered 200 InternalServerError: Said by Azure.",
        LATER,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "204 without a body",
        NOT_FOLLOWED,
        answered(204, b""),
        "{host} answered 204 with something other than a JSON object",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "202 without a body",
        NOT_FOLLOWED,
        answered(202, b""),
        "{host} answered 202 with something other than a JSON object",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "Redirect",
        "does not follow it: whoever it leads to would get the token",
        answered(302, b"", {"Location": "https://localhost:1/"}),
        "{host} answered 302 with something other than a JSON object",
        PROXY,
        status=Status.FAILED,
        asks=1,
    ),
    Row("Slow answer", "waits a minute for each part of it", slow, asks=1),
    Row(
        "Answer that comes byte by byte",
        f"gives an answer three minutes in all, and {ONCE_MORE}",
        answered(200, b" " * 1000, drips=0.05),
        "{host} did not answer in time",
        NETWORK,
        status=Status.FAILED,
        asks=3,
    ),
    Row(
        "No answer",
        f"waits a minute, and {ONCE_MORE}",
        answered(200, delay=1.4),
        "{host} did not answer in time",
        NETWORK,
        status=Status.FAILED,
        asks=3,
    ),
    Row(
        "Certificate of an unknown authority",
        "does not ask again",
        with_certificate(days=1, is_trusted=False),
        "the TLS certificate of {host} is not trusted",
        "Set REQUESTS_CA_BUNDLE to a file with the certificate authority, for example of your proxy",
        document=None,
        status=Status.FAILED,
    ),
    Row(
        "Certificate that has expired",
        "does not ask again",
        with_certificate(days=-1, is_trusted=True),
        "the TLS certificate of {host} has expired",
        "Look at the clock of this machine, and at who answers: it may be a proxy",
        document=None,
        status=Status.FAILED,
    ),
    Row(
        "Certificate of another host",
        "does not ask again",
        elsewhere("https://127.0.0.1:{port}"),
        "the TLS certificate of {host} is for another host",
        NETWORK,
        document=None,
        status=Status.FAILED,
    ),
    Row(
        "Name that cannot be resolved",
        ONCE_MORE,
        elsewhere("https://management.invalid"),
        "the name {host} cannot be resolved",
        NETWORK,
        document=None,
        status=Status.FAILED,
    ),
    Row(
        "Nobody listens",
        ONCE_MORE,
        elsewhere("https://localhost:1"),
        "{host} refuses the connection",
        NETWORK,
        document=None,
        status=Status.FAILED,
    ),
    Row(
        "Proxy that does not answer",
        ONCE_MORE,
        behind_a_proxy,
        "the proxy on the way to {host} does not answer",
        "Check HTTPS_PROXY and NO_PROXY",
        document=None,
        status=Status.FAILED,
    ),
    Row(
        "`nextLink` to another host",
        "does not follow it: the host would get the token",
        paged(goes_on="https://127.0.0.1:1/"),
        "the list goes on at another host than {host}, which is not followed",
        "Look whether a proxy changes the answers",
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "List without an end",
        "ends after a thousand pages",
        endless,
        f"the list has more than {FEW_PAGES} pages",
        AGAIN,
        status=Status.FAILED,
        asks=FEW_PAGES,
    ),
    Row(
        "Page that repeats",
        "ends at once",
        paged(goes_on=""),
        "the list repeats a page, and so has no end",
        AGAIN,
        status=Status.FAILED,
        asks=1,
    ),
    Row(
        "Page that is gone while the list is read",
        HOLE,
        answered(404, "NotFound", after=1, times=1),
        asks=5,
        page_size=1,
    ),
    Row(
        "Resource that is in a list twice, and not alike, once",
        HOLE,
        paged(TWICE, {**TWICE, "changed": True}, times=1),
        asks=2,
    ),
    Row(
        "Resource that is in a list twice, and not alike, again and again",
        HOLE,
        paged(TWICE, {**TWICE, "changed": True}),
        "the list changes while it is read: {id}/twice is in it twice, and not alike",
        "Run again",
        status=Status.FAILED,
        asks=2,
    ),
    Row("Resource that is in a list twice, and alike", "keeps one", doubled, asks=1),
)
