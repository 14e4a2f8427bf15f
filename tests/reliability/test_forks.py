"""Forks of every kind, at the worst moments, and threads that outlive their welcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reliability.programs import Mode, Program
from reliability.proxy import Proxy

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from reliability.serving import Server
    from reliability.verdict import Verdict

each_end = pytest.mark.parametrize("end", ["exit", "_exit"])
LATE = ("logging", "concurrent.futures.thread")
"""Modules with fork hooks that take a lock. Imported after ours, their hooks run before ours."""
WORDS = {"os": "os.fork", "c": "fork(2) without hooks"}


@each_end
@pytest.mark.parametrize("fork", ["os", "c"], ids=["", "bare"])
def test_fork_storm(
    fork: str,
    end: str,
    mode: Mode,
    server: Server,
    tmp_path: Path,
    dice: random.Random,
    verdict: Verdict,
) -> None:
    """Fifty children over some seconds, each of which tracks and ends."""
    storm = Program(
        "fork_storm.py",
        tmp_path / "storm",
        server.account(),
        server.url,
        mode=mode,
        fork=fork,
        end=end,
        children=50,
        each=10,
        gap=0.06,
        seed=dice.random(),
    ).start()
    storm.wait()
    storm.drain()
    verdict(
        f"50 children by {WORDS[fork]}, {end}, {mode.value}",
        storm.notes(),
        server.stored(storm.account),
    )
    storm.check_quiet()


@each_end
def test_fork_while_the_worker_begins(
    end: str,
    mode: Mode,
    server: Server,
    tmp_path: Path,
    dice: random.Random,
    verdict: Verdict,
) -> None:
    """Six parents that each fork ten children while their worker imports the HTTP client.

    A child forked in the middle of that would have a module that is half there, for ever.
    """
    account = server.account()
    storms = [
        Program(
            "fork_storm.py",
            tmp_path / "storm",
            account,
            server.url,
            mode=mode,
            client={"flush_interval": 0},  # begins to import at once
            late=LATE if number % 2 else (),
            end=end,
            children=10,
            each=5,
            gap=0.05,
            seed=dice.random(),
        ).start()
        for number in range(6)
    ]
    for each in storms:
        each.wait()
    storms[0].drain()
    verdict(
        f"60 children by os.fork while the worker begins, {end}, {mode.value}",
        storms[0].notes(),
        server.stored(storms[0].account),
    )
    storms[0].check_quiet()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(
    method: str, mode: Mode, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """Processes of their own, and those of a pool that is closed."""
    parent = Program(
        "workers.py", tmp_path / "parent", server.account(), server.url, mode=mode, method=method
    ).start()
    parent.wait()
    verdict(
        f"multiprocessing {method}, {mode.value}", parent.notes(), server.stored(parent.account)
    )
    parent.check_quiet()


def test_process_that_never_tracks_has_no_thread(
    mode: Mode, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """Neither one that made a client, nor a child of one that tracks."""
    program = Program(
        "quiet_fork.py", tmp_path / "quiet", server.account(), server.url, mode=mode
    ).start()
    program.wait()
    assert program.results() == [
        {"before": {"python": 1, "system": 1}},
        {"child": {"python": 1, "system": 1}},
    ]
    verdict(
        f"child that never tracks, {mode.value}", program.notes(), server.stored(program.account)
    )


@pytest.mark.parametrize("script", ["import_thread.py", "daemon_threads.py"])
def test_threads(script: str, mode: Mode, server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """Threads that start at import, and daemon threads that still track as the program ends."""
    program = Program(script, tmp_path / "threads", server.account(), server.url, mode=mode).start()
    program.wait()
    program.drain()
    case = "threads started at import" if "import" in script else "daemon threads at the end"
    verdict(
        f"{case}, {mode.value}",
        program.notes(),
        server.stored(program.account),
        kills=4 if "daemon" in script else 0,
    )


@pytest.mark.parametrize("end", ["shutdown", "exit"])
@pytest.mark.parametrize("host", ["asyncio", "gevent"])
def test_event_loops(
    host: str, end: str, mode: Mode, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """Twenty tasks or greenlets, with and without a farewell."""
    pytest.importorskip(host)
    program = Program(
        f"{host}_host.py", tmp_path / "host", server.account(), server.url, mode=mode, end=end
    ).start()
    program.wait()
    verdict(f"{host}, {end}, {mode.value}", program.notes(), server.stored(program.account))
    program.check_quiet()


def test_gevent_with_a_hanging_server(mode: Mode, server: Server, tmp_path: Path) -> None:
    """A patched program ends in time too."""
    pytest.importorskip("gevent")
    with Proxy(server.port) as hanging:
        server.pause()
        try:
            program = Program(
                "gevent_host.py",
                tmp_path / "host",
                server.account(),
                hanging.url,
                mode=mode,
                client={"shutdown_timeout": 2, "timeout": 60},
                end="exit",
            ).start()
            program.wait(30)
        finally:
            server.resume()
