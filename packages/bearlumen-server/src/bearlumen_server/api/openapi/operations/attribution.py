"""`/v1/attribution`: cost by dimension, agent, workflow and session."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import attribution, sessions, wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation
from bearlumen_server.reports.sessions import SORTS

from ._question import question

_SERIES: Final = p.most("Series", attribution.DEFAULT_SERIES, attribution.MAX_SERIES)

ATTRIBUTION: Final = {
    ("GET", wire.ATTRIBUTION_BY_DIMENSION): question(
        "Split cost by a dimension", "CostBreakdown", p.DIMENSION
    ),
    ("GET", wire.ATTRIBUTION_DIMENSION_KEYS): question(
        "The keys of custom dimensions", "DimensionKeys"
    ),
    ("GET", wire.ATTRIBUTION_DIMENSION_VALUES): question(
        "The values of a dimension, costliest first", "DimensionValues", p.DIMENSION, *p.PAGE
    ),
    ("GET", wire.ATTRIBUTION_TIME_SERIES): question(
        "Cost over time, a series a value; the rest is one series",
        "CostTimeSeries",
        *(p.DIMENSION, p.GRANULARITY, _SERIES),
    ),
    ("GET", wire.ATTRIBUTION_AGENTS): question("The agents", "Agents"),
    ("GET", wire.ATTRIBUTION_WORKFLOWS): question("The workflows", "Workflows"),
    ("GET", wire.ATTRIBUTION_SESSIONS): question(
        "The sessions", "Sessions", *p.PAGE, p.sort(SORTS, sessions.DEFAULT_SORT)
    ),
    ("GET", wire.ATTRIBUTION_SESSION_COMPARISON): question(
        "What a session costs, by its type", "SessionComparison"
    ),
    ("GET", wire.ATTRIBUTION_SESSIONS + "/{session_id}"): Operation(
        summary="One session and its events", answer="SessionDetail", errors=(400,)
    ),
}
