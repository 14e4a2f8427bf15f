"""What was spent, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

from .question import LABELS, Question, ask
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

# An event without a price adds nothing to a sum and one to `unpriced`.
_SPENT = "coalesce(sum(cost), 0) AS total, count(*) AS events, count(*) - count(cost) AS unpriced"
_TOKEN_SUMS = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in TOKENS)
_BREAKDOWN = """
    SELECT {label}, {columns} FROM events WHERE {where}
    GROUP BY {label} ORDER BY total DESC, {label} ASC NULLS LAST {page}"""
_TOTALS = f"SELECT {_SPENT}, count(DISTINCT {{label}}), count(*) - count({{label}}) FROM events"  # noqa: S608


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


def cost_by(store: Store, question: Question, label: str, *, tokens: bool = False) -> Breakdown:
    """Split cost by a column of `LABELS`."""
    rows = ask(store, _breakdown(label, tokens=tokens, page=""), question)
    items = _items(rows, shares([row[1] for row in rows]))
    return Breakdown(
        items=items,
        total_cost=sum((item.total_cost for item in items), Decimal(0)),
        unpriced_events=sum(item.unpriced_events for item in items),
        total_items=len(items),
    )


def cost_by_page(
    store: Store, question: Question, label: str, *, limit: int, offset: int
) -> Breakdown:
    """Split cost and tokens by a column with many values, one page of them.

    Percentages are of the whole, each rounded for itself: the pages are not known to each other.
    """
    sql = _TOTALS.replace("{label}", _checked(label)) + " WHERE {where}"
    total, _, unpriced, values, without = ask(store, sql, question)[0]
    bind = store.dialect.bind
    page = f"LIMIT {bind('limit')} OFFSET {bind('offset')}"
    more = {"limit": limit, "offset": offset}
    rows = ask(store, _breakdown(label, tokens=True, page=page), question, more)
    percents = [percent_of(row[1], total) for row in rows]
    return Breakdown(
        items=_items(rows, percents),
        total_cost=total,
        unpriced_events=unpriced,
        total_items=values + (without > 0),
    )


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """Return what percentage `part` is of `whole`; 0 of nothing is 0."""
    if whole == 0:
        return Decimal(0)
    with localcontext(prec=_PRECISION):
        return round(part * 100 / whole, PERCENT_DIGITS)


def _checked(label: str) -> str:
    if label not in LABELS:
        raise KeyError(label)
    return label


def _breakdown(label: str, *, tokens: bool, page: str) -> str:
    columns = f"{_SPENT}, {_TOKEN_SUMS}" if tokens else _SPENT
    text = _BREAKDOWN.replace("{label}", _checked(label))
    return text.replace("{columns}", columns).replace("{page}", page)


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
