"""Integer rates: one model's prices, compiled so that an event costs a few multiplications.

The catalogue prices kinds of tokens that contain each other (input contains cached input contains
one-hour cache writes), and a kind without a price falls into the kind that contains it. Compiled, a
side of the call has one rate for its total and a surcharge, often negative, for each kind in it.
Everything is an integer over one scale, so the sum is exact and is rounded once, at the end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from .usage import FRACTIONAL_DIGITS, NoPrice, Priced, Usage, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .usage import Details

PICODOLLARS = 10**FRACTIONAL_DIGITS
MAX_QUANTITY_DIGITS = 60
MAX_QUANTITY_EXPONENT = 30
"""Quantities beyond these are no counts of anything, and would make huge integers."""

# Moving the point never rounds here, whatever context the caller's thread has.
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])

Count = Callable[["Details"], int]
"""Reads one kind's tokens from an event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Tokens that are cached and audio (or image) at once, at a price of their own."""

    name: str
    media: Count
    surcharge: int
    """On top of both parts' surcharges, for each token; scaled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """The input or the output of a call."""

    name: str
    rate: int | None
    """For each token of the total, scaled; None when the model has no price for this side."""
    parts: tuple[tuple[Count, int], ...]
    """The kinds of tokens inside the total that have a rate of their own, each with what a token
    of it costs on top of `rate`, scaled."""
    overlaps: tuple[Overlap, ...] = ()

    def charge(self, usage: Details, total: int) -> int:
        """What this side costs, scaled."""
        named = charge = 0
        for count_in, surcharge in self.parts:
            count = count_in(usage)
            if count:
                if count < 0:
                    raise _negative()
                named += count
                charge += count * surcharge
        if self.overlaps and usage.cache_read_tokens:
            for overlap in self.overlaps:
                both = _overlap(overlap, usage, total)
                named -= both
                charge += both * overlap.surcharge
        # xAI reports more cached tokens than the prompt has (676 against 960): nothing is uncached.
        if named > total >= 0:
            total = named
        if not total:
            return charge
        if total < 0:
            raise _negative()
        if self.rate is None:
            raise NoPrice(f"has no price for {self.name} tokens")
        return charge + total * self.rate


_NO_DETAILS = Usage()
_FREE = Side(name="", rate=0, parts=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """One price list: a model in one epoch, context and tier."""

    price_id: str
    scale: int
    """A charge divided by this is US dollars."""
    input: Side
    output: Side
    units: Mapping[str, int]
    tools: Mapping[str, int]
    minimum_seconds: int
    """Fewer are billed as this many."""
    per_request: bool
    """Whether a request costs something by itself."""
    bills_tokens: bool
    """Whether tokens of any kind have a price."""
    bills_sessions: bool
    """Whether a call costs something for as long as it lasts, whatever else it costs."""

    def token_cost(self, read: int, written: int, details: Details | None) -> Decimal | None:
        """What `price` charges for tokens and nothing else; None when there is more to it.

        Raises:
            NoPrice: Something that was used has no price here.
        """
        if self.per_request or self.bills_sessions or not self.bills_tokens:
            return None
        into, out_of = self.input, self.output
        if details is None and into.rate is not None and out_of.rate is not None:
            charge = read * into.rate + written * out_of.rate
        else:
            known = details or _NO_DETAILS
            charge = into.charge(known, read) + out_of.charge(known, written)
        if self.scale == PICODOLLARS:
            return _EXACT.scaleb(charge, -FRACTIONAL_DIGITS)
        return dollars(charge, self.scale)

    def price(self, usage: Usage) -> Priced:
        """The exact cost, rounded once.

        Raises:
            NoPrice: Something that was used has no price here.
        """
        for_unit = self._is_for_a_unit(usage)
        read, written = (_FREE, _FREE) if for_unit else (self.input, self.output)
        charge: int | Fraction = read.charge(usage, usage.input_tokens or 0)
        charge += written.charge(usage, usage.output_tokens or 0)
        if usage.tool_calls:
            charge += self._tools(usage.tool_calls)
        if self.per_request or usage.units:
            charge += self._units(usage.units)
        cost = dollars(charge, self.scale)
        return Priced(cost=cost, source="catalogue", price_id=self.price_id, reason=None)

    def _is_for_a_unit(self, usage: Usage) -> bool:
        """Whether a unit is all that is billed: what has no token price may report tokens too.

        Raises:
            NoPrice: Units and tokens are billed, and only one of the two is reported.
        """
        billed = any(quantity and name in self.units for name, quantity in usage.units.items())
        if not self.bills_tokens:
            return billed
        if billed and usage.input_tokens is None and usage.output_tokens is None:
            raise NoPrice("charges for tokens too, and the event reports none")
        if self.bills_sessions and "seconds" not in usage.units:
            raise NoPrice("charges for the time of a session too, and the event reports none")
        return False

    def _tools(self, calls: Mapping[str, int]) -> int:
        charge = 0
        for name, count in calls.items():
            if not count:
                continue
            if count < 0:
                raise _negative()
            rate = self.tools.get(name)
            if rate is None:
                raise NoPrice(f"has no price for the tool {shown(name)}")
            charge += count * rate
        return charge

    def _units(self, units: Mapping[str, Decimal]) -> Fraction:
        # An event is one request unless it says otherwise; only some models charge for it.
        charge = Fraction(0 if "requests" in units else self.units.get("requests", 0))
        for name, quantity in units.items():
            if not quantity:
                continue
            rate = self.units.get(name)
            if rate is None:
                raise NoPrice(f"has no price for the unit {shown(name)}")
            count = _exact_quantity(quantity)
            if name == "seconds":
                count = max(count, Fraction(self.minimum_seconds))
            charge += count * rate
        return charge


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiers:
    """Price lists by the size of the input; one of them prices the whole request."""

    starts: tuple[int, ...]
    """Input tokens above which the next list holds, ascending."""
    rates: tuple[Rates, ...]
    """One more than `starts`."""

    def pick(self, input_tokens: int) -> Rates:
        """Return the list that a total input picks."""
        return self.rates[bisect_left(self.starts, input_tokens)] if self.starts else self.rates[0]

    def price(self, usage: Usage) -> Priced:
        """Price the event at the tier its total input picks."""
        return self.pick(usage.input_tokens or 0).price(usage)


def dollars(charge: int | Fraction, scale: int) -> Decimal:
    """A scaled charge in US dollars, 12 fractional digits, half to even."""
    if scale == PICODOLLARS and isinstance(charge, int):
        return _EXACT.scaleb(charge, -FRACTIONAL_DIGITS)
    return _EXACT.scaleb(round(Fraction(charge) * PICODOLLARS / scale), -FRACTIONAL_DIGITS)


def _overlap(overlap: Overlap, usage: Details, total: int) -> int:
    """How many tokens were both read from cache and of this medium: providers do not say.

    Raises:
        NoPrice: It could be several numbers, and the price depends on which.
    """
    cached, media = usage.cache_read_tokens, overlap.media(usage)
    most = min(cached, media)
    least = min(most, max(0, cached + media - total))
    if least < most and overlap.surcharge:
        raise NoPrice(
            f"prices cached {overlap.name} apart, and the event does not say how much was cached"
        )
    return least


def _negative() -> NoPrice:
    return NoPrice("cannot price a negative count")


def _exact_quantity(quantity: Decimal) -> Fraction:
    # Outside data may hand over an int; a Decimal passes through unchanged.
    number = Decimal(quantity)
    if (
        not number.is_finite()
        or number < 0
        or abs(number.adjusted()) > MAX_QUANTITY_EXPONENT
        or len(number.as_tuple().digits) > MAX_QUANTITY_DIGITS
    ):
        raise NoPrice("cannot price a quantity that is negative, not finite or out of range")
    return Fraction(number)
