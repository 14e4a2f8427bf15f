"""Whom and what is tracked in a request is for, by four frameworks."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient
from integrations.asgi.site import apps
from litestar import Litestar

import bearlumen
from bearlumen import BearLumen, MemoryTransport
from bearlumen.errors import InvalidRequestError
from bearlumen_asgi import BearLumenMiddleware, end_user_of, set_end_user

pytestmark = pytest.mark.anyio
ALICE = {"x-user": "alice"}
Told = Callable[[], list[tuple[Any, Any]]]


@pytest.fixture
def told(bear: BearLumen, sent: MemoryTransport) -> Told:
    """Where something was tracked, and for whom."""

    def found() -> list[tuple[Any, Any]]:
        assert bear.flush()
        return [(e["metadata"]["dimensions"]["where"], e.get("user_id")) for e in sent.events]

    return found


async def ask(app: Any, path: str, headers: Any = None) -> httpx.Response:
    """Ask an app, without a socket."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("path", ["plain", "sync", "body", "async_body", "fails"])
async def test_fastapi_tracks_for_the_user_of_its_dependency(
    bear: BearLumen, told: Told, path: str
) -> None:
    """In endpoints, tasks, threads, background tasks and bodies of both kinds; before an error."""
    await ask(apps.fastapi_app(bear), f"/{path}", ALICE)
    await ask(apps.fastapi_app(bear), f"/{path}")
    users = [user for _, user in told()]
    assert users == ["alice"] * (len(users) // 2) + [None] * (len(users) // 2)
    assert users


async def test_a_websocket_tracks_for_its_user(bear: BearLumen, told: Told) -> None:
    """As its endpoint says."""
    with TestClient(apps.fastapi_app(bear)).websocket_connect("/socket", headers=ALICE) as socket:
        socket.send_text("hi")
        with pytest.raises(Exception):  # noqa: B017, PT011  # it is closed
            socket.receive_text()
    assert told() == [("socket", "alice")]


@pytest.mark.parametrize("path", ["plain", "sync"])
async def test_starlette_tracks_for_the_user_of_its_middleware(
    bear: BearLumen, told: Told, path: str
) -> None:
    """Though that stands further in."""
    app = apps.starlette_app(bear)
    assert (await ask(app, f"/{path}", ALICE)).text == "ok"
    assert (await ask(app, f"/{path}")).text == "ok"
    users = [user for _, user in told()]
    assert users == ["alice"] * (len(users) // 2) + [None] * (len(users) // 2)


@pytest.mark.parametrize("make", [apps.litestar_app, apps.quart_app])
@pytest.mark.parametrize("path", ["plain", "body"])
async def test_other_frameworks_track_for_the_user_that_was_set(
    bear: BearLumen, told: Told, make: Any, path: str
) -> None:
    """Litestar and Quart, their streamed bodies too."""
    answer = await ask(make(bear), f"/{path}", ALICE)
    assert answer.text in {"ok", "abc"}
    assert told()
    assert {user for _, user in told()} == {"alice"}


async def test_a_request_begins_with_nothing_and_leaves_nothing(
    bear: BearLumen, told: Told
) -> None:
    """Whatever was in force around it."""
    with bear.scope(end_user="around", feature="around"):
        await ask(apps.fastapi_app(bear), "/nobody", ALICE)
        bear.track(apps.CHAT, dimensions={"where": "after"})
    assert told() == [("nobody", None), ("after", "around")]


async def test_an_app_within_an_app_tracks_for_the_user_that_was_set_outside(
    bear: BearLumen, told: Told
) -> None:
    """Each has the middleware, and the user is known before the inner one is asked."""
    inner = apps.fastapi_app(bear)

    async def between(scope: Any, receive: Any, send: Any) -> None:
        set_end_user(scope, "alice")
        await inner(scope, receive, send)

    await ask(BearLumenMiddleware(between, client=bear), "/nobody")
    assert told() == [("nobody", "alice")]


async def test_the_user_and_the_feature_are_what_functions_say(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """Of the ASGI scope; or the feature is the endpoint."""
    of_scope = apps.fastapi_app(
        bear, end_user=lambda scope: scope["path"], feature=lambda scope: scope["method"]
    )
    await ask(of_scope, "/nobody")
    await ask(apps.fastapi_app(bear, feature="endpoint"), "/sync")
    bear.flush()
    found = [(event.get("user_id"), event["metadata"]["feature"]) for event in sent.events]
    assert found == [("/nobody", "GET"), (None, "sync")]


async def test_a_function_that_raises_harms_nothing(
    bear: BearLumen, told: Told, problems: list[Exception]
) -> None:
    """It is reported, and the event is nobody's."""
    app = apps.fastapi_app(bear, end_user=lambda _: 1 / 0)
    assert (await ask(app, "/nobody")).status_code == 200
    assert told() == [("nobody", None)]
    assert [type(problem) for problem in problems] == [ZeroDivisionError]


async def test_the_scope_of_another_service_is_opened_if_it_is_trusted(
    bear: BearLumen, told: Told
) -> None:
    """It is signed; without the option a header says nothing."""
    with bear.scope(end_user="far"):
        headers = bear.scope_headers()
    for trusts in (False, True):
        app = apps.fastapi_app(bear, trust_scope_headers=trusts)
        await ask(app, "/nobody", headers)
        await ask(app, "/nobody", {"bearlumen-scope": "v1.forged.forged"})
    assert [user for _, user in told()] == [None, None, "far", None]


async def test_what_is_queued_is_delivered_when_the_server_ends(sent: MemoryTransport) -> None:
    """Before it is told that the app is done; also by the client of `bearlumen.configure`."""
    bear = bearlumen.configure(client=BearLumen(api_key="k", transport=sent))
    for client in (bear, None):
        app = apps.fastapi_app(bear, client=client) if client is None else apps.fastapi_app(bear)
        with TestClient(app) as asked:
            assert asked.get("/nobody").text == '"ok"'
        assert sent.events
        sent.batches.clear()
    bear.shutdown()


@pytest.mark.parametrize("options", [{"feature": "route"}, {"end_user": ask}, {"feature": ask}])
def test_an_option_that_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    """When the app is set up."""
    with pytest.raises(InvalidRequestError):
        BearLumenMiddleware(Litestar([]), **options)


def test_set_end_user_without_the_middleware_says_nothing() -> None:
    """It raises nothing either."""
    scope: dict[str, Any] = {"type": "http"}
    set_end_user(scope, "alice")
    assert end_user_of(scope) is None


FORGED = "v1.eyJzY29wZSI6eyJlbmRfdXNlciI6IjEifX0.forged"
NAMES = ("x-forwarded-user", "x-end-user", "x-posthog-distinct-id", "bearlumen-scope")


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("value", ["1", FORGED, "", "\0", "é" * 600, "x" * 9000, "v1.."])
@pytest.mark.parametrize("path", ["plain", "sync", "body", "nobody"])
async def test_no_header_cookie_or_path_of_a_client_is_anybody(
    bear: BearLumen, told: Told, value: str, path: str, *, trust: bool
) -> None:
    """Whatever a visitor writes there the answer is as ever and the call is nobody's."""
    app = apps.fastapi_app(bear, trust_scope_headers=trust)
    written = value.encode("latin-1")
    headers = [(name.encode(), written) for name in NAMES]
    headers += [(b"bearlumen-scope", written), (b"cookie", b"end_user=" + written)]
    response = await ask(app, f"/{path}?user={quote(value)}", headers)
    assert response.status_code == 200
    assert told()
    assert {user for _, user in told()} == {None}
