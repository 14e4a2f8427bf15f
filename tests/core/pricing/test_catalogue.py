"""The whole catalogue, against genai-prices itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import ClauseContains, ModelInfo, ModelPrice, Provider, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from bearlumen.pricing import Usage
from bearlumen.pricing.book import PriceBook
from bearlumen.pricing.compiler import PER, UNDERSTOOD, scaled
from bearlumen.pricing.context import context_words, price_context
from bearlumen.pricing.epochs import calendar

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOK = PriceBook.catalogue()
MODELS = [model for provider in providers for model in provider.models]
PICO = Decimal("1E-12")
COUNTS = st.integers(0, 400_000)
FEW = st.just(0) | st.integers(0, 50_000)


def price_lists(model: ModelInfo) -> Iterator[ModelPrice]:
    """Every list of prices a model has, variants included."""
    if isinstance(model.prices, ModelPrice):
        yield model.prices
    else:
        yield from (item.prices for item in model.prices)
    yield from (item.prices for item in model.price_variants or ())


def stated(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    """The prices of a list by key."""
    return {key: price for key in PER if (price := getattr(prices, key)) is not None}


def references() -> Iterator[tuple[str, str, ModelInfo]]:
    """Every model with a name that finds it; its id alone does not always."""
    for provider in providers:
        for model in provider.models:
            names = (
                model.id,
                model.id.removeprefix("regional."),
                f"us.{model.id.removeprefix('regional.')}",
                f"accounts/fireworks/models/{model.id}",
            )
            for name in names:
                if provider.find_model(name, all_providers=providers) is model:
                    yield provider.id, name, model
                    break


REFERENCES = list(references())


def test_nearly_every_model_has_a_name() -> None:
    """What is checked below is the catalogue, not a corner of it."""
    assert len(REFERENCES) > 0.97 * len(MODELS)


def total(
    provider: str,
    model: str,
    at: datetime,
    usage: genai_prices.Usage,
    context: dict[str, str] | None = None,
) -> Decimal:
    """What genai-prices charges, rounded as our costs are."""
    calculation = genai_prices.calc_price(
        usage,
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context=context,
    )
    return calculation.total_price.quantize(PICO, ROUND_HALF_EVEN)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Usages whose parts fit into their totals."""
    read, short, hour = draw(FEW), draw(FEW), draw(FEW)
    # Cached audio is a question of its own: genai-prices wants it counted, events cannot say it.
    audio, image = (0, 0) if read else (draw(FEW), draw(FEW))
    reasoning, spoken, drawn = draw(FEW), draw(FEW), draw(FEW)
    return Usage(
        input_tokens=draw(COUNTS) + read + short + hour + audio + image,
        output_tokens=draw(COUNTS) + reasoning + spoken + drawn,
        cache_read_tokens=read,
        cache_write_tokens=short + hour,
        cache_write_1h_tokens=hour,
        audio_input_tokens=audio,
        image_input_tokens=image,
        reasoning_tokens=reasoning,
        audio_output_tokens=spoken,
        image_output_tokens=drawn,
        tool_calls={"web_search": draw(st.sampled_from([0, 0, 0, 3]))},
        service_tier=draw(
            st.sampled_from([None, None, None, "default", "flex", "priority", "fast"])
        ),
        batch=draw(st.sampled_from([False, False, True])),
    )


def theirs(usage: Usage) -> genai_prices.Usage:
    """The same usage in the catalogue's words."""
    return genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        input_audio_tokens=usage.audio_input_tokens,
        input_image_tokens=usage.image_input_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
        output_audio_tokens=usage.audio_output_tokens,
        output_image_tokens=usage.image_output_tokens,
        web_searches=usage.tool_calls.get("web_search"),
    )


@settings(max_examples=500, deadline=None)
@given(
    listed=st.sampled_from(REFERENCES),
    usage=usages(),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_our_cost_is_the_catalogues_total(
    listed: tuple[str, str, ModelInfo], usage: Usage, at: datetime
) -> None:
    """Any model, any usage, any time: what we price, genai-prices prices the same."""
    provider, name, _ = listed
    priced = BOOK.price(provider=provider, model=name, at=at, usage=usage)
    if priced.cost is None:
        return
    context: dict[str, str] = {}
    for word in context_words(
        catalogue_id=provider, service_tier=usage.service_tier, batch=usage.batch
    ):
        context |= price_context(word)
    assert priced.cost == total(provider, name, at, theirs(usage), context)


@settings(max_examples=500, deadline=None)
@given(
    listed=st.sampled_from(REFERENCES),
    usage=usages(),
    bare=st.booleans(),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_quick_way_to_a_price_gives_the_same(
    listed: tuple[str, str, ModelInfo], usage: Usage, at: datetime, *, bare: bool
) -> None:
    """Whatever it answers, the long way answers; it answers for whatever has token prices alone."""
    provider, name, model = listed
    read, written = usage.input_tokens or 0, usage.output_tokens or 0
    asked = Usage(input_tokens=read, output_tokens=written)
    asked = asked if bare else replace(usage, tool_calls={})
    priced = BOOK.price(provider=provider, model=name, at=at, usage=asked)
    quick = BOOK.token_price(
        provider=provider,
        model=name,
        at=at,
        input_tokens=read,
        output_tokens=written,
        details=None if bare else usage,
    )
    if quick is not None:
        assert quick == (priced.cost, priced.price_id)
    elif priced.cost is not None:
        kinds = {key for prices in price_lists(model) for key in stated(prices)}
        assert "requests_kcount" in kinds or not any(key.endswith("_mtok") for key in kinds)


@pytest.mark.parametrize("tokens", [1, 128_001, 600_000])
def test_every_model_with_token_prices_gets_a_cost(tokens: int) -> None:
    """The law above would hold of a book that prices nothing; this one prices what it can."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    checked = 0
    for provider, name, model in REFERENCES:
        prices = stated(model.get_prices(at)).keys()
        # A session has a price by the hour too, so its tokens alone have none.
        session = "audio_hours" in prices and "input_audio_hours" not in prices
        if {"input_mtok", "output_mtok"} <= prices and not session:
            usage = Usage(input_tokens=tokens, output_tokens=tokens)
            priced = BOOK.price(provider=provider, model=name, at=at, usage=usage)
            assert priced.cost == total(provider, name, at, theirs(usage))
            checked += 1
    assert checked > 1900


def test_every_variant_of_every_model_is_the_catalogues() -> None:
    """Batch and tiers, at the start of each: what the catalogue charges for, we charge."""
    usage = Usage(input_tokens=1000, output_tokens=0)
    checked = 0
    for provider, name, model in REFERENCES:
        for variant in model.price_variants or ():
            ((key, value),) = variant.when.items()
            day = getattr(variant.constraint, "start_date", date(2026, 11, 1))
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
            if key not in {"processing", "service_tier", "speed"} or "input_mtok" not in stated(
                model.get_prices(at)
            ):
                continue
            asked = replace(usage, service_tier=value)
            priced = BOOK.price(provider=provider, model=name, at=at, usage=asked)
            assert priced.cost == total(provider, name, at, theirs(usage), {key: value})
            checked += 1
    assert checked > 150


def test_every_boundary_of_every_epoch_is_the_catalogues() -> None:
    """A microsecond before and at each date boundary, both books agree on every dated model."""
    usage = Usage(input_tokens=1000, output_tokens=0)
    checked = 0
    for provider, name, model in REFERENCES:
        for day in calendar(model).dates:
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            for at in (start - timedelta(microseconds=1), start):
                if "input_mtok" in stated(model.get_prices(at)):
                    priced = BOOK.price(provider=provider, model=name, at=at, usage=usage)
                    assert priced.cost == total(provider, name, at, theirs(usage))
                    checked += 1
    assert checked > 200


def test_no_price_of_the_catalogue_is_rounded() -> None:
    """A million units at a rate, over its scale, are the price again: every price there is."""
    checked = 0
    for model in MODELS:
        for prices in price_lists(model):
            for key, price in stated(prices).items():
                tiers = price.tiers if isinstance(price, TieredPrices) else []
                base = price.base if isinstance(price, TieredPrices) else price
                for value in (base, *(tier.price for tier in tiers)):
                    rates, scale = scaled({key: value})
                    assert Fraction(rates[key], scale) * PER[key] == Fraction(value)
                    checked += 1
    assert checked > 7000


def test_every_kind_of_price_is_understood() -> None:
    """A new kind of price leaves models unpriced; whoever updates the catalogue learns it here."""
    kinds = {key for model in MODELS for prices in price_lists(model) for key in stated(prices)}
    assert kinds <= UNDERSTOOD


def test_seconds_cost_the_same_however_the_catalogue_lists_them() -> None:
    """Where audio has a price and audio input another, they are equal; else seconds are unclear."""
    for model in MODELS:
        for prices in price_lists(model):
            found = stated(prices)
            if "input_audio_hours" in found:
                assert found["input_audio_hours"] == found["audio_hours"]


def test_a_kind_of_price_we_cannot_count_leaves_the_model_unpriced() -> None:
    """Charging only the part we understand would be a price nobody asks for."""
    anything = ClauseContains(contains="")
    odd = ModelInfo(
        id="odd",
        match=anything,
        prices=ModelPrice(input_mtok=Decimal(1), input_tool_mtok=Decimal(2)),
    )
    seller = Provider(id="shop", name="Shop", api_pattern="-", models=[odd])
    priced = PriceBook([seller], version="0").price(
        provider="shop",
        model="odd",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        usage=Usage(input_tokens=1),
    )
    assert (priced.cost, priced.reason) == (
        None,
        "shop/odd is priced by input_tool_mtok, which this version cannot count",
    )


def test_the_book_says_how_old_it_is() -> None:
    """The version of the package, and the days on which its prices start."""
    assert BOOK.version == genai_prices.__version__
    assert list(BOOK.price_dates) == sorted(set(BOOK.price_dates))
    assert datetime(2025, 6, 10, tzinfo=UTC).date() in BOOK.price_dates
