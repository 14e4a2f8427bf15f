"""The server as a process: told to stop under load, and sent bombs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import httpx
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pytest
from server.helpers import BATCH, MARCH, Api, event
from server.test_cli import COMMAND

if TYPE_CHECKING:
    from collections.abc import Generator

DEADLINE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Process:
    """`bearlumen serve`, in a process of its own."""

    popen: subprocess.Popen[str]
    url: str
    key: str

    def forget_the_peak(self) -> None:
        """Have the system count anew how much memory was in use at most."""
        Path(f"/proc/{self.popen.pid}/clear_refs").write_text("5")

    def peak(self) -> int:
        """Bytes in use at most."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024


@contextmanager
def serving(database: Path, *options: str) -> Generator[Process]:
    """Run the command, and wait until it serves."""
    clean = {name: each for name, each in os.environ.items() if not name.startswith("BEAR_LUMEN_")}
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--database", str(database), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, "PYTHONUNBUFFERED": "1"},
    ) as popen:
        try:
            assert popen.stdout
            lines = [popen.stdout.readline() for _ in range(3)]
            url = lines[2].split(" on ")[1].strip()
            until = time.monotonic() + DEADLINE_SECONDS
            while time.monotonic() < until:
                try:
                    httpx.get(f"{url}/readyz").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.02)
            yield Process(popen=popen, url=url, key=lines[1].strip())
        finally:
            popen.kill()


@dataclass
class Seen:
    """What a load of requests met with."""

    acknowledged: list[str] = field(default_factory=list[str])
    statuses: list[tuple[int, str | None]] = field(default_factory=list[tuple[int, "str | None"]])


def send_until_it_ends(process: Process, seen: Seen) -> None:
    """Send one batch after the other, each second one over a connection of its own."""
    with httpx.Client(base_url=process.url, timeout=20) as client:
        api = Api(http=client, org_id="default", key=process.key)
        while True:
            events = [event() for _ in range(20)]
            try:
                answered = api.request("POST", BATCH, json={"events": events})
            except httpx.TransportError:
                return
            seen.statuses.append((answered.status_code, answered.headers.get("retry-after")))
            if answered.status_code == 200:
                assert answered.json()["accepted"] == 20
                seen.acknowledged += [each["sdk_event_id"] for each in events]


def ask_until_it_ends(process: Process, seen: Seen) -> None:
    """Ask one question after the other."""
    with httpx.Client(base_url=process.url, timeout=20) as client:
        api = Api(http=client, org_id="default", key=process.key)
        while True:
            try:
                answered = api.request("GET", "/v1/usage/summary", params=MARCH)
            except httpx.TransportError:
                return
            seen.statuses.append((answered.status_code, answered.headers.get("retry-after")))


def test_told_to_stop_under_load_it_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    """What is under way is answered, what waits is written, and the exit code is 0."""
    database = tmp_path / "ledger.duckdb"
    seen = Seen()
    with serving(database) as process:
        callers = [
            threading.Thread(target=work, args=(process, seen))
            for work in [send_until_it_ends] * 6 + [ask_until_it_ends] * 2
        ]
        for each in callers:
            each.start()
        while len(seen.acknowledged) < 1000:
            time.sleep(0.01)
        told = time.monotonic()
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(DEADLINE_SECONDS) == 0
        assert time.monotonic() - told < 8
        for each in callers:
            each.join(DEADLINE_SECONDS)
        assert process.popen.stderr
        assert process.popen.stderr.read() == ""
    assert {status for status in seen.statuses if status != (200, None)} <= {(503, "1")}
    with duckdb.connect(str(database)) as connection:
        stored = {
            str(row[0]) for row in connection.execute("SELECT event_id FROM events").fetchall()
        }
    assert set(seen.acknowledged) <= stored
    assert len(set(seen.acknowledged)) == len(seen.acknowledged)


def test_a_server_that_is_to_stop_says_so_before_it_does(tmp_path: Path) -> None:
    """A balancer sees 503 for as long as it was told it may, and requests are still answered."""
    with serving(tmp_path / "ledger.duckdb", "--shutdown-delay", "1") as process:
        assert httpx.get(f"{process.url}/readyz").status_code == 200
        process.popen.send_signal(signal.SIGTERM)
        told = time.monotonic()
        while httpx.get(f"{process.url}/readyz").status_code == 200:
            time.sleep(0.01)
        headers = {"Authorization": f"Bearer {process.key}"}
        assert httpx.get(f"{process.url}/v1/ping", headers=headers).status_code == 200
        assert process.popen.wait(DEADLINE_SECONDS) == 0
        assert time.monotonic() - told >= 1


def gzip_bomb(size: int) -> bytes:
    """Gzip of as many zeros, made in steps."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    step = bytes(1 << 24)
    parts = [packer.compress(step) for _ in range(size // len(step))]
    return b"".join([*parts, packer.flush()])


def zstd_bomb(size: int) -> bytes:
    """The same of zstd: many frames in a row are one stream."""
    codec: Any = pa.Codec("zstd", compression_level=19)
    frame: bytes = codec.compress(bytes(1 << 24), asbytes=True)
    return frame * (size // (1 << 24))


def zstd_with_a_window(megabytes: int) -> bytes:
    """A frame whose head asks for a window of so many MiB, and that never ends."""
    exponent = (megabytes << 20).bit_length() - 1 - 10
    head = bytes.fromhex("28b52ffd") + bytes([0x00, exponent << 3])
    block = (1 << 17) << 3 | 1 << 1  # not the last, one byte repeated 128 KiB times
    return head + (block.to_bytes(3, "little") + b"\0") * 64


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_bombs_are_refused_without_the_memory_to_hold_them(tmp_path: Path) -> None:
    """Forty bodies at once, each to become 256 MiB or asking for it; all take less than one."""
    bombs = [
        ("gzip", gzip_bomb(1 << 28)),
        ("zstd", zstd_bomb(1 << 28)),
        ("zstd", zstd_with_a_window(64)),
        ("zstd", zstd_with_a_window(1024)),
    ]
    with serving(tmp_path / "ledger.duckdb") as process:
        process.forget_the_peak()
        before = process.peak()

        def throw(number: int) -> int:
            encoding, body = bombs[number % len(bombs)]
            headers = {"Authorization": f"Bearer {process.key}", "Content-Encoding": encoding}
            return httpx.post(
                f"{process.url}{BATCH}", content=body, headers=headers, timeout=60
            ).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(throw, range(40)))
        grown = process.peak() - before
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(DEADLINE_SECONDS) == 0
    assert set(statuses[:3]) == {413}
    assert set(statuses) <= {400, 413}
    assert grown < 128 << 20
