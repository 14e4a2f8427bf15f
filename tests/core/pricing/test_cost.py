"""The cost of a tracked call: whose word counts, and to how many digits."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest

from bearlumen.pricing import Usage, cost_of
from bearlumen.pricing.cost import usage_of
from bearlumen.pricing.estimate import COUNTS

if TYPE_CHECKING:
    from bearlumen import BearLumen
    from bearlumen.pricing import Priced

NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=UTC)


def priced(**arguments: Any) -> Priced:
    """1000 tokens in and 500 out of gpt-4o, unless said otherwise."""
    call: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt-4o",
        "at": NOVEMBER,
        "counts": {"input_tokens": 1000, "output_tokens": 500},
        "units": {},
        "tool_calls": {},
        "service_tier": None,
        "batch": False,
        "inference_geo": None,
        "provider_cost": None,
        "cost": None,
    }
    return cost_of(**{**call, **arguments})


@pytest.mark.parametrize(
    ("stated", "expected", "source"),
    [
        ({"cost": Decimal(1), "provider_cost": Decimal(2)}, "1", "explicit"),
        ({"provider_cost": Decimal(2)}, "2", "provider"),
        ({}, "0.0075", "catalogue"),
        ({"cost": Decimal(0), "provider_cost": Decimal(2)}, "0", "explicit"),
    ],
)
def test_the_caller_comes_before_the_provider_and_both_before_the_catalogue(
    stated: dict[str, Decimal], expected: str, source: str
) -> None:
    """Whoever is nearer to the invoice is right; zero is a cost like any other."""
    answer = priced(**stated)
    assert (answer.cost, answer.source) == (Decimal(expected), source)


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ("0.0000000000005", "0"),
        ("0.0000000000015", "0.000000000002"),
        ("123456.1234567890126", "123456.123456789013"),
        ("0.1", "0.100000000000"),
        ("-0", "0"),
    ],
)
def test_a_stated_cost_has_the_digits_of_the_ledger(stated: str, kept: str) -> None:
    """Twelve, half to even, whatever precision the caller's thread works with."""
    with localcontext(prec=3):
        answer = priced(cost=Decimal(stated))
    assert str(answer.cost) == str(Decimal(kept).quantize(Decimal("1E-12")))


@pytest.mark.parametrize("stated", ["NaN", "sNaN", "Infinity", "-1", "1E+999999999"])
def test_a_stated_cost_that_is_no_amount_is_no_cost(stated: str) -> None:
    """Nor is it replaced by what the catalogue says: somebody meant something else."""
    answer = priced(provider_cost=Decimal(stated))
    assert (answer.cost, answer.source) == (None, None)


def test_a_call_whose_model_nobody_names_has_no_cost() -> None:
    """The catalogue would have to guess."""
    assert priced(model="").cost is None


def test_every_count_reaches_the_price_book() -> None:
    """A count that is read and then forgotten would be free."""
    counts = {name: number for number, name in enumerate(COUNTS, start=1)}
    usage = usage_of(
        counts, units={}, tool_calls={}, service_tier=None, batch=False, inference_geo=None
    )
    kinds = {field.name for field in fields(Usage) if field.name.endswith("_tokens")}
    assert kinds == set(COUNTS)
    assert {name: getattr(usage, name) for name in COUNTS} == counts


def test_a_quantity_costs_what_its_text_says() -> None:
    """And not what the nearest binary fraction does, which is a little less.

    At $15 a million the text costs 1.5 picodollars, half to even 2, the fraction not quite that.
    """
    answer = priced(model="tts-1", counts={}, units={"characters": 1e-7})
    assert answer.cost == Decimal("0.000000000002")


def test_a_result_costs_more_where_it_was_bound_to_the_us(bear: BearLumen) -> None:
    """1000 in at $5.50 and 100 out at $27.50; its step for another model is bound there too."""
    step = {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 1000}
    usage = {"input_tokens": 1000, "output_tokens": 100, "inference_geo": "us"}
    message = {"type": "message", "role": "assistant", "model": "claude-opus-5"}
    result = bear.track({**message, "usage": {**usage, "iterations": [step]}}, timestamp=NOVEMBER)
    assert (result.inference_geo, result.cost) == ("us", Decimal("0.00825"))
    assert [one.cost for one in result.additional] == [Decimal("0.0055")]


@pytest.mark.parametrize("place", [None, "global", "not_available"])
def test_a_result_bound_to_no_place_says_none(bear: BearLumen, place: str | None) -> None:
    """Anthropic has words for it, which say nothing."""
    usage = {"input_tokens": 1000, "output_tokens": 100, "inference_geo": place}
    message = {"type": "message", "role": "assistant", "model": "claude-opus-5", "usage": usage}
    result = bear.track(message, timestamp=NOVEMBER)
    assert (result.inference_geo, result.cost) == (None, Decimal("0.0075"))


def test_a_result_has_its_cost(bear: BearLumen) -> None:
    """1000 in at $2.50 and 100 out at $10, at the time of the call."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    chat = {"object": "chat.completion", "model": "gpt-4o-2024-08-06", "usage": usage}
    assert bear.track(chat, timestamp=NOVEMBER).cost == Decimal("0.0035")
    assert bear.track(chat, cost="0.02").cost == Decimal("0.02")
    assert bear.track(chat, provider="ollama").cost is None
