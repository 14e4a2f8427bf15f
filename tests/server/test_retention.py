from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from server.helpers import Api, event

from bearlumen_server.app import create_app
from bearlumen_server.ledger import retention
from bearlumen_server.ledger.retention import Retention, count_older, prune
from bearlumen_server.local import local_server
from bearlumen_server.settings import Settings, SettingsError
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUT = datetime(2026, 2, 1, tzinfo=UTC)
OLD, NEW = "2026-01-31T23:59:59.999999Z", "2026-02-01T00:00:00Z"
ALL = {"startDate": "2025-01-01", "endDate": "2026-12-31"}


def send(path: Path, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Send events to a server over a file, and return the answer."""
    with local_server(path) as server, httpx.Client(base_url=server.url) as client:
        return Api(http=client, org_id="local", key=server.api_key).send(events)


def times(store: DuckDBStore) -> list[datetime]:
    """Return when the calls in the ledger were made."""
    return [row[0] for row in store.rows("SELECT ts FROM events ORDER BY ts", {})]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A file with 30 events, every third one from before the cut."""
    path = tmp_path / "ledger.duckdb"
    send(path, [event(event_invoked_at=OLD if n % 3 == 0 else NEW) for n in range(30)])
    return path


@pytest.fixture
def store(ledger: Path) -> Iterator[DuckDBStore]:
    """The file, opened."""
    opened = DuckDBStore(ledger)
    yield opened
    opened.close()


def test_events_of_calls_before_the_cut_go(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten go, in chunks of four; a call at the cut itself stays, and a second run finds nothing."""
    monkeypatch.setattr(retention, "CHUNK_EVENTS", 4)
    pauses: list[None] = []

    def pause() -> bool:
        pauses.append(None)
        return False

    assert count_older(store, CUT) == 10
    assert prune(store, CUT, pause=pause) == 10
    assert times(store) == [CUT.replace(tzinfo=None)] * 20
    assert len(pauses) == 3
    assert (count_older(store, CUT), prune(store, CUT)) == (0, 0)


def test_only_the_organisation_named_is_pruned(store: DuckDBStore) -> None:
    """Another one keeps for as long as it likes."""
    assert prune(store, CUT, org_id="somebody else") == 0
    assert prune(store, CUT, org_id="local") == 10


@pytest.mark.parametrize("make_id", [uuid4, None])
def test_a_resend_of_a_pruned_event_is_a_duplicate(tmp_path: Path, make_id: Any) -> None:
    """Exactly once holds for ever, whatever kind of id it has."""
    path = tmp_path / "ledger.duckdb"
    ids: dict[str, Any] = {"sdk_event_id": str(make_id())} if make_id else {}
    sent = [event(event_invoked_at=OLD, **ids), event(event_invoked_at=NEW)]
    assert send(path, sent)["accepted"] == 2
    store = DuckDBStore(path)
    assert prune(store, CUT) == 1
    store.close()
    assert send(path, sent) == {"accepted": 0, "duplicates": 2, "rejected": []}


def test_a_late_event_is_accepted_and_goes_with_the_next_run(store: DuckDBStore) -> None:
    """Its sender is not made to keep it for ever; the horizon is kept by the run."""
    prune(store, CUT)
    path = store.path
    store.close()
    assert send(path, [event(event_invoked_at=OLD)])["accepted"] == 1
    again = DuckDBStore(path)
    assert prune(again, CUT) == 1
    again.close()


def test_a_server_prunes_when_it_starts(store: DuckDBStore) -> None:
    """On a thread of its own, so that it serves meanwhile."""
    keeper = Retention(store, days=10, now=lambda: CUT + timedelta(days=10))
    keeper.start()
    deadline = time.monotonic() + 20
    while len(times(store)) > 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    keeper.close()
    assert len(times(store)) == 20


def test_a_run_that_fails_is_logged_and_the_server_goes_on(
    store: DuckDBStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tomorrow it is tried again."""

    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("no room")

    monkeypatch.setattr(retention, "prune", broken)
    keeper = Retention(store, days=1)
    keeper.start()
    deadline = time.monotonic() + 20
    while "no room" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "no room" in caplog.text
    keeper.close()


@pytest.mark.anyio
async def test_a_server_with_a_horizon_keeps_it(store: DuckDBStore) -> None:
    """The setting alone does it: events of long ago are gone soon after the start."""
    app = create_app(Settings(retention_days=1), store)
    deadline = time.monotonic() + 20
    async with app.router.lifespan_context(app):
        while times(store) and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251  # the thread under test has no need of this loop
    assert times(store) == []


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as uvicorn does."""
    return "asyncio"


def test_the_horizon_is_read_from_the_environment() -> None:
    """Events are kept for ever unless a number of days is set."""
    assert Settings.from_environment({}).retention_days == 0
    assert Settings.from_environment({"BEAR_LUMEN_RETENTION_DAYS": "90"}).retention_days == 90


@pytest.mark.parametrize("text", ["-3", "soon"])
def test_a_horizon_that_is_none_is_refused(text: str) -> None:
    """No mistake in a setting may remove the ledger."""
    with pytest.raises(SettingsError, match=f"BEAR_LUMEN_RETENTION_DAYS is '?{text}'?"):
        Settings.from_environment({"BEAR_LUMEN_RETENTION_DAYS": text})
