"""Tokens and another unit at once: what is billed, and when a part of it is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bearlumen.pricing import Usage

if TYPE_CHECKING:
    from bearlumen.pricing import Priced
    from bearlumen.pricing.book import PriceBook

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = {"seconds": Decimal(60)}
TOKENS = Usage(input_tokens=1000, output_tokens=500)


def priced(book: PriceBook, provider: str, model: str, usage: Usage) -> Priced:
    """The answer of the price book."""
    return book.price(provider=provider, model=model, at=NOVEMBER, usage=usage)


@pytest.mark.parametrize(
    ("provider", "model", "units", "expected"),
    [
        # $4.80 an hour of conversation, $0.18 of transcription, $1 a thousand pages
        ("xai", "grok-voice-latest", MINUTE, "0.08"),
        ("mistral", "voxtral-mini-2602", MINUTE, "0.003"),
        ("mistral", "mistral-ocr-2505", {"pages": Decimal(3)}, "0.003"),
        ("openai", "tts-1", {"characters": Decimal(1000)}, "0.015"),
    ],
)
def test_a_model_without_token_prices_does_not_bill_tokens(
    book: PriceBook, provider: str, model: str, units: dict[str, Decimal], expected: str
) -> None:
    """It reports them all the same; the cost is that of the unit."""
    usage = Usage(input_tokens=1000, output_tokens=500, reasoning_tokens=7, units=units)
    assert priced(book, provider, model, usage).cost == Decimal(expected)


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ({}, "no price for input tokens"),
        # Something was used, and what is billed of it is not said.
        ({"seconds": Decimal(0)}, "no price for input tokens"),
        ({"images": Decimal(1)}, "no price for input tokens"),
        # One of them has no price, so the whole has none.
        ({**MINUTE, "images": Decimal(1)}, "no price for the unit 'images'"),
    ],
)
def test_tokens_without_the_billed_unit_have_no_cost(
    book: PriceBook, units: dict[str, Decimal], why: str
) -> None:
    """How many seconds they were is anybody's guess."""
    usage = Usage(input_tokens=1000, output_tokens=500, units=units)
    answer = priced(book, "mistral", "voxtral-mini-2602", usage)
    assert answer.cost is None
    assert why in (answer.reason or "")


def test_a_negative_count_is_not_hidden_by_a_unit(book: PriceBook) -> None:
    """Damaged is damaged, also where tokens are not billed."""
    usage = Usage(input_tokens=1000, output_tokens=-1, units=MINUTE)
    assert "negative" in (priced(book, "xai", "grok-voice-latest", usage).reason or "")


@pytest.mark.parametrize(
    ("tokens", "units", "expected"),
    [
        # $0.10 and $0.40, and $0.24 an hour of audio in the prompt
        (TOKENS, MINUTE, "0.0043"),
        # A chat without audio says nothing of seconds.
        (TOKENS, {}, "0.0003"),
        (Usage(input_tokens=0, output_tokens=0), MINUTE, "0.004"),
        # Whoever heard a minute also wrote something about it.
        (Usage(), MINUTE, None),
    ],
)
def test_a_model_that_bills_audio_and_tokens_needs_the_tokens(
    book: PriceBook, tokens: Usage, units: dict[str, Decimal], expected: str | None
) -> None:
    """Voxtral Small: the audio is one part of the price, and a part is no cost."""
    answer = priced(book, "mistral", "voxtral-small-latest", replace(tokens, units=units))
    assert answer.cost == (None if expected is None else Decimal(expected))
    assert (answer.reason is None) == (expected is not None)


@pytest.mark.parametrize(
    ("tokens", "units", "expected"),
    [
        # $0.20 and $6, and $4.80 an hour for as long as it lasts
        (TOKENS, MINUTE, "0.0832"),
        (TOKENS, {}, None),
        (Usage(), MINUTE, None),
    ],
)
def test_a_session_is_billed_by_its_time_and_its_tokens(
    book: PriceBook, tokens: Usage, units: dict[str, Decimal], expected: str | None
) -> None:
    """Unlike audio in a prompt, every session has a length: without it a part is missing."""
    usage = replace(tokens, units=units)
    answer = priced(book, "elevenlabs", "eleven_realtime_v1_mini", usage)
    assert answer.cost == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("tokens", "units", "expected"),
    [
        # $12 a thousand requests, one an event, and $1 a million
        (TOKENS, {}, "0.0135"),
        (TOKENS, {"requests": Decimal(1)}, "0.0135"),
        (Usage(), {"requests": Decimal(1)}, None),
    ],
)
def test_a_request_is_charged_once_and_is_never_all(
    book: PriceBook, tokens: Usage, units: dict[str, Decimal], expected: str | None
) -> None:
    """Sonar: an ordinary event says nothing of requests, and one without tokens is a part."""
    answer = priced(book, "perplexity", "sonar", replace(tokens, units=units))
    assert answer.cost == (None if expected is None else Decimal(expected))
