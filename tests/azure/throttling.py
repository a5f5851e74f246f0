"""Throttling by token buckets, as Azure Resource Manager does it for each subscription and principal.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """Holds up to ``size`` requests, and gets ``refill`` more each second.

    ``told`` is whether a refusal says how long to wait; ``refused`` counts the refusals.
    """

    size: float = 250
    refill: float = 25
    told: bool = True
    clock: Callable[[], float] = time.monotonic
    refused: int = 0
    _left: float = field(init=False)
    _at: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.size, self.clock()

    @property
    def left(self) -> int:
        """How many may come at once now."""
        return math.floor(self._left)

    def take(self) -> int | float:
        """Take one; return how many are left as a whole number, or how long to wait as a float where there is none."""
        with self._lock:
            now = self.clock()
            self._left = min(self.size, self._left + (now - self._at) * self.refill)
            self._at = now
            if self._left < 1:
                self.refused += 1
                return (1 - self._left) / self.refill
            self._left -= 1
            return math.floor(self._left)
