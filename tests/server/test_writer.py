from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from server.helpers import event

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger import writer as writing
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.writer import Outcome, Writer, WriterBusyError, WriterClosedError
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from bearlumen_server.ledger.events import UsageEvent
    from bearlumen_server.storage import LaidOut

WAIT_SECONDS = 20
POISON = "poison"
LARGE = 100_000


class Trap(DuckDBStore):
    """A store that holds each write until it is let go, and chokes on one model."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.open = threading.Event()
        self.reached = threading.Event()
        self.groups: list[int] = []

    def append_usage(
        self, parts: Sequence[LaidOut], *, skip: Collection[int] = ()
    ) -> frozenset[int]:
        """Say that it was reached, and wait."""
        events = [event for part in parts for event in part.events]
        self.groups.append(len(events))
        self.reached.set()
        assert self.open.wait(WAIT_SECONDS)
        if any(row.event.model == POISON for row in events):
            raise RuntimeError("cannot be stored")
        return super().append_usage(parts, skip=skip)


@pytest.fixture(autouse=True, params=["few", "many"])
def _many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are laid out together, or each by itself."""
    if request.param == "many":
        monkeypatch.setattr(writing, "MANY_EVENTS", 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Trap]:
    """A trap, closed."""
    trap = Trap(tmp_path / "ledger.duckdb")
    yield trap
    trap.open.set()
    trap.close()


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """The prices of the catalogue."""
    return PriceBook.catalogue()


def some(count: int = 1, **fields: Any) -> list[UsageEvent]:
    """Return events as the writer gets them."""
    body = json.dumps({"events": [event(**fields) for _ in range(count)]}).encode()
    decoded = decode_batch(body, now=datetime.now(UTC))
    assert not decoded.rejected
    return decoded.events


def stored(store: DuckDBStore) -> int:
    """Return how many events are in the ledger."""
    return store.rows("SELECT count(*) FROM events", {})[0][0]


def started(store: DuckDBStore, book: PriceBook, *, waiting: int = LARGE) -> Writer:
    """Return a writer at work."""
    writer = Writer(store, book, max_waiting_events=waiting)
    writer.start()
    return writer


def test_requests_that_wait_share_one_commit(store: Trap, book: PriceBook) -> None:
    """While the first is written, the next three gather and are written together."""
    writer = started(store, book)
    answers = [writer.submit(some(), org_id="o")]
    assert store.reached.wait(WAIT_SECONDS)
    answers += [writer.submit(some(2), org_id="o") for _ in range(3)]
    store.open.set()
    assert [each.result(WAIT_SECONDS).accepted for each in answers] == [1, 2, 2, 2]
    assert store.groups == [1, 6]
    writer.close()


def test_the_same_event_in_two_requests_of_a_group_is_accepted_once(
    store: Trap, book: PriceBook
) -> None:
    """The first to come has it; the other is told of a duplicate."""
    writer = started(store, book)
    first = writer.submit(some(), org_id="o")
    assert store.reached.wait(WAIT_SECONDS)
    same = some(2)
    answers = [writer.submit(same, org_id="o") for _ in range(2)]
    store.open.set()
    assert [each.result(WAIT_SECONDS) for each in [first, *answers]] == [
        Outcome(accepted=1, duplicates=0),
        Outcome(accepted=2, duplicates=0),
        Outcome(accepted=0, duplicates=2),
    ]
    writer.close()


def test_a_poisonous_request_fails_alone_and_the_writer_lives_on(
    store: Trap, book: PriceBook, caplog: pytest.LogCaptureFixture
) -> None:
    """Its neighbours in the group are stored, and so is what comes after."""
    writer = started(store, book)
    writer.submit(some(), org_id="o")
    assert store.reached.wait(WAIT_SECONDS)
    before, bad, after = (
        writer.submit(events, org_id="o") for events in (some(), some(model=POISON), some())
    )
    store.open.set()
    assert before.result(WAIT_SECONDS).accepted == after.result(WAIT_SECONDS).accepted == 1
    with pytest.raises(RuntimeError, match="could not be written"):
        bad.result(WAIT_SECONDS)
    assert writer.submit(some(), org_id="o").result(WAIT_SECONDS).accepted == 1
    assert stored(store) == 4
    assert "writing 3 requests failed" in caplog.text
    writer.close()


def test_a_full_queue_takes_nothing_more(store: Trap, book: PriceBook) -> None:
    """What is refused can be sent again: when there is room, it is taken."""
    writer = started(store, book, waiting=3)
    writer.submit(some(), org_id="o")
    assert store.reached.wait(WAIT_SECONDS)
    waiting = writer.submit(some(3), org_id="o")
    with pytest.raises(WriterBusyError):
        writer.submit(some(), org_id="o")
    store.open.set()
    waiting.result(WAIT_SECONDS)
    assert writer.submit(some(), org_id="o").result(WAIT_SECONDS).accepted == 1
    writer.close()


def test_closing_writes_what_waits_and_takes_nothing_more(store: Trap, book: PriceBook) -> None:
    """An orderly end loses nothing that was handed over."""
    writer = started(store, book)
    answers = [writer.submit(some(5), org_id="o") for _ in range(4)]
    closing = threading.Thread(target=writer.close)
    closing.start()
    store.open.set()
    closing.join(WAIT_SECONDS)
    assert sum(each.result(0).accepted for each in answers) == stored(store) == 20
    with pytest.raises(WriterClosedError):
        writer.submit(some(), org_id="o")
