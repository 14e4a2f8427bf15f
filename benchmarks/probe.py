"""One measurement of one subject, in its environment and a process of its own.

    probe.py hot SUBJECT PORT FOLDER SEED CALLS       bursts at a steady rate
    probe.py flood SUBJECT PORT FOLDER SEED CALLS     as many as possible, then a flush
    probe.py outage SUBJECT PORT FOLDER SEED CALLS    nothing listens until it is told otherwise
    probe.py first SUBJECT PORT FOLDER                the first call of a process

It prints its figures as one line of JSON. Before what it must be told it prints a line, and waits
for one.
"""

import gc
import json
import os
import sys
import time
from array import array
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from subjects import SUBJECTS, Asked, Opened

RATE: Final = 4_000
"""Calls in a second."""
BURST: Final = 50
"""Calls in a row, as a busy program makes them; then a pause, so that one in 50 is a cold one."""
WARM_SHARE: Final = 10
"""A tenth as many calls again come first and are not counted."""
POOL: Final = 20_000
"""Distinct responses of a flood. Their ids come round long after a compressor forgot them."""
SAMPLES: Final = 10_000
"""Calls at each end of an outage whose median is compared."""
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")

clock = time.perf_counter_ns


def main() -> None:
    """Measure what the arguments say, and leave without the exit hooks of anyone."""
    what, name, port, folder, *numbers = sys.argv[1:]
    subject = SUBJECTS[name]
    measure: dict[str, Callable[..., dict[str, Any]]] = {
        "hot": hot, "flood": flood, "outage": outage, "first": first,
    }  # fmt: skip

    def opened(*, roomy: bool = False) -> Opened:
        return subject.open(Asked(port=int(port), folder=Path(folder), roomy=roomy))

    figures = measure[what](opened, *map(int, numbers))
    packages = ("openai",) if subject.package is None else ("openai", subject.package)
    figures["versions"] = {package: version(package) for package in packages}
    print(json.dumps(figures), flush=True)
    os._exit(0)


def hot(opened: Callable[..., Opened], seed: int, calls: int) -> dict[str, Any]:
    """Microseconds of a call, while the worker sends, and all CPU that an event takes."""
    from calls import Calls

    made, client = Calls(seed), opened()
    record = client.record
    times: list[int] = []
    warm = calls // WARM_SHARE
    began = cpu = making = 0.0
    due = time.perf_counter()
    for number in range(-warm, calls, BURST):
        if number >= 0 and not began:
            times.clear()
            began, cpu, making = time.perf_counter(), time.process_time(), 0.0
        # The program's own work, which is not counted: its client decodes the responses.
        before = time.thread_time()
        burst = made.take(BURST)
        making += time.thread_time() - before
        due += BURST / RATE
        pause = due - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        else:
            due -= pause
        for response, user, feature in burst:
            start = clock()
            record(response, user, feature)
            times.append(clock() - start)
    rate = len(times) / (time.perf_counter() - began)
    client.flush()
    spent = time.process_time() - cpu - making
    figures = {"calls": len(times), "recorded": warm // BURST * BURST + len(times), "rate": rate}
    client.shutdown()
    return {**figures, "cpu_us": spent * 1e6 / len(times), **_percentiles(times)}


def flood(opened: Callable[..., Opened], seed: int, calls: int) -> dict[str, Any]:
    """Seconds until everything is delivered, and all CPU that an event takes."""
    from calls import Calls

    made, client = Calls(seed), opened(roomy=True)
    record = client.record
    pool = [made.response() for _ in range(min(POOL, calls))]
    for response, user, feature in made.relabel(pool, 200):
        record(response, user, feature)
    client.flush()
    chosen = made.relabel(pool, calls)
    # They are the benchmark's, and no program has them: the collector is not to walk them.
    gc.collect()
    gc.freeze()
    _wait()
    cpu, began = time.process_time(), time.perf_counter()
    for response, user, feature in chosen:
        record(response, user, feature)
    called = time.perf_counter()
    client.flush()
    client.shutdown()
    done = time.perf_counter()
    return {
        "calls": calls,
        "call_us": (called - began) * 1e6 / calls,
        "seconds": done - began,
        "cpu_us": (time.process_time() - cpu) * 1e6 / calls,
    }


def outage(opened: Callable[..., Opened], seed: int, calls: int) -> dict[str, Any]:
    """Memory and microseconds of a call while nothing listens, and what is delivered after it."""
    from calls import Calls

    made, client = Calls(seed), opened()
    made.take(BURST)
    gc.collect()
    # All of it now: what grows from here on is the client's.
    record, times = client.record, array("q", bytes(8 * calls))
    before = peak = resident()
    for number in range(calls):
        if number % 1_000 == 0:
            peak = max(peak, resident())
        response = made.response()
        start = clock()
        record(response, "customer_7", "summarise")
        times[number] = clock() - start
    peak, after = max(peak, resident()), resident()
    ends = min(SAMPLES, calls // 4)
    figures = {
        "calls": calls,
        "peak_mb": peak - before,
        "after_mb": after - before,
        "early_us": _percentiles(times[ends // 10 : ends])["p50"],
        "late_us": _percentiles(times[-ends:])["p50"],
        "at_end": client.stats(),
    }
    _wait()
    began = time.perf_counter()
    client.flush()
    return {**figures, "recovery_s": time.perf_counter() - began, "after": client.stats()}


def first(opened: Callable[..., Opened]) -> dict[str, Any]:
    """Milliseconds of the import and the client, and of the first calls, with openai there."""
    from calls import Calls

    (response, user, feature), (again, *_) = Calls(1).take(2)
    moments = [clock()]
    client = opened()
    moments.append(clock())
    client.record(response, user, feature)
    moments.append(clock())
    client.record(again, user, feature)
    moments.append(clock())
    names = ("client_ms", "first_ms", "second_ms")
    return {
        name: (after - before) / 1e6
        for name, before, after in zip(names, moments, moments[1:], strict=False)
    }


def resident() -> float:
    """MB of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 2**20


def _percentiles(times: Iterable[int]) -> dict[str, float]:
    ordered = sorted(times)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    return {name: ordered[int(len(ordered) * share)] / 1e3 for name, share in shares.items()}


def _wait() -> None:
    print("{}", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
