"""One model's price list: its epochs and tiers, each compiled when the first event needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genai_prices.types import TieredPrices

from .compiler import PER, compile_rates
from .epochs import ALWAYS, Calendar, calendar, select
from .rates import Tiers
from .residency import label
from .usage import NoPrice

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from fractions import Fraction

    from genai_prices.types import ModelInfo, ModelPrice

    from .epochs import Epoch

# Not in the catalogue's data but in the code of genai-prices 0.2.3 (`ModelInfo.calc_price`):
# Groq bills at least ten seconds of a transcription.
MINIMUM_SECONDS = {
    ("groq", "whisper-large-v3"): 10,
    ("groq", "whisper-large-v3-turbo"): 10,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceList:
    """A model of the catalogue, in one context and place."""

    name: str
    """Provider and model, as the catalogue has them: `openai/gpt-4o`."""
    catalogue: str
    """Where the prices come from: `genai-prices:0.2.3`."""
    model: ModelInfo
    calendar: Calendar
    words: tuple[str, ...]
    own: bool
    """False when the model comes from the list of another provider, which this one resells."""
    minimum_seconds: int
    token_factor: Fraction
    """What the prices of tokens are multiplied by."""
    compiled: dict[Epoch, Tiers | NoPrice] = field(default_factory=dict["Epoch", "Tiers | NoPrice"])
    """By epoch; bounded by the catalogue's own dates."""

    def at(self, at: datetime) -> Tiers:
        """The rates of an instant.

        Raises:
            NoPrice: There are none for this context at that time.
        """
        dated = self.calendar.dates or self.calendar.times
        epoch = self.calendar.epoch(at) if dated else ALWAYS
        tiers = self.compiled.get(epoch)
        if tiers is None:
            try:
                tiers = _compile(self, at)
            except NoPrice as gap:
                tiers = gap
            self.compiled[epoch] = tiers
        if isinstance(tiers, NoPrice):
            raise NoPrice(str(tiers))
        return tiers


def price_list(
    model: ModelInfo,
    *,
    name: str,
    catalogue: str,
    words: tuple[str, ...],
    seller: str,
    own: bool,
    token_factor: Fraction,
) -> PriceList:
    """A price list with nothing compiled yet.

    Args:
        model: From the catalogue.
        name: Provider and model.
        catalogue: Where the prices come from.
        words: What is not ordinary about the calls, from `context_words`.
        seller: The catalogue's id of the provider that was called.
        own: Whether that provider lists the model itself.
        token_factor: What the prices of tokens are multiplied by.
    """
    return PriceList(
        name=name,
        catalogue=catalogue,
        model=model,
        calendar=calendar(model),
        words=words,
        own=own,
        minimum_seconds=MINIMUM_SECONDS.get((seller, model.id), 0),
        token_factor=token_factor,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """What a price list says at an instant, as the catalogue writes it."""

    starts: tuple[int, ...]
    """Input tokens above which the next tier holds, ascending."""
    price_ids: tuple[str, ...]
    """One a tier: one more than `starts`."""
    tiers: tuple[dict[str, Decimal], ...]
    """US dollars by catalogue price key, before the token factor; one a tier."""


def quoted(prices: PriceList, at: datetime) -> Quote:
    """The prices that hold at an instant, tier by tier.

    Raises:
        NoPrice: There are none for this context at that time.
    """
    selection = select(prices.model, at=at, words=prices.words, own=prices.own)
    price_id = f"{prices.catalogue}:{prices.name}{selection.label}"
    price_id += label(prices.token_factor)
    stated = _stated(selection.prices)
    starts = sorted(
        {
            tier.start
            for price in stated.values()
            if isinstance(price, TieredPrices)
            for tier in price.tiers
        }
    )
    return Quote(
        starts=tuple(starts),
        price_ids=(price_id, *(f"{price_id}>{start}" for start in starts)),
        tiers=tuple(
            {key: _above(price, start) for key, price in stated.items()}
            for start in (None, *starts)
        ),
    )


def _compile(prices: PriceList, at: datetime) -> Tiers:
    quote = quoted(prices, at)
    return Tiers(
        starts=quote.starts,
        rates=tuple(
            compile_rates(
                tier,
                price_id=price_id,
                minimum_seconds=prices.minimum_seconds,
                token_factor=prices.token_factor,
            )
            for price_id, tier in zip(quote.price_ids, quote.tiers, strict=True)
        ),
    )


def _stated(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    """Every price a model has, by price key."""
    return {key: price for key in PER if (price := getattr(prices, key)) is not None}


def _above(price: Decimal | TieredPrices, start: int | None) -> Decimal:
    """The price once the input is larger than `start`; below every tier when None."""
    if not isinstance(price, TieredPrices):
        return price
    reached = [] if start is None else [tier for tier in price.tiers if tier.start <= start]
    return reached[-1].price if reached else price.base
