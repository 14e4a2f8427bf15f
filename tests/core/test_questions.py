"""How a question is asked: again or not, with which patience, and what came of it over HTTP."""

import gc
import math
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearlumen import (
    AsyncBearLumen,
    BearLumen,
    BearLumenApiError,
    ConflictError,
    InvalidRequestError,
    MemoryTransport,
    NetworkError,
    RateLimitError,
    RawResponse,
    ServerError,
)
from bearlumen._query import RETRY_CAP_SECONDS, RETRY_TOTAL_SECONDS, Request, RetryPolicy
from bearlumen.errors import error_class
from bearlumen.models import Ping
from support.stub import Reply, Seen, Stub, stub_server

pytestmark = pytest.mark.anyio

RANGE: dict[str, Any] = {"start_date": "2026-01-01", "end_date": "2026-01-31"}
BREAKDOWN: dict[str, Any] = {"items": [], "totalCost": "0.10", "unpricedEvents": 0}
REVENUE: dict[str, Any] = {"revenue_id": "r", "external_id": "e", "amount": Decimal(1)}


class Script:
    """A stub's answers, one after the other, the last for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.delay = 0.0

    def __call__(self, seen: Seen) -> Reply:
        """The next answer."""
        time.sleep(self.delay)
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


@pytest.fixture
def bear(stub: Stub) -> Iterator[BearLumen]:
    """Its client."""
    with BearLumen(api_key="k", base_url=stub.url) as client:
        yield client


def failure(status: int | None, *, retry_after: float | None = None) -> BearLumenApiError:
    """What an attempt failed with; a network error without a status."""
    kind = NetworkError if status is None else error_class(status)
    return kind("no", status=status, retry_after=retry_after)


@pytest.mark.parametrize(
    ("status", "read", "change"),
    [
        (None, True, False),
        (408, True, False),
        (429, True, True),
        (500, True, False),
        (503, True, False),
        (400, False, False),
        (401, False, False),
        (404, False, False),
        (409, False, False),
    ],
)
def test_what_passes_is_asked_again(status: int | None, read: bool, change: bool) -> None:  # noqa: FBT001
    """A read after anything that passes; a change only if the server surely did nothing."""
    policy = RetryPolicy(max_retries=2, jitter=lambda: 1.0)
    for idempotent, again in ((True, read), (False, change)):
        wait = policy.wait_before_next(failure(status), attempt=1, idempotent=idempotent)
        assert (wait is not None) is again


def test_change_that_was_never_sent_is_sent_again() -> None:
    """Where nobody listens nothing was done."""
    error = failure(None)
    assert isinstance(error, NetworkError)
    error.maybe_received = False
    policy = RetryPolicy(max_retries=1, jitter=lambda: 1.0)
    assert policy.wait_before_next(error, attempt=1, idempotent=False) is not None


@given(
    retries=st.integers(0, 1000),
    asked=st.lists(st.none() | st.floats(0, 100), min_size=1),
    jitter=st.floats(0, 1),
)
def test_waiting_has_a_bound(retries: int, asked: list[float | None], jitter: float) -> None:
    """However many retries there may be and whatever the server asks for."""
    policy = RetryPolicy(max_retries=retries, jitter=lambda: jitter)
    waited, attempt = 0.0, 1
    for retry_after in asked * 50:
        wait = policy.wait_before_next(
            failure(503, retry_after=retry_after), attempt=attempt, waited=waited, idempotent=True
        )
        if wait is None:
            break
        assert 0 <= wait <= RETRY_CAP_SECONDS
        waited, attempt = waited + wait, attempt + 1
    assert waited <= RETRY_TOTAL_SECONDS
    assert attempt <= retries + 1


def test_reported_revenue_is_sent_again(stub: Stub, script: Script, bear: BearLumen) -> None:
    """Its id makes sure that it counts once."""
    answer = {"accepted": 1, "duplicates": 0, "rejected": []}
    script.replies = [Reply(status=503, headers={"Retry-After": "0"}), Reply(body=answer)]
    assert bear.revenue.report(**REVENUE).accepted == 1
    assert len(stub.seen) == 2


def test_change_is_not_sent_twice(stub: Stub, script: Script, bear: BearLumen) -> None:
    """An answer that fails may be that of a change which was made."""
    script.replies = [Reply(status=503, headers={"Retry-After": "0"})]
    with pytest.raises(ServerError):
        bear._driver.send(Request(method="POST", path="/v1/prices", model=Ping, body={}))
    assert len(stub.seen) == 1
    script.replies = [Reply(status=429, headers={"Retry-After": "0"})]
    with pytest.raises(RateLimitError):
        bear._driver.send(Request(method="POST", path="/v1/prices", model=Ping, body={}))
    assert len(stub.seen) == 4


def test_conflict_is_told_at_once(stub: Stub, script: Script, bear: BearLumen) -> None:
    """Waiting does not mend what contradicts."""
    script.replies = [Reply(status=409)]
    with pytest.raises(ConflictError):
        bear.costs.by_model(**RANGE)
    assert len(stub.seen) == 1


def test_refused_connection_did_not_reach_the_server() -> None:
    """A caller that wants to repeat a change itself can tell."""
    with (
        BearLumen(api_key="k", base_url="http://127.0.0.1:9", max_retries=0) as bear,
        pytest.raises(NetworkError) as caught,
    ):
        bear.ping()
    assert not caught.value.maybe_received


async def test_options_hold_for_one_question(stub: Stub, script: Script, bear: BearLumen) -> None:
    """Less patience and fewer attempts, and the client stays as it was; sync and async alike."""
    script.replies = [Reply(status=503, headers={"Retry-After": "0"})]
    with pytest.raises(ServerError):
        bear.with_options(max_retries=0).ping()
    assert len(stub.seen) == 1
    script.replies, script.delay = [Reply(body=BREAKDOWN)], 0.3
    quick = bear.with_options(max_retries=0).with_options(timeout=0.05)
    with pytest.raises(NetworkError) as caught:
        quick.costs.by_model(**RANGE)
    assert caught.value.maybe_received
    assert len(stub.seen) == 2
    assert bear.costs.by_model(**RANGE).total_cost == Decimal("0.10")
    async with AsyncBearLumen(api_key="k", base_url=stub.url) as other:
        with pytest.raises(NetworkError):
            await other.with_options(timeout=0.05, max_retries=0).costs.by_model(**RANGE)
        assert (await other.costs.by_model(**RANGE)).items == []


def test_copy_shares_the_connection_and_the_events() -> None:
    """It is the same client: what either tracks is delivered, and one connection serves both."""
    sent = MemoryTransport()
    opened: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        opened.append(request)
        return httpx2.Response(200, json=BREAKDOWN)

    http_client = httpx2.Client(transport=httpx2.MockTransport(answer))
    bear = BearLumen(api_key="k", http_client=http_client, transport=sent)
    quick = bear.with_options(timeout=5)
    del bear
    gc.collect()
    assert not quick._worker._released  # it would send each event alone
    quick.costs.by_model(**RANGE)
    quick.track(None, model="m", cost=1)
    assert quick.flush()
    assert (len(opened), len(sent.events)) == (1, 1)
    assert opened[0].extensions["timeout"]["read"] == 5
    assert quick.shutdown()
    http_client.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("max_retries", value) for value in (-1, 1.5, "2", None, True, math.nan)),
        *(("timeout", value) for value in (0, -1, math.nan, math.inf, "30", (1, 2), True)),
        *(("shutdown_timeout", value) for value in (-1, math.nan, "5", None)),
        *(("batch_size", value) for value in (0, 1.5, "20")),
    ],
)
def test_option_that_cannot_be_meant_is_refused(name: str, value: Any) -> None:
    """At once, where it was written: not by the first question, nor by the thread that sends."""
    with pytest.raises(InvalidRequestError, match=rf"\] {name} is "):
        BearLumen(api_key="k", **{name: value})


def test_copy_with_an_option_that_cannot_be_meant_is_refused(bear: BearLumen) -> None:
    """As when a client is made."""
    with pytest.raises(InvalidRequestError, match="max_retries"):
        bear.with_options(max_retries=-1)
    with pytest.raises(InvalidRequestError, match="timeout"):
        bear.with_options(timeout=0)


async def test_raw_answer_is_the_http_response(stub: Stub, script: Script) -> None:
    """Status, headers, body and what the method answers; sync and async alike."""
    headers = {"X-Correlation-Id": "c-1", "Retry-After": "0"}
    reply = Reply(body=BREAKDOWN, headers=headers)
    with BearLumen(api_key="k", base_url=stub.url) as bear:
        script.replies = [Reply(status=503, headers=headers), reply]
        sync = bear.costs.with_raw_response.by_model(**RANGE)
        plain = bear.costs.by_model(**RANGE)
    async with AsyncBearLumen(api_key="k", base_url=stub.url) as other:
        script.replies = [Reply(status=503, headers=headers), reply]
        awaited = await other.costs.with_raw_response.by_model(**RANGE)
    for raw in (sync, awaited):
        assert isinstance(raw, RawResponse)
        assert (raw.status_code, raw.retries_taken, raw.correlation_id) == (200, 1, "c-1")
        assert raw.headers["x-correlation-id"] == "c-1"
        assert raw.json() == BREAKDOWN
        assert "/v1/costs/by-model?startDate=2026-01-01" in raw.url
        assert timedelta(0) < raw.elapsed < timedelta(seconds=30)
        assert raw.parse() == plain


def test_raw_answers_of_a_narrowed_resource(stub: Stub, script: Script, bear: BearLumen) -> None:
    """`for_user` narrows them as well, before or after."""
    script.replies = [Reply(body=BREAKDOWN)]
    bear.costs.with_raw_response.for_user("u").by_model(**RANGE)
    bear.costs.for_user("u").with_raw_response.by_model(**RANGE)
    assert [seen.path.endswith("externalId=u") for seen in stub.seen] == [True, True]


def test_raw_error_is_an_error(stub: Stub, script: Script, bear: BearLumen) -> None:
    """A raw answer is no way around looking at what went wrong."""
    script.replies = [Reply(status=409, headers={"X-Correlation-Id": "c-2"})]
    with pytest.raises(ConflictError) as caught:
        bear.costs.with_raw_response.by_model(**RANGE)
    assert caught.value.correlation_id == "c-2"


def test_raw_page_is_followed_as_any(stub: Stub, script: Script, bear: BearLumen) -> None:
    """Its answer asks on through the client."""
    paging = {"total": 1, "limit": 1, "offset": 0, "hasMore": False}
    script.replies = [Reply(body={"events": [], **paging})]
    page = bear.usage.with_raw_response.events(**RANGE).parse()
    assert list(page) == []


RESOURCES = (
    "attribution", "costs", "dimensions", "end_users", "insights", "margins", "prices", "revenue",
    "usage",
)  # fmt: skip


@pytest.mark.parametrize("name", RESOURCES)
@pytest.mark.parametrize("client", [BearLumen, AsyncBearLumen])
def test_every_method_has_a_raw_twin(name: str, client: type[Any]) -> None:
    """No method of any resource is forgotten."""
    resource = getattr(client(api_key="k"), name)
    methods = {method for method in dir(type(resource)) if not method.startswith("_")} - {
        "with_raw_response"
    }
    assert set(vars(resource.with_raw_response)) == methods
