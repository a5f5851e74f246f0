"""How requests travel: one session, the policies of each client's pipeline, and what a failure on the way means.

The policies below are all that the pipelines have: nothing registers a resource provider, follows a redirect or logs a
header. Every request is a read, also one that is a POST, so that any may be sent again. TLS is verified as the
environment says (``REQUESTS_CA_BUNDLE``); proxies are the environment's too.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import pullready
from pullready.collectors import bounds, deadlines
from pullready.collectors.answers import Unreadable
from pullready.collectors.deadlines import within
from pullready.collectors.effort import Effort
from pullready.collectors.pacing import Pace
from pullready.snapshot import Status

if TYPE_CHECKING:
    import ssl

    import requests
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
    from azure.core.pipeline.transport import RequestsTransport

CONNECT_TIMEOUT: Final = 10
READ_TIMEOUT: Final = 60
#: What helps where nothing comes back.
NETWORK: Final = "Check the network, and the endpoints of the cloud in pullready.yaml"
#: How long an answer may take in all, however steadily it comes.
ANSWER_TIMEOUT: Final = 180
#: To how many hosts a session keeps connections at least and at most.
_LEAST_HOSTS: Final = 10
_MOST_HOSTS: Final = 256
_CLAIMS: Final = re.compile(r'claims="([A-Za-z0-9+/=_-]+)"')
#: The token is of another tenant than the subscription, and so would be a new one.
_OTHER_TENANT: Final = b"InvalidAuthenticationTokenTenant"
#: What is wrong with a certificate, by OpenSSL's code; any other is that nobody who is trusted signed it.
_EXPIRED: Final = 10
_OTHER_HOST: Final = frozenset({62, 64})


def open_session(connections: int) -> requests.Session:
    """Return a session that keeps up to *connections* connections to each host, of as many hosts as it may."""
    import requests

    class Adapter(requests.adapters.HTTPAdapter):
        """Keeps connections whose answers have only so much time."""

        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options, ssl_context=deadlines.context())

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            if proxy not in self.proxy_manager:  # what is known of it is as it was, and needs no other context
                options["ssl_context"] = deadlines.context()
            return super().proxy_manager_for(proxy, **options)

    class Session(requests.Session):
        """Asks the environment once for the way to a host: its proxy, and whose certificates are trusted.

        To find out anew for every request would be a third of the work that sending it is.
        """

        def __init__(self) -> None:
            super().__init__()
            self._ways: dict[tuple[Any, ...], Any] = {}

        def merge_environment_settings(self, url: Any, proxies: Any, *options: Any) -> Any:
            asked = (*urlsplit(url)[:2], *options)
            if asked not in self._ways:
                self._ways[asked] = super().merge_environment_settings(url, proxies, *options)
            return self._ways[asked]

    session = Session()
    session.auth = _as_it_is
    session.mount("https://", Adapter(pool_connections=_hosts(connections), pool_maxsize=connections))
    return session


def _hosts(connections: int) -> int:
    """Return to how many hosts *connections* each are kept; to those of others they are opened for each request anew.

    They take a quarter of the files that the process may have open at most: each tenant has a session of its own.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit to ask for
        return _LEAST_HOSTS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_HOSTS if files == resource.RLIM_INFINITY else files // 4 // connections
    return max(_LEAST_HOSTS, min(_MOST_HOSTS, most))


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the token in *request*: without an answer to who asks, requests puts what a netrc file has in its place."""
    return request


def transport(session: requests.Session) -> RequestsTransport:
    """Return azure-core's transport over *session*."""
    from azure.core.pipeline.transport import RequestsTransport

    return RequestsTransport(
        session=session, session_owner=False, connection_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT
    )


class Access(Protocol):
    """Bearer tokens for one service."""

    def token(self) -> str:
        """Return a token; raise :class:`Unreadable` without one."""
        ...

    def renew(self, refused: str, challenge: str | None) -> str:
        """Return another token than the one that was *refused*, or that one where there is none to be had soon.

        *challenge* are the claims, as JSON, that the service asks for. Raise :class:`Unreadable` without a token.
        """
        ...


def policies(
    access: Access | None, sent: Callable[[], None], pace: Pace, most: int | None = None
) -> list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]]:
    """Return the policies of a pipeline; *access* gives the bearer tokens, *sent* is called for every request.

    Without *access* nothing says who asks. An answer of more than *most* bytes, where that is given, is refused.
    """
    from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy

    agent = UserAgentPolicy(f"pullready/{pullready.__version__}")
    asking = _authorization(access, sent) if access else _counting(sent)
    return [RequestIdPolicy(), agent, _patience(pace), asking, *([] if most is None else [bounds.bounded(most)])]


def _patience(pace: Pace) -> HTTPPolicy[Any, Any]:
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.policies import HTTPPolicy

    class Patience(HTTPPolicy[Any, Any]):
        """Holds requests to the pace, and asks again where that may help, until its time is over."""

        def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            asked = request.http_request
            effort = Effort(pace, asked.method, asked.url)
            while True:
                effort.begin()
                try:
                    with within(ANSWER_TIMEOUT):
                        response: PipelineResponse[Any, Any] = self.next.send(request)
                except AzureError as error:
                    if not effort.goes_on_without_answer(is_worthwhile=_distrust(error) is None):
                        raise
                    continue
                if not effort.goes_on(response.http_response.status_code, response.http_response.headers):
                    return response

    return Patience()


def _counting(sent: Callable[[], None]) -> HTTPPolicy[Any, Any]:
    from azure.core.pipeline.policies import HTTPPolicy

    class Count(HTTPPolicy[Any, Any]):
        """Counts every request."""

        def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            sent()
            response: PipelineResponse[Any, Any] = self.next.send(request)
            return response

    return Count()


def _authorization(access: Access, sent: Callable[[], None]) -> HTTPPolicy[Any, Any]:
    from azure.core.pipeline.policies import HTTPPolicy

    class Authorize(HTTPPolicy[Any, Any]):
        """Adds the bearer token, and a new one once where it is refused.

        Every request goes to the host that the token is for: see ``Azure``.
        """

        def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            token = access.token()
            response = self._sent(request, token)
            answer = response.http_response
            if answer.status_code != HTTPStatus.UNAUTHORIZED or _OTHER_TENANT in answer.content:
                return response
            another = access.renew(token, _claims(answer.headers))
            return response if another == token else self._sent(request, another)

        def _sent(self, request: PipelineRequest[Any], token: str) -> PipelineResponse[Any, Any]:
            request.http_request.headers["Authorization"] = f"Bearer {token}"
            sent()
            response: PipelineResponse[Any, Any] = self.next.send(request)
            return response

    return Authorize()


def _claims(headers: Mapping[str, str]) -> str | None:
    """Return the claims that a refused token lacks, where the answer names them.

    Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
    """
    found = _CLAIMS.search(headers.get("WWW-Authenticate", ""))
    try:
        return base64.b64decode(found[1] + "==").decode() if found else None
    except ValueError:
        return None


def _distrust(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """Return what is wrong with a certificate, where that is why *error* was raised."""
    import ssl

    return next((one for one in _causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)


def _distrusted(why: ssl.SSLCertVerificationError, host: str, network: str) -> Unreadable:
    match why.verify_code:
        case code if code == _EXPIRED:
            detail, remedy = "has expired", "Look at the clock of this machine, and at who answers: it may be a proxy"
        case code if code in _OTHER_HOST:
            detail, remedy = "is for another host", network
        case _:
            detail = "is not trusted"
            remedy = "Set REQUESTS_CA_BUNDLE to a file with the certificate authority, for example of your proxy"
    return Unreadable(Status.FAILED, f"the TLS certificate of {host} {detail}", remedy)


def failure(error: Exception, host: str) -> Unreadable:
    """Say in one line what went wrong on the way to *host*; the texts of exceptions name too much."""
    import socket
    import ssl

    from urllib3.exceptions import IncompleteRead, ProxyError, ReadTimeoutError

    if distrust := _distrust(error):
        return _distrusted(distrust, host, NETWORK)
    # The first that is among the causes counts: a proxy's name may be what cannot be resolved.
    meanings: tuple[tuple[type[BaseException], str, str], ...] = (
        (ProxyError, f"the proxy on the way to {host} does not answer", "Check HTTPS_PROXY and NO_PROXY"),
        (ssl.SSLError, f"there is no TLS connection to {host}", NETWORK),
        (socket.gaierror, f"the name {host} cannot be resolved", NETWORK),
        (ConnectionRefusedError, f"{host} refuses the connection", NETWORK),
        (ConnectionResetError, f"{host} broke the connection off", NETWORK),
        (ReadTimeoutError, f"{host} did not answer in time", NETWORK),
        (TimeoutError, f"{host} did not answer in time", NETWORK),
        (IncompleteRead, f"the answer of {host} is cut off", NETWORK),
    )
    causes = list(_causes(error))
    for kind, detail, remedy in meanings:
        if any(isinstance(cause, kind) for cause in causes):
            return Unreadable(Status.FAILED, detail, remedy)
    if any("CA certificate" in str(cause) for cause in causes):
        detail = "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that is not there"
        return Unreadable(Status.FAILED, detail, "Correct or unset the variable")
    return Unreadable(Status.FAILED, f"the connection to {host} failed ({type(error).__name__})", NETWORK)


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
