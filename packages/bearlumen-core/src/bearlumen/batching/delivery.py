"""Sending a batch until it is settled: delivered, or given up."""

from __future__ import annotations

import random
import time

from ..errors import InvalidRequestError, NetworkError, error_class
from .retry import GiveUp, Outcome, Split, Wait, next_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Condition

    from .._guard import Guard
    from ..transport import Transport
    from .queue import Queue
    from .tally import Tally

    Pause = Callable[[Wait, float | None], bool]


class Delivery:
    """One client's way to the server; used by one thread at a time."""

    def __init__(
        self,
        transport: Transport,
        *,
        queue: Queue,
        guard: Guard,
        tally: Tally,
        changed: Condition,
        pause: Pause,
    ) -> None:
        """Deliver from `queue`.

        Args:
            transport: What carries a batch.
            queue: Where the events are until they are settled.
            guard: Told of what goes wrong.
            tally: Told what became of the events.
            changed: Notified when events are settled; its lock is the queue's.
            pause: Waits before another attempt; False if there is to be none.
        """
        self._transport = transport
        self._queue = queue
        self._guard = guard
        self._tally = tally
        self._changed = changed
        self._pause = pause

    def settle(self, events: list[bytes], *, deadline: float | None) -> bool:
        """Send the oldest events of the queue until they are settled.

        Returns:
            False if the client was closed, or `deadline` came, before that.
        """
        attempt = 0
        while True:
            outcome = self._send(events, deadline)
            step = next_step(outcome, attempt=attempt, size=len(events), jitter=random.random)
            if isinstance(step, Split):
                half = len(events) // 2
                return self.settle(events[:half], deadline=deadline) and self.settle(
                    events[half:], deadline=deadline
                )
            if isinstance(step, Wait):
                self._report_kept(outcome)
                if not self._pause(step, deadline):
                    return False
                attempt += 1
                continue
            gave_up = isinstance(step, GiveUp)
            with self._changed:
                if self._queue.remove(len(events)):
                    self._tally.answered(
                        sent=len(events),
                        duplicates=outcome.duplicates,
                        rejected=len(events) if gave_up else len(outcome.rejected),
                    )
                self._changed.notify_all()
            self._report_refused(outcome, gave_up=gave_up)
            return True

    def _send(self, events: list[bytes], deadline: float | None) -> Outcome:
        if deadline is None:
            return self._transport.send(events)
        left = deadline - time.monotonic()
        if left <= 0:
            return Outcome(status=None, message="there was no time left to send them")
        return self._transport.send(events, timeout=left)

    def _report_kept(self, outcome: Outcome) -> None:
        kind = NetworkError if outcome.status is None else error_class(outcome.status)
        self._guard.report(
            kind(
                f"Usage events could not be delivered and are kept: {outcome.message}",
                status=outcome.status,
                retry_after=outcome.retry_after,
            ),
            problem=f"not delivered ({outcome.status or 'no answer'})",
        )

    def _report_refused(self, outcome: Outcome, *, gave_up: bool) -> None:
        refused = [
            f"usage event {one.get('sdk_event_id')}: {one.get('message')}"
            for one in outcome.rejected
        ]
        if gave_up:
            refused.append(f"a usage event: {outcome.message}")
        for text in refused:
            self._guard.report(
                InvalidRequestError(f"The server refused {text}", status=outcome.status),
                problem="event refused",
            )
