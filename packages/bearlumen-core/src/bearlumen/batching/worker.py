"""The background thread that delivers events.

It starts with the first event, so a process that never tracks has no thread. After a fork the
child starts with an empty buffer and a thread of its own: what the parent had queued is the
parent's. At exit it has `shutdown_timeout` seconds to deliver what is left.
"""

import atexit
import os
import random
import sys
import threading
import time
import weakref
from typing import Protocol

from .._config import MAX_BATCH_EVENTS, Config
from .._guard import Guard
from ..errors import BearLumenError, InvalidRequestError, NetworkError, error_class
from ..transport import Transport
from .buffer import Buffer, Event
from .retry import GiveUp, Outcome, Split, Wait, next_step

BUG_PAUSE_SECONDS = 1.0
"""After an exception of our own making, so that it cannot become a busy loop."""
BACKLOG_REQUESTS = 10
"""How many requests a backlog is spread over; more would let a slow server fall behind for ever."""
LAST_SEND_SECONDS = 0.5
"""How long a closed worker's thread is waited for when it has nothing left to send."""


class Streams(Protocol):
    """What the worker does with the streams that are still being read."""

    def settle(self) -> None:
        """Record what is known of them."""
        ...

    def disown(self) -> None:
        """Forget them, recording nothing."""
        ...


class Worker:
    """Owns the buffer and the thread of one client."""

    def __init__(
        self, transport: Transport, *, config: Config, guard: Guard, streams: Streams
    ) -> None:
        self._transport = transport
        self._config = config
        self._guard = guard
        self._streams = streams
        self._encoding = guard("encoding an event")
        self._fresh()
        _workers.add(self)

    def _fresh(self) -> None:
        # Reentrant: the garbage collector can run a stream's `__del__`, which puts an event,
        # in the middle of another `put` of the same thread.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # Whoever delivers holds this from looking at the oldest events until they are removed.
        self._delivering = threading.Lock()
        self._buffer = Buffer(self._config.max_queued)
        self._thread: threading.Thread | None = None
        self._flushing = 0  # flushes under way
        self._flushes = 0  # flushes begun, ever
        self._refusals = 0  # answers, ever, that make waiting useless
        self._closed = False
        self._released = False

    def put(self, event: Event) -> bool:
        """Queue an event; False, and reported, if it is lost."""
        with self._lock:
            was_empty = not len(self._buffer)
            taken = not self._closed and self._buffer.put(event)
            if taken:
                if was_empty or self._thread is None:
                    self._start()
                # The thread waits for the oldest event's time; a full batch wakes it early.
                if was_empty or len(self._buffer) == self._full:
                    self._changed.notify_all()
        if not taken:
            self._report_lost()
        return taken

    def flush(self, timeout: float | None) -> bool:
        """Deliver everything queued so far; whether it was all off within `timeout` seconds.

        An answer that makes waiting useless, such as a wrong key, ends it early.
        """
        if threading.current_thread() is self._thread:
            return False  # called by `on_error`: the thread cannot wait for itself
        timeout = threading.TIMEOUT_MAX if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        deadline = time.monotonic() + timeout
        with self._changed:
            upto, refusals = self._buffer.added, self._refusals
            self._flushing += 1
            self._flushes += 1
            self._changed.notify_all()
        try:
            if not self._alive():
                with self._guard("delivering events"):
                    self._drain_here(deadline)
            with self._changed:
                self._changed.wait_for(
                    lambda: self._buffer.removed >= upto or self._refusals > refusals,
                    max(0.0, deadline - time.monotonic()),
                )
                return self._buffer.removed >= upto
        finally:
            with self._changed:
                self._flushing -= 1

    def close(self, timeout: float | None) -> bool:
        """Flush, then end the thread; whether everything was delivered."""
        delivered = self.flush(timeout)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and delivered and thread is not threading.current_thread():
            thread.join(LAST_SEND_SECONDS)
        return delivered

    def release(self) -> None:
        """End the thread once everything is delivered; for a client that nobody holds any more."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether it was shut down: nothing is taken any more."""
        return self._closed

    def waiting(self) -> int:
        """How many events are queued or on their way."""
        with self._changed:
            return len(self._buffer)

    def _start(self) -> None:
        if self._alive():
            return
        if sys.is_finalizing():
            return  # a thread could be made, but would never run, and starting it waits for it
        _deliver_at_end_of_multiprocessing_child()
        thread = threading.Thread(target=self._run, name="bearlumen-worker", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # the interpreter is ending, or threads have run out: a flush drains in place
        self._thread = thread

    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def finish(self, deadline: float) -> None:
        """Deliver what is left at the end of the process, and say what could not be."""
        with self._guard("delivering at exit"):
            if not self.close(max(0.0, deadline - time.monotonic())):
                self._guard.report(
                    BearLumenError(
                        f"{self.waiting()} usage events are lost: they could not be delivered "
                        f"within {self._config.shutdown_timeout} s of the end of the process."
                    ),
                    problem="lost at exit",
                )

    def prepare_to_finish(self) -> float:
        """Record the open streams and begin to deliver; the moment by which it must be done."""
        with self._guard("recording the open streams"):
            self._streams.settle()
        self.release()
        return time.monotonic() + min(self._config.shutdown_timeout, threading.TIMEOUT_MAX)

    def _run(self) -> None:
        ended = False
        try:
            while not ended:
                failed = True
                with self._guard("delivering events"):
                    ended = self._deliver_when_due()
                    failed = False
                if failed:
                    time.sleep(BUG_PAUSE_SECONDS)
            self._transport.close()
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None  # ended by an exception that is not ours to catch

    def _deliver_when_due(self) -> bool:
        """Wait for a batch and deliver it; True when the thread is to end."""
        with self._changed:
            while not self._due():
                if self._closed or self._released:
                    self._thread = None  # a later event starts another
                    return True
                wait = self._config.flush_interval - self._buffer.age()
                wait = min(wait, threading.TIMEOUT_MAX)
                self._changed.wait(wait if len(self._buffer) else None)
        with self._delivering:
            events = self._next_batch()
            return bool(events) and not self._deliver(events, deadline=None)

    @property
    def _full(self) -> int:
        return max(1, min(self._config.batch_size, self._config.max_queued))

    def _due(self) -> bool:
        waiting = len(self._buffer)
        return waiting > 0 and (
            self._flushing > 0
            or self._closed
            or self._released
            or waiting >= self._full
            or self._buffer.age() >= self._config.flush_interval
        )

    def _next_batch(self) -> list[Event]:
        with self._changed:
            # A backlog goes out in about ten requests, so that a burst outruns no server.
            backlog = min(len(self._buffer) // BACKLOG_REQUESTS, MAX_BATCH_EVENTS)
            return self._buffer.first(max(self._config.batch_size, backlog))

    def _drain_here(self, deadline: float) -> None:
        # No thread: the caller's own does the work.
        if not self._delivering.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return
        try:
            while events := self._next_batch():
                if not self._deliver(events, deadline=deadline):
                    return
        finally:
            self._delivering.release()

    def _deliver(self, events: list[Event], *, deadline: float | None) -> bool:
        """Send the oldest events of the buffer until they are delivered or given up.

        False if the worker was closed, or `deadline` came, before that.
        """
        attempt = 0
        while True:
            outcome = self._transport.send(self._encoded(events))
            step = next_step(outcome, attempt=attempt, size=len(events), jitter=random.random)
            if isinstance(step, Split):
                half = len(events) // 2
                return self._deliver(events[:half], deadline=deadline) and self._deliver(
                    events[half:], deadline=deadline
                )
            if isinstance(step, Wait):
                self._report_kept(outcome)
                if not self._pause(step, deadline):
                    return False
                attempt += 1
                continue
            self._report_refused(outcome, gave_up=isinstance(step, GiveUp))
            with self._changed:
                self._buffer.remove(len(events))
                self._changed.notify_all()
            return True

    def _encoded(self, events: list[Event]) -> list[bytes]:
        encoded: list[bytes] = []
        for event in events:
            with self._encoding:
                encoded.append(event.encode())
        return encoded

    def _pause(self, step: Wait, deadline: float | None) -> bool:
        """Wait before the next attempt; False if there is to be none.

        A flush that begins meanwhile is worth an attempt at once.
        """
        until = time.monotonic() + step.seconds
        with self._changed:
            flushes = self._flushes
            if step.refused:
                self._refusals += 1
                self._changed.notify_all()
            while not self._closed and self._flushes == flushes:
                now = time.monotonic()
                if now >= until:
                    return True
                if deadline is not None and now >= deadline:
                    return False
                self._changed.wait((until if deadline is None else min(until, deadline)) - now)
            return not self._closed

    def _report_lost(self) -> None:
        if self._closed:
            problem = "tracked after shutdown"
            text = (
                "A call was tracked after shutdown() and its event is lost. flush() delivers "
                "without ending the client."
            )
        else:
            problem = "queue full"
            text = (
                f"The queue of {self._config.max_queued} events is full, so an event is lost: the "
                "server is slow or cannot be reached. `max_queued` sets the size."
            )
        self._guard.report(BearLumenError(text), problem=problem)

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

    def after_fork_in_child(self) -> None:
        """Start anew: the thread, the queued events and the open streams are the parent's."""
        self._guard.after_fork_in_child()
        self._streams.disown()
        self._transport.abandon()
        self._fresh()


_workers: "weakref.WeakSet[Worker]" = weakref.WeakSet()
_multiprocessing_hooked_in = 0


@atexit.register
def _deliver_at_exit() -> None:
    """Give every client's last events their time, all at once."""
    open_workers = [worker for worker in list(_workers) if not worker.closed]
    deadlines = [(worker, worker.prepare_to_finish()) for worker in open_workers]
    for worker, deadline in deadlines:
        worker.finish(deadline)


def _deliver_at_end_of_multiprocessing_child() -> None:
    """A forked multiprocessing child ends without running the atexit hooks; it has its own."""
    global _multiprocessing_hooked_in  # noqa: PLW0603  # one a process, and a fork makes a process
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process is None or util is None or process.parent_process() is None:
        return
    if _multiprocessing_hooked_in != os.getpid():
        _multiprocessing_hooked_in = os.getpid()
        util.Finalize(None, _deliver_at_exit, exitpriority=0)


def _after_fork_in_child() -> None:
    for worker in list(_workers):
        worker.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
