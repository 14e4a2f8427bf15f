"""What a call would cost: figures worked out by hand, and misuse that says what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bearlumen import AsyncBearLumen, InvalidRequestError, MemoryTransport, Provider
from bearlumen.pricing.estimate import COUNTS
from bearlumen.providers import extractors

if TYPE_CHECKING:
    from bearlumen import BearLumen

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)
TOKENS = {"input_tokens": 1000, "output_tokens": 500}


@pytest.mark.parametrize(
    ("provider", "model", "usage", "expected"),
    [
        # gpt-4o at $2.50 in, $1.25 cached, $10 out: 0.0005 + 0.001 + 0.002
        (
            "openai",
            "gpt-4o",
            {"input_tokens": 1000, "cache_read_tokens": 800, "output_tokens": 200},
            "0.0035",
        ),
        # What is not said is not reported: 1000 at $2.50, and 200 of reasoning at $10
        ("openai", "gpt-4o", {"input_tokens": 1000, "output_tokens": None}, "0.0025"),
        ("openai", "gpt-4o", {"reasoning_tokens": 200}, "0.002"),
        # Three searches at $10 a thousand, 1000 at $3 and 500 at $15
        ("anthropic", "claude-sonnet-4-5", {**TOKENS, "tool_calls": {"web_search": 3}}, "0.0405"),
        # $15 a million characters, $0.111 an hour of audio
        ("openai", "tts-1", {"units": {"characters": 1000}}, "0.015"),
        ("groq", "whisper-large-v3", {"units": {"seconds": Decimal("60.5")}}, "0.001865416667"),
    ],
)
def test_an_estimate_is_the_price_of_what_is_said(
    bear: BearLumen, provider: str, model: str, usage: dict[str, Any], expected: str
) -> None:
    """Tokens, parts of tokens, tools and units cost what the providers publish."""
    assert bear.estimate(model, provider, usage, at=NOVEMBER) == Decimal(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # $1.25 and $10; half in batch and in flex; double in priority
        ({}, "0.00625"),
        ({"batch": True}, "0.003125"),
        ({"service_tier": "flex"}, "0.003125"),
        ({"service_tier": "priority"}, "0.0125"),
        ({"service_tier": "made up"}, None),
    ],
)
def test_how_a_call_is_served_changes_its_price(
    bear: BearLumen, options: dict[str, Any], expected: str | None
) -> None:
    """A tier without a price of its own has none: not the standard one."""
    cost = bear.estimate("gpt-5", "openai", TOKENS, at=NOVEMBER, **options)
    assert cost == (None if expected is None else Decimal(expected))


def test_where_a_call_may_run_changes_its_price(bear: BearLumen) -> None:
    """$5 and $25, a tenth more if it must be the US; what another place costs is not known."""
    for place, expected in ((None, "0.0175"), ("us", "0.01925"), ("moon", None)):
        cost = bear.estimate("claude-opus-5", "anthropic", TOKENS, inference_geo=place)
        assert cost == (None if expected is None else Decimal(expected))


def test_an_estimate_is_of_a_time(bear: BearLumen) -> None:
    """o3 fell from $10 and $40 to $2 and $8 on 10 June 2025; what is left out is now."""
    before = datetime(2025, 6, 9, tzinfo=UTC)
    assert bear.estimate("o3", "openai", TOKENS, at=before) == Decimal("0.03")
    assert bear.estimate("o3", "openai", TOKENS) == Decimal("0.006")


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "gpt-nope", TOKENS),
        (Provider.UNKNOWN, "gpt-4o", TOKENS),
        ("openai", "gpt-4o", {}),
        # genai-prices charges 0.00 for a unit that a model has no price for.
        ("openai", "gpt-4o", {**TOKENS, "units": {"characters": 5}}),
        ("openai", "gpt-4o", {"units": {"made up": 1}}),
        ("openai", "gpt-4o", {"tool_calls": {"made up": 1}}),
    ],
)
def test_an_unknown_price_is_none(
    bear: BearLumen, provider: str, model: str, usage: dict[str, Any]
) -> None:
    """Unknown is None, never 0 and never the part of it that is known."""
    assert bear.estimate(model, provider, usage) is None


def test_the_counts_of_a_result_are_taken_as_they_are(bear: BearLumen) -> None:
    """What was tracked can be priced for another model: 700 at $1, 300 written at $1.25, 9 at $5.

    The five-minute writes are a part of all writes, and are not charged twice.
    """
    usage = {
        "input_tokens": 700,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 9,
    }
    message = {"type": "message", "role": "assistant", "model": "claude-opus-4-5", "usage": usage}
    counts = bear.track(message).counts
    cost = bear.estimate("claude-haiku-4-5", "anthropic", counts, at=NOVEMBER)
    assert cost == Decimal("0.00112")


def test_the_async_client_estimates_without_being_awaited() -> None:
    """There is nothing to wait for."""
    bear = AsyncBearLumen(api_key="k", transport=MemoryTransport())
    assert bear.estimate("gpt-4o", "openai", TOKENS, at=NOVEMBER) == Decimal("0.0075")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"usage": {"prompt_tokens": 5}}, "'prompt_tokens'; its keys are input_tokens, "),
        ({"usage": {"input_tokens": -1}}, "input_tokens is -1"),
        ({"usage": {"input_tokens": "5"}}, "input_tokens is '5'"),
        ({"usage": {"input_tokens": 5.0}}, "input_tokens is 5.0"),
        ({"usage": {"input_tokens": True}}, "input_tokens is True"),
        ({"usage": {"units": {"characters": float("nan")}}}, "units['characters'] is nan"),
        ({"usage": {"units": {"characters": 10**400}}}, "units['characters'] is 1000"),
        ({"usage": {"units": {"characters": -0.5}}}, "units['characters'] is -0.5"),
        ({"usage": {"units": {"characters": True}}}, "units['characters'] is True"),
        ({"usage": {"units": 5}}, "units is a int; it is a mapping"),
        ({"usage": {"units": {5: 5}}}, "units has the key 5"),
        ({"usage": {"tool_calls": {"web_search": 1.5}}}, "tool_calls['web_search'] is 1.5"),
        ({"usage": None}, "usage is a NoneType; it is a mapping"),
        ({"usage": 1000}, "usage is a int; it is a mapping"),
        ({"model": ""}, "model is ''"),
        ({"model": None}, "model is None"),
        ({"provider": " "}, "provider is ' '"),
        ({"at": datetime(2026, 1, 1)}, "at is datetime.datetime(2026"),  # noqa: DTZ001
        ({"at": "2026-01-01"}, "at is '2026-01-01'"),
        ({"service_tier": 1}, "service_tier is 1"),
        ({"inference_geo": 1}, "inference_geo is 1"),
    ],
)
def test_misuse_is_named(bear: BearLumen, arguments: dict[str, Any], named: str) -> None:
    """A typo must not become a price that is too low."""
    whole: dict[str, Any] = {"model": "gpt-4o", "provider": "openai", "usage": TOKENS}
    with pytest.raises(InvalidRequestError) as caught:
        bear.estimate(**{**whole, **arguments})
    assert named in caught.value.message


def test_every_count_that_responses_report_can_be_estimated() -> None:
    """A count that the price book never looks at would be free."""
    read = {
        name
        for extractor in extractors()
        for flavor in extractor.flavors
        for declared in (flavor, *flavor.linked)
        for name in declared.counts
    }
    assert read
    assert read <= set(COUNTS)
