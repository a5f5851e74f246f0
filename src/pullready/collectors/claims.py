"""Who a token says is signed in. Nothing is validated, and nothing but the line for the console is made of it.

Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import base64
import re
from typing import Any, Final

from pullready.collectors.answers import json_of

_LONGEST: Final = 120
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: Who a user is called, in the order of preference.
_NAMES: Final = ("upn", "preferred_username", "unique_name", "email")


def signed_in(token: str, kind: str, tenant: str | None) -> str:
    """Return the line that says as whom *token* signs in, by a *kind* of credential; *tenant* is the one asked for."""
    claims = _payload(token)
    who = _principal(claims, kind)
    home = _text(claims, "tid")
    of = f" of tenant {home}" if home else ""
    if of and tenant and _ID.fullmatch(tenant) and home.casefold() != tenant.casefold():
        of += f", not of {tenant} as asked"
    return f"signed in to Azure{f' as {who}' if who else ''}{of} ({kind})"


def tenant_of(token: str) -> str:
    """Return the tenant that *token* is of; empty where it does not say."""
    return _text(_payload(token), "tid")


def _principal(claims: dict[str, Any], kind: str) -> str:
    if name := next(filter(None, (_text(claims, one) for one in _NAMES)), ""):
        return name
    application = _text(claims, "appid") or _text(claims, "azp") or _text(claims, "oid")
    is_managed = kind == "managed identity" or "xms_mirid" in claims
    return f"{'managed identity' if is_managed else 'service principal'} {application}" if application else ""


def _text(claims: dict[str, Any], name: str) -> str:
    """Return a claim as it may stand in a line."""
    said = claims.get(name)
    return "".join(one for one in said if one.isprintable())[:_LONGEST] if isinstance(said, str) else ""


def _payload(token: str) -> dict[str, Any]:
    """Return what *token* claims; nothing where it is opaque."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  (a JWT's header, payload and signature)
        return {}
    try:
        claims = json_of(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
