"""The tables that are an organisation's ledger, as they are exported and imported.

A migration that adds a table adds a line here: to `TABLES`, or to `LEFT_OUT` with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bearlumen_server.storage import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A table with rows of every organisation."""

    name: str
    key: tuple[str, ...]
    """The columns that make a row known: of two rows with the same, the first to come is kept."""
    gone: tuple[str, str] | None = None
    """The table of the keys that once were, and must not come back; and when one is `{key}`."""


# In the order of import: an event comes before the ids of those that are gone.
TABLES: Final = (
    Kept(name="events", key=("event_id",), gone=("gone_events", "kept.event_id = {key}")),
    Kept(
        name="revenue",
        key=("revenue_id",),
        gone=("gone_revenue", "kept.revenue_hash = sha256({key})"),
    ),
    Kept(name="gone_events", key=("event_id",)),
    Kept(name="gone_revenue", key=("revenue_hash",)),
    Kept(name="end_users", key=("external_id",)),
    Kept(name="dimension_definitions", key=("key",)),
    Kept(name="own_prices", key=("id", "version")),
    Kept(name="price_aliases", key=("id", "created_at")),
    Kept(name="recosts", key=("id",)),
    Kept(name="recost_changes", key=("recost_id", "event_id")),
)
LEFT_OUT: Final = {
    "api_keys": "they belong to a server, and only hashes of them are known",
    "erasures": "they say what is still to be cleaned in one file",
    "probes": "they say whether one file can be written",
    "revenue_entries": "they follow from the revenue",
    "schema_version": "it is in the manifest",
}

ORGANIZATION: Final = "org_id"
"""Left out of what is exported: whoever imports says whose it is."""
_COLUMNS = """
    SELECT table_name, column_name, data_type FROM duckdb_columns()
    WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index"""
_VERSION = "SELECT max(version) FROM schema_version"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A table as it is in one database."""

    table: Kept
    columns: Mapping[str, str]
    """Name to type, in the order of the table, without the organisation."""


def layouts(store: Store) -> tuple[Layout, ...]:
    """Return the tables this database has, in the order of import."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in store.rows(_COLUMNS, {}):
        if column != ORGANIZATION:
            columns.setdefault(table, {})[column] = kind
    return tuple(
        Layout(table=each, columns=columns[each.name]) for each in TABLES if each.name in columns
    )


def schema_version(store: Store) -> int:
    """Return the version of the database's schema."""
    return store.rows(_VERSION, {})[0][0]
