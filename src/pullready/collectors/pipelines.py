"""How requests travel: one session, the policies of each client's pipeline, and what a failure on the way means.

The policies below are all that the pipelines have: nothing registers a resource provider, follows a redirect or logs a
header. TLS is verified as the environment says (``REQUESTS_CA_BUNDLE``); proxies are the environment's too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pullready
from pullready.collectors.answers import Unreadable
from pullready.snapshot import Status

if TYPE_CHECKING:
    import requests
    from azure.core.pipeline import PipelineRequest
    from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
    from azure.core.pipeline.transport import RequestsTransport

CONNECT_TIMEOUT: Final = 10
READ_TIMEOUT: Final = 60
_LONGEST_WAIT: Final = 60
_RETRIES: Final = 5
_BACKOFF: Final = 0.5
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})


def open_session(connections: int) -> requests.Session:
    """Return a session that keeps up to *connections* connections to each host."""
    import requests

    session = requests.Session()
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=connections))
    return session


def transport(session: requests.Session) -> RequestsTransport:
    """Return azure-core's transport over *session*."""
    from azure.core.pipeline.transport import RequestsTransport

    return RequestsTransport(
        session=session, session_owner=False, connection_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT
    )


def policies(
    token: Callable[[], str], sent: Callable[[], None]
) -> list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]]:
    """Return the policies of a pipeline; *token* gives the bearer token, *sent* is called for every request."""
    from azure.core.pipeline.policies import RequestIdPolicy, RetryPolicy, SansIOHTTPPolicy, UserAgentPolicy

    class Patience(RetryPolicy[Any, Any]):
        """Waits as long as it is told to, and a little more, so that the threads do not all come back at once."""

        def get_retry_after(self, response: Any) -> float | None:
            told = super().get_retry_after(response)
            return told and told + random.uniform(0, 1)  # noqa: S311  (not for secrets)

        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            wait = super().get_retry_after(response) or 0
            return (
                response.http_response.status_code in _RETRIED
                and wait <= _LONGEST_WAIT
                and super().is_retry(settings, response)
            )

    class Authorize(SansIOHTTPPolicy[Any, Any]):
        """Adds the bearer token. Every request starts with the host that the token is for: see ``Azure``."""

        def on_request(self, request: PipelineRequest[Any]) -> None:
            request.http_request.headers["Authorization"] = f"Bearer {token()}"
            sent()

    patience = Patience(
        retry_total=_RETRIES, retry_status=_RETRIES, retry_connect=2, retry_read=2, retry_backoff_factor=_BACKOFF
    )
    return [RequestIdPolicy(), UserAgentPolicy(f"pullready/{pullready.__version__}"), patience, Authorize()]


def failure(error: Exception, host: str) -> Unreadable:
    """Say in one line what went wrong on the way to *host*; the texts of exceptions name too much."""
    import socket
    import ssl

    from urllib3.exceptions import ProxyError, ReadTimeoutError

    network = "Check the network, and the endpoints of the cloud in pullready.yaml"
    authority = "Set REQUESTS_CA_BUNDLE to a file with the certificate authority, for example of your proxy"
    # The first that is among the causes counts: a proxy's name may be what cannot be resolved.
    meanings: tuple[tuple[type[BaseException], str, str], ...] = (
        (ProxyError, f"the proxy on the way to {host} does not answer", "Check HTTPS_PROXY and NO_PROXY"),
        (ssl.SSLCertVerificationError, f"the TLS certificate of {host} is not trusted", authority),
        (ssl.SSLError, f"there is no TLS connection to {host}", network),
        (socket.gaierror, f"the name {host} cannot be resolved", network),
        (ConnectionRefusedError, f"{host} refuses the connection", network),
        (ReadTimeoutError, f"{host} did not answer in time", network),
        (TimeoutError, f"{host} did not answer in time", network),
    )
    causes = list(_causes(error))
    for kind, detail, remedy in meanings:
        if any(isinstance(cause, kind) for cause in causes):
            return Unreadable(Status.FAILED, detail, remedy)
    if any("CA certificate" in str(cause) for cause in causes):
        detail = "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that is not there"
        return Unreadable(Status.FAILED, detail, "Correct or unset the variable")
    return Unreadable(Status.FAILED, f"the connection to {host} failed ({type(error).__name__})", network)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield everything that *error* was raised from, urllib3, requests and azure-core nest in turn."""
    seen: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        one = pending.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            pending += [one.__cause__, one.__context__, *one.args]
            pending += [getattr(one, name, None) for name in ("inner_exception", "reason")]
    yield from seen
