"""Random ledgers: events and revenue as senders may send them, and what a ledger says of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4
from weakref import WeakKeyDictionary

import duckdb
from hypothesis import strategies as st
from server.helpers import uuid7

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price
from bearlumen_server.ledger.revenue import decode_revenue
from bearlumen_server.reports.costs import cost_by, cost_by_page
from bearlumen_server.reports.margins import margins_by_end_user
from bearlumen_server.reports.question import LABELS, Question
from bearlumen_server.reports.usage import events_page, usage_summary
from bearlumen_server.storage.migrations import migrations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bearlumen_server.storage.duckdb import DuckDBStore

BOOK: Final = PriceBook.catalogue()
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MOST: Final = 2**63 - 1

_characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
texts = st.text(_characters, max_size=8)
names = st.text(_characters, min_size=1, max_size=8)
labels = st.none() | st.sampled_from(["a", "b", "Ω\u2028'\"\\", "null"]) | texts
instants = st.integers(0, 150 * 86_400_000_000).map(
    lambda us: (START + timedelta(microseconds=us)).isoformat()
)
costs = st.none() | st.decimals(0, 999_999, places=12).map(str) | st.just("0.000000000001")
numbers = st.integers(-_MOST - 1, _MOST) | st.floats(allow_nan=False, allow_infinity=False)
dimensions = st.dictionaries(names, texts | st.booleans() | numbers, max_size=3)
quantities = st.integers(0, 10**15) | st.floats(0, 1e15)
nested = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
counts = st.none() | st.integers(0, 10**10)

metadata = st.fixed_dictionaries(
    {"provider": st.sampled_from(["openai", "anthropic", "own"])},
    optional={
        "cost": costs,
        "feature": labels,
        "agent": labels,
        "workflow": labels,
        "session_id": labels,
        "session_type": labels,
        "dimensions": dimensions,
        "units": st.dictionaries(names, quantities, max_size=2),
        "reported": st.dictionaries(names, numbers, min_size=1, max_size=2),
        "latency_ms": st.floats(0, 1e6),
        "provider_cost": costs,
        "parent_event_id": st.uuids().map(str),
        "note": nested,
    },
)
events = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gpt-4o", "claude-sonnet-4-5"]) | names,
        "event_invoked_at": instants,
        "metadata": metadata,
    },
    optional={"input_tokens": counts, "output_tokens": counts, "user_id": labels},
)
payments = st.fixed_dictionaries(
    {
        "externalId": st.sampled_from(["a", "b", "ü"]) | names,
        "amount": st.decimals(-(10**9), 10**9, places=12).map(str),
        "periodStart": st.just("2026-01-31"),
        "periodEnd": st.sampled_from(["2026-01-31", "2026-03-01T11:22:33.123456Z", "2026-04-30"]),
    }
)


@st.composite
def batches(draw: st.DrawFn, *, most: int = 6) -> list[dict[str, Any]]:
    """Return events with ids of both kinds."""
    made = draw(st.lists(events, max_size=most))
    return [
        {**each, "sdk_event_id": str(uuid7() if draw(st.booleans()) else uuid4())} for each in made
    ]


def write(store: DuckDBStore, org_id: str, sent: Sequence[dict[str, Any]]) -> int:
    """Store events as the server does, and return how many were known; none may be refused."""
    decoded = decode_batch(json.dumps({"events": sent}).encode(), now=NOW)
    assert not decoded.rejected, decoded.rejected
    unique = {each.event_id: each for each in reversed(decoded.events)}
    rows = [price(each, org_id=org_id, book=BOOK) for each in unique.values()]
    known = store.append_usage([store.lay_out(rows)]) if rows else ()
    return len(known) + len(sent) - len(rows)


def pay(store: DuckDBStore, org_id: str, sent: Sequence[dict[str, Any]]) -> None:
    """Store revenue as the server does."""
    records = [
        decode_revenue(json.dumps({"revenueId": f"r{n}", **each}).encode(), now=NOW)
        for n, each in enumerate(sent)
    ]
    if records:
        store.append_revenue(records, org_id=org_id)


def stored(
    store: DuckDBStore, org_id: str, *, without: Sequence[str] = (), only: Sequence[str] = ()
) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table of the ledger, to the last bit, without its owner.

    Args:
        store: The file.
        org_id: Whose ledger.
        without: Columns that are not looked at.
        only: The tables that are, where not all of them.
    """
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table, columns in _tables(store).items():
        if only and table not in only:
            continue
        chosen = ", ".join(text for name, text in columns.items() if name not in without)
        sql = f"SELECT {chosen} FROM {table} WHERE org_id = $org ORDER BY ALL"  # noqa: S608
        found[table] = store.rows(sql, {"org": org_id})
    return found


def _tables(store: DuckDBStore) -> dict[str, dict[str, str]]:
    """Return the tables of the ledger, with each column and how it is read exactly."""
    if store not in _KNOWN:
        _KNOWN[store] = _tables_of(store)
    return _KNOWN[store]


_KNOWN: WeakKeyDictionary[DuckDBStore, dict[str, dict[str, str]]] = WeakKeyDictionary()


def _tables_of(store: DuckDBStore) -> dict[str, dict[str, str]]:
    sql = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in store.rows(sql, {}):
        text = f"CAST(CAST({name} AS JSON) AS VARCHAR)" if kind == "VARIANT" else name
        found.setdefault(table, {})[name] = text
    ours = {table: each for table, each in found.items() if "org_id" in each}
    for each in ours.values():
        del each["org_id"]
    return {table: each for table, each in ours.items() if table not in {"api_keys", "erasures"}}


def answers(store: DuckDBStore, org_id: str, *, labels: Sequence[str] = LABELS) -> list[Any]:
    """Return what the reports say of the whole of a ledger."""
    question = Question(org_id=org_id, start=START, end=NOW)
    return [
        usage_summary(store, question),
        events_page(store, question, limit=100, offset=0),
        *(cost_by(store, question, label, tokens=True) for label in labels),
        *(cost_by_page(store, question, label, limit=100, offset=0) for label in labels),
        margins_by_end_user(store, question, sort="margin", descending=True, limit=100, offset=0),
    ]


ROWS = """
    INSERT INTO events
    SELECT 'org', uuid_from(n), make_timestamp(1772366400000000 + n), TIMESTAMP '2026-03-02',
        'openai', 'gpt-4o', 10, NULL, 1, 2, 3, CASE WHEN n % 2 = 0 THEN 0.000000000001 END,
        CASE WHEN n % 2 = 0 THEN 'explicit' END, NULL, 'user', 'chat', NULL, NULL, 's', NULL,
        '{"pages": 2.5}'::JSON::VARIANT, '{"team": "a", "seats": 9007199254740993}'::JSON::VARIANT,
        '{"batch": true}'::JSON::VARIANT, '{"note": [1, null]}'::JSON::VARIANT
    FROM range(4) AS t(n);
    INSERT INTO revenue VALUES ('org', 'r', 'user', 12.5, 'USD', TIMESTAMP '2026-03-01', NULL,
        TIMESTAMP '2026-03-02');
    INSERT INTO revenue_entries VALUES ('org', 'r', 'user', TIMESTAMP '2026-03-01', 12.5);
    """
UUID = "CAST('0195500000007000800000000000000' || n AS UUID)"


def file_of_version(path: Path, version: int) -> None:
    """Make a file as the first server left it, and as those up to a version upgraded it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP)")
        for number, sql in migrations():
            if number <= version:
                connection.execute(sql).fetchall()
                noted = "INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)"
                connection.execute(noted, [number]).fetchall()
            if number == 1:
                connection.execute(ROWS.replace("uuid_from(n)", UUID)).fetchall()
