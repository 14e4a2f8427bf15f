"""What became of the events: counted, and losses reported without a report for each."""

from __future__ import annotations

import threading
import time

from ..errors import EventsDroppedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._guard import Guard

REPORT_INTERVAL_SECONDS = 10.0
"""Between two reports of losses for one reason."""

QUEUE_FULL = "queue_full"
JOURNAL_FULL = "journal_full"
SHUTDOWN = "shutdown"
LEFT = "left"
UNWRITABLE = "unwritable"
DAMAGED = "damaged"
UNREADABLE = "unreadable"

MESSAGES = {
    QUEUE_FULL: "the queue is full, since the server is slow or cannot be reached. `max_queued` "
    "and `max_queued_bytes` set its size; with `journal=` events are kept on disk instead",
    JOURNAL_FULL: "the journal is full, since the server is slow or cannot be reached. "
    "`journal_max_bytes` sets its size",
    SHUTDOWN: "tracked after shutdown(). flush() delivers without ending the client",
    LEFT: "not delivered before the client or the process ended. `shutdown_timeout` is how long "
    "that waits; with `journal=` they would be kept",
    UNWRITABLE: "they could not be written as JSON",
    DAMAGED: "the journal of an earlier process ends in a record that was cut off, or holds one "
    "that is damaged",
    UNREADABLE: "the disk does not give a file of the journal, which is left as it is for a later "
    "process",
}
"""Why events are lost, by the name under which they are counted."""


class Stats:
    """What became of the events of one client in this process, at one moment.

    `tracked + adopted` is the sum of all the other counts: every event is delivered, a duplicate,
    rejected, dropped or queued.
    """

    __slots__ = (
        "adopted",
        "delivered",
        "dropped",
        "duplicates",
        "journal_bytes",
        "last_error",
        "queued",
        "rejected",
        "tracked",
    )

    def __init__(
        self,
        *,
        tracked: int,
        adopted: int,
        delivered: int,
        duplicates: int,
        rejected: int,
        dropped: Mapping[str, int],
        queued: int,
        journal_bytes: int,
        last_error: str | None,
    ) -> None:
        self.tracked = tracked
        """Events that this process tracked."""
        self.adopted = adopted
        """Events taken over from the journals of earlier processes."""
        self.delivered = delivered
        """Events that the server stored."""
        self.duplicates = duplicates
        """Events that the server had stored before, such as those whose answer was lost."""
        self.rejected = rejected
        """Events that the server refused for what they are; `on_error` was told why."""
        self.dropped = dropped
        """Lost events by reason: `queue_full`, `journal_full`, `shutdown` (tracked after it),
        `left` (not delivered by the end), `unwritable`, `damaged`, `unreadable`."""
        self.queued = queued
        """Events in memory or in the journal that the server has not acknowledged."""
        self.journal_bytes = journal_bytes
        """Bytes that the journal's directory holds for this key and server; 0 without one."""
        self.last_error = last_error
        """What went wrong last, in words; None if nothing did."""

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict, for a log line or a health page."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "dropped": dict(self.dropped)
        }

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.to_dict().items()))
        return f"Stats({shown})"


class Tally:
    """One client's counters."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.fresh()

    def fresh(self) -> None:
        """Start at zero: a forked child counts its own events."""
        self._lock = threading.RLock()
        self.delivered = 0
        self.duplicates = 0
        self.rejected = 0
        self.adopted = 0
        self._dropped: dict[str, int] = {}
        self._unreported: dict[str, int] = {}
        self._quiet_until: dict[str, float] = {}

    def adopt(self, count: int) -> None:
        """Count events taken over from an earlier process."""
        with self._lock:
            self.adopted += count

    def answered(self, *, sent: int, duplicates: int, rejected: int) -> None:
        """Count a batch that the server took."""
        with self._lock:
            rejected = min(rejected, sent)
            duplicates = min(duplicates, sent - rejected)
            self.rejected += rejected
            self.duplicates += duplicates
            self.delivered += sent - rejected - duplicates

    def lost(self, reason: str, count: int = 1) -> None:
        """Count lost events, and report them now or together with the next."""
        if count <= 0:
            return
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + count
            unreported = self._unreported[reason] = self._unreported.get(reason, 0) + count
            now = time.monotonic()
            if now < self._quiet_until.get(reason, now):
                return
            self._quiet_until[reason] = now + REPORT_INTERVAL_SECONDS
            self._unreported[reason] = 0
        self._report(reason, unreported)

    def report_rest(self) -> None:
        """Report the losses that no report has told of yet."""
        with self._lock:
            rest, self._unreported = self._unreported, {}
        for reason, count in rest.items():
            if count:
                self._report(reason, count)

    def dropped(self) -> dict[str, int]:
        """Lost events by reason."""
        with self._lock:
            return dict(self._dropped)

    def _report(self, reason: str, count: int) -> None:
        events = "a usage event is" if count == 1 else f"{count} usage events are"
        self._guard.report(
            EventsDroppedError(f"{events} lost: {MESSAGES[reason]}.", count=count, reason=reason),
            problem=f"lost: {reason}",
        )
