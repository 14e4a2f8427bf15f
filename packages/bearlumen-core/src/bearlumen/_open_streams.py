"""The wrapped streams of a client, apart from `streams.py`: a client has them before it has one."""

from __future__ import annotations

import threading
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .streams import Settled


class OpenStreams:
    """The wrapped streams of one client that are not done yet."""

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[Settled] = weakref.WeakSet()
        self._lock = threading.RLock()

    def add(self, stream: Settled) -> None:
        """Take note of a stream."""
        with self._lock:
            self._streams.add(stream)

    def settle(self) -> None:
        """Record what is known of each: the client ends."""
        for stream in self._take():
            stream.settle()

    def disown(self) -> None:
        """Forget all, recording nothing: after a fork they are the parent's to record."""
        self._lock = threading.RLock()
        for stream in self._take():
            stream.disown()

    def _take(self) -> list[Settled]:
        with self._lock:
            streams = list(self._streams)
            self._streams.clear()
        return streams
