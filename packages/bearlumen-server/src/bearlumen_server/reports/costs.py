"""What was spent, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

from bearlumen_server.ledger.limits import COST_DIGITS

from .grouping import Group, by_label
from .question import Question, ask, filled
from .shares import PERCENT_DIGITS, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bearlumen_server.storage import Store

TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
"""The token totals, as columns of `events`."""

_PRECISION: Final = 100
"""Digits to divide with: the least revenue and the greatest cost are 60 apart."""

MAX_ITEMS: Final = 10_000
"""Of one answer that has no pages."""

# An event without a price adds nothing to a sum and one to `unpriced`.
SPENT: Final = (
    "coalesce(sum(cost), 0) AS total, count(*) AS events, count(*) - count(cost) AS unpriced"
)
TOKEN_SUMS: Final = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in TOKENS)
_BREAKDOWN = """
    SELECT {group} AS value, {columns} FROM events WHERE {where}
    GROUP BY value ORDER BY total DESC, value ASC NULLS LAST LIMIT {limit}"""
# Grouped once: the windows add the groups up. The nameless are sorted out among the groups, since
# a test of each event whether it has a dimension takes forty times as long.
_PAGE = """
    SELECT *, sum(total) OVER (), sum(unpriced) OVER (), count(*) OVER ()
    FROM (SELECT {group} AS value, {columns} FROM events WHERE {where} GROUP BY value) AS split
    WHERE {chosen} ORDER BY total DESC, value ASC NULLS LAST LIMIT {limit} OFFSET {offset}"""
_WHOLE = f"""
    SELECT coalesce(sum(total), 0), coalesce(sum(unpriced), 0), count(*)
    FROM (SELECT {{group}} AS value, {SPENT} FROM events WHERE {{where}} GROUP BY value) AS split
    WHERE {{chosen}}"""  # noqa: S608
_NAMED: Final = {True: "TRUE", False: "value IS NOT NULL"}
"""Which groups are chosen, by whether the nameless are."""


class TooManyItemsError(ValueError):
    """A breakdown of more items than one answer holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostItem:
    """One value of what the cost is split by."""

    value: str | None
    """None gathers the events that have none."""
    total_cost: Decimal
    percent: Decimal
    events: int
    unpriced_events: int
    tokens: dict[str, int]
    """Totals by column of `TOKENS`; empty unless asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdown:
    """Cost split by one label, highest first, and what all of it adds up to."""

    items: tuple[CostItem, ...]
    total_cost: Decimal
    unpriced_events: int
    total_items: int
    """How many items there are over all pages."""


def cost_by(
    store: Store, question: Question, by: str | Group, *, tokens: bool = False
) -> Breakdown:
    """Split cost by a column of `LABELS`, or by anything else that is one value an event.

    Raises:
        TooManyItemsError: There would be more than `MAX_ITEMS`.
    """
    group = _group(by)
    words = {
        "group": group.expression,
        "columns": f"{SPENT}, {TOKEN_SUMS}" if tokens else SPENT,
        "limit": store.dialect.bind("limit"),
    }
    more = {**group.parameters, "limit": MAX_ITEMS + 1}
    rows = ask(store, filled(_BREAKDOWN, words), question, more)
    if len(rows) > MAX_ITEMS:
        raise TooManyItemsError(f"more than {MAX_ITEMS} different values")
    items = _items(rows, shares([row[1] for row in rows]))
    return Breakdown(
        items=items,
        total_cost=sum((item.total_cost for item in items), Decimal(0)),
        unpriced_events=sum(item.unpriced_events for item in items),
        total_items=len(items),
    )


def cost_by_page(
    store: Store,
    question: Question,
    by: str | Group,
    *,
    limit: int,
    offset: int,
    tokens: bool = True,
    nameless: bool = True,
) -> Breakdown:
    """Split cost and tokens by something with many values, one page of them.

    Percentages are of the whole, each rounded for itself: the pages are not known to each other.

    Args:
        store: The ledger.
        question: Which events.
        by: A column of `LABELS`, or anything else that is one value an event.
        limit: Of the page.
        offset: Of the page.
        tokens: Whether the token totals are wanted.
        nameless: Whether events without a value are an item, and part of the whole.
    """
    group, bind = _group(by), store.dialect.bind
    words = {
        "group": group.expression,
        "columns": f"{SPENT}, {TOKEN_SUMS}" if tokens else SPENT,
        "chosen": _NAMED[nameless],
        "limit": bind("limit"),
        "offset": bind("offset"),
    }
    more = {**group.parameters, "limit": limit, "offset": offset}
    rows = ask(store, filled(_PAGE, words), question, more)
    if rows:
        *_, total, unpriced, values = rows[0]
    else:
        total, unpriced, values = ask(store, filled(_WHOLE, words), question, group.parameters)[0]
    percents = [percent_of(row[1], total) for row in rows]
    return Breakdown(
        items=_items([row[:-3] for row in rows], percents),
        total_cost=total,
        unpriced_events=int(unpriced),
        total_items=values,
    )


def average_of(total: Decimal, count: int) -> Decimal | None:
    """Return USD of one of so many, to the digits the ledger has; None of none."""
    if not count:
        return None
    with localcontext(prec=_PRECISION):
        return round(total / count, COST_DIGITS)


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """Return what percentage `part` is of `whole`; 0 of nothing is 0."""
    if whole == 0:
        return Decimal(0)
    with localcontext(prec=_PRECISION):
        return round(part * 100 / whole, PERCENT_DIGITS)


def _group(by: str | Group) -> Group:
    return by if isinstance(by, Group) else by_label(by)


def _items(rows: Sequence[tuple[Any, ...]], percents: Sequence[Decimal]) -> tuple[CostItem, ...]:
    return tuple(
        CostItem(
            value=row[0],
            total_cost=row[1],
            percent=percent,
            events=row[2],
            unpriced_events=row[3],
            tokens=dict(zip(TOKENS, map(int, row[4:]), strict=False)),
        )
        for row, percent in zip(rows, percents, strict=True)
    )
