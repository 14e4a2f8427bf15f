"""A price sheet: every price that holds for a call, own and catalogue's, and the cost by it.

The quantities it charges for do not overlap: input tokens less those that have a price as cached,
and so on. Their amounts are what an explanation shows, and their exact sum, rounded once, is the
cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from bearlumen.pricing import Priced
from bearlumen.pricing.rates import MAX_QUANTITY_EXPONENT, dollars
from bearlumen.pricing.usage import NoPrice, completed, is_empty, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from bearlumen.pricing import Usage

    from .rules import Rule

    Count = Callable[[Usage], int]

OWN: Final = "own"
"""Where the cost of an event is from that an own price or discount had a part in."""
CATALOGUE: Final = "catalogue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """The price of one kind."""

    kind: str
    price: Fraction
    """USD for `per` of it, after any discount."""
    per: int
    scaled: int
    """USD for one of it, times the scale of the sheet."""
    rule: Rule | None = None
    """The own price that says so, or that takes its discount off the catalogue's."""
    listed: Fraction | None = None
    """The catalogue's price for `per` of it; None for an own one."""


Quantity = tuple[Rate, int | Fraction]
"""So many of one kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """So many of one kind at its price."""

    rate: Rate
    quantity: int | Fraction

    @property
    def amount(self) -> Fraction:
        """USD, exact."""
        return self.quantity * self.rate.price / self.rate.per


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """The input or the output of a call."""

    name: str
    total: Rate | None
    """For tokens that no part has a price for."""
    parts: tuple[tuple[str, Count, Rate], ...]
    """By the name of the kind that is counted."""
    cached: Mapping[str, Rate] = field(default_factory=dict[str, Rate])
    """By the part that may overlap with `cache_read_tokens`: for what is both."""

    def divide(self, usage: Usage, total: int, into: list[Quantity]) -> None:
        """Add how a total is divided among the kinds that have a price."""
        named = 0
        first = len(into)
        overlap = False
        for name, count_in, rate in self.parts:
            count = count_in(usage)
            if not count:
                continue
            if count < 0:
                raise _negative()
            named += count
            into.append((rate, count))
            if self.cached and name in self.cached and usage.cache_read_tokens:
                both = self._overlapping(name, usage, count=count, total=total, rate=rate)
                into += both
                named += sum(each for _, each in both)
                overlap = True
        if total < 0:
            raise _negative()
        # xAI reports more cached tokens than the prompt has: then nothing is uncached.
        if total > named:
            if self.total is None:
                raise NoPrice(f"has no price for {self.name} tokens")
            into.append((self.total, total - named))
        if overlap:
            into[first:] = _merged(into[first:])

    def _overlapping(
        self, name: str, usage: Usage, *, count: int, total: int, rate: Rate
    ) -> list[Quantity]:
        """Take what is both cached and of a medium out of the two, at the price of both."""
        cached = usage.cache_read_tokens
        most = min(cached, count)
        least = min(most, max(0, cached + count - total))
        both = self.cached[name]
        read = next(each for part, _, each in self.parts if part == "cache_read_tokens")
        base = self.total.scaled if self.total else 0
        if least < most and both.scaled - rate.scaled - read.scaled + base:
            raise NoPrice(
                f"prices cached {name.partition('_')[0]} apart, and the event does not say how "
                "much was cached"
            )
        return [(rate, -least), (read, -least), (both, least)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """Every price that holds for one model, at one time, in one context and tier."""

    name: str
    """Provider and model, for reasons."""
    scale: int
    input: Side
    output: Side
    units: Mapping[str, Rate]
    tools: Mapping[str, Rate]
    gap: str | None
    """Why the catalogue has no part in it; None if it has."""
    catalogue_id: str | None
    """The catalogue's name of its own prices here."""
    rules: tuple[Rule, ...]
    """The own prices that have a part in it."""
    minimum_seconds: int = 0
    bills_tokens: bool = True
    """Whether tokens cost something, or are told beside the unit that does."""
    bills_sessions: bool = False
    """Whether a call costs something for as long as it lasts, whatever else it costs."""
    tier_start: int | None = None
    """The input tokens above which the catalogue's prices hold; None below every tier."""
    price_id: str = ""
    """What an event is said to be priced with where an own price had a part in it."""

    def price(self, usage: Usage) -> Priced:
        """The exact cost, rounded once; or why there is none."""
        try:
            found = self.quantities(usage)
        except NoPrice as gap:
            return self.unpriced(str(gap))
        total: int | Fraction = 0
        own = self.gap is not None
        for rate, quantity in found:
            total += quantity * rate.scaled
            if rate.rule is not None:
                own = True
        return Priced(
            cost=dollars(total, self.scale),
            source=OWN if own else CATALOGUE,
            price_id=self.price_id if own else self.catalogue_id,
            reason=None,
        )

    def unpriced(self, reason: str) -> Priced:
        """Return an answer without a cost."""
        text = f"{self.name} {reason}"
        if self.gap is not None and reason.startswith("has no price"):
            text += f" among your own, and the catalogue says: {self.gap}"
        return Priced(cost=None, source=None, price_id=None, reason=text)

    def charges(self, usage: Usage) -> list[Charge]:
        """Return what an event is charged for; quantities do not overlap.

        Raises:
            NoPrice: Something that was used has no price.
        """
        return [Charge(rate=rate, quantity=count) for rate, count in self.quantities(usage)]

    def quantities(self, usage: Usage) -> list[Quantity]:
        """Return the same as plain pairs, which are made faster.

        Raises:
            NoPrice: Something that was used has no price.
        """
        whole = usage
        if usage.input_tokens is None or usage.output_tokens is None:
            whole = completed(usage)
            if is_empty(whole):
                raise NoPrice("cannot be priced: the event reports no usage")
        units = whole.units
        found: list[Quantity] = []
        if not ((units or self.bills_sessions) and self._is_for_a_unit(whole)):
            self.input.divide(whole, whole.input_tokens or 0, found)
            self.output.divide(whole, whole.output_tokens or 0, found)
        for name, count in whole.tool_calls.items():
            if count:
                found.append((_priced(self.tools, name, "tool"), _count(count)))
        if "requests" in self.units and "requests" not in units:
            # An event is one request unless it says otherwise.
            found.append((self.units["requests"], 1))
        for name, quantity in units.items():
            if quantity:
                rate = _priced(self.units, name, "unit")
                found.append((rate, self._quantity(name, quantity)))
        return found

    def _is_for_a_unit(self, usage: Usage) -> bool:
        """Whether a unit is all that is billed: what has no token price may report tokens too.

        Raises:
            NoPrice: The catalogue bills units and tokens, and only one of the two is reported.
        """
        used = [name for name, quantity in usage.units.items() if quantity]
        rates = [self.units[name] for name in used if name in self.units]
        if not self.bills_tokens:
            return bool(rates)
        listed = any(rate.listed is not None for rate in rates)
        if listed and usage.input_tokens is None and usage.output_tokens is None:
            raise NoPrice("charges for tokens too, and the event reports none")
        if self.bills_sessions and "seconds" not in usage.units:
            raise NoPrice("charges for the time of a session too, and the event reports none")
        return False

    def _quantity(self, name: str, quantity: Decimal) -> Fraction:
        if (
            not quantity.is_finite()
            or quantity < 0
            or abs(quantity.adjusted()) > MAX_QUANTITY_EXPONENT
        ):
            raise NoPrice("cannot price a quantity that is negative, not finite or out of range")
        count = Fraction(quantity)
        return max(count, Fraction(self.minimum_seconds)) if name == "seconds" else count


def _merged(counts: list[Quantity]) -> list[Quantity]:
    total: dict[str, int | Fraction] = {}
    for rate, count in counts:
        total[rate.kind] = total.get(rate.kind, 0) + count
    kinds = {rate.kind: rate for rate, _ in counts}
    return [(rate, total[kind]) for kind, rate in kinds.items() if total[kind]]


def _priced(rates: Mapping[str, Rate], name: str, what: str) -> Rate:
    rate = rates.get(name)
    if rate is None:
        raise NoPrice(f"has no price for the {what} {shown(name)}")
    return rate


def _count(count: int) -> int:
    if count < 0:
        raise _negative()
    return count


def _negative() -> NoPrice:
    return NoPrice("cannot price a negative count")
