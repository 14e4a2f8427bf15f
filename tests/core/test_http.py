"""What goes over the wire, and what the answers become."""

import importlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

import bearlumen
from bearlumen import AsyncBearLumen, BearLumen, BearLumenApiError, BearLumenError, ServerError
from bearlumen._http import retry_after
from support.stub import Reply, Seen, Stub, stub_server

CHAT = {
    "object": "chat.completion",
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
}
STORED = Reply(body={"accepted": 1, "duplicates": 0, "rejected": []})
RANGE: dict[str, Any] = {"start_date": "2026-01-01", "end_date": "2026-01-31"}


class Script:
    """A stub's answers, one after the other, the last for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [STORED]

    def __call__(self, seen: Seen) -> Reply:
        """The next answer."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def script() -> Script:
    """What the stub is to answer."""
    return Script()


@pytest.fixture
def stub(script: Script) -> Iterator[Stub]:
    """A server that answers as the script says."""
    with stub_server(script) as running:
        yield running


@pytest.mark.parametrize(
    ("status", "code", "name"),
    [
        (400, "invalid_request", "InvalidRequestError"),
        (401, "authentication_error", "AuthenticationError"),
        (403, "permission_denied", "PermissionDeniedError"),
        (404, "not_found", "NotFoundError"),
        (409, "conflict", "ConflictError"),
        (413, "payload_too_large", "InvalidRequestError"),
        (422, "invalid_request", "InvalidRequestError"),
        (429, "rate_limit_exceeded", "RateLimitError"),
        (500, "server_error", "ServerError"),
        (503, "server_error", "ServerError"),
    ],
)
def test_error_answers_become_the_contracts_classes(
    stub: Stub, script: Script, status: int, code: str, name: str
) -> None:
    """The class follows the status, and the error carries all that the answer says."""
    body = {"code": code, "message": "no", "correlationId": "c-1", "details": {"field": "x"}}
    script.replies = [Reply(status=status, body=body, headers={"Retry-After": "9"})]
    with (
        BearLumen(api_key="k", base_url=stub.url, max_retries=0) as bear,
        pytest.raises(BearLumenApiError) as caught,
    ):
        bear.ping()
    error = caught.value
    assert type(error) is getattr(bearlumen, name)
    assert isinstance(error, BearLumenError)
    assert (error.code, error.message, error.status) == (code, "no", status)
    assert (error.correlation_id, error.retry_after) == ("c-1", 9.0)
    assert error.details == {"field": "x"}


@pytest.mark.parametrize("status", [502, 404, 200])
def test_proxys_page_is_an_error_of_its_status(stub: Stub, script: Script, status: int) -> None:
    """HTML instead of the contract's JSON is named, and never parsed as an answer."""
    script.replies = [Reply(status=status, body=b"<html>Bad gateway</html>")]
    with (
        BearLumen(api_key="k", base_url=stub.url, max_retries=0) as bear,
        pytest.raises(BearLumenApiError) as caught,
    ):
        bear.ping()
    assert caught.value.status == status
    assert "/v1/ping" in str(caught.value)


def test_question_is_asked_again_after_a_passing_error(stub: Stub, script: Script) -> None:
    """Two retries by default, as long as the server asks for."""
    busy = Reply(status=503, headers={"Retry-After": "0"})
    script.replies = [busy, busy, Reply(body={"ok": True, "organizationId": "org_1"})]
    with BearLumen(api_key="k", base_url=stub.url) as bear:
        assert bear.ping().organization_id == "org_1"
    assert len(stub.seen) == 3


def test_question_is_given_up_after_its_retries(stub: Stub, script: Script) -> None:
    """A server that stays away is an error, not a wait without end."""
    script.replies = [Reply(status=503, headers={"Retry-After": "0"})]
    with BearLumen(api_key="k", base_url=stub.url) as bear, pytest.raises(ServerError):
        bear.ping()
    assert len(stub.seen) == 3


def test_retry_after_may_be_a_date(stub: Stub, script: Script) -> None:
    """The header's other form is understood too."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    script.replies = [Reply(status=429, headers={"Retry-After": soon})]
    with (
        BearLumen(api_key="k", base_url=stub.url) as bear,
        pytest.raises(bearlumen.RateLimitError) as caught,
    ):
        bear.ping()
    assert 90 < (caught.value.retry_after or 0) <= 100


def test_question_on_the_wire(stub: Stub, script: Script) -> None:
    """Names are the contract's, and a filter with several values is repeated."""
    script.replies = [Reply(body={"items": [], "totalCost": "0", "unpricedEvents": 0})]
    with BearLumen(api_key="sk_test_1", base_url=stub.url + "/") as bear:
        bear.costs.by_model(
            **RANGE, session_id="s 1", provider=["openai", "azure"], dimensions={"team": "a&b"}
        )
    (seen,) = stub.seen
    assert seen.path == (
        "/v1/costs/by-model?startDate=2026-01-01&endDate=2026-01-31&sessionId=s+1"
        "&provider=openai&provider=azure&dimension.team=a%26b"
    )
    assert seen.headers["authorization"] == "Bearer sk_test_1"
    assert seen.headers["user-agent"].startswith("bearlumen-python/")


def test_amounts_keep_every_digit(stub: Stub, script: Script) -> None:
    """A decimal is never a float on its way, whether the wire has it as text or number."""
    body = b'{"items": [], "totalCost": 0.1234567890123456789, "unpricedEvents": 0, "new": 1}'
    script.replies = [Reply(body=body)]
    with BearLumen(api_key="k", base_url=stub.url) as bear:
        answer = bear.costs.by_model(**RANGE)
    assert str(answer.total_cost) == "0.1234567890123456789"
    assert answer.to_dict()["new"] == 1


def test_batch_on_the_wire(stub: Stub) -> None:
    """A batch is one request to the contract's path, packed."""
    with BearLumen(api_key="sk_test_1", base_url=stub.url) as bear:
        for _ in range(20):
            bear.track(CHAT)
    (seen,) = stub.seen
    assert (seen.method, seen.path) == ("POST", "/v1/usage/events/batch")
    assert seen.headers["content-encoding"] == "gzip"
    assert len(seen.json["events"]) == 20


def test_resend_keeps_every_event_as_it_was(stub: Stub, script: Script) -> None:
    """The id and the time of an event are made once, so that a resend is a duplicate."""
    script.replies = [Reply(status=503, headers={"Retry-After": "0"}), STORED]
    with BearLumen(api_key="k", base_url=stub.url) as bear:
        bear.track(CHAT)
    first, second = stub.seen
    assert first.json == second.json


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"{}", b'{"status": "ok"}', b"[]"])
def test_page_of_a_captive_portal_delivers_nothing(stub: Stub, script: Script, body: bytes) -> None:
    """A 200 that is not the API's is no acknowledgement: the events are kept."""
    problems: list[Exception] = []
    script.replies = [Reply(body=body), STORED]
    with BearLumen(api_key="k", base_url=stub.url, on_error=problems.append) as bear:
        bear.track(CHAT)
        assert bear.flush(timeout=30)
    assert len(stub.seen) == 2
    assert "without the API's JSON" in str(problems[0])


def test_refused_connection_keeps_the_events() -> None:
    """Nobody listening is an outcome, not an exception in somebody's thread."""
    problems: list[Exception] = []
    bear = BearLumen(
        api_key="k", base_url="http://127.0.0.1:9", on_error=problems.append, shutdown_timeout=0
    )
    bear.track(CHAT)
    assert not bear.flush(timeout=0.2)
    assert isinstance(problems[0], bearlumen.NetworkError)
    assert not bear.shutdown()


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_clients_of_either_library_are_taken(stub: Stub, script: Script, library: str) -> None:
    """A proxy or certificates of the host's own: its client delivers and asks, and stays open."""
    found = importlib.import_module(library)
    with found.Client(headers={"X-Own": "1"}, timeout=5) as own:
        with BearLumen(api_key="sk_test_1", base_url=stub.url, http_client=own) as bear:
            bear.track(CHAT)
            assert bear.flush(timeout=30)
            script.replies = [Reply(body={"ok": True, "organizationId": "org_1"})]
            assert bear.ping().organization_id == "org_1"
        assert not own.is_closed
    assert [seen.headers["x-own"] for seen in stub.seen] == ["1", "1"]
    assert {seen.headers["authorization"] for seen in stub.seen} == {"Bearer sk_test_1"}


def test_timeout_object_of_the_other_library_is_taken(stub: Stub) -> None:
    """httpx2 is used where it is installed, whichever of the two a timeout is from."""
    for library in ("httpx", "httpx2"):
        timeout = importlib.import_module(library).Timeout(5, connect=1)
        with BearLumen(api_key="k", base_url=stub.url, timeout=timeout) as bear:
            bear.track(CHAT)
            assert bear.flush(timeout=30)


@pytest.mark.anyio
async def test_async_client_asks_with_the_given_client(stub: Stub, script: Script) -> None:
    """Delivery runs on a thread, with a client of its own."""
    async with httpx2.AsyncClient(headers={"X-Own": "1"}) as own:
        bear = AsyncBearLumen(api_key="k", base_url=stub.url, http_client=own)
        bear.track(CHAT)
        assert await bear.flush(timeout=30)
        script.replies = [Reply(body={"ok": True, "organizationId": "org_1"})]
        assert (await bear.ping()).organization_id == "org_1"
        assert await bear.shutdown()
        assert not own.is_closed
    assert [seen.headers.get("x-own") for seen in stub.seen] == [None, "1"]


def test_server_that_asks_for_rest_is_left_alone(stub: Stub, script: Script) -> None:
    """A flush shortens our own waiting, and not what the server asked for."""
    script.replies = [Reply(status=429, headers={"Retry-After": "1"}), STORED]
    bear = BearLumen(api_key="k", base_url=stub.url)
    bear.track(CHAT)
    began = time.monotonic()
    assert not bear.flush(timeout=0.2)
    assert not bear.flush(timeout=0.2)
    assert len(stub.seen) == 1
    assert bear.flush(timeout=30)
    assert time.monotonic() - began >= 1
    assert len(stub.seen) == 2
    bear.shutdown()


def test_hanging_server_holds_the_end_no_longer_than_it_may() -> None:
    """A server that takes a request and never answers costs its time, and no more."""
    release = threading.Event()

    def hang(seen: Seen) -> Reply:
        release.wait(30)
        return STORED

    with stub_server(hang) as stub:
        bear = BearLumen(api_key="k", base_url=stub.url)
        bear.track(CHAT)
        began = time.monotonic()
        assert not bear.shutdown(timeout=0.5)
        assert time.monotonic() - began < 5
        release.set()
    assert bear.stats().dropped == {"left": 1}


@pytest.mark.parametrize("zone", ["+99999999999999999999", "-99999999999999999999"])
def test_a_date_beyond_any_calendar_is_no_time_to_wait(zone: str) -> None:
    """A server's nonsense is not the caller's crash."""
    assert retry_after(f"Wed, 21 Oct 2026 07:28:00 {zone}") is None
