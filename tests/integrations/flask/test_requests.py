"""Whom and what is tracked in a request is for."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, copy_current_request_context, g
from integrations.flask.site import app as site

import bearlumen
from bearlumen import BearLumen, MemoryTransport
from bearlumen._default import _default
from bearlumen.errors import InvalidRequestError
from bearlumen_flask import BearLumenFlask

ALICE = {"X-User": "alice"}


@pytest.fixture
def app() -> Flask:
    """The site."""
    site.loads.clear()
    return site.create_app()


@pytest.fixture
def told(bear: BearLumen, sent: MemoryTransport) -> Callable[[], list[tuple[Any, Any]]]:
    """Where something was tracked, and for whom."""

    def found() -> list[tuple[Any, Any]]:
        assert bear.flush()
        return [(e["metadata"]["dimensions"]["where"], e.get("user_id")) for e in sent.events]

    return found


@pytest.mark.parametrize("path", ["plain", "part/in_blueprint", "missing", "later"])
def test_a_view_tracks_for_its_user(app: Flask, told: Any, path: str) -> None:
    """In a blueprint, before an error, in an async view, its tasks and their threads."""
    app.test_client().get(f"/{path}", headers=ALICE)
    assert told()
    assert {user for _, user in told()} == {"alice"}


def test_a_failing_view_tracks_for_its_user(app: Flask, told: Any) -> None:
    """And the error is the view's own."""
    with pytest.raises(RuntimeError, match="boom"):
        app.test_client().get("/fails", headers=ALICE)
    bearlumen.track(site.CHAT, dimensions={"where": "after"})
    assert told() == [("failing", "alice"), ("after", None)]


def test_a_streamed_body_tracks_for_its_user_and_nobody_between(app: Flask, told: Any) -> None:
    """Two that are read by turns on one thread, and what is tracked beside them."""
    clients = [app.test_client(), app.test_client()]
    bodies = [
        iter(client.get("/body", headers={"X-User": name}).response)
        for client, name in zip(clients, ("alice", "bob"), strict=True)
    ]
    for _ in range(3):
        for body in bodies:
            next(body)
            bearlumen.track(site.CHAT, dimensions={"where": "between"})
    users = [user for where, user in told() if where != "between"]
    assert users == ["alice", "bob"] * 3
    assert {user for where, user in told() if where == "between"} == {None}


def test_a_body_with_the_requests_context_tracks_for_its_user(app: Flask, told: Any) -> None:
    """Flask leaves that context where it is between two steps, so they are read one by one."""
    for name in ("alice", "bob"):
        assert app.test_client().get("/context_body", headers={"X-User": name}).data == b"abc"
    assert [user for _, user in told()] == ["alice"] * 3 + ["bob"] * 3


def test_a_body_that_is_left_early_leaves_nothing(app: Flask, told: Any) -> None:
    """Its reader is gone after the first part."""
    response = app.test_client().get("/body", headers=ALICE)
    next(iter(response.response))
    response.close()
    bearlumen.track(site.CHAT, dimensions={"where": "after"})
    assert told() == [("body", "alice"), ("after", None)]


def test_a_file_is_sent_by_the_server(app: Flask) -> None:
    """What it gave to wrap files with comes back as it is."""

    class Wrapper:
        def __init__(self, file: Any, size: int = 0) -> None:
            self.file = file

        def close(self) -> None:
            self.file.close()

    environ = app.test_request_context("/file").request.environ | {"wsgi.file_wrapper": Wrapper}
    body = app.wsgi_app(environ, lambda *_: lambda _: None)
    assert type(body) is Wrapper
    body.close()


def test_a_request_that_tracks_nothing_loads_no_user(app: Flask, told: Any) -> None:
    """One that tracks loads it once."""
    app.test_client().get("/quiet", headers=ALICE)
    assert site.loads == []
    app.test_client().get("/plain", headers=ALICE)
    assert site.loads == ["alice"]


def test_login_and_logout_count_at_once(app: Flask, told: Any) -> None:
    """The user is asked for when something is tracked."""
    client = app.test_client()
    client.get("/enter")
    client.get("/leave")
    assert told() == [("after login", "alice"), ("before logout", "alice"), ("after logout", None)]


def test_nobody_is_nobody(app: Flask, told: Any) -> None:
    """Whatever was in force around the request."""
    with bearlumen.scope(end_user="leaked", feature="leaked", session="leaked"):
        app.test_client().get("/plain")
    assert told() == [("plain", None)]


def test_what_a_view_says_comes_first(app: Flask, bear: BearLumen, sent: MemoryTransport) -> None:
    """A scope within the request wins."""
    app.test_client().get("/scoped", headers=ALICE)
    bear.flush()
    event = sent.events[0]
    assert (event["user_id"], event["metadata"]["feature"]) == ("said", "said")


def test_the_endpoint_is_the_feature_if_wanted(bear: BearLumen, sent: MemoryTransport) -> None:
    """In streamed bodies too; a function may say another."""
    app = site.create_app(BEARLUMEN_FEATURE="endpoint")
    app.test_client().get("/in_blueprint")
    assert app.test_client().get("/body").data == b"abc"
    site.create_app(BEARLUMEN_FEATURE=lambda: "own").test_client().get("/plain")
    bear.flush()
    features = [event["metadata"].get("feature") for event in sent.events]
    assert features == ["part.in_blueprint", "body", "body", "body", "own"]


def test_a_resolver_says_whom_a_request_is_for(told: Any) -> None:
    """From the configuration, by its path, or decorated."""
    site.create_app(BEARLUMEN_USER_RESOLVER=lambda: 7).test_client().get("/plain")
    app = Flask("other")
    extension = BearLumenFlask(app)

    @extension.user_loader
    def customer() -> str:
        return g.customer

    @app.route("/")
    def view() -> str:
        g.customer = "customer"
        site.track("own")
        return "ok"

    assert customer
    assert view
    app.test_client().get("/")
    assert told() == [("plain", "7"), ("own", "customer")]


def test_a_resolver_that_raises_harms_nothing(told: Any, problems: list[Exception]) -> None:
    """It is reported, and the event is nobody's."""
    app = site.create_app(BEARLUMEN_USER_RESOLVER=lambda: 1 / 0)
    client = app.test_client()
    assert [client.get(path).data for path in ("/plain", "/body")] == [b"ok", b"abc"]
    assert told() == [("plain", None), *[("body", None)] * 3]
    assert {type(problem) for problem in problems} == {ZeroDivisionError}


def test_an_app_is_set_up_once_and_two_apps_apart(told: Any) -> None:
    """By a factory, and where it is called twice."""
    extension = BearLumenFlask()
    apps = [Flask("one"), Flask("two")]
    for name, app in zip(("one", "two"), apps, strict=True):
        app.config["BEARLUMEN_USER_RESOLVER"] = lambda name=name: name
        app.route("/")(lambda: site.track("own") or "ok")
        extension.init_app(app)
        wrapped = app.wsgi_app
        extension.init_app(app)
        assert app.wsgi_app is wrapped
    for app in apps:
        app.test_client().get("/")
    assert [user for _, user in told()] == ["one", "two"]


def test_other_contexts_of_flask_are_no_requests_of_ours(app: Flask, told: Any) -> None:
    """A test's own, a `with` client, and a request that somebody else answers."""
    with app.test_request_context("/"):
        site.track("test context")
    with app.test_client() as client:
        client.get("/plain", headers=ALICE)
        site.track("kept context")
    app = site.create_app()
    app.before_request(lambda: site.track("before") or "answered")
    assert app.test_client().get("/plain", headers=ALICE).data == b"answered"
    assert told() == [
        ("test context", None), ("plain", "alice"), ("kept context", None), ("before", "alice"),
    ]  # fmt: skip


def test_threads_are_told_by_binding(app: Flask, told: Any) -> None:
    """One that is started by hand is nobody's, `copy_current_request_context` included."""
    app.test_client().get("/in_thread", headers=ALICE)

    def view() -> str:
        thread = threading.Thread(target=copy_current_request_context(site.track), args=("copy",))
        thread.start()
        thread.join()
        return "ok"

    app = site.create_app()
    app.add_url_rule("/copied", "copied", view)
    app.test_client().get("/copied", headers=ALICE)
    assert told() == [("thread", None), ("thread", "alice"), ("copy", None)]


def test_the_scope_of_another_service_is_opened_if_it_is_trusted(
    bear: BearLumen, told: Any
) -> None:
    """It is signed; without the option a header says nothing."""
    with bear.scope(end_user="far"):
        headers = bear.scope_headers()
    for trusts in (False, True):
        app = site.create_app(BEARLUMEN_TRUST_SCOPE_HEADERS=trusts)
        app.test_client().get("/plain", headers=headers)
        app.test_client().get("/plain", headers={"bearlumen-scope": "v1.forged.forged"})
    assert told() == [("plain", None), ("plain", None), ("plain", "far"), ("plain", None)]


@pytest.mark.parametrize(
    "config",
    [
        {"BEARLUMEN_MAX_RETRIES": -1},
        {"BEARLUMEN_USER_RESOLVER": "no.such.module"},
        {"BEARLUMEN_USER_RESOLVER": 7},
        {"BEARLUMEN_FEATURE": "view"},
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(config: dict[str, Any]) -> None:
    """When the app is set up."""
    with pytest.raises(InvalidRequestError):
        site.create_app(**config)


def test_without_a_key_everything_works_and_is_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and no thread is started when the app is set up."""
    monkeypatch.setattr(_default, "client", None)
    before = threading.active_count()
    app = site.create_app()
    assert threading.active_count() == before
    assert app.test_client().get("/plain").data == b"ok"
    assert "BEARLUMEN_API_KEY is not set" in caplog.text
    client = bearlumen.get_client()
    assert isinstance(client, BearLumen)
    client.shutdown(1)


def test_the_doctor_says_what_is_wrong(app: Flask) -> None:
    """As a command of Flask's."""
    result = app.test_cli_runner().invoke(args=["bearlumen", "doctor"])
    assert result.exit_code == 1
    assert "BEARLUMEN_API_KEY is not set" in result.output
    result = app.test_cli_runner().invoke(args=["bearlumen", "doctor", "--json"])
    assert '"ok": false' in result.output


FORGED = "v1.eyJzY29wZSI6eyJlbmRfdXNlciI6IjEifX0.forged"
HEADERS = ("X-Forwarded-User", "X-End-User", "X-PostHog-Distinct-Id", "Bearlumen-Scope")


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("value", ["1", FORGED, "", "\0", "é" * 600, "x" * 9000, "v1.."])
@pytest.mark.parametrize(("path", "status"), [("plain", 200), ("body", 200), ("missing", 404)])
def test_no_header_cookie_or_path_of_a_client_is_anybody(
    bear: BearLumen, told: Any, value: str, path: str, status: int, *, trust: bool
) -> None:
    """Whatever a visitor writes there the answer is as ever and the call is nobody's."""
    app = site.create_app(BEARLUMEN_TRUST_SCOPE_HEADERS=trust)
    cookies = ("session", "bearlumen-scope", "end_user", "remember_token")
    headers: dict[str, str] = dict.fromkeys(HEADERS, value)
    headers["Cookie"] = "; ".join(f"{name}={quote(value)}" for name in cookies)
    visitor = app.test_client(use_cookies=False)
    response = visitor.get(f"/{path}?user={quote(value)}", headers=headers)
    assert (response.status_code, len(response.data) > 0) == (status, True)
    assert told()
    assert {user for _, user in told()} == {None}
