from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from server.helpers import BATCH, MARCH, Api, event

from bearlumen import BearLumen
from bearlumen_server import local_server
from bearlumen_server.limits import BURST_SECONDS, RateLimit
from bearlumen_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bearlumen_server import LocalServer


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_an_idle_key_may_use_what_it_saved_and_then_waits() -> None:
    """Two a second, so twenty at once; the next one half a second later, told as a whole one."""
    clock = Clock()
    limit = RateLimit(2, clock=clock)
    assert [limit.take("k") for _ in range(2 * BURST_SECONDS)] == [0] * 20
    assert limit.take("k") == 1
    assert limit.take("another") == 0
    clock.now = 0.5
    assert [limit.take("k"), limit.take("k")] == [0, 1]


def test_a_batch_larger_than_the_bucket_gets_through_and_is_paid_for() -> None:
    """Ten a second: a thousand leave 900 to be paid, and one more to be had."""
    clock = Clock()
    limit = RateLimit(10, clock=clock)
    assert limit.take("k", 1000) == 0
    assert limit.take("k", 1) == 91
    clock.now = 91
    assert limit.take("k", 1) == 0


def test_who_waits_as_told_is_let_in_whatever_is_lost_in_rounding() -> None:
    """The bucket came to 0.9999999999999991 here, and the key had to wait for a second more."""
    clock = Clock()
    limit = RateLimit(0.03125, clock=clock)
    assert (limit.take("k"), limit.take("k", 23)) == (0, 32)
    clock.now += 32
    assert limit.take("k", 23) == 0
    clock.now += 0.9769476879332164
    clock.now += limit.take("k", 1000)
    assert limit.take("k", 1000) == 0
    clock.now += limit.take("k")
    assert limit.take("k") == 0


@given(
    rate=st.floats(0.01, 1000),
    takes=st.lists(st.tuples(st.floats(0, 100), st.integers(1, 1000)), max_size=50),
)
def test_nobody_uses_more_than_the_rate_and_one_burst(
    rate: float, takes: list[tuple[float, int]]
) -> None:
    """Whatever the pattern; and who waits as long as he is told is let in."""
    clock = Clock()
    limit = RateLimit(rate, clock=clock)
    most = max(1.0, rate * BURST_SECONDS)
    used, last = 0, 0
    for after, amount in takes:
        clock.now += after
        wait = limit.take("k", amount)
        if wait:
            clock.now += wait
            assert limit.take("k", amount) == 0
        used, last = used + amount, amount
        assert used - last <= most + rate * clock.now + 1e-6 * used


@pytest.fixture(scope="module")
def strict() -> Iterator[LocalServer]:
    """A server that allows next to nothing: a request each 10 s, an event each 20."""
    settings = Settings(rate_limit_requests=0.1, rate_limit_events=0.05)
    with local_server(settings=settings) as running:
        yield running


def test_who_asks_too_much_is_told_when_to_come_back(strict: LocalServer) -> None:
    """One bucket for questions, one for events; each is a 429 with whole seconds."""
    with httpx.Client(base_url=strict.url, timeout=30) as client:
        api = Api(http=client, org_id="local", key=strict.api_key)
        answers = [api.request("GET", "/v1/usage/summary", params=MARCH) for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 429]
        assert answers[1].json()["code"] == "rate_limit_exceeded"
        assert 1 <= int(answers[1].headers["retry-after"]) <= 10
        assert api.send([event(), event()])["accepted"] == 2
        refused = api.request("POST", BATCH, json={"events": [event()]})
        assert refused.status_code == 429
        assert 20 < int(refused.headers["retry-after"]) <= 40  # for two events, not for one
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (BATCH, b'{"events": [{}, {}]}', 200),
        (BATCH, b'{"events": []}', 200),
        (BATCH, b"{", 400),
        ("/v1/usage/events", b"{}", 422),
        ("/v1/usage/events", b"{", 400),
    ],
)
def test_what_is_refused_is_counted_too(path: str, body: bytes, status: int) -> None:
    """A key that sends nothing but nonsense is told to wait like any other."""
    with (
        local_server(settings=Settings(rate_limit_events=0.05)) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        api = Api(http=client, org_id="local", key=server.api_key)
        sent = [api.request("POST", path, content=body).status_code for _ in range(2)]
        assert sent == [status, 429]


def test_the_client_waits_as_it_is_told() -> None:
    """Nothing is lost to a limit: the events come a second later."""
    with (
        local_server(settings=Settings(rate_limit_events=1)) as server,
        BearLumen(server.api_key, base_url=server.url, batch_size=10) as bear,
    ):
        for number in range(11):
            bear.track(None, model=f"m{number}", cost="1")
        assert bear.flush(timeout=20)
        found = bear.usage.summary(start_date="2020-01-01", end_date="2099-01-01")
        assert found.total_events == 11
