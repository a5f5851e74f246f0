"""How fast requests go out: a token bucket for each limit of a service, which learns from what is answered.

What a service refuses costs more than what is held back for a moment: a request that comes too early is refused again.
Azure Resource Manager gives each principal 250 reads of a subscription, and 25 more each second; each resource provider
has limits of its own behind that, which only its refusals tell.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling,
https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests and
https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from pullready.collectors.answers import Unreadable
from pullready.snapshot import Status

#: A pause that is longer is not waited for: who runs this waits, or runs again.
LONGEST_PAUSE: Final = 60.0
#: How long one document may wait, in seconds, for a service that throttles it or does not answer.
PATIENCE: Final = 300.0
#: After so many documents in a row that a service had no answer for, it is asked no more.
MOST_LOST: Final = 32
#: The first pause where a service does not say how long it throttles, in seconds; each one after it is twice as long.
FIRST_PAUSE: Final = 1.0
_SLOWEST: Final = 0.5
_RECOVERY: Final = 1.02
_REMAINING: Final = "x-ms-ratelimit-remaining-"


class Limit(msgspec.Struct, frozen=True):
    """So many requests at once, and so many more each second."""

    size: float
    refill: float


READS: Final = Limit(250, 25)
WRITES: Final = Limit(200, 10)
#: What comes at once is held below the limit by so many: requests overtake each other, and others read too.
_RESERVE: Final = 32
_RESOURCE_GRAPH: Final = Limit(15, 3)
#: In the smallest class of tenants; most questions cost one unit.
_GRAPH: Final = Limit(3500, 350)
#: A provider is not paced until it throttles.
_PROVIDER: Final = Limit(math.inf, 25)


class Bucket:
    """Holds back what a *limit* does not let through; threads share it. Times are those of *clock*, in seconds."""

    def __init__(self, limit: Limit, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = limit.size
        self._fastest = self._refill = limit.refill
        self._clock = clock
        self._lock = threading.Lock()
        self._left = limit.size
        self._at = clock()
        self._resumed = -math.inf
        self._pauses = 0
        #: How many requests went out, how many were let through, and how many before the last pause.
        self.taken = 0
        self.passed = 0
        self._passed = 0

    def take(self) -> float:
        """Let one request through and return 0, or return the seconds after which to ask again."""
        with self._lock:
            now = self._fill()
            if self._left >= 1 and now >= self._at:
                self._left -= 1
                self.taken += 1
                return 0
            return max(0, self._at - now) + max(0, 1 - self._left) / self._refill + 0.001

    def answered(self, sent: float, left: int | None, later: int) -> None:
        """Note that what went out at *sent* was let through, and how many the service says are *left*.

        Of those that went out *later* it may have counted none yet, and of those that went out before, all.
        """
        with self._lock:
            now = self._fill()
            self.passed += 1
            if sent < self._resumed:
                return  # what it says is older than the refusal
            self._pauses = 0
            self._refill = min(self._fastest, self._refill * _RECOVERY)
            if left is not None:
                most = left + 1 + (now - sent) * self._refill
                self._left = max(min(self._left, most), min(self._size, left - later - _RESERVE))

    def pause(self, sent: float, seconds: float | None) -> float:
        """Let nothing through for *seconds*, as the service said to what went out at *sent*; return how long.

        Where it did not say, the time doubles with each refusal. Where some went through since the last pause, and then
        one was refused again, the pace was too fast, so that it is halved.
        """
        with self._lock:
            now = self._clock()
            if sent >= self._resumed:
                self._pauses += 1
                if now - self._resumed < LONGEST_PAUSE and self.passed > self._passed:
                    self._refill = max(_SLOWEST, self._refill / 2)
                self._passed = self.passed
                if seconds is None:
                    seconds = FIRST_PAUSE * 2 ** (self._pauses - 1) * random.uniform(1, 1.5)  # noqa: S311
                    seconds = min(seconds, LONGEST_PAUSE)
            self._at = self._resumed = max(self._resumed, now + (seconds or 0))
            self._left = 0
            return self._resumed - now

    def _fill(self) -> float:
        now = self._clock()
        if now > self._at:
            self._left = min(self._size, self._left + (now - self._at) * self._refill)
            self._at = now
        return now


class Pace:
    """The buckets of one sign-in at one service; threads share it."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._lost = 0

    def buckets(self, method: str, url: str) -> tuple[Bucket, Bucket]:
        """Return what holds a request back: first the limit of all that is asked there, then its provider's."""
        where, provider, limit = _place(method, url)
        with self._lock:
            return (
                self._buckets.setdefault(where, Bucket(limit)),
                self._buckets.setdefault((*where, provider), Bucket(_PROVIDER)),
            )

    def wait(self, buckets: Sequence[Bucket], until: float) -> bool:
        """Wait for every one of *buckets*; return whether that came to an end before *until*."""
        for bucket in buckets:
            while pause := bucket.take():
                if time.monotonic() + pause > until:
                    return False
                self.sleep(pause)
        self.sleep(0)
        return True

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*; raise :class:`Unreadable` where the run ends meanwhile."""
        if self._stopped.wait(seconds):
            raise Unreadable(Status.FAILED, "the run ended before it was read", "Run again")

    def found(self) -> None:
        """Note that the service had an answer."""
        self._lost = 0

    def lost(self) -> None:
        """Note that a document was given up because the service had no answer."""
        self._lost += 1

    @property
    def is_hopeless(self) -> bool:
        """Whether the service had no answer for so many documents in a row that it is asked no more."""
        return self._lost >= MOST_LOST

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()


def _place(method: str, url: str) -> tuple[tuple[str, ...], str, Limit]:
    """Return what a request is counted under, the resource provider that it is for, and the limit."""
    segments = urlsplit(url).path.casefold().strip("/").split("/")
    provider = segments[len(segments) - segments[::-1].index("providers")] if "providers" in segments[:-1] else ""
    if provider == "microsoft.resourcegraph":
        return (provider,), provider, _RESOURCE_GRAPH
    if segments[0] not in {"subscriptions", "providers"}:
        return ("graph",), "", _GRAPH
    subscription = segments[1] if segments[0] == "subscriptions" else ""
    kind, limit = ("reads", READS) if method == "GET" else ("writes", WRITES)
    return (kind, subscription), provider, Limit(max(1, limit.size - _RESERVE), limit.refill)


def remaining(headers: Mapping[str, str]) -> int | None:
    """Return how many requests a service says are left, by the smallest of its limits; none where it says nothing.

    The headers of Azure Resource Manager name what is limited: ``subscription-reads``, ``subscription-global-reads``,
    ``tenant-reads`` and the same with ``writes``.
    """
    told = [
        int(value)
        for name, value in headers.items()
        if name.lower().startswith(_REMAINING) and name.lower().endswith(("reads", "writes")) and value.isdecimal()
    ]
    return min(told, default=None)


def pause_told(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a service asks to wait; none where it does not say.

    A date counts from the service's own time, which may differ from that of this machine.
    """
    told = headers.get("Retry-After", "").strip()
    try:
        if not told or told[0].isdecimal():
            return float(told) if told else None
        then = parsedate_to_datetime(told)
        date = headers.get("Date")
        now = parsedate_to_datetime(date).timestamp() if date else time.time()
        return max(0.0, then.timestamp() - now)
    except ValueError:
        return None
