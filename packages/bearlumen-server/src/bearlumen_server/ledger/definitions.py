"""The custom dimensions an organisation has described. Events may be tagged with others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bearlumen_server.storage import Store

MAX_DEFINITIONS: Final = 1000
"""Of one organisation: they are all listed in one answer."""

_COLUMNS: Final = "key, type, label, description"
_SETTABLE: Final = ("type", "label", "description")


class KnownKeyError(Exception):
    """There is a definition of that key already."""


class TooManyDefinitionsError(Exception):
    """There are as many definitions as there may be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """What an organisation says of one of its dimensions."""

    key: str
    type: str
    """`string`, `number` or `boolean`: for people. What events hold is not made to fit it."""
    label: str | None
    description: str | None


def definitions(store: Store, org_id: str) -> list[Definition]:
    """Return an organisation's definitions in the order of their keys."""
    bind = store.dialect.bind
    sql = f"SELECT {_COLUMNS} FROM dimension_definitions WHERE org_id = {bind('org')} ORDER BY key"  # noqa: S608
    return [_definition(row) for row in store.rows(sql, {"org": org_id})]


def create(store: Store, org_id: str, wanted: Definition) -> None:
    """Keep a new definition.

    Raises:
        KnownKeyError: Its key has one.
        TooManyDefinitionsError: There are `MAX_DEFINITIONS`.
    """
    names = ("org", "key", "type", "label", "description", "at", "at")
    values = ", ".join(map(store.dialect.bind, names))
    bind = store.dialect.bind
    with store.transaction() as transaction:
        sql = f"SELECT key FROM dimension_definitions WHERE org_id = {bind('org')}"  # noqa: S608
        keys = {row[0] for row in transaction.rows(sql, {"org": org_id})}
        if wanted.key in keys:
            raise KnownKeyError(wanted.key)
        if len(keys) >= MAX_DEFINITIONS:
            raise TooManyDefinitionsError
        sql = (
            f"INSERT INTO dimension_definitions (org_id, {_COLUMNS}, created_at, updated_at) "  # noqa: S608
            f"VALUES ({values})"
        )
        transaction.rows(
            sql,
            {
                "org": org_id,
                "key": wanted.key,
                "type": wanted.type,
                "label": wanted.label,
                "description": wanted.description,
                "at": _now(),
            },
        )


def update(
    store: Store, org_id: str, key: str, values: Mapping[str, str | None]
) -> Definition | None:
    """Change what is given of type, label and description; None if there is no such definition."""
    bind = store.dialect.bind
    changes = [f"{name} = {bind(name)}" for name in _SETTABLE if name in values]
    changes.append(f"updated_at = {bind('at')}")
    sql = (
        f"UPDATE dimension_definitions SET {', '.join(changes)} "  # noqa: S608
        f"WHERE org_id = {bind('org')} AND key = {bind('key')} RETURNING {_COLUMNS}"
    )
    with store.transaction() as transaction:
        rows = transaction.rows(sql, {"org": org_id, "key": key, **values, "at": _now()})
    return _definition(rows[0]) if rows else None


def delete(store: Store, org_id: str, key: str) -> Definition | None:
    """Forget a definition and return it; the events keep the dimension. None if there is none."""
    bind = store.dialect.bind
    sql = (
        "DELETE FROM dimension_definitions "  # noqa: S608
        f"WHERE org_id = {bind('org')} AND key = {bind('key')} RETURNING {_COLUMNS}"
    )
    with store.transaction() as transaction:
        rows = transaction.rows(sql, {"org": org_id, "key": key})
    return _definition(rows[0]) if rows else None


def _definition(row: tuple[Any, ...]) -> Definition:
    return Definition(key=row[0], type=row[1], label=row[2], description=row[3])


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
