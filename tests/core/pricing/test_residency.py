"""A call that is bound to the US costs a tenth more with Anthropic, and elsewhere nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from genai_prices.data import providers

from bearlumen.pricing import Usage
from bearlumen.pricing.residency import EARLIER_MODELS

if TYPE_CHECKING:
    from bearlumen.pricing import Priced
    from bearlumen.pricing.book import PriceBook

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLAIN = Usage(input_tokens=1000, output_tokens=500, inference_geo="us")
MODELS = [model.id for one in providers if one.id == "anthropic" for model in one.models]


def priced(book: PriceBook, usage: Usage, model: str, provider: str = "anthropic") -> Priced:
    """The answer of the price book."""
    return book.price(provider=provider, model=model, at=NOVEMBER, usage=usage)


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        # $5 and $25: 0.0175
        ("claude-opus-5", PLAIN, "0.01925"),
        ("claude-opus-4-6", replace(PLAIN, inference_geo=" US"), "0.01925"),
        # Fast is $10 and $50; Sonnet 5 in batch $1 and $5
        ("claude-opus-5", replace(PLAIN, service_tier="fast"), "0.0385"),
        ("claude-sonnet-5", replace(PLAIN, batch=True), "0.00385"),
        # $0.10 and $0.50; above 100,000 tokens $0.50
        ("claude-haiku-5-5", PLAIN, "0.000385"),
        ("claude-haiku-5-5", Usage(input_tokens=100_001, inference_geo="us"), "0.05500055"),
        # A picodollar is kept: one token read from cache at $0.275
        (
            "claude-fable-5-1",
            Usage(input_tokens=1, cache_read_tokens=1, inference_geo="us"),
            "0.000000275",
        ),
    ],
)
def test_us_only_inference_costs_a_tenth_more(
    book: PriceBook, model: str, usage: Usage, expected: str
) -> None:
    """On top of batch, of fast mode and of the price for long input."""
    assert priced(book, usage, model).cost == Decimal(expected)


def test_every_kind_of_token_costs_a_tenth_more_and_a_tool_call_does_not(book: PriceBook) -> None:
    """1000 at $5, 3000 read at $0.50, 2000 written at $6.25, 1000 at $10, 500 at $25: 0.0415.

    Three searches are $0.03 wherever the model runs.
    """
    usage = Usage(
        input_tokens=7000,
        cache_read_tokens=3000,
        cache_write_tokens=3000,
        cache_write_5m_tokens=2000,
        cache_write_1h_tokens=1000,
        output_tokens=500,
        tool_calls={"web_search": 3},
        inference_geo="us",
    )
    assert priced(book, usage, "claude-opus-5").cost == Decimal("0.07565")


def test_the_price_id_shows_the_multiplier(book: PriceBook) -> None:
    """Without it nobody could explain the figure later."""
    listed = f"genai-prices:{book.version}:anthropic/claude-sonnet-5"
    whole = priced(book, replace(PLAIN, batch=True), "claude-sonnet-5")
    assert whole.price_id == f"{listed}@2026-10-14[batch][us*1.1]"
    anywhere = priced(book, replace(PLAIN, inference_geo="global"), "claude-sonnet-5")
    assert anywhere.price_id == listed


@pytest.mark.parametrize("place", [None, "", "global", "not_available", "Not_Available"])
def test_a_call_bound_to_no_place_has_the_ordinary_price(
    book: PriceBook, place: str | None
) -> None:
    """Anthropic says so of most calls, and of all of its earlier models."""
    usage = replace(PLAIN, inference_geo=place)
    assert priced(book, usage, "claude-opus-5").cost == Decimal("0.0175")


@pytest.mark.parametrize("model", MODELS)
def test_the_models_before_4_6_have_one_price(book: PriceBook, model: str) -> None:
    """Which ones they are is written down: a later model is never taken for one of them."""
    anywhere = priced(book, replace(PLAIN, inference_geo=None), model).cost
    assert anywhere is not None
    factor = Decimal(1) if model in EARLIER_MODELS else Decimal("1.1")
    assert priced(book, PLAIN, model).cost == anywhere * factor


def test_every_earlier_model_is_in_the_catalogue() -> None:
    """An id that was renamed would be charged a tenth too much."""
    assert set(MODELS) >= EARLIER_MODELS


@pytest.mark.parametrize(
    ("provider", "model", "place"),
    [
        ("anthropic", "claude-opus-5", "eu"),
        ("anthropic", "claude-sonnet-4-5", "moon"),
        ("openai", "gpt-5", "us"),
        ("vertex", "claude-sonnet-5", "us"),
    ],
)
def test_a_place_without_a_known_price_has_no_cost(
    book: PriceBook, provider: str, model: str, place: str
) -> None:
    """The ordinary price would look right and be too low."""
    answer = priced(book, replace(PLAIN, inference_geo=place), model, provider)
    assert answer.cost is None
    assert f"no price for inference in '{place}' only" in (answer.reason or "")


def test_bedrock_prices_the_place_by_the_model_id(book: PriceBook) -> None:
    """The catalogue's regional price is a tenth higher already: $5.50 and $27.50."""
    assert priced(book, PLAIN, "us.anthropic.claude-opus-5", "bedrock").cost == Decimal("0.01925")


def test_a_made_up_place_is_not_remembered(book: PriceBook) -> None:
    """The word is the sender's to choose, and so would be the memory."""
    answer = priced(book, replace(PLAIN, inference_geo="x" * 300), "claude-opus-5")
    assert "256 characters" in (answer.reason or "")
