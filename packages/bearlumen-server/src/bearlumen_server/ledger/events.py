"""The usage event as the server handles it: checked, in UTC, not yet written."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from .schema import UsageDetails


# A msgspec Struct, not a dataclass: these are made by the million, at a tenth of the cost. None can
# be part of a cycle, so the garbage collector need not look.
class UsageEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One billable call. None means that nobody sent it."""

    event_id: UUID
    at: datetime
    """When the call was made, aware."""
    provider: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    usage: UsageDetails
    units: dict[str, int | float]
    explicit_cost: Decimal | None
    """USD the sender knows already; wins over any price."""
    provider_cost: Decimal | None
    """USD the provider states itself; wins over the price book, and is kept where it loses."""
    parent_event_id: UUID | None
    """The event whose response reported this usage beside its main count."""
    end_user: str | None
    feature: str | None
    agent: str | None
    workflow: str | None
    session_id: str | None
    session_type: str | None
    latency_ms: float | None
    """How long the call took, in milliseconds."""
    units_json: str
    dims_json: str
    dim_keys: str | None
    """The keys of the custom dimensions as a sorted JSON array; None without any."""
    number_keys: str | None
    """The sorted keys of those that are numbers, as `json_lines`; None without any."""
    details_json: str
    """What `metadata.usage` holds beside the counts that have a column."""
    metric_keys: str | None
    """What is counted beside the token columns, as a sorted JSON array; None without any."""
    reported_json: str | None
    """Numbers of the provider's usage that the sender has no word for, by dotted path."""
    extra_json: str
    """What `metadata` holds beside all of the above."""


class PricedEvent(Struct, frozen=True, kw_only=True, gc=False):
    """A usage event with its owner and its cost, ready to be written."""

    org_id: str
    event: UsageEvent
    cost: Decimal | None
    """USD, at most 12 fractional digits; None when no price is known."""
    cost_source: str | None
    """`explicit`, `provider`, `own` or `catalogue`; None when no price is known."""
    price_id: str | None
