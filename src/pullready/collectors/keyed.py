"""Hashes by which two secrets of one run can be compared, and which tell nothing of either.

The key is made anew in every run and never leaves it, so that not even three characters can be found by trying all.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any, Final

from pullready.snapshot import KEYED

_KEY: Final = secrets.token_bytes(32)
_NAME: Final = secrets.token_hex(4)
_DIGITS: Final = 32
_FORM: Final = re.compile(rf"[0-9a-f]{{8}}:[0-9a-f]{{{_DIGITS}}}")


def keyed(secret: str) -> str:
    """Return a hash of *secret*, behind the name of the key that it was made with."""
    text = secret.encode(errors="surrogatepass")
    return f"{_NAME}:{hmac.new(_KEY, text, 'sha256').hexdigest()[:_DIGITS]}"


def kept(fields: dict[str, Any]) -> dict[str, str]:
    """Return the hashes that already stand in *fields*, as an earlier run saved them; nothing that only looks so."""
    return {
        name: value
        for name, value in fields.items()
        if name in KEYED and isinstance(value, str) and _FORM.fullmatch(value)
    }
