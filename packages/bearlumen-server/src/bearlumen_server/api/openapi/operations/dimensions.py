"""`/v1/dimensions`: the custom dimensions, and what their values and numbers say."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import dimensions, wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

from ._question import question

_SERIES: Final = p.most("Series", dimensions.DEFAULT_SERIES, dimensions.MAX_SERIES)
_ONE: Final = wire.DIMENSION_DEFINITIONS + "/{key}"

DIMENSIONS: Final = {
    ("GET", wire.DIMENSION_DEFINITIONS): Operation(
        summary="The dimensions that are defined", answer="DimensionDefinitions", errors=(400,)
    ),
    ("POST", wire.DIMENSION_DEFINITIONS): Operation(
        summary="Define a dimension",
        body="NewDefinition",
        answer="DimensionDefinition",
        status=201,
        errors=(409,),
    ),
    ("PATCH", _ONE): Operation(
        summary="Change a definition", body="DefinitionChange", answer="DimensionDefinition"
    ),
    ("DELETE", _ONE): Operation(summary="Drop a definition", answer="DimensionDefinition"),
    ("GET", wire.DIMENSION_COST_BREAKDOWN): question(
        "Split cost by a custom dimension", "CostBreakdown", p.KEY
    ),
    ("GET", wire.DIMENSION_COST_TREND): question(
        "Cost over time, a series a value of a custom dimension; the rest is one series",
        "CostTimeSeries",
        *(p.KEY, p.GRANULARITY, _SERIES),
    ),
    ("GET", wire.DIMENSION_NUMERIC_SUMMARY): question(
        "What the numbers of a dimension amount to", "NumericSummary", p.KEY
    ),
    ("GET", wire.DIMENSION_NUMERIC_TREND): question(
        "The numbers of a dimension over time",
        "NumericTrend",
        *(p.KEY, p.AGGREGATION, p.GRANULARITY),
    ),
}
