"""Real servers, many users at once, streaming and not: none is taken for another, none is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
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
APP = "integrations.flask.site.app:application"
GUNICORN = ("-m", "gunicorn", APP, "--no-control-socket", "--workers", "2")
SERVERS = {
    "gunicorn gthread": (*GUNICORN, "--threads", "16"),
    "gunicorn gthread preload": (*GUNICORN, "--threads", "16", "--preload"),
    "gunicorn gevent": (*GUNICORN, "--worker-class", "gevent"),
    "werkzeug threaded": (
        "-m", "flask", "--app", APP, "run", "--with-threads", "--no-reload",
    ),
}  # fmt: skip


def events_of(stub: Stub) -> list[dict[str, Any]]:
    """Every event that it was sent."""
    return [event for seen in stub.seen if seen.method == "POST" for event in seen.json["events"]]


def accept(seen: Seen) -> Reply:
    """Take every event."""
    events = seen.json["events"] if seen.method == "POST" else []
    return Reply(body={"accepted": len(events), "duplicates": 0, "rejected": []})


@contextmanager
def served(command: Sequence[str], port: int, stub: Stub, folder: Path) -> Generator[None]:
    """The site, by that server, until it has ended in order."""
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
        while get(port, "/quiet", "") != b"ok":
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield
    finally:
        # The development server is ended from the keyboard.
        process.send_signal(signal.SIGINT if "flask" in command else signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def get(port: int, path: str, user: str) -> bytes | None:
    """What the site answers; None where it does not."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", path, headers={"X-User": user} if user else {})
        return connection.getresponse().read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("server", SERVERS)
def test_many_users_at_once_are_never_mixed_up_and_lose_nothing(
    server: str, tmp_path: Path
) -> None:
    """Two hundred, each asking for a page and for two kinds of stream."""
    if "gunicorn" in server:
        pytest.importorskip("gunicorn")
    if "gevent" in server:
        pytest.importorskip("gevent")
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        port = listening.getsockname()[1]
    bind = ("--bind", f"{HOST}:{port}") if "gunicorn" in server else ("--port", str(port))

    def ask(number: int) -> list[bytes | None]:
        user = f"user-{number}"
        return [get(port, f"/{view}/{user}", user) for view in ("slow_as", "body_as", "context_as")]

    with stub_server(accept) as stub:
        with (
            served((*SERVERS[server], *bind), port, stub, tmp_path),
            ThreadPoolExecutor(40) as pool,
        ):
            answers = list(pool.map(ask, range(USERS)))
        events = events_of(stub)
    assert answers == [[b"ok", b"abc", b"abc"]] * USERS
    crossed = [e for e in events if e["metadata"]["dimensions"]["as"] != e.get("user_id")]
    assert crossed == []
    assert len({event["sdk_event_id"] for event in events}) == len(events) == USERS * 8
