"""Client programs in processes of their own, and what they wrote down."""

from __future__ import annotations

import enum
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reliability.ledger import Note
from reliability.serving import with_bytecode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reliability.serving import Account

SCRIPTS = Path(__file__).parent / "clients"
AMPLE_MEMORY = 300_000
"""Events that a client without a journal may hold in a case that must lose none."""
DEADLINE_SECONDS = 90


_started: list[Program] = []


def end_programs() -> None:
    """Kill what a case that failed has left behind."""
    while _started:
        _started.pop().kill_all()


class Mode(enum.Enum):
    """Where events wait."""

    MEMORY = "memory"
    JOURNAL = "journal"


class Program:
    """A client program: one of `clients/`, with a folder for what it writes down."""

    def __init__(
        self,
        script: str,
        folder: Path,
        account: Account,
        url: str,
        *,
        mode: Mode = Mode.MEMORY,
        client: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        **plan: Any,
    ) -> None:
        """Prepare a program.

        Args:
            script: Its file in `clients/`.
            folder: Where it writes; programs with one folder are counted together.
            account: Whose events they are.
            url: Of the server, or of a proxy before it.
            mode: Where events wait.
            client: Further arguments of `BearLumen`.
            environment: Further variables.
            command: What runs instead of the script, say a web server that loads it.
            **plan: What the script is told.
        """
        folder.mkdir(exist_ok=True)
        settings: dict[str, Any] = {
            "api_key": account.api_key,
            "base_url": url,
            "timeout": 10,
            # Fifty children that import the HTTP client at once need longer than the default.
            "shutdown_timeout": 40,
        }
        if mode is Mode.JOURNAL:
            settings["journal"] = str(folder / "journal")
        else:
            settings |= {"max_queued": AMPLE_MEMORY, "max_queued_bytes": AMPLE_MEMORY * 2_000}
        self.folder = folder
        self.account = account
        self._command = list(command or [sys.executable, str(SCRIPTS / script)])
        self.settings = {**settings, **(client or {})}
        self._plan = {"client": self.settings, "folder": str(folder), **plan}
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def journal(self) -> Path:
        """The directory of the journal."""
        return Path(self.settings["journal"])

    @property
    def pid(self) -> int:
        """The process that was started last."""
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, **plan: Any) -> Program:
        """Run it; further words to the script count for this run."""
        environment = {
            **with_bytecode(),
            "PYTHONPATH": str(SCRIPTS),
            "PYTHONUNBUFFERED": "1",
            "RELIABILITY_PLAN": json.dumps({**self._plan, **plan}),
            **self._environment,
        }
        (self.folder / "stop").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )
        _started.append(self)
        return self

    def tell_to_stop(self) -> None:
        """Let it end by itself; see `host.told_to_stop`."""
        (self.folder / "stop").touch()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process
        self._process.send_signal(number)

    def check_delivered(self) -> None:
        """Insist that the last one to end said that nothing is left, and that nothing is."""
        assert self.results()[-1] == {"delivered": True}
        left = self.stats()[-1]["queued"]
        assert left == 0, f"it said that all is delivered, and {left} events are queued"

    def check_quiet(self) -> None:
        """Insist that `on_error` was told of nothing, since nothing went wrong."""
        told = [f"{each['type']}: {each['text']}" for each in self.reports()]
        assert not told, f"on_error was told of {len(told)} problems, such as {told[:3]}"

    def drain(self) -> None:
        """Deliver what processes that ended without their exit hooks left in the journal."""
        if "journal" not in self.settings:
            return
        settings = {"journal": self.settings["journal"]}
        url = self.settings["base_url"]
        last = Program("drain.py", self.folder, self.account, url, client=settings)
        last.start().wait()
        last.check_delivered()

    def kill(self) -> None:
        """Kill it and wait for its end."""
        assert self._process
        self._process.kill()
        self._process.wait(DEADLINE_SECONDS)
        _started.remove(self)

    def kill_all(self) -> None:
        """Kill whatever is left of it and its children."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait(DEADLINE_SECONDS)

    def wait(self, deadline: float = DEADLINE_SECONDS, *, code: int = 0) -> None:
        """Wait for its end: in time, with this exit code, and without a traceback."""
        assert self._process
        try:
            ended_with = self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGUSR1)  # writes its stacks to the log
            time.sleep(1)
            self.kill_all()
            raise AssertionError(
                f"the client does not end within {deadline} s:\n{self.log()[-6000:]}"
            ) from None
        _started.remove(self)
        assert ended_with == code, f"exit code {ended_with}:\n{self.log()[-6000:]}"
        for sign in ("Traceback", "Exception ignored", "Fatal Python error"):
            assert sign not in self.log(), f"the client's program saw:\n{self.log()[-6000:]}"
        assert not self.stuck(), f"children that did not end: {self.stuck()}\n{self.log()[-6000:]}"
        self._check_law()

    def _check_law(self) -> None:
        for each in self.stats():
            taken = each["tracked"] + each["adopted"]
            ended = each["delivered"] + each["duplicates"] + each["rejected"]
            left = sum(each["dropped"].values()) + each["queued"]
            assert taken == ended + left, f"the counts of `stats()` do not add up: {each}"

    def log(self) -> str:
        """What it printed, all runs together."""
        return (self.folder / "log").read_text(errors="replace")

    def notes(self) -> list[Note]:
        """The events that it wrote down, all runs together."""
        path = self.folder / "notes"
        if not path.exists():
            return []
        fields = [line.split() for line in path.read_text().splitlines()]
        return [
            Note(
                name=name,
                event_id=None if event == "-" else event,
                unprotected=mark == "unprotected",
            )
            for name, event, mark in fields
        ]

    def noted(self) -> int:
        """How many events it wrote down so far; cheap."""
        path = self.folder / "notes"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def reports(self) -> list[dict[str, Any]]:
        """What `on_error` was told."""
        return self._lines("reports")

    def stats(self) -> list[dict[str, Any]]:
        """`stats()` at the end of each process that ended in order."""
        return self._lines("stats")

    def results(self) -> list[dict[str, Any]]:
        """What the script wrote down beside the events."""
        return self._lines("results")

    def stuck(self) -> list[dict[str, Any]]:
        """Children that had to be killed at their deadline."""
        return self._lines("stuck")

    def dropped(self) -> int:
        """Events that the processes said to have dropped."""
        return sum(sum(each["dropped"].values()) for each in self.stats())

    def wait_for(self, events: int, deadline: float = DEADLINE_SECONDS) -> None:
        """Return when it has written down so many events."""
        until = time.monotonic() + deadline
        while self.noted() < events:
            assert self.running, f"the client has ended:\n{self.log()[-6000:]}"
            assert time.monotonic() < until, f"{self.noted()} of {events} events in {deadline} s"
            time.sleep(0.02)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(each) for each in path.read_text().splitlines()] if path.exists() else []
