"""Real servers, many users at once, streaming and not: none is taken for another, none is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bearlumen
from bearlumen.integration import made_client
from bearlumen_django import deliver_at_shutdown
from support.stub import Reply, Seen, Stub, stub_server

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from django.contrib.auth.models import User

    from .conftest import Tracked

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
SITE = "integrations.django.site"
HOST = "127.0.0.1"
USERS = 200
START_SECONDS = 30
GUNICORN = ("-m", "gunicorn", f"{SITE}.wsgi", "--no-control-socket", "--workers", "2")
SERVERS = {
    "gunicorn gthread": (*GUNICORN, "--threads", "16"),
    "gunicorn gthread preload": (*GUNICORN, "--threads", "16", "--preload"),
    "gunicorn gevent": (*GUNICORN, "--worker-class", "gevent"),
    "uvicorn": ("-m", "uvicorn", f"{SITE}.asgi:application", "--log-level", "warning"),
}


@pytest.fixture(scope="session")
def cookies(alice: User) -> dict[str, str]:
    """A session's cookie for each of many users, by the user's id."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import transaction

    users = type(alice).objects
    found: dict[str, str] = {}
    with transaction.atomic():
        users.bulk_create([type(alice)(username=f"u{i}") for i in range(USERS)])
        for user in users.filter(username__startswith="u"):
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save()
            found[str(user.pk)] = f"sessionid={session.session_key}"
    return found


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


@contextmanager
def served(command: Sequence[str], port: int, stub: Stub, folder: Path) -> Generator[None]:
    """The site, by that server, until it has ended in order."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={
                **os.environ,
                "BEAR_LUMEN_URL": stub.url,
                "BEAR_LUMEN_API_KEY": "sk_test_1",
                "PYTHONPATH": os.pathsep.join([str(folder), str(TESTS)]),
            },
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + START_SECONDS
        while get(port, "/quiet") != b"ok":
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


def get(port: int, path: str, cookie: str = "") -> bytes | None:
    """What the site answers; None where it does not."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        return connection.getresponse().read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("server", SERVERS)
def test_many_users_at_once_are_never_mixed_up_and_lose_nothing(
    server: str, cookies: dict[str, str], tmp_path: Path
) -> None:
    """Two hundred, each asking for a page and for a stream; the worker delivers at its end."""
    port = free_port()
    bind = ("--port", str(port)) if server == "uvicorn" else ("--bind", f"{HOST}:{port}")
    if "gevent" in server and importlib.util.find_spec("gevent") is None:
        pytest.skip("there is no gevent here")
    views = ("aslow", "abody") if server == "uvicorn" else ("slow", "body")

    def ask(user: str) -> list[bytes | None]:
        return [get(port, f"/{view}?as={user}", cookies[user]) for view in views]

    with receiving() as stub:
        with (
            served((*SERVERS[server], *bind), port, stub, tmp_path),
            ThreadPoolExecutor(40) as pool,
        ):
            answers = list(pool.map(ask, cookies))
        events = events_of(stub)
    assert answers == [[b"ok", b"abc"]] * USERS
    found = [(event["metadata"]["dimensions"]["as"], event.get("user_id")) for event in events]
    assert [pair for pair in found if pair[0] != pair[1]] == []
    assert len({event["sdk_event_id"] for event in events}) == len(events) == USERS * 6


def test_the_development_server_has_one_sender_and_reloads(tmp_path: Path) -> None:
    """The process that watches the files has none, and a new one delivers as the old one did."""
    port = free_port()
    local = tmp_path / "local_settings.py"
    local.write_text(
        f"from {SITE}.settings import *\nDEBUG = True\nBEARLUMEN['FLUSH_INTERVAL'] = 0.05\n"
    )
    command = ("-m", "django", "runserver", f"{HOST}:{port}", "--settings", "local_settings")
    with receiving() as stub, served(command, port, stub, tmp_path):
        assert get(port, "/senders") == b"0"
        for expected in (1, 2):
            assert get(port, "/plain") == b"ok"
            assert get(port, "/senders") == b"1"
            wait_for(lambda: len(events_of(stub)) == expected, tmp_path)  # noqa: B023
            now = time.time() + 5 * expected
            os.utime(local, (now, now))
            wait_for(lambda: get(port, "/senders") == b"0", tmp_path)


def wait_for(happened: Any, folder: Path) -> None:
    """Wait until something is so."""
    until = time.monotonic() + START_SECONDS
    while not happened():
        assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.05)


def test_a_worker_is_not_started_with_settings_that_cannot_be_meant(tmp_path: Path) -> None:
    """It says which, rather than losing what is tracked from then on."""
    (tmp_path / "wrong_settings.py").write_text(
        f"from {SITE}.settings import *\nBEARLUMEN = {{'API_KEI': 'k'}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import {SITE}.wsgi"],
        capture_output=True,
        check=False,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "wrong_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(TESTS)]),
        },
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert "BEARLUMEN has no 'API_KEI'. Did you mean 'API_KEY'?" in done.stderr


def test_setting_up_makes_no_thread_and_no_connection(tmp_path: Path) -> None:
    """`ready()` runs in every command and in both processes of a reloading server."""
    code = (
        "import json, socket, threading, django\n"
        "def refuse(*_): raise AssertionError('a connection')\n"
        "socket.socket.connect = refuse\n"
        "django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('check')\n"
        f"import {SITE}.wsgi\n"
        "print(json.dumps([threading.active_count()]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(TESTS), "BEAR_LUMEN_API_KEY": "k"},
        text=True,
        timeout=30,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [1]


@pytest.mark.anyio
async def test_an_asgi_server_is_told_that_all_is_delivered(tracked: Tracked) -> None:
    """At its start and its end; Django has the rest."""
    passed: list[str] = []

    async def django_s(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    said: list[str] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        said.append(message["type"])

    application = deliver_at_shutdown(django_s)
    await application({"type": "http"}, receive, send)
    bearlumen.track({"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}})
    await application({"type": "lifespan"}, receive, send)
    assert passed == ["http"]
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert len(tracked.sent.events) == 1


@pytest.mark.anyio
async def test_the_end_of_a_server_that_tracked_nothing_makes_no_client() -> None:
    """There is nothing to deliver."""
    messages = [{"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        assert message == {"type": "lifespan.shutdown.complete"}

    await deliver_at_shutdown(receive)({"type": "lifespan"}, receive, send)  # pyright: ignore[reportArgumentType]
    assert made_client() is None
