"""What the cost of a period was, against the one before it, by everything at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .costs import percent_of
from .question import Question, ask, filled, previous, utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from bearlumen_server.storage import Store

MOVING: Final = ("feature", "model", "end_user", "agent")
"""The labels whose values are compared, as columns of `events`."""
LARGEST: Final = 20
"""Values of each label that are returned for their size, however little they moved."""

# One scan for all labels. A row has one of them; the row of the total has none.
_PERIODS: Final = f"""
    WITH cells AS (
        SELECT CASE {" ".join(f"WHEN grouping({one}) = 0 THEN '{one}'" for one in MOVING)} END
                   AS label,
               coalesce({", ".join(MOVING)}) AS value,
               coalesce(sum(CASE WHEN ts >= {{middle}} THEN cost END), 0) AS now,
               coalesce(sum(CASE WHEN ts < {{middle}} THEN cost END), 0) AS before,
               count(CASE WHEN ts >= {{middle}} THEN 1 END) AS events,
               count(*) - count(cost) AS unpriced
        FROM events WHERE {{where}}
        GROUP BY GROUPING SETS ({", ".join(f"({one})" for one in MOVING)}, ())),
    ranked AS (
        SELECT *, row_number() OVER (
                      PARTITION BY label ORDER BY abs(now - before) DESC, now DESC, value) AS moved,
               row_number() OVER (PARTITION BY label ORDER BY now DESC, value) AS size
        FROM cells)
    SELECT label, value, now, before, events, unpriced FROM ranked
    WHERE moved <= {{limit}} OR size <= {LARGEST} OR value IS NULL"""  # noqa: S608


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
    """Everything together, and the values that moved most or are largest, in no order."""

    whole: Moved
    parts: tuple[Moved, ...]

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


def movement(store: Store, question: Question, *, limit: int) -> Movement:
    """Compare the question's period to the one before it, which is as long.

    Args:
        store: The ledger.
        question: Which events.
        limit: How many values of each label are wanted for having changed.
    """
    bind = store.dialect.bind
    sql = filled(_PERIODS, {"middle": bind("middle"), "limit": bind("limit")})
    both = replace(question, start=previous(question).start)
    rows = ask(store, sql, both, {"middle": utc(question.start), "limit": limit})
    found = [
        Moved(label=row[0], value=row[1], now=row[2], before=row[3], events=row[4],
              unpriced_events=row[5])
        for row in rows
    ]  # fmt: skip
    return Movement(
        whole=_whole(found), parts=tuple(each for each in found if each.label is not None)
    )


def _whole(found: Iterable[Moved]) -> Moved:
    for each in found:
        if each.label is None:
            return each
    raise AssertionError("a sum of nothing is a row too")


def _by_change(part: Moved) -> tuple[Decimal, int, bool, str]:
    label = MOVING.index(part.label) if part.label else len(MOVING)
    return -abs(part.change), label, part.value is None, part.value or ""
