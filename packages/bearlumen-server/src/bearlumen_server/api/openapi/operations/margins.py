"""`/v1/revenue` and `/v1/margins`: what end users paid, against what they cost."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import wire
from bearlumen_server.api.margins import DEFAULT_SORT
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation
from bearlumen_server.reports.margins import SORTS

_ASKED: Final = p.RANGE + p.END_USER

MARGINS: Final = {
    ("POST", wire.REVENUE_EVENTS): Operation(
        summary="Store revenue, one or many", body="RevenueBody", answer="RevenueReport"
    ),
    ("GET", wire.REVENUE_EVENTS): Operation(
        summary="The revenue that was reported, latest first",
        parameters=_ASKED + p.PAGE,
        answer="RevenueEvents",
    ),
    ("GET", wire.MARGINS_BY_END_USER): Operation(
        summary="Revenue, cost and margin by end user",
        parameters=(*_ASKED, *p.PAGE, p.sort(SORTS, DEFAULT_SORT)),
        answer="EndUserMargins",
    ),
    ("GET", wire.MARGINS_SUMMARY): Operation(
        summary="Revenue, cost and margin", parameters=_ASKED, answer="MarginSummary"
    ),
    ("GET", wire.MARGINS_TREND): Operation(
        summary="Revenue, cost and margin over time",
        parameters=(*_ASKED, p.GRANULARITY),
        answer="MarginTrend",
    ),
}
