"""What is kept of a token of a registry: whether it is enabled, its scope map, and the dates of its passwords.

Source: https://learn.microsoft.com/rest/api/containerregistry/tokens/get
"""

from __future__ import annotations

from typing import Any, Final

from pullready.collectors.paths import type_of
from pullready.collectors.reduction import VALUE, Shape, part_of

_TYPE: Final = "microsoft.containerregistry/registries/tokens"
_DATED: Final = {"name": VALUE, "creationTime": VALUE, "expiry": VALUE}
_SHAPE: Final[Shape] = {
    "id": VALUE,
    "name": VALUE,
    "type": VALUE,
    "properties": {
        "creationDate": VALUE,
        "provisioningState": VALUE,
        "scopeMapId": VALUE,
        "status": VALUE,
        "credentials": {"passwords": [_DATED], "certificates": [{"name": VALUE, "expiry": VALUE}]},
    },
}


def is_of(id_: str) -> bool:
    """Say whether *id_* is a token of a registry."""
    return type_of(id_) == _TYPE


def reduced(body: Any) -> Any:
    """Return what facts use of a token; the values of passwords are no part of it, wherever they come from."""
    return part_of(body, _SHAPE) if isinstance(body, dict) else {}
