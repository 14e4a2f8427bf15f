"""A real server, many users at once, streaming and not: none is taken for another, none is lost."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.sites import HOST, events_of, free_port, get, receiving, served

USERS = 200
APP = "integrations.asgi.site.apps:served"
SERVERS = {
    "uvicorn": ("-m", "uvicorn", "--factory", APP, "--log-level", "warning"),
    "gunicorn": (
        "-m", "gunicorn", f"{APP}()", "--worker-class", "uvicorn_worker.UvicornWorker",
        "--no-control-socket", "--workers", "2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("server", SERVERS)
def test_many_users_at_once_are_never_mixed_up_and_lose_nothing(
    server: str, tmp_path: Path
) -> None:
    """Two hundred, each asking for a page, a threaded one and both kinds of stream."""
    port = free_port()
    bind = ("--bind", f"{HOST}:{port}") if server == "gunicorn" else ("--port", str(port))

    def ask(number: int) -> list[bytes | None]:
        paths = ("/plain", "/sync", "/body", "/async_body")
        user = f"user-{number}"
        return [get(port, f"{path}?user={user}", {"x-user": user}) for path in paths]

    with receiving() as stub:
        with (
            served((*SERVERS[server], *bind), port, stub, tmp_path),
            ThreadPoolExecutor(USERS) as pool,
        ):
            answers = list(pool.map(ask, range(USERS)))
        events = events_of(stub)
    assert answers == [[b'"ok"', b'"ok"', b"abc", b"abc"]] * USERS
    crossed = [e for e in events if e["metadata"]["dimensions"]["as"] != e.get("user_id")]
    assert crossed == []
    assert len({event["sdk_event_id"] for event in events}) == len(events) == USERS * 10
