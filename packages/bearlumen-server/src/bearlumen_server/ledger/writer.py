"""The one writer: takes everything that waits, commits it at once, then answers everybody.

A commit costs the same few milliseconds for one event as for a thousand, so requests share commits.
A request is answered after its events are on disk, never before.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bearlumen_server.logs import correlation_id

from .pricing import price
from .rejection import InvalidEventError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bearlumen_server.pricebook.own import Prices
    from bearlumen_server.storage import LaidOut, Store

    from .events import PricedEvent, UsageEvent

logger = logging.getLogger(__name__)

GROUP_EVENTS: Final = 20_000
"""At most this many in one commit: its fixed cost vanishes, and it is soon over."""
LOGGED_IDS: Final = 20
"""Correlation ids in the line that says a group was not written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What became of one group, for whoever counts."""

    events: int
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    unpriced: int = 0
    """Of those accepted."""
    seconds: float = 0.0
    failed: bool = False


FULL_EVENTS: Final = 2_000
"""A commit of as many needs no company."""
MANY_EVENTS: Final = 500
"""So many are laid out by themselves: what that costs for each column, they share."""
LINGER_SECONDS: Final = 0.01
"""How long a commit waits for company, when the last one had some: as long as one takes."""


class WriterBusyError(Exception):
    """As many events wait as may; try again shortly."""


class WriterClosedError(Exception):
    """The server is shutting down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one request's events."""

    accepted: int
    duplicates: int
    refused: tuple[tuple[int, str], ...] = ()
    """Position and reason of each event that its price makes impossible to store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """One request's events with all that can be done before their turn: ids read, costs known."""

    org_id: str
    ids: Sequence[bytes]
    """Of every event, also of those that cannot be stored."""
    rows: Sequence[PricedEvent | None]
    """None for an event that cannot be stored."""
    laid_out: LaidOut | None
    """All that can be stored, where that is many; a few are laid out with those of others."""
    refused: Mapping[int, str]
    """Position and reason of each of those."""
    correlation_id: str | None
    done: Future[Outcome] = field(default_factory=Future[Outcome])


class Writer:
    """A thread that owns all writing of usage. Start it once; close it to drain it."""

    def __init__(
        self,
        store: Store,
        book: Prices,
        *,
        max_waiting_events: int,
        book_of: Callable[[str], Prices] | None = None,
        on_commit: Callable[[Commit], None] | None = None,
    ) -> None:
        """Prepare to write.

        Args:
            store: The ledger.
            book: The prices of every organisation.
            max_waiting_events: Events that may wait before a request is turned away.
            book_of: The prices of an organisation, by its id, where each has its own.
            on_commit: Told of every commit.
        """
        self._on_commit = on_commit
        self._store = store
        self._book = book
        self._book_of = book_of
        self._max_waiting = max_waiting_events
        self._waiting: deque[Prepared] = deque()
        self._waiting_events = 0
        self._closed = False
        self._shared = False
        """Whether the last commit was that of several requests."""
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="bearlumen-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def prepare(self, events: Sequence[UsageEvent], *, org_id: str) -> Prepared:
        """Price a request's events, on whatever thread has read them.

        The writer's own thread is what every request waits for, so it does as little as it can.
        """
        book = self._book if self._book_of is None else self._book_of(org_id)
        rows: list[PricedEvent | None] = []
        refused: dict[int, str] = {}
        for position, event in enumerate(events):
            try:
                rows.append(price(event, org_id=org_id, book=book))
            except InvalidEventError as error:
                rows.append(None)
                refused[position] = str(error)
        many = len(events) >= MANY_EVENTS and len(refused) < len(events)
        return Prepared(
            org_id=org_id,
            ids=[event.event_id.bytes for event in events],
            rows=rows,
            laid_out=self._store.lay_out([row for row in rows if row]) if many else None,
            refused=refused,
            correlation_id=correlation_id.get(),
        )

    def submit(self, events: Sequence[UsageEvent], *, org_id: str) -> Future[Outcome]:
        """Prepare a request's events and hand them over.

        Raises:
            WriterBusyError: Too much waits already; nothing was taken.
            WriterClosedError: Nothing is taken any more.
        """
        return self.enqueue(self.prepare(events, org_id=org_id))

    def enqueue(self, request: Prepared) -> Future[Outcome]:
        """Hand over a request's events; the future is resolved when they are on disk.

        Raises:
            WriterBusyError: Too much waits already; nothing was taken.
            WriterClosedError: Nothing is taken any more.
        """
        # A client that hangs up must not cancel what is being written.
        request.done.set_running_or_notify_cancel()
        with self._changed:
            if self._closed:
                raise WriterClosedError
            if self._waiting_events and self._waiting_events + len(request.ids) > self._max_waiting:
                raise WriterBusyError
            self._waiting.append(request)
            self._waiting_events += len(request.ids)
            self._changed.notify()
        return request.done

    @property
    def alive(self) -> bool:
        """Whether it writes what it is given."""
        return self._thread.is_alive() and not self._closed

    @property
    def waiting_events(self) -> int:
        """How many events wait."""
        return self._waiting_events

    @property
    def full(self) -> bool:
        """Whether as many wait as may."""
        return self._waiting_events >= self._max_waiting

    def close(self) -> None:
        """Take nothing more, write what waits, and return when it is written."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            if not self._try(group):
                # Somebody's request cannot be written; find out whose, and spare the others.
                for request in group:
                    if len(group) == 1 or not self._try([request]):
                        request.done.set_exception(RuntimeError("the events could not be written"))

    def _next_group(self) -> list[Prepared]:
        """Wait for work and take all there is; empty when closed and drained."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._shared:
                # Many send at once: a commit costs as much for a few events as for a thousand.
                self._changed.wait_for(
                    lambda: self._waiting_events >= FULL_EVENTS or self._closed, LINGER_SECONDS
                )
            group: list[Prepared] = []
            taken = 0
            while self._waiting:
                size = len(self._waiting[0].ids)
                if group and taken + size > GROUP_EVENTS:
                    break
                group.append(self._waiting.popleft())
                taken += size
            self._waiting_events -= taken
            self._shared = len(group) > 1
            return group

    def _try(self, group: Sequence[Prepared]) -> bool:
        began = time.perf_counter()
        # Those that are laid out together come last, so that the events of each stand together.
        group = sorted(group, key=lambda request: request.laid_out is None)
        try:
            outcomes, unpriced = self._write(group)
        except Exception:  # whatever it is, the writer lives on; a dead one hangs every request
            ids = ", ".join(str(request.correlation_id) for request in group[:LOGGED_IDS])
            logger.exception("writing %d requests failed (%s)", len(group), ids)
            self._tell(Commit(events=_count(group), failed=True))
            return False
        self._tell(
            Commit(
                events=_count(group),
                accepted=sum(each.accepted for each in outcomes),
                duplicates=sum(each.duplicates for each in outcomes),
                refused=sum(len(each.refused) for each in outcomes),
                unpriced=unpriced,
                seconds=time.perf_counter() - began,
            )
        )
        for request, outcome in zip(group, outcomes, strict=True):
            request.done.set_result(outcome)
        return True

    def _tell(self, commit: Commit) -> None:
        if self._on_commit is not None:
            self._on_commit(commit)

    def _write(self, group: Sequence[Prepared]) -> tuple[list[Outcome], int]:
        # By organisation, each id with the request that came first with it.
        seen: dict[str, set[bytes]] = {request.org_id: set() for request in group}
        parts: list[LaidOut] = []
        few: list[PricedEvent] = []
        repeated: set[int] = set()
        taken: list[range] = []
        refused: list[tuple[tuple[int, str], ...]] = []
        end = 0
        for request in group:
            start = end
            again, problems = _seen_before(request, seen[request.org_id])
            repeated.update(start + each for each in again)
            if request.laid_out is None:
                few += [row for row in request.rows if row]
            else:
                parts.append(request.laid_out)
            end += len(request.ids) - len(request.refused)
            taken.append(range(start, end))
            refused.append(problems)
        if few:
            parts.append(self._store.lay_out(few))
        known = self._store.append_usage(parts, skip=repeated) if parts else ()
        left_out = repeated.union(known)
        rows = (row for part in parts for row in part.events)
        unpriced = sum(row.cost is None for n, row in enumerate(rows) if n not in left_out)
        old = sorted(left_out)
        outcomes: list[Outcome] = []
        for request, mine, problems in zip(group, taken, refused, strict=True):
            new = len(mine) - (bisect_left(old, mine.stop) - bisect_left(old, mine.start))
            duplicates = len(request.ids) - new - len(problems)
            outcomes.append(Outcome(accepted=new, duplicates=duplicates, refused=problems))
        return outcomes, unpriced


def _count(group: Sequence[Prepared]) -> int:
    return sum(len(request.ids) for request in group)


def _seen_before(
    request: Prepared, seen: set[bytes]
) -> tuple[Sequence[int], tuple[tuple[int, str], ...]]:
    """Return which of the rows that can be stored somebody had before, and what is refused.

    The ids of the other rows are added to `seen`.
    """
    ids = set(request.ids)
    if len(ids) == len(request.ids) and seen.isdisjoint(ids) and not request.refused:
        seen |= ids
        return (), ()
    again: list[int] = []
    refused: list[tuple[int, str]] = []
    storable = 0
    for position, (event_id, row) in enumerate(zip(request.ids, request.rows, strict=True)):
        if row is None:
            if event_id not in seen:
                refused.append((position, request.refused[position]))
            continue
        if event_id in seen:
            again.append(storable)
        seen.add(event_id)
        storable += 1
    return again, tuple(refused)
