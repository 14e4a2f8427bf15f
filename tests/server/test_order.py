from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.ledgers import answers, batches, stored, write

from bearlumen_server.reports.question import LABELS
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterator

numbers = count()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    """One file; every example has organisations of its own."""
    opened = DuckDBStore(tmp_path_factory.mktemp("order") / "ledger.duckdb")
    opened.rows("SET threads = 1", {})  # tiny questions, by the thousand
    yield opened
    opened.close()


@pytest.mark.timeout(300)  # 15 s, where nothing else runs
@given(sent=batches(most=8), data=st.data())
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_ledger_is_the_same_in_every_order_of_arrival(
    store: DuckDBStore, sent: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Shuffled, in other batches, some sent again: the same rows, and the same answers."""
    number = next(numbers)
    straight, crooked = f"straight_{number}", f"crooked_{number}"
    write(store, straight, sent)
    again = data.draw(st.lists(st.sampled_from(sent), max_size=4) if sent else st.just([]))
    shuffled = data.draw(st.permutations([*sent, *again]))
    cut = data.draw(st.integers(0, len(shuffled)))
    known = write(store, crooked, shuffled[:cut]) + write(store, crooked, shuffled[cut:])
    assert known == len(again)
    what = {"only": ["events"], "without": ["received_at"]}
    assert stored(store, crooked, **what) == stored(store, straight, **what)
    label = data.draw(st.sampled_from(LABELS))
    one, other = (answers(store, org, labels=[label]) for org in (straight, crooked))
    assert one == other
