"""Laws that hold for any own prices, any model of the catalogue and any usage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server.helpers import uuid7

from bearlumen.pricing import Usage
from bearlumen.pricing.book import PriceBook
from bearlumen.pricing.pricelist import PriceList, quoted
from bearlumen_server.pricebook.explaining import explain
from bearlumen_server.pricebook.kinds import CATALOGUE_KEYS
from bearlumen_server.pricebook.own import OrganizationPrices
from bearlumen_server.pricebook.rules import Rule, Target, matches
from bearlumen_server.pricebook.stored import StoredEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = 200
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
BOOK = PriceBook.catalogue()
MODELS = [
    (provider.id, model.id)
    for provider in BOOK._providers
    for model in provider.models
    if "/" not in model.id and not model.id.startswith("arn:")
]
KINDS = sorted(CATALOGUE_KEYS)
PATTERNS = ("gpt-4o", "gpt-4o*", "gpt-*", "*", "*4o", "g*o", "claude-*")

counts = st.integers(0, 300_000)
amounts = st.decimals(0, 100, places=6, allow_nan=False)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Usage whose parts fit into its totals."""
    read, write5, write1, audio, fresh = (draw(counts) for _ in range(5))
    reasoning, spoken, text = (draw(counts) for _ in range(3))
    return Usage(
        input_tokens=draw(st.none() | st.just(read + write5 + write1 + audio + fresh)),
        output_tokens=draw(st.none() | st.just(reasoning + spoken + text)),
        cache_read_tokens=read,
        cache_write_tokens=write5 + write1,
        cache_write_5m_tokens=draw(st.sampled_from([0, write5])),
        cache_write_1h_tokens=write1,
        audio_input_tokens=0 if read else audio,
        reasoning_tokens=reasoning,
        audio_output_tokens=spoken,
        tool_calls=draw(st.dictionaries(st.just("web_search"), st.integers(0, 9))),
        units=draw(
            st.dictionaries(
                st.sampled_from(["characters", "images", "seconds", "requests"]),
                st.decimals(0, 1000, places=3),
                max_size=2,
            )
        ),
        batch=draw(st.booleans()),
    )


@st.composite
def rules(draw: st.DrawFn, number: int = 0) -> Rule:
    """Any own price."""
    days = draw(st.none() | st.integers(0, 20))
    return Rule(
        id=f"price_{number}",
        version=1,
        target=Target(
            provider=draw(st.sampled_from([None, "openai", "anthropic"])),
            model=draw(st.sampled_from(PATTERNS)),
            service_tier=draw(st.sampled_from([None, "standard"])),
            batch=draw(st.sampled_from([None, True, False])),
        ),
        effective_from=None if days is None else AT - timedelta(days=days - 10),
        prices=draw(st.dictionaries(st.sampled_from(KINDS), amounts, max_size=4)),
        units=draw(st.dictionaries(st.sampled_from(["images", "characters"]), amounts)),
        tools=draw(st.dictionaries(st.just("web_search"), amounts)),
        discount_percent=draw(st.none() | st.decimals(0, 100, places=2)),
        note=None,
        created_at=AT,
        created_by=None,
    )


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    """Some own prices, each for other calls or from another day on."""
    found = [draw(rules(number)) for number in range(draw(st.integers(1, 6)))]
    return list({(rule.target, rule.effective_from): rule for rule in found}.values())


def own_price(model: str = "*", **said: Any) -> Rule:
    """An own price of everything, that says what is given and no more."""
    target = Target(provider=None, model=model, service_tier=None, batch=None)
    nothing: dict[str, Any] = {"prices": {}, "units": {}, "tools": {}, "discount_percent": None}
    return Rule(
        id="price_x", version=1, target=target, effective_from=None, note=None, created_at=AT,
        created_by=None, **{**nothing, **said},
    )  # fmt: skip


def prices(rules: Sequence[Rule]) -> OrganizationPrices:
    """The prices of an organisation with these."""
    return OrganizationPrices(BOOK, rules=rules, aliases=())


OTHER_UNIT = prices([own_price(units={"parsecs": Decimal(1)})])
NO_DISCOUNT = prices([own_price(discount_percent=Decimal(0))])


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(MODELS), usages())
def test_a_price_for_something_else_changes_no_cost(named: tuple[str, str], usage: Usage) -> None:
    """Whatever the model: the catalogue's part of a sheet is the catalogue."""
    call: dict[str, Any] = {"provider": named[0], "model": named[1], "at": AT, "usage": usage}
    expected = BOOK.price(**call)
    for own in (OTHER_UNIT, NO_DISCOUNT):
        found = own.price(**call)
        assert (found.cost is None) == (expected.cost is None), (found, expected)
        if expected.cost is not None:
            assert (found.cost, found.source, found.price_id) == (
                expected.cost,
                "catalogue",
                expected.price_id,
            )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(MODELS), usages())
def test_the_catalogues_prices_as_own_ones_give_the_same_cost(
    named: tuple[str, str], usage: Usage
) -> None:
    """The figure is the same; only whose word it is differs."""
    call: dict[str, Any] = {"provider": named[0], "model": named[1], "at": AT, "usage": usage}
    expected = BOOK.price(**call)
    listed = BOOK.price_list(
        provider=named[0], model=named[1], service_tier=None, batch=usage.batch, inference_geo=None
    )
    if expected.cost is None or not isinstance(listed, PriceList):
        return
    tier, *others = quoted(listed, AT).tiers
    if others:
        return
    copied = {kind: tier[key] for kind, key in CATALOGUE_KEYS.items() if key in tier}
    found = prices([own_price(prices=copied)]).price(**call)
    assert found.cost == expected.cost


@settings(max_examples=EXAMPLES, deadline=None)
@given(rule_lists(), st.randoms(), usages(), st.sampled_from(["gpt-4o", "gpt-4o-mini", "claude-x"]))
def test_the_order_in_which_prices_were_set_does_not_matter(
    known: list[Rule], random: Any, usage: Usage, model: str
) -> None:
    """Which one holds follows from what they say."""
    call: dict[str, Any] = {"provider": "openai", "model": model, "at": AT, "usage": usage}
    shuffled = list(known)
    random.shuffle(shuffled)
    assert prices(known).price(**call) == prices(shuffled).price(**call)


@settings(max_examples=EXAMPLES, deadline=None)
@given(rule_lists(), usages(), st.sampled_from([("openai", "gpt-4o"), *MODELS]))
def test_the_lines_of_an_explanation_add_up_to_the_cost(
    known: list[Rule], usage: Usage, named: tuple[str, str]
) -> None:
    """To the last digit, own prices, discounts and the catalogue's mixed."""
    own = prices(known)
    priced = own.price(provider=named[0], model=named[1], at=AT, usage=usage)
    event = StoredEvent(
        event_id=uuid7(), at=AT, provider=named[0], model=named[1], usage=usage,
        cost=priced.cost, source=priced.source, price_id=priced.price_id,
    )  # fmt: skip
    found = explain(own, event)
    assert found.is_current
    if priced.cost is not None:
        assert sum((line.amount for line in found.lines), Decimal(0)) == priced.cost
        for line in found.lines:
            assert line.price is not None
            exact = line.quantity * line.price / line.per
            assert abs(Decimal(exact.numerator) / exact.denominator - line.amount) < Decimal(
                "2e-12"
            )


@settings(max_examples=EXAMPLES, deadline=None)
@given(rule_lists(), usages())
def test_no_own_price_makes_something_free_that_nobody_priced(
    known: list[Rule], usage: Usage
) -> None:
    """A model outside the catalogue: all that was used has an own price, or there is no cost."""
    priced = prices(known).price(provider="vllm", model="gpt-4o", at=AT, usage=usage)
    if priced.cost is None:
        return
    held = {
        name
        for rule in known
        if rule.target.provider is None
        for name in (*rule.prices, *rule.units, *rule.tools)
    }
    used = {name for name, quantity in {**usage.units, **usage.tool_calls}.items() if quantity}
    assert used <= held
    assert priced.source == "own"


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_mean_what_a_shell_means(pattern: str, text: str) -> None:
    """A star is any characters, none too."""
    import re

    literal = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(pattern, text) == (re.fullmatch(literal, text) is not None)


@pytest.mark.parametrize("stars", [16])
def test_no_pattern_takes_long(stars: int) -> None:
    """What would keep a backtracking search busy for years is over at once."""
    assert not matches("*".join(["a"] * stars) + "*b", "a" * 256)
