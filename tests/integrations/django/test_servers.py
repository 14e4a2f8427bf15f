"""Real servers, many users at once, streaming and not: none is taken for another, none is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import bearlumen
from bearlumen.integration import made_client
from bearlumen_django import deliver_at_shutdown
from support.sites import HOST, TESTS, events_of, free_port, get, receiving, served

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User

    from .conftest import Tracked

SITE = "integrations.django.site"
SETTINGS = {"DJANGO_SETTINGS_MODULE": f"{SITE}.settings"}
USERS = 200
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
        cookie = {"Cookie": cookies[user]}
        return [get(port, f"/{view}?as={user}", cookie) for view in views]

    with receiving() as stub:
        with (
            served((*SERVERS[server], *bind), port, stub, tmp_path, environment=SETTINGS),
            ThreadPoolExecutor(USERS) as pool,
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
    with receiving() as stub, served(command, port, stub, tmp_path) as wait_for:
        assert get(port, "/senders") == b"0"
        for expected in (1, 2):
            assert get(port, "/plain") == b"ok"
            assert get(port, "/senders") == b"1"
            wait_for(lambda: len(events_of(stub)) == expected)  # noqa: B023
            now = time.time() + 5 * expected
            os.utime(local, (now, now))
            wait_for(lambda: get(port, "/senders") == b"0")


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
        env={**os.environ, **SETTINGS, "PYTHONPATH": str(TESTS), "BEAR_LUMEN_API_KEY": "k"},
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
