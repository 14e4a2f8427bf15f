"""Streamed bodies, and that nothing of a request is left behind it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import StreamingHttpResponse
from django.test import RequestFactory

import bearlumen
from bearlumen_django import BearLumenMiddleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from django.test import AsyncClient, Client

    from .conftest import Tracked

# What Django says of a body of the other kind, which it reads as a whole.
OTHER_KIND = "ignore:StreamingHttpResponse must consume"
CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}


@pytest.mark.filterwarnings(OTHER_KIND)
@pytest.mark.parametrize("view", ["body", "abody"])
def test_a_streamed_body_is_for_the_user_of_its_request(
    view: str, web: Client, tracked: Tracked, alice: User
) -> None:
    """Each of its steps, and its end, though the middleware was left long before."""
    response: Any = web.get(f"/{view}")
    assert b"".join(response) == b"abc"
    assert tracked.told("where") == [view, view, view, f"end of {view}"]
    assert tracked.users == [str(alice.pk)] * 4


@pytest.mark.anyio
@pytest.mark.filterwarnings(OTHER_KIND)
@pytest.mark.parametrize("view", ["body", "abody"])
async def test_a_streamed_body_is_for_the_user_of_its_request_under_asgi(
    view: str, asgi: AsyncClient, tracked: Tracked, alice: User
) -> None:
    """Each of its steps, and its end."""
    response: Any = await asgi.get(f"/{view}")
    assert b"".join([part async for part in response]) == b"abc"
    assert tracked.users == [str(alice.pk)] * 4


def test_the_end_of_a_body_that_nobody_reads_on_is_the_user_s_too(
    tracked: Tracked, alice: User
) -> None:
    """The server closes the response of a client that is gone."""

    def view(request: HttpRequest) -> StreamingHttpResponse:
        def steps() -> Iterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                bearlumen.track(CHAT)

        return StreamingHttpResponse(steps())

    request = RequestFactory().get("/")
    request.user = alice
    response = BearLumenMiddleware(view)(request)
    assert next(iter(response)) == b"a"
    response.close()
    assert tracked.users == [str(alice.pk)]


@pytest.mark.anyio
async def test_an_async_body_that_nobody_reads_on_ends_with_its_user(
    tracked: Tracked, alice: User
) -> None:
    """Whoever reads it closes it, in a context of its own."""

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        async def steps() -> AsyncIterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                bearlumen.track(CHAT)

        return StreamingHttpResponse(steps())

    request = RequestFactory().get("/")
    request.user = alice
    response = await BearLumenMiddleware(view)(request)
    body = response._iterator
    assert await anext(body) == b"a"
    await asyncio.create_task(body.aclose())
    await asyncio.sleep(0.01)  # the loop closes what is within
    assert tracked.users == [str(alice.pk)]


@pytest.mark.anyio
async def test_a_model_s_stream_that_nobody_reads_on_is_the_user_s(
    tracked: Tracked, alice: User
) -> None:
    """It is the user's from when it was tracked, whenever the collector comes to it."""

    async def chunks() -> AsyncIterator[dict[str, Any]]:
        yield {**CHAT, "object": "chat.completion.chunk", "choices": []}
        yield {**CHAT, "object": "chat.completion.chunk", "choices": []}

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        async def steps() -> AsyncIterator[bytes]:
            async for _ in bearlumen.track(chunks()):
                yield b"a"

        return StreamingHttpResponse(steps())

    request = RequestFactory().get("/")
    request.user = alice
    response = await BearLumenMiddleware(view)(request)
    assert await anext(aiter(response)) == b"a"
    del response
    for _ in range(10):
        gc.collect()
        await asyncio.sleep(0.01)
    assert tracked.users == [str(alice.pk)]


def test_a_response_is_freed_when_it_is_done(alice: User, tracked: Tracked) -> None:
    """Not by the collector later: nothing of ours makes it hold itself."""
    gc.disable()
    try:
        response = BearLumenMiddleware(lambda _: StreamingHttpResponse(iter([b"a"])))(
            RequestFactory().get("/")
        )
        freed = weakref.ref(response)
        assert b"".join(response) == b"a"
        response.close()
        del response
        assert freed() is None
    finally:
        gc.enable()


def test_two_bodies_that_are_read_by_turns_keep_their_users(
    web: Client, tracked: Tracked, alice: User, bob: User
) -> None:
    """One thread may serve both, a step of each."""
    other = type(web)()
    other.force_login(bob)
    pairs = [(web, alice), (other, bob)]
    responses: Any = [client.get(f"/body?as={user.pk}") for client, user in pairs]
    bodies = [iter(response) for response in responses]
    for _ in range(4):
        for body in bodies:
            next(body, None)
    assert len(tracked.users) == 8
    assert tracked.users == tracked.told("as")


def test_a_file_is_left_to_the_server(web: Client, tracked: Tracked) -> None:
    """Wrapped, it would be read through Python and not sent by the system."""
    environ = RequestFactory().get("/file").environ
    wrapped: list[Any] = []

    class Wrapper:
        def __init__(self, file: Any, size: int = 0) -> None:
            wrapped.append(file)
            self.close = file.close

    body: Any = WSGIHandler()(environ | {"wsgi.file_wrapper": Wrapper}, lambda *_: None)  # pyright: ignore[reportArgumentType]
    assert isinstance(body, Wrapper)
    assert [file.name.endswith("views.py") for file in wrapped] == [True]
    body.close()
    response: Any = web.get("/file")
    assert b"".join(response).startswith(b"# pyright")


@pytest.mark.filterwarnings(OTHER_KIND)
@pytest.mark.parametrize("view", ["plain", "aplain", "body", "abody", "boom", "nowhere", "leak"])
def test_nothing_of_a_request_is_left_behind(view: str, web: Client, tracked: Tracked) -> None:
    """After an answer, a failure, a 404, and a view that left a scope open."""
    bearlumen.track(CHAT, feature="before")
    response: Any = web.get(f"/{view}")
    bearlumen.track(CHAT, feature="between")
    b"".join(response)
    response.close()
    bearlumen.track(CHAT, feature="after")
    found = [
        (feature, user)
        for feature, user in zip(tracked.features, tracked.users, strict=True)
        if feature in {"before", "between", "after"}
    ]
    assert found == [("before", None), ("between", None), ("after", None)]


@pytest.mark.anyio
async def test_nothing_of_a_request_that_is_cancelled_is_left_behind(
    tracked: Tracked, alice: User
) -> None:
    """The client is gone, and the view with it."""

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        try:
            await asyncio.sleep(60)
        finally:
            bearlumen.track(CHAT)
        raise AssertionError

    async def served() -> None:
        request = RequestFactory().get("/")
        request.user = alice
        try:
            await BearLumenMiddleware(view)(request)
        finally:
            bearlumen.track(CHAT)

    task = asyncio.create_task(served())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tracked.users == [str(alice.pk), None]


@pytest.mark.anyio
async def test_a_client_that_is_gone_ends_its_stream_and_mixes_nobody_up(
    asgi: AsyncClient, tracked: Tracked, alice: User
) -> None:
    """As an ASGI server tells Django, in the middle of the body."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/abody",
        "query_string": b"",
        "headers": [(b"cookie", asgi.cookies.output(header="").strip().encode())],
    }
    begun = asyncio.Event()
    messages: list[Any] = [{"type": "http.request", "body": b""}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            begun.set()
            await asyncio.sleep(0.01)

    await ASGIHandler()(scope, receive, send)  # pyright: ignore[reportArgumentType]
    for _ in range(10):
        gc.collect()  # Django leaves the body to it
        await asyncio.sleep(0.01)
    assert tracked.told("where")[-1] == "end of abody"
    # What the collector ends, in an order of its own, may be nobody's; never somebody else's.
    assert set(tracked.users) <= {str(alice.pk), None}
    assert tracked.users[0] == str(alice.pk)


def test_a_request_begins_with_nothing(web: Client, tracked: Tracked, alice: User) -> None:
    """A scope that something left open on the thread does not tag the next request."""
    left = {"agent": "x", "workflow": "x", "session": "x", "session_type": "x"}
    with bearlumen.scope(end_user="x", feature="x", dimensions={"x": "x"}, **left):  # pyright: ignore[reportArgumentType]
        web.get("/plain")
    (event,) = tracked.events
    assert event["user_id"] == str(alice.pk)
    assert set(event["metadata"]) == {"provider", "dimensions", "sdk"}
    assert set(event["metadata"]["dimensions"]) == {"where", "as"}


def test_a_view_that_forgets_its_scope_does_not_tag_the_next_request(
    web: Client, tracked: Tracked, alice: User
) -> None:
    """Its own call has the scope, and nothing else."""
    web.get("/leak")
    web.get("/plain")
    assert tracked.by_place() == {"leak": "leaked", "plain": str(alice.pk)}


class Odd(StreamingHttpResponse):
    """A response that does not let its body be replaced."""

    _sealed = False

    def _set_streaming_content(self, value: Any) -> None:
        if self._sealed:
            raise TypeError("sealed")
        self._sealed = True
        super()._set_streaming_content(value)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def test_a_body_that_cannot_be_wrapped_is_sent_as_it_is(
    tracked: Tracked, problems: list[Exception]
) -> None:
    """The response matters more than whom it is for."""
    request = RequestFactory().get("/")
    response = BearLumenMiddleware(lambda _: Odd(iter([b"a", b"b"])))(request)
    assert b"".join(response) == b"ab"
    assert [type(problem) for problem in problems] == [TypeError]
