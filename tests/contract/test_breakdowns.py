"""The day's costs by what else they can be split by, sync and async alike."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Ask

NOVEMBER: dict[str, Any] = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
AUGUST = datetime(2026, 8, 1, 12, tzinfo=UTC)
PARTS = {"gpt": Decimal("0.0065"), "voice": Decimal("0.000000000123")}


@pytest.mark.covers("costs.by_agent", "costs.by_workflow")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("by_agent", {None: (Decimal("0.003500000123"), 3), "writer": (Decimal("0.0030"), 1)}),
        ("by_workflow", {None: (Decimal("0.006500000123"), 4)}),
    ],
)
def test_events_without_the_label_are_a_group(
    ask: Ask, question: str, expected: dict[str | None, tuple[Decimal, int]]
) -> None:
    """One of the four calls was an agent's, and none was part of a workflow."""
    answer = ask(lambda bear: getattr(bear.costs, question)(**NOVEMBER))
    items = {item.attribution_value: (item.total_cost, item.event_count) for item in answer.items}
    assert items == expected


@pytest.mark.covers("costs.detailed_by_model", "costs.detailed_by_provider")
@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("detailed_by_model", ["gpt-4o-2024-08-06", "voice-1"]),
        ("detailed_by_provider", ["openai", "elevenlabs"]),
    ],
)
def test_tokens_stand_beside_the_cost(ask: Ask, question: str, names: list[str]) -> None:
    """Two calls of 1000 tokens in and 100 out, 400 of them cached; speech has none."""
    answer = ask(lambda bear: getattr(bear.costs, question)(**NOVEMBER))
    assert [
        (item.attribution_value, item.total_cost, item.input_tokens, item.output_tokens)
        for item in answer.items
    ] == [(names[0], PARTS["gpt"], 2000, 200), (names[1], PARTS["voice"], 0, 0)]
    assert [item.cache_read_tokens for item in answer.items] == [400, 0]


def test_tracked_call_is_in_the_ledger(ask: Ask) -> None:
    """Either client records, and what it recorded is there when it says so."""
    august: dict[str, Any] = {"start_date": "2026-08-01", "end_date": "2026-08-01"}
    before = ask(lambda bear: bear.usage.summary(**august)).total_events

    def question(bear: Any) -> Any:
        bear.track(None, model="m", provider="p", cost="0.5", timestamp=AUGUST)
        return bear.flush()

    assert ask(question)
    after = ask(lambda bear: bear.usage.summary(**august))
    assert after.total_events == before + 1
    assert after.total_cost == Decimal("0.5") * after.total_events


def test_reported_many_are_each_taken_or_refused(ask: Ask) -> None:
    """One that is wrong is rejected alone."""
    good, bad = (
        {"revenue_id": f"many-{amount}", "external_id": "globex", "amount": amount}
        for amount in (Decimal("1.5"), Decimal(2))
    )
    answer = ask(
        lambda bear: bear.revenue.report_many(
            [{**good, "occurred_at": AUGUST}, {**bad, "occurred_at": AUGUST, "currency": "EUR"}]
        )
    )
    assert answer.accepted + answer.duplicates == 1
    assert [one["index"] for one in answer.rejected] == [1]
