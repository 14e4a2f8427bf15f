from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from server.helpers import BATCH, MARCH, event

from bearlumen_server.app import create_app
from bearlumen_server.keys import SCOPES, KeyRing
from bearlumen_server.ledger.writer import Writer, WriterBusyError, WriterClosedError
from bearlumen_server.settings import Settings
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as uvicorn does."""
    return "asyncio"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    """A ledger of its own."""
    opened = DuckDBStore(tmp_path / "ledger.duckdb")
    yield opened
    opened.close()


def calling(app: FastAPI, store: DuckDBStore) -> httpx.AsyncClient:
    """Talk to an application in this process, with a key of every scope."""
    _, secret = KeyRing(store).create(org_id="o", name="n", scopes=SCOPES)
    app.state.keys = KeyRing(store)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://server",
        headers={"Authorization": f"Bearer {secret}"},
    )


class Refusing(Writer):
    """A writer in no state to take anything."""

    error: type[Exception] = WriterBusyError

    def submit(self, *_: object, **__: object) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take nothing."""
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (WriterBusyError, 429, "rate_limit_exceeded"),
        (WriterClosedError, 503, "server_error"),
    ],
)
async def test_a_writer_that_takes_nothing_says_when_to_come_back(
    store: DuckDBStore, error: type[Exception], status: int, code: str
) -> None:
    """The client keeps its events and waits as long as it is told."""
    app = create_app(Settings(), store)
    writer = Refusing(store, app.state.writer, max_waiting_events=1)
    writer.error = error
    app.state.writer = writer
    async with calling(app, store) as client:
        response = await client.post(BATCH, json={"events": [event()]})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["retry-after"] == "1"


async def test_a_crash_says_nothing_internal_and_is_logged(
    store: DuckDBStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets an id; the operator finds the traceback by it."""
    app = create_app(Settings(), store)

    def broken(*_: object) -> None:
        raise RuntimeError("table secret_plans is missing")

    async with calling(app, store) as client:
        monkeypatch.setattr(store, "rows", broken)
        response = await client.get("/v1/usage/summary", params=MARCH)
    body = response.json()
    assert (response.status_code, body["code"]) == (500, "server_error")
    assert "secret_plans" not in response.text
    assert "secret_plans" in caplog.text
    assert body["correlationId"] == response.headers["x-correlation-id"]
    assert body["correlationId"] in caplog.text
    assert response.headers["x-content-type-options"] == "nosniff"
