"""Every question over HTTP against the best SQL by hand, over ten million events.

usage: python benchmarks/server/queries.py [--events N] [--only TEXT] [--ledger FILE --key KEY]

The server has the file; the SQL runs in this process over a copy of it, in turn with the server, so
that neither shares the other's memory and both share the machine's moods.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import statistics
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import duckdb
import ledger
from processes import Helper, Serving, serving
from questions import QUESTIONS, Ask

from bearlumen_server.storage.duckdb import CONFIG

if TYPE_CHECKING:
    from collections.abc import Generator

ROUNDS = 7
PATIENCE_SECONDS = 30
MOST_MS = 300
FACTOR, EXTRA_MS = 1.2, 15
BUSY = ("usage.summary", "costs.by_model, 30 days", "usage.events, first page of 100")


def asked(
    connection: http.client.HTTPConnection, key: str, ask: Ask, event: str = ""
) -> tuple[int, float]:
    """Ask the server; return the status and the milliseconds."""
    params = {name: value.replace("{event}", event) for name, value in ask.params.items()}
    if ask.days:
        first = date.fromisoformat(ledger.END) - timedelta(days=ask.days - 1)
        params |= dict(zip(ask.names, (first.isoformat(), ledger.END), strict=True))
    begun = time.perf_counter()
    target = f"{ask.path}?{urlencode(params)}"
    connection.request("GET", target, headers={"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    body = response.read()
    assert response.status in {200, 404}, (ask.name, response.status, body[:300])
    return response.status, (time.perf_counter() - begun) * 1e3


def run(engine: duckdb.DuckDBPyConnection, ask: Ask, event: str) -> float:
    """Run the SQL by hand; return the milliseconds."""
    last = date.fromisoformat(ledger.END)
    start, end = last - timedelta(days=max(ask.days, 1) - 1), last + timedelta(days=1)
    begun = time.perf_counter()
    for sql in ask.sql:
        text = sql.replace("{start}", start.isoformat()).replace("{end}", end.isoformat())
        engine.execute(text.replace("{event}", event)).fetchall()
    return (time.perf_counter() - begun) * 1e3


@contextmanager
def prepared(folder: Path, told: argparse.Namespace) -> Generator[tuple[Path, str]]:
    """Give a ledger and its key: the one that was named, or a new one."""
    if told.ledger:
        yield Path(told.ledger), told.key
        return
    path = folder / "ledger.duckdb"
    yield path, ledger.build(path, told.events)


def measure(server: Serving, copy: Path, only: str, rounds: int) -> list[dict[str, Any]]:
    """Ask everything in turn with the SQL."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    found: list[dict[str, Any]] = []
    with duckdb.connect(str(copy), read_only=True, config=CONFIG) as engine:
        event = str(engine.execute(ledger.ANY_EVENT).fetchall()[0][0])
        for ask in (each for each in QUESTIONS if only in each.name):
            api: list[float] = []
            sql: list[float] = []
            try:
                status, _ = asked(connection, server.key, ask, event)
                if status == 404:
                    print(f"  {ask.name}: not there yet", flush=True)
                    continue
                run(engine, ask, event)
                for _ in range(rounds):
                    api.append(asked(connection, server.key, ask, event)[1])
                    sql.append(run(engine, ask, event))
            except TimeoutError:
                print(f"  {ask.name}: no answer within {PATIENCE_SECONDS} s", flush=True)
                connection.close()
                api, sql = [PATIENCE_SECONDS * 1e3], sql or [run(engine, ask, event)]
            row = {"name": ask.name, "api": statistics.median(api), "sql": statistics.median(sql)}
            # Others on the machine only ever slow one down: the least is the firmest figure.
            row |= {"api_least": min(api), "sql_least": min(sql)}
            found.append(row)
            print(f"  {ask.name}: {row['api']:.0f} ms, by hand {row['sql']:.0f}", flush=True)
    connection.close()
    return found


def while_writing(server: Serving, seconds: float) -> list[dict[str, Any]]:
    """Ask a few questions while a writer sends as fast as it can; every answer is a 200."""
    told = {"requests": 10_000, "size": 1000, "seed": 9, "gzip": False, "connections": 4}
    requests = max(20, int(seconds * 25))
    told |= {"requests": requests, "port": server.port, "key": server.key}
    load = Helper("load.py", told)
    done: list[dict[str, Any]] = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    chosen = [each for each in QUESTIONS if each.name in BUSY]
    seen: dict[str, list[float]] = {each.name: [] for each in chosen}
    load.start()
    waiting = threading.Thread(target=lambda: done.append(load.result()))
    waiting.start()
    while waiting.is_alive():
        for each in chosen:
            seen[each.name].append(asked(connection, server.key, each)[1])
    waiting.join()
    connection.close()
    result = done[0]
    assert result["accepted"] + result["duplicates"] == result["events"]
    rate = result["events"] / result["elapsed"]
    print(f"  {rate:,.0f} events/s were written meanwhile")
    return [
        {
            "name": name,
            "p50": statistics.median(times),
            "most": max(times),
            "asked": len(times),
            "rate": rate,
        }
        for name, times in seen.items()
    ]


def show(found: list[dict[str, Any]], busy: list[dict[str, Any]], memory: dict[str, float]) -> None:
    """Print the tables."""
    print("\n| question | API ms | by hand ms | allowed | |\n| --- | ---: | ---: | ---: | --- |")
    for row in found:
        allowed = min(MOST_MS, FACTOR * row["sql"] + EXTRA_MS)
        verdict = "" if row["api"] <= allowed else "over"
        print(
            f"| {row['name']} | {row['api']:.0f} | {row['sql']:.0f} | {allowed:.0f} | {verdict} |"
        )
    print("\n| while events are written | p50 ms | most ms | asked |\n| --- | ---: | ---: | ---: |")
    for row in busy:
        print(f"| {row['name']} | {row['p50']:.0f} | {row['most']:.0f} | {row['asked']} |")
    print("\n| memory of the server | MB |\n| --- | ---: |")
    for name, megabytes in memory.items():
        print(f"| {name} | {megabytes:,.0f} |")


def main() -> None:
    """Build, serve, ask, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="")
    parser.add_argument("--ledger")
    parser.add_argument("--key", default="")
    parser.add_argument("--writing", type=float, default=20, help="seconds")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with prepared(folder, told) as (path, key):
            copy = folder / "copy.duckdb"
            shutil.copyfile(path, copy)
            with serving(path, key=key) as server:
                memory["after the start"] = server.memory()
                found = measure(server, copy, told.only, told.rounds)
                memory["after every question"] = server.memory()
                busy = while_writing(server, told.writing) if told.writing else []
                memory["after writing"] = server.memory()
                memory["the most it had"] = server.peak()
    if told.json:
        print(json.dumps({"questions": found, "writing": busy, "memory": memory}))
    else:
        show(found, busy, memory)


if __name__ == "__main__":
    main()
