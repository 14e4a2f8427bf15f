"""Names as events carry them find the catalogue's entry, and only the right one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from genai_prices.data import providers

from bearlumen.pricing import Usage
from bearlumen.pricing.names import CATALOGUE_PROVIDERS, NEVER_PRICED

if TYPE_CHECKING:
    from bearlumen.pricing.book import PriceBook

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"


def entry(book: PriceBook, provider: str, model: str) -> str | None:
    """The catalogue entry that prices a model, or None."""
    usage = Usage(input_tokens=1)
    priced = book.price(provider=provider, model=model, at=NOVEMBER, usage=usage)
    if priced.price_id is None:
        return None
    return priced.price_id.removeprefix(f"genai-prices:{book.version}:").partition("@20")[0]


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("openai", "openai/gpt-4o", "openai/gpt-4o"),
        ("OpenAI ", "GPT-4o", "openai/gpt-4o"),
        ("azure", "gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("bedrock", SONNET, f"aws/regional.{SONNET}"),
        ("bedrock", f"us.{SONNET}", f"aws/regional.{SONNET}"),
        ("bedrock", f"eu.{SONNET}", f"aws/regional.{SONNET}"),
        ("bedrock", f"apac.{SONNET}", f"aws/regional.{SONNET}"),
        # A global profile has a price of its own, 10 % lower.
        ("bedrock", f"global.{SONNET}", f"aws/global.{SONNET}"),
        ("bedrock", f"{ACCOUNT}:inference-profile/global.{SONNET}", f"aws/global.{SONNET}"),
        (
            "bedrock",
            f"{ACCOUNT}:inference-profile/us.anthropic.claude-opus-5",
            "aws/regional.anthropic.claude-opus-5",
        ),
        (
            "bedrock",
            "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0",
            "aws/amazon.nova-pro-v1:0",
        ),
        # Not in the catalogue's own patterns: a geography it has not met for this model.
        (
            "bedrock",
            "apac.anthropic.claude-opus-4-8",
            "aws/regional.anthropic.claude-opus-4-8-v1:0",
        ),
        ("gemini", "models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("vertex", "publishers/google/models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        (
            "vertex",
            "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash",
            "google/gemini-2.5-flash",
        ),
        ("vertex", "claude-sonnet-4-5@20250929", "google/claude-sonnet-4-5"),
        ("xai", "grok-4.3", "x-ai/grok-4.3"),
        ("aws.bedrock", SONNET, f"aws/regional.{SONNET}"),
        # What the body of Claude's own response says: AWS has one price for these, wherever.
        (
            "bedrock",
            "claude-3-7-sonnet-20250219",
            "aws/regional.anthropic.claude-3-7-sonnet-20250219-v1:0",
        ),
        (
            "bedrock",
            "claude-sonnet-4-20250514",
            "aws/regional.anthropic.claude-sonnet-4-20250514-v1:0",
        ),
        ("bedrock-mantle", "openai.gpt-5.5", "aws/openai.gpt-5.5"),
        ("bedrock-mantle", "openai.gpt-6-sol", "aws/regional.openai.gpt-6-sol"),
        ("bedrock-mantle", "global.openai.gpt-6-sol", "aws/global.openai.gpt-6-sol"),
        ("zai", "glm-4.6", "zai/GLM-4.6"),
    ],
)
def test_every_form_of_a_model_id_finds_its_entry(
    book: PriceBook, provider: str, model: str, expected: str
) -> None:
    """Prefixes, ARNs and resource names all name the same model."""
    assert entry(book, provider, model) == expected


@pytest.mark.parametrize(
    "model",
    [
        f"{ACCOUNT}:application-inference-profile/a1b2c3",
        f"{ACCOUNT}:provisioned-model/a1b2c3",
        f"{ACCOUNT}:default-prompt-router/anthropic.claude:1",
        # The catalogue alone would find a model's name in this endpoint's.
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-claude-3-haiku-20240307",
        # A global profile is not priced as a regional one.
        "global.anthropic.claude-opus-4-1-20250805-v1:0",
    ],
)
def test_an_id_that_hides_its_model_has_no_price(book: PriceBook, model: str) -> None:
    """Only the caller knows what an opaque ARN stands for."""
    assert entry(book, "bedrock", model) is None


@pytest.mark.parametrize(
    ("vendor", "model"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("anthropic", "claude-opus-5"),
        ("openai", "gpt-6-sol"),
    ],
)
def test_a_bare_name_of_two_prices_has_none(book: PriceBook, vendor: str, model: str) -> None:
    """Globally it costs less than in a region, and the response does not say where it was."""
    for place in ("us", "global"):
        assert entry(book, "bedrock", f"{place}.{vendor}.{model}") is not None
    usage = Usage(input_tokens=1)
    priced = book.price(provider="bedrock", model=model, at=NOVEMBER, usage=usage)
    assert priced.cost is None
    assert "in a region and at another globally" in (priced.reason or "")


def test_the_reason_for_an_opaque_arn_shows_it(book: PriceBook) -> None:
    """So that the caller can name the model instead."""
    arn = f"{ACCOUNT}:application-inference-profile/a1b2c3"
    usage = Usage(input_tokens=1)
    priced = book.price(provider="bedrock", model=arn, at=NOVEMBER, usage=usage)
    assert priced.reason is not None
    assert arn in priced.reason


def test_the_provider_table_points_into_the_catalogue() -> None:
    """A row that points nowhere would leave a whole provider without prices."""
    assert set(CATALOGUE_PROVIDERS.values()) <= {provider.id for provider in providers}
    assert not NEVER_PRICED.keys() & CATALOGUE_PROVIDERS.keys()
