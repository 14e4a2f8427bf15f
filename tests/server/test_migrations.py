from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from server.helpers import event
from server.ledgers import answers, file_of_version, stored

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price
from bearlumen_server.storage import DatabaseUnreadableError
from bearlumen_server.storage import duckdb as engine
from bearlumen_server.storage.duckdb import DuckDBStore
from bearlumen_server.storage.migrations import migrations

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = [number for number, _ in migrations()]


def contents(path: Path) -> tuple[Any, ...]:
    """Open a file, and return its schema, its rows and what it answers."""
    store = DuckDBStore(path)
    columns = "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
    schema = store.rows(columns + "WHERE NOT internal ORDER BY ALL", {})
    found = schema, stored(store, "org"), answers(store, "org")
    store.close()
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_any_version_is_upgraded_and_answers_the_same(
    tmp_path: Path, version: int
) -> None:
    """Whichever server wrote it: four events, two without a price, and one payment."""
    paths = [tmp_path / f"{name}.duckdb" for name in ("old", "new")]
    for path, number in zip(paths, (version, VERSIONS[-1]), strict=True):
        file_of_version(path, number)
    upgraded, newest = map(contents, paths)
    assert upgraded == newest
    summary = upgraded[2][0]
    assert (summary.events, summary.unpriced_events, f"{summary.total_cost:f}") == (
        4, 2, "0.000000000002",
    )  # fmt: skip
    assert contents(paths[0]) == newest


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("dim_keys", '["\\u001F","plan","seats","share","x\\"\\\\u001f"]'),
        ("number_keys", '\n"\\u001F"\n"seats"\n"share"\n"x\\"\\\\u001f"\n'),
        ("metric_keys", '["tool_calls.web_search","units.images","usage.audio_input_tokens"]'),
    ],
)
def test_events_of_an_earlier_version_are_described_as_if_they_came_today(
    tmp_path: Path, column: str, told: Any
) -> None:
    """What later versions keep beside the dimensions and the units, to find them fast."""
    usage = {"audio_input_tokens": 3, "tool_calls": {"web_search": 2}, "batch": True}
    dimensions = {"seats": 3, "share": 0.5, "plan": "7", 'x"\\u001f': 2**62, "\x1f": 1e30}
    metadata = {"usage": usage, "units": {"images": 2}, "dimensions": dimensions}
    body = msgspec.json.encode({"events": [event(metadata=metadata), event()]})
    decoded = decode_batch(body, now=datetime.now(UTC)).events
    assert [getattr(each, column) for each in decoded] == [told, None]
    store = DuckDBStore(tmp_path / "ledger.duckdb")
    rows = [price(each, org_id="o", book=PriceBook.catalogue()) for each in decoded]
    store.append_usage([store.lay_out(rows)])
    with store.transaction() as transaction:
        transaction.rows(f"ALTER TABLE events DROP COLUMN {column}")
        # Whatever its number: later ones may need what it makes.
        (migration,) = [sql for _, sql in migrations() if f"ADD COLUMN {column} " in sql]
        for statement in migration.split(";\n"):
            if column in statement:
                transaction.rows(statement)
    found = store.rows(f"SELECT {column} FROM events ORDER BY rowid", {})  # noqa: S608  # ours
    store.close()
    assert [row[0] for row in found] == [told, None]


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version, its tables and its rows, though half of the migration had been done."""
    path = tmp_path / "ledger.duckdb"
    file_of_version(path, VERSIONS[-1])
    before = contents(path)
    bytes_before = path.read_bytes()
    broken = "CREATE TABLE half (n INTEGER); DELETE FROM events; SELECT error('no room')"
    with monkeypatch.context() as patched:
        steps = (*migrations(), (VERSIONS[-1] + 1, broken))
        patched.setattr(engine, "migrations", lambda: steps)
        with pytest.raises(DatabaseUnreadableError, match="no room"):
            DuckDBStore(path)
    assert path.read_bytes() == bytes_before
    assert contents(path) == before
