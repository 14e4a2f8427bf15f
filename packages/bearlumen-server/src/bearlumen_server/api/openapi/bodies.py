"""The bodies of requests, as schemas of the structs that read them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from bearlumen_server.api.keys import NewKey
from bearlumen_server.keys import SCOPES
from bearlumen_server.ledger import limits, revenue, schema

AMOUNT: Final = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
Amount = (
    Annotated[str, Meta(pattern=AMOUNT, max_length=limits.MAX_DECIMAL_CHARACTERS)] | int | float
)


# A field read as it was written has no type to be shown; here it gets the one it stands for.
class Metadata(schema.Metadata, frozen=True, kw_only=True):
    """Everything of an event that is neither its model, its tokens, its time nor its end user."""

    cost: Amount | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    provider_cost: Amount | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class SdkEvent(schema.SdkEvent, frozen=True, kw_only=True):
    """An event as the SDKs send it."""

    metadata: Metadata | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class MetricMetadata(schema.MetricMetadata, frozen=True, kw_only=True):
    """The same, with what only this form has."""

    cost: Amount | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    provider_cost: Amount | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class MetricEvent(schema.MetricEvent, frozen=True, kw_only=True, rename="camel"):
    """An event in the form of the REST guide."""

    metadata: MetricMetadata | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class RevenueEvent(revenue.RevenueEvent, frozen=True, kw_only=True, rename="camel"):
    """What an end user paid: at `occurredAt`, or for the days of a period."""

    amount: Amount  # pyright: ignore[reportIncompatibleVariableOverride]
    """USD; negative for a credit."""


STRUCTS: Final[tuple[type[msgspec.Struct], ...]] = (SdkEvent, MetricEvent, RevenueEvent, NewKey)
"""Every struct that reads a body; add yours, and name it in `operations`."""


def body_schemas() -> dict[str, Any]:
    """Return the schema of every body, by name."""
    _, found = msgspec.json.schema_components(STRUCTS, ref_template="#/components/schemas/{name}")
    found["NewKey"]["properties"]["scopes"]["anyOf"][0]["items"] = {"enum": list(SCOPES)}
    either = [_reference("SdkEvent"), _reference("MetricEvent")]
    return {
        **found,
        "UsageEvent": {"anyOf": either},
        "UsageBatch": _batch({"anyOf": either}),
        "RevenueBody": {"anyOf": [_batch(_reference("RevenueEvent")), _reference("RevenueEvent")]},
    }


def _batch(item: dict[str, Any]) -> dict[str, Any]:
    events = {"type": "array", "items": item, "maxItems": limits.MAX_BATCH_EVENTS}
    return {"type": "object", "properties": {"events": events}, "required": ["events"]}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
