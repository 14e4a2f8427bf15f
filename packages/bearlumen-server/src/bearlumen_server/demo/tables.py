"""The demo's questions, printed as tables."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bearlumen_server.cli.table import NOTHING, UNKNOWN, table

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

    from bearlumen import BearLumen
    from bearlumen.models import CostBreakdown, CostItem


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The range that is asked about."""

    start_date: datetime
    end_date: datetime


def print_costs(bear: BearLumen, window: Window, console: Console) -> None:
    """Ask what was spent, by model, provider, feature and end user, and print the answers."""
    start, end = window.start_date, window.end_date
    costs = bear.costs
    for title, breakdown in (
        ("model", costs.by_model(start_date=start, end_date=end)),
        ("provider", costs.by_provider(start_date=start, end_date=end)),
        ("feature", costs.by_feature(start_date=start, end_date=end)),
    ):
        console.print(_breakdown(title, breakdown), "")
    console.print(_end_users(bear, window), "")
    summary = bear.usage.summary(start_date=start, end_date=end)
    console.print(
        f"{summary.total_events} events, {summary.total_input_tokens:,} tokens in (of which "
        f"{summary.total_cache_read_tokens:,} from cache), {summary.total_output_tokens:,} out "
        f"(of which {summary.total_reasoning_tokens:,} reasoning)\n"
        f"total cost ${summary.total_cost:,f} to the last digit; "
        f"{summary.unpriced_events} unpriced events, whose cost is unknown"
    )


def _breakdown(title: str, breakdown: CostBreakdown) -> Table:
    rows = [
        (
            item.attribution_value or NOTHING,
            _cost(item),
            _percent(item.percent_of_total),
            str(item.event_count),
            str(item.unpriced_events),
        )
        for item in breakdown.items
    ]
    events = sum(item.event_count for item in breakdown.items)
    total = ("total", _usd(breakdown.total_cost), "", str(events), str(breakdown.unpriced_events))
    heads = (title, "cost", "share", "events", "unpriced")
    return table(heads, rows, total=total, figures=range(1, 5))


def _end_users(bear: BearLumen, window: Window) -> Table:
    start, end = window.start_date, window.end_date
    costs = bear.costs.detailed_by_end_user(start_date=start, end_date=end)
    margins = bear.margins.by_end_user(start_date=start, end_date=end)
    margin_of = {margin.end_user_id: margin for margin in margins.end_users}
    rows: list[tuple[str, ...]] = []
    for item in costs.items:
        margin = margin_of.get(item.attribution_value)
        rows.append(
            (
                item.attribution_value or NOTHING,
                _cost(item),
                str(item.unpriced_events),
                f"{item.input_tokens:,}",
                f"{item.output_tokens:,}",
                _usd(margin.revenue) if margin else NOTHING,
                _percent(margin.margin_percent) if margin else NOTHING,
                (margin.health or NOTHING).replace("_", " ") if margin else NOTHING,
            )
        )
    total = (
        "total",
        _usd(costs.total_cost),
        str(costs.unpriced_events),
        f"{sum(item.input_tokens for item in costs.items):,}",
        f"{sum(item.output_tokens for item in costs.items):,}",
        _usd(sum((margin.revenue for margin in margins.end_users), Decimal(0))),
        "",
        "",
    )
    heads = ("end user", "cost", "unpriced", "tokens in", "tokens out", "revenue", "margin", "")
    return table(heads, rows, total=total, figures=range(1, 7))


def _usd(amount: Decimal) -> str:
    return f"${amount:,.6f}"


def _cost(item: CostItem) -> str:
    unknown = item.event_count == item.unpriced_events
    return UNKNOWN if unknown else _usd(item.total_cost)


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f} %"
