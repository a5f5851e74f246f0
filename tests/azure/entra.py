"""Microsoft Entra ID: who may sign in and how, the tokens that it issues, and who a token is of.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.azure.wire import Answer, Call, error

TENANT: Final = "22222222-2222-4222-8222-222222222222"
CLIENT: Final = "cccccccc-0000-4000-8000-000000000001"
CLIENT_SECRET: Final = "canary-client-secret"
#: The object id of the application's service principal, and of the managed identity.
PRINCIPAL: Final = "cccccccc-0000-4000-8000-00000000000a"
MANAGED_CLIENT: Final = "cccccccc-0000-4000-8000-000000000002"
MANAGED_PRINCIPAL: Final = "cccccccc-0000-4000-8000-00000000000b"
KEY_NAME: Final = "canary-token"
EXCHANGE: Final = "api://AzureADTokenExchange"
KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
#: What every token begins with, so that one can be found wherever it leaks to.
TOKEN: Final = jwt.encode({}, KEY, "RS256", {"kid": KEY_NAME})[:48]


@dataclass(frozen=True)
class Issued:
    """What a token was issued for."""

    audience: str
    tenant: str
    principal: str = PRINCIPAL


@dataclass
class Application:
    """An application and the ways that it may sign in by.

    ``certificates`` are public keys; ``federated`` are pairs of an issuer and a subject.
    """

    principal: str
    secret: str | None = None
    certificates: list[Any] = field(default_factory=list)
    federated: set[tuple[str, str]] = field(default_factory=set)


class Entra:
    """The authority of every tenant.

    ``refusal`` is what it answers instead of a token; ``sign_ins`` are the paths that it was asked, ``challenges`` the
    claims. ``issuers`` are the public keys of those whose tokens it exchanges where they are for ``exchange``. The
    tenants in ``absent`` do not exist. Tokens last ``lifetime`` seconds.
    """

    def __init__(self) -> None:
        self.applications = {CLIENT: Application(PRINCIPAL, CLIENT_SECRET)}
        self.managed = {MANAGED_CLIENT: MANAGED_PRINCIPAL}
        self.issuers: dict[str, Any] = {}
        self.tokens: dict[str, Issued] = {}
        self.revoked: set[str] = set()
        self.sign_ins: list[str] = []
        self.challenges: list[str] = []
        self.absent: set[str] = set()
        self.exchange = EXCHANGE
        self.refusal: str | None = None
        self.lifetime = 3600
        self.url = ""

    def answer(self, call: Call) -> Answer:
        """Answer a request to the authority."""
        self.sign_ins.append(call.target)
        tenant = call.path.strip("/").partition("/")[0]
        if call.path.endswith("/discovery/instance"):
            return Answer(
                body={"tenant_discovery_endpoint": _openid(self.url, "common")["token_endpoint"], "metadata": []}
            )
        if tenant in self.absent:
            return _refused(
                f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
            )
        if call.method == "GET":
            return Answer(body=_openid(self.url, tenant))
        return self._token(tenant, call.form)

    def managed_identity(self, call: Call) -> Answer:
        """Answer a request to the Instance Metadata Service."""
        self.sign_ins.append(call.target)
        query = call.query
        if call.headers.get("metadata") != "true" or "resource" not in query:
            return Answer(
                400, {"error": "invalid_request", "error_description": "Required metadata header not specified"}
            )
        client = query.get("client_id", next(iter(self.managed), ""))
        if client not in self.managed:
            return _bad("Identity not found")
        token = self.issue(Issued(query["resource"], TENANT, self.managed[client]), client)
        until = int(time.time()) + self.lifetime
        told = {"expires_in": str(self.lifetime), "expires_on": str(until), "resource": query["resource"]}
        return Answer(body={"access_token": token, "client_id": client, "token_type": "Bearer", **told})

    def issue(self, issued: Issued, client: str = CLIENT, **more: str) -> str:
        """Return a new access token; *more* are claims beside or instead of those that every token has."""
        now = int(time.time())
        claims = {
            "aud": issued.audience,
            "iss": f"{self.url}/{issued.tenant}/",
            "tid": issued.tenant,
            "oid": issued.principal,
            "sub": issued.principal,
            "appid": client,
            "idtyp": "app",
            "ver": "1.0",
            "iat": now,
            "nbf": now - 300,
            "exp": now + self.lifetime,
            "uti": secrets.token_hex(8),
            **more,
        }
        token = jwt.encode(claims, KEY, "RS256", {"kid": KEY_NAME})
        self.tokens[token] = issued
        return token

    def revoke(self) -> None:
        """Let no token count that was issued so far."""
        self.revoked |= self.tokens.keys()

    def caller(self, token: str, audiences: Iterable[str]) -> Issued | Answer:
        """Return whose *token* it is, or the answer where it is none for any of *audiences*."""
        try:
            claims = jwt.decode(token, KEY.public_key(), ["RS256"], audience=[*audiences])
        except jwt.ExpiredSignatureError:
            return _unauthorized("ExpiredAuthenticationToken", "The access token expiry is past.", self.url)
        except jwt.InvalidAudienceError:
            said = "The access token has been obtained for wrong audience or resource."
            return _unauthorized("InvalidAuthenticationToken", said, self.url)
        except jwt.InvalidTokenError:
            return _unauthorized("InvalidAuthenticationToken", "The access token is invalid.", self.url)
        if token in self.revoked:
            return _unauthorized("ExpiredAuthenticationToken", "The access token expiry is past.", self.url)
        return Issued(claims["aud"], claims["tid"], claims["oid"])

    def _token(self, tenant: str, form: Mapping[str, str]) -> Answer:
        client = form.get("client_id", "")
        self.challenges += [form["claims"]] if "claims" in form else []
        application = self.applications.get(client)
        if self.refusal:
            return _refused(self.refusal)
        if application is None:
            return _refused(f"AADSTS700016: Application with identifier '{client}' was not found in the directory.")
        if refusal := self._refusal(client, application, form):
            return _refused(refusal)
        audience = form["scope"].split()[0].removesuffix("/.default")
        token = self.issue(Issued(audience, tenant, application.principal), client)
        lasts = {"expires_in": self.lifetime, "ext_expires_in": self.lifetime}
        return Answer(body={"token_type": "Bearer", **lasts, "access_token": token})

    def _refusal(self, client: str, application: Application, form: Mapping[str, str]) -> str | None:
        assertion = form.get("client_assertion")
        if assertion is None:
            if application.secret is not None and form.get("client_secret") == application.secret:
                return None
            return "AADSTS7000215: Invalid client secret provided."
        told = jwt.decode(assertion, options={"verify_signature": False})
        if told.get("iss") == client:
            signed = any(_is_signed(assertion, key, audience=told.get("aud")) for key in application.certificates)
            return None if signed else "AADSTS700027: The certificate with identifier used to sign is not registered."
        return self._federation_refused(application, assertion, told)

    def _federation_refused(self, application: Application, assertion: str, told: Mapping[str, Any]) -> str | None:
        unmatched = "No matching federated identity record found for presented assertion"
        issuer, subject = told.get("iss"), told.get("sub")
        if (issuer, subject) not in application.federated:
            return f"AADSTS700213: {unmatched} subject '{subject}'. Check your federated identity credential Subject."
        if told.get("aud") != self.exchange:
            return f"AADSTS700212: {unmatched} audience '{told.get('aud')}'."
        if not _is_signed(assertion, self.issuers[str(issuer)], audience=self.exchange):
            return "AADSTS700024: Client assertion is not within its valid time range."
        return None


def _is_signed(assertion: str, key: Any, *, audience: Any) -> bool:
    try:
        jwt.decode(assertion, key, ["RS256", "PS256"], audience=audience)
    except jwt.InvalidTokenError:
        return False
    return True


def _bad(description: str) -> Answer:
    return Answer(400, {"error": "invalid_request", "error_description": description})


def _refused(description: str) -> Answer:
    codes = [int(description.removeprefix("AADSTS").partition(":")[0])]
    return Answer(401, {"error": "invalid_client", "error_description": description, "error_codes": codes})


def _unauthorized(code: str, message: str, authority: str) -> Answer:
    challenge = f'Bearer authorization_uri="{authority}/{TENANT}", error="invalid_token", error_description="{message}"'
    return error(401, code, message, {"WWW-Authenticate": challenge})


def _openid(url: str, tenant: str) -> dict[str, Any]:
    authority = f"{url}/{tenant}"
    return {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
    }
