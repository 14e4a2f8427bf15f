"""What an operator sees: health, metrics, logs."""

from __future__ import annotations

import io
import json
import logging
import re
import select
import socket
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from server.helpers import BATCH, MARCH, Api, event

from bearlumen_server import local_server, logs
from bearlumen_server.api import probe
from bearlumen_server.api.middleware import SECURITY_HEADERS
from bearlumen_server.app import create_app
from bearlumen_server.keys import SCOPES, KeyRing
from bearlumen_server.observing import NO_ROUTE
from bearlumen_server.settings import Settings
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from bearlumen_server import LocalServer


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    """A ledger of its own."""
    opened = DuckDBStore(tmp_path / "ledger.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log, as JSON lines."""
    stream = io.StringIO()
    names = logs.LOGGERS
    before = {n: (logging.getLogger(n).handlers, logging.getLogger(n).level) for n in names}
    logs.configure("json", stream=stream)
    yield stream
    for name, (handlers, level) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, True
        logger.setLevel(level)


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines of the log so far."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def figures(text: str) -> dict[str, float]:
    """Each sample of the metrics, by name and labels as they are written."""
    return {
        sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def asked(app: FastAPI, path: str) -> httpx.Response:
    """Ask an application in this process."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        return await client.get(path)


def test_health_and_readiness_need_no_key(http: httpx.Client) -> None:
    """Whoever starts and stops the server has none."""
    assert http.get("/healthz").json() == {"status": "ok"}
    ready = http.get("/readyz").json()
    assert ready["status"] == "ready"
    assert set(ready["checks"].values()) == {"ok"}


def test_a_server_that_cannot_write_is_alive_and_not_ready(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reason is named; nothing else is said of it."""
    monkeypatch.setattr(probe, "PROBE_SECONDS", 0)

    def broken() -> None:
        raise OSError("No space left on /dev/secret")

    async def look() -> None:
        app = create_app(Settings(max_waiting_events=1), store)
        assert (await asked(app, "/readyz")).json()["details"]["checks"]["writer"] == "not running"
        async with app.router.lifespan_context(app):
            assert (await asked(app, "/readyz")).status_code == 200
            monkeypatch.setattr(store, "probe", broken)
            refused = await asked(app, "/readyz")
            assert refused.status_code == 503
            assert refused.json()["details"]["checks"]["database"] == "cannot be written"
            assert "secret" not in refused.text
            assert refused.headers["retry-after"] == "1"
            monkeypatch.undo()
            app.state.operations.stopping.set()
            assert "process: stopping" in (await asked(app, "/readyz")).json()["message"]
            assert (await asked(app, "/healthz")).status_code == 200

    anyio.run(look)


def test_the_database_is_not_written_for_every_question(store: DuckDBStore) -> None:
    """`/readyz` needs no key, so what it costs is bounded."""
    written: list[int] = []
    probed = store.probe
    store.probe = lambda: (written.append(1), probed())[1]

    async def look() -> None:
        app = create_app(Settings(), store)
        async with app.router.lifespan_context(app):
            for _ in range(5):
                assert (await asked(app, "/readyz")).status_code == 200

    anyio.run(look)
    assert len(written) == 1


def test_metrics_count_what_happened() -> None:
    """Two events new, one of them without a price; one known, two refused, in two commits."""
    with local_server() as server, httpx.Client(base_url=server.url, timeout=30) as client:
        api = Api(http=client, org_id="local", key=server.api_key)
        known = event()
        api.send([known, event(metadata={"cost": None}, model="nobody-knows"), {"bad": 1}])
        api.send([known, {"bad": 2}])
        client.get("/v1/nowhere/of/any/length")
        found = figures(client.get("/metrics").text)
    for outcome, count in (("accepted", 2), ("duplicate", 1), ("rejected", 2)):
        assert found[f'bearlumen_events_total{{"outcome": "{outcome}"}}'] == count
    assert found["bearlumen_events_unpriced_total{}"] == 1
    assert found["bearlumen_commit_events_count{}"] == 2
    assert found["bearlumen_commit_events_sum{}"] == 3
    assert found["bearlumen_queue_events{}"] == 0
    assert found["bearlumen_database_bytes{}"] > 0
    assert found["bearlumen_database_log_bytes{}"] > 0
    labels = {"method": "POST", "route": BATCH, "status": "200"}
    assert found["bearlumen_http_requests_total" + json.dumps(labels)] == 2
    labels = {"method": "GET", "route": NO_ROUTE, "status": "404"}
    assert found["bearlumen_http_requests_total" + json.dumps(labels)] == 1


def test_every_metric_is_documented(http: httpx.Client) -> None:
    """docs/operations.md says what each is, and of no other."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"^\| `(bearlumen_\w+)` \|", page, re.MULTILINE))
    families = text_string_to_metric_families(http.get("/metrics").text)
    served = {
        each.name + "_total" * (each.type == "counter")
        for each in families
        if not each.name.endswith("_created")
    }
    assert documented == served


def test_no_series_is_made_by_what_a_caller_chooses(api: Api, http: httpx.Client) -> None:
    """Paths, ids, methods and parameters without end leave as many series as before."""
    seen: list[set[str]] = []
    for number in range(2):
        api.request("DELETE", f"/v1/keys/key_{number}")
        api.request("GET", f"/v1/x{number}", params={f"p{number}": "v"})
        api.request(f"VERB{number}", "/v1/ping")
        seen.append(set(figures(http.get("/metrics").text)))
    before, after = seen
    assert {each for each in after - before if "/metrics" not in each} == set()


def test_metrics_can_be_turned_off() -> None:
    """Where the port is open to strangers."""
    with local_server(settings=Settings(metrics=False)) as server:
        assert httpx.get(f"{server.url}/metrics", timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/ping", 200),
        ("GET", "/v1/usage/summary", 400),
        ("GET", "/v1/nowhere", 404),
        ("PUT", "/v1/ping", 405),
        ("GET", "/v1/ping?" + "x" * 40_000, 200),
    ],
)
def test_every_answer_has_the_headers_that_keep_browsers_out(
    api: Api, method: str, path: str, status: int
) -> None:
    """Not stored, not sniffed, not framed, not run; and not a word of what serves it."""
    answered = api.request(method, path)
    assert answered.status_code == status
    for name, value in SECURITY_HEADERS:
        assert answered.headers.get_list(name.decode()) == [value.decode()]
    assert "server" not in answered.headers
    assert answered.headers["x-correlation-id"]


@pytest.mark.parametrize(
    "given",
    [
        {"path": "/v1/" + "x" * 60_000},
        {"path": "/v1/ping", "headers": {"X-Long": "x" * 70_000}},
        {"path": "/v1/usage/summary", "params": [*MARCH.items(), *[("model", "m")] * 5000]},
        {
            "path": "/v1/usage/summary",
            "params": [*MARCH.items(), *((f"dimension.d{n}", "v") for n in range(1000))],
        },
        {
            "path": "/v1/usage/summary",
            "params": [*MARCH.items(), *((f"p{n}", "v") for n in range(5000))],
        },
    ],
)
def test_a_head_without_end_is_the_callers_mistake(api: Api, given: dict[str, Any]) -> None:
    """Long URLs, long headers, many parameters: a 4xx, at once."""
    began = time.perf_counter()
    answered = api.request("GET", **given)
    assert 400 <= answered.status_code < 500
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("path", ["/v1/ping?", "/v1/"])
def test_a_url_without_end_is_the_callers_mistake(server: LocalServer, path: str) -> None:
    """Longer than any client of ours would send."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("GET", path + "x" * 70_000)
    assert 400 <= connection.getresponse().status < 500
    connection.close()


@pytest.mark.parametrize("start", ["GET /", "GET /v1/ping HTTP/1.1\r\nX-Long: ", ""])
def test_a_head_that_never_ends_is_given_up_on(server: LocalServer, start: str) -> None:
    """A URL, a header, or headers without end: a 400 after 256 KiB, and the connection ends."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    step = b"x" * 10_000 if start else b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2000
    sent = 0
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(start.encode())
        with suppress(ConnectionError):
            while sent < 5_000_000 and not select.select([connection], [], [], 0.001)[0]:
                connection.sendall(step)
                step = step if start else b"a: b\r\n" * 2000
                sent += len(step)
            assert connection.recv(1000).startswith(b"HTTP/1.1 400")
    assert sent < 2_000_000


def test_nobody_is_let_off_to_another_protocol(api: Api) -> None:
    """There are no websockets here: a wish for one is answered as if it had not been uttered."""
    wish = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x" * 22 + "=="}
    answered = api.request("GET", "/v1/ping", headers={**wish, "Sec-WebSocket-Version": "13"})
    assert answered.status_code == 200


def session(settings: Settings) -> list[str]:
    """Let go wrong what can; return all that was said, and the keys."""
    secrets = [
        f"hush{name}" for name in ("model", "user", "prompt", "dim", "value", "param", "path")
    ]
    model, user, prompt, dim, value, param, path = secrets
    with (
        local_server(settings=settings) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        api = Api(http=client, org_id="local", key=server.api_key)
        made = api.request("POST", "/v1/keys", json={"name": "hushname"}).json()
        sent = event(
            model=model, user_id=user, metadata={"note": prompt, "dimensions": {dim: value}}
        )
        api.send([sent, sent, {**sent, "input_tokens": -1}, {prompt: prompt}])
        api.request("POST", BATCH, content=prompt.encode())
        api.request("POST", "/v1/usage/events", json={"metricName": prompt})
        api.request(
            "GET", "/v1/usage/summary", params={**MARCH, "model": model, f"dimension.{dim}": value}
        )
        api.request("GET", "/v1/usage/summary", params={**MARCH, param: param})
        api.request("GET", f"/v1/{path}")
        api.request("DELETE", f"/v1/keys/{path}")
        client.get("/v1/ping", headers={"Authorization": "Bearer sk_live_hushwrong"})
        api.request("GET", "/v1/ping", headers={"X-Correlation-Id": "the-id"})
    return [*secrets, "hushname", "hushwrong", server.api_key, made["key"]]


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_log_holds_no_key_and_nothing_anybody_sent(form: str) -> None:
    """Keys, names, prompts, parameters and paths: none of it is in a line, whatever goes wrong."""
    stream = io.StringIO()
    logs.configure(form, stream=stream, level="debug")
    try:
        secrets = session(Settings(access_log=True))
    finally:
        for name in logs.LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.NOTSET)
    text = stream.getvalue()
    assert "the-id" in text
    assert text.count("/v1/usage/summary") == 2
    assert [secret for secret in secrets if secret in text] == []
    assert "hush" not in text


def test_a_request_is_a_line_with_who_what_and_how_long(lines: io.StringIO) -> None:
    """The key by its id, the path by its template."""
    with local_server(settings=Settings(access_log=True)) as server:
        headers = {"Authorization": f"Bearer {server.api_key}", "X-Correlation-Id": "me"}
        key = httpx.get(f"{server.url}/v1/keys", headers=headers, timeout=30).json()["keys"][0]
        httpx.delete(f"{server.url}/v1/keys/other", headers=headers, timeout=30)
        httpx.get(f"{server.url}/healthz", timeout=30)
    listed, deleted, health = (line for line in read(lines) if line["logger"].endswith("access"))
    assert listed["keyId"] == key["id"]
    assert listed["organizationId"] == "local"
    assert listed["correlationId"] == "me"
    assert listed["milliseconds"] > 0
    assert (deleted["method"], deleted["route"], deleted["status"]) == (
        "DELETE", "/v1/keys/{key_id}", 404,
    )  # fmt: skip
    assert "keyId" not in health


def test_what_goes_wrong_on_a_thread_is_logged_with_the_request(
    store: DuckDBStore, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer writes for many requests at once; its line names them."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("disk")

    _, secret = KeyRing(store).create(org_id="o", name="n", scopes=SCOPES)

    async def send() -> None:
        app = create_app(Settings(), store)
        headers = {"Authorization": f"Bearer {secret}", "X-Correlation-Id": "abc"}
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://s", headers=headers) as client,
            app.router.lifespan_context(app),
        ):
            monkeypatch.setattr(store, "append_usage", broken)
            sent = await client.post(BATCH, json={"events": [event()]})
            assert sent.status_code == 500

    anyio.run(send)
    failed = [line for line in read(lines) if line["level"] == "error"]
    assert ["abc" in line["message"] for line in failed if "writer" in line["logger"]] == [True]
    assert [line["correlationId"] for line in failed if "middleware" in line["logger"]] == ["abc"]
    assert all("RuntimeError" in line["exception"] for line in failed)


def test_an_id_in_the_log_is_that_of_the_answer(lines: io.StringIO) -> None:
    """Also for two requests at once."""
    with local_server(settings=Settings(access_log=True)) as server:

        def ask(name: str) -> None:
            httpx.get(f"{server.url}/v1/{name}", headers={"X-Correlation-Id": name})

        threads = [threading.Thread(target=ask, args=(f"n{n}",)) for n in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    ids = re.findall(r'"correlationId":"(n\d)"', lines.getvalue())
    assert sorted(ids) == [f"n{n}" for n in range(8)]
