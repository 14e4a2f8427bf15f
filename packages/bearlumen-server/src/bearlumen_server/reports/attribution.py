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
# Sessions of each are counted by one bit an actor in a number of each session: to group by pairs of
# an actor and a session, which are most of the work, takes twice as long. 64 actors make a word.
_ACTORS: Final = f"""
    WITH actors AS MATERIALIZED (
        SELECT *, (place - 1) // 64 AS word, {{bit}} AS bit
        FROM (SELECT *, row_number() OVER (ORDER BY total DESC, name ASC) AS place
              FROM (SELECT {{label}} AS name, {SPENT}, min(ts) AS first_seen, max(ts) AS last_seen
                    FROM events WHERE {{where}} AND {{label}} IS NOT NULL GROUP BY name) AS named
             ) AS placed
        WHERE place <= {{limit}}),
    met AS (
        SELECT session_id, word, {{bits}} AS bits FROM events JOIN actors ON {{label}} = name
        WHERE {{where}} AND session_id IS NOT NULL GROUP BY session_id, word),
    alike AS (SELECT word, bits, count(*) AS sessions FROM met GROUP BY word, bits)
    SELECT name, total, events, unpriced, CAST(coalesce(sum(sessions), 0) AS BIGINT), first_seen,
           last_seen
    FROM actors LEFT JOIN alike ON alike.word = actors.word AND {{has_bit}}
    GROUP BY name, total, events, unpriced, first_seen, last_seen
    ORDER BY total DESC, name ASC"""  # noqa: S608


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
    dialect = store.dialect
    words = {
        "label": by_label(label).expression,
        "limit": dialect.bind("most"),
        "bit": dialect.bit.format(number="(place - 1) % 64"),
        "bits": dialect.any_bits.format(value="bit"),
        "has_bit": dialect.has_bit.format(bits="bits", bit="bit"),
    }
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
