"""What `track` costs the caller, beside the least that recording a call could cost.

uv run python benchmarks/track.py             # about a minute
uv run python benchmarks/track.py --quick     # a few rounds, to see that it works
uv run python benchmarks/track.py --json
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bearlumen import BearLumen

HERE: Final = Path(__file__).parent
CALLS: Final = 50
"""Calls of one subject in a row, as a busy program makes them."""
PAUSE_SECONDS: Final = 0.004
"""Between two such rows: what the background thread has left to do, it mostly does in it."""
ITEMS: Final = 500
FLOOR: Final = "floor"
HEADLINE: Final = "openai ChatCompletion"

Subject = Callable[[], object]


def main() -> None:
    """Measure, and print a table."""
    options = _options()
    if options.first:
        print(json.dumps(first_call()))
        return
    rounds, repeats = (3, 1) if options.quick else (options.rounds, 7)
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "rounds": rounds,
    }
    problems: list[Exception] = []
    with sink() as (port, taken):
        bear = _client(port, problems)
        report["calls"] = measure(subjects(bear), rounds)
        report["stream_items"] = measure_streams(bear, repeats * 3)
        bear.shutdown()
    report["first_call"] = _first_calls(repeats)
    calls = (len(report["calls"]) - 1) * (rounds * CALLS + 1)
    streams = len(report["stream_items"]) * repeats * 3
    report["events"] = {
        "tracked": calls + streams,
        "delivered": taken[0],
        "problems": len(problems),
    }
    print(json.dumps(report, indent=1) if options.json else table(report))


def _client(port: int, problems: list[Exception]) -> "BearLumen":
    from bearlumen import BearLumen

    return BearLumen(
        api_key="sk_benchmark", base_url=f"http://127.0.0.1:{port}", on_error=problems.append
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it works")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=300, help="rows of calls of each subject")
    parser.add_argument("--first", action="store_true", help="only the first call, in this process")
    return parser.parse_args()


@contextmanager
def sink() -> Generator[tuple[int, list[int]]]:
    """A server in a child process: its port, and, once it ended, how many events it took."""
    taken: list[int] = []
    pipe = subprocess.PIPE
    with subprocess.Popen(  # our own script
        [sys.executable, HERE / "sink.py"], stdin=pipe, stdout=pipe, text=True
    ) as child:
        assert child.stdin is not None  # it was asked for
        assert child.stdout is not None
        yield int(child.stdout.readline()), taken
        child.stdin.close()
        taken.append(int(child.stdout.readline()))


def subjects(bear: "BearLumen") -> dict[str, Subject]:
    """What is measured, by name: the floor first."""
    import responses

    plain, short = responses.chat(), responses.chat(responses.SHORT_CHAT)
    routed = responses.chat(responses.OPENROUTER)
    response, message, gemini = responses.response(), responses.message(), responses.gemini()
    kept: deque[Any] = deque(maxlen=10_000)
    track: Callable[..., Any] = bear.track

    def floor() -> None:
        usage = plain.usage
        read, written = usage.prompt_tokens_details, usage.completion_tokens_details
        kept.append(
            (
                uuid.uuid4(),
                plain.id,
                plain.model,
                usage.prompt_tokens,
                usage.completion_tokens,
                read.cached_tokens if read is not None else None,
                written.reasoning_tokens if written is not None else None,
                "customer_7",
                "summarise",
            )
        )

    def of(response: Any) -> Subject:
        return lambda: track(response, user_id="customer_7", feature="summarise")

    labels: dict[str, Any] = {
        "dimensions": {"team": "search", "seats": 4},
        "metadata": {"request": "r-1"},
        "session_id": "s1",
    }
    return {
        FLOOR: floor,
        HEADLINE: of(plain),
        "the same, without details": of(short),
        "the same, as a dict": of(responses.CHAT),
        "the same, from OpenRouter": of(routed),
        "the same, with more labels": lambda: track(
            plain, user_id="customer_7", feature="summarise", **labels
        ),
        "the same, result.counts read": lambda: (
            track(plain, user_id="customer_7", feature="summarise").counts
        ),
        "openai Response": of(response),
        "anthropic Message": of(message),
        "google-genai response": of(gemini),
    }


def measure(found: dict[str, Subject], rounds: int) -> dict[str, dict[str, float]]:
    """Time every subject in turn, so that what the machine does meanwhile falls on all alike.

    Returns:
        Microseconds of a call, by subject, and how many times the floor's that is.
    """
    for subject in found.values():
        subject()
    times: dict[str, list[int]] = {name: [] for name in found}
    names, clock = list(found), time.perf_counter_ns
    for turn in range(rounds):
        # Each subject comes after another one in each round.
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            subject, mine = found[name], times[name]
            for _ in range(CALLS):
                began = clock()
                subject()
                mine.append(clock() - began)
            time.sleep(PAUSE_SECONDS)
    figures = {name: _figures(mine) for name, mine in times.items()}
    for figure in figures.values():
        figure["ratio"] = figure["p50"] / figures[FLOOR]["p50"]
    return figures


def _figures(times: list[int]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {"p50": cuts[49] / 1e3, "p99": cuts[98] / 1e3}


def measure_streams(bear: "BearLumen", repeats: int) -> dict[str, dict[str, float]]:
    """Microseconds of one item of a stream, without and with us, by the kind of stream."""
    import responses

    items = responses.chunks(ITEMS)
    kinds: dict[str, Callable[[], Iterator[Any]]] = {
        "items that are there already": lambda: iter(items),
        "items that openai decodes": lambda: responses.stream(ITEMS),
    }
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in kinds}
    for _ in range(repeats):
        for name, kind in kinds.items():
            times[name][0].append(_per_item(kind()))
            times[name][1].append(_per_item(bear.track(kind())))
    return {
        name: {"untracked": statistics.median(plain), "tracked": statistics.median(tracked)}
        for name, (plain, tracked) in times.items()
    }


def _per_item(stream: Iterator[Any]) -> float:
    began = time.perf_counter()
    count = sum(1 for _ in stream)
    return (time.perf_counter() - began) * 1e6 / count


def first_call() -> dict[str, float]:
    """Milliseconds that a fresh process takes to its first tracked call."""
    import responses

    plain = responses.chat()
    clock, moments = time.perf_counter, [time.perf_counter()]
    from bearlumen import BearLumen, MemoryTransport

    moments.append(clock())
    bear = BearLumen(api_key="sk_benchmark", transport=MemoryTransport())
    moments.append(clock())
    for _ in range(2):
        bear.track(plain, user_id="customer_7", feature="summarise")
        moments.append(clock())
    names = ("import", "client", "first", "second")
    return {
        name: (after - before) * 1e3
        for name, before, after in zip(names, moments, moments[1:], strict=False)
    }


def _first_calls(repeats: int) -> dict[str, float]:
    runs: list[dict[str, float]] = []
    for _ in range(repeats):
        done = subprocess.run(  # our own script
            [sys.executable, __file__, "--first"], capture_output=True, check=True, text=True
        )
        runs.append(json.loads(done.stdout))
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def table(report: dict[str, Any]) -> str:
    """The figures as a person reads them."""
    lines = [
        f"Python {report['python']}, {report['machine']}; {report['rounds']} rounds of {CALLS}",
        "",
        f"{'one call':<32}{'p50 µs':>9}{'p99 µs':>9}{'x floor':>9}",
    ]
    for name, one in report["calls"].items():
        lines.append(f"{name:<32}{one['p50']:>9.2f}{one['p99']:>9.1f}{one['ratio']:>9.2f}")
    lines += ["", f"{'one item of a stream':<32}{'without':>9}{'tracked':>9}{'more µs':>9}"]
    for name, one in report["stream_items"].items():
        more = one["tracked"] - one["untracked"]
        lines.append(f"{name:<32}{one['untracked']:>9.2f}{one['tracked']:>9.2f}{more:>9.2f}")
    lines += ["", f"{'a fresh process':<32}{'ms':>9}"]
    lines += [f"{name:<32}{value:>9.2f}" for name, value in report["first_call"].items()]
    delivered = "{delivered} of {tracked} events delivered, {problems} problems"
    return "\n".join([*lines, "", delivered.format(**report["events"])])


if __name__ == "__main__":
    main()
