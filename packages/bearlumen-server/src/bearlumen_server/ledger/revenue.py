"""Revenue as it is reported, and as it falls in time.

Revenue for a period is split over its UTC days in proportion to how much of each it covers, so that
every later question is a plain sum. The parts add up to the amount to the last digit.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from . import limits
from .document import NotJsonError, read_document
from .rejection import InvalidEventError, explain, kind_of
from .schema import Label, Name

CURRENCY: Final = "USD"
AMOUNT_DIGITS: Final = 12

_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_SCALE: Final = 10**AMOUNT_DIGITS


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A part of an amount, at the instant it counts from."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Revenue:
    """What one end user paid, once or for a period."""

    revenue_id: str
    end_user: str
    amount: Decimal
    currency: str
    starts_at: datetime
    ends_at: datetime | None
    """Exclusive; None for revenue of one instant."""
    entries: tuple[Entry, ...]


class RevenueEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """A revenue event on the wire."""

    revenue_id: Name
    external_id: Name
    amount: Raw
    currency: Label = CURRENCY
    occurred_at: Label | None = None
    period_start: Label | None = None
    period_end: Label | None = None


class RevenueBatch(Struct, frozen=True, kw_only=True):
    """The body of a request that reports many."""

    events: list[Raw] = field(default_factory=list[Raw])


_EVENT = msgspec.json.Decoder(RevenueEvent)


def decode_revenue(data: bytes, *, now: datetime) -> Revenue:
    """Read one revenue event; without any time it counts from `now`.

    Args:
        data: The event as `split_batch` or `only_event` returns it.
        now: The server's time.

    Raises:
        InvalidEventError: The message names the field.
    """
    try:
        document: Any = read_document(data)
        event = _EVENT.decode(data)
    except NotJsonError as error:
        raise InvalidEventError("event", error.problem) from error
    except msgspec.ValidationError as error:
        raise explain(error, read_document(data)) from error
    for name in ("revenueId", "externalId"):
        if "\0" in document[name]:
            raise InvalidEventError(name, "holds a NUL character or half a surrogate pair")
    if event.currency != CURRENCY:
        raise InvalidEventError("currency", f'expected "{CURRENCY}", the only one so far')
    amount = _amount(bytes(event.amount))
    starts_at, ends_at = _times(event, now)
    return Revenue(
        revenue_id=event.revenue_id,
        end_user=event.external_id,
        amount=amount,
        currency=event.currency,
        starts_at=starts_at,
        ends_at=ends_at,
        entries=tuple(split(amount, starts_at, ends_at)),
    )


def split(amount: Decimal, starts_at: datetime, ends_at: datetime | None) -> Iterable[Entry]:
    """Spread an amount over the UTC days of `[starts_at, ends_at)`.

    Each day gets the difference of two running totals, so nothing is lost in rounding and no day is
    off by more than one unit of the last digit.
    """
    if ends_at is None:
        yield Entry(at=starts_at, amount=amount)
        return
    cuts = [starts_at]
    midnight = datetime.combine(starts_at.date(), time(), UTC) + _DAY
    while midnight < ends_at:
        cuts.append(midnight)
        midnight += _DAY
    cuts.append(ends_at)
    whole = (ends_at - starts_at) // _MICROSECOND
    units = int(amount.scaleb(AMOUNT_DIGITS))
    totals = [units * ((cut - starts_at) // _MICROSECOND) // whole for cut in cuts]
    for at, (before, after) in zip(cuts, pairwise(totals), strict=False):
        yield Entry(at=at, amount=_from_units(after - before))


def _from_units(units: int) -> Decimal:
    return Decimal(units).scaleb(-AMOUNT_DIGITS)


def _amount(raw: bytes) -> Decimal:
    text = raw.decode().strip('"')
    if len(text) > limits.MAX_DECIMAL_CHARACTERS or not _DECIMAL.fullmatch(text):
        kind = kind_of(read_document(raw))
        raise InvalidEventError("amount", f'expected a decimal such as "99.00", got {kind}')
    amount = Decimal(text)
    if abs(amount) > limits.MAX_REVENUE:
        raise InvalidEventError("amount", f"expected at most {limits.MAX_REVENUE} USD, got {text}")
    rounded = Decimal(round(amount * _SCALE)).scaleb(-AMOUNT_DIGITS)
    if rounded != amount:
        raise InvalidEventError("amount", f"expected at most {AMOUNT_DIGITS} fractional digits")
    return rounded


def _times(event: RevenueEvent, now: datetime) -> tuple[datetime, datetime | None]:
    if event.period_start is None and event.period_end is None:
        if event.occurred_at is None:
            return now, None
        return _instant("occurredAt", event.occurred_at), None
    if event.occurred_at is not None:
        raise InvalidEventError("occurredAt", "stands beside a period; send one or the other")
    if event.period_start is None or event.period_end is None:
        missing = "periodStart" if event.period_start is None else "periodEnd"
        raise InvalidEventError(missing, "required, as the other end of the period is given")
    starts_at = _instant("periodStart", event.period_start)
    ends_at = _instant("periodEnd", event.period_end)
    if _DATE.fullmatch(event.period_end):
        ends_at += _DAY  # a date means that whole day
    if ends_at <= starts_at:
        raise InvalidEventError("periodEnd", "lies before periodStart")
    if ends_at - starts_at > limits.MAX_PERIOD:
        raise InvalidEventError("periodEnd", f"more than {limits.MAX_PERIOD.days} days on")
    return starts_at, ends_at


def _instant(name: str, text: str) -> datetime:
    """Read a date as its first instant in UTC, or a timestamp with an offset."""
    full = f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text
    try:
        at = msgspec.convert(full, datetime)
    except msgspec.ValidationError as error:
        raise InvalidEventError(name, "expected a date or an RFC 3339 timestamp") from error
    if at.tzinfo is None:
        raise InvalidEventError(name, "has no offset; append Z for UTC")
    if not limits.EARLIEST <= at < datetime(9000, 1, 1, tzinfo=UTC):
        raise InvalidEventError(name, f"expected a year from {limits.EARLIEST.year} to 8999")
    return at.astimezone(UTC)
