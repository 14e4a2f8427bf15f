"""A range cut into hours, days, weeks or months of a time zone, and rows sorted into them.

Converting every row to a zone is slow (10 times a plain grouping at 10 M rows), so the engine
groups by a slot of UTC that no edge of a bucket cuts in two, and the few slots are sorted here.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

Granularity = Literal["hour", "day", "week", "month"]
GRANULARITIES: Final[tuple[Granularity, ...]] = ("hour", "day", "week", "month")
MAX_BUCKETS: Final = 10_000
"""Of one answer: a year of hours, and a megabyte of JSON."""

Slot = Literal["day", "hour", "quarter", "second"]
_SLOTS: Final[tuple[tuple[Slot, timedelta], ...]] = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("quarter", timedelta(minutes=15)),  # Kathmandu is 5:45 ahead, Lord Howe shifts by 30 minutes
    ("second", timedelta(seconds=1)),  # zones before 1972 were any number of seconds off
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NOTHING: Final = timedelta()


class TooManyBucketsError(ValueError):
    """A range of more buckets than one answer holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Buckets:
    """The buckets of a range; the first and the last end where the range does."""

    edges: tuple[datetime, ...]
    """Aware, in the zone, ascending: bucket `n` is from edge `n` to before edge `n + 1`."""
    slot: Slot
    """The coarsest stretch of UTC that lies in one bucket as a whole."""
    _plain: tuple[datetime, ...]

    def __len__(self) -> int:
        return len(self.edges) - 1

    def __iter__(self) -> Iterator[tuple[datetime, datetime]]:
        """Go through the first and the last instant, exclusive, of each."""
        return zip(self.edges, self.edges[1:], strict=False)

    def position(self, slot: datetime) -> int:
        """Return which bucket a slot belongs to, given its start as the ledger has it: naive UTC.

        The first slot may begin before the range does; it holds only events of the range.
        """
        return max(0, bisect_right(self._plain, slot) - 1)


def cut(start: datetime, end: datetime, granularity: Granularity, zone: ZoneInfo) -> Buckets:
    """Cut `[start, end)` at every hour, day, ISO week or month of a zone.

    Raises:
        TooManyBucketsError: There would be more than `MAX_BUCKETS`.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    edges = [start]
    for edge in _edges(start, granularity, zone):
        if edge >= end:
            break
        if edge > edges[-1]:
            edges.append(edge)
        if len(edges) > MAX_BUCKETS:
            raise TooManyBucketsError(
                f"more than {MAX_BUCKETS} buckets of one {granularity}; choose a longer one"
            )
    inner = edges[1:]
    if end > start:
        edges.append(end)
    return Buckets(
        edges=tuple(edge.astimezone(zone) for edge in edges),
        slot=_slot(inner),
        _plain=tuple(edge.replace(tzinfo=None) for edge in edges),
    )


def _slot(edges: Sequence[datetime]) -> Slot:
    for name, length in _SLOTS:
        if all((edge - _EPOCH) % length == _NOTHING for edge in edges):
            return name
    return "second"


def _edges(start: datetime, granularity: Granularity, zone: ZoneInfo) -> Iterator[datetime]:
    """Go through the boundaries after `start`, in UTC; the caller stops."""
    if granularity == "hour":
        yield from _hours(start, zone)
        return
    day = start.astimezone(zone).date()
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    elif granularity == "month":
        day = day.replace(day=1)
    while True:
        if granularity == "month":
            day = (day + timedelta(days=31)).replace(day=1)
        else:
            day += timedelta(days=7) if granularity == "week" else _DAY
        # A midnight that clocks skip is the instant at which they jump; of two, it is the first.
        yield datetime.combine(day, time(), zone).astimezone(UTC)


def _hours(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Full hours of the zone's clocks; one that clocks show twice is two.

    Where clocks shift by half an hour (Lord Howe), half an hour stands alone.
    """
    at = start
    while True:
        local = at.astimezone(zone)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        at += _HOUR - past
        yield at
