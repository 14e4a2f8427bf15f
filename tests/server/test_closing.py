"""Giving the file back while questions run."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import duckdb

from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from pathlib import Path

LONG = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range ^ b.range) = $n"


def test_closing_breaks_off_a_question_that_runs(tmp_path: Path) -> None:
    """A server that is told to stop does not wait for a long report, nor fail because of it."""
    store = DuckDBStore(tmp_path / "ledger.duckdb")
    ended: list[str] = []

    def ask() -> None:
        try:
            store.rows(LONG, {"n": -1})
        except duckdb.InterruptException:
            ended.append("broken off")

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    time.sleep(0.3)
    store.close()
    asking.join(5)
    assert ended == ["broken off"]
    DuckDBStore(tmp_path / "ledger.duckdb").close()
