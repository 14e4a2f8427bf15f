"""Events as the ledger has them, to be priced again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bearlumen.pricing.cost import usage_of
from bearlumen_server.ledger.schema import UsageDetails
from bearlumen_server.reports.question import Question, ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from uuid import UUID

    from bearlumen.pricing import Usage
    from bearlumen_server.storage import Store

STATED: Final = ("explicit", "provider")
"""Whose cost somebody stated: no price ever changes it."""
NOT_STATED: Final = "(cost_source IS NULL OR cost_source NOT IN ('explicit', 'provider'))"

_TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_LABELS: Final = ("event_id", "ts", "provider", "model", "cost", "cost_source", "price_id")
# The rows of the page first, their columns after: JSON is then made of one page of rows only.
_PAGE: Final = """
    WITH page AS (
        SELECT {row} AS chosen FROM events WHERE {where} AND {more}
        ORDER BY ts, event_id LIMIT {limit})
    SELECT {columns} FROM events WHERE {row} IN (SELECT chosen FROM page)
    ORDER BY ts, event_id"""

_DETAILS = msgspec.json.Decoder(UsageDetails)
_UNITS = msgspec.json.Decoder(dict[str, int | float])
_NO_DETAILS: Final = UsageDetails()
_EMPTY: Final = "{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEvent:
    """One event, with what it was charged."""

    event_id: UUID
    at: datetime
    """Aware."""
    provider: str
    model: str
    cost: Decimal | None
    source: str | None
    price_id: str | None
    usage: Usage


def page_of_events(
    store: Store, question: Question, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[StoredEvent]:
    """Return the next events whose cost nobody stated, oldest first; equal times by their ids.

    Args:
        store: The ledger.
        question: Which events.
        after: Time, as the ledger has it, and id of the last event of the page before.
        limit: Of the page.
    """
    bind = store.dialect.bind
    more: dict[str, object] = {"limit": limit}
    condition = NOT_STATED
    if after is not None:
        ts, event_id = bind("after_ts"), bind("after_id")
        condition += f" AND ts >= {ts} AND (ts > {ts} OR event_id > {event_id})"
        more |= {"after_ts": after[0], "after_id": after[1]}
    return _read(store, question, condition, more)


def event_of(store: Store, question: Question, event_id: UUID) -> StoredEvent | None:
    """Return one event of an organisation, whoever stated its cost."""
    condition = f"event_id = {store.dialect.bind('wanted')}"
    found = _read(store, question, condition, {"wanted": event_id, "limit": 1})
    return found[0] if found else None


def events_of(store: Store, question: Question, ids: Sequence[str]) -> list[StoredEvent]:
    """Return some events that have no cost."""
    wanted = store.dialect.any_of.format(value="CAST(event_id AS VARCHAR)", name="wanted")
    more: dict[str, object] = {"wanted": list(ids), "limit": len(ids)}
    return _read(store, question, f"cost IS NULL AND {wanted}", more) if ids else []


def _read(
    store: Store, question: Question, condition: str, more: dict[str, object]
) -> list[StoredEvent]:
    dialect = store.dialect
    columns = (
        *_LABELS,
        *_TOKENS,
        *(dialect.json.format(column=name) for name in ("details", "units")),
    )
    words = {
        "row": dialect.row,
        "columns": ", ".join(columns),
        "limit": dialect.bind("limit"),
        "more": condition,
    }
    sql = _PAGE
    for name, word in words.items():
        sql = sql.replace(f"{{{name}}}", word)
    return [_event(row) for row in ask(store, sql, question, more)]


def _event(row: tuple[Any, ...]) -> StoredEvent:
    event_id, ts, provider, model, cost, source, price_id, *rest = row
    *tokens, details, units = rest
    kept = _NO_DETAILS if details == _EMPTY else _DETAILS.decode(details)
    counts: dict[str, int] = {
        name: count for name, count in zip(_TOKENS, tokens, strict=True) if count is not None
    }
    if kept is not _NO_DETAILS:
        for name in _COUNTS:
            counts[name] = getattr(kept, name)
    return StoredEvent(
        event_id=event_id,
        at=ts.replace(tzinfo=UTC),
        provider=provider,
        model=model,
        cost=cost,
        source=source,
        price_id=price_id,
        usage=usage_of(
            counts,
            units={} if units == _EMPTY else _UNITS.decode(units),
            tool_calls=kept.tool_calls,
            service_tier=kept.service_tier,
            batch=kept.batch,
            inference_geo=kept.inference_geo,
        ),
    )


_COUNTS: Final = tuple(
    name
    for name in UsageDetails.__struct_fields__
    if name.endswith("_tokens") and name not in _TOKENS
)
"""The token counts that are kept among the details."""
