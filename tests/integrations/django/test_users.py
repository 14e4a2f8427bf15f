"""Whom a call is for: the user of the request, in whatever kind of view it is made."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext

from bearlumen_django import end_user_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from .conftest import Tracked

OURS = "bearlumen_django.BearLumenMiddleware"
DJANGOS = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@pytest.mark.parametrize("view", ["plain", "aplain", "boom", "shop/klass"])
def test_a_call_is_for_the_one_who_is_logged_in(
    view: str, web: Client, tracked: Tracked, alice: User
) -> None:
    """In a sync and an async view under WSGI, and in one that fails."""
    web.get(f"/{view}")
    assert tracked.users == [str(alice.pk)]


@pytest.mark.anyio
@pytest.mark.parametrize("view", ["plain", "aplain", "boom", "shop/klass"])
async def test_a_call_is_for_the_one_who_is_logged_in_under_asgi(
    view: str, asgi: AsyncClient, tracked: Tracked, alice: User
) -> None:
    """In a sync and an async view, and in one that fails."""
    await asgi.get(f"/{view}")
    assert tracked.users == [str(alice.pk)]


@pytest.mark.anyio
async def test_the_work_of_an_async_view_in_tasks_and_threads_is_the_same_user_s(
    asgi: AsyncClient, tracked: Tracked, alice: User
) -> None:
    """Wherever Python and Django carry a context."""
    await asgi.get("/amany")
    me = str(alice.pk)
    places = ("thread of Django's", "thread", "task", "to_thread")
    assert tracked.by_place() == dict.fromkeys(places, me)


def test_nobody_is_nobody(tracked: Tracked, alice: User) -> None:
    """An anonymous visitor's call has no user, and costs no query to find that out."""
    with CaptureQueriesContext(connection) as queries:
        Client().get("/plain")
    assert tracked.users == [None]
    assert len(queries) == 0


@pytest.mark.anyio
async def test_nobody_in_an_async_view_is_no_problem(
    tracked: Tracked, problems: list[Exception], alice: User
) -> None:
    """Without a session there is nobody to look for, so there is nothing to be told."""
    await AsyncClient().get("/unloaded")
    assert (tracked.users, problems) == ([None], [])


@pytest.mark.parametrize("order", [[*DJANGOS, OURS], [OURS, *DJANGOS]], ids=["below", "above"])
def test_a_request_that_tracks_nothing_costs_no_query_and_stays_cacheable(
    order: list[str], web: Client, tracked: Tracked
) -> None:
    """Looking at the session would make every answer vary by cookie, for shared caches too."""
    with override_settings(MIDDLEWARE=order), CaptureQueriesContext(connection) as queries:
        responses = [web.get("/quiet"), web.get("/aquiet")]
    assert [response.status_code for response in responses] == [200, 200]
    assert [response.headers.get("Vary") for response in responses] == [None, None]
    assert len(queries) == 0
    assert tracked.users == []


def test_the_user_is_known_wherever_the_middleware_stands(
    web: Client, tracked: Tracked, alice: User
) -> None:
    """It is looked for when something is tracked, so Django's may come after it."""
    with override_settings(MIDDLEWARE=[OURS, *DJANGOS]):
        web.get("/plain")
    assert tracked.users == [str(alice.pk)]


@pytest.mark.anyio
@pytest.mark.parametrize("view", ["plain", "aplain"])
async def test_middleware_that_knows_of_sync_code_only_makes_no_difference(
    view: str, asgi: AsyncClient, web: Client, tracked: Tracked, alice: User
) -> None:
    """Django takes the request over to a thread and back, above ours and below it."""
    sync = "integrations.django.site.views.sync_middleware"
    with override_settings(MIDDLEWARE=[sync, *DJANGOS, sync, OURS, sync]):
        await asgi.get(f"/{view}")
        await sync_to_async(web.get)(f"/{view}")
    assert tracked.users == [str(alice.pk)] * 2


def test_the_user_of_a_token_wins_over_the_one_of_the_session(
    web: Client, tracked: Tracked, bob: User
) -> None:
    """DRF finds it in the view, long after the middleware has run."""
    from rest_framework.authtoken.models import Token

    token, _ = Token.objects.get_or_create(user=bob)
    web.get("/rest", headers={"Authorization": f"Token {token.key}"})
    assert tracked.users == [str(bob.pk)]


def test_a_view_of_drf_that_knows_nobody_is_nobody_s(web: Client, tracked: Tracked) -> None:
    """Its user is anonymous although there is a session, and DRF's word counts."""
    web.get("/rest")
    assert tracked.users == [None]


@pytest.mark.parametrize("view", ["login", "alogin"])
def test_whoever_logs_in_is_the_user_from_then_on(view: str, tracked: Tracked, bob: User) -> None:
    """The call right after `login()` is the new user's, not the visitor's."""
    Client().get(f"/{view}?name=bob")
    assert tracked.by_place() == {"before": None, "after": str(bob.pk)}


@pytest.mark.anyio
@pytest.mark.parametrize("view", ["login", "alogin"])
async def test_whoever_logs_in_is_the_user_from_then_on_under_asgi(
    view: str, tracked: Tracked, bob: User
) -> None:
    """Though the visitor was looked at before and is remembered."""
    await AsyncClient().get(f"/{view}?name=bob")
    assert tracked.by_place() == {"before": None, "after": str(bob.pk)}


def test_whoever_logs_out_is_nobody_from_then_on(
    web: Client, tracked: Tracked, alice: User
) -> None:
    """What is done for the login page is not a customer's cost."""
    web.get("/logout")
    assert tracked.by_place() == {"before": str(alice.pk), "after": None}


@pytest.mark.anyio
async def test_an_async_view_that_never_looked_at_its_user_is_told_how(
    asgi: AsyncClient, tracked: Tracked, problems: list[Exception]
) -> None:
    """The loop may not ask the database: the event is recorded without a user, and it is said."""
    response = await asgi.get("/unloaded")
    assert response.status_code == 200
    assert tracked.users == [None]
    assert ["await request.auser()" in str(problem) for problem in problems] == [True]


@pytest.mark.anyio
@pytest.mark.parametrize("cached", ["_acached_user", "_cached_user"])
async def test_a_user_that_django_has_loaded_is_found_in_the_event_loop(
    cached: str, alice: User
) -> None:
    """Either way of loading one is seen, and neither makes a query."""
    request: Any = RequestFactory().get("/")
    request.session = SessionStore()
    from django.contrib.auth.middleware import AuthenticationMiddleware

    AuthenticationMiddleware(lambda _: None).process_request(request)  # pyright: ignore[reportArgumentType]
    setattr(request, cached, alice)
    assert end_user_of(request) == str(alice.pk)


def test_what_is_no_usual_user_does_no_harm() -> None:
    """No user at all, none that is logged in, one that was not saved, and a key that is a UUID."""

    class Custom:
        is_authenticated = True
        pk: Any = None

    request: Any = RequestFactory().get("/")
    assert end_user_of(request) is None
    for user in (None, AnonymousUser(), Custom()):
        request.user = user
        assert end_user_of(request) is None
    Custom.pk = uuid.UUID(int=7)
    assert end_user_of(request) == "00000000-0000-0000-0000-000000000007"


def own_resolver(request: HttpRequest) -> str | None:
    """Find the customer in the URL's query."""
    return request.GET.get("customer")


def broken_resolver(request: HttpRequest) -> str:
    """Fail."""
    raise KeyError("customer")


def asking_resolver(request: HttpRequest) -> str:
    """Ask the database, which an event loop must not."""
    return str(request.user.pk)


def test_an_own_resolver_is_asked_instead(web: Client, tracked: Tracked) -> None:
    """By its dotted path, at each call that is tracked."""
    tracked.change(USER_RESOLVER=f"{__name__}.own_resolver")
    web.get("/plain?customer=acme")
    assert tracked.users == ["acme"]


def test_a_resolver_that_fails_harms_nothing(
    web: Client, tracked: Tracked, problems: list[Exception]
) -> None:
    """The view answers, the event is recorded without a user, and the failure is reported."""
    tracked.change(USER_RESOLVER=broken_resolver)
    answers = [web.get("/plain").status_code for _ in range(2)]
    assert tracked.users == [None, None]
    assert answers == [200, 200]
    assert [type(problem) for problem in problems] == [KeyError, KeyError]


def test_a_resolver_that_fails_is_logged_once(
    web: Client, tracked: Tracked, caplog: pytest.LogCaptureFixture
) -> None:
    """However many requests meet it."""
    tracked.change(USER_RESOLVER=broken_resolver)
    for _ in range(3):
        web.get("/plain")
    assert [record.name for record in caplog.records] == ["bearlumen"]


@pytest.mark.anyio
async def test_a_resolver_that_asks_the_database_in_the_loop_harms_nothing(
    asgi: AsyncClient, tracked: Tracked
) -> None:
    """Django refuses with SynchronousOnlyOperation, which never comes out."""
    tracked.change(USER_RESOLVER=asking_resolver)
    response = await asgi.get("/unloaded")
    assert tracked.users == [None]
    assert response.status_code == 200


HOSTILE = (
    "X-User",
    "X-Forwarded-User",
    "X-End-User",
    "X-PostHog-Distinct-Id",
    "Bearlumen-Scope",
    "Bearlumen-End-User",
)
FORGED = "v1.eyJzY29wZSI6eyJlbmRfdXNlciI6IjEifX0.forged"


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize(
    "value", ["1", FORGED, "", "\0", "é" * 600, "x" * 9000, "..", "v1..", "v1.a.b"]
)
def test_no_header_cookie_or_path_of_a_client_is_anybody(
    value: str, *, trust: bool, tracked: Tracked, alice: User
) -> None:
    """Whatever a visitor writes there the answer is as ever and the call is nobody's."""
    tracked.change(TRUST_SCOPE_HEADERS=trust, FEATURE="url")
    visitor = Client(headers=dict.fromkeys(HOSTILE, value))
    for name in ("sessionid", "bearlumen-scope", "end_user", "user"):
        visitor.cookies[name] = value
    response = visitor.get(f"/shop/plain/{quote(value)}/1?user=1&end_user=1")
    assert response.status_code == 200
    assert tracked.users == [None]
    assert tracked.features == ["shop:ask"]


@pytest.mark.anyio
async def test_a_hundred_requests_at_once_keep_their_users(tracked: Tracked, alice: User) -> None:
    """Sync and async views by turns, in one event loop."""
    tracked.change(USER_RESOLVER=own_resolver)
    client = AsyncClient()
    await asyncio.gather(
        *[client.get(f"/{'slow' if i % 2 else 'aslow'}?customer=c{i}&as=c{i}") for i in range(100)]
    )
    assert len(tracked.users) == 200
    assert tracked.users == tracked.told("as")
