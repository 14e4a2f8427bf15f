"""What the API answers. Importing this package imports pydantic."""

from .costs import CostBreakdown, CostItem, DetailedCostItem, DetailedCosts, EndUserCosts
from .margins import EndUserMargin, EndUserMargins
from .ping import Ping
from .revenue import RevenueReport
from .usage import UsageEventRecord, UsageEvents, UsageSummary

__all__ = [
    "CostBreakdown",
    "CostItem",
    "DetailedCostItem",
    "DetailedCosts",
    "EndUserCosts",
    "EndUserMargin",
    "EndUserMargins",
    "Ping",
    "RevenueReport",
    "UsageEventRecord",
    "UsageEvents",
    "UsageSummary",
]
