"""Unknown is None with a reason, never zero and never somebody else's price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from bearlumen.pricing import Usage
from bearlumen.pricing import book as book_module
from bearlumen.pricing.book import PriceBook

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLAIN = Usage(input_tokens=1000, output_tokens=500)


def reason(
    book: PriceBook, provider: str, model: str, usage: Usage = PLAIN, at: datetime = NOVEMBER
) -> str:
    """Why the event has no cost; fails when it has one."""
    priced = book.price(provider=provider, model=model, at=at, usage=usage)
    assert (priced.cost, priced.source, priced.price_id) == (None, None, None)
    assert priced.reason is not None
    return priced.reason


def test_an_event_that_reports_nothing_has_no_cost(book: PriceBook) -> None:
    """Nothing reported is not nothing used."""
    assert reason(book, "openai", "gpt-4o", Usage()) == "no usage reported"


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        # o3 writes at 8 USD per million tokens and reads at 2, gpt-4o at 10 and 2.5.
        ("o3", Usage(reasoning_tokens=1000), "0.008"),
        ("o3", Usage(input_tokens=10, reasoning_tokens=5000), "0.04002"),
        ("gpt-4o", Usage(audio_output_tokens=1000), "0.01"),
        ("gpt-4o", Usage(reasoning_tokens=600, image_output_tokens=400), "0.01"),
        ("gpt-4o", Usage(cache_write_tokens=1000), "0.0025"),
        ("gpt-4o", Usage(cache_write_1h_tokens=1000), "0.0025"),
        ("gpt-4o", Usage(tool_use_prompt_tokens=1000, output_tokens=0), "0.0025"),
    ],
)
def test_a_total_nobody_sent_is_what_it_contains(
    book: PriceBook, model: str, usage: Usage, cost: str
) -> None:
    """Reported tokens are never free for want of their side's total."""
    priced = book.price(provider="openai", model=model, at=NOVEMBER, usage=usage)
    assert priced.cost == Decimal(cost)


def test_kinds_that_may_overlap_make_no_total(book: PriceBook) -> None:
    """Cached tokens may be audio: without the total nobody knows how many there are together."""
    usage = Usage(cache_read_tokens=100, audio_input_tokens=100, output_tokens=1)
    assert "without the total of its input" in reason(book, "openai", "gpt-4o", usage)


@pytest.mark.parametrize(
    ("usage", "named"),
    [
        (Usage(input_tokens=1, units={"characters": Decimal(5)}), "'characters'"),
        (Usage(input_tokens=1, units={"seconds": Decimal("0.5")}), "'seconds'"),
        (Usage(input_tokens=1, units={"images": Decimal(1)}), "'images'"),
        (Usage(input_tokens=1, units={"requests": Decimal(1)}), "'requests'"),
        (Usage(input_tokens=1, tool_calls={"code_interpreter": 1}), "'code_interpreter'"),
    ],
)
def test_a_unit_without_a_price_is_named(book: PriceBook, usage: Usage, named: str) -> None:
    """genai-prices charges 0.00 for what a model has no price for; we say what is missing."""
    text = reason(book, "openai", "gpt-4o", usage)
    assert "openai/gpt-4o has no price" in text
    assert named in text


def test_tokens_of_a_side_without_a_price_have_no_cost(book: PriceBook) -> None:
    """Output from an embedding model, tokens on a model billed by characters."""
    assert "output tokens" in reason(book, "openai", "text-embedding-3-small", PLAIN)
    assert "input tokens" in reason(book, "openai", "tts-1", PLAIN)


def test_a_model_listed_without_prices_has_no_cost(book: PriceBook) -> None:
    """An empty entry does not say that the model is free."""
    assert "without a price" in reason(book, "openai", "omni-moderation-latest", PLAIN)


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "text-embedding-3-small", Usage(input_tokens=9, batch=True)),
        ("groq", "llama-3.3-70b-versatile", Usage(input_tokens=9, service_tier="performance")),
        ("openai", "gpt-4o", Usage(input_tokens=9, service_tier="scale")),
        # Azure sells gpt-4o at OpenAI's list price; its batch price is not on OpenAI's list.
        ("azure", "gpt-4o", Usage(input_tokens=9, batch=True)),
        # The catalogue knows no tier of AWS; reserved capacity is paid by the month.
        *(
            ("bedrock", "amazon.nova-pro-v1:0", Usage(input_tokens=9, service_tier=tier))
            for tier in ("flex", "priority", "reserved")
        ),
    ],
)
def test_a_context_without_a_price_has_no_cost(
    book: PriceBook, provider: str, model: str, usage: Usage
) -> None:
    """The standard price would be out by a factor of two or more, and look right."""
    word = usage.service_tier or "batch"
    assert f"no {word!r} price" in reason(book, provider, model, usage)


def test_a_context_without_a_price_at_that_time_has_no_cost(book: PriceBook) -> None:
    """The catalogue knows gpt-4o's batch price from 14 October 2026 on."""
    batch = Usage(input_tokens=9, batch=True)
    eve = datetime(2026, 10, 13, 23, 59, tzinfo=UTC)
    assert "no 'batch' price at that time" in reason(book, "openai", "gpt-4o", batch, eve)
    # And again, now remembered: it says nothing of the first event.
    earlier = eve - timedelta(days=40)
    remembered = reason(book, "openai", "gpt-4o", batch, earlier)
    assert remembered == reason(book, "openai", "gpt-4o", batch, eve)


def test_cached_audio_of_unknown_size_has_no_cost(book: PriceBook) -> None:
    """Between 0 and 400 of the 600 audio tokens were cached, at a price 80 times lower."""
    usage = Usage(input_tokens=1000, audio_input_tokens=600, cache_read_tokens=400)
    assert "cached audio" in reason(book, "openai", "gpt-realtime", usage)


@pytest.mark.parametrize(
    "provider",
    ["unknown", "", "my-openai-proxy", "huggingface", "ollama", "vllm", "litellm", "ai21"],
)
def test_a_provider_we_do_not_know_has_no_cost(book: PriceBook, provider: str) -> None:
    """The same model costs different amounts elsewhere: a guess becomes a wrong invoice."""
    assert "'gpt-4o'" in reason(book, provider, "gpt-4o")


@pytest.mark.parametrize(
    ("provider", "why"),
    [
        ("ollama", "locally"),
        ("vllm", "own machines"),
        ("unknown", "a guess"),
        ("huggingface", "backend"),
        ("litellm", "who answered"),
        ("ai21", "no provider 'ai21' in the catalogue"),
    ],
)
def test_a_provider_that_never_has_a_price_says_why(
    book: PriceBook, provider: str, why: str
) -> None:
    """Each has its own remedy, so each has its own reason."""
    assert why in reason(book, provider, "gpt-4o")


def test_a_model_we_do_not_know_is_named_in_full_or_cut(book: PriceBook) -> None:
    """The reason is stored with the event, so it stays short."""
    assert "'gpt-nope'" in reason(book, "openai", "gpt-nope")
    assert len(reason(book, "openai", "x" * 5_000)) < 200


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=-1),
        Usage(input_tokens=5, cache_read_tokens=-5),
        Usage(input_tokens=-(10**5000)),
        Usage(input_tokens=1, tool_calls={"web_search": -1}),
        *(
            Usage(units={"characters": Decimal(text)})
            for text in ("-1", "NaN", "sNaN", "Infinity", "1E+999999", "1E-999999")
        ),
    ],
)
@pytest.mark.parametrize("model", ["gpt-4o", "tts-1"])
def test_a_count_that_is_no_count_has_no_cost(book: PriceBook, model: str, usage: Usage) -> None:
    """Whatever a sender makes up, pricing answers."""
    assert reason(book, "openai", model, usage)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=5, cache_write_5m_tokens=-5),
        Usage(input_tokens=5, cache_write_5m_tokens=-5, cache_write_1h_tokens=5),
        Usage(input_tokens=5, cache_write_tokens=-5, cache_write_5m_tokens=5),
    ],
)
def test_a_negative_part_of_cache_writes_is_not_made_up_for(book: PriceBook, usage: Usage) -> None:
    """The other parts must not hide it."""
    assert "negative" in reason(book, "anthropic", "claude-sonnet-4-5", usage)


def test_a_huge_count_still_gets_an_answer(book: PriceBook) -> None:
    """More digits than Python prints: exact, and not our business to doubt."""
    usage = Usage(input_tokens=10**5000 + 1)
    priced = book.price(provider="openai", model="gpt-4o", at=NOVEMBER, usage=usage)
    assert priced.cost is not None
    assert Fraction(priced.cost) * 400_000 == 10**5000 + 1


def test_made_up_names_do_not_grow_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are the sender's to choose: misses are remembered up to a bound, long ones never."""
    monkeypatch.setattr(book_module, "MAX_REMEMBERED", 10)
    book = PriceBook.catalogue()
    for number in range(50):
        reason(book, "openai", f"made-up-{number}")
        reason(book, "openai", "x" * 300 + str(number))
    remembered = book._remembered  # pyright: ignore[reportPrivateUsage]
    assert len(remembered) == 10
    assert max(len(model) for _, model, *_ in remembered) < 20
    assert book.price(provider="openai", model="gpt-4o", at=NOVEMBER, usage=PLAIN).cost is not None
