"""Why an event costs what it costs: kind by kind, quantity times price, and whose price that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from bearlumen.pricing.book import PACKAGE
from bearlumen.pricing.rates import PICODOLLARS
from bearlumen.pricing.usage import FRACTIONAL_DIGITS

from .mixing import sheets
from .own import tier_of
from .stored import STATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from bearlumen.pricing import Priced
    from bearlumen.pricing.book import PriceBook

    from .own import OrganizationPrices
    from .rules import Alias, Rule
    from .sheet import Charge
    from .stored import StoredEvent

_SAID: Final = {
    "explicit": "stated by the caller",
    "provider": "stated by the provider in its response",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One term of a cost."""

    kind: str
    quantity: Fraction
    price: Fraction | None
    """USD for `per` of it; None where the amount itself was stated."""
    per: int
    amount: Decimal
    """USD; the amounts of all lines add up to the cost exactly."""
    source: str
    rule: Rule | None = None
    listed: Fraction | None = None
    """The catalogue's price for `per` of it, before a discount."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What an event is charged, under the prices of today."""

    event: StoredEvent
    provider: str
    model: str
    alias: Alias | None
    lines: tuple[Line, ...]
    tier_start: int | None
    current: Priced
    """What it would cost if it came in now, dated as it is."""

    @property
    def is_current(self) -> bool:
        """Whether the stored cost is what the prices of today give, by the same prices."""
        stored = (self.event.cost, self.event.source, self.event.price_id)
        return stored == (self.current.cost, self.current.source, self.current.price_id)

    @property
    def note(self) -> str | None:
        """What to know about the lines; None if they are those of the stored cost."""
        if self.is_current:
            return None
        if self.event.cost is None:
            return "The stored event has no cost; these are the prices of today. Re-cost to apply."
        before = self.event.price_id or "no price"
        return (
            f"The stored cost was computed with {before}; these are the prices of today. "
            "Re-cost to apply them."
        )


def explain(prices: OrganizationPrices, event: StoredEvent) -> Explanation:
    """Return how the cost of an event comes about."""
    if event.source in STATED and event.cost is not None:
        return _stated(event, event.source, event.cost)
    plan = prices.plan(provider=event.provider, model=event.model, usage=event.usage)
    current = prices.price(
        provider=event.provider, model=event.model, at=event.at, usage=event.usage
    )
    lines: tuple[Line, ...] = ()
    start = None
    if current.cost is not None:
        found = plan.at(event.at) or sheets(
            (), plan.listed, name=f"{plan.provider}/{plan.model}", at=event.at
        )
        sheet = tier_of(found, event.usage)
        start = sheet.tier_start
        catalogue = catalogue_words(prices.catalogue)
        lines = _lines(sheet.charges(event.usage), current.cost, catalogue)
    return Explanation(
        event=event,
        provider=plan.provider,
        model=plan.model,
        alias=plan.alias,
        lines=lines,
        tier_start=start,
        current=current,
    )


def as_of(book: PriceBook, today: date | None = None) -> date | None:
    """Return the latest day on which a price of the catalogue starts that is not in the future."""
    day = today or datetime.now(UTC).date()
    return max((each for each in book.price_dates if each <= day), default=None)


def catalogue_words(book: PriceBook) -> str:
    """Name the catalogue and the date of its data."""
    return f"catalogue {PACKAGE} {book.version}, as of {as_of(book)}"


def rule_words(rule: Rule) -> str:
    """Name an own price and the date it holds from."""
    since = rule.effective_from
    return f"{rule.id} version {rule.version}, " + (
        f"from {since:%Y-%m-%d}" if since else "undated"
    )


def _stated(event: StoredEvent, source: str, cost: Decimal) -> Explanation:
    from bearlumen.pricing import Priced

    line = Line(
        kind="stated", quantity=Fraction(1), price=None, per=1, amount=cost, source=_SAID[source]
    )
    return Explanation(
        event=event,
        provider=event.provider,
        model=event.model,
        alias=None,
        lines=(line,),
        tier_start=None,
        current=Priced(cost=cost, source=source, price_id=event.price_id, reason=None),
    )


def _lines(charges: Sequence[Charge], cost: Decimal, catalogue: str) -> tuple[Line, ...]:
    amounts = _amounts([charge.amount for charge in charges], cost)
    return tuple(
        Line(
            kind=charge.rate.kind,
            quantity=Fraction(charge.quantity),
            price=charge.rate.price,
            per=charge.rate.per,
            amount=amount,
            source=_source(charge, catalogue),
            rule=charge.rate.rule,
            listed=charge.rate.listed,
        )
        for charge, amount in zip(charges, amounts, strict=True)
    )


def _source(charge: Charge, catalogue: str) -> str:
    rule, rate = charge.rate.rule, charge.rate
    if rule is None:
        return catalogue
    if rate.listed is None:
        return f"own price {rule_words(rule)}"
    return f"{catalogue}, less {rule.discount_percent:f} % by {rule_words(rule)}"


def _amounts(exact: Sequence[Fraction], cost: Decimal) -> list[Decimal]:
    """Round amounts so that they add up to the cost, which is their sum rounded once."""
    parts = [amount * PICODOLLARS for amount in exact]
    units = [part.numerator // part.denominator for part in parts]
    missing = int(cost.scaleb(FRACTIONAL_DIGITS)) - sum(units)
    by_remainder = sorted(range(len(parts)), key=lambda n: units[n] - parts[n])
    for position in by_remainder[:missing]:
        units[position] += 1
    return [Decimal(each).scaleb(-FRACTIONAL_DIGITS) for each in units]
