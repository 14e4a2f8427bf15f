"""A long answer is read through to its end, whatever arrives meanwhile."""

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bearlumen import AsyncBearLumen, BearLumen, models
from bearlumen.models import UsageEvents
from bearlumen.models._rows import rows_field
from support.stub import Reply, Seen, Stub, stub_server

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
RANGE: dict[str, Any] = {"start_date": "2026-11-01", "end_date": "2026-11-30"}


class Ledger:
    """Events in a server's stead: seconds after noon, and ids; newest first, as it answers."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str]] = []
        self.arriving: list[list[tuple[int, str]]] = []
        """What arrives after each answer."""

    def __call__(self, seen: Seen) -> Reply:
        """One page, by `endDate`, `offset` and `limit`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 100))
        end = asked["endDate"]
        until = datetime.fromisoformat(end) if "T" in end else datetime.max.replace(tzinfo=UTC)
        found = [one for one in self.events if NOON + timedelta(seconds=one[0]) < until]
        found.sort(reverse=True)
        shown = found[offset : offset + limit]
        if self.arriving:
            self.events += self.arriving.pop(0)
        return Reply(
            body={
                "events": [event(*one) for one in shown],
                "total": len(found),
                "limit": limit,
                "offset": offset,
                "hasMore": offset + len(shown) < len(found) and bool(shown),
            }
        )


def event(second: int, event_id: str) -> dict[str, Any]:
    """An event as the API shows it."""
    return {
        "eventId": event_id,
        "timestamp": (NOON + timedelta(seconds=second)).isoformat(),
        "provider": "openai",
        "model": "m",
        "inputTokens": 1,
        "outputTokens": 1,
        "cost": None,
    }


@pytest.fixture
def ledger() -> Ledger:
    """Five events, of which two have the same time."""
    ledger = Ledger()
    ledger.events = [(1, "a"), (2, "b"), (2, "c"), (3, "d"), (4, "e")]
    return ledger


@pytest.fixture
def stub(ledger: Ledger) -> Iterator[Stub]:
    """A server with that ledger."""
    with stub_server(ledger) as running:
        yield running


@pytest.fixture
def bear(stub: Stub) -> Iterator[BearLumen]:
    """Its client."""
    with BearLumen(api_key="k", base_url=stub.url) as client:
        yield client


def test_iterating_goes_through_all_pages(bear: BearLumen, stub: Stub) -> None:
    """Every item once, in order, and a page is fetched when it is reached."""
    events = iter(bear.usage.events(**RANGE, limit=2))
    assert [next(events).event_id, next(events).event_id] == ["e", "d"]
    assert len(stub.seen) == 1
    assert [one.event_id for one in events] == ["c", "b", "a"]
    assert len(stub.seen) == 3


def test_pages_can_be_turned_by_hand(bear: BearLumen) -> None:
    """Each page says where in the whole it stands, and the last that it is."""
    first = bear.usage.events(**RANGE, limit=2)
    assert [one.event_id for one in first.events] == ["e", "d"]
    second = first.next_page()
    assert (second.offset, second.total, second.has_next_page()) == (2, 5, True)
    assert [len(page.events) for page in first.iter_pages()] == [2, 2, 1]
    last = second.next_page()
    assert not last.has_next_page()
    with pytest.raises(RuntimeError, match="last page"):
        last.next_page()


async def test_async_pages_are_iterated_the_same_way(stub: Stub) -> None:
    """`async for` instead of `for`, and an awaited next page."""
    async with AsyncBearLumen(api_key="k", base_url=stub.url) as bear:
        page = await bear.usage.events(**RANGE, limit=2)
        assert [one.event_id async for one in page] == ["e", "d", "c", "b", "a"]
        assert [one.event_id for one in (await page.next_page_async()).events] == ["c", "b"]
        assert [len(one.events) async for one in page.iter_pages_async()] == [2, 2, 1]


async def test_wrong_kind_of_loop_says_which_is_right(bear: BearLumen, stub: Stub) -> None:
    """A page of one client is not silently cut short by the other's loop."""
    with pytest.raises(TypeError, match="use `for`"):
        aiter(bear.usage.events(**RANGE))
    async with AsyncBearLumen(api_key="k", base_url=stub.url) as other:
        page = await other.usage.events(**RANGE)
        with pytest.raises(TypeError, match="use `async for`"):
            iter(page)


@pytest.fixture(scope="module")
def changing() -> Iterator[tuple[Ledger, BearLumen]]:
    """A ledger that every example fills anew, and a client that asks it without a server."""
    ledger = Ledger()

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        reply = ledger(Seen(method=request.method, path=path, headers={}, body=b""))
        return httpx2.Response(200, json=reply.body)

    http_client = httpx2.Client(transport=httpx2.MockTransport(answer))
    with http_client, BearLumen(api_key="k", http_client=http_client) as bear:
        yield ledger, bear


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_events_that_arrive_meanwhile_neither_repeat_nor_skip(
    changing: tuple[Ledger, BearLumen], data: st.DataObject
) -> None:
    """Each event that was there is seen once, however many of any time arrive between pages."""
    ledger, bear = changing
    ids = iter(data.draw(st.permutations([f"{number:02}" for number in range(40)])))
    seconds = st.lists(st.integers(0, 4), max_size=6)
    there = [(second, next(ids)) for second in data.draw(seconds)]
    ledger.events = list(there)
    ledger.arriving = [[(second, next(ids)) for second in data.draw(seconds)] for _ in range(5)]
    page = bear.usage.events(**RANGE, limit=data.draw(st.integers(1, 4)))
    seen = [one.event_id for one in page]
    assert len(set(seen)) == len(seen)
    assert {event_id for _, event_id in there} <= set(seen)


def test_offset_of_ones_own_is_kept(bear: BearLumen) -> None:
    """What the caller skips stays skipped, also within events of the same time."""
    for offset, expected in ((1, "dcba"), (3, "ba"), (5, "")):
        page = bear.usage.events(**RANGE, limit=1, offset=offset)
        assert "".join(one.event_id for one in page) == expected


def test_pages_of_other_answers_follow_by_their_offset() -> None:
    """Any model that is a page knows its items and is followed with the same question."""

    def answer(seen: Seen) -> Reply:
        asked = parse_qs(urlsplit(seen.path).query)
        offset = int(asked.get("offset", ["0"])[0])
        item = {
            "attributionValue": f"user {offset}", "totalCost": "1", "percentOfTotal": 33.3,
            "eventCount": 1, "inputTokens": 1, "outputTokens": 1,
        }  # fmt: skip
        paging = {"total": 3, "limit": 1, "offset": offset, "hasMore": offset < 2}
        body = {"items": [item], "totalCost": "3", "unpricedEvents": 0, **paging}
        return Reply(body=body)

    with stub_server(answer) as stub, BearLumen(api_key="k", base_url=stub.url) as bear:
        users = bear.costs.detailed_by_end_user(**RANGE, feature="chat", limit=1)
        assert [one.attribution_value for one in users] == ["user 0", "user 1", "user 2"]
    assert all("feature=chat" in seen.path and "limit=1" in seen.path for seen in stub.seen)


def test_server_that_always_has_more_is_left_in_the_end(bear: BearLumen, ledger: Ledger) -> None:
    """An empty page is the last one, whatever it says."""
    page = bear.usage.events(**RANGE).model_copy(update={"has_more": True})
    assert len(list(page)) == 5


def test_page_without_its_client_is_still_an_answer(bear: BearLumen) -> None:
    """It can be pickled and compared, and gives its own items; it cannot fetch others."""
    page = bear.usage.events(**RANGE, limit=2)
    copied: UsageEvents = pickle.loads(pickle.dumps(page))  # noqa: S301
    assert copied == page == UsageEvents.model_validate(page.model_dump())
    assert len(copied.events) == 2
    with pytest.raises(RuntimeError, match="client"):
        list(copied)
    whole = bear.usage.events(**RANGE)
    assert len(list(pickle.loads(pickle.dumps(whole)))) == 5  # noqa: S301


def test_every_page_model_says_where_its_items_are() -> None:
    """A model of a page that cannot be iterated over would fail its first user."""
    pages = [
        model
        for model in vars(models).values()
        if isinstance(model, type) and issubclass(model, models.Page) and model is not models.Page
    ]
    assert UsageEvents in pages
    assert [model.__name__ for model in pages if rows_field(model) is None] == []
