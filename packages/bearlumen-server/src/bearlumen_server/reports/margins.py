"""What end users pay against what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final, Literal

from .costs import percent_of
from .question import Question, ask, filled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bearlumen_server.storage import Store

    from .buckets import Buckets

Health = Literal["healthy", "at_risk", "unhealthy"]

HEALTHY_ABOVE: Final = Decimal(40)
AT_RISK_FROM: Final = Decimal(20)
"""Percent, by the published definitions: healthy above 40, at risk 20 to 40, unhealthy below."""

EXACT_DIGITS: Final = 60
"""To add up whatever the ledger holds without rounding."""

SORTS: Final = {
    "margin": "margin",
    "revenue": "revenue",
    "cost": "cost",
    "marginPercent": "CASE WHEN revenue > 0 AND unpriced = 0 THEN margin / revenue END",
    "endUserId": "part",
}
"""What the end users can be ordered by, and the SQL of it."""

# A union, not a join: it keeps those with only revenue, those with only cost, and the nameless.
# Each half is grouped for itself, so that what is added up once more is small.
_BY = """
    SELECT part, sum(earned) AS revenue, sum(spent) AS cost, sum(earned) - sum(spent) AS margin,
           CAST(sum(unpriced) AS BIGINT) AS unpriced
    FROM (
        SELECT {part} AS part, CAST(0 AS DECIMAL(38, 12)) AS earned,
               CAST(coalesce(sum(cost), 0) AS DECIMAL(38, 12)) AS spent,
               count(*) - count(cost) AS unpriced
        FROM events WHERE {where} GROUP BY part
        UNION ALL
        SELECT {part} AS part, CAST(sum(amount) AS DECIMAL(38, 12)),
               CAST(0 AS DECIMAL(38, 12)), 0
        FROM revenue_entries WHERE {where} GROUP BY part) AS joined
    GROUP BY part"""
_MARGINS = _BY.replace("{part}", "end_user")
_COUNT = f"SELECT count(*), coalesce(sum(unpriced), 0) FROM ({_MARGINS}) AS users"  # noqa: S608
_PAGE = f"""
    SELECT part, revenue, cost, unpriced, name, deactivated_at, users, unpriced_of_all
    FROM (SELECT *, count(*) OVER () AS users,
                 CAST(sum(unpriced) OVER () AS BIGINT) AS unpriced_of_all
          FROM ({_MARGINS}) AS users ORDER BY {{order}} LIMIT {{limit}} OFFSET {{offset}})
         AS margins
    LEFT JOIN end_users ON end_users.org_id = {{org}} AND external_id = part
    ORDER BY {{order}}"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin:
    """Revenue less cost, in USD."""

    end_user: str | None
    revenue: Decimal
    cost: Decimal
    unpriced_events: int
    name: str | None = None
    """Of the end user, where it is known."""
    deactivated_at: datetime | None = None
    """Naive UTC; None for who is not marked as gone."""

    @property
    def margin(self) -> Decimal:
        """Revenue minus cost."""
        return self.revenue - self.cost

    @property
    def percent(self) -> Decimal | None:
        """The margin as a percentage of revenue; None without revenue, or with unpriced events."""
        if self.revenue <= 0 or self.unpriced_events:
            return None
        return percent_of(self.margin, self.revenue)

    @property
    def health(self) -> Health | None:
        """How good that is; None where neither is any revenue nor any cost.

        Cost without revenue is unhealthy. Unpriced events can only make it worse, so with them it
        is unhealthy where the known cost alone is enough for that, and else None. Decided on the
        exact amounts, not on the rounded percentage.
        """
        if self.revenue <= 0:
            return "unhealthy" if self.margin < 0 else None
        if self.margin * 100 < self.revenue * AT_RISK_FROM:
            return "unhealthy"
        if self.unpriced_events:
            return None
        return "healthy" if self.margin * 100 > self.revenue * HEALTHY_ABOVE else "at_risk"


@dataclass(frozen=True, kw_only=True, slots=True)
class MarginPage:
    """One page of end users."""

    end_users: tuple[Margin, ...]
    total: int
    unpriced_events: int


def margins_by_end_user(
    store: Store, question: Question, *, sort: str, descending: bool, limit: int, offset: int
) -> MarginPage:
    """Return the margin of each end user; those a sort cannot place come last.

    Args:
        store: The ledger.
        question: Only `end_user` may be chosen by: revenue has no other label.
        sort: A key of `SORTS`.
        descending: Highest first.
        limit: Of the page.
        offset: Of the page.
    """
    bind = store.dialect.bind
    order = f"{SORTS[sort]} {'DESC' if descending else 'ASC'} NULLS LAST, part ASC NULLS LAST"
    words = {name: bind(name) for name in ("limit", "offset", "org")}
    rows = ask(
        store,
        filled(_PAGE, {"order": order, **words}),
        question,
        {"limit": limit, "offset": offset},
    )
    # A page says what all of them add up to, unless nobody is on it.
    total, unpriced = rows[0][6:] if rows else ask(store, _COUNT, question)[0]
    return MarginPage(
        end_users=tuple(
            Margin(
                end_user=row[0],
                revenue=row[1],
                cost=row[2],
                unpriced_events=row[3],
                name=row[4],
                deactivated_at=row[5],
            )
            for row in rows
        ),
        total=total,
        unpriced_events=int(unpriced),
    )


def margin_of(store: Store, question: Question) -> Margin:
    """Return revenue less cost of everything the question is about."""
    rows = ask(store, filled(_BY, {"part": "1"}), question)
    return _sum(rows)


def margins_over_time(store: Store, question: Question, buckets: Buckets) -> list[Margin]:
    """Return the margin of each bucket, of those without anything too."""
    rows = ask(store, filled(_BY, {"part": store.dialect.slots[buckets.slot]}), question)
    parts: list[list[tuple[Any, ...]]] = [[] for _ in range(len(buckets))]
    for row in rows:
        parts[buckets.position(row[0])].append(row)
    return [_sum(part) for part in parts]


def _sum(rows: Sequence[tuple[Any, ...]]) -> Margin:
    with localcontext(prec=EXACT_DIGITS):
        return Margin(
            end_user=None,
            revenue=sum((row[1] for row in rows), Decimal(0)),
            cost=sum((row[2] for row in rows), Decimal(0)),
            unpriced_events=sum(row[4] for row in rows),
        )
