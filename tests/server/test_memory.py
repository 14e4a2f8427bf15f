from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from server.helpers import BATCH, MARCH, event

from bearlumen_server import local_server
from bearlumen_server.settings import LEAST_MEMORY_MEGABYTES, Settings
from bearlumen_server.storage import OutOfMemoryError
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGE = "SELECT count(DISTINCT md5(CAST(i AS VARCHAR))) FROM range(8000000) AS r(i)"
"""About 500 MB of different texts."""
TOO_LARGE = "SELECT len(list(md5(CAST(i AS VARCHAR)))) FROM range(16000000) AS r(i)"
"""As one value, which has to be in memory."""


def test_what_needs_more_memory_goes_to_disk_beside_the_file(tmp_path: Path) -> None:
    """And is gone from there when it is answered."""
    store = DuckDBStore(tmp_path / "l.duckdb", memory_megabytes=LEAST_MEMORY_MEGABYTES)
    assert store.rows("SELECT current_setting('temp_directory')", {}) == [
        (str(tmp_path / "l.duckdb.tmp"),)
    ]
    assert store.rows(LARGE, {}) == [(8_000_000,)]
    store.close()
    assert [each.name for each in tmp_path.iterdir()] == ["l.duckdb"]


def test_a_question_that_needs_more_than_both_is_refused_and_the_next_is_not(
    tmp_path: Path,
) -> None:
    """The one question fails; the store goes on."""
    store = DuckDBStore(tmp_path / "l.duckdb", memory_megabytes=100, spill_megabytes=10)
    with pytest.raises(OutOfMemoryError):
        store.rows(TOO_LARGE, {})
    assert store.rows("SELECT 1", {}) == [(1,)]
    store.close()


def test_a_server_says_that_a_question_was_too_large_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A 503 with words that say what to do."""
    rows = DuckDBStore.rows

    def large(store: DuckDBStore, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        return rows(store, TOO_LARGE, {}) if "feature" in sql else rows(store, sql, parameters)

    monkeypatch.setattr(DuckDBStore, "rows", large)
    settings = Settings(memory_megabytes=LEAST_MEMORY_MEGABYTES, spill_megabytes=0)
    with local_server(settings=settings) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=30) as client:
            answer = client.get("/v1/costs/by-feature", params=MARCH)
            assert (answer.status_code, answer.json()["code"]) == (503, "server_error")
            assert "memory_megabytes" in answer.json()["message"]
            assert client.post(BATCH, json={"events": [event()]}).json()["accepted"] == 1
            assert client.get("/v1/costs/by-model", params=MARCH).json()["totalCost"] == "0.01"
