"""An app whose views track, plainly and in every kind of body; run by tests and by real servers."""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, request, send_file, stream_with_context
from flask_login import (  # pyright: ignore[reportMissingTypeStubs]
    LoginManager,
    UserMixin,
    login_user,
    logout_user,
)

import bearlumen
from bearlumen_flask import BearLumenFlask

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}
FILE = Path(tempfile.mkdtemp()) / "file.txt"
FILE.write_text("abc")
part = Blueprint("part", __name__)
loads: list[str] = []


class User(UserMixin):
    """A user whose id is its name."""

    def __init__(self, name: str) -> None:
        self.id = name


def track(where: str, user: str = "") -> None:
    """Track a call, saying where, and for whom it should be."""
    bearlumen.track(CHAT, dimensions={"where": where, "as": user})


def create_app(**config: Any) -> Flask:
    """An app of its own."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="secret", TESTING=True, **config)
    login = LoginManager(app)

    @login.user_loader
    def load(name: str) -> User:
        loads.append(name)
        return User(name)

    @login.request_loader
    def by_header(request: Any) -> User | None:
        name = request.headers.get("X-User")
        return None if name is None else load(name)

    BearLumenFlask(app)
    app.register_blueprint(part)
    app.register_blueprint(part, url_prefix="/part", name="again")
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, view)
    return app


def quiet() -> str:
    """Track nothing."""
    return "ok"


def plain() -> str:
    """Track."""
    track("plain")
    return "ok"


@part.route("/slow_as/<user>")
def slow_as(user: str) -> str:
    """Track, wait, track."""
    track("slow", user)
    time.sleep(0.01)
    track("slow", user)
    return "ok"


@part.route("/body_as/<user>")
def body_as(user: str) -> Response:
    """Track in a body that knows no request."""
    return Response(steps_as(user))


@part.route("/context_as/<user>")
def context_as(user: str) -> Response:
    """The same with the request's context."""
    return Response(stream_with_context(steps_as(user)))


def steps_as(user: str) -> Iterator[str]:
    """A body that takes its time."""
    for step in "abc":
        time.sleep(0.002)
        track("body", user)
        yield step


async def later() -> str:
    """Track in an async view, in a task and in a thread."""
    track("async")
    await asyncio.create_task(asyncio.to_thread(track, "thread of a task"))
    return "ok"


def body() -> Response:
    """Track in a body that knows no request."""

    def steps() -> Iterator[str]:
        for step in "abc":
            track("body")
            yield step

    return Response(steps())


def context_body() -> Response:
    """The same with the request's context."""

    def steps() -> Iterator[str]:
        for step in "abc":
            bearlumen.track(CHAT, dimensions={"where": request.path})
            yield step

    return Response(stream_with_context(steps()))


def file() -> Response:
    """A file."""
    return send_file(FILE)


def enter() -> str:
    """Log Alice in, then track."""
    login_user(User("alice"))
    track("after login")
    return "ok"


def leave() -> str:
    """Log out, then track."""
    track("before logout")
    logout_user()
    track("after logout")
    return "ok"


def fails() -> str:
    """Track, then raise."""
    track("failing")
    raise RuntimeError("boom")


def missing() -> str:
    """Track, then 404."""
    track("missing")
    return abort(404)


def in_thread() -> str:
    """Track in threads: by hand, and bound."""
    for target in (track, bearlumen.bind(track)):
        thread = threading.Thread(target=target, args=("thread",))
        thread.start()
        thread.join()
    return "ok"


def scoped() -> str:
    """What a view says itself comes first."""
    with bearlumen.scope(end_user="said", feature="said"):
        track("scoped")
    return "ok"


@part.route("/in_blueprint")
def in_blueprint() -> str:
    """Track in a blueprint."""
    track("blueprint")
    return "ok"


VIEWS = {
    "quiet": quiet,
    "plain": plain,
    "later": later,
    "body": body,
    "context_body": context_body,
    "file": file,
    "enter": enter,
    "leave": leave,
    "fails": fails,
    "missing": missing,
    "in_thread": in_thread,
    "scoped": scoped,
}


def served_app() -> Flask:
    """The app for a real server, by the environment."""
    return create_app(
        BEARLUMEN_API_KEY=os.environ["BEAR_LUMEN_API_KEY"],
        BEARLUMEN_BASE_URL=os.environ["BEAR_LUMEN_URL"],
    )


if "BEAR_LUMEN_URL" in os.environ and "BEAR_LUMEN_API_KEY" in os.environ:
    application = served_app()
