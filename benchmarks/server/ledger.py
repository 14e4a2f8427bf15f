"""A ledger of ten million events, made inside the engine in the real schema.

Ninety days up to `END`, three organisations of which the first has nine tenths, 50,000 end users,
twelve models, a tenth of the events without a feature and a hundredth without a price.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import duckdb

from bearlumen_server.keys import SCOPES, KeyRing
from bearlumen_server.storage.duckdb import CONFIG, DuckDBStore

if TYPE_CHECKING:
    from pathlib import Path

START: Final = "2026-08-03"
END: Final = "2026-10-31"
DAYS: Final = 90
ORGANIZATION: Final = "org_main"
CHUNK: Final = 1_000_000
REVENUE_ROWS: Final = 200_000
ANY_EVENT: Final = "SELECT event_id FROM events WHERE org_id = 'org_main' LIMIT 1 OFFSET 1000000"

# `u(n)` is a number from 0 to 1 that only depends on the row and n.
_EVENTS = """
    INSERT INTO events BY NAME
    WITH numbered AS (
        SELECT i, TIMESTAMP '2026-08-03' + to_microseconds(CAST(
                   i * 7776000000000.0 / $total AS BIGINT)) AS ts,
               (hash(i) % 1000003) / 1000003.0 AS u1, (hash(i + 7) % 1000003) / 1000003.0 AS u2,
               (hash(i * 3 + 1) % 1000003) / 1000003.0 AS u3,
               (hash(i * 5 + 2) % 1000003) / 1000003.0 AS u4
        FROM range($first, $first + $rows) AS r(i)),
    chosen AS (
        SELECT *, CAST(floor(u1 * u1 * 12) AS INTEGER) AS m,
               CAST(floor(u2 * u2 * u2 * 50000) AS INTEGER) AS who,
               CAST(exp(5 + 3 * u3) AS BIGINT) AS tokens_in,
               CAST(exp(4 + 2 * u4) AS BIGINT) AS tokens_out FROM numbered)
    SELECT CASE WHEN i % 100 < 90 THEN 'org_main' WHEN i % 100 < 97 THEN 'org_side'
                ELSE 'org_tiny' END AS org_id,
           CAST(format('{:012x}', epoch_ms(ts)) || '7' || substr(md5(CAST(i AS VARCHAR)), 1, 3)
                || '8' || substr(md5(CAST(i AS VARCHAR)), 4, 15) AS UUID) AS event_id,
           ts, ts + INTERVAL 2 SECOND AS received_at,
           ['openai', 'anthropic', 'gemini', 'mistral'][m % 4 + 1] AS provider,
           'model-' || m AS model,
           tokens_in AS input_tokens, tokens_out AS output_tokens,
           CASE WHEN u4 < 0.4 THEN tokens_in // 2 ELSE 0 END AS cache_read_tokens,
           0 AS cache_write_tokens,
           CASE WHEN u3 < 0.2 THEN tokens_out // 2 ELSE 0 END AS reasoning_tokens,
           CASE WHEN i % 100 = 99 THEN NULL ELSE CAST(
               CAST(tokens_in * (m + 1) * 300000 + tokens_out * (m + 1) * 1500000 AS HUGEINT)
               / 1000000000000.0 AS DECIMAL(18, 12)) END AS cost,
           CASE WHEN i % 100 = 99 THEN NULL ELSE 'catalogue' END AS cost_source,
           CASE WHEN i % 100 = 99 THEN NULL ELSE 'bench:model-' || m END AS price_id,
           'user-' || who AS end_user,
           CASE WHEN u4 < 0.1 THEN NULL ELSE 'feature-' || CAST(floor(u3 * u3 * 20) AS INTEGER) END
               AS feature,
           CASE WHEN u3 < 0.5 THEN 'agent-' || CAST(floor(u4 * 8) AS INTEGER) END AS agent,
           CASE WHEN u2 < 0.6 THEN 'workflow-' || CAST(floor(u4 * 12) AS INTEGER) END AS workflow,
           's-' || (i // 20000) || '-' || (who % 997) AS session_id,
           CASE WHEN who % 3 = 0 THEN 'chat' ELSE 'job' END AS session_type,
           round(exp(6 + 2 * u1), 1) AS latency_ms,
           CAST('{}' AS JSON)::VARIANT AS units,
           CASE WHEN u2 < 0.8
                THEN {'region': ['eu', 'us', 'ap'][CAST(floor(u4 * 3) AS INTEGER) + 1],
                      'team': 'team-' || CAST(floor(u3 * 40) AS INTEGER),
                      'attempt': CAST(floor(u1 * 3) AS INTEGER), 'score': round(u4, 3)}::VARIANT
                ELSE {'region': 'eu', 'env': 'test'}::VARIANT END AS dims,
           CASE WHEN u2 < 0.8 THEN '["attempt","region","score","team"]'
                ELSE '["env","region"]' END AS dim_keys,
           CASE WHEN u2 < 0.8 THEN chr(10) || '"attempt"' || chr(10) || '"score"' || chr(10) END
               AS number_keys,
           CAST('{}' AS JSON)::VARIANT AS details,
           {'response_id': 'r-' || i}::VARIANT AS extra
    FROM chosen"""
_REVENUE = """
    INSERT INTO revenue_entries
    SELECT 'org_main', 'rev-' || i, 'user-' || (hash(i) % 50000),
           TIMESTAMP '2026-08-03' + to_hours(CAST(hash(i + 3) % 2160 AS INTEGER)),
           CAST((hash(i + 5) % 100000) / 10.0 AS DECIMAL(28, 12)) FROM range($rows) AS r(i)"""


def build(path: Path, events: int) -> str:
    """Make the ledger and return an API key for its first organisation."""
    store = DuckDBStore(path)
    _, key = KeyRing(store).create(org_id=ORGANIZATION, name="bench", scopes=SCOPES)
    store.close()
    begun = time.perf_counter()
    with duckdb.connect(str(path), config=CONFIG) as connection:
        for first in range(0, events, CHUNK):
            rows = min(CHUNK, events - first)
            values = {"first": first, "rows": rows, "total": events}
            connection.execute(_EVENTS, values).fetchall()
        connection.execute(_REVENUE, {"rows": REVENUE_ROWS}).fetchall()
        connection.execute("CHECKPOINT").fetchall()
    elapsed, size = time.perf_counter() - begun, path.stat().st_size / 1e6
    print(f"{events:,} events in {elapsed:.0f} s, {size:,.0f} MB on disk", flush=True)
    return key
