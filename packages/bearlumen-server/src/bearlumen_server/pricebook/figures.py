"""What other prices make of stored events: before, after, and how many changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bearlumen_server.ledger import limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from .own import Prices
    from .stored import StoredEvent

_QUARTER: Final = 15
"""Minutes: no zone changes its day in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repriced:
    """An event, and what it costs at other prices."""

    event: StoredEvent
    cost: Decimal | None
    source: str | None
    price_id: str | None

    @property
    def differs(self) -> bool:
        """Whether anything about its cost is not what is stored."""
        event = self.event
        return (self.cost, self.source, self.price_id) != (
            event.cost,
            event.source,
            event.price_id,
        )


def reprice(event: StoredEvent, prices: Prices) -> Repriced:
    """Price a stored event again; one that would cost more than an event may is left as it is."""
    priced = prices.price(
        provider=event.provider, model=event.model, at=event.at, usage=event.usage
    )
    if priced.cost is not None and priced.cost > limits.MAX_COST:
        return Repriced(event=event, cost=event.cost, source=event.source, price_id=event.price_id)
    return Repriced(event=event, cost=priced.cost, source=priced.source, price_id=priced.price_id)


@dataclass(kw_only=True, slots=True)
class Tally:
    """Figures of one group of events."""

    events: int = 0
    """Those looked at: all whose cost nobody stated."""
    before: Decimal = Decimal(0)
    """USD, of those that had a price."""
    after: Decimal = Decimal(0)
    changed: int = 0
    """Events whose cost changes, those newly priced or unpriced included."""
    newly_priced: int = 0
    newly_unpriced: int = 0
    unpriced: int = 0
    """Events without a price afterwards."""

    def add(self, one: Repriced) -> None:
        """Count one event."""
        before, after = one.event.cost, one.cost
        self.events += 1
        if before is not None:
            self.before += before
        if after is None:
            self.unpriced += 1
        else:
            self.after += after
        if before != after:
            self.changed += 1
            self.newly_priced += before is None
            self.newly_unpriced += after is None

    def kept(self) -> list[Any]:
        """Return the figures as JSON can hold them."""
        return [
            self.events,
            str(self.before),
            str(self.after),
            self.changed,
            self.newly_priced,
            self.newly_unpriced,
            self.unpriced,
        ]

    @classmethod
    def read(cls, kept: list[Any]) -> Tally:
        """Return figures that were kept."""
        events, before, after, changed, priced, unpriced, without = kept
        return cls(
            events=events,
            before=Decimal(before),
            after=Decimal(after),
            changed=changed,
            newly_priced=priced,
            newly_unpriced=unpriced,
            unpriced=without,
        )


def _tallies() -> defaultdict[Any, Tally]:
    return defaultdict(Tally)


@dataclass(kw_only=True, slots=True)
class Figures:
    """Figures in all, by model and by day of a zone."""

    zone: ZoneInfo
    total: Tally = field(default_factory=Tally)
    models: dict[tuple[str, str], Tally] = field(default_factory=_tallies)
    days: dict[date, Tally] = field(default_factory=_tallies)
    _known_days: dict[datetime, date] = field(default_factory=dict[datetime, date])

    def add(self, one: Repriced) -> None:
        """Count one event everywhere it belongs."""
        event = one.event
        self.total.add(one)
        self.models[event.provider, event.model].add(one)
        self.days[self._day(event.at)].add(one)

    def _day(self, at: datetime) -> date:
        # Converting every instant to a zone would take as long as pricing it.
        slot = at.replace(minute=at.minute - at.minute % _QUARTER, second=0, microsecond=0)
        day = self._known_days.get(slot)
        if day is None:
            day = self._known_days[slot] = at.astimezone(self.zone).date()
        return day

    def kept(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {
            "total": self.total.kept(),
            "models": [[*key, tally.kept()] for key, tally in self.models.items()],
            "days": [[day.isoformat(), tally.kept()] for day, tally in self.days.items()],
        }

    @classmethod
    def read(cls, kept: Mapping[str, Any], *, zone: ZoneInfo) -> Figures:
        """Return figures that were kept."""
        found = cls(zone=zone, total=Tally.read(kept["total"]))
        for provider, model, tally in kept["models"]:
            found.models[provider, model] = Tally.read(tally)
        for day, tally in kept["days"]:
            found.days[date.fromisoformat(day)] = Tally.read(tally)
        return found


def in_utc(at: datetime | None) -> datetime | None:
    """Return an instant of the ledger as an aware one."""
    return None if at is None else at.replace(tzinfo=UTC)
