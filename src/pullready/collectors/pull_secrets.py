"""What is kept of a pull secret: servers, user names, when it was changed, and hashes where a comparison needs them.

Source of the format: https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pullready.collectors import keyed
from pullready.collectors.exchanged_tokens import reduced_token, saved_token
from pullready.facts.reference import has_placeholder, without_user_info
from pullready.facts.server_keys import host_of
from pullready.facts.service_accounts import (
    FLAWS,
    LOGIN_KINDS,
    MALFORMED,
    NO_PASSWORD,
    NO_USER,
    REFUSED,
    UNREADABLE,
    WHOLE,
    is_exchanged,
    is_guid,
)

#: Which entry of a Secret belongs to which type.
_ENTRIES: Final = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
_AUTHS: Final = ".dockerconfigjson"
#: How SOPS writes a value that only its key decrypts.
_ENCRYPTED: Final = "ENC["
#: How many characters of a service principal's password Microsoft Graph answers as its hint.
_HINT: Final = 3
#: Below which key a manager of a Secret lists the entries that it wrote.
_DATA: Final = "f:data"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def reduced_pull_secret(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the logins of a pull secret; a note where it cannot be understood. Never a password."""
    wanted = _ENTRIES.get(str(body.get("type")))
    for key in _ENTRIES.values():
        for field in ("stringData", "data"):
            values = body.get(field)
            if not isinstance(values, dict) or values.get(key) is None:
                continue
            if wanted in {None, key}:
                return _reduced(values[key], key, encoded=field == "data")
            if not any(isinstance(one := body.get(name), dict) and wanted in one for name in ("stringData", "data")):
                return {"note": f"it has no {wanted}, which belongs to its type", "flaw": REFUSED}
    return {}


def reduced_times(metadata: Any) -> dict[str, Any]:
    """Return when a Secret was made, and when those who wrote its data last changed it, as Kubernetes writes that."""
    if not isinstance(metadata, dict):
        return {}
    made = metadata.get("creationTimestamp")
    kept: dict[str, Any] = {"creationTimestamp": made} if _is_time(made) else {}
    managers = metadata.get("managedFields")
    changes = [
        {"time": one["time"], "fieldsV1": {_DATA: {}}}
        for one in (managers if isinstance(managers, list) else ())
        if isinstance(one, dict) and _is_time(one.get("time")) and _DATA in (one.get("fieldsV1") or {})
    ]
    return {**kept, "managedFields": changes} if changes else kept


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def saved_login(login: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an earlier run kept of a login."""
    texts = {name: login[name] for name in ("server", "username") if isinstance(login.get(name), str)}
    kind = {"kind": login["kind"]} if login.get("kind") in LOGIN_KINDS else {}
    token = {"token": saved_token(login["token"])} if "token" in login else {}
    return {**texts, **kind, **token, **keyed.kept(dict(login))}


def saved_flaw(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an earlier run noted of a pull secret that cannot be understood."""
    note = {"note": body["note"]} if isinstance(body.get("note"), str) else {}
    return {**note, **({"flaw": body["flaw"]} if body.get("flaw") in FLAWS else {})}


def _reduced(text: Any, key: str, *, encoded: bool) -> dict[str, Any]:
    note = f"its {key} is not base64 of the documented JSON"
    try:
        content = base64.b64decode("".join(text.split()), validate=True) if encoded else text.encode()
        config = msgspec.json.decode(content)
    except (ValueError, TypeError, AttributeError):
        config = None
    if not isinstance(config, dict):
        return {"note": note} if _is_to_be_filled_in(text) else {"note": note, "flaw": REFUSED}
    logins = config.get("auths") or {} if key == _AUTHS else config
    if not isinstance(logins, dict):
        return {"note": note, "flaw": UNREADABLE}
    return {"registries": [_login(server, login) for server, login in logins.items()]}


def _is_to_be_filled_in(text: Any) -> bool:
    """Say whether something else, such as a renderer or SOPS, puts the real content in the place of *text*."""
    return isinstance(text, str) and (has_placeholder(text) or text.startswith(_ENCRYPTED))


def _login(server: str, login: Any) -> dict[str, Any]:
    """Return the server, the user name, and how far the login is complete.

    ``auth`` counts before what stands beside it, as kubelet has it; one that cannot be read makes kubelet give up.
    """
    entry: dict[str, Any] = {"server": without_user_info(server)}
    login = {} if login is None else login
    try:
        fields = {name: _text(login.get(name)) for name in ("username", "password", "auth")}
        user, password = _split(fields["auth"]) if fields["auth"] else (fields["username"], fields["password"])
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError, AttributeError):
        return {**entry, "kind": MALFORMED}
    if not user:
        return {**entry, "kind": NO_USER}
    kind = WHOLE if password else NO_PASSWORD
    return {**entry, "username": user, "kind": kind, **_hashes(entry["server"], user, password)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError
    return value


def _split(auth: str) -> tuple[str, str]:
    """Return the user name and the password in *auth*: base64, with its padding or without."""
    text = "".join(auth.split()).rstrip("=")
    user, colon, password = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).partition(b":")
    if not colon:
        raise ValueError
    return user.decode(), password.decode(errors="surrogateescape")


def _hashes(server: str, user: str, password: str) -> dict[str, Any]:
    """Return hashes of what can be compared: a service principal's hint, an admin user's password; a token's dates."""
    if not password:
        return {}
    if is_exchanged(user):
        return {"token": reduced_token(password, server)}
    if is_guid(user):
        return {"keyedHint": keyed.keyed(password[:_HINT])}
    label = host_of(server).partition(".")[0]
    return {"keyedPassword": keyed.keyed(password)} if user.lower() == label.partition("-")[0] else {}
