"""What the API answers. Importing this package imports pydantic."""

from ._base import Answer
from ._page import Page
from .attribution import (
    Actor,
    Agents,
    CostSeries,
    CostTimeSeries,
    DimensionKey,
    DimensionKeys,
    DimensionValue,
    DimensionValues,
    Session,
    SessionComparison,
    SessionDetail,
    Sessions,
    SessionType,
    Workflows,
)
from .costs import (
    CostBreakdown,
    CostItem,
    CostPeriod,
    CostPoint,
    CostSummary,
    CostTrend,
    DetailedCostItem,
    DetailedCosts,
    EndUserCosts,
)
from .margins import EndUserMargin, EndUserMargins
from .ping import Ping
from .revenue import RevenueReport
from .usage import UsageAggregation, UsageEventRecord, UsageEvents, UsageMetric, UsageSummary

__all__ = [
    "Actor",
    "Agents",
    "Answer",
    "CostBreakdown",
    "CostItem",
    "CostPeriod",
    "CostPoint",
    "CostSeries",
    "CostSummary",
    "CostTimeSeries",
    "CostTrend",
    "DetailedCostItem",
    "DetailedCosts",
    "DimensionKey",
    "DimensionKeys",
    "DimensionValue",
    "DimensionValues",
    "EndUserCosts",
    "EndUserMargin",
    "EndUserMargins",
    "Page",
    "Ping",
    "RevenueReport",
    "Session",
    "SessionComparison",
    "SessionDetail",
    "SessionType",
    "Sessions",
    "UsageAggregation",
    "UsageEventRecord",
    "UsageEvents",
    "UsageMetric",
    "UsageSummary",
    "Workflows",
]
