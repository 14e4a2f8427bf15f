"""What loading the package costs the program that does it."""

import os
import subprocess
import sys

import bearlumen

YARDSTICK = "import threading, json, zlib, queue"
"""What the fastest thing of this kind would need. Its time says how fast the machine is."""
ROUNDS = 12
LATER = {
    "asyncio", "contextlib", "dataclasses", "decimal", "email", "enum", "gzip", "hashlib", "http",
    "httpx", "httpx2", "inspect", "json", "logging", "numpy", "pandas", "polars",
    "pydantic", "queue", "random", "re", "secrets", "socket", "ssl", "typing", "uuid", "zlib",
}  # fmt: skip
"""Loaded when it is needed: to track, to deliver, to ask."""
CLIENT = """
import sys, threading, bearlumen
bear = bearlumen.BearLumen(api_key="k")
assert threading.active_count() == 1, threading.enumerate()
print(*sys.modules)
"""
TIMED = """
import time
began = time.perf_counter()
{}
print(time.perf_counter() - began)
"""
FIRST_TRACK = """
import time
from openai._models import construct_type
from openai.types.chat import ChatCompletion
import bearlumen
usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
value = {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "usage": usage}
response = construct_type(value=value, type_=ChatCompletion)
bear = bearlumen.BearLumen(api_key="k", transport=bearlumen.MemoryTransport())
began = time.thread_time()
result = bear.track(response, user_id="u", feature="f")
print(time.thread_time() - began)
assert result.event_id
"""


def run(program: str) -> str:
    """What a bare process prints that runs the program, with its modules compiled before."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, check=True, env=env, text=True).stdout


def test_a_client_loads_little_and_starts_no_thread() -> None:
    """Importing us and making a client leaves the heavier standard library alone, too."""
    bare = set(run("import sys; print(*sys.modules)").split())
    loaded = set(run(CLIENT).split())
    assert not loaded & (LATER - bare)


def test_import_takes_no_longer_than_twice_the_yardstick() -> None:
    """Ours and what anything of this kind imports, side by side; the best of many counts."""
    programs = {name: TIMED.format(name) for name in ("import bearlumen", YARDSTICK)}
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            times[name].append(float(run(program)))
    ours, yardstick = (min(times[name]) for name in programs)
    assert ours <= 2 * yardstick


def test_the_first_track_takes_no_longer_than_the_yardstick() -> None:
    """Recognising and reading is loaded with the first call, on the time of whoever makes it."""
    first, yardstick = (
        min(float(run(program)) for _ in range(5))
        for program in (FIRST_TRACK, TIMED.format(YARDSTICK))
    )
    assert first <= yardstick


def test_names_that_are_loaded_late_are_the_same_names() -> None:
    """Every public name is there for whoever asks, and shown to whoever looks."""
    assert set(bearlumen.__all__) <= set(dir(bearlumen))
    assert bearlumen.Provider is bearlumen.Provider
    assert not hasattr(bearlumen, "nothing")
