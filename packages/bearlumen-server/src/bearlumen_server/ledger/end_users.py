"""End users: who is served, by the id their organisation knows them by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bearlumen_server.storage import Store, Transaction

Status = Literal["active", "deactivated", "all"]

STATUSES: Final[tuple[Status, ...]] = ("active", "deactivated", "all")
MAX_METADATA_BYTES: Final = 10 * 1024
"""Of an end user's metadata, as JSON."""

_COLUMNS: Final = "external_id, name, email, metadata, created_at, updated_at, deactivated_at"
_SETTABLE: Final = ("name", "email", "metadata")
_CONDITIONS: Final[Mapping[Status, str]] = {
    "active": " AND deactivated_at IS NULL",
    "deactivated": " AND deactivated_at IS NOT NULL",
    "all": "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class EndUser:
    """One customer of an organisation."""

    external_id: str
    name: str | None
    email: str | None
    metadata: str
    """A JSON object, as it was sent."""
    created_at: datetime
    """Naive UTC, as are the others: when the server first heard of them."""
    updated_at: datetime
    deactivated_at: datetime | None
    """A mark for people: events are recorded and counted all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndUserPage:
    """One page of end users, in the order of their ids."""

    end_users: tuple[EndUser, ...]
    total: int


def upsert(
    store: Store, org_id: str, external_id: str, values: Mapping[str, str | None]
) -> tuple[EndUser, bool]:
    """Make an end user or change the one there is; return it, and whether it is new.

    Args:
        store: Where end users are kept.
        org_id: Whose end user it is.
        external_id: The organisation's id of it.
        values: Those of `name`, `email` and `metadata` to be set; the others stay.
    """
    bind = store.dialect.bind
    key = {"org": org_id, "id": external_id}
    now = _now()
    with store.transaction() as transaction:
        before = _find(transaction, store, key)
        if before is None:
            sql = (
                "INSERT INTO end_users (org_id, external_id, created_at, updated_at) "  # noqa: S608
                f"VALUES ({bind('org')}, {bind('id')}, {bind('at')}, {bind('at')})"
            )
            transaction.rows(sql, {**key, "at": now})
        _set(transaction, store, key, {**values, "updated_at": now})
        after = _find(transaction, store, key)
    assert after is not None  # noqa: S101  # it was written a moment ago
    return after, before is None


def set_active(store: Store, org_id: str, external_id: str, *, active: bool) -> EndUser | None:
    """Mark an end user as active or not; None if there is no such one.

    Who is deactivated already keeps the time of the first time.
    """
    key = {"org": org_id, "id": external_id}
    now = _now()
    with store.transaction() as transaction:
        found = _find(transaction, store, key)
        if found is None:
            return None
        if (found.deactivated_at is None) != active:
            at = None if active else now
            _set(transaction, store, key, {"deactivated_at": at, "updated_at": now})
        return _find(transaction, store, key)


def find(store: Store, org_id: str, external_id: str) -> EndUser | None:
    """Return an end user, or None."""
    rows = store.rows(_select(store), {"org": org_id, "id": external_id})
    return _end_user(rows[0]) if rows else None


def page(
    store: Store, org_id: str, *, status: Status, search: str | None, limit: int, offset: int
) -> EndUserPage:
    """Return one page of an organisation's end users, in the order of their ids.

    Args:
        store: Where end users are kept.
        org_id: Whose.
        status: Those who are active, those who are not, or all.
        search: A part of the id, the name or the email, in whatever case.
        limit: Of the page.
        offset: Of the page.
    """
    bind = store.dialect.bind
    where = f"org_id = {bind('org')}{_CONDITIONS[status]}"
    parameters: dict[str, object] = {"org": org_id}
    if search:
        parts = (
            f"position(lower({bind('part')}) IN lower(coalesce({column}, ''))) > 0"
            for column in ("external_id", "name", "email")
        )
        where += f" AND ({' OR '.join(parts)})"
        parameters["part"] = search
    total = store.rows(f"SELECT count(*) FROM end_users WHERE {where}", parameters)[0][0]  # noqa: S608
    sql = (
        f"SELECT {_COLUMNS} FROM end_users WHERE {where} ORDER BY external_id "  # noqa: S608
        f"LIMIT {bind('limit')} OFFSET {bind('offset')}"
    )
    rows = store.rows(sql, {**parameters, "limit": limit, "offset": offset})
    return EndUserPage(end_users=tuple(map(_end_user, rows)), total=total)


def _select(store: Store) -> str:
    bind = store.dialect.bind
    return (
        f"SELECT {_COLUMNS} FROM end_users "  # noqa: S608
        f"WHERE org_id = {bind('org')} AND external_id = {bind('id')}"
    )


def _find(transaction: Transaction, store: Store, key: Mapping[str, object]) -> EndUser | None:
    rows = transaction.rows(_select(store), key)
    return _end_user(rows[0]) if rows else None


def _set(
    transaction: Transaction, store: Store, key: Mapping[str, object], values: Mapping[str, object]
) -> None:
    bind = store.dialect.bind
    known = (*_SETTABLE, "updated_at", "deactivated_at")
    columns = ", ".join(f"{name} = {bind(name)}" for name in known if name in values)
    sql = (
        f"UPDATE end_users SET {columns} "  # noqa: S608
        f"WHERE org_id = {bind('org')} AND external_id = {bind('id')}"
    )
    transaction.rows(sql, {**key, **values})


def _end_user(row: tuple[Any, ...]) -> EndUser:
    return EndUser(
        external_id=row[0],
        name=row[1],
        email=row[2],
        metadata=row[3],
        created_at=row[4],
        updated_at=row[5],
        deactivated_at=row[6],
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
