"""The raw engine: ready Arrow into the same schema with the same search for duplicates.

Nothing of it is ours but the schema: no HTTP, no validation, no prices, one thread that commits
10,000 rows at a time. The rows are the very ones the server makes of the same requests.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import workload

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price
from bearlumen_server.storage.arrow import usage_table
from bearlumen_server.storage.duckdb import CONFIG
from bearlumen_server.storage.migrations import migrations

COMMIT_ROWS = 10_000
INSERT = """
    INSERT INTO events BY NAME
    SELECT * REPLACE (units::JSON::VARIANT AS units, dims::JSON::VARIANT AS dims,
                      details::JSON::VARIANT AS details, extra::JSON::VARIANT AS extra,
                      reported::JSON::VARIANT AS reported)
    FROM incoming b WHERE NOT EXISTS (
        FROM events e WHERE e.event_id = b.event_id AND e.org_id = b.org_id
        AND e.event_id BETWEEN $low AND $high)"""


def groups(bodies: list[bytes]) -> list[tuple[Any, dict[str, Any]]]:
    """Make the commits: each without duplicates of its own, and the range of its ids."""
    book = PriceBook.catalogue()
    now = datetime.now(UTC)
    made: list[tuple[Any, dict[str, Any]]] = []
    group: dict[Any, Any] = {}
    for number, body in enumerate(bodies, 1):
        for event in decode_batch(body, now=now).events:
            group.setdefault(event.event_id, event)
        if len(group) >= COMMIT_ROWS or number == len(bodies):
            rows = [price(event, org_id="raw", book=book) for event in group.values()]
            table = usage_table(rows, [row.event.event_id.bytes for row in rows]).drop_columns(
                ["time_ordered"]
            )
            received = pa.repeat(pa.scalar(now, pa.timestamp("us")), table.num_rows)
            table = table.append_column("received_at", received)
            made.append((table, {"low": min(group), "high": max(group)}))
            group = {}
    return made


def main() -> None:
    """Prepare, wait to be told, insert, report."""
    told = json.loads(sys.argv[1])
    made = workload.bodies(told["requests"], told["size"], seed=told["seed"])
    ready = groups(made.bodies)
    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(str(Path(folder) / "raw.duckdb"), config=CONFIG)
        for _, sql in migrations():
            connection.execute(sql).fetchall()
        print("ready", flush=True)
        sys.stdin.readline()
        begun, cpu = time.perf_counter(), time.process_time()
        for table, ids in ready:
            connection.register("incoming", table)
            connection.execute(INSERT, ids).fetchall()
        elapsed, cpu = time.perf_counter() - begun, time.process_time() - cpu
        stored = connection.execute("SELECT count(*) FROM events").fetchall()[0][0]
        connection.close()
    assert stored == made.distinct, (stored, made.distinct)
    found = {"elapsed": elapsed, "cpu": cpu, "events": made.events, "stored": stored}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    assert pa
    main()
