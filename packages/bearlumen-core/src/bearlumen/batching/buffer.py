"""The events waiting to be sent: bounded, and honest about what it dropped."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol


class Event(Protocol):
    """What waits: something that becomes JSON when it is sent."""

    def encode(self) -> bytes:
        """The event as the contract writes it."""
        ...


@dataclass(slots=True)
class Buffer:
    """A first-in, first-out queue of events, at most `capacity` of them.

    It has no lock of its own: the worker that owns it has one.
    """

    capacity: int
    clock: Callable[[], float] = time.monotonic
    added: int = 0
    """Events taken in since the start."""
    removed: int = 0
    """Events that left since the start: delivered, or given up."""
    dropped: int = 0
    """Events that came when it was full."""
    _waiting: deque[tuple[float, Event]] = field(default_factory=deque[tuple[float, Event]])

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event) -> bool:
        """Take an event in; False if there was no room, and it is counted as dropped."""
        if len(self._waiting) >= self.capacity:
            self.dropped += 1
            return False
        self._waiting.append((self.clock(), event))
        self.added += 1
        return True

    def first(self, limit: int) -> list[Event]:
        """The oldest events, at most `limit`. They stay until `remove` is told."""
        # In one step: a finaliser that puts an event may run at any other.
        return [event for _, event in list(islice(self._waiting, limit))]

    def remove(self, count: int) -> None:
        """Forget the oldest `count` events: they are delivered, or given up."""
        for _ in range(count):
            self._waiting.popleft()
        self.removed += count

    def age(self) -> float:
        """How long the oldest event has waited, in seconds; 0 when there is none."""
        return self.clock() - self._waiting[0][0] if self._waiting else 0.0
