"""A site that a real server of its framework serves, and a stand-in for ours that takes events."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from .stub import Reply, Seen, Stub, stub_server

TESTS = Path(__file__).parents[1]
HOST = "127.0.0.1"
START_SECONDS = 30
END_SECONDS = 30


@contextmanager
def receiving() -> Generator[Stub]:
    """A server that takes every event."""

    def answer(seen: Seen) -> Reply:
        events = seen.json["events"] if seen.method == "POST" else []
        return Reply(body={"accepted": len(events), "duplicates": 0, "rejected": []})

    with stub_server(answer) as stub:
        yield stub


def events_of(stub: Stub) -> list[dict[str, Any]]:
    """Every event that it was sent."""
    return [event for seen in stub.seen if seen.method == "POST" for event in seen.json["events"]]


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        return listening.getsockname()[1]


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> bytes | None:
    """What the site answers; None where it does not."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        return connection.getresponse().read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@contextmanager
def running(
    command: Sequence[str],
    stub: Stub,
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    ends_with: signal.Signals = signal.SIGTERM,
) -> Generator[Callable[[Callable[[], bool]], None]]:
    """A program of Python's that tracks, until it has ended in order; gives a way to wait for it.

    Args:
        command: What follows the interpreter.
        stub: Where its events go.
        folder: Where it runs, and its log is.
        environment: What else it is told.
        ends_with: The signal that ends it.
    """
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={
                **os.environ,
                "BEAR_LUMEN_URL": stub.url,
                "BEAR_LUMEN_API_KEY": "sk_test_1",
                "PYTHONPATH": os.pathsep.join([str(folder), str(TESTS)]),
                **(environment or {}),
            },
            stdout=output,
            stderr=output,
        )

    def wait_for(happened: Callable[[], bool]) -> None:
        until = time.monotonic() + START_SECONDS
        while not happened():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    try:
        yield wait_for
    finally:
        process.send_signal(ends_with)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextmanager
def served(
    command: Sequence[str], port: int, stub: Stub, folder: Path, **how: Any
) -> Generator[Callable[[Callable[[], bool]], None]]:
    """A site, from when its page `/quiet` says ok; see `running`."""
    with running(command, stub, folder, **how) as wait_for:
        wait_for(lambda: b"ok" in (get(port, "/quiet") or b""))
        yield wait_for
