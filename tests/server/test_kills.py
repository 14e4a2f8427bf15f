from __future__ import annotations

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
from server.helpers import BATCH, event
from server.serving import Serving

from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 5
CONNECTIONS = 4
EVENTS = 40
ENOUGH = 25
"""Batches acknowledged before the kill, which then comes in the midst of others."""


class Senders:
    """Some connections that send batch after batch, now and then one a second time."""

    def __init__(self, serving: Serving, key: str) -> None:
        self._serving = serving
        self._headers = {"Authorization": f"Bearer {key}"}
        self.acknowledged: list[list[dict[str, Any]]] = []
        self.sent: set[str] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        """Send until the server is gone."""
        with httpx.Client(base_url=self._serving.url, headers=self._headers, timeout=30) as client:
            for number in range(10_000):
                batch = [event() for _ in range(EVENTS)]
                self.sent |= {each["sdk_event_id"] for each in batch}
                try:
                    self._send(client, batch)
                    if number % 3 == 0:
                        self._send(client, batch)
                except httpx.HTTPError:
                    return

    def _send(self, client: httpx.Client, batch: list[dict[str, Any]]) -> None:
        answer = client.post(BATCH, content=json.dumps({"events": batch}))
        assert answer.status_code == 200, answer.text
        self.acknowledged.append(batch)
        if len(self.acknowledged) >= ENOUGH:
            self.enough.set()


def test_kills_in_the_midst_of_ingest_lose_and_double_nothing(tmp_path: Path) -> None:
    """Five times kill -9 under four connections: all that was acknowledged is there, once.

    After each kill the next server replays the log and is sent the last batches again: it knows
    every event of them. What was sent but not acknowledged may be there, once at most.
    """
    path = tmp_path / "ledger.duckdb"
    key, acknowledged, sent = "", set[str](), set[str]()
    last: list[list[dict[str, Any]]] = []
    for _ in range(KILLS):
        serving = Serving(path)
        key = key or serving.key
        senders = Senders(serving, key)
        for batch in last[-5:]:
            assert resend(serving, key, batch) == {"accepted": 0, "duplicates": EVENTS}
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            running = [pool.submit(senders.run) for _ in range(CONNECTIONS)]
            assert senders.enough.wait(30)
            assert serving.end(signal.SIGKILL) == -signal.SIGKILL
        for each in running:
            each.result()
        last = senders.acknowledged
        acknowledged |= {each["sdk_event_id"] for batch in last for each in batch}
        sent |= senders.sent
    store = DuckDBStore(path)
    ids = [str(row[0]) for row in store.rows("SELECT event_id FROM events", {})]
    store.close()
    assert len(ids) == len(set(ids))
    assert acknowledged <= set(ids) <= sent
    assert len(acknowledged) >= KILLS * ENOUGH * EVENTS / 2


def resend(serving: Serving, key: str, batch: list[dict[str, Any]]) -> dict[str, int]:
    """Send a batch once more, and return what became of it."""
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(serving.url + BATCH, json={"events": batch}, headers=headers, timeout=30)
    return {name: answer.json()[name] for name in ("accepted", "duplicates")}
