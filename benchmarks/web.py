"""What the web integrations add to a request that tracks nothing.

uv run python benchmarks/web.py

Each is asked through its framework with and without the integration by turns, in one process and
without a socket; the difference of the medians is what it costs.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[], object]
    """Serves REQUESTS requests that track nothing."""

ROUNDS: Final = 200
REQUESTS: Final = 50
"""Of a round, asked in a row."""
TARGET_MICROSECONDS: Final = 30


def django() -> dict[str, tuple[Ask, Ask]]:
    """The whole of Django's handling of a request to a view that does nothing."""
    import django
    from django.conf import settings
    from django.http import HttpRequest, HttpResponse
    from django.test import override_settings
    from django.urls import path

    async def aquiet(_: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")

    class Urls:
        urlpatterns = (path("quiet", lambda _: HttpResponse("ok")), path("aquiet", aquiet))

    theirs = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    settings.configure(
        SECRET_KEY="none",  # noqa: S106
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=Urls,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "bearlumen_django"],
        BEARLUMEN={"API_KEY": "k"},
    )
    django.setup()
    found: dict[str, tuple[Ask, Ask]] = {}
    for name, make, others in (
        ("Django, WSGI", _django_wsgi, theirs),
        ("Django, ASGI", _django_asgi, []),  # of which each takes a thread
    ):
        with override_settings(MIDDLEWARE=others):
            without = make()
        with override_settings(MIDDLEWARE=[*others, "bearlumen_django.BearLumenMiddleware"]):
            found[name] = without, make()
    return found


def _django_wsgi() -> Ask:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    handler, environ = WSGIHandler(), RequestFactory().get("/quiet").environ

    def ask() -> None:
        for _ in range(REQUESTS):
            handler(dict(environ), lambda *_: None).close()

    return ask


def _django_asgi() -> Ask:
    from django.core.handlers.asgi import ASGIHandler, ASGIRequest

    handler, loop = ASGIHandler(), asyncio.new_event_loop()
    scope = {"type": "http", "method": "GET", "path": "/aquiet", "query_string": b"", "headers": []}

    async def ask() -> None:
        for _ in range(REQUESTS):
            # Without the tasks and threads that Django makes around it: they take a millisecond,
            # give or take more than what is looked for.
            await handler.get_response_async(ASGIRequest(scope, io.BytesIO()))

    return lambda: loop.run_until_complete(ask())


def flask() -> dict[str, tuple[Ask, Ask]]:
    """The whole of Flask's handling of a request to a view that does nothing."""
    from flask import Flask

    from bearlumen_flask import BearLumenFlask

    def make(*, is_tagged: bool) -> Ask:
        app = Flask("app")
        app.add_url_rule("/quiet", "quiet", lambda: "ok")
        if is_tagged:
            BearLumenFlask(app)
        environ = app.test_request_context("/quiet").request.environ

        def ask() -> None:
            for _ in range(REQUESTS):
                body: Any = app.wsgi_app(dict(environ), lambda *_: lambda _: None)
                for _part in body:
                    pass
                body.close()

        return ask

    return {"Flask": (make(is_tagged=False), make(is_tagged=True))}


def asgi() -> dict[str, tuple[Ask, Ask]]:
    """The whole of Starlette's handling of a request to an endpoint that does nothing."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from bearlumen import BearLumen
    from bearlumen_asgi import BearLumenMiddleware

    async def quiet(_: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(_: Any) -> None:
        return None

    def make(*, is_tagged: bool) -> Ask:
        app, loop = Starlette(routes=[Route("/quiet", quiet)]), asyncio.new_event_loop()
        if is_tagged:
            app.add_middleware(BearLumenMiddleware, client=BearLumen(api_key="k"))
        scope = {
            "type": "http", "method": "GET", "path": "/quiet", "query_string": b"", "headers": [],
        }  # fmt: skip

        async def ask() -> None:
            for _ in range(REQUESTS):
                await app(dict(scope), receive, send)

        return lambda: loop.run_until_complete(ask())

    return {"Starlette": (make(is_tagged=False), make(is_tagged=True))}


FRAMEWORKS: Final = (django, flask, asgi)


def main() -> None:
    """Measure, and print a table."""
    added = f"added µs (≤ {TARGET_MICROSECONDS})"
    print(f"| a request that tracks nothing | without µs | with µs | {added} |")
    print("| --- | ---: | ---: | ---: |")
    for framework in FRAMEWORKS:
        for name, asks in framework().items():
            without, with_it = (statistics.median(took) for took in _measured(asks))
            print(f"| {name} | {without:.1f} | {with_it:.1f} | {with_it - without:.1f} |")


def _measured(asks: tuple[Ask, Ask]) -> tuple[list[float], list[float]]:
    """Microseconds a request, of many rounds by turns, so that both meet the same machine."""
    took: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        for ask, times in zip(asks, took, strict=True):
            began = time.perf_counter()
            ask()
            times.append((time.perf_counter() - began) / REQUESTS * 1e6)
    return took


if __name__ == "__main__":
    main()
