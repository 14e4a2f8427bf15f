"""The same small app by four frameworks, each view of which tracks; run by tests and by uvicorn."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Annotated, Any

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from litestar import Litestar, get
from litestar.middleware import DefineMiddleware
from litestar.response import Stream
from quart import Quart
from quart import request as quart_request
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearlumen import BearLumen
from bearlumen_asgi import BearLumenMiddleware, set_end_user, tracked_user

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}


class Tracker:
    """Tracks with a client, saying where."""

    def __init__(self, bear: BearLumen) -> None:
        self.bear = bear

    def __call__(self, where: str, user: str = "") -> None:
        """Track."""
        self.bear.track(CHAT, dimensions={"where": where, "as": user})

    def steps(self, where: str, user: str = "") -> Iterator[str]:
        """A body that is read in threads."""
        for step in "abc":
            self(where, user)
            yield step

    async def async_steps(self, where: str, user: str = "") -> AsyncIterator[str]:
        """One that is read in the event loop."""
        for step in "abc":
            await asyncio.sleep(0.001)
            self(where, user)
            yield step


def fastapi_app(bear: BearLumen, **options: Any) -> FastAPI:  # noqa: C901  # a view each
    """FastAPI, whose dependency knows the user."""
    app, track = FastAPI(), Tracker(bear)
    chosen: Any = {"client": bear} | options
    app.add_middleware(BearLumenMiddleware, **chosen)

    def account(request: Request) -> Any:
        name = request.headers.get("x-user")
        return None if name is None else SimpleNamespace(id=name)

    def account_of_socket(websocket: WebSocket) -> Any:
        return SimpleNamespace(id=websocket.headers["x-user"])

    user = Depends(tracked_user(account))

    @app.get("/quiet")
    async def quiet() -> str:
        return "ok"

    @app.get("/nobody")
    async def nobody() -> str:
        track("nobody")
        return "ok"

    @app.get("/plain", dependencies=[user])
    async def plain(background: BackgroundTasks, user: str = "") -> str:
        track("async", user)
        await asyncio.gather(asyncio.to_thread(track, "thread", user), asyncio.sleep(0.001))
        background.add_task(track, "background", user)
        return "ok"

    @app.get("/sync")
    def sync(given: Annotated[Any, user], user: str = "") -> str:
        assert given is None or given.id
        track("sync", user)
        return "ok"

    @app.get("/body", dependencies=[user])
    def body(user: str = "") -> StreamingResponse:
        return StreamingResponse(track.steps("body", user))

    @app.get("/async_body", dependencies=[user])
    async def async_body(user: str = "") -> StreamingResponse:
        return StreamingResponse(track.async_steps("async body", user))

    @app.get("/fails", dependencies=[user])
    async def fails() -> str:
        track("failing")
        raise RuntimeError("boom")

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        set_end_user(websocket, account_of_socket(websocket).id)
        await websocket.accept()
        track("socket", await websocket.receive_text())
        await websocket.close()

    return app


class ByHeader(AuthenticationBackend):
    """Believes a header."""

    async def authenticate(self, conn: Any) -> Any:
        """Whoever it says."""
        name = conn.headers.get("x-user")
        if name is None:
            return None
        return AuthCredentials(), User(name)


class User(BaseUser):
    """One with an id."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def is_authenticated(self) -> bool:
        """It is."""
        return True

    @property
    def display_name(self) -> str:
        """Not for us."""
        return "A name"

    @property
    def identity(self) -> str:
        """Its id."""
        return self.name


def starlette_app(bear: BearLumen, **options: Any) -> Starlette:
    """Starlette, whose middleware knows the user."""
    track = Tracker(bear)

    async def plain(_: Any) -> PlainTextResponse:
        track("async")
        await anyio.to_thread.run_sync(track, "thread")
        return PlainTextResponse("ok")

    def sync(_: Any) -> PlainTextResponse:
        track("sync")
        return PlainTextResponse("ok")

    return Starlette(
        routes=[Route("/plain", plain), Route("/sync", sync)],
        middleware=[
            Middleware(BearLumenMiddleware, client=bear, **options),
            Middleware(AuthenticationMiddleware, backend=ByHeader()),
        ],
    )


def litestar_app(bear: BearLumen) -> Litestar:
    """Litestar."""
    track = Tracker(bear)

    @get("/plain", sync_to_thread=False)
    def plain(request: Any) -> str:
        set_end_user(request, request.headers["x-user"])
        track("sync")
        return "ok"

    @get("/body")
    async def body(request: Any) -> Stream:
        set_end_user(request, request.headers["x-user"])
        return Stream(track.async_steps("body"))

    plain.fn.__annotations__["request"] = body.fn.__annotations__["request"] = _litestar_request()
    ours: Any = BearLumenMiddleware
    return Litestar([plain, body], middleware=[DefineMiddleware(ours, client=bear)])


def _litestar_request() -> Any:
    from litestar import Request as LitestarRequest

    return LitestarRequest


def quart_app(bear: BearLumen) -> Quart:
    """Quart."""
    app, track = Quart(__name__), Tracker(bear)
    app.asgi_app = BearLumenMiddleware(app.asgi_app, client=bear)  # type: ignore[method-assign, assignment]

    @app.route("/plain")
    async def plain() -> str:
        set_end_user(quart_request, quart_request.headers["x-user"])
        track("async")
        await asyncio.to_thread(track, "thread")
        return "ok"

    @app.route("/body")
    async def body() -> Any:
        set_end_user(quart_request, quart_request.headers["x-user"])
        return track.async_steps("body")

    return app


def served() -> FastAPI:
    """For a real server, by the environment."""
    bear = BearLumen(
        api_key=os.environ["BEAR_LUMEN_API_KEY"], base_url=os.environ["BEAR_LUMEN_URL"]
    )
    return fastapi_app(bear)
