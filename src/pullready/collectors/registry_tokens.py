"""The tokens of one registry: what Microsoft Entra ID gives is exchanged there, and never sent anywhere else.

A registry tells where its tokens come from; what leads to another host than its own gets none.

Sources: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md and
https://learn.microsoft.com/rest/api/containerregistry/refresh-tokens/get-from-exchange
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from pullready.collectors.answers import Unreadable, json_of
from pullready.collectors.claims import tenant_of
from pullready.collectors.registry_answers import GRANT, Reply, refused
from pullready.snapshot import Status

#: A token that was refused is fetched anew only where it is older than this, in seconds.
_YOUNG: Final = 60
#: Registries' refresh tokens last three hours.
_LASTS: Final = 2 * 60 * 60
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')
_TOKEN: Final = "/oauth2/token"  # noqa: S105  (a path)
#: What images and what a registry says of them are read with, and what a registry's bin is.
READING: Final = "pull,metadata_read"
DELETED: Final = "deleted_read"
#: Sends a GET, or a POST where there is a form, to a path of the registry, without a token.
Ask = Callable[[str, Mapping[str, str] | None], Reply]


class Audience(Protocol):
    """Tokens of Microsoft Entra ID for registries."""

    def token(self) -> str:
        """Return a token; raise :class:`Unreadable` without one."""
        ...


@dataclass(frozen=True)
class _Held:
    token: str
    since: float


class Tokens:
    """The tokens of the registry *host*, which is asked by *ask*; threads share them."""

    def __init__(self, host: str, entra: Audience, ask: Ask) -> None:
        self.host = host
        self._entra = entra
        self._ask = ask
        self._lock = threading.Lock()
        self._refresh: _Held | Unreadable | None = None
        self._is_open: bool | None = None
        self._challenged: Unreadable | bool | None = None

    def fetch(self, repository: str, actions: str = READING) -> str:
        """Return a new access token for *actions* in *repository*; raise :class:`Unreadable` without one."""
        self._require_challenge()
        try:
            refresh = self._refreshed()
            scope = f"repository:{repository}:{actions}"
            form = {"grant_type": "refresh_token", "service": self.host, "scope": scope, "refresh_token": refresh}
            return self._told(self._ask(_TOKEN, form), "access_token", repository)
        except Unreadable as why:
            if why.status is Status.FORBIDDEN and actions == READING and (token := self.open(repository)):
                return token
            raise

    def open(self, repository: str) -> str | None:
        """Return a token that the registry gives to anybody; none where it does not."""
        if self._is_open is False:
            return None
        query = urlencode({"service": self.host, "scope": f"repository:{repository}:pull"})
        try:
            token = self._told(self._ask(f"{_TOKEN}?{query}", None), "access_token", repository)
        except Unreadable as why:
            self._is_open = False if why.status is Status.FORBIDDEN else self._is_open
            return None
        self._is_open = True
        return token

    def _require_challenge(self) -> None:
        """Raise :class:`Unreadable` where the registry does not answer, or sends who asks for tokens elsewhere."""
        with self._lock:
            if self._challenged is None:
                try:
                    self._challenged = self._challenge()
                except Unreadable as why:
                    self._challenged = why
            if isinstance(self._challenged, Unreadable):
                raise _again(self._challenged)

    def _challenge(self) -> bool:
        reply = self._ask("/v2/", None)
        if reply.status != HTTPStatus.UNAUTHORIZED:
            if reply.status == HTTPStatus.OK:
                detail = f"{self.host} answers without asking for a token, as no Azure container registry does"
                raise Unreadable(Status.FAILED, detail, "Look who answers there: it may be a proxy")
            raise refused(reply, "anything")
        said = dict(_CHALLENGE.findall(reply.headers.get("WWW-Authenticate", "")))
        realm = urlsplit(said.get("realm", ""))
        if realm.scheme != "https" or not self.host == realm.netloc.casefold() == said.get("service", "").casefold():
            detail = f"{self.host} has another host give its tokens, which gets none to exchange"
            raise Unreadable(Status.FAILED, detail, "Look who answers there: it may be a proxy")
        return True

    def _refreshed(self) -> str:
        with self._lock:
            known = self._refresh
            if known is None or (isinstance(known, _Held) and monotonic() - known.since > _LASTS):
                try:
                    known = _Held(self._exchanged(), monotonic())
                except Unreadable as why:
                    known = why
                self._refresh = known
        if isinstance(known, Unreadable):
            raise _again(known)
        return known.token

    def _exchanged(self) -> str:
        token = self._entra.token()
        form = {"grant_type": "access_token", "service": self.host, "access_token": token}
        if tenant := tenant_of(token):
            form["tenant"] = tenant
        reply = self._ask("/oauth2/exchange", form)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise Unreadable(Status.FORBIDDEN, f"{self.host} does not accept the sign-in", GRANT)
        return self._told(reply, "refresh_token", "anything")

    def _told(self, reply: Reply, name: str, repository: str) -> str:
        if reply.status != HTTPStatus.OK:
            raise refused(reply, repository)
        answer = json_of(reply.content)
        token = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            detail = f"{self.host} answered the request for a token with something else"
            raise Unreadable(Status.FAILED, detail, "Look who answers there: it may be a proxy")
        return token


class Repository:
    """The access token for *actions* in one repository, fetched when it is first needed; threads share it."""

    def __init__(self, tokens: Tokens, name: str, actions: str = READING) -> None:
        self._tokens = tokens
        self._name = name
        self._actions = actions
        self._lock = threading.Lock()
        self._held: _Held | Unreadable | None = None

    def token(self) -> str:
        """Return the token; raise :class:`Unreadable` without one."""
        with self._lock:
            if self._held is None:
                try:
                    self._held = _Held(self._tokens.fetch(self._name, self._actions), monotonic())
                except Unreadable as why:
                    self._held = why
            if isinstance(self._held, Unreadable):
                raise _again(self._held)
            return self._held.token

    def renew(self, refused: str, challenge: str | None) -> str:
        """Return another token than *refused*: a new one for an old one, else the one that anybody gets.

        Where there is none, *refused* itself comes back. A registry asks for no claims in its *challenge*.
        """
        del challenge
        with self._lock:
            held = self._held
            if not isinstance(held, _Held) or held.token != refused:
                return held.token if isinstance(held, _Held) else refused
            is_old = monotonic() - held.since > _YOUNG
            another = self._tokens.fetch(self._name, self._actions) if is_old else self._another()
            if another is None:
                return refused
            self._held = _Held(another, monotonic())
            return another

    def _another(self) -> str | None:
        """Return the token that anybody gets, which reads images and nothing else."""
        return self._tokens.open(self._name) if self._actions == READING else None


def _again(why: Unreadable) -> Unreadable:
    """Return *why* as an exception of its own: several threads raise it."""
    return Unreadable(why.status, why.detail, why.remedy)
