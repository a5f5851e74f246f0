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
from pullready.facts.reference import without_user_info
from pullready.facts.server_keys import host_of
from pullready.facts.service_accounts import is_guid

_DOCKER_CONFIGS: Final = (".dockerconfigjson", ".dockercfg")
#: How many characters of a service principal's password Microsoft Graph answers as its hint.
_HINT: Final = 3
#: Below which key a manager of a Secret lists the entries that it wrote.
_DATA: Final = "f:data"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def reduced_pull_secret(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the logins of a pull secret; a note where it cannot be understood. Never a password."""
    for key in _DOCKER_CONFIGS:
        for field in ("stringData", "data"):
            values = body.get(field)
            if isinstance(values, dict) and values.get(key) is not None:
                try:
                    return {"registries": _logins(values[key], key, encoded=field == "data")}
                except (ValueError, TypeError, AttributeError, KeyError):
                    return {"note": f"its {key} is not base64 of the documented JSON"}
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
    return {**texts, **keyed.kept(dict(login))}


def _logins(text: Any, key: str, *, encoded: bool) -> list[dict[str, Any]]:
    content = base64.b64decode("".join(text.split()), validate=True) if encoded else text.encode()
    config = msgspec.json.decode(content)
    logins = config["auths"] if key == _DOCKER_CONFIGS[0] else config
    return [_login(server, login) for server, login in logins.items()]


def _login(server: str, login: Mapping[str, Any]) -> dict[str, Any]:
    """Return the server and the user name; ``auth`` counts before what stands beside it, as kubelet has it."""
    entry: dict[str, Any] = {"server": without_user_info(server)}
    user, password = login.get("username"), login.get("password")
    if login.get("auth"):
        try:
            user, password = _split(login["auth"])
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return entry
    if not isinstance(user, str) or not user:
        return entry
    return {**entry, "username": user, **_hashes(entry["server"], user, password)}


def _split(auth: str) -> tuple[str, str]:
    """Return the user name and the password in *auth*: base64, with its padding or without."""
    text = "".join(auth.split()).rstrip("=")
    user, colon, password = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode().partition(":")
    if not colon:
        raise ValueError
    return user, password


def _hashes(server: str, user: str, password: Any) -> dict[str, str]:
    """Return hashes of what can be compared: a service principal's hint, an admin user's password."""
    if not isinstance(password, str) or not password:
        return {}
    if is_guid(user):
        return {"keyedHint": keyed.keyed(password[:_HINT])}
    label = host_of(server).partition(".")[0]
    return {"keyedPassword": keyed.keyed(password)} if user.lower() == label.partition("-")[0] else {}
