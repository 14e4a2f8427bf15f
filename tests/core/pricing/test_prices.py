"""Costs worked out by hand from the published price per million tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import pytest

from bearlumen.pricing import Usage

if TYPE_CHECKING:
    from bearlumen.pricing.book import PriceBook

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLAIN = Usage(input_tokens=1000, output_tokens=500)


def cost(
    book: PriceBook, provider: str, model: str, usage: Usage, at: datetime = NOVEMBER
) -> Decimal | None:
    """The cost alone."""
    return book.price(provider=provider, model=model, at=at, usage=usage).cost


def test_input_and_output_have_their_own_price(book: PriceBook) -> None:
    """gpt-4o at $2.50 and $10: 1000 in is 0.0025, 500 out is 0.0050."""
    assert cost(book, "openai", "gpt-4o", PLAIN) == Decimal("0.0075")


def test_a_cost_has_twelve_fractional_digits(book: PriceBook) -> None:
    """The ledger's column has that many, whatever precision the caller's thread works with."""
    with localcontext(prec=3):
        answer = cost(book, "openai", "gpt-4o", Usage(input_tokens=1_234_567, output_tokens=1))
    assert str(answer) == "3.086427500000"


def test_a_priced_event_says_what_priced_it(book: PriceBook) -> None:
    """Source and price id let a cost be explained and repeated later."""
    priced = book.price(provider="openai", model="gpt-4o-2024-08-06", at=NOVEMBER, usage=PLAIN)
    assert (priced.source, priced.reason) == ("catalogue", None)
    assert priced.price_id == f"genai-prices:{book.version}:openai/gpt-4o"


def test_cached_input_is_not_charged_twice(book: PriceBook) -> None:
    """600 of 1200 tokens at $1.25 (0.00075), 600 at $2.50 (0.0015), 300 out at $10 (0.003)."""
    usage = Usage(input_tokens=1200, output_tokens=300, cache_read_tokens=600)
    assert cost(book, "openai", "gpt-4o", usage) == Decimal("0.00525")


def test_cache_writes_cost_by_how_long_they_are_kept(book: PriceBook) -> None:
    """Sonnet 4.5: 5000 plain at $3, 2000 read at $0.30, 2000 written at $3.75, 1000 at $6."""
    usage = Usage(
        input_tokens=10_000,
        output_tokens=500,
        cache_read_tokens=2000,
        cache_write_tokens=3000,
        cache_write_1h_tokens=1000,
    )
    expected = Decimal("0.015") + Decimal("0.0006") + Decimal("0.0075") + Decimal("0.006")
    assert cost(book, "anthropic", "claude-sonnet-4-5", usage) == expected + Decimal("0.0075")


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        # All at $3.75 for five minutes, said or not.
        (Usage(cache_write_tokens=3000), "0.01125"),
        (Usage(cache_write_tokens=3000, cache_write_5m_tokens=3000), "0.01125"),
        # 1000 at $6 for an hour; of the rest 500 are said to be short, 1500 are neither.
        (
            Usage(cache_write_tokens=3000, cache_write_5m_tokens=500, cache_write_1h_tokens=1000),
            "0.0135",
        ),
        # The parts without their total are the total.
        (Usage(cache_write_5m_tokens=2000, cache_write_1h_tokens=1000), "0.0135"),
    ],
)
def test_short_cache_writes_are_a_part_of_all_writes(
    book: PriceBook, writes: Usage, expected: str
) -> None:
    """Said twice they are charged once; what is neither short nor long costs what short does."""
    for usage in (writes, replace(writes, input_tokens=3000)):
        assert cost(book, "anthropic", "claude-sonnet-4-5", usage) == Decimal(expected)


def test_reasoning_has_its_own_price_where_the_model_has_one(book: PriceBook) -> None:
    """sonar-deep-research on OpenRouter: 600 out at $8 and 400 reasoning at $3."""
    usage = Usage(input_tokens=0, output_tokens=1000, reasoning_tokens=400)
    model = "perplexity/sonar-deep-research"
    assert cost(book, "openrouter", model, usage) == Decimal("0.0048") + Decimal("0.0012")


def test_reasoning_costs_what_output_costs_elsewhere(book: PriceBook) -> None:
    """o3 at $8 an output million, reasoning or not."""
    usage = Usage(input_tokens=0, output_tokens=1000, reasoning_tokens=400)
    assert cost(book, "openai", "o3", usage) == Decimal("0.008")


def test_audio_and_image_tokens_have_their_own_price(book: PriceBook) -> None:
    """gpt-realtime: 300 text at $4, 500 audio at $32, 200 image at $5; out 100 at $16 and $64."""
    usage = Usage(
        input_tokens=1000,
        audio_input_tokens=500,
        image_input_tokens=200,
        output_tokens=200,
        audio_output_tokens=100,
    )
    expected = Decimal("0.0012") + Decimal("0.016") + Decimal("0.001")
    assert cost(book, "openai", "gpt-realtime", usage) == expected + Decimal("0.008")


def test_image_output_has_its_own_price(book: PriceBook) -> None:
    """gemini-2.5-flash-image: 10 text out at $2.50 and 1290 image at $30."""
    usage = Usage(input_tokens=0, output_tokens=1300, image_output_tokens=1290)
    model = "gemini-2.5-flash-image"
    assert cost(book, "gemini", model, usage) == Decimal("0.000025") + Decimal("0.0387")


def test_cached_audio_is_priced_when_the_counts_leave_no_choice(book: PriceBook) -> None:
    """All 1000 tokens are audio, so the 400 cached ones are: 600 at $32 and 400 at $0.40."""
    usage = Usage(input_tokens=1000, audio_input_tokens=1000, cache_read_tokens=400)
    assert cost(book, "openai", "gpt-realtime", usage) == Decimal("0.0192") + Decimal("0.00016")


@pytest.mark.parametrize(
    ("input_tokens", "expected"),
    [
        # $1.25 and $10 up to 200,000 tokens of input: 0.25 + 0.001
        (200_000, "0.251"),
        # $2.50 and $15 for the whole request above: 0.5000025 + 0.0015
        (200_001, "0.5015025"),
    ],
)
def test_the_whole_request_is_priced_at_its_tier(
    book: PriceBook, input_tokens: int, expected: str
) -> None:
    """One token more moves every token to the upper price, output included."""
    usage = Usage(input_tokens=input_tokens, output_tokens=100)
    assert cost(book, "gemini", "gemini-2.5-pro", usage) == Decimal(expected)


def test_the_price_id_names_the_tier(book: PriceBook) -> None:
    """Two prices of one model on one day are two price ids."""
    usage = Usage(input_tokens=200_001)
    priced = book.price(provider="vertex", model="gemini-2.5-pro", at=NOVEMBER, usage=usage)
    assert priced.price_id == f"genai-prices:{book.version}:google/gemini-2.5-pro>200000"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC), "0.05"),
        (datetime(2025, 6, 10, tzinfo=UTC), "0.01"),
        # Already the tenth in Berlin, still the ninth in UTC.
        (datetime(2025, 6, 10, 1, tzinfo=timezone(timedelta(hours=2))), "0.05"),
    ],
)
def test_the_price_is_the_one_of_the_day(book: PriceBook, at: datetime, expected: str) -> None:
    """o3 fell from $10 and $40 to $2 and $8 on 10 June 2025, UTC."""
    usage = Usage(input_tokens=1000, output_tokens=1000)
    assert cost(book, "openai", "o3", usage, at) == Decimal(expected)


def test_the_price_id_names_the_epoch(book: PriceBook) -> None:
    """The day the price started is part of its name."""
    priced = book.price(provider="openai", model="o3", at=NOVEMBER, usage=PLAIN)
    assert priced.price_id == f"genai-prices:{book.version}:openai/o3@2025-06-10"


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [(0, 29, "0.135"), (0, 30, "0.27"), (16, 29, "0.27"), (16, 30, "0.135")],
)
def test_the_price_is_the_one_of_the_hour(
    book: PriceBook, hour: int, minute: int, expected: str
) -> None:
    """deepseek-chat costs half, $0.135, from 16:30 to 00:30 UTC."""
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    at = datetime(2025, 5, 1, hour, minute, tzinfo=UTC)
    assert cost(book, "deepseek", "deepseek-chat", usage, at) == Decimal(expected)


def test_batch_has_its_own_price(book: PriceBook) -> None:
    """gpt-4o in batch is $1.25 and $5: half of 0.0075; the price id says so."""
    usage = Usage(input_tokens=1000, output_tokens=500, batch=True)
    priced = book.price(provider="openai", model="gpt-4o", at=NOVEMBER, usage=usage)
    assert priced.cost == Decimal("0.00375")
    assert priced.price_id == f"genai-prices:{book.version}:openai/gpt-4o@2026-10-14[batch]"


def test_a_batch_tier_is_batch(book: PriceBook) -> None:
    """Anthropic reports batch as a service tier: 1000 at $1 and 500 at $5 for Sonnet 5."""
    usage = Usage(input_tokens=1000, output_tokens=500, service_tier="batch")
    assert cost(book, "anthropic", "claude-sonnet-5", usage) == Decimal("0.0035")


@pytest.mark.parametrize(
    ("provider", "model", "tier", "expected"),
    [
        # $0.625 and $5
        ("openai", "gpt-5", "flex", "0.003125"),
        # $2.50 and $20
        ("openai", "gpt-5", "priority", "0.0125"),
        # $10 and $50: Anthropic's fast speed
        ("anthropic", "claude-opus-5", "fast", "0.035"),
        # $0.50 and $6 halved until 2027: Vertex AI's word for flex
        ("vertex", "gemini-3.8-flash-lite-tts", "ON_DEMAND_FLEX", "0.00175"),
    ],
)
def test_a_service_tier_has_its_own_price(
    book: PriceBook, provider: str, model: str, tier: str, expected: str
) -> None:
    """The tier the provider reports picks the price."""
    usage = Usage(input_tokens=1000, output_tokens=500, service_tier=tier)
    assert cost(book, provider, model, usage) == Decimal(expected)


@pytest.mark.parametrize(
    "tier", ["default", "standard", "auto", "on_demand", "ON_DEMAND", "", "flex"]
)
def test_a_word_for_ordinary_service_is_the_standard_price(book: PriceBook, tier: str) -> None:
    """A harmless word must not leave an event without a cost; Groq's flex costs no less."""
    usage = Usage(input_tokens=1000, output_tokens=500, service_tier=tier)
    # $0.59 and $0.79
    assert cost(book, "groq", "llama-3.3-70b-versatile", usage) == Decimal("0.000985")


@pytest.mark.parametrize("tier", ["default", None])
def test_the_default_tier_of_bedrock_is_the_standard_price(
    book: PriceBook, tier: str | None
) -> None:
    """What `converse` and the header say of most calls: $0.80 and $3.20."""
    usage = Usage(input_tokens=1000, output_tokens=500, service_tier=tier)
    assert cost(book, "bedrock", "amazon.nova-pro-v1:0", usage) == Decimal("0.0024")


def test_a_billed_tool_is_added(book: PriceBook) -> None:
    """Three searches at $10 a thousand on top of 1000 at $3 and 500 at $15."""
    usage = Usage(input_tokens=1000, output_tokens=500, tool_calls={"web_search": 3})
    assert cost(book, "anthropic", "claude-sonnet-4-5", usage) == Decimal("0.0405")


@pytest.mark.parametrize(
    ("provider", "model", "units", "expected"),
    [
        # $15 a million characters
        ("openai", "tts-1", {"characters": Decimal(1000)}, "0.015"),
        # $1 a thousand pages
        ("mistral", "mistral-ocr-2505", {"pages": Decimal(7)}, "0.007"),
        # $0.111 an hour
        ("groq", "whisper-large-v3", {"seconds": Decimal(60)}, "0.00185"),
        # Groq bills ten seconds at least: 0.111 / 360
        ("groq", "whisper-large-v3", {"seconds": Decimal("3.5")}, "0.000308333333"),
    ],
)
def test_units_other_than_tokens_are_priced(
    book: PriceBook, provider: str, model: str, units: dict[str, Decimal], expected: str
) -> None:
    """Characters, pages and seconds cost what the catalogue says."""
    assert cost(book, provider, model, Usage(units=units)) == Decimal(expected)


@pytest.mark.parametrize(
    ("units", "expected"), [({}, "0.0135"), ({"requests": Decimal(2)}, "0.0255")]
)
def test_a_request_costs_where_the_provider_charges_for_it(
    book: PriceBook, units: dict[str, Decimal], expected: str
) -> None:
    """Perplexity's sonar: $12 a thousand requests, one unless said otherwise, and $1 a million."""
    usage = Usage(input_tokens=1000, output_tokens=500, units=units)
    assert cost(book, "perplexity", "sonar", usage) == Decimal(expected)


def test_an_embedding_needs_no_output_price(book: PriceBook) -> None:
    """Output reported as zero, or not at all, asks for no price: 1000 at $0.02."""
    model = "text-embedding-3-small"
    assert cost(book, "openai", model, Usage(input_tokens=1000)) == Decimal("0.00002")
    zero = Usage(input_tokens=1000, output_tokens=0)
    assert cost(book, "openai", model, zero) == Decimal("0.00002")


def test_zeros_that_are_reported_cost_zero(book: PriceBook) -> None:
    """Zero is data: a call that used nothing costs nothing, also of units without a price."""
    usage = Usage(
        input_tokens=0, output_tokens=0, units={"images": Decimal(0)}, tool_calls={"magic": 0}
    )
    assert cost(book, "openai", "gpt-4o", usage) == Decimal(0)


def test_more_cached_tokens_than_input_leave_nothing_uncached(book: PriceBook) -> None:
    """Grok counts 960 cached of 676 with files: 960 at $0.20, and no negative remainder."""
    usage = Usage(input_tokens=676, output_tokens=0, cache_read_tokens=960)
    assert cost(book, "xai", "grok-4.3", usage) == Decimal("0.000192")
