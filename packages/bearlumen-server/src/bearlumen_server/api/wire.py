"""Every path, header and parameter name of the HTTP contract."""

from __future__ import annotations

from typing import Final

PING: Final = "/v1/ping"
KEYS: Final = "/v1/keys"
USAGE_EVENTS: Final = "/v1/usage/events"
USAGE_BATCH: Final = "/v1/usage/events/batch"
USAGE_BATCH_UNVERSIONED: Final = "/usage/events/batch"
"""Where the published Node SDK 0.2.0 posts to."""
USAGE_SUMMARY: Final = "/v1/usage/summary"
COSTS: Final = "/v1/costs"
COSTS_DETAILED: Final = "/v1/costs/detailed"
REVENUE_EVENTS: Final = "/v1/revenue/events"
MARGINS_BY_END_USER: Final = "/v1/margins/by-end-user"

CORRELATION_ID: Final = "X-Correlation-Id"
RETRY_AFTER: Final = "Retry-After"

START_DATE: Final = "startDate"
END_DATE: Final = "endDate"
TIMEZONE: Final = "timezone"
LIMIT: Final = "limit"
OFFSET: Final = "offset"
SORT: Final = "sort"
DIMENSION_PREFIX: Final = "dimension."

FILTERS: Final = {
    "model": "model",
    "provider": "provider",
    "feature": "feature",
    "agent": "agent",
    "workflow": "workflow",
    "sessionId": "session_id",
    "externalId": "end_user",
}
"""Parameter to column."""

BREAKDOWNS: Final = {
    "by-model": "model",
    "by-provider": "provider",
    "by-feature": "feature",
    "by-agent": "agent",
    "by-workflow": "workflow",
}
"""Path below `COSTS` to column."""

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000


def camel(name: str) -> str:
    """Return a column's name as it is on the wire."""
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
