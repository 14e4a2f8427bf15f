"""Events without a price, by model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .question import Question, ask

if TYPE_CHECKING:
    from datetime import datetime

    from bearlumen_server.storage import Store

_MISSING: Final = """
    SELECT provider, model, count(*) AS events, min(ts), max(ts), CAST(max(event_id) AS VARCHAR)
    FROM events WHERE {where} AND cost IS NULL
    GROUP BY provider, model ORDER BY events DESC, provider, model LIMIT {limit} OFFSET {offset}"""
_TOTALS: Final = """
    SELECT count(*), coalesce(sum(events), 0) FROM (
        SELECT count(*) AS events FROM events WHERE {where} AND cost IS NULL
        GROUP BY provider, model) AS groups"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpriced:
    """The events of one model that have no price."""

    provider: str
    model: str
    events: int
    first_seen: datetime
    last_seen: datetime
    example: str
    """The id of one of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnpricedPage:
    """One page of models, those with the most events first."""

    items: tuple[Unpriced, ...]
    total: int
    events: int
    """Over all pages."""


def unpriced_by_model(store: Store, question: Question, *, limit: int, offset: int) -> UnpricedPage:
    """Return the models of events without a price."""
    total, events = ask(store, _TOTALS, question)[0]
    bind = store.dialect.bind
    sql = _MISSING.replace("{limit}", bind("limit")).replace("{offset}", bind("offset"))
    rows = ask(store, sql, question, {"limit": limit, "offset": offset}) if total > offset else []
    return UnpricedPage(
        items=tuple(
            Unpriced(
                provider=row[0],
                model=row[1],
                events=row[2],
                first_seen=row[3],
                last_seen=row[4],
                example=row[5],
            )
            for row in rows
        ),
        total=total,
        events=int(events),
    )
