"""What the cost of a period was, against the one before it, by everything at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from .costs import percent_of
from .question import Question, ask, filled, previous, utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from bearlumen_server.storage import Store

MOVING: Final = ("feature", "model", "end_user", "agent")
"""The labels whose values are compared, as columns of `events`."""
LARGEST: Final = 20
"""Values of each label that are returned for their size, however little they moved."""

# A scan for each label and period, which skips whatever lies outside: grouping sets, or telling the
# periods apart row by row, take longer with one.
_PERIOD: Final = """
    SELECT {label} AS value, sum(cost) AS total, count(*) AS events, count(cost) AS priced,
           {now} AS now
    FROM events WHERE {where} AND {half} GROUP BY value"""
_PERIODS: Final = (
    f"({filled(_PERIOD, {'now': 'true', 'half': 'ts >= {middle}'})} UNION ALL"
    f" {filled(_PERIOD, {'now': 'false', 'half': 'ts < {middle}'})}) AS periods"
)
_SUMS: Final = """
    coalesce(sum(CASE WHEN now THEN total END), 0) AS now,
    coalesce(sum(CASE WHEN NOT now THEN total END), 0) AS before,
    CAST(coalesce(sum(CASE WHEN now THEN events END), 0) AS BIGINT) AS events,
    CAST(coalesce(sum(events - priced), 0) AS BIGINT) AS unpriced"""
_WHOLE: Final = f"SELECT NULL AS label, NULL AS value, {_SUMS} FROM {_PERIODS}"  # noqa: S608


def _by(label: str) -> str:
    sql = f"SELECT '{label}' AS label, value, {_SUMS} FROM {_PERIODS} GROUP BY value"  # noqa: S608
    return filled(sql, {"label": label})


_LABELS: Final = f"""
    WITH ranked AS (
        SELECT *, row_number() OVER (
                      PARTITION BY label ORDER BY abs(now - before) DESC, now DESC, value) AS moved,
               row_number() OVER (PARTITION BY label ORDER BY now DESC, value) AS size
        FROM ({" UNION ALL ".join(_by(one) for one in MOVING if one != "end_user")}) AS cells)
    SELECT label, value, now, before, events, unpriced, NULL FROM ranked
    WHERE moved <= {{limit}} OR size <= {LARGEST} OR value IS NULL
    UNION ALL SELECT *, NULL FROM ({filled(_WHOLE, {"label": "NULL"})}) AS whole"""  # noqa: S608
# There are many end users: choosing some by sorting takes less than giving each its places.
_END_USERS: Final = f"""
    WITH spent AS MATERIALIZED ({_by("end_user")}),
    earned AS ({{earned}}),
    margins AS (
        SELECT spent.*, revenue, coalesce(revenue, 0) - now AS margin
        FROM spent LEFT JOIN earned ON earned.end_user = spent.value),
    chosen AS (
        (SELECT * FROM margins ORDER BY abs(now - before) DESC, now DESC, value LIMIT {{limit}})
        UNION (SELECT * FROM margins ORDER BY now DESC, value LIMIT {LARGEST})
        UNION (SELECT * FROM margins WHERE value IS NOT NULL ORDER BY margin, value LIMIT {{limit}})
        UNION (SELECT * FROM margins WHERE value IS NULL))
    SELECT label, value, now, before, events, unpriced, revenue,
           (SELECT count(*) FROM spent WHERE events > 0 AND value IS NOT NULL)
    FROM chosen"""  # noqa: S608
_EARNED: Final = """
    SELECT end_user, sum(amount) AS revenue FROM revenue_entries
    WHERE {where} AND ts >= {middle} GROUP BY end_user"""
_NOBODY: Final = """
    SELECT CAST(NULL AS VARCHAR) AS end_user, CAST(NULL AS DECIMAL(38, 12)) AS revenue
    WHERE 1 = 0"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """The cost of one value in both periods, in USD."""

    label: str | None
    """One of `MOVING`; None for everything together."""
    value: str | None
    """None gathers the events that have none."""
    now: Decimal
    before: Decimal
    events: int
    """Of the period, not of the one before."""
    unpriced_events: int
    """Of both periods: the costs are at least what is stated."""
    revenue: Decimal | None = None
    """What an end user paid in the period, in USD; None where nothing was, or nobody asked."""

    @property
    def change(self) -> Decimal:
        """What is spent more than before."""
        return self.now - self.before

    @property
    def change_percent(self) -> Decimal | None:
        """The change as a percentage of the cost before; None where there was none."""
        return percent_of(self.change, self.before) if self.before else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """Everything together, and the values that moved most or are largest, in no order.

    Of the end users, also those who paid least beside what they cost.
    """

    whole: Moved
    parts: tuple[Moved, ...]
    end_users: int
    """How many had an event in the period."""

    def movers(self, limit: int) -> list[Moved]:
        """Return the values that changed most, in dollars, most first.

        A label that no event has is left out: its only value would be everything once more.
        """
        in_use = {part.label for part in self.parts if part.value is not None}
        moved = (part for part in self.parts if part.change and part.label in in_use)
        return sorted(moved, key=_by_change)[:limit]

    def largest(self, label: str) -> list[str]:
        """Return the values of a label that most is spent on."""
        named = [part for part in self.parts if part.label == label and part.value is not None]
        named.sort(key=lambda part: (-part.now, part.value))
        return [part.value for part in named[:LARGEST] if part.value is not None]


def movement(store: Store, question: Question, *, limit: int, revenue: bool) -> Movement:
    """Compare the question's period to the one before it, which is as long.

    Args:
        store: The ledger.
        question: Which events; about no label but the end user, where revenue is wanted.
        limit: How many values of each label are wanted for having changed.
        revenue: Whether to say what end users paid.
    """
    bind = store.dialect.bind
    words = {
        "earned": _EARNED if revenue else _NOBODY,
        "middle": bind("middle"),
        "limit": bind("limit"),
    }
    both = replace(question, start=previous(question).start)
    more = {"middle": utc(question.start), "limit": limit}
    whole, *labels = sorted(ask(store, filled(_LABELS, words), both, more), key=_labelled)
    end_users = ask(store, filled(_END_USERS, words), both, more)
    return Movement(
        whole=_moved(whole),
        parts=tuple(_moved(row) for row in (*labels, *end_users)),
        end_users=end_users[0][-1] if end_users else 0,
    )


def _labelled(row: Sequence[object]) -> bool:
    return row[0] is not None


def _moved(row: Sequence[Any]) -> Moved:
    label, value, now, before, events, unpriced, revenue = row[:7]
    return Moved(
        label=label,
        value=value,
        now=now,
        before=before,
        events=events,
        unpriced_events=unpriced,
        revenue=revenue,
    )


def _by_change(part: Moved) -> tuple[Decimal, int, bool, str]:
    label = MOVING.index(part.label) if part.label else len(MOVING)
    return -abs(part.change), label, part.value is None, part.value or ""
