from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from server.helpers import BATCH, MARCH, event
from starlette.requests import Request

from bearlumen_server.api import body, ingest
from bearlumen_server.api.errors import ApiError
from bearlumen_server.app import create_app
from bearlumen_server.keys import SCOPES, KeyRing
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.writer import Writer, WriterBusyError, WriterClosedError
from bearlumen_server.settings import Settings
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
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

    def enqueue(self, *_: object, **__: object) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
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
    answer = response.json()
    assert (response.status_code, answer["code"]) == (500, "server_error")
    assert "secret_plans" not in response.text
    assert "secret_plans" in caplog.text
    assert answer["correlationId"] == response.headers["x-correlation-id"]
    assert answer["correlationId"] in caplog.text
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_body_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stalled sender is told so, and its connection is closed."""
    monkeypatch.setattr(body, "READ_SECONDS", 0.01)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep_forever()

    received = stalled()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(received), "more_body": True}

    request = Request({"type": "http", "headers": [], "method": "POST"}, receive)
    with pytest.raises(ApiError) as refused:
        await body.read_body(request)
    assert refused.value.status == 408
    assert refused.value.headers == {"Connection": "close"}


async def test_reports_leave_threads_to_everybody_else(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many reports there are, ping, revenue and large batches are answered."""
    app = create_app(Settings(), store)
    go_on = threading.Event()
    asked = store.rows

    def slow(*args: Any) -> list[Any]:
        go_on.wait(20)
        return asked(*args)

    async with calling(app, store) as client, app.router.lifespan_context(app):
        monkeypatch.setattr(store, "rows", slow)
        async with anyio.create_task_group() as reports:
            for _ in range(50):
                reports.start_soon(partial(client.get, "/v1/usage/summary", params=MARCH))
            await anyio.wait_all_tasks_blocked()
            try:
                with anyio.fail_after(10):
                    assert (await client.get("/v1/ping")).status_code == 200
                    events = [event(metadata={"note": "x" * 1000}) for _ in range(100)]
                    batch = await client.post(BATCH, json={"events": events})
                    assert batch.json()["accepted"] == 100
            finally:
                go_on.set()


async def test_a_large_body_is_not_read_on_the_event_loop(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second of decoding would be a second in which nobody is answered."""
    decoded_on: list[str] = []

    def decode(*args: Any, **options: Any) -> Any:
        decoded_on.append(threading.current_thread().name)
        return decode_batch(*args, **options)

    monkeypatch.setattr(ingest, "decode_batch", decode)
    app = create_app(Settings(), store)
    async with calling(app, store) as client, app.router.lifespan_context(app):
        for note in ("short", "long" * 20_000):
            await client.post(BATCH, json={"events": [event(metadata={"note": note})]})
    here = threading.current_thread().name
    assert [name == here for name in decoded_on] == [True, False]
