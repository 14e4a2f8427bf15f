"""A Django app whose calls are for whoever is logged in, a streamed answer's included.

    uv run python examples/django_app.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, the server is a
local one, and Django's test client stands for two customers' browsers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import django
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from openai import OpenAI
from replay import OPENAI_CHAT, http_client

import bearlumen
from bearlumen_server import local_server

openai = OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT))


@bearlumen.track_calls
def ask(question: str) -> object:
    """Ask the model. Nothing in here knows of requests or customers."""
    return openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )


def summary(request: HttpRequest) -> HttpResponse:
    """A page."""
    ask(f"Sum up {request.GET['of']}.")
    return HttpResponse("A summary.")


def story(_: HttpRequest) -> StreamingHttpResponse:
    """A stream, which asks while it is read."""

    def chapters() -> Iterator[str]:
        for number in (1, 2):
            ask(f"Write chapter {number}.")
            yield f"Chapter {number}. "

    return StreamingHttpResponse(chapters())


urlpatterns = [path("summary", summary), path("story", story)]

with local_server() as server:
    settings.configure(
        SECRET_KEY="not-a-secret",  # noqa: S106
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "bearlumen_django",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "bearlumen_django.BearLumenMiddleware",
        ],
        BEARLUMEN={"API_KEY": server.api_key, "BASE_URL": server.url, "FEATURE": "view"},
    )
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("bearlumen", "doctor")

    from django.contrib.auth.models import User

    for name in ("ada", "grace"):
        browser = Client()
        browser.force_login(User.objects.create_user(name))
        browser.get("/summary", {"of": "bears"})
        if name == "grace":
            b"".join(browser.get("/story"))

    bear = bearlumen.get_client()
    assert isinstance(bear, bearlumen.BearLumen)  # noqa: S101  # it could be an async one
    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print("user", item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_feature(start_date=today, end_date=today).items:
        print(item.attribution_value or "no feature", item.total_cost, "USD")
    bear.shutdown()
