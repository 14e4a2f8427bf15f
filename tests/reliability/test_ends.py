"""How processes end: by a signal, without a farewell, in the middle of `track`."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from reliability import proxy
from reliability.programs import Mode, Program
from reliability.proxy import Proxy

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from reliability.serving import Server
    from reliability.verdict import Verdict


def test_exit_without_shutdown(
    mode: Mode, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """A script that simply ends delivers."""
    client = Program(
        "steady.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=mode,
        rate=5_000,
        count=3_000,
        end="exit",
    ).start()
    client.wait()
    verdict(f"exit without shutdown, {mode.value}", client.notes(), server.stored(client.account))


def test_exit_at_once(mode: Mode, server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """A script that ends while the worker still begins delivers its one event."""
    client = Program(
        "steady.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=mode,
        rate=5_000,
        count=1,
        end="exit",
    )
    for _ in range(5):
        client.start().wait()
    verdict(f"one event, then exit, {mode.value}", client.notes(), server.stored(client.account))


@pytest.mark.parametrize("handler", ["exits", "default", "ignores"])
def test_sigterm(
    handler: str,
    mode: Mode,
    server: Server,
    tmp_path: Path,
    dice: random.Random,
    verdict: Verdict,
) -> None:
    """`flush_on_sigterm` delivers, and then whatever the host wanted of the signal happens."""
    client = Program(
        "sigterm.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=mode,
        handler=handler,
        # Now in the middle of `track`, now between.
        pause=dice.choice((0.0005, 0.01)),
        client={"flush_interval": 60, "batch_size": 1_000, "shutdown_timeout": 20},
    ).start()
    client.wait_for(200)
    client.signal(signal.SIGTERM)
    if handler == "ignores":
        time.sleep(1)
        assert client.running, "SIGTERM was ignored by the host, and ended it"
        client.tell_to_stop()
    client.wait(code={"exits": 7, "default": -signal.SIGTERM, "ignores": 0}[handler])
    handled = [each for each in client.results() if "handled" in each]
    assert len(handled) == (1 if handler == "exits" else 0)
    verdict(
        f"SIGTERM, host's handler {handler}, {mode.value}",
        client.notes(),
        server.stored(client.account),
        kills=1,
    )


def test_sigterm_in_the_middle_of_track(
    mode: Mode, server: Server, tmp_path: Path, dice: random.Random, verdict: Verdict
) -> None:
    """Twelve programs that do nothing but track are asked to end at a random moment."""
    account = server.account()
    programs = [
        Program(
            "sigterm.py",
            tmp_path / "clients",
            account,
            server.url,
            mode=mode,
            handler="default",
            pause=0.0001,
            client={"shutdown_timeout": 30},
        )
        for _ in range(12)
    ]
    for first, second in zip(programs[::2], programs[1::2], strict=True):
        noted = first.noted()
        first.start()
        second.start()
        first.wait_for(noted + 100)
        for each in (first, second):
            time.sleep(dice.uniform(0, 0.3))
            each.signal(signal.SIGTERM)
        for each in (first, second):
            # One that is still starting has no handler yet.
            each.wait(code=-signal.SIGTERM)
    verdict(
        f"SIGTERM in the middle of track, 12 times, {mode.value}",
        programs[0].notes(),
        server.stored(account),
        kills=12,
    )


def test_sigterm_with_a_hanging_server(
    mode: Mode, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """The flush gives up at its time, and the process ends."""
    with Proxy(server.port, proxy.hanging) as hanging:
        client = Program(
            "sigterm.py",
            tmp_path / "client",
            server.account(),
            hanging.url,
            mode=mode,
            handler="exits",
            client={"shutdown_timeout": 2, "timeout": 60},
        ).start()
        client.wait_for(500)
        client.signal(signal.SIGTERM)
        client.wait(30, code=7)
        if mode is Mode.JOURNAL:
            hanging.behave = proxy.passing
            client.drain()
    verdict(
        f"SIGTERM, hanging server, {mode.value}",
        client.notes(),
        server.stored(client.account),
        kills=1,
        dropped=client.dropped(),
    )
