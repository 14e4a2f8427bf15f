"""The bodies of requests, as schemas of the structs that read them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from bearlumen_server.api import dimensions, end_users
from bearlumen_server.api.keys import NewKey
from bearlumen_server.keys import SCOPES
from bearlumen_server.ledger import limits, revenue, schema
from bearlumen_server.ledger.schema import Key  # noqa: TC001  # msgspec reads it
from bearlumen_server.pricebook import reading
from bearlumen_server.pricebook.kinds import CATALOGUE_KEYS

AMOUNT: Final = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
PRICE: Final = r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$"
Amount = (
    Annotated[str, Meta(pattern=AMOUNT, max_length=limits.MAX_DECIMAL_CHARACTERS)] | int | float
)

Price = Annotated[str, Meta(pattern=PRICE, max_length=limits.MAX_DECIMAL_CHARACTERS)] | float


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


class SentRevenue(revenue.RevenueEvent, frozen=True, kw_only=True, rename="camel"):
    """What an end user paid: at `occurredAt`, or for the days of a period."""

    amount: Amount  # pyright: ignore[reportIncompatibleVariableOverride]
    """USD; negative for a credit."""


class EndUserForm(end_users.EndUserForm, frozen=True, kw_only=True, rename="camel"):
    """What is to be known of an end user. Left out stays as it is; null and '' clear it."""

    metadata: dict[str, Any] | UnsetType | None = UNSET  # pyright: ignore[reportIncompatibleVariableOverride]


class DefinitionChange(dimensions.Change, frozen=True, kw_only=True):
    """What is to be changed of a definition. Left out stays as it is; null and '' clear it."""


class SentPrice(reading.SentPrice, frozen=True, kw_only=True, rename="camel"):
    """An own price: USD for a million tokens of a kind, for a unit, for the call of a tool."""

    prices: dict[Key, Price] = field(default_factory=dict)  # pyright: ignore[reportIncompatibleVariableOverride]
    units: dict[Key, Price] = field(default_factory=dict)  # pyright: ignore[reportIncompatibleVariableOverride]
    tools: dict[Key, Price] = field(default_factory=dict)  # pyright: ignore[reportIncompatibleVariableOverride]
    discount_percent: Price | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class RecostBody(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """Which events to price anew: the range and the filters of a question."""

    start_date: str
    end_date: str
    timezone: str | None = None
    filters: dict[str, str | list[str]] | None = None
    """Each by the name of its parameter, `dimension.<key>` too."""
    dry_run: bool = True
    """Whether only to say what would change."""


STRUCTS: Final[tuple[type[msgspec.Struct], ...]] = (
    SdkEvent,
    MetricEvent,
    SentRevenue,
    NewKey,
    EndUserForm,
    dimensions.NewDefinition,
    DefinitionChange,
    SentPrice,
    reading.SentAlias,
    RecostBody,
)
"""Every struct that reads a body; add yours, and name it in `operations`."""


def body_schemas() -> dict[str, Any]:
    """Return the schema of every body, by name."""
    _, found = msgspec.json.schema_components(STRUCTS, ref_template="#/components/schemas/{name}")
    found["NewKey"]["properties"]["scopes"]["anyOf"][0]["items"] = {"enum": list(SCOPES)}
    found["SentPrice"]["properties"]["prices"]["propertyNames"] = {"enum": list(CATALOGUE_KEYS)}
    either = [_reference("SdkEvent"), _reference("MetricEvent")]
    return {
        **found,
        "UsageEvent": {"anyOf": either},
        "UsageBatch": _batch({"anyOf": either}),
        "RevenueBody": {"anyOf": [_batch(_reference("SentRevenue")), _reference("SentRevenue")]},
        "PricesBody": _one_or_many("prices", "SentPrice"),
        "AliasesBody": _one_or_many("aliases", "SentAlias"),
    }


def _batch(item: dict[str, Any]) -> dict[str, Any]:
    events = {"type": "array", "items": item, "maxItems": limits.MAX_BATCH_EVENTS}
    return {"type": "object", "properties": {"events": events}, "required": ["events"]}


def _one_or_many(name: str, item: str) -> dict[str, Any]:
    items = {"type": "array", "items": _reference(item), "maxItems": reading.MAX_AT_ONCE}
    many = {
        "type": "object",
        "properties": {name: items, "dryRun": {"type": "boolean", "default": False}},
        "required": [name],
        "additionalProperties": False,
    }
    return {"anyOf": [many, _reference(item)]}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
