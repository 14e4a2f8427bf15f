"""What the catalogue says about one model."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from bearlumen.pricing import Priced
from bearlumen.pricing.compiler import PER, TOKEN_PRICES
from bearlumen.pricing.pricelist import quoted
from bearlumen.pricing.usage import NoPrice

from .kinds import TOKEN_KINDS, tool_keys, unit_keys

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from bearlumen.pricing.book import PriceBook


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedTier:
    """The prices of one tier."""

    start: int | None
    """Input tokens above which they hold; None below every tier."""
    price_id: str
    prices: tuple[tuple[str, Fraction, int], ...]
    """Kind, USD, and for how many of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The prices of one model at an instant, or why there are none."""

    tiers: tuple[ListedTier, ...]
    reason: str | None


def listing(
    book: PriceBook,
    *,
    provider: str,
    model: str,
    at: datetime,
    service_tier: str | None = None,
    batch: bool = False,
) -> Listing:
    """Look a model up in the catalogue."""
    found = book.price_list(
        provider=provider, model=model, service_tier=service_tier, batch=batch, inference_geo=None
    )
    if isinstance(found, Priced):
        return Listing(tiers=(), reason=found.reason)
    try:
        quote = quoted(found, at)
    except NoPrice as gap:
        return Listing(tiers=(), reason=f"{found.name} {gap}")
    tiers = zip((None, *quote.starts), quote.price_ids, quote.tiers, strict=True)
    return Listing(
        tiers=tuple(
            ListedTier(start=start, price_id=name, prices=_prices(prices, found.token_factor))
            for start, name, prices in tiers
        ),
        reason=None,
    )


def _prices(
    prices: dict[str, Decimal], token_factor: Fraction
) -> tuple[tuple[str, Fraction, int], ...]:
    names = {key: name for name, key in (*unit_keys(prices).items(), *tool_keys(prices).items())}
    return tuple(
        (
            TOKEN_KINDS.get(key) or names.get(key, key),
            Fraction(price) * (token_factor if key in TOKEN_PRICES else 1),
            PER[key],
        )
        for key, price in prices.items()
    )
