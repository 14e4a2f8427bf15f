from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import httpx
import pytest
from server.helpers import Api, event

from bearlumen_server import local_server
from bearlumen_server.settings import Settings, SettingsError
from bearlumen_server.storage import DatabaseTooNewError, DatabaseUnreadableError
from bearlumen_server.storage.duckdb import DuckDBStore
from bearlumen_server.storage.migrations import migrations

if TYPE_CHECKING:
    from pathlib import Path

    from bearlumen_server import LocalServer


def count(server: LocalServer) -> int:
    """Send one event, and return how many there are."""
    with httpx.Client(base_url=server.url) as client:
        api = Api(http=client, org_id="local", key=server.api_key)
        api.send([event()])
        return api.get("/v1/usage/summary")["totalEvents"]


def test_a_local_server_keeps_its_file(tmp_path: Path) -> None:
    """The second run finds what the first stored, and has a key of its own."""
    path = tmp_path / "kept.duckdb"
    with local_server(path) as first:
        assert count(first) == 1
    with local_server(path) as second:
        assert count(second) == 2
    assert first.api_key != second.api_key


def test_a_local_server_without_a_path_leaves_nothing_behind() -> None:
    """Each has a ledger of its own, and may be stopped before its block ends."""
    with local_server() as one, local_server() as two:
        assert (count(one), count(two)) == (1, 1)
        one.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(one.url)


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """Rather than written to by code that does not know what it holds."""
    path = tmp_path / "later.duckdb"
    DuckDBStore(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, now()::TIMESTAMP)").fetchall()
    with pytest.raises(DatabaseTooNewError, match="schema version 9999"):
        DuckDBStore(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader")
    with pytest.raises(DatabaseUnreadableError, match=r"letter\.txt"):
        DuckDBStore(path)
    assert path.read_text() == "Dear reader"


def test_migrations_are_numbered_without_a_gap() -> None:
    """A gap or a repeated number would leave files of one version unlike each other."""
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_settings_are_read_from_the_environment() -> None:
    """What is not set keeps its default."""
    found = Settings.from_environment({"BEAR_LUMEN_PORT": "9", "BEAR_LUMEN_DATABASE": "x.duckdb"})
    assert (found.port, found.database.name, found.host) == (9, "x.duckdb", "127.0.0.1")


def test_a_setting_that_is_no_number_is_named() -> None:
    """So that it can be found."""
    with pytest.raises(SettingsError, match="BEAR_LUMEN_PORT is 'http'"):
        Settings.from_environment({"BEAR_LUMEN_PORT": "http"})
