"""Revenue as it was reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .question import Question, ask, filled

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from bearlumen_server.storage import Store

# The condition is about `ts`; what was reported counts from `starts_at`.
_REVENUE: Final = """(
    SELECT revenue_id, end_user, amount, currency, starts_at, ends_at, received_at, org_id,
           starts_at AS ts FROM revenue) AS reported"""
_TOTAL: Final = f"SELECT count(*) FROM {_REVENUE} WHERE {{where}}"  # noqa: S608
_PAGE: Final = f"""
    SELECT revenue_id, end_user, amount, currency, starts_at, ends_at, received_at
    FROM {_REVENUE} WHERE {{where}}
    ORDER BY ts DESC, revenue_id ASC LIMIT {{limit}} OFFSET {{offset}}"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedRevenue:
    """One amount; times are naive UTC."""

    revenue_id: str
    end_user: str | None
    """None where the end user was erased."""
    amount: Decimal
    currency: str
    starts_at: datetime
    ends_at: datetime | None
    """Exclusive; None for revenue of one instant."""
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RevenuePage:
    """One page of revenue, what counts from latest first."""

    revenue: tuple[ReportedRevenue, ...]
    total: int


def revenue_page(store: Store, question: Question, *, limit: int, offset: int) -> RevenuePage:
    """Return one page of the revenue that counts from a time in the question's range.

    A period that began before the range is not in it, though some of its days may be.
    """
    total = ask(store, _TOTAL, question)[0][0]
    bind = store.dialect.bind
    sql = filled(_PAGE, {"limit": bind("limit"), "offset": bind("offset")})
    rows = ask(store, sql, question, {"limit": limit, "offset": offset}) if total > offset else []
    names = ReportedRevenue.__slots__
    return RevenuePage(
        revenue=tuple(ReportedRevenue(**dict(zip(names, row, strict=True))) for row in rows),
        total=total,
    )
