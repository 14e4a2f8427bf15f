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
COSTS_BY_MODEL: Final = "/v1/costs/by-model"
COSTS_BY_PROVIDER: Final = "/v1/costs/by-provider"
COSTS_BY_FEATURE: Final = "/v1/costs/by-feature"
COSTS_BY_AGENT: Final = "/v1/costs/by-agent"
COSTS_BY_WORKFLOW: Final = "/v1/costs/by-workflow"
COSTS_DETAILED_BY_MODEL: Final = "/v1/costs/detailed/by-model"
COSTS_DETAILED_BY_PROVIDER: Final = "/v1/costs/detailed/by-provider"
COSTS_DETAILED_BY_END_USER: Final = "/v1/costs/detailed/by-end-user"
MARGINS_BY_END_USER: Final = "/v1/margins/by-end-user"
REVENUE_EVENTS: Final = "/v1/revenue/events"

AUTHORIZATION: Final = "Authorization"
CORRELATION_ID: Final = "X-Correlation-Id"
RETRY_AFTER: Final = "Retry-After"

DIMENSION_PREFIX: Final = "dimension."
"""A filter on a custom dimension is the query parameter `dimension.<key>`."""


def camel(name: str) -> str:
    """The wire's spelling of a snake_case name: `start_date` is `startDate`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
