"""Those who vouch for a job of a pipeline: the endpoints of GitHub Actions and of Azure Pipelines for ID tokens.

Sources: https://docs.github.com/actions/reference/security/oidc and
https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.azure.entra import CLIENT, EXCHANGE, TENANT, Entra
from tests.azure.wire import Answer, Call, Server, Speaker

GITHUB: Final = ("https://token.actions.githubusercontent.com", "repo:shop/deploy:environment:prod")
PIPELINES: Final = ("https://vstoken.dev.azure.com/shop", "sc://shop/deploy/azure")
#: What a job proves with that it is the job, and the service connection that it may use.
JOB_TOKEN: Final = "canary-job-token"
CONNECTION: Final = "dddddddd-0000-4000-8000-000000000001"
_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuers:
    """Both endpoints. ``asked`` are the requests that came.

    ID tokens begin to be valid ``ahead`` seconds from now, and are for ``audience`` where nobody asks for another.
    """

    asked: list[Call] = field(default_factory=list)
    audience: str = EXCHANGE
    ahead: int = 0
    url: str = ""

    def environ(self, kind: str) -> dict[str, str]:
        """Return the environment of a job of *kind* that may ask for ID tokens."""
        if kind == "GitHub Actions":
            return {
                "GITHUB_ACTIONS": "true",
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/github?api-version=2.0",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JOB_TOKEN,
                "AZURE_CLIENT_ID": CLIENT,
                "AZURE_TENANT_ID": TENANT,
            }
        return {
            "TF_BUILD": "True",
            "SYSTEM_OIDCREQUESTURI": f"{self.url}/pipelines",
            "SYSTEM_ACCESSTOKEN": JOB_TOKEN,
            "AZURESUBSCRIPTION_CLIENT_ID": CLIENT,
            "AZURESUBSCRIPTION_TENANT_ID": TENANT,
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": CONNECTION,
        }

    def trusted_by(self, entra: Entra) -> None:
        """Let the application of *entra* be signed in to with the ID tokens of both."""
        for issuer, subject in (GITHUB, PIPELINES):
            entra.issuers[issuer] = _KEY.public_key()
            entra.applications[CLIENT].federated.add((issuer, subject))

    def vouch(self, issuer: str, subject: str, audience: str | None = None) -> str:
        """Return an ID token."""
        begin = int(time.time()) + self.ahead
        claims = {
            "iss": issuer,
            "sub": subject,
            "aud": audience or self.audience,
            "iat": begin,
            "nbf": begin,
            "exp": begin + 300,
        }
        return jwt.encode(claims, _KEY, "RS256")

    @contextmanager
    def serving(self, context: ssl.SSLContext) -> Iterator[Issuers]:
        """Serve until the ``with`` statement ends."""
        server = Server(("127.0.0.1", 0), partial(Speaker, self._answer))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _answer(self, call: Call) -> Answer:
        self.asked.append(call)
        if call.token != JOB_TOKEN:
            return Answer(401, {"message": "unauthorized"})
        match call.method, call.path, call.query:
            case "GET", "/github", {"api-version": "2.0", "audience": audience}:
                return Answer(body={"count": 1, "value": self.vouch(*GITHUB, audience)})
            case "POST", "/pipelines", {"api-version": _, "serviceConnectionId": str(connection)}:
                if connection == CONNECTION and call.headers.get("x-tfs-fedauthredirect") == "Suppress":
                    return Answer(body={"oidcToken": self.vouch(*PIPELINES)})
        return Answer(404, {"message": "not found"})
