"""Sessions: what each conversation or job cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from .costs import SPENT, TOKEN_SUMS, TOKENS, average_of
from .question import Question, ask, filled
from .trend import Spent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from bearlumen_server.storage import Store

SORTS: Final = {
    "startedAt": "min(ts)",
    "totalCost": "coalesce(sum(cost), 0)",
    "eventCount": "count(*)",
    "durationSeconds": "max(ts) - min(ts)",
}
"""What sessions can be ordered by, and the SQL of it."""

# What all events of a session agree on. The last or the first would depend on the order in which
# events of the same instant arrived.
_AGREED: Final = "CASE WHEN min({0}) = max({0}) THEN min({0}) END"
_IN_SESSION: Final = "{where} AND session_id IS NOT NULL"
_COLUMNS: Final = f"""
    session_id, {_AGREED.format("session_type")}, {_AGREED.format("end_user")}, min(ts), max(ts),
    {SPENT}, {TOKEN_SUMS}"""
# The page by the one column it is ordered by, the others after: three times as fast. What the
# windows add up over all sessions is there for the same scan.
_PAGE: Final = f"""
    SELECT session_id, count(*) OVER (), sum(coalesce(sum(cost), 0)) OVER (),
           sum(count(*)) OVER (), sum(count(*) - count(cost)) OVER (), {{sort}} AS placed
    FROM events WHERE {_IN_SESSION} GROUP BY session_id
    ORDER BY placed {{direction}}, session_id ASC LIMIT {{limit}} OFFSET {{offset}}"""  # noqa: S608
_CHOSEN: Final = f"""
    SELECT {_COLUMNS} FROM events WHERE {_IN_SESSION} AND {{chosen}} GROUP BY session_id"""  # noqa: S608
_WHOLE: Final = f"""
    SELECT count(DISTINCT session_id), {SPENT} FROM events WHERE {_IN_SESSION}"""  # noqa: S608
_EACH: Final = f"""
    SELECT {_AGREED.format("session_type")} AS kind, {SPENT}, sum(cost) AS known
    FROM events WHERE {_IN_SESSION} GROUP BY session_id"""  # noqa: S608
_TYPES: Final = f"""
    SELECT kind, count(*), sum(total) AS cost, sum(events), sum(unpriced), count(known), {{median}},
           {{p95}}
    FROM ({_EACH}) AS each_session GROUP BY kind ORDER BY cost DESC, kind ASC NULLS LAST"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One session, as far as the question's events go."""

    session_id: str
    session_type: str | None
    """None where its events name none, or not the same."""
    end_user: str | None
    """None where its events name none, or not the same."""
    started_at: datetime
    """UTC, as the ledger has it."""
    ended_at: datetime
    """When the last call was made."""
    spent: Spent
    tokens: dict[str, int]

    @property
    def seconds(self) -> float:
        """From the first call to the last."""
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionPage:
    """One page of sessions, and what all of them cost."""

    sessions: tuple[Session, ...]
    total: int
    whole: Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionType:
    """The sessions of one type. Those without any event of known price count, but have no cost."""

    session_type: str | None
    """None gathers sessions whose events name no type, or not the same."""
    sessions: int
    spent: Spent
    costed: int
    """Sessions with a known cost: those that the following are of."""
    median: Decimal | None
    p95: Decimal | None

    @property
    def average(self) -> Decimal | None:
        """USD of one session with a known cost; None without any."""
        return average_of(self.spent.total_cost, self.costed)


def sessions_page(
    store: Store, question: Question, *, sort: str, descending: bool, limit: int, offset: int
) -> SessionPage:
    """Return one page of the sessions; equals are in the order of their ids.

    Args:
        store: The ledger.
        question: Which events; a session is what these are of it.
        sort: A key of `SORTS`.
        descending: Highest first.
        limit: Of the page.
        offset: Of the page.
    """
    words = {
        "sort": SORTS[sort],
        "direction": "DESC" if descending else "ASC",
        "limit": store.dialect.bind("limit"),
        "offset": store.dialect.bind("offset"),
    }
    more = {"limit": limit, "offset": offset}
    placed = ask(store, filled(_PAGE, words), question, more)
    if not placed:
        total, *whole = ask(store, _WHOLE, question)[0]
        return SessionPage(sessions=(), total=total, whole=_spent(whole))
    found = _sessions(store, question, [row[0] for row in placed])
    return SessionPage(
        # One that was removed meanwhile is no more.
        sessions=tuple(found[row[0]] for row in placed if row[0] in found),
        total=placed[0][1],
        whole=_spent(placed[0][2:5]),
    )


def session_of(store: Store, question: Question, session_id: str) -> Session | None:
    """Return one session; None where no event of the question is of it."""
    return _sessions(store, question, [session_id]).get(session_id)


def within(question: Question, session: Session) -> Question:
    """Return the question about one session, in no more time than the session took."""
    return replace(
        question,
        start=session.started_at.replace(tzinfo=UTC),
        end=session.ended_at.replace(tzinfo=UTC) + datetime.resolution,
        labels={**question.labels, "session_id": [session.session_id]},
    )


def session_types(store: Store, question: Question) -> tuple[SessionType, ...]:
    """Return what sessions of each type cost, the costliest type first."""
    quantile = store.dialect.quantile
    words = {
        "median": quantile.format(value="known", fraction="0.5"),
        "p95": quantile.format(value="known", fraction="0.95"),
    }
    return tuple(
        SessionType(
            session_type=row[0],
            sessions=row[1],
            spent=_spent(row[2:5]),
            costed=row[5],
            median=row[6],
            p95=row[7],
        )
        for row in ask(store, filled(_TYPES, words), question)
    )


def _sessions(store: Store, question: Question, ids: Sequence[str]) -> dict[str, Session]:
    words = {"chosen": store.dialect.any_of.format(value="session_id", name="chosen")}
    rows = ask(store, filled(_CHOSEN, words), question, {"chosen": list(ids)})
    return {row[0]: _session(row) for row in rows}


def _session(row: Sequence[Any]) -> Session:
    return Session(
        session_id=row[0],
        session_type=row[1],
        end_user=row[2],
        started_at=row[3],
        ended_at=row[4],
        spent=_spent(row[5:8]),
        tokens=dict(zip(TOKENS, map(int, row[8:]), strict=True)),
    )


def _spent(row: Sequence[Any]) -> Spent:
    return Spent(total_cost=row[0], events=int(row[1]), unpriced_events=int(row[2]))
