"""What the API answers. Importing this package imports pydantic."""

from ._base import Answer
from ._page import Page
from .costs import CostBreakdown, CostItem, DetailedCostItem, DetailedCosts, EndUserCosts
from .margins import EndUserMargin, EndUserMargins
from .ping import Ping
from .revenue import RevenueReport
from .usage import UsageEventRecord, UsageEvents, UsageSummary

__all__ = [
    "Answer",
    "CostBreakdown",
    "CostItem",
    "DetailedCostItem",
    "DetailedCosts",
    "EndUserCosts",
    "EndUserMargin",
    "EndUserMargins",
    "Page",
    "Ping",
    "RevenueReport",
    "UsageEventRecord",
    "UsageEvents",
    "UsageSummary",
]
