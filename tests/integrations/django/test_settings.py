"""The `BEARLUMEN` setting: what it may say, and who says so when it cannot be meant."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client, override_settings

import bearlumen
from bearlumen import MemoryTransport
from bearlumen_django import BearLumenMiddleware
from bearlumen_django.checks import check_settings
from bearlumen_server import local_server

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from .conftest import Tracked

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}


@pytest.mark.parametrize(
    ("feature", "path", "name"),
    [
        ("view", "/plain", "plain"),
        ("view", "/shop/klass", "Klass"),
        ("view", "/rest", "Rest"),
        ("url", "/shop/plain/x", "shop:ask"),
        ("url", "/plain", None),
        (f"{__name__}.feature_of", "/plain?f=chat", "chat"),
        (None, "/plain", None),
    ],
)
def test_a_feature_is_named_by_the_view_or_the_url_if_wanted(
    feature: str | None, path: str, name: str | None, tracked: Tracked, alice: User
) -> None:
    """Never by the path, which a client writes."""
    tracked.change(FEATURE=feature)
    Client().get(path)
    assert tracked.features == [name]


def feature_of(request: HttpRequest) -> str | None:
    """Name the feature of a request."""
    return request.GET.get("f")


def test_what_the_view_says_itself_comes_first(tracked: Tracked, alice: User) -> None:
    """A scope within the request, such as a decorator's, wins over the setting."""
    tracked.change(FEATURE="view")
    Client().get("/leak")
    assert tracked.features == ["leaked"]


def test_overridden_settings_are_honoured(tracked: Tracked) -> None:
    """The client is another one meanwhile, and what the first one has is still delivered."""
    outer = bearlumen.get_client()
    bearlumen.track(CHAT, feature="outer")
    inner = MemoryTransport()
    with override_settings(BEARLUMEN={"API_KEY": "k", "TRANSPORT": inner}):
        assert bearlumen.get_client() is not outer
        bearlumen.track(CHAT, feature="inner")
        client = bearlumen.get_client()
        assert isinstance(client, bearlumen.BearLumen)
        client.flush()
    bearlumen.track(CHAT, feature="outer again")
    assert isinstance(outer, bearlumen.BearLumen)
    outer.flush()
    assert [event["metadata"]["feature"] for event in inner.events] == ["inner"]
    assert tracked.features == ["outer", "outer again"]


def test_the_decorators_record_with_the_client_of_the_settings(tracked: Tracked) -> None:
    """Though they were there before it."""

    @bearlumen.track_feature("draft")
    @bearlumen.track_calls
    def ask() -> dict[str, Any]:
        return CHAT

    ask()
    assert tracked.features == ["draft"]


def test_a_client_that_the_program_configures_itself_comes_first() -> None:
    """The settings then need no key."""
    own = bearlumen.BearLumen("k", transport=MemoryTransport())
    bearlumen.configure(client=own)
    with override_settings(BEARLUMEN={}):
        assert bearlumen.get_client() is own
        assert check_settings() == []


async def resolve_later(request: HttpRequest) -> str:
    """Name a user, but not at once."""
    return "x"


UNMEANT: list[tuple[Any, str]] = [
    ("sk_live_1", "has to be a dict"),
    ({"API_KEI": "k"}, "Did you mean 'API_KEY'?"),
    ({"api_key": "k"}, "Did you mean 'API_KEY'?"),
    ({"ZZZ": 1}, "It has API_KEY, "),
    ({"BATCH_SIZE": 0}, "batch_size"),
    ({"ENVIRONMENT": "dev"}, "environment"),
    ({"BASE_URL": "ftp://x"}, "base_url"),
    ({"USER_RESOLVER": "nowhere.to_be_found"}, "cannot be imported"),
    ({"USER_RESOLVER": 7}, "cannot be called"),
    ({"USER_RESOLVER": resolve_later}, "is async"),
    ({"FEATURE": "path"}, "'view', 'url', or the dotted path"),
    ({"ON_ERROR": "nowhere.at_all"}, "cannot be imported"),
    ({"TRANSPORT": "nowhere.at_all"}, "cannot be imported"),
    ({"TRUST_SCOPE_HEADERS": "yes"}, "True or False"),
]


@pytest.mark.parametrize(("setting", "advice"), UNMEANT)
def test_a_setting_that_cannot_be_meant_is_an_error_of_check(setting: Any, advice: str) -> None:
    """It says what is wrong, and what there is."""
    with override_settings(BEARLUMEN=setting):
        (error,) = check_settings()
    assert error.id == "bearlumen.E001"
    assert advice in error.msg


@pytest.mark.parametrize("setting", [setting for setting, _ in UNMEANT])
def test_a_server_does_not_start_with_a_setting_that_cannot_be_meant(setting: Any) -> None:
    """It runs no checks; better it fails then than when a customer asks."""
    with override_settings(BEARLUMEN=setting), pytest.raises(ImproperlyConfigured):
        BearLumenMiddleware(lambda _: None)


@pytest.mark.parametrize("setting", [setting for setting, _ in UNMEANT])
def test_a_program_without_the_middleware_survives_such_a_setting(
    setting: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that only tracks: what it tracks is dropped and counted, and that is logged."""
    with override_settings(BEARLUMEN=setting):
        bearlumen.track(CHAT)
        client = bearlumen.get_client()
        assert isinstance(client, bearlumen.BearLumen)
        client.flush()
        assert client.stats().delivered == 0


def test_without_a_key_what_is_tracked_is_counted_and_goes_nowhere(alice: User) -> None:
    """So that a developer's machine and CI need none."""
    with override_settings(BEARLUMEN={}):
        assert Client().get("/plain").status_code == 200
        client = bearlumen.get_client()
        assert isinstance(client, bearlumen.BearLumen)
        client.flush()
        assert client.stats().delivered == 0
        assert client.stats().rejected == 1


AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "bearlumen_django.BearLumenMiddleware"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"BEARLUMEN": {}}, ["bearlumen.W001"]),
        ({"BEARLUMEN": {"API_KEY": None}}, ["bearlumen.W001"]),
        ({"MIDDLEWARE": [AUTH]}, ["bearlumen.W002"]),
        ({"MIDDLEWARE": [OURS], "INSTALLED_APPS": []}, ["bearlumen.W003"]),
        ({"MIDDLEWARE": [OURS, AUTH], "INSTALLED_APPS": []}, []),
        ({"MIDDLEWARE": [OURS, "nowhere.to.be.Found", AUTH]}, []),
    ],
)
def test_check_warns_of_what_is_missing(changes: dict[str, Any], found: list[str]) -> None:
    """A key, the middleware, and somebody who says who is logged in."""
    from django.conf import settings

    changes = {"BEARLUMEN": {"API_KEY": "k"}, "MIDDLEWARE": settings.MIDDLEWARE} | changes
    apps = changes.pop("INSTALLED_APPS", None)
    with override_settings(**changes):
        if apps is not None:
            settings.INSTALLED_APPS = apps  # `override_settings` would load the apps anew
        assert [message.id for message in check_settings()] == found


def test_manage_py_check_shows_them() -> None:
    """And fails at the level of warnings, where that is asked for."""
    from django.core.management.base import SystemCheckError

    err = io.StringIO()
    with override_settings(BEARLUMEN={}):
        call_command("check", stderr=err)
        assert "bearlumen.W001" in err.getvalue()
        with pytest.raises(SystemCheckError, match=r"bearlumen\.W001"):
            call_command("check", "--tag", "bearlumen", "--fail-level", "WARNING")


def test_doctor_finds_nothing_wrong() -> None:
    """With a server that answers and a key that it knows."""
    out = io.StringIO()
    with (
        local_server() as server,
        override_settings(BEARLUMEN={"API_KEY": server.api_key, "BASE_URL": server.url}),
    ):
        call_command("bearlumen", "doctor", stdout=out)
    assert "ok django: The settings and the middleware are in place." in out.getvalue()
    assert "ok key: It may send events." in out.getvalue()


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"API_KEY": "k", "BASE_URL": "http://127.0.0.1:9"}, "does not answer"),
        ({}, "has no API_KEY"),
        ({"API_KEI": "k"}, "Did you mean"),
    ],
)
def test_doctor_says_what_is_wrong(setting: Any, text: str) -> None:
    """In words and as JSON, with the exit code 1."""
    for options in ([], ["--json"]):
        out = io.StringIO()
        with override_settings(BEARLUMEN=setting), pytest.raises(SystemExit) as end:
            call_command("bearlumen", "doctor", *options, stdout=out)
        assert end.value.code == 1
        assert text in out.getvalue()
    assert [finding for finding in json.loads(out.getvalue()) if not finding["ok"]]


def test_a_scope_of_another_service_is_opened_where_that_is_wanted(
    tracked: Tracked, alice: User
) -> None:
    """Its header is signed with the key, and holds for the body too."""
    tracked.change(TRUST_SCOPE_HEADERS=True)
    with bearlumen.scope(end_user="acme", feature="search"):
        headers = bearlumen.scope_headers()
    Client().get("/plain", headers=headers)
    response: Any = Client().get("/body", headers=headers)
    b"".join(response)
    assert set(tracked.users) == {"acme"}
    assert set(tracked.features) == {"search"}


def test_a_scope_of_another_service_is_not_opened_unasked(tracked: Tracked, alice: User) -> None:
    """Signed or not."""
    with bearlumen.scope(end_user="acme"):
        headers = bearlumen.scope_headers()
    Client().get("/plain", headers=headers)
    assert tracked.users == [None]
