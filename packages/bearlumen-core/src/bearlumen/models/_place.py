"""A place in a list of events, newest first, that stays where it is while events arrive.

A number of events to skip shifts with every event that arrives. The last event's time does not:
the following page is that of the events until then, without those of that very time that were seen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .. import _wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .usage import UsageEventRecord

TICK = timedelta(microseconds=1)
"""The ledger's resolution: the range until a time is the one that ends a tick after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Behind the first `skip` events of time `at`."""

    at: datetime
    skip: int
    seen: frozenset[str]
    """Ids of those events, as far as the last page had them: one that arrives before them shifts
    them into the next page."""

    @classmethod
    def after(cls, events: "Sequence[UsageEventRecord]", *, skipped: int) -> "Place | None":
        """The place after a first page; None if it cannot be told.

        Args:
            events: The page's events.
            skipped: How many were left out before them, of times that are not known.
        """
        seen = _last_of(events)
        falling = all(one.timestamp >= two.timestamp for one, two in zip(events, events[1:]))  # noqa: B905, RUF007
        if not events or not falling or (skipped and len(seen) == len(events)):
            return None
        return cls(at=events[-1].timestamp, skip=len(seen), seen=seen)

    def next(self, events: "Sequence[UsageEventRecord]") -> "Place":
        """The place after the page that began here."""
        if not events:
            return self
        seen = _last_of(events)
        at = events[-1].timestamp
        if at == self.at:
            return Place(at=at, skip=self.skip + len(events), seen=self.seen | seen)
        return Place(at=at, skip=len(seen), seen=seen)

    def params(self) -> dict[str, str]:
        """What a question says to begin here."""
        return {_wire.END_DATE: (self.at + TICK).isoformat(), _wire.OFFSET: str(self.skip)}


def _last_of(events: "Sequence[UsageEventRecord]") -> frozenset[str]:
    """The ids of the events that have the last one's time."""
    last = events[-1].timestamp if events else None
    found: set[str] = set()
    for event in reversed(events):
        if event.timestamp != last:
            break
        found.add(event.event_id)
    return frozenset(found)
