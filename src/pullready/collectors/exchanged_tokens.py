"""What is kept of a token that a registry gives for a sign-in to Microsoft Entra ID: when it expires, whose it is.

Source of the claims: https://azure.github.io/acr/AAD-OAuth.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pullready.facts.server_keys import host_of, is_for
from pullready.facts.service_accounts import AUDIENCES, ISSUERS

_REGISTRY: Final = "Azure Container Registry"
_ENTRA: Final = ("https://sts.", "https://login.")
_PARTS: Final = 3
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def reduced_token(token: str, server: str) -> dict[str, str]:
    """Return when *token*, a JWT, expires, who made it, and whether it is for *server*; as far as it can be read."""
    claims = _claims(token)
    expires = _moment(claims.get("exp"))
    issuer, audience = claims.get("iss"), claims.get("aud")
    kept = {"expires": expires} if expires else {}
    if isinstance(issuer, str):
        kept["issuer"] = "registry" if issuer == _REGISTRY else "entra" if issuer.startswith(_ENTRA) else "other"
    if isinstance(audience, str):
        same = is_for(server, audience) or _label(audience) == _label(host_of(server))
        kept["audience"] = "server" if same else "other"
    return kept


def saved_token(token: Any) -> dict[str, str]:
    """Return what an earlier run kept of a token, and nothing that only looks so."""
    if not isinstance(token, Mapping):
        return {}
    kinds = {"issuer": ISSUERS, "audience": AUDIENCES}
    kept = {name: token[name] for name, known in kinds.items() if token.get(name) in tuple(known)}
    expires = token.get("expires")
    return {**kept, **({"expires": expires} if isinstance(expires, str) and _MOMENT.fullmatch(expires) else {})}


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _moment(seconds: Any) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return None


def _label(host: str) -> str:
    return host.lower().partition(".")[0]
