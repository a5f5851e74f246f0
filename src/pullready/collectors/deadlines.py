"""How long one answer may take in all: a timeout counts from one byte to the next, and a slow answer may have many."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
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
    """Return a TLS context as urllib3 makes it, whose connections mind the time that :func:`within` gives.

    Many threads may connect with it at once (https://docs.python.org/3/library/ssl.html#ssl.SSLContext).
    """
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
    # urllib3 says these again for every connection; OpenSSL may be copying from the context for another one meanwhile,
    # and a context is safe to share only while nobody changes it.
    for setting in ("set_alpn_protocols", "load_verify_locations"):
        setattr(made, setting, _once(getattr(made, setting)))
    return made


def _once(change: Callable[..., None]) -> Callable[..., None]:
    """Return what makes each *change* once, whoever asks for it how often; one that failed is tried again."""
    lock = threading.Lock()
    made: list[tuple[object, ...]] = []

    def changed(*asked: Any) -> None:
        with lock:
            if asked not in made:
                change(*asked)
                made.append(asked)

    return changed
