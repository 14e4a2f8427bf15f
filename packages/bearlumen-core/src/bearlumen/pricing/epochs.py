"""Which of a model's prices holds at an instant, and in which context.

The catalogue dates prices by UTC day and some by time of day. Between two boundaries nothing
changes, so one compiled price list serves every event in between.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint

from .context import price_context
from .usage import NoPrice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genai_prices.types import ModelInfo, Provider

Constraint = StartDateConstraint | TimeOfDateConstraint | None
Epoch = tuple[int, int]
"""How many date boundaries and how many times of day have passed."""
ALWAYS: Epoch = (0, 0)
"""The epoch of what never changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The boundaries at which a model's prices change."""

    dates: tuple[date, ...]
    times: tuple[time, ...]

    def epoch(self, at: datetime) -> Epoch:
        """The stretch between boundaries that an instant falls into."""
        if not self.dates and not self.times:
            return ALWAYS
        moment = in_utc(at)
        passed = bisect_right(self.times, moment.time()) if self.times else 0
        return (bisect_right(self.dates, moment.date()), passed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The prices that hold, and what to call them."""

    prices: ModelPrice
    label: str
    """The day these prices started, if the catalogue says, and the context they are for."""


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive time is taken as UTC, as the catalogue does."""
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def calendar(model: ModelInfo) -> Calendar:
    """Every boundary of a model's prices and variants."""
    dates: set[date] = set()
    times: set[time] = set()
    for constraint in _constraints(model):
        match constraint:
            case StartDateConstraint():
                dates.add(constraint.start_date)
            case TimeOfDateConstraint():
                times.update(map(_utc_time, (constraint.start_time, constraint.end_time)))
            case None:
                pass
    return Calendar(dates=tuple(sorted(dates)), times=tuple(sorted(times)))


def select(model: ModelInfo, *, at: datetime, words: tuple[str, ...], own: bool) -> Selection:
    """The prices of a model at an instant.

    Args:
        model: From the catalogue.
        at: When the call was made.
        words: What is not ordinary about the call, from `context_words`.
        own: The provider lists this model itself. A price borrowed from another provider's list
            says nothing about the borrower's batch or tiers.

    Raises:
        NoPrice: A context word has no price of its own at that time.
    """
    moment = in_utc(at)
    used = [_standard(model, moment)]
    context: dict[str, str] = {}
    for word in words:
        wanted = price_context(word)
        variants = [
            variant.constraint
            for variant in (model.price_variants or () if own else ())
            if variant.when.items() <= wanted.items() and _active(variant.constraint, moment)
        ]
        if not variants:
            where = "at that time" if own else "where another provider sells it"
            raise NoPrice(f"has no {word!r} price {where}")
        # The first match wins, price by price.
        used.append(variants[0])
        context.update(wanted)
    return Selection(
        prices=model.get_prices(moment, context or None),
        label=_label(used) + (f"[{','.join(words)}]" if words else ""),
    )


def price_dates(providers: Sequence[Provider]) -> tuple[date, ...]:
    """Every day on which some price of a catalogue starts, ascending."""
    models = (model for provider in providers for model in provider.models)
    return tuple(sorted({day for model in models for day in calendar(model).dates}))


def _constraints(model: ModelInfo) -> list[Constraint]:
    prices = [] if isinstance(model.prices, ModelPrice) else model.prices
    return [item.constraint for item in (*prices, *(model.price_variants or ()))]


def _standard(model: ModelInfo, moment: datetime) -> Constraint:
    """What dates the price that `get_prices` picks: the last one active, else the first."""
    if isinstance(model.prices, ModelPrice):
        return None
    for price in reversed(model.prices):
        if _active(price.constraint, moment):
            return price.constraint
    return None


def _active(constraint: Constraint, moment: datetime) -> bool:
    return constraint is None or constraint.active(moment)


def _label(used: list[Constraint]) -> str:
    starts = [item.start_date for item in used if isinstance(item, StartDateConstraint)]
    label = f"@{max(starts)}" if starts else ""
    for item in used:
        if isinstance(item, TimeOfDateConstraint):
            label += f"@{_utc_time(item.start_time):%H:%M}-{_utc_time(item.end_time):%H:%M}"
    return label


def _utc_time(value: time) -> time:
    # Any day will do: the catalogue's offsets are fixed.
    return in_utc(datetime.combine(date(1970, 1, 1), value)).time()
