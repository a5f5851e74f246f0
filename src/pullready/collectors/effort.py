"""What is done for one request: it waits its turn, and is sent again where that may help, until its time is over."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from pullready.collectors import pacing
from pullready.collectors.answers import Unreadable
from pullready.collectors.pacing import Pace
from pullready.snapshot import Status

#: How often a request is sent again after an error of the service, and after none came back.
RETRIES: Final = 5
RECONNECTIONS: Final = 2
#: The first time to wait between, in seconds, more or less; each one after it is twice as long.
BACKOFF: Final = 0.5
_RETRIED: Final = frozenset({408, 500, 502, 503, 504})


class Effort:
    """How often one request failed, and until when it is sent again.

    Raise :class:`Unreadable` where it cannot be sent.
    """

    def __init__(self, pace: Pace, method: str, url: str) -> None:
        self._host = urlsplit(url).netloc
        if pace.is_hopeless:
            detail = f"{self._host} had no answer for {pacing.MOST_LOST} documents in a row, and is asked no more"
            raise Unreadable(Status.FAILED, detail, "Look at the reasons given for those, then run again")
        self._pace = pace
        self._buckets = pace.buckets(method, url)
        self._until = time.monotonic() + pacing.PATIENCE
        self._sent = 0.0
        self._numbers: list[int] = []
        self._failures = 0
        self._passed: int | None = None

    def begin(self) -> None:
        """Wait until the request may be sent."""
        if not self._pace.wait(self._buckets, self._until):
            self._pace.lost()
            detail = f"{self._host} throttles, and let nothing through for {pacing.PATIENCE:.0f} seconds"
            raise Unreadable(Status.FAILED, detail, "Run again later, or with fewer targets")
        self._sent = time.monotonic()
        self._numbers = [bucket.taken for bucket in self._buckets]

    def goes_on_without_answer(self, *, is_worthwhile: bool) -> bool:
        """Wait after no answer came; return whether the request is to be sent again."""
        self._failures += 1
        return self._or_lost(is_worthwhile and self._failures <= RECONNECTIONS and self._rests(None))

    def goes_on(self, status: int, headers: Mapping[str, str]) -> bool:
        """Wait as long as an answer asks for; return whether the request is to be sent again."""
        left = pacing.remaining(headers)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._or_lost(self._is_worth_a_pause(left, headers))
        if status not in _RETRIED:
            for bucket, number in zip(self._buckets, self._numbers, strict=True):
                bucket.answered(self._sent, left if bucket is self._buckets[0] else None, bucket.taken - number)
            self._pace.found()
            return False
        self._failures += 1
        return self._or_lost(self._failures <= RETRIES and self._rests(pacing.pause_told(headers)))

    def _is_worth_a_pause(self, left: int | None, headers: Mapping[str, str]) -> bool:
        """Wait for what is throttled: where the subscription has requests left, that is the resource provider.

        Where others were let through since the last time, it is this request alone that is.
        """
        told = pacing.pause_told(headers)
        if told is not None and told > pacing.LONGEST_PAUSE:
            return False
        bucket = self._buckets[1 if left else 0]
        earlier, self._passed = self._passed, bucket.passed
        if earlier is not None and earlier < bucket.passed:
            self._failures += 1
            return self._rests(told)
        return time.monotonic() + bucket.pause(self._sent, told) <= self._until

    def _or_lost(self, again: bool) -> bool:  # noqa: FBT001  (one answer in, the same out)
        if not again:
            self._pace.lost()
        return again

    def _rests(self, told: float | None) -> bool:
        """Wait for the time *told*, or one that doubles with each failure; return whether there is time for it."""
        backoff = BACKOFF * 2 ** (self._failures - 1) * random.uniform(0.5, 1.5)  # noqa: S311  (not for secrets)
        rest = backoff if told is None else told + random.uniform(0, BACKOFF)  # noqa: S311
        if rest > pacing.LONGEST_PAUSE or time.monotonic() + rest > self._until:
            return False
        self._pace.sleep(rest)
        return True
