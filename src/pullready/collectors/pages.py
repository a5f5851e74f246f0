"""Lists that come in pages: each is read whole, from one host, to an end, or it is not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from msgspec.structs import replace

from pullready.collectors import paths
from pullready.collectors.answers import Unreadable
from pullready.snapshot import Status

MOST_PAGES: Final = 1000
_AGAIN: Final = "Run again; if it stays, look whether a proxy changes the answers"


class Changed(Exception):
    """The list is not the same any more as it was when its first page was read; the text says by what that shows."""


def whole(ask: Callable[[paths.Question], dict[str, Any]], question: paths.Question, base: str) -> dict[str, Any]:
    """Return what *ask* gets for *question*; all pages of a list on *base* become one ``{"value": […]}``.

    Raise :class:`Unreadable` where the list has no end, and :class:`Changed` where its pages do not fit together.
    """
    body = ask(question)
    if not isinstance(body.get("value"), list):
        return body
    values = list(body["value"])
    seen = [question]
    while following := _following(body, question, base):
        if following in seen:
            raise Unreadable(Status.FAILED, "the list repeats a page, and so has no end", _AGAIN)
        if len(seen) == MOST_PAGES:
            raise Unreadable(Status.FAILED, f"the list has more than {MOST_PAGES} pages", _AGAIN)
        seen.append(following)
        body = _next_page(ask, following)
        values += body["value"]
    return {"value": _each_once(values)}


def _following(body: dict[str, Any], question: paths.Question, base: str) -> paths.Question | None:
    if question.json is not None and body.get("skipToken"):
        return replace(question, json={**question.json, "skipToken": body["skipToken"]})
    link = body.get("nextLink") or body.get("@odata.nextLink")
    return replace(question, path=path_on(base, link)) if link else None


def _next_page(ask: Callable[[paths.Question], dict[str, Any]], question: paths.Question) -> dict[str, Any]:
    """Return a later page. Whether it is there says nothing of whether the list is."""
    try:
        body = ask(question)
    except Unreadable as why:
        if why.status is Status.NOT_FOUND:
            raise Changed(f"a page of it is gone ({why.detail})") from None
        raise
    if not isinstance(body.get("value"), list):
        raise Unreadable(Status.FAILED, "the list goes on with something other than a list", _AGAIN)
    return body


def _each_once(values: list[Any]) -> list[Any]:
    """Return *values*, each once: what is added meanwhile moves others to the page that is read next."""
    known: dict[str, Any] = {}
    kept = []
    for one in values:
        id_ = one.get("id") if isinstance(one, dict) else None
        if not isinstance(id_, str) or id_.casefold() not in known:
            kept.append(one)
        elif known[id_.casefold()] != one:
            raise Changed(f"{id_} is in it twice, and not alike")
        if isinstance(id_, str):
            known[id_.casefold()] = one
    return kept


def path_on(base: str, link: object) -> str:
    """Return path and query of *link*, the next page of a list; refuse one on another host: it would get the token."""
    try:
        there = urlsplit(str(link))
        elsewhere = _host(there) != _host(urlsplit(base)) or there.username is not None
    except ValueError:
        elsewhere = True
    if elsewhere:
        raise Unreadable(
            Status.FAILED,
            f"the list goes on at another host than {urlsplit(base).netloc}, which is not followed",
            "Look whether a proxy changes the answers",
        )
    rest = str(link).partition("://")[2]
    path = rest[rest.find("/") :] if "/" in rest else "/"
    # azure-core fills in braces.
    return path.replace("{", "%7B").replace("}", "%7D")


def _host(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or 443
