"""The sign-in to Microsoft Entra ID: tokens by audience, each fetched once, and one clear line where that fails."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from time import monotonic, time
from typing import Final

from pullready.collectors import claims
from pullready.collectors.answers import Unreadable
from pullready.collectors.credentials import Credential, Destination, Kind, kinds
from pullready.collectors.refusals import Attempt, attempt, explained
from pullready.config import Cloud

#: How long before its end a token is fetched again, in seconds.
_EARLY: Final = 300
#: How long a token is kept in any case: by a clock that is wrong, a new one may seem to have expired.
_SHORTEST: Final = 60
# What fails is said here, in one line. Without any handler, Python would write azure-identity's own to stderr.
logging.getLogger("azure").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class _Held:
    """A token with the times, by a clock that nobody sets, of its fetch, of the next one and of its end."""

    token: str
    since: float
    again: float
    until: float
    is_renewed: bool = False


class SignIn:
    """A sign-in to one cloud, to the tenant that *tenant* names, else to the one that the credential is at home in.

    Tokens are kept here, for not every credential keeps them: many threads that each start ``az`` would take long.
    """

    def __init__(self, cloud: Cloud, tenant: str | None) -> None:
        self._to = Destination(cloud, tenant)
        self._lock = threading.Lock()
        self._kind: Kind | None = None
        self._credential: Credential | None = None
        self._tokens: dict[str, _Held | Unreadable] = {}

    def token(self, audience: str) -> str:
        """Return a token for *audience* (``https://management.azure.com``); raise :class:`Unreadable` without one."""
        known = self._tokens.get(audience)
        if known is None or _is_due(known):
            with self._lock:
                known = self._tokens.get(audience)
                if known is None or _is_due(known):
                    known = self._tokens[audience] = self._fetched_again(audience, known)
        return _told(known)

    def renew(self, audience: str, refused: str, challenge: str | None = None) -> str:
        """Return another token for *audience* than *refused*, which the service no longer takes.

        *challenge* are the claims, as JSON, that the service asks for. Only the first thread that comes with a token
        fetches a new one, and none does so soon after the last time: *refused* itself comes back. Raise
        :class:`Unreadable` where there is no new one.
        """
        with self._lock:
            known = self._tokens.get(audience)
            if not isinstance(known, _Held) or known.token != refused:
                known = self._tokens[audience] = known or self._fetch(audience)
            elif not known.is_renewed or monotonic() - known.since >= _SHORTEST:
                self.close()  # the credential keeps the tokens that it got
                found = self._fetch(audience, challenge)
                # Other requests may do with the old one, and need not fail in vain.
                held = found if isinstance(found, _Held) else known
                self._tokens[audience] = replace(held, since=monotonic(), is_renewed=True)
                known = found
        return _told(known)

    def signed_in(self, audience: str) -> str:
        """Return the line that says who is signed in, by the token for *audience*, without asking for a new one."""
        known = self._tokens.get(audience)
        kind = self._kind.name if self._kind else "unknown"
        return claims.signed_in(known.token if isinstance(known, _Held) else "", kind, self._to.tenant)

    def close(self) -> None:
        """Close the connections to Entra."""
        if self._credential is not None:
            self._credential.close()
            self._credential = None

    def _fetched_again(self, audience: str, known: _Held | Unreadable | None) -> _Held | Unreadable:
        """Return a new token, or what is *known* where there is none and that still lasts."""
        found = self._fetch(audience)
        if isinstance(found, Unreadable) and isinstance(known, _Held) and monotonic() < known.until:
            return replace(known, again=monotonic() + _SHORTEST)
        return found

    def _fetch(self, audience: str, challenge: str | None = None) -> _Held | Unreadable:
        """Ask the kind that gave the last token, or each in turn."""
        attempts: list[Attempt] = []
        try:
            for kind in [self._kind] if self._kind else kinds():
                if why := kind.lacks():
                    attempts += [] if kind.is_out_of_place else [Attempt(kind, why)]
                    continue
                found = self._asked(kind, audience, challenge)
                if isinstance(found, _Held):
                    return found
                attempts.append(found)
                if kind.decides:
                    break
        except Unreadable as why:
            return why
        return explained(attempts, self._to, audience)

    def _asked(self, kind: Kind, audience: str, challenge: str | None) -> _Held | Attempt:
        from azure.core.exceptions import AzureError

        credential = self._credential
        try:
            credential = credential or kind.connect(self._to)
            got = credential.get_token(f"{audience}/.default", claims=challenge, tenant_id=self._to.tenant)
        except (AzureError, ValueError, OSError, Unreadable) as error:
            if credential is not None and self._kind is None:
                credential.close()
            return attempt(kind, error)
        self._kind, self._credential = kind, credential
        now = monotonic()
        lasts = got.expires_on - time()
        return _Held(got.token, since=now, again=now + max(lasts - _EARLY, _SHORTEST), until=now + lasts)


def _is_due(known: _Held | Unreadable) -> bool:
    return isinstance(known, _Held) and monotonic() >= known.again


def _told(known: _Held | Unreadable) -> str:
    if isinstance(known, Unreadable):
        raise Unreadable(known.status, known.detail, known.remedy)
    return known.token
