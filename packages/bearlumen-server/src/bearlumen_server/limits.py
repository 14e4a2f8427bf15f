"""How fast one key may ask and send: token buckets, in memory.

A bucket may be overdrawn by the one request that empties it, so that a batch of any size gets
through at any rate, and the next one waits until it is paid for.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BURST_SECONDS: Final = 10
"""An idle key saves up as much: a page of a dashboard asks many things at once."""
MAX_KEYS: Final = 10_000
"""Whose use is remembered; the least recent is forgotten first, and starts with a full bucket."""
_ROUNDING: Final = 1e-6


class RateLimit:
    """One bucket a key. It belongs to the event loop: nothing is locked."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Let every key use `rate` a second on average; 0 for any number.

        Args:
            rate: Per second.
            clock: Seconds, from any origin.
        """
        self._rate = rate
        self._most = max(1.0, rate * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key_id: str, amount: int = 1) -> int:
        """Take from a key's bucket.

        Returns:
            0, or the whole seconds to wait when it is empty; nothing is taken then.
        """
        if not self._rate:
            return 0
        now = self._clock()
        left, since = self._buckets.pop(key_id, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        # Less than one whole request, or event, is none; but who waited as told is let in, whatever
        # the clock and the sums lost in rounding.
        wait = 0 if left >= 1 - _ROUNDING else max(1, math.ceil((1 - left) / self._rate))
        self._buckets[key_id] = (left if wait else left - amount, now)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        return wait
