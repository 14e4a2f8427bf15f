"""The background thread that delivers events.

It starts with the first event, so a process that never tracks has no thread. After a fork the
child starts with an empty queue and a thread of its own: what the parent had queued is the
parent's. At exit it has `shutdown_timeout` seconds to deliver what is left.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref

from .._config import MAX_BATCH_EVENTS, MAX_BODY_BYTES
from .buffer import NEVER, Buffer
from .processes import ensure_own_process, hook_in, loading, on_fork, uwsgi_worker
from .signals import start_without_signals
from .tally import Stats, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .._config import Config
    from .._guard import Guard
    from ..transport import Transport
    from .delivery import Delivery
    from .queue import Queue
    from .retry import Wait

    class Streams(Protocol):
        """What the worker does with the streams that are still being read."""

        def settle(self) -> None:
            """Record what is known of them."""
            ...

        def disown(self) -> None:
            """Forget them, recording nothing."""
            ...


BUG_PAUSE_SECONDS = 1.0
"""After an exception of our own making, so that it cannot become a busy loop."""
PACE_SECONDS = 0.25
"""Between two requests, unless 1,000 events wait or somebody flushes: a request costs as much time
as some hundred events, and a busy program fills batches of twenty faster than they can be sent."""
ADOPT_SECONDS = 60.0
"""Between two looks for what dead processes left in a journal."""
LAST_SEND_SECONDS = 0.5
"""How long a closed worker's thread is waited for when it has nothing left to send."""
LET_GO_SECONDS = 0.1
"""The same when something is left: it lets go of the journal at once, unless a server hangs."""


class Worker:
    """Owns the queue and the thread of one client."""

    def __init__(
        self,
        make_transport: Callable[[], Transport],
        *,
        config: Config,
        guard: Guard,
        streams: Streams,
    ) -> None:
        self._make_transport = make_transport
        self._transport: Transport | None = None
        self._delivery: Delivery | None = None
        self._config = config
        self._guard = guard
        self._streams = streams
        self.tally = Tally(guard)
        self._owner = ""
        if config.journal is not None:
            from .journal import prepare

            prepare(config.journal)
            self._owner = owner_of(config)
        self._fresh()
        _workers.add(self)

    def _fresh(self) -> None:
        # Reentrant: the garbage collector can run a stream's `__del__`, which puts an event,
        # in the middle of another `put` of the same thread. One lock for all that is shared, so
        # that there is no order to take several in.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # Whoever delivers holds this from looking at the oldest events until they are removed.
        self._delivering = threading.Lock()
        # Reentrant, for a signal's handler may flush in the middle of it.
        self._adopting = threading.RLock()
        self.queue: Queue = self._make_queue()
        self.put = self.queue.put
        self._thread: threading.Thread | None = None
        self._flushing = 0  # flushes under way
        self._flushes = 0  # flushes begun, ever
        self._refusals = 0  # answers, ever, that make waiting useless
        self._starting = False
        self._closed = False
        self._released = False
        self._delivery = None
        self._noticed: float | None = None  # when the thread first saw that events wait
        self._sent_at = 0.0
        self._adopt_at = 0.0

    def _make_queue(self) -> Queue:
        config = self._config
        buffer = Buffer(
            max_events=config.max_queued,
            max_bytes=config.max_queued_bytes,
            lock=self._lock,
            guard=self._guard,
            tally=self.tally,
            wake=self._wake,
        )
        if config.journal is None:
            return buffer
        from .journal import Journal

        return Journal(
            config.journal,
            owner=self._owner,
            durable=config.journal_sync == "always",
            max_bytes=config.journal_max_bytes,
            overflow=buffer,
            lock=self._lock,
            guard=self._guard,
            tally=self.tally,
            wake=self._wake,
        )

    def stats(self) -> Stats:
        """What became of the events of this process so far."""
        ensure_own_process()
        tally, queue = self.tally, self.queue
        journal_bytes = queue.journal_bytes()
        with self._lock:
            dropped, queued = tally.dropped(), len(queue)
            settled = tally.delivered + tally.duplicates + tally.rejected
            return Stats(
                tracked=settled + sum(dropped.values()) + queued - tally.adopted,
                adopted=tally.adopted,
                delivered=tally.delivered,
                duplicates=tally.duplicates,
                rejected=tally.rejected,
                dropped=dropped,
                queued=queued,
                journal_bytes=journal_bytes,
                last_error=self._guard.last_error,
            )

    def flush(self, timeout: float | None) -> bool:
        """Deliver what is queued, and what others left; whether it was all off in time.

        An answer that makes waiting useless, such as a wrong key, ends it early.
        """
        if threading.current_thread() is self._thread:
            return False  # called by `on_error`: the thread cannot wait for itself
        ensure_own_process()
        timeout = threading.TIMEOUT_MAX if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        deadline = time.monotonic() + timeout
        if not self._closed:
            self._adopt()
        with self._changed:
            refusals = self._refusals
            # What is taken over later goes before what is meant.
            upto = self.queue.removed + len(self.queue) - self.queue.taken_over

            def is_done() -> bool:
                return self.queue.removed >= upto + self.queue.taken_over

            self._flushing += 1
            self._flushes += 1
            self._changed.notify_all()
        try:
            if not self._alive:
                with self._guard("delivering events"):
                    self._drain_here(deadline)
            with self._changed:
                self._changed.wait_for(
                    lambda: is_done() or self._refusals > refusals,
                    max(0.0, deadline - time.monotonic()),
                )
                return is_done()
        finally:
            with self._changed:
                self._flushing -= 1

    def close(self, timeout: float | None) -> bool:
        """Take no more, flush, then end the thread; whether everything was delivered."""
        ensure_own_process()
        self.queue.refuse()
        delivered = self.flush(timeout)
        with self._changed:
            self._closed = True
            self.queue.close()
            self._changed.notify_all()
            thread = self._thread
            if thread is None:
                self.queue.let_go()
        if thread is None:
            self._disconnect()
        elif thread.is_alive() and thread is not threading.current_thread():
            thread.join(LAST_SEND_SECONDS if delivered else LET_GO_SECONDS)
        self.tally.report_rest()
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

    def _wake(self) -> None:
        """As many events wait as the thread asked to be told of; or there is no thread yet."""
        with self._changed:
            self.queue.arm(NEVER)
            self._changed.notify_all()
            begins = not (self._closed or self._starting or self._alive)
            self._starting = self._starting or begins
        if begins:
            # Without the lock: starting waits for the thread, and under gevent lets it run there.
            try:
                self._start()
            finally:
                self._starting = False

    def _start(self) -> None:
        if uwsgi_worker() == 0:
            return  # a thread could be holding the interpreter's lock when the workers are made
        if sys.is_finalizing():
            return  # a thread could be made, but would never run, and starting it waits for it
        hook_in()
        _deliver_where_no_atexit_runs()
        if uwsgi_worker() is not None:
            # Its workers end after OpenSSL has: a thread that first runs then cannot connect.
            with self._guard("preparing to deliver"):
                self._prepare()
        thread = threading.Thread(target=self._run, name="bearlumen-worker", daemon=True)
        self._thread = thread
        try:
            start_without_signals(thread)
        except RuntimeError:
            # The interpreter is ending, or threads have run out: a flush drains in place.
            self._thread = None
            self.queue.arm(1)

    @property
    def _alive(self) -> bool:
        # Not `is_alive`: under gevent it lets others run, which a lock must not be held over.
        return self._thread is not None

    def prepare_to_finish(self) -> float:
        """Record the open streams and begin to deliver; the moment by which it must be done."""
        deadline = self.settle_streams()
        self.release()
        return deadline

    def settle_streams(self) -> float:
        """Record the open streams; the moment by which delivery must be done."""
        with self._guard("recording the open streams"):
            self._streams.settle()
        return time.monotonic() + min(self._config.shutdown_timeout, threading.TIMEOUT_MAX)

    def finish(self, deadline: float) -> None:
        """Deliver what is left at the end of the process, and say what could not be."""
        with self._guard("delivering at exit"):
            ensure_own_process()
            delivered = self.flush(max(0.0, deadline - time.monotonic()))
            if self._config.journal is None:
                # What other threads track meanwhile is taken as long as there is time.
                self.queue.refuse()
                delivered = delivered and self.flush(max(0.0, deadline - time.monotonic()))
                with self._changed:
                    self._closed = True
                    self.queue.close()
                    self._changed.notify_all()
            thread = self._thread
            if delivered and thread is not None and thread.is_alive():
                thread.join(LAST_SEND_SECONDS)
            self.tally.report_rest()

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
            self._disconnect()
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    # Ended by an exception that is not ours to catch. The next event starts anew.
                    self._thread = None
                    self.queue.arm(1)

    def _deliver_when_due(self) -> bool:
        """Wait for a batch and deliver it; True when the thread is to end."""
        self._prepare()
        if self._config.journal is not None and time.monotonic() >= self._adopt_at:
            self._adopt()
        with self._changed:
            due = self._await_due()
            if due is None:
                return self._end()
        if not due:
            return False
        with self._delivering:
            events = self._next_batch()
            self._sent_at = time.monotonic()
            settled = not events or self._prepare().settle(events, deadline=None)
        with self._changed:
            self._noticed = None
            return not settled and self._end()

    def _await_due(self) -> bool | None:
        """Wait until a batch is due: True. False to look at the journal first, None to end."""
        while not self._closed:
            waiting, now = len(self.queue), time.monotonic()
            if self._released and not waiting:
                return None
            if waiting and (self._flushing or self._released):
                return True
            until, count = self._adopt_at if self._config.journal else float("inf"), 1
            if waiting:
                if self._noticed is None:
                    self._noticed = now
                due, count = self._noticed + self._config.flush_interval, self._full
                if waiting >= self._full:
                    due, count = min(due, self._sent_at + PACE_SECONDS), MAX_BATCH_EVENTS
                if now >= due or waiting >= MAX_BATCH_EVENTS:
                    return True
                until = min(until, due)
            else:
                self._noticed = None
            if now >= until:
                return False
            if self.queue.arm(count):
                self._changed.wait(min(until - now, threading.TIMEOUT_MAX))
            self.queue.arm(NEVER)
        return None

    def _end(self) -> bool:
        """The thread ends; a later event starts another."""
        self.queue.let_go()
        self.queue.arm(1)
        self._thread = None
        return True

    @property
    def _full(self) -> int:
        return max(1, min(self._config.batch_size, self._config.max_queued))

    def _next_batch(self) -> list[bytes]:
        hurry = self._flushing > 0
        return self.queue.first(MAX_BATCH_EVENTS, MAX_BODY_BYTES, hurry=hurry)

    def _adopt(self) -> None:
        # One after the other: what one thread is about to take over, another must not pass by.
        with self._adopting:
            self._adopt_at = time.monotonic() + ADOPT_SECONDS
            with self._guard("looking for the journals of earlier processes"):
                self.queue.adopt()

    def _drain_here(self, deadline: float) -> None:
        # No thread: the caller's own does the work.
        if not self._delivering.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return
        try:
            while not self._closed and (events := self._next_batch()):
                if not self._prepare().settle(events, deadline=deadline):
                    return
            with self._changed:
                if not self._alive:
                    self.queue.let_go()
        finally:
            self._delivering.release()

    def _prepare(self) -> Delivery:
        """Import and make what delivering takes; no process is forked in the middle of it."""
        if self._delivery is None:
            hook_in()
            with loading():
                from .. import _encode  # noqa: F401  # pyright: ignore[reportUnusedImport]
                from .delivery import Delivery

                if self._transport is None:
                    self._transport = self._make_transport()
                self._delivery = Delivery(
                    self._transport,
                    queue=self.queue,
                    guard=self._guard,
                    tally=self.tally,
                    changed=self._changed,
                    pause=self._pause,
                )
        return self._delivery

    def _disconnect(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _pause(self, step: Wait, deadline: float | None) -> bool:
        """Wait before the next attempt; False if there is to be none.

        A flush that begins meanwhile is worth an attempt at once, unless the server asked for rest.
        """
        until = time.monotonic() + step.seconds
        with self._changed:
            flushes = self._flushes
            if step.refused:
                self._refusals += 1
                self._changed.notify_all()
            while not self._closed and (step.asked or self._flushes == flushes):
                now = time.monotonic()
                if now >= until:
                    return True
                if deadline is not None and now >= deadline:
                    return False
                self._changed.wait((until if deadline is None else min(until, deadline)) - now)
            return not self._closed

    def after_fork_in_child(self) -> None:
        """Start anew: the thread, the queued events and the open streams are the parent's.

        But those of uWSGI's master, which has no thread, are its first worker's.
        """
        left = self.queue.inherited() if uwsgi_worker() == 1 else []
        self._guard.after_fork_in_child()
        self.tally.fresh()
        self._streams.disown()
        self.queue.abandon()
        if self._transport is not None:
            self._transport.abandon()
        self._fresh()
        for event in left:
            self.put(event)


def owner_of(config: Config) -> str:
    """A name for the key and the server: only they may be sent what was tracked with them."""
    from hashlib import sha256

    return sha256(f"{config.base_url}\0{config.api_key}".encode()).hexdigest()[:12]


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()
_hooked_in = 0


def flush_all() -> None:
    """Deliver what every client has queued, within the `shutdown_timeout` of each."""
    workers = [worker for worker in list(_workers) if not worker.closed]
    for worker, deadline in [(worker, worker.settle_streams()) for worker in workers]:
        worker.flush(max(0.0, deadline - time.monotonic()))


@atexit.register
def _deliver_at_exit(**_: object) -> None:
    """Give every client's last events their time, all at once."""
    open_workers = [worker for worker in list(_workers) if not worker.closed]
    deadlines = [(worker, worker.prepare_to_finish()) for worker in open_workers]
    for worker, deadline in deadlines:
        worker.finish(deadline)


def _deliver_where_no_atexit_runs() -> None:
    """Have the last events delivered in workers that end without running the atexit hooks.

    A forked child of multiprocessing, and a pool process of Celery, have farewells of their own.
    """
    global _hooked_in  # noqa: PLW0603  # one a process, and a fork makes a process
    if _hooked_in == os.getpid():
        return
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        _hooked_in = os.getpid()
        util.Finalize(None, _deliver_at_exit, exitpriority=0)
    signals = sys.modules.get("celery.signals")
    if signals is not None:
        _hooked_in = os.getpid()
        signals.worker_process_shutdown.connect(_deliver_at_exit, weak=False)


def _after_fork_in_child() -> None:
    for worker in list(_workers):
        worker.after_fork_in_child()


on_fork(_after_fork_in_child)
