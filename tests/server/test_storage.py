from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import duckdb
import httpx
import pytest
from server.helpers import AT, BATCH, Api, event

from bearlumen_server import local_server
from bearlumen_server.serving import AddressError, listen
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


@pytest.mark.parametrize(
    "table",
    [
        "notes (text VARCHAR)",
        "schema_version (name VARCHAR)",
        "schema_version (version VARCHAR, applied_at TIMESTAMP)",
        "events (schema_version INTEGER)",
    ],
)
def test_another_programs_database_is_left_as_it_is(tmp_path: Path, table: str) -> None:
    """A file named by mistake keeps its tables, and gets none of ours."""
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE {table}").fetchall()
    before = path.read_bytes()
    with pytest.raises(DatabaseUnreadableError, match="is not a Bear Lumen ledger"):
        DuckDBStore(path)
    assert path.read_bytes() == before


def test_a_ledger_that_cannot_be_upgraded_says_so(tmp_path: Path) -> None:
    """In one line, as any file that cannot be used."""
    path = tmp_path / "odd.duckdb"
    DuckDBStore(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM schema_version").fetchall()
    with pytest.raises(DatabaseUnreadableError, match=r"cannot use .*odd\.duckdb as a ledger"):
        DuckDBStore(path)


def test_a_ledger_of_the_first_version_is_upgraded_with_its_rows(tmp_path: Path) -> None:
    """Old events are as they were and known as such; new ones have what is new."""
    path = tmp_path / "first.duckdb"
    old = event(metadata={"feature": "chat"})
    _write_first_version(path, old)
    new = event(metadata={"parent_event_id": old["sdk_event_id"], "reported": {"a.b": 1}})
    for duplicates in (1, 2):  # the second time over the upgraded file
        with local_server(path) as server, httpx.Client(base_url=server.url) as client:
            api = Api(http=client, org_id="local", key=server.api_key)
            assert api.send([old, new])["duplicates"] == duplicates
            found = {each["eventId"]: each for each in api.events()}
    before, after = found[old["sdk_event_id"]], found[new["sdk_event_id"]]
    assert (before["cost"], before["feature"], before["usage"]) == ("0.01", "chat", {"n": 1})
    assert (before["parentEventId"], before["providerCost"], before["reported"]) == (None, None, {})
    assert (after["parentEventId"], after["reported"]) == (before["eventId"], {"a.b": 1})


def _write_first_version(path: Path, sent: dict[str, Any]) -> None:
    """Make a file as the first version of the schema left it, with one event in it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(migrations()[0][1]).fetchall()
        connection.execute(
            "CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP);"
            "INSERT INTO schema_version VALUES (1, now()::TIMESTAMP)"
        ).fetchall()
        nothing = "'{}'::JSON::VARIANT"
        connection.execute(
            "INSERT INTO events VALUES ('local', $id, $at::TIMESTAMP, $at::TIMESTAMP, 'openai', "  # noqa: S608
            "'gpt-4o', 10, 5, 0, 0, 0, 0.01, 'explicit', NULL, NULL, 'chat', NULL, NULL, NULL, "
            f"NULL, {nothing}, {nothing}, '{{\"n\": 1}}'::JSON::VARIANT, {nothing})",
            {"id": sent["sdk_event_id"], "at": AT.removesuffix("Z")},
        ).fetchall()


def test_a_path_that_speaks_of_locks_is_not_locked(tmp_path: Path) -> None:
    """Only another process's lock is one."""
    path = tmp_path / "clock" / "lock.duckdb"
    with pytest.raises(DatabaseUnreadableError, match="cannot open"):
        DuckDBStore(path)


def test_a_client_stalled_in_the_middle_of_a_body_does_not_hold_the_server(
    tmp_path: Path,
) -> None:
    """It is given up on after a while, and what was accepted is written."""
    path = tmp_path / "ledger.duckdb"
    with local_server(path, settings=Settings(shutdown_seconds=1)) as server:
        assert count(server) == 1
        port = int(server.url.rpartition(":")[2])
        stalled = socket.create_connection(("127.0.0.1", port))
        head = f"POST {BATCH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {server.api_key}\r\n"
        stalled.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        assert count(server) == 2  # by now the server has seen it
        stopping = threading.Thread(target=server.stop, daemon=True)
        stopping.start()
        stopping.join(5)
        stuck = stopping.is_alive()
        stalled.close()
    assert not stuck
    with local_server(path) as again:
        assert count(again) == 3


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", 65536), ("127.0.0.1", -1), ("a..b", 0), ("x" * 64 + ".test", 0), ("", 10**30)],
)
def test_an_address_that_is_none_is_refused(host: str, port: int) -> None:
    """Rather than taken for another, or a traceback."""
    with pytest.raises(AddressError, match="cannot listen on"):
        listen(host, port).close()


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
