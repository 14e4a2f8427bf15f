"""What every client program here does: make a client, track, and write down what it tracked.

It only uses what a user of `bearlumen` would. `PLAN` is what the test wants of this run.
"""

import atexit
import faulthandler
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bearlumen import AsyncBearLumen, BearLumen

PLAN: dict[str, Any] = json.loads(os.environ["RELIABILITY_PLAN"])
FOLDER = Path(PLAN["folder"])
RECORDING = Path(__file__).parents[2] / "fixtures/providers/openai/chat-plain.json"
CHILD_DEADLINE_SECONDS = 60
SLOW_END_SECONDS = 15

STDERR = sys.stderr  # Celery puts something else in its place
faulthandler.register(signal.SIGUSR1)

_numbers = itertools.count()
_prefix = (0, "")
_clients: "list[BearLumen | AsyncBearLumen]" = []


@atexit.register
def write_stats() -> None:
    """Write down the counts; registered before the client's own hook, and so called after it."""
    faulthandler.cancel_dump_traceback_later()
    for each in _clients:
        stats: Any = each.stats()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        names = (
            "tracked",
            "adopted",
            "delivered",
            "duplicates",
            "rejected",
            "queued",
            "last_error",
        )
        counts = {name: getattr(stats, name) for name in names}
        write("stats", {**counts, "dropped": dict(stats.dropped), "pid": os.getpid()})


def response() -> Any:
    """A provider's answer: OpenAI's object, or its JSON, which is there sooner."""
    answer = json.loads(RECORDING.read_text())["response"]
    if PLAN.get("response") == "chat":
        from openai.types.chat import ChatCompletion

        return ChatCompletion.model_validate(answer)
    return answer


def show_stacks_of_a_slow_end() -> None:
    """Print what every thread does if the end of the process takes long."""
    faulthandler.dump_traceback_later(SLOW_END_SECONDS, file=STDERR)


def client(**more: Any) -> "BearLumen":
    """A client as the test wants it, whose reports are written down."""
    from bearlumen import BearLumen

    atexit.register(show_stacks_of_a_slow_end)  # after the client's own hook, and so called before

    settings: dict[str, Any] = {**PLAN["client"], "on_error": report, **more}
    made = BearLumen(**settings)
    _clients.append(made)
    return made


def async_client() -> "AsyncBearLumen":
    """The same, async."""
    from bearlumen import AsyncBearLumen

    settings: dict[str, Any] = {**PLAN["client"], "on_error": report}
    made = AsyncBearLumen(**settings)
    _clients.append(made)
    return made


def forget_clients() -> None:
    """Count nothing of what a forked child inherited."""
    _clients.clear()


def report(error: Exception) -> None:
    """Write a report of the client's down."""
    told: dict[str, Any] = {"type": type(error).__name__, "text": str(error), "pid": os.getpid()}
    for name in ("reason", "count"):
        told[name] = getattr(error, name, None)
    write("reports", told)


def write(name: str, line: Any) -> None:
    """Append a line to a file in the folder, with one write."""
    append(FOLDER / name, json.dumps(line))


def append(path: Path, line: str) -> None:
    """Append a line with one write, which no kill and no other process can cut."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def fresh_name() -> str:
    """A name that no other event has, in whatever process."""
    global _prefix
    if _prefix[0] != os.getpid():
        _prefix = (os.getpid(), os.urandom(6).hex())
    return f"{_prefix[1]}-{next(_numbers)}"


ANSWER = response()


def track(bear: "BearLumen | AsyncBearLumen", *, unprotected: bool = False) -> float:
    """Track one call, then write it down; how many seconds `track` took."""
    name = fresh_name()
    began = time.perf_counter()
    result = bear.track(ANSWER, feature=name)
    took = time.perf_counter() - began
    mark = "unprotected" if unprotected else "promised"
    append(FOLDER / "notes", f"{name} {result.event_id or '-'} {mark}")
    return took


def told_to_stop() -> bool:
    """Whether the test wants this program to come to its end."""
    return (FOLDER / "stop").exists()


def steadily(rate: float, count: int | None = None) -> "itertools.chain[int]":
    """Numbers, so many a second, until there are enough or the test says stop."""

    def numbers() -> Any:
        began = time.monotonic()
        for number in itertools.count():
            if number == count or (number % 16 == 0 and told_to_stop()):
                return
            ahead = number / rate - (time.monotonic() - began)
            if ahead > 0.005:
                time.sleep(ahead)
            yield number

    return itertools.chain(numbers())


def reap(children: list[int]) -> None:
    """Wait for children; one that does not end in time is told to show its stacks, and killed."""
    until = time.monotonic() + CHILD_DEADLINE_SECONDS
    left = set(children)
    while left:
        for child in list(left):
            if os.waitpid(child, os.WNOHANG)[0]:
                left.discard(child)
        if time.monotonic() > until:
            for child in left:
                os.kill(child, signal.SIGUSR1)
            time.sleep(1)
            for child in left:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                write("stuck", {"child": child})
            return
        time.sleep(0.01)
