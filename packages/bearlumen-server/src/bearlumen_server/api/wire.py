"""Every path, header and parameter name of the HTTP contract."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

PING: Final = "/v1/ping"
KEYS: Final = "/v1/keys"
USAGE_EVENTS: Final = "/v1/usage/events"
USAGE_BATCH: Final = "/v1/usage/events/batch"
USAGE_BATCH_UNVERSIONED: Final = "/usage/events/batch"
"""Where the published Node SDK 0.2.0 posts to."""
USAGE_SUMMARY: Final = "/v1/usage/summary"
USAGE_AGGREGATION: Final = "/v1/usage/aggregation"
COSTS: Final = "/v1/costs"
COSTS_TREND: Final = "/v1/costs/trend"
COSTS_SUMMARY: Final = "/v1/costs/summary"
COSTS_DETAILED: Final = "/v1/costs/detailed"
REVENUE_EVENTS: Final = "/v1/revenue/events"
MARGINS_BY_END_USER: Final = "/v1/margins/by-end-user"
MARGINS_SUMMARY: Final = "/v1/margins/summary"
MARGINS_TREND: Final = "/v1/margins/trend"
ATTRIBUTION_BY_DIMENSION: Final = "/v1/attribution/by-dimension"
ATTRIBUTION_DIMENSION_KEYS: Final = "/v1/attribution/dimensions/keys"
ATTRIBUTION_DIMENSION_VALUES: Final = "/v1/attribution/dimensions/values"
ATTRIBUTION_TIME_SERIES: Final = "/v1/attribution/time-series"
ATTRIBUTION_AGENTS: Final = "/v1/attribution/agents"
ATTRIBUTION_WORKFLOWS: Final = "/v1/attribution/workflows"
ATTRIBUTION_SESSIONS: Final = "/v1/attribution/sessions"
ATTRIBUTION_SESSION_COMPARISON: Final = "/v1/attribution/sessions/comparison"
DIMENSION_DEFINITIONS: Final = "/v1/dimensions/definitions"
DIMENSION_COST_BREAKDOWN: Final = "/v1/dimensions/cost-breakdown"
DIMENSION_COST_TREND: Final = "/v1/dimensions/cost-trend"
DIMENSION_NUMERIC_SUMMARY: Final = "/v1/dimensions/numeric-summary"
DIMENSION_NUMERIC_TREND: Final = "/v1/dimensions/numeric-trend"
INSIGHTS_SUMMARY: Final = "/v1/insights/summary"
END_USERS: Final = "/v1/end-users"
PRICES: Final = "/v1/prices"
PRICE_ALIASES: Final = "/v1/prices/aliases"
PRICE_CATALOGUE: Final = "/v1/prices/catalogue"
PRICES_MISSING: Final = "/v1/prices/missing"
PRICES_EXPLAIN: Final = "/v1/prices/explain"
PRICES_RECOST: Final = "/v1/prices/recost"
RECOSTS: Final = "/v1/prices/recosts"
EXPORT: Final = "/v1/export"
IMPORT: Final = "/v1/import"
HEALTH: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
OPENAPI: Final = "/openapi.json"

CORRELATION_ID: Final = "X-Correlation-Id"
RETRY_AFTER: Final = "Retry-After"

START_DATE: Final = "startDate"
END_DATE: Final = "endDate"
TIMEZONE: Final = "timezone"
GRANULARITY: Final = "granularity"
DIMENSION: Final = "dimension"
KEY: Final = "key"
AGGREGATION: Final = "aggregation"
LIMIT: Final = "limit"
OFFSET: Final = "offset"
SORT: Final = "sort"
STATUS: Final = "status"
SEARCH: Final = "search"
START: Final = "start"
END: Final = "end"
INCLUDE: Final = "include"
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


def segment(text: str) -> str:
    """Return any text as one segment of a path; plain dots would be a step up."""
    return quote(text, safe="").replace(".", "%2E")
