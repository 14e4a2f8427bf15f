"""Answers as rows and data frames: every digit, every row, and the same columns when empty."""

import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
import polars as pl
import pytest

from bearlumen import MissingExtraError, models
from bearlumen.models import Answer, CostBreakdown, Page, UsageEvents, UsageSummary
from bearlumen.models._frames import columns
from bearlumen.models._rows import listed, rows_field

PRECISE = Decimal("0.123456789012")
EVENT: dict[str, Any] = {
    "eventId": "e", "timestamp": "2026-11-03T13:00:00.000001+01:00", "provider": "openai",
    "model": "m", "inputTokens": 2**40, "outputTokens": None, "cost": str(PRECISE),
    "units": {"characters": "1.5"},
}  # fmt: skip


class Point(Answer):
    """One bucket."""

    start: datetime
    total_cost: Decimal


class Line(Answer):
    """One value's buckets."""

    attribution_value: str | None
    total_cost: Decimal
    points: list[Point]


class Lines(Answer):
    """A series for each value."""

    granularity: str
    series: list[Line]


class Period(Answer):
    """A nested model."""

    start_date: date
    total_cost: Decimal | None


class Compared(Answer):
    """An answer without items."""

    total_cost: Decimal
    previous_period: Period | None
    is_final: bool | None = None


def events(*given: dict[str, Any]) -> UsageEvents:
    """A page of events."""
    paging = {"total": len(given), "limit": 100, "offset": 0, "hasMore": False}
    return UsageEvents.model_validate({"events": given, **paging})


LINES = Lines.model_validate(
    {
        "granularity": "day",
        "series": [
            {
                "attributionValue": value,
                "totalCost": "3",
                "points": [
                    {"start": f"2026-11-0{day}T00:00:00Z", "totalCost": str(day)} for day in (1, 2)
                ],
            }
            for value in ("a", None)
        ],
    }
)


def test_items_are_plain_rows() -> None:
    """A row an item; amounts stay decimals and what is nested stays nested."""
    (row,) = events(EVENT).to_dicts()
    assert row["cost"] == PRECISE
    assert row["units"] == {"characters": Decimal("1.5")}
    assert row["timestamp"] == datetime(2026, 11, 3, 12, 0, 0, 1, tzinfo=UTC)


def test_series_have_a_row_a_point() -> None:
    """The value is repeated; where both have a field, it is the point's."""
    rows = [(row["attribution_value"], row["total_cost"]) for row in LINES.to_dicts()]
    assert rows == [(value, Decimal(day)) for value in ("a", None) for day in (1, 2)]
    assert list(LINES.to_pandas().columns) == ["attribution_value", "total_cost", "start"]
    assert LINES.to_polars()["total_cost"].to_list() == [Decimal(day) for day in (1, 2, 1, 2)]


def test_answer_without_items_is_one_row() -> None:
    """Nested models are columns of their own, also where there is none."""
    period = {"startDate": "2026-10-01", "totalCost": "1"}
    for nested, cost in ((period, Decimal(1)), (None, None)):
        answer = Compared.model_validate({"totalCost": "2", "previousPeriod": nested})
        assert answer.to_dicts() == [answer.to_dict()]
        for frame in (answer.to_pandas(), answer.to_polars()):
            names = ["total_cost", "previous_period.start_date", "previous_period.total_cost"]
            assert list(frame.columns) == [*names, "is_final"]
            assert frame["previous_period.total_cost"].to_list() == [cost]


def test_pandas_keeps_every_digit() -> None:
    """Decimals, whole numbers and microseconds come through, and None is missing."""
    frame: Any = events(EVENT).to_pandas()
    assert frame["cost"].to_list() == [PRECISE]
    assert frame["input_tokens"].to_list() == [2**40]
    assert frame["output_tokens"].isna().all()
    assert frame["timestamp"][0] == pd.Timestamp("2026-11-03T12:00:00.000001Z")
    assert frame["units"].to_list() == [{"characters": Decimal("1.5")}]


def test_polars_keeps_every_digit() -> None:
    """The same, with mappings as JSON."""
    frame = events(EVENT).to_polars()
    assert frame["cost"].to_list() == [PRECISE]
    assert frame["input_tokens"].to_list() == [2**40]
    assert frame["output_tokens"].to_list() == [None]
    assert frame["timestamp"].to_list() == [datetime(2026, 11, 3, 12, 0, 0, 1, tzinfo=UTC)]
    assert json.loads(frame["units"][0]) == {"characters": "1.5"}


def test_amounts_are_floats_if_wanted() -> None:
    """For those who would rather compute fast."""
    page = events(EVENT, {**EVENT, "cost": None})
    pandas: Any
    pandas, polars = page.to_pandas(money="float"), page.to_polars(money="float")
    assert (pandas["cost"].dtype, polars["cost"].dtype) == ("float64", pl.Float64)
    assert pandas["cost"].sum() == polars["cost"].sum() == float(PRECISE)


def test_columns_are_the_same_without_rows() -> None:
    """An empty answer has the types of a full one, so that pages can be put together."""
    empty, full = events(), events(EVENT)
    typed: Any = empty.to_pandas()
    assert list(typed.dtypes) == list(full.to_pandas().dtypes)
    assert typed["timestamp"].dtype == "datetime64[us, UTC]"
    assert empty.to_polars().schema == full.to_polars().schema
    assert len(pd.concat([full.to_pandas(), full.to_pandas()])) == 2
    assert len(pl.concat([empty.to_polars(), full.to_polars()])) == 1


def test_finer_amounts_are_rounded_in_polars_alone() -> None:
    """An average may have more digits than a column of polars can hold."""
    third = Decimal(1) / 3
    answer = Compared(total_cost=third, previous_period=None)
    assert answer.to_pandas()["total_cost"].to_list() == [third]
    assert answer.to_polars()["total_cost"].to_list() == [Decimal("0.333333333333333333")]


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_missing_library_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is how to install what is missing."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf'pip install "bearlumen-core\[{name}\]"'):
        getattr(events(EVENT), f"to_{name}")()


ANSWERS = [
    model
    for model in vars(models).values()
    if isinstance(model, type) and issubclass(model, Answer) and model not in {Answer, Page}
]


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_every_answer_has_columns(model: type[Answer]) -> None:
    """No model of ours is one that a frame cannot be made of."""
    assert {CostBreakdown, UsageSummary} <= set(ANSWERS)
    assert columns(model)


def test_answer_with_several_lists_says_which_are_its_rows() -> None:
    """Otherwise its rows would be but one, with lists in it."""
    several = {
        model.__name__: rows_field(model)
        for model in ANSWERS
        if sum(listed(field.annotation) is not None for field in model.model_fields.values()) > 1
    }
    assert [name for name, field in several.items() if field is None] == []
