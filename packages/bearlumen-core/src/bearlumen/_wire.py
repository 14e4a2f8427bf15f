"""Every path, header and wire field name, so that a difference is a change of one line."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

BASE_URLS: Final = {
    "production": "https://api.bearlumen.com",
    "staging": "https://api.staging.bearlumen.com",
}

PING: Final = "/v1/ping"
USAGE_BATCH: Final = "/v1/usage/events/batch"
USAGE_EVENTS: Final = "/v1/usage/events"
USAGE_SUMMARY: Final = "/v1/usage/summary"
USAGE_AGGREGATION: Final = "/v1/usage/aggregation"
COSTS_TREND: Final = "/v1/costs/trend"
COSTS_SUMMARY: Final = "/v1/costs/summary"
COSTS_BY_MODEL: Final = "/v1/costs/by-model"
COSTS_BY_PROVIDER: Final = "/v1/costs/by-provider"
COSTS_BY_FEATURE: Final = "/v1/costs/by-feature"
COSTS_BY_AGENT: Final = "/v1/costs/by-agent"
COSTS_BY_WORKFLOW: Final = "/v1/costs/by-workflow"
COSTS_DETAILED_BY_MODEL: Final = "/v1/costs/detailed/by-model"
COSTS_DETAILED_BY_PROVIDER: Final = "/v1/costs/detailed/by-provider"
COSTS_DETAILED_BY_END_USER: Final = "/v1/costs/detailed/by-end-user"
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
REVENUE_EVENTS: Final = "/v1/revenue/events"

AUTHORIZATION: Final = "Authorization"
CORRELATION_ID: Final = "X-Correlation-Id"
RETRY_AFTER: Final = "Retry-After"

END_DATE: Final = "endDate"
LIMIT: Final = "limit"
OFFSET: Final = "offset"

DIMENSION_PREFIX: Final = "dimension."
"""A filter on a custom dimension is the query parameter `dimension.<key>`."""


def camel(name: str) -> str:
    """The wire's spelling of a snake_case name: `start_date` is `startDate`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
