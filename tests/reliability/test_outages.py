"""A server that is away, busy, slow or silent, and networks that lose what they carry."""

from __future__ import annotations

import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from reliability import proxy
from reliability.programs import Mode, Program
from reliability.proxy import Proxy

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Generator
    from pathlib import Path

    from reliability.proxy import Exchange
    from reliability.serving import Server
    from reliability.verdict import Verdict

LONGEST_CALL_SECONDS = 2
"""Of `track`, on a machine where everything else runs too: a call that waits takes much longer."""


class Setting:
    """Two clients, one a mode, each behind a proxy of its own before one server."""

    def __init__(self, server: Server, folder: Path, verdict: Verdict, *, rate: int) -> None:
        self.server = server
        self._verdict = verdict
        self.proxies = {mode: Proxy(server.port) for mode in Mode}
        self.clients = {
            mode: Program(
                "steady.py",
                folder / mode.value,
                server.account(),
                self.proxies[mode].url,
                mode=mode,
                rate=rate,
                client={"flush_interval": 0.5},
            )
            for mode in Mode
        }

    def behave(self, behaviour: Callable[[Exchange], object]) -> None:
        """Let the proxies do this from now on."""
        for each in self.proxies.values():
            each.behave = behaviour

    def run(self, seconds: float) -> None:
        """Let the clients track."""
        time.sleep(seconds)
        for each in self.clients.values():
            assert each.running, each.log()

    def conclude(self, case: str) -> None:
        """Behave again, let the clients end, and judge."""
        self.behave(proxy.passing)
        for client in self.clients.values():
            client.tell_to_stop()
        for client in self.clients.values():
            client.wait()
        for mode, client in self.clients.items():
            slowest, delivered = client.results()[-2:]
            assert delivered == {"delivered": True}
            assert slowest["slowest"] < LONGEST_CALL_SECONDS, "track made its caller wait"
            self._verdict(
                f"{case}, {mode.value}", client.notes(), self.server.stored(client.account)
            )


@contextmanager
def clients_behind_proxies(
    server: Server, folder: Path, verdict: Verdict, *, rate: int = 500
) -> Generator[Setting]:
    """Clients that track by now, and whose events arrive."""
    setting = Setting(server, folder, verdict, rate=rate)
    proxies = setting.proxies.values()
    try:
        for each in proxies:
            each.listen()
        for client in setting.clients.values():
            client.start()
        for client in setting.clients.values():
            client.wait_for(100)
        until = time.monotonic() + 30
        while not all(each.seen for each in proxies):
            assert time.monotonic() < until, "nothing was sent"
            time.sleep(0.02)
        yield setting
    finally:
        for each in proxies:
            each.stopped.set()
            each.refuse()
        for client in setting.clients.values():
            client.kill_all()


def test_connection_refused_for_twenty_seconds(
    server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """An outage of the whole server."""
    with clients_behind_proxies(server, tmp_path, verdict) as setting:
        for each in setting.proxies.values():
            each.refuse()
        setting.run(20)
        for each in setting.proxies.values():
            each.listen()
        setting.conclude("connection refused for 20 s")


def test_busy_server_is_left_alone_as_long_as_it_asks(
    server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """429 with `Retry-After: 3`: nothing is lost, and nothing is sent sooner."""
    busy = proxy.answering(429, retry_after=3)
    with clients_behind_proxies(server, tmp_path, verdict) as setting:
        setting.behave(busy)
        setting.run(8)
        refused = {mode: list(each.seen) for mode, each in setting.proxies.items()}
        setting.conclude("429 with Retry-After")
    for seen in refused.values():
        assert any(each.behaviour is busy for each in seen), "nobody was told to wait"
        for one, following in pairwise(seen):
            assert one.behaviour is not busy or following.came - one.done > 2.9


def test_unavailable_server(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """503 and 500 for some seconds."""
    with clients_behind_proxies(server, tmp_path, verdict) as setting:
        setting.behave(proxy.answering(503))
        setting.run(4)
        setting.behave(proxy.answering(500))
        setting.run(2)
        setting.conclude("503 for some seconds")


@pytest.mark.parametrize(
    ("case", "behaviour"),
    [
        ("answer lost after the commit", proxy.losing_the_answer),
        ("half-closed after the commit", proxy.half_closing),
        ("answer cut off", proxy.cutting_the_answer),
        ("connection reset in mid-request", proxy.resetting),
        ("a proxy's HTML page with 200", proxy.html_page),
        ("slow server", proxy.dripping),
    ],
)
def test_now_and_then(
    case: str,
    behaviour: Callable[[Exchange], object],
    server: Server,
    tmp_path: Path,
    dice: random.Random,
    verdict: Verdict,
) -> None:
    """Most exchanges go wrong in one way, for some seconds."""

    def mostly(exchange: Exchange) -> None:
        (behaviour if dice.random() < 0.7 else proxy.passing)(exchange)

    with clients_behind_proxies(server, tmp_path, verdict) as setting:
        setting.behave(behaviour)
        setting.run(1)
        setting.behave(mostly)
        setting.run(5)
        setting.conclude(case)


def test_paused_server(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """A stopped process: the system accepts connections for it, and nobody answers."""
    with clients_behind_proxies(server, tmp_path, verdict) as setting:
        for _ in range(2):
            server.pause()
            setting.run(3)
            server.resume()
            setting.run(1)
        setting.conclude("server paused")


@pytest.mark.parametrize("end", ["shutdown", "exit"])
def test_hanging_server_holds_neither_caller_nor_exit(
    end: str, mode: Mode, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """The process ends in time; what it could not send, it says or keeps."""
    with Proxy(server.port, proxy.hanging) as hanging:
        client = Program(
            "steady.py",
            tmp_path / "client",
            server.account(),
            hanging.url,
            mode=mode,
            client={"shutdown_timeout": 2, "timeout": 60},
            rate=1_000,
            count=1_500,
            end=end,
            timeout=2,
        )
        client.start().wait(1.5 + 2 + 15)
        slowest = max(each.get("slowest", 0) for each in client.results())
        assert slowest < LONGEST_CALL_SECONDS, "track made its caller wait"
        if mode is Mode.JOURNAL:
            assert client.dropped() == 0
            hanging.behave = proxy.passing
            client.start(count=10, rate=100, end="shutdown", timeout=60)
            client.wait()
        else:
            assert client.dropped() == 1_500, client.stats()
            reported = [each for each in client.reports() if each["type"] == "EventsDroppedError"]
            assert sum(each["count"] for each in reported) == 1_500
    verdict(
        f"hanging server, {end}, {mode.value}",
        client.notes(),
        server.stored(client.account),
        dropped=client.dropped(),
    )
