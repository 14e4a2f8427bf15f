"""Real servers over real ledgers, which are killed, paused and started again."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx

from bearlumen_server.keys import SCOPES, KeyRing
from bearlumen_server.storage.duckdb import DuckDBStore

HOST = "127.0.0.1"
ACCOUNTS = 8
"""Organisations of one ledger: more than a case has clients that are counted apart."""
DEADLINE_SECONDS = 60
PORTS = range(20_000, 32_000)
"""Below those that the system gives to outgoing connections: a client that connects to a port
where nobody listens must not meet itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An organisation of the ledger."""

    org_id: str
    api_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A row of the ledger: the event's id and the name that the client gave it."""

    event_id: str
    name: str


def with_bytecode() -> dict[str, str]:
    """An environment in which modules are compiled once, and kept out of the source tree."""
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.setdefault("PYTHONPYCACHEPREFIX", f"{tempfile.gettempdir()}/bearlumen-bytecode")
    return environment


def free_port() -> int:
    """A port of this machine where nobody listens."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as trial:
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port among a hundred")


def wait_until_gone(pid: int) -> None:
    """Return when there is no such process."""
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    raise AssertionError(f"process {pid} does not end")


class Nursery:
    """The process that forks the servers."""

    def __init__(self) -> None:
        script = Path(__file__).parent / "nursery.py"
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=with_bytecode(),
        )

    def fork(self, *, port: int, database: Path, log: Path) -> int:
        """Start a server; its pid."""
        assert self._process.stdin
        assert self._process.stdout
        order = {"port": port, "database": str(database), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it, and with it every server."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(DEADLINE_SECONDS)


class Server:
    """`bearlumen serve` on a port of its own, over a ledger of its own."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self._nursery = nursery
        self._database = folder / "ledger.duckdb"
        self._log = folder / "server.log"
        self._pid: int | None = None
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._accounts = self._make_accounts()
        self._first = self._accounts[0]

    def _make_accounts(self) -> list[Account]:
        store = DuckDBStore(self._database)
        try:
            ring = KeyRing(store)
            names = [f"org_{number}" for number in range(ACCOUNTS)]
            keys = [ring.create(org_id=name, name="t", scopes=SCOPES)[1] for name in names]
        finally:
            store.close()
        return [Account(org_id=n, api_key=k) for n, k in zip(names, keys, strict=True)]

    def account(self) -> Account:
        """An organisation that nobody has used."""
        return self._accounts.pop()

    def start(self, *, wait: bool = True) -> None:
        """Begin to serve, and wait until it answers if told to."""
        assert self._pid is None
        self._pid = self._nursery.fork(port=self.port, database=self._database, log=self._log)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when it answers."""
        headers = {"Authorization": f"Bearer {self._first.api_key}"}
        until = time.monotonic() + DEADLINE_SECONDS
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False) as client:
            while time.monotonic() < until:
                try:
                    client.get("/v1/ping").raise_for_status()
                except httpx.HTTPError:
                    time.sleep(0.02)
                else:
                    return
        raise AssertionError(f"the server does not answer:\n{self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End it as a power switch would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order, if it runs."""
        if self._pid is not None:
            self._end(signal.SIGTERM)

    def _end(self, with_signal: signal.Signals) -> None:
        assert self._pid is not None
        pid, self._pid = self._pid, None
        os.kill(pid, with_signal)
        wait_until_gone(pid)

    def pause(self) -> None:
        """Let it hang: connections are accepted by the system, and never answered."""
        assert self._pid is not None
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._pid is not None
        os.kill(self._pid, signal.SIGCONT)

    def stored(self, account: Account) -> list[Stored]:
        """Every row of an organisation; the server is stopped for it, and started again."""
        running = self._pid is not None
        self.stop()
        try:
            with duckdb.connect(str(self._database)) as connection:
                rows = connection.execute(
                    "SELECT event_id, feature FROM events WHERE org_id = ?", [account.org_id]
                ).fetchall()
        finally:
            if running:
                self.start()
        return [Stored(event_id=str(row[0]), name=str(row[1])) for row in rows]
