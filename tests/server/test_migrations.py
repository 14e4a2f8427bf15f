from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.ledgers import answers, file_of_version, stored

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
