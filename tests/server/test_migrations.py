from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from server.ledgers import answers, stored

from bearlumen_server.storage import DatabaseUnreadableError
from bearlumen_server.storage import duckdb as engine
from bearlumen_server.storage.duckdb import DuckDBStore
from bearlumen_server.storage.migrations import migrations

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = [number for number, _ in migrations()]

ROWS = """
    INSERT INTO events
    SELECT 'org', uuid_from(n), make_timestamp(1772366400000000 + n), TIMESTAMP '2026-03-02',
        'openai', 'gpt-4o', 10, NULL, 1, 2, 3, CASE WHEN n % 2 = 0 THEN 0.000000000001 END,
        CASE WHEN n % 2 = 0 THEN 'explicit' END, NULL, 'user', 'chat', NULL, NULL, 's', NULL,
        '{"pages": 2.5}'::JSON::VARIANT, '{"team": "a", "seats": 9007199254740993}'::JSON::VARIANT,
        '{"batch": true}'::JSON::VARIANT, '{"note": [1, null]}'::JSON::VARIANT
    FROM range(4) AS t(n);
    INSERT INTO revenue VALUES ('org', 'r', 'user', 12.5, 'USD', TIMESTAMP '2026-03-01', NULL,
        TIMESTAMP '2026-03-02');
    INSERT INTO revenue_entries VALUES ('org', 'r', 'user', TIMESTAMP '2026-03-01', 12.5);
    """
UUID = "CAST('0195500000007000800000000000000' || n AS UUID)"


def file_of_version(path: Path, version: int) -> None:
    """Make a file as the first server left it, and as those up to a version upgraded it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP)")
        for number, sql in migrations():
            if number <= version:
                connection.execute(sql).fetchall()
                noted = "INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)"
                connection.execute(noted, [number]).fetchall()
            if number == 1:
                connection.execute(ROWS.replace("uuid_from(n)", UUID)).fetchall()


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
