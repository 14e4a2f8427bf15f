"""The whole path into the ledger against the raw engine, in turn in one run.

usage: python benchmarks/server/ingest.py [--quick] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from processes import Helper, serving

EVENTS = 200_000
CELLS = (
    # name, events a request, connections, gzip, target
    ("1,000 events a request, 16 connections", 1_000, 16, False, 0.55),
    ("100 events a request, 32 connections", 100, 32, False, 0.40),
    ("the first, compressed with gzip", 1_000, 16, True, None),
)


def raw(size: int, events: int, seed: int) -> tuple[float, float]:
    """Return the rows a second the engine takes, resent ones included, and its CPU for one."""
    told = {"requests": events // size, "size": size, "seed": seed}
    found = Helper("raw.py", told).run()
    return found["events"] / found["elapsed"], found["cpu"] / found["events"] * 1e6


def served(size: int, connections: int, gzip: bool, events: int, seed: int) -> dict[str, Any]:  # noqa: FBT001
    """Return what a server did with the same requests; what it stored is what it acknowledged."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "ledger.duckdb"
        with serving(database) as server:
            told = {"requests": events // size, "size": size, "seed": seed, "gzip": gzip}
            # A first few requests, so that no start is timed: catalogue, price lists, threads.
            warm = {**told, "requests": 8, "seed": seed + 1_000}
            link = {"port": server.port, "key": server.key, "connections": connections}
            first = Helper("load.py", {**warm, **link}).run()
            load = Helper("load.py", {**told, **link})
            before = server.cpu()
            found = load.run()
            cpu, peak = server.cpu() - before, server.peak()
        with duckdb.connect(str(database)) as connection:
            sql = "SELECT count(*), count(DISTINCT event_id), count(cost) FROM events"
            stored, distinct, priced = connection.execute(sql).fetchall()[0]
    acknowledged = found["accepted"] + first["accepted"]
    assert stored == distinct == acknowledged == found["distinct"] + first["distinct"]
    assert priced == stored, (priced, stored)
    assert found["accepted"] + found["duplicates"] == found["events"]
    latencies = sorted(found["seconds"])
    return {
        "rate": found["events"] / found["elapsed"],
        "cpu": cpu / found["events"] * 1e6,
        "load_cpu": found["cpu"] / found["events"] * 1e6,
        "p50": latencies[len(latencies) // 2] * 1e3,
        "p99": latencies[int(len(latencies) * 0.99)] * 1e3,
        "peak": peak,
    }


def measure(rounds: int, events: int) -> dict[str, dict[str, Any]]:
    """Run every cell in every round, each beside a run of the raw engine."""
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name, *_ in CELLS}
    for number in range(rounds):
        for name, size, connections, gzip, _ in CELLS:
            # The engine before and after, so that a machine that slows down is not our ratio.
            before = raw(size, events, number)
            found = served(size, connections, gzip, events, number)
            after = raw(size, events, number)
            found["raw"], found["raw_cpu"] = (
                (x + y) / 2 for x, y in zip(before, after, strict=True)
            )
            found["ratio"] = found["rate"] / found["raw"]
            seen[name].append(found)
            print(
                f"  round {number + 1}: {name}: {found['rate']:,.0f} of {found['raw']:,.0f} a "
                f"second, {found['ratio']:.2f}; {found['cpu']:.1f} µs of CPU an event, the engine "
                f"{found['raw_cpu']:.1f}",
                flush=True,
            )
    return {
        name: {key: statistics.median(each[key] for each in runs) for key in runs[0]}
        for name, runs in seen.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=EVENTS)
    chosen = parser.parse_args()
    rounds, events = (1, 20_000) if chosen.quick else (chosen.rounds, chosen.events)
    found = measure(rounds, events)
    if chosen.json:
        print(json.dumps(found))
        return
    print(
        "\n| ingest | events/s | engine | ratio | target | p50 ms | p99 ms | CPU µs | engine | MB |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, *_, target in CELLS:
        each = found[name]
        print(
            f"| {name} | {each['rate']:,.0f} | {each['raw']:,.0f} | {each['ratio']:.2f} "
            f"| {f'{target:.2f}' if target else ''} | {each['p50']:.0f} | {each['p99']:.0f} "
            f"| {each['cpu']:.1f} | {each['raw_cpu']:.1f} | {each['peak']:.0f} |"
        )


if __name__ == "__main__":
    main()
