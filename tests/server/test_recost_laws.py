"""Laws of re-costing over random ledgers, and what becomes of a run that is cut short."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server.helpers import uuid7

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price
from bearlumen_server.pricebook.books import PriceBooks
from bearlumen_server.pricebook.reading import NewPrice
from bearlumen_server.pricebook.recosting import Recosts, RunConflictError
from bearlumen_server.pricebook.rules import Target
from bearlumen_server.reports.question import Question
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from bearlumen_server.pricebook.runs import Run
    from bearlumen_server.storage.base import Transaction

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
CHUNK = 3
"""So small that a few events take several transactions."""


class Brittle(DuckDBStore):
    """A store that fails at one of its next transactions, as a killed process would."""

    left: int | None = None

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """Write, or fail."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("killed")
        with super().transaction() as write:
            yield write


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brittle]:
    """One ledger for all examples, each of which has an organisation of its own."""
    path: Path = tmp_path_factory.mktemp("recost") / "ledger.duckdb"
    brittle = Brittle(path)
    yield brittle
    brittle.close()


@pytest.fixture(scope="module")
def books(store: Brittle) -> PriceBooks:
    """The prices of all organisations."""
    return PriceBooks(store, PriceBook.catalogue())


def sent(model: str, minutes: int, tokens: int, cost: str | None) -> dict[str, Any]:
    """An event as the API takes it."""
    return {
        "sdk_event_id": str(uuid7()),
        "model": model,
        "input_tokens": tokens,
        "output_tokens": 1,
        "event_invoked_at": (NOON + timedelta(minutes=minutes)).isoformat(),
        "metadata": {"provider": "openai", "cost": cost, "units": {"images": tokens % 2}},
    }


events = st.lists(
    st.builds(
        sent,
        st.sampled_from(["gpt-4o", "ours"]),
        st.integers(-2000, 2000),
        st.integers(0, 10_000),
        st.sampled_from([None, None, "0.5"]),
    ),
    max_size=10,
)
own_prices = st.lists(
    st.builds(
        lambda model, amount, units: NewPrice(
            target=Target(provider=None, model=model, service_tier=None, batch=None),
            effective_from=None, prices={"input_tokens": amount, "output_tokens": amount},
            units=units, tools={}, discount_percent=None, note=None,
        ),
        st.sampled_from(["gpt-4o", "ours", "*"]),
        st.decimals(0, 50, places=3),
        st.dictionaries(st.just("images"), st.decimals(0, 1, places=2)),
    ),
    max_size=3,
)  # fmt: skip


def fill(store: DuckDBStore, books: PriceBooks, org_id: str, batch: list[dict[str, Any]]) -> None:
    """Put events into the ledger at the prices of now."""
    decoded = decode_batch(msgspec.json.encode({"events": batch}), now=datetime.now(UTC)).events
    rows = [price(event, org_id=org_id, book=books.of(org_id)) for event in decoded]
    if rows:
        store.append_usage([store.lay_out(rows)])


def costs(store: DuckDBStore, org_id: str) -> list[tuple[Any, ...]]:
    """What is stored about the cost of every event."""
    sql = (
        "SELECT event_id, cost, cost_source, price_id FROM events WHERE org_id = $org "
        "ORDER BY event_id"
    )
    return store.rows(sql, {"org": org_id})


def everything(org_id: str) -> Question:
    """All events of an organisation."""
    return Question(org_id=org_id, start=NOON - timedelta(days=9), end=NOON + timedelta(days=9))


@settings(max_examples=200, deadline=None)
@given(events, own_prices, own_prices)
def test_applying_is_the_dry_run_and_undoing_restores_every_row(
    store: Brittle, books: PriceBooks, batch: Any, before: Any, after: Any
) -> None:
    """Whatever the prices were and are; what was stated is never touched."""
    org_id = f"org_{uuid4()}"
    books.set_prices(org_id, before, by=None)
    fill(store, books, org_id, batch)
    books.set_prices(org_id, after, by=None)
    recosts = Recosts(store, books, chunk_events=CHUNK)
    stored = costs(store, org_id)
    said = recosts.dry_run(everything(org_id))
    run, future = recosts.start(everything(org_id), by="key_1")
    done = future.result()
    assert done.figures.kept() == said.kept()
    changed = costs(store, org_id)
    total = sum((row[1] for row in changed if row[1] is not None), Decimal(0))
    stated = sum((row[1] for row in stored if row[2] == "explicit"), Decimal(0))
    assert total == stated + done.figures.total.after
    found = recosts.get(org_id, run.id)
    assert found is not None
    assert found.status == "done"
    assert recosts.undo(found, by="key_2").result().status == "undone"
    assert costs(store, org_id) == stored


def input_at(dollars: int, model: str = "gpt-4o") -> NewPrice:
    """Return a price of a model's input, per million."""
    target = Target(provider=None, model=model, service_tier=None, batch=None)
    return NewPrice(
        target=target, effective_from=None, prices={"input_tokens": Decimal(dollars)}, units={},
        tools={}, discount_percent=None, note=None,
    )  # fmt: skip


def interrupted(store: Brittle, books: PriceBooks, at: int) -> tuple[str, list[Any], str]:
    """A run over ten events that died at one of its transactions; what was stored before it."""
    org_id = f"org_{uuid4()}"
    fill(store, books, org_id, [sent("gpt-4o", minute, 1000, None) for minute in range(10)])
    stored = costs(store, org_id)
    books.set_prices(org_id, [input_at(1)], by=None)
    recosts = Recosts(store, books, chunk_events=CHUNK)
    store.left = at
    run, future = recosts.start(everything(org_id), by=None)
    with pytest.raises(RuntimeError, match="killed"):
        future.result()
    store.left = None
    return org_id, stored, run.id


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_that_was_cut_short_goes_on_where_it_was(
    store: Brittle, books: PriceBooks, at: int
) -> None:
    """Another process finds it, finishes it, and every event was counted once."""
    org_id, stored, run_id = interrupted(store, books, at)
    recosts = Recosts(store, books, chunk_events=CHUNK)
    run = recosts.get(org_id, run_id)
    assert run is not None
    assert (run.status, recosts.is_active(run)) == ("running", False)
    with pytest.raises(RunConflictError, match=run_id):
        recosts.start(everything(org_id), by=None)
    done = recosts.resume(run).result()
    assert (done.status, done.figures.total.events, done.figures.total.changed) == ("done", 10, 10)
    assert {row[1] for row in costs(store, org_id)} == {Decimal("0.00101")}
    assert recosts.undo(done, by=None).result().status == "undone"
    assert costs(store, org_id) == stored


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_that_was_cut_short_is_undone(store: Brittle, books: PriceBooks, at: int) -> None:
    """Also where the undoing is cut short in its turn."""
    org_id, stored, run_id = interrupted(store, books, at)
    recosts = Recosts(store, books, chunk_events=CHUNK)
    run = recosts.get(org_id, run_id)
    assert run is not None
    store.left = at
    try:
        recosts.undo(run, by=None).result()
    except RuntimeError:
        store.left = None
        half = recosts.get(org_id, run_id)
        assert half is not None
        assert recosts.resume(half).result().status == "undone"
    store.left = None
    assert costs(store, org_id) == stored


def test_changed_prices_are_no_reason_to_go_on(store: Brittle, books: PriceBooks) -> None:
    """Half a ledger would be under other prices than the other half."""
    org_id, _, run_id = interrupted(store, books, 2)
    books.set_prices(org_id, [input_at(1, "x")], by=None)
    recosts = Recosts(store, books, chunk_events=CHUNK)
    run = recosts.get(org_id, run_id)
    assert run is not None
    with pytest.raises(RunConflictError, match="prices changed"):
        recosts.resume(run)


def test_a_run_keeps_to_the_prices_it_began_with(store: Brittle, books: PriceBooks) -> None:
    """A price that is set as it begins is another version's, and no part of the run."""
    org_id = f"org_{uuid4()}"
    fill(store, books, org_id, [sent("gpt-4o", 0, 1_000_000, None)])
    books.set_prices(org_id, [input_at(1)], by=None)

    class Overtaken(Recosts):
        def _begin(self, run: Run, work: Callable[[Run], Run]) -> Future[Run]:
            books.set_prices(org_id, [input_at(7)], by=None)
            return super()._begin(run, work)

    run, future = Overtaken(store, books).start(everything(org_id), by=None)
    found = future.result()
    assert found.price_version == run.price_version != Recosts(store, books).version(org_id)
    ((_, cost, *_),) = costs(store, org_id)
    assert cost is not None
    assert cost < 7
