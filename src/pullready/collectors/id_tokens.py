"""The ID tokens that GitHub Actions gives a job, which Microsoft Entra ID exchanges for its own.

Source: https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pullready.collectors.answers import Unreadable, json_of
from pullready.collectors.pipelines import failure
from pullready.snapshot import Status

if TYPE_CHECKING:
    from requests import PreparedRequest

URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105  (a variable's name)
#: What the token must be for, by the host of the authority that exchanges it.
#: Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
_AUDIENCES: Final = {
    "login.microsoftonline.us": "api://AzureADTokenExchangeUSGov",
    "login.chinacloudapi.cn": "api://AzureADTokenExchangeChina",
    "login.partner.microsoftonline.cn": "api://AzureADTokenExchangeChina",
}
_TIMEOUTS: Final = (10, 30)
_RETRIED: Final = (429, 500, 502, 503, 504)
_REMEDY: Final = "Give the job permissions: id-token: write, then run again"


def audience_of(authority: str) -> str:
    """Return what an ID token must be for, so that the host *authority* exchanges it."""
    return _AUDIENCES.get(authority, "api://AzureADTokenExchange")


def of_github(audience: str) -> str:
    """Return a new ID token of the job for *audience*; raise :class:`Unreadable` without one."""
    import requests
    from urllib3.util import Retry

    address = os.environ[URL]
    host = urlsplit(address).netloc.rpartition("@")[2]
    if urlsplit(address).scheme != "https":
        raise Unreadable(Status.FAILED, f"{URL} is no https address", _REMEDY)
    patience = Retry(2, backoff_factor=0.5, status_forcelist=_RETRIED, raise_on_status=False)
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=patience))
        try:
            answer = session.get(
                address,
                params={"audience": audience},
                headers={"Accept": "application/json"},
                auth=_bearer,
                timeout=_TIMEOUTS,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError) as error:
            raise failure(error, host) from None
    told = json_of(answer.content) if answer.status_code == HTTPStatus.OK else None
    token = told.get("value") if isinstance(told, dict) else None
    if not isinstance(token, str) or not token:
        detail = f"{host} answered {answer.status_code} and no ID token"
        raise Unreadable(Status.FAILED, detail, _REMEDY)
    return token


def _bearer(request: PreparedRequest) -> PreparedRequest:
    """Add the job's own token; were it a mere header, an entry in a netrc file would replace it."""
    request.headers["Authorization"] = f"Bearer {os.environ[TOKEN]}"
    return request
