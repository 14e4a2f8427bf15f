"""The events waiting in memory: bounded, and honest about what it dropped."""

from __future__ import annotations

import time
from collections import deque

from . import tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .._guard import Guard
    from ..events import UsageEvent
    from .tally import Tally

EVENT_BYTES = 1_600
"""What an event with ordinary labels counts as. It takes 1,320, measured with CPython 3.11: a full
queue of 10,000 adds 13.2 MB to a process."""
SLICE = 24
"""Events turned into JSON at a stretch, about a tenth of a millisecond, in which a thread of the
host that comes back from waiting has to wait for the interpreter's lock."""
MAX_SLICE = SLICE * 16
BACKLOG = 1_000
"""So many waiting are more than a program that mostly waits itself makes; they are done faster."""
BREATH_SECONDS = 0.000_01
"""Any sleep lets such a thread in; giving the lock up and taking it again at once would not."""
LONG_BREATH_SECONDS = 0.002
"""A sleep that took so long ended at a thread that computes, and holds the lock for 5 ms at a time.
Then as much is done in return; in small slices the queue would fill up behind such a thread."""
NEVER = 1 << 62


class Buffer:
    """A first-in, first-out queue of events.

    `put` is for any thread, and takes no lock as long as nothing is to be decided: appending to a
    deque is one step. All else is for the one thread that delivers.
    """

    def __init__(
        self,
        *,
        max_events: int,
        max_bytes: int,
        lock: threading.RLock,
        guard: Guard,
        tally: Tally,
        wake: Callable[[], None],
    ) -> None:
        """Make an empty queue.

        Args:
            max_events: How many events it holds.
            max_bytes: How much memory they may take, roughly.
            lock: Reentrant: the garbage collector can run a stream's `__del__`, which puts an
                event, in the middle of another `put` of the same thread.
            guard: Told of an event that cannot be written.
            tally: Told of events that are lost.
            wake: Called, without the lock, when as many wait as `arm` was told.
        """
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lock = lock
        self._guard = guard
        self._tally = tally
        self._wake = wake
        self._waiting: deque[UsageEvent] = deque()
        self._hand: list[bytes] = []  # the oldest events, written as JSON
        self._heavy_bytes = 0
        self._wake_at = 1
        self._refuses = False
        self._closed = False
        self.taken_over = 0
        """Events of other processes, of which this one's memory has none."""
        self.removed = 0
        """Events that left since the start: delivered, or given up."""
        self._threshold = 0  # up to so many waiting there is nothing to decide
        self._capacity = min(max_events, max_bytes // EVENT_BYTES)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._hand)

    def put(self, event: UsageEvent) -> bool:
        """Take an event in; False, and counted, if it is lost."""
        if len(self._waiting) >= self._threshold or type(event.labels) is not dict:
            return self._put_carefully(event)
        self._waiting.append(event)
        return not self._closed or self._came_too_late(event)

    def _came_too_late(self, event: UsageEvent) -> bool:
        """Count an event that was put just when the queue was closed, if that did not."""
        with self._lock:
            if event not in self._waiting:
                return False
            self._waiting.remove(event)
        self._tally.lost(tally.SHUTDOWN)
        return False

    def _put_carefully(self, event: UsageEvent) -> bool:
        if len(self._waiting) + len(self._hand) >= self._capacity and not self._refuses:
            self._tally.lost(tally.QUEUE_FULL)
            return False
        weight: int = getattr(event.labels, "weight", 0)
        with self._lock:
            reason = tally.SHUTDOWN if self._refuses else None
            if reason is None and len(self) >= self._room(self._heavy_bytes + weight):
                reason = tally.QUEUE_FULL
            if reason is None:
                self._waiting.append(event)
                self._heavy_bytes += weight
                due = len(self) >= self._wake_at
                self._tune()
        if reason is not None:
            self._tally.lost(reason)
            return False
        if due:  # pyright: ignore[reportPossiblyUnboundVariable]
            self._wake()
        return True

    def arm(self, count: int) -> bool:
        """Have `wake` called when `count` events wait; False if they do already."""
        with self._lock:
            self._wake_at = count
            self._tune()
            return len(self) < count

    def first(self, limit: int, max_bytes: int, *, hurry: bool = False) -> list[bytes]:
        """The oldest events as JSON, at most `limit` and about `max_bytes`, but one at least.

        They stay until `remove` is told.

        Args:
            limit: How many at the most.
            max_bytes: How much at the most.
            hurry: Somebody waits for them: other threads are not let in meanwhile.
        """
        size = sum(map(len, self._hand))
        at_a_stretch = SLICE if len(self._waiting) < BACKLOG else SLICE * 4
        while len(self._hand) < limit and size < max_bytes:
            count = min(at_a_stretch, limit - len(self._hand), len(self._waiting))
            if not count:
                break
            lines = self._written([self._waiting[index] for index in range(count)])
            with self._lock:
                if self._closed:
                    return []
                self._hand += lines
                for _ in range(count):
                    self._heavy_bytes -= getattr(self._waiting.popleft().labels, "weight", 0)
                self.removed += count - len(lines)
                self._tune()
            size += sum(map(len, lines))
            if hurry:
                continue
            began = time.monotonic()
            time.sleep(BREATH_SECONDS)
            if time.monotonic() - began > LONG_BREATH_SECONDS:
                at_a_stretch = min(at_a_stretch * 4, MAX_SLICE)
        return within(self._hand[:limit], max_bytes)

    def _written(self, events: list[UsageEvent]) -> list[bytes]:
        from .._encode import encoded

        lines: list[bytes] = []
        rest = iter(events)
        while True:
            with self._guard("writing an event"):
                for event in rest:
                    lines.append(encoded(event))  # noqa: PERF401  # what came before a failure stays
                break
        self._tally.lost(tally.UNWRITABLE, len(events) - len(lines))
        return lines

    def remove(self, count: int) -> bool:
        """Forget the oldest `count` events, which are settled; False if they were given up."""
        with self._lock:
            if self._closed:
                return False
            del self._hand[:count]
            self.removed += count
            self._tune()
            return True

    def refuse(self) -> None:
        """Take no more."""
        with self._lock:
            self._refuses = True
            self._tune()

    def close(self) -> None:
        """Take no more, and give up what is left."""
        with self._lock:
            self._refuses = self._closed = True
            left = len(self)
            self._waiting.clear()
            self._hand = []
            self.removed += left
            self._tune()
        self._tally.lost(tally.LEFT, left)

    def let_go(self) -> None:
        """Nothing to let go of."""

    def adopt(self) -> None:
        """There is nothing of another process in this one's memory."""

    def inherited(self) -> list[UsageEvent]:
        """The events that a parent could not send before it forked."""
        return list(self._waiting)

    def abandon(self) -> None:
        """Nothing to let go of: after a fork the events are the parent's."""

    def journal_bytes(self) -> int:
        """Nothing is on disk."""
        return 0

    def _room(self, heavy_bytes: int) -> int:
        return min(self._max_events, (self._max_bytes - heavy_bytes) // EVENT_BYTES)

    def _tune(self) -> None:
        self._capacity = self._room(self._heavy_bytes)
        self._threshold = 0
        if not self._refuses:
            limit = min(self._wake_at - 1, self._capacity)
            self._threshold = max(0, limit - len(self._hand))


def within(lines: list[bytes], max_bytes: int) -> list[bytes]:
    """The first of the lines that make up at most `max_bytes`, but one at least."""
    size = 0
    for number, line in enumerate(lines):
        size += len(line) + 1
        if size > max_bytes and number:
            return lines[:number]
    return lines
