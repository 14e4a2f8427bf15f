"""A server in a process of its own, to be killed."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from pathlib import Path


class Serving:
    """`bearlumen serve` in a process of its own."""

    def __init__(self, database: Path) -> None:
        command = [sys.executable, "-c", "from bearlumen_server.cli import main; main()"]
        command += ["serve", "--port", "0", "--database", str(database)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
        self.key = ""
        self.url = self._url()

    def _line(self) -> str:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        assert ready, "nothing was printed within 30 s"
        return self.process.stdout.readline().strip()

    def _url(self) -> str:
        while line := self._line():
            if line.startswith("sk_live_"):
                self.key = line
            if " on http://" in line:
                return line.rpartition(" on ")[2]
        raise AssertionError("the server ended without saying where it serves")

    def end(self, with_signal: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(with_signal)
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(30)
