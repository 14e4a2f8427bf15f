"""What end users pay against what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from .costs import percent_of
from .question import Question, ask

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

Health = Literal["healthy", "at_risk", "unhealthy"]

HEALTHY_ABOVE: Final = Decimal(40)
AT_RISK_FROM: Final = Decimal(20)
"""Percent, by the published definitions: healthy above 40, at risk 20 to 40, unhealthy below."""

SORTS: Final = {
    "margin": "margin",
    "revenue": "revenue",
    "cost": "cost",
    "marginPercent": "CASE WHEN revenue > 0 AND unpriced = 0 THEN margin / revenue END",
    "endUserId": "end_user",
}
"""What the end users can be ordered by, and the SQL of it."""

# A union, not a join: it keeps those with only revenue, those with only cost, and the nameless.
_MARGINS = """
    SELECT end_user, sum(earned) AS revenue, sum(spent) AS cost, sum(earned) - sum(spent) AS margin,
           sum(unpriced) AS unpriced
    FROM (
        SELECT end_user, CAST(0 AS DECIMAL(38, 12)) AS earned,
               CAST(coalesce(cost, 0) AS DECIMAL(38, 12)) AS spent,
               CASE WHEN cost IS NULL THEN 1 ELSE 0 END AS unpriced
        FROM events WHERE {where}
        UNION ALL
        SELECT end_user, CAST(amount AS DECIMAL(38, 12)), CAST(0 AS DECIMAL(38, 12)), 0
        FROM revenue_entries WHERE {where}) AS joined
    GROUP BY end_user"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin:
    """Revenue less cost, in USD."""

    end_user: str | None
    revenue: Decimal
    cost: Decimal
    unpriced_events: int

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
    totals = f"SELECT count(*), coalesce(sum(unpriced), 0) FROM ({_MARGINS}) AS users"  # noqa: S608
    total, unpriced = ask(store, totals, question)[0]
    bind = store.dialect.bind
    order = f"{SORTS[sort]} {'DESC' if descending else 'ASC'} NULLS LAST, end_user ASC NULLS LAST"
    page = f"ORDER BY {order} LIMIT {bind('limit')} OFFSET {bind('offset')}"
    sql = f"SELECT * FROM ({_MARGINS}) AS users {page}"  # noqa: S608
    rows = ask(store, sql, question, {"limit": limit, "offset": offset})
    return MarginPage(
        end_users=tuple(
            Margin(end_user=row[0], revenue=row[1], cost=row[2], unpriced_events=int(row[4]))
            for row in rows
        ),
        total=total,
        unpriced_events=int(unpriced),
    )
