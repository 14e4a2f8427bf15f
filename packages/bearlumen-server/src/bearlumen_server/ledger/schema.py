"""The events as they are on the wire, for msgspec: shapes and bounds, no meaning.

Each shape exists twice. The strict one refuses keys it does not know, so that a batch which decodes
strictly needs no second look; the other one lets them pass, to be collected as `extra`.

What an event is made of is kept from the garbage collector (`gc=False`), since nothing of it can
hold a cycle: looking for some takes three times as long as decoding.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Raw, Struct, field

from . import limits

Label = Annotated[str, Meta(max_length=limits.MAX_LABEL_CHARACTERS)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.MAX_LABEL_CHARACTERS)]
Key = Annotated[str, Meta(min_length=1, max_length=limits.MAX_KEY_CHARACTERS)]
Count = Annotated[int, Meta(ge=0, le=limits.MAX_COUNT)]
WholeQuantity = Annotated[int, Meta(ge=0, le=int(limits.MAX_QUANTITY))]
BrokenQuantity = Annotated[float, Meta(ge=0, le=limits.MAX_QUANTITY)]
Quantity = WholeQuantity | BrokenQuantity
Dimension = Label | bool | int | float
Instant = Annotated[datetime, Meta(tz=True)]

SmallInteger = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""msgspec has no wider bounds; what is larger may still be stored, and needs the second look."""
StrictDimension = Label | bool | SmallInteger | float

Dimensions = Annotated[dict[Key, Dimension], Meta(max_length=limits.MAX_KEYS)]
StrictDimensions = Annotated[dict[Key, StrictDimension], Meta(max_length=limits.MAX_KEYS)]
Path = Annotated[str, Meta(min_length=1, max_length=limits.MAX_PATH_CHARACTERS)]
Reported = Annotated[dict[Path, int | float], Meta(max_length=limits.MAX_REPORTED_KEYS)]
StrictReported = Annotated[
    dict[Path, SmallInteger | float], Meta(max_length=limits.MAX_REPORTED_KEYS)
]
Units = Annotated[dict[Key, Quantity], Meta(max_length=limits.MAX_KEYS)]
ToolCalls = Annotated[dict[Key, Count], Meta(max_length=limits.MAX_KEYS)]

NOT_SENT = Raw()
"""The one text of every field that is kept as it was written and that nobody sent."""

MAPPINGS: dict[str, tuple[Any, int]] = {
    "metadata.dimensions": (Dimension, limits.MAX_KEYS),
    "metadata.reported": (int | float, limits.MAX_REPORTED_KEYS),
    "metadata.units": (Quantity, limits.MAX_KEYS),
    "metadata.usage.tool_calls": (Count, limits.MAX_KEYS),
}
"""What the values of each open mapping must be, and how many it may hold, by path."""


class UsageDetails(Struct, frozen=True, kw_only=True, gc=False):
    """`metadata.usage`: the parts of the token totals, and how the call was served."""

    cache_read_tokens: Count = 0
    cache_write_tokens: Count = 0
    """Everything written to cache; the two below are parts of it, by how long it is kept."""
    cache_write_5m_tokens: Count = 0
    cache_write_1h_tokens: Count = 0
    reasoning_tokens: Count = 0
    audio_input_tokens: Count = 0
    audio_output_tokens: Count = 0
    image_input_tokens: Count = 0
    image_output_tokens: Count = 0
    tool_use_prompt_tokens: Count = 0
    """Part of the input: what built-in tools put into the prompt (Gemini)."""
    tool_calls: ToolCalls = {}
    service_tier: Label | None = None
    inference_geo: Label | None = None
    """The place that the call was bound to, where that changes its price (Anthropic: `us`)."""
    batch: bool = False


class StrictUsageDetails(
    UsageDetails, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True
):
    """The same, with nothing else beside."""


class Sdk(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """`metadata.sdk`: what sent the event."""

    name: Label | None = None
    version: Label | None = None
    integration: Label | None = None


class Metadata(Struct, frozen=True, kw_only=True, gc=False):
    """`metadata` of the SDK's form."""

    provider: Label | None = None
    feature: Label | None = None
    agent: Label | None = None
    workflow: Label | None = None
    session_id: Label | None = None
    session_type: Label | None = None
    units: Units | None = None
    dimensions: Dimensions | None = None
    usage: UsageDetails | None = None
    # Kept as they were written: a decimal must not pass through a double.
    cost: Raw = NOT_SENT
    """USD the caller knows already."""
    provider_cost: Raw = NOT_SENT
    """USD as the provider itself states them in its response."""
    reported: Reported | None = None
    """Numbers in the provider's usage that the sender has no word for, by dotted path."""
    parent_event_id: UUID | None = None
    """The event that this one belongs to: a response may report usage beside its main count."""
    response_id: Label | None = None
    """The provider's id of the response."""
    latency_ms: Quantity | None = None
    """How long the call took, in milliseconds."""
    incomplete: bool = False
    """A stream that was not read to its end: the counts are what was known by then."""
    sdk: Sdk | None = None


class StrictMetadata(Metadata, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """The same, with nothing else beside."""

    dimensions: StrictDimensions | None = None
    reported: StrictReported | None = None
    usage: StrictUsageDetails | None = None


class SdkEvent(Struct, frozen=True, kw_only=True, gc=False):
    """An event as the SDKs send it."""

    sdk_event_id: UUID
    model: Name
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    event_invoked_at: Instant | None = None
    user_id: Label | None = None
    metadata: Metadata | None = None


class StrictSdkEvent(SdkEvent, frozen=True, kw_only=True, gc=False):
    """The same, with nothing unknown in its metadata."""

    metadata: StrictMetadata | None = None


class StrictBatch(Struct, frozen=True, kw_only=True):
    """The batch that needs no second look."""

    events: list[StrictSdkEvent]


class RawBatch(Struct, frozen=True, kw_only=True):
    """The batch whose events are looked at one by one."""

    events: list[Raw]


class MetricMetadata(Metadata, frozen=True, kw_only=True):
    """`metadata` of that form: the SDK's keys, and those only this form has."""

    model: Name | None = None
    input_tokens: Count | None = field(default=None, name="inputTokens")
    output_tokens: Count | None = field(default=None, name="outputTokens")


class MetricEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """An event in the form of the REST guide."""

    metric_name: Key
    quantity: Quantity
    idempotency_key: Name
    event_type: Label | None = None
    user_id: Label | None = None
    event_timestamp: Instant | None = None
    metadata: MetricMetadata | None = None
