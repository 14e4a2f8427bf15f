"""A real server, many users at once, streaming and not: none is taken for another, none is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from support.stub import Reply, Seen, Stub, stub_server

TESTS = Path(__file__).parents[2]
HOST = "127.0.0.1"
USERS = 200
APP = "integrations.asgi.site.apps:served"
SERVERS = {
    "uvicorn": ("-m", "uvicorn", "--factory", APP, "--log-level", "warning"),
    "gunicorn": (
        "-m", "gunicorn", f"{APP}()", "--worker-class", "uvicorn_worker.UvicornWorker",
        "--no-control-socket", "--workers", "2",
    ),
}  # fmt: skip


def accept(seen: Seen) -> Reply:
    """Take every event."""
    events = seen.json["events"] if seen.method == "POST" else []
    return Reply(body={"accepted": len(events), "duplicates": 0, "rejected": []})


def events_of(stub: Stub) -> list[dict[str, Any]]:
    """Every event that it was sent."""
    return [event for seen in stub.seen if seen.method == "POST" for event in seen.json["events"]]


@contextmanager
def served(command: tuple[str, ...], port: int, stub: Stub, folder: Path) -> Generator[None]:
    """The app, until its server has ended in order."""
    environment = {"BEAR_LUMEN_URL": stub.url, "BEAR_LUMEN_API_KEY": "sk_test_1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**os.environ, **environment, "PYTHONPATH": str(TESTS)},
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + 30
        while get(port, "/quiet", "") != b'"ok"':
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def get(port: int, path: str, user: str) -> bytes | None:
    """What the app answers; None where it does not."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        headers = {"x-user": user} if user else {}
        connection.request("GET", f"{path}?user={user}", headers=headers)
        return connection.getresponse().read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("server", SERVERS)
def test_many_users_at_once_are_never_mixed_up_and_lose_nothing(
    server: str, tmp_path: Path
) -> None:
    """Two hundred, each asking for a page, a threaded one and both kinds of stream."""
    if server == "gunicorn":
        pytest.importorskip("uvicorn_worker")
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        port = listening.getsockname()[1]
    bind = ("--bind", f"{HOST}:{port}") if server == "gunicorn" else ("--port", str(port))

    def ask(number: int) -> list[bytes | None]:
        paths = ("/plain", "/sync", "/body", "/async_body")
        return [get(port, path, f"user-{number}") for path in paths]

    with stub_server(accept) as stub:
        with (
            served((*SERVERS[server], *bind), port, stub, tmp_path),
            ThreadPoolExecutor(40) as pool,
        ):
            answers = list(pool.map(ask, range(USERS)))
        events = events_of(stub)
    assert answers == [[b'"ok"', b'"ok"', b"abc", b"abc"]] * USERS
    crossed = [e for e in events if e["metadata"]["dimensions"]["as"] != e.get("user_id")]
    assert crossed == []
    assert len({event["sdk_event_id"] for event in events}) == len(events) == USERS * 10
