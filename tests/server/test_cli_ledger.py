from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from server.helpers import Api, event
from server.test_cli import fails_with_one_line, run

from bearlumen_server import local_server
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from pathlib import Path

    from bearlumen_server import LocalServer


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A file with two events of today and one of three years ago, of two end users."""
    path = tmp_path / "ledger.duckdb"
    old = (datetime.now(UTC) - timedelta(days=3 * 365)).isoformat()
    with local_server(path) as server, httpx.Client(base_url=server.url) as client:
        api = Api(http=client, org_id="local", key=server.api_key)
        api.send([event(user_id="zwetschge"), event(), event(event_invoked_at=old)])
    return path


def events_in(path: Path) -> int:
    """Return how many events a file holds."""
    store = DuckDBStore(path)
    found = store.rows("SELECT count(*) FROM events", {})[0][0]
    store.close()
    return found


def test_old_events_are_counted_first_and_then_removed(ledger: Path) -> None:
    """A dry run removes nothing; a resend is no way back."""
    prune = ("ledger", "prune", "--older-than", "365d", "--database", ledger)
    assert "1 events" in run(*prune, "--dry-run").stdout
    assert events_in(ledger) == 3
    assert "1 events" in run(*prune).stdout
    assert events_in(ledger) == 2
    assert "bytes before" in run("ledger", "compact", "--database", ledger).stdout
    assert events_in(ledger) == 2


def test_an_end_user_is_erased_from_a_file_to_the_last_byte(ledger: Path) -> None:
    """The command compacts the file itself."""
    assert b"zwetschge" in ledger.read_bytes()
    done = run("ledger", "erase", "zwetschge", "--database", ledger)
    assert "1 events and 0 payments anonymised" in done.stdout
    assert b"zwetschge" not in ledger.read_bytes()
    assert events_in(ledger) == 3


def test_a_running_server_erases_and_exports(server: LocalServer, api: Api, tmp_path: Path) -> None:
    """It owns the file, so it is asked; its export is read like that of a file."""
    access = {"BEAR_LUMEN_URL": server.url, "BEAR_LUMEN_API_KEY": api.key}
    api.send([event(user_id="a/b"), event(user_id="c")])
    erased = run("ledger", "erase", "a/b", "--mode", "remove", **access)
    assert "1 events and 0 payments removed" in erased.stdout
    for encoding in ("parquet", "ndjson"):
        done = run("ledger", "export", tmp_path / encoding, "--format", encoding, **access)
        assert "events: 1 rows" in done.stdout, done.stderr
        path = tmp_path / f"{encoding}.duckdb"
        done = run("ledger", "import", tmp_path / encoding, "--database", path)
        assert "events: 1 new, 0 known already" in done.stdout, done.stderr
        assert "gone_events: 1 new" in done.stdout
        assert events_in(path) == 1


def test_a_ledger_moves_to_another_file_and_organisation(ledger: Path, tmp_path: Path) -> None:
    """Exported, imported twice, and asked: the second time nothing is new."""
    folder, path = tmp_path / "export", tmp_path / "moved.duckdb"
    assert run("ledger", "export", folder, "--database", ledger).returncode == 0
    into = ("ledger", "import", folder, "--database", path, "--organization", "acme")
    assert "acme has no API key yet" in run(*into).stdout
    assert "events: 0 new, 3 known already" in run(*into).stdout
    run("keys", "create", "first", "--organization", "acme", "--database", path)
    report = ("report", "costs", "--json", "--since", "2020-01-01", "--database")
    before, after = (json.loads(run(*report, each).stdout) for each in (ledger, path))
    assert before == after
    assert before["totalCost"] == "0.03"


FAILURES: list[tuple[list[str], str]] = [
    (["prune", "--older-than", "soon", "--database", "none.duckdb"], "--older-than"),
    (["prune", "--older-than", "1d", "--database", "none.duckdb"], "none.duckdb"),
    (["compact", "--database", "none.duckdb"], "none.duckdb"),
    (["export", "folder", "--format", "csv"], "--format"),
    (["import", "no-such-folder", "--database", "none.duckdb"], "no-such-folder"),
    (["export", "folder", "--url", "http://127.0.0.1:1", "--key", "k"], "does not answer"),
]


@pytest.mark.parametrize(("command", "says"), FAILURES)
def test_a_failure_somebody_can_mend_is_one_line(command: list[str], says: str) -> None:
    """No traceback, exit code 2, and the thing to change is named."""
    assert says in fails_with_one_line(run("ledger", *command))


def test_a_mode_that_is_none_and_an_export_that_is_there_are_refused(ledger: Path) -> None:
    """By name, as everywhere."""
    where = ("--database", str(ledger))
    assert "--mode" in fails_with_one_line(run("ledger", "erase", "x", "--mode", "hide", *where))
    folder = str(ledger.parent / "export")
    run("ledger", "export", folder, *where)
    line = fails_with_one_line(run("ledger", "export", folder, *where))
    assert "holds an export already" in line
