"""`/v1/costs` and `/v1/insights`: what was spent, and what of it stands out."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import insights, wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

from ._question import question

_INSIGHTS: Final = p.most("Items of each list", insights.DEFAULT_LIMIT, insights.MAX_LIMIT)

COSTS: Final = {
    **{
        ("GET", f"{wire.COSTS}/{path}"): question(
            f"Split cost by {path.removeprefix('by-')}", "CostBreakdown"
        )
        for path in wire.BREAKDOWNS
    },
    **{
        ("GET", f"{wire.COSTS_DETAILED}/by-{what}"): question(
            f"Split cost and tokens by {what}", "DetailedCosts"
        )
        for what in ("model", "provider")
    },
    ("GET", f"{wire.COSTS_DETAILED}/by-end-user"): question(
        "Split cost and tokens by end user", "EndUserCosts", *p.PAGE
    ),
    ("GET", wire.COSTS_TREND): question("Cost over time", "CostTrend", p.GRANULARITY),
    ("GET", wire.COSTS_SUMMARY): question(
        "Cost, beside that of the period before; the last 30 days without a range",
        "CostSummary",
        ranged=False,
    ),
    ("GET", wire.INSIGHTS_SUMMARY): Operation(
        summary="What stands out",
        parameters=(
            p.called(p.START, wire.START),
            p.called(p.END, wire.END),
            p.TIMEZONE,
            *p.FILTERS,
            p.INCLUDE,
            _INSIGHTS,
        ),
        dimensions=True,
        answer="InsightSummary",
    ),
}
