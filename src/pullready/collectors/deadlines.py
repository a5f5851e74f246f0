"""How long one answer may take in all: a timeout counts from one byte to the next, and a slow answer may have many."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

#: Until when the answer that each thread waits for must be there, by the monotonic clock.
_OF_THREAD = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let every read of this thread fail once *seconds* are over, on connections that :func:`context` is for."""
    before = getattr(_OF_THREAD, "until", math.inf)
    _OF_THREAD.until = time.monotonic() + seconds
    try:
        yield
    finally:
        _OF_THREAD.until = before


def context() -> ssl.SSLContext:
    """Return a TLS context as urllib3 makes it, whose connections mind the time that :func:`within` gives."""
    import ssl

    from urllib3.util.ssl_ import create_urllib3_context

    class Timed(ssl.SSLSocket):
        """A connection that is read from no longer than until the answer must be there."""

        def recv_into(self, *args: Any, **options: Any) -> int:
            left = getattr(_OF_THREAD, "until", math.inf) - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if left < (self.gettimeout() or math.inf):
                self.settimeout(left)
            return super().recv_into(*args, **options)

    made = create_urllib3_context()
    made.sslsocket_class = Timed
    return made
