"""Re-costing runs as they are kept: what was asked, how far it got, what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from zoneinfo import ZoneInfo

from bearlumen_server.reports.question import Question, utc

from .figures import Figures, in_utc

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

    from bearlumen_server.storage import Store
    from bearlumen_server.storage.base import Transaction

Status = Literal["running", "done", "undoing", "undone"]

_COLUMNS: Final = (
    "org_id",
    "id",
    "number",
    "status",
    "question",
    "price_version",
    "figures",
    "reached_ts",
    "reached_id",
    "created_at",
    "created_by",
    "finished_at",
    "undone_at",
    "undone_by",
)
_CHANGING: Final = (
    "status",
    "figures",
    "reached_ts",
    "reached_id",
    "finished_at",
    "undone_at",
    "undone_by",
)
_LATER: Final = """
    SELECT r.id FROM recosts r
    WHERE r.org_id = {org} AND r.number > {number} AND r.status <> 'undone' AND EXISTS (
        SELECT 1 FROM recost_changes mine JOIN recost_changes theirs
        ON theirs.event_id = mine.event_id AND theirs.org_id = mine.org_id
        WHERE mine.org_id = {org} AND mine.recost_id = {id} AND theirs.recost_id = r.id)
    ORDER BY r.number DESC LIMIT 1"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run over the events of one organisation."""

    id: str
    number: int
    """Runs of an organisation are numbered in the order they were started."""
    status: Status
    question: Question
    price_version: str
    figures: Figures
    reached: tuple[datetime, UUID] | None
    """Time, as the ledger has it, and id of the last event that was dealt with."""
    created_at: datetime
    created_by: str | None
    finished_at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventChange:
    """What a run did to one event."""

    recost_id: str
    status: Status
    at: datetime
    before: Decimal | None
    after: Decimal | None


def insert_run(write: Transaction, store: Store, run: Run) -> None:
    """Keep a new run."""
    places = ", ".join(map(store.dialect.bind, _COLUMNS))
    sql = f"INSERT INTO recosts ({', '.join(_COLUMNS)}) VALUES ({places})"  # noqa: S608
    write.rows(sql, _row(run))


def update_run(write: Transaction, store: Store, run: Run) -> None:
    """Keep how far a run got."""
    bind = store.dialect.bind
    changed = ", ".join(f"{name} = {bind(name)}" for name in _CHANGING)
    sql = f"UPDATE recosts SET {changed} WHERE org_id = {bind('org_id')} AND id = {bind('id')}"  # noqa: S608
    row = _row(run)
    write.rows(sql, {name: row[name] for name in ("org_id", "id", *_CHANGING)})


def runs_of(store: Store, *, org_id: str, run_id: str | None = None) -> list[Run]:
    """Return an organisation's runs, the latest first, or the one that is meant."""
    bind = store.dialect.bind
    where, values = f"org_id = {bind('org')}", {"org": org_id}
    if run_id is not None:
        where += f" AND id = {bind('id')}"
        values["id"] = run_id
    sql = f"SELECT {', '.join(_COLUMNS)} FROM recosts WHERE {where} ORDER BY number DESC"  # noqa: S608
    rows = store.rows(sql, values)
    return [_read(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def later_run(store: Store, run: Run) -> str | None:
    """Return the last run after this one that changed one of its events and still stands."""
    bind = store.dialect.bind
    sql = _LATER
    for name in ("org", "number", "id"):
        sql = sql.replace(f"{{{name}}}", bind(name))
    values = {"org": run.question.org_id, "number": run.number, "id": run.id}
    rows = store.rows(sql, values)
    return rows[0][0] if rows else None


def changes_of(store: Store, *, org_id: str, event_id: UUID) -> list[EventChange]:
    """Return what runs did to one event, the latest first."""
    bind = store.dialect.bind
    sql = (
        "SELECT r.id, r.status, r.created_at, c.before_cost, c.after_cost "  # noqa: S608
        "FROM recost_changes c JOIN recosts r ON r.id = c.recost_id AND r.org_id = c.org_id "
        f"WHERE c.org_id = {bind('org')} AND c.event_id = {bind('event')} ORDER BY r.number DESC"
    )
    return [
        EventChange(
            recost_id=row[0],
            status=row[1],
            at=row[2].replace(tzinfo=UTC),
            before=row[3],
            after=row[4],
        )
        for row in store.rows(sql, {"org": org_id, "event": event_id})
    ]


def _row(run: Run) -> dict[str, object]:
    asked = run.question
    question = {
        "start": asked.start.isoformat(),
        "end": asked.end.isoformat(),
        "zone": asked.zone.key,
        "labels": {name: list(values) for name, values in asked.labels.items()},
        "dimensions": {name: list(values) for name, values in asked.dimensions.items()},
    }
    ts, event_id = run.reached or (None, None)
    return {
        "org_id": asked.org_id,
        "id": run.id,
        "number": run.number,
        "status": run.status,
        "question": json.dumps(question),
        "price_version": run.price_version,
        "figures": json.dumps(run.figures.kept()),
        "reached_ts": ts,
        "reached_id": event_id,
        "created_at": utc(run.created_at),
        "created_by": run.created_by,
        "finished_at": utc(run.finished_at) if run.finished_at else None,
        "undone_at": utc(run.undone_at) if run.undone_at else None,
        "undone_by": run.undone_by,
    }


def _read(row: dict[str, Any]) -> Run:
    asked = json.loads(row["question"])
    zone = ZoneInfo(asked["zone"])
    return Run(
        id=row["id"],
        number=row["number"],
        status=cast("Status", row["status"]),
        question=Question(
            org_id=row["org_id"],
            start=datetime.fromisoformat(asked["start"]),
            end=datetime.fromisoformat(asked["end"]),
            zone=zone,
            labels=asked["labels"],
            dimensions=asked["dimensions"],
        ),
        price_version=row["price_version"],
        figures=Figures.read(json.loads(row["figures"]), zone=zone),
        reached=None if row["reached_ts"] is None else (row["reached_ts"], row["reached_id"]),
        created_at=row["created_at"].replace(tzinfo=UTC),
        created_by=row["created_by"],
        finished_at=in_utc(row["finished_at"]),
        undone_at=in_utc(row["undone_at"]),
        undone_by=row["undone_by"],
    )
