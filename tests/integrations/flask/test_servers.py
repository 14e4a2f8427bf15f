"""Real servers, many users at once, streaming and not: none is taken for another, none is lost."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.sites import HOST, events_of, free_port, get, receiving, served

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


@pytest.mark.parametrize("server", SERVERS)
def test_many_users_at_once_are_never_mixed_up_and_lose_nothing(
    server: str, tmp_path: Path
) -> None:
    """Two hundred, each asking for a page and for two kinds of stream."""
    port = free_port()
    # The development server is ended from the keyboard.
    ends_with = signal.SIGTERM if "gunicorn" in server else signal.SIGINT
    bind = ("--bind", f"{HOST}:{port}") if "gunicorn" in server else ("--port", str(port))

    def ask(number: int) -> list[bytes | None]:
        user = f"user-{number}"
        views = ("slow_as", "body_as", "context_as")
        return [get(port, f"/{view}/{user}", {"X-User": user}) for view in views]

    with receiving() as stub:
        with (
            served((*SERVERS[server], *bind), port, stub, tmp_path, ends_with=ends_with),
            ThreadPoolExecutor(USERS) as pool,
        ):
            answers = list(pool.map(ask, range(USERS)))
        events = events_of(stub)
    assert answers == [[b"ok", b"abc", b"abc"]] * USERS
    crossed = [e for e in events if e["metadata"]["dimensions"]["as"] != e.get("user_id")]
    assert crossed == []
    assert len({event["sdk_event_id"] for event in events}) == len(events) == USERS * 8
