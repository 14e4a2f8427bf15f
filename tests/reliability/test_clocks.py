"""Clocks that step back and forth: ids are made of them, and retries are timed."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from reliability.programs import SCRIPTS, Mode, Program

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from reliability.serving import Server
    from reliability.verdict import Verdict

NANOSECONDS = 10**9


def check(case: str, client: Program, server: Server, verdict: Verdict) -> None:
    """Ids are unique, and everything is there."""
    client.wait()
    client.check_delivered()
    ids = [note.event_id for note in client.notes()]
    assert len(set(ids)) == len(ids), "two events have one id"
    verdict(case, client.notes(), server.stored(client.account))
    client.check_quiet()


def test_clock_of_the_interpreter_jumps(
    mode: Mode, server: Server, tmp_path: Path, dice: random.Random, verdict: Verdict
) -> None:
    """`time.time` and `time.time_ns` lie, differently every few calls."""
    client = Program(
        "clock.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=mode,
        patch=True,
        count=5_000,
        seed=dice.random(),
    ).start()
    check(f"clock jumps (time.time), {mode.value}", client, server, verdict)


@pytest.fixture(scope="module")
def moved_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that moves the clock of the process which it is loaded into first."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler here")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = str(SCRIPTS / "clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), source], check=True)
    return library


def test_clock_of_the_system_jumps(
    mode: Mode,
    moved_clock: Path,
    server: Server,
    tmp_path: Path,
    dice: random.Random,
    verdict: Verdict,
) -> None:
    """Everything in the process that asks for the time of day is lied to."""
    offset = tmp_path / "offset"
    offset.write_bytes(bytes(8))
    client = Program(
        "clock.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=mode,
        environment={"LD_PRELOAD": str(moved_clock), "CLOCK_OFFSET": str(offset)},
        patch=False,
        count=5_000,
        seed=dice.random(),
    ).start()
    until = time.monotonic() + 60
    with offset.open("r+b", buffering=0) as file:
        while client.running and time.monotonic() < until:
            seconds = dice.choice((0, -1, dice.uniform(-11, 11) * 3_600))
            file.seek(0)
            file.write(struct.pack("=q", int(seconds * NANOSECONDS)))
            time.sleep(dice.uniform(0, 0.05))
    check(f"clock jumps (clock_gettime), {mode.value}", client, server, verdict)
