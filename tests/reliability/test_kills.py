"""Fifty kills of the client, fifty of the server: each event is in the ledger once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reliability.programs import Mode, Program

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from reliability.serving import Server
    from reliability.verdict import Verdict

KILLS = 50
EVENTS = 20_000


def test_client_killed_fifty_times(
    server: Server, tmp_path: Path, dice: random.Random, verdict: Verdict
) -> None:
    """Whatever was tracked before a kill is delivered by a later run on the same journal."""
    account = server.account()
    client = Program(
        "steady.py", tmp_path / "client", account, server.url, mode=Mode.JOURNAL, rate=1_500
    )
    kills = 0
    while kills < KILLS or client.noted() < EVENTS:
        # Some lives end before the first event, and some once much was delivered.
        client.start(response="chat" if kills % 10 == 9 else "json")
        time.sleep(dice.uniform(0.05, 1.6))
        client.kill()
        kills += 1
    client.start(count=100)
    client.wait()
    client.check_delivered()
    assert list(client.journal.glob("*.events")) == []
    verdict(
        f"client killed {kills} times, journal",
        client.notes(),
        server.stored(account),
        kills=kills,
    )


def test_clients_with_one_journal_killed_at_random(
    server: Server, tmp_path: Path, dice: random.Random, verdict: Verdict
) -> None:
    """Several processes share a directory: the living adopt what the killed left, and only that."""
    account = server.account()
    clients = [
        Program(
            "steady.py", tmp_path / "clients", account, server.url, mode=Mode.JOURNAL, rate=500
        ).start()
        for _ in range(4)
    ]
    for _ in range(30):
        time.sleep(dice.uniform(0, 0.5))
        chosen = dice.choice(clients)
        chosen.kill()
        chosen.start()
    clients[0].tell_to_stop()
    for each in clients:
        each.wait()
    last = Program("drain.py", tmp_path / "clients", account, server.url, mode=Mode.JOURNAL)
    last.start().wait()
    last.check_delivered()
    assert list(last.journal.glob("*.events")) == []
    verdict(
        "4 clients on one journal, 30 of them killed",
        last.notes(),
        server.stored(account),
        kills=30,
    )


def test_server_killed_fifty_times(
    server: Server, tmp_path: Path, dice: random.Random, verdict: Verdict
) -> None:
    """Clients with and without a journal outlive fifty kills of the server over one ledger."""
    clients = {
        mode: Program(
            "steady.py", tmp_path / mode.value, server.account(), server.url, mode=mode, rate=350
        ).start(response="chat")
        for mode in Mode
    }
    for _ in range(KILLS):
        # Some kills come while it opens the ledger, most while it serves.
        time.sleep(dice.choice((dice.uniform(0, 0.5), dice.uniform(0.3, 2))))
        server.kill()
        server.start(wait=False)
    for client in clients.values():
        client.wait_for(EVENTS)
    server.wait_until_ready()
    for client in clients.values():
        client.tell_to_stop()
    for client in clients.values():
        client.wait()
    for mode, client in clients.items():
        client.check_delivered()
        verdict(
            f"server killed {KILLS} times, {mode.value}",
            client.notes(),
            server.stored(client.account),
        )
