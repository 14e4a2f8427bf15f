"""The events waiting on disk: written before `track` returns, gone once the server has them.

Each process appends to a file of its own, a segment, in a folder that many may share. Segments that
a process left behind are taken over by the next that looks.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

from ..errors import BearLumenError, InvalidRequestError
from . import tally
from .buffer import Buffer, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .._guard import Guard
    from ..events import UsageEvent
    from .segment import Segment
    from .tally import Tally

    _Read = tuple[list[bytes], list[tuple[int, int]]]

SEGMENT_BYTES = 4 << 20
"""About ten thousand events; what is sent again after a crash is a part of one."""
MIN_SEGMENT_BYTES = 1 << 16
"""A folder with less room than this is full."""
FAILED_PAUSE_SECONDS = 1.0
"""How long a disk that failed is left alone; events stay in memory meanwhile."""
FULL_PAUSE_SECONDS = 0.5
"""How long a full folder is taken to stay full, if nothing of ours leaves it."""
FOLDER_MODE = 0o700


def prepare(folder: str) -> None:
    """Make the folder if it is not there.

    Raises:
        InvalidRequestError: It cannot be used.
    """
    try:
        from . import segment  # noqa: F401  # pyright: ignore[reportUnusedImport]

        os.makedirs(folder, FOLDER_MODE, exist_ok=True)  # noqa: PTH103
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be written to")
    except ImportError:
        raise InvalidRequestError(
            "journal= needs file locks as POSIX has them, which this platform has not."
        ) from None
    except OSError as error:
        raise InvalidRequestError(f"journal={folder!r} cannot be used: {error}") from error


class Journal:
    """A queue of events on disk, with a `Buffer` for the time in which the disk fails."""

    def __init__(
        self,
        folder: str,
        *,
        owner: str,
        durable: bool,
        max_bytes: int,
        overflow: Buffer,
        lock: threading.RLock,
        guard: Guard,
        tally: Tally,
        wake: Callable[[], None],
    ) -> None:
        """Use a folder that `prepare` was told of.

        Args:
            folder: Where the segments are.
            owner: Who may send them: made of the key and the server's address.
            durable: Wait for the disk at every event.
            max_bytes: Of all the owner's segments together.
            overflow: What takes the events that the disk does not.
            lock: The worker's, reentrant.
            guard: Told of a disk that fails.
            tally: Told of events that are lost.
            wake: Called, without the lock, when as many wait as `arm` was told.
        """
        self._folder = folder
        self._owner = owner
        self._durable = durable
        self._max_bytes = max_bytes
        self._overflow = overflow
        self._lock = lock
        self._guard = guard
        self._tally = tally
        self._wake = wake
        self._wake_at = 1
        self._refuses = False
        self._segments: list[Segment] = []
        self._live: Segment | None = None
        self._room = 0  # what the live segment may grow to
        self._not_before = 0.0  # when a new segment may be tried again
        self._is_full = False
        self._is_failing = False
        self._failure: OSError | None = None  # not reported yet
        self._count = 0
        self.taken_over = 0
        """Events that were adopted since the start."""
        self._removed = 0
        self._hand: tuple[Segment | None, list[tuple[int, int]]] = (None, [])
        from .._encode import encoded
        from .segment import Segment

        self._encoded, self._segment = encoded, Segment

    def __len__(self) -> int:
        return self._count + len(self._overflow)

    @property
    def removed(self) -> int:
        """Events that left since the start: delivered, or given up."""
        return self._removed + self._overflow.removed

    def put(self, event: UsageEvent) -> bool:
        """Write an event; False, and counted, if it is lost."""
        line = self._encoded(event) + b"\n"
        with self._lock:
            segment = self._live
            if segment is None or segment.size + len(line) > self._room:
                segment = self._next_segment(len(line))
                if segment is not None and self._append(segment, line):
                    self._is_failing = False
                else:
                    segment = None
            elif not self._append(segment, line):
                segment = None
            if segment is not None:
                self._count += 1
                if self._durable:
                    self._sync(segment)
                due = self._count >= self._wake_at
        if self._failure is not None:
            self._report_failure()
        if segment is None:
            return self._put_aside(event)
        if due:  # pyright: ignore[reportPossiblyUnboundVariable]
            self._wake()
        return True

    def _append(self, segment: Segment, line: bytes) -> bool:
        try:
            if segment.append(line):
                return True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301
        except OSError as error:
            self._failed(error)
            return False

    def _put_aside(self, event: UsageEvent) -> bool:
        if self._refuses:
            self._tally.lost(tally.SHUTDOWN)
            return False
        if self._is_full:
            self._tally.lost(tally.JOURNAL_FULL)
            return False
        return self._overflow.put(event)

    def _sync(self, segment: Segment) -> None:
        try:
            segment.sync()
        except OSError as error:
            self._failed(error)

    def _next_segment(self, needed: int) -> Segment | None:
        """A segment with room for a line; None if there is to be none now."""
        now = time.monotonic()
        if self._refuses or now < self._not_before:
            return None
        from .segment import HEADER_BYTES

        self._seal()
        room = min(SEGMENT_BYTES, self._max_bytes - self.journal_bytes())
        self._is_full = room < max(needed + HEADER_BYTES, min(MIN_SEGMENT_BYTES, self._max_bytes))
        if self._is_full:
            self._not_before = now + FULL_PAUSE_SECONDS
            return None
        try:
            os.makedirs(self._folder, FOLDER_MODE, exist_ok=True)  # noqa: PTH103  # it may be gone
            live = self._segment.create(self._folder, owner=self._owner, durable=self._durable)
        except OSError as error:
            self._failed(error)
            return None
        self._live, self._room = live, max(room, needed + HEADER_BYTES)
        self._segments.append(live)
        return live

    def _seal(self) -> None:
        """Append no more to the live segment."""
        if self._live is not None:
            self._live.is_live = False
            self._drop_if_done(self._live)
            self._live = None

    def _failed(self, error: OSError) -> None:
        self._not_before = time.monotonic() + FAILED_PAUSE_SECONDS
        self._seal()
        if not self._is_failing:  # else it is the same failure still
            self._is_failing = True
            self._failure = error

    def _report_failure(self) -> None:
        """Tell of a disk that began to fail; without the lock, for `on_error` is the host's."""
        failure, self._failure = self._failure, None
        if failure is not None:
            self._guard.report(
                BearLumenError(
                    f"The journal in {self._folder} cannot be written: "
                    f"{failure.strerror or failure}. Events are kept in memory until it can."
                ),
                problem=f"journal: {failure.errno}",
            )

    def arm(self, count: int) -> bool:
        """Have `wake` called when `count` events wait; False if they do already."""
        with self._lock:
            self._wake_at = count
            return len(self) < count

    def first(self, limit: int, max_bytes: int, *, hurry: bool = False) -> list[bytes]:
        """The oldest events as JSON, at most `limit` and about `max_bytes`, but one at least.

        They stay until `remove` is told.
        """
        while (segment := self._oldest()) is not None:
            try:
                lines, marks = self._read(segment, limit, max_bytes)
            except OSError as error:
                self._leave(segment, error)
                continue
            if lines:
                lines = within(lines, max_bytes)
                self._hand = (segment, marks[: len(lines)])
                return lines
            # Nothing but damaged lines, or no end of a line where there was one.
            end, damaged = marks[-1] if marks else (segment.size, segment.waiting)
            self._settle(segment, end, damaged)
            self._tally.lost(tally.DAMAGED, damaged)
        self._hand = (None, [])
        return self._overflow.first(limit, max_bytes, hurry=hurry)

    def _read(self, segment: Segment, limit: int, max_bytes: int) -> _Read:
        """Lines that are events, and a mark after each.

        A mark is the place behind the line, and how many damaged lines were passed by before it.
        Without any event one mark stands for all that was read.

        Raises:
            OSError: The disk does not give it.
        """
        from .segment import is_event

        lines, ends = segment.lines(limit, max_bytes)
        if not segment.is_adopted:
            return lines, [(end, 0) for end in ends]
        events: list[bytes] = []
        marks: list[tuple[int, int]] = []
        passed_by = 0
        for line, end in zip(lines, ends, strict=True):
            if is_event(line):
                events.append(line)
                marks.append((end, passed_by))
                passed_by = 0
            else:
                passed_by += 1
        return events, marks or [(end, passed_by) for end in ends[-1:]]

    def _leave(self, segment: Segment, error: OSError) -> None:
        """Leave a file that cannot be read as it is, for a later process or a person to look at."""
        with self._lock:
            if segment is self._live:
                self._live = None
            self._segments.remove(segment)
            left = segment.waiting
            self._count -= left
            self._removed += left
            segment.close()
        self._guard.report(
            BearLumenError(f"The journal's {segment.path} cannot be read: {error}."),
            problem=f"journal: {error.errno}",
        )
        self._tally.lost(tally.UNREADABLE, left)

    def remove(self, count: int) -> bool:
        """Forget the oldest `count` events, which are settled; False if they were given up."""
        segment, marks = self._hand
        if segment is None:
            return self._overflow.remove(count)
        if count:
            damaged = sum(passed_by for _, passed_by in marks[:count])
            self._hand = (segment, marks[count:])
            self._settle(segment, marks[count - 1][0], count + damaged)
            self._tally.lost(tally.DAMAGED, damaged)
        return True

    def _settle(self, segment: Segment, end: int, count: int) -> None:
        with self._lock:
            self._count -= count
            self._removed += count
            # If this cannot be noted they are sent again after a crash, and stored once.
            with self._guard("noting what was delivered"):
                segment.settle(end, count)
            self._drop_if_done(segment)

    def _oldest(self) -> Segment | None:
        with self._lock:
            return next((segment for segment in self._segments if segment.waiting), None)

    def _drop_if_done(self, segment: Segment) -> None:
        if segment.waiting or segment.is_live or segment not in self._segments:
            return
        self._segments.remove(segment)
        with self._guard("deleting what was delivered"):
            segment.delete()
        if self._is_full:
            self._not_before = 0.0  # there is room again

    def adopt(self) -> None:
        """Take over what other processes, or clients, left behind."""
        from .segment import found, tidy

        with self._lock:
            known = {segment.path for segment in self._segments}
        for path in found(self._folder, owner=self._owner):
            if path in known:
                continue
            segment = self._segment.adopt(path)
            if segment is None:
                continue
            is_whole = segment.count()
            with self._lock:
                adopted = segment.waiting
                self._count += adopted
                self.taken_over += adopted
                self._segments.insert(0, segment)
                self._drop_if_done(segment)
            # One that was cut off was never said to be tracked, but something was there.
            self._tally.adopt(adopted + (not is_whole))
            self._tally.lost(tally.DAMAGED, int(not is_whole))
        tidy(self._folder, owner=self._owner)

    def refuse(self) -> None:
        """Take no more."""
        with self._lock:
            self._refuses = True
            self._seal()
        self._overflow.refuse()

    def close(self) -> None:
        """Take no more. What is left stays on disk, for the next client."""
        self.refuse()
        self._overflow.close()

    def let_go(self) -> None:
        """Let the next client have what is left; nothing here uses it any more."""
        with self._lock:
            self._seal()
            segments, self._segments = self._segments, []
            for segment in segments:
                segment.close()

    def inherited(self) -> list[UsageEvent]:
        """The events of a parent are in its own files, but for those that the disk did not take."""
        return self._overflow.inherited()

    def abandon(self) -> None:
        """Let go of a parent's files after a fork; their locks stay the parent's."""
        for segment in self._segments:
            segment.close()

    def journal_bytes(self) -> int:
        """Bytes that all the owner's segments take."""
        from .segment import found

        total = 0
        for path in found(self._folder, owner=self._owner):
            with contextlib.suppress(FileNotFoundError):  # delivered meanwhile
                total += os.stat(path).st_size  # noqa: PTH116
        return total
