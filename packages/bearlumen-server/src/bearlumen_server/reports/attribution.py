"""Which dimensions, agents and workflows there are, and what they cost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .costs import MAX_ITEMS, SPENT, TooManyItemsError
from .grouping import by_label
from .question import Question, ask, filled
from .trend import Spent

if TYPE_CHECKING:
    from datetime import datetime

    from bearlumen_server.storage import Store

# `dim_keys` has few different values, and each of them is all the keys of an event.
_KEYS: Final = f"""
    SELECT dim_keys, {SPENT} FROM events WHERE {{where}} AND dim_keys IS NOT NULL
    GROUP BY dim_keys"""  # noqa: S608
_ACTORS: Final = f"""
    SELECT {{label}}, {SPENT}, count(DISTINCT session_id), min(ts), max(ts)
    FROM events WHERE {{where}} AND {{label}} IS NOT NULL
    GROUP BY {{label}} ORDER BY total DESC, {{label}} ASC LIMIT {{limit}}"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class DimensionKey:
    """A custom dimension in use. Events have several, so keys add up to more than the whole."""

    key: str
    spent: Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """An agent or a workflow in use."""

    name: str
    spent: Spent
    sessions: int
    first_seen: datetime
    """Of its events in the range, in UTC as the ledger has it."""
    last_seen: datetime


def dimension_keys(store: Store, question: Question) -> tuple[DimensionKey, ...]:
    """Return the dimensions that events have, those of most events first."""
    found: dict[str, Spent] = {}
    nothing = Spent(total_cost=Decimal(0), events=0, unpriced_events=0)
    for keys, total, events, unpriced in ask(store, _KEYS, question):
        for key in json.loads(keys):
            so_far = found.get(key, nothing)
            found[key] = Spent(
                total_cost=so_far.total_cost + total,
                events=so_far.events + events,
                unpriced_events=so_far.unpriced_events + unpriced,
            )
    ordered = sorted(found.items(), key=lambda item: (-item[1].events, item[0]))
    return tuple(DimensionKey(key=key, spent=spent) for key, spent in ordered)


def actors(store: Store, question: Question, label: str) -> tuple[Actor, ...]:
    """Return the agents or the workflows that events name, costliest first.

    Raises:
        TooManyItemsError: There are more than `MAX_ITEMS`.
    """
    words = {"label": by_label(label).expression, "limit": store.dialect.bind("most")}
    rows = ask(store, filled(_ACTORS, words), question, {"most": MAX_ITEMS + 1})
    if len(rows) > MAX_ITEMS:
        raise TooManyItemsError(f"more than {MAX_ITEMS} different values")
    return tuple(
        Actor(
            name=row[0],
            spent=Spent(total_cost=row[1], events=row[2], unpriced_events=row[3]),
            sessions=row[4],
            first_seen=row[5],
            last_seen=row[6],
        )
        for row in rows
    )
