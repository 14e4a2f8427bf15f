"""The processes of a benchmark: the real server, and helpers that report as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

HERE = Path(__file__).parent
MEGABYTE = 1_000_000


@dataclass(kw_only=True)
class Serving:
    """`bearlumen serve` in a process of its own."""

    process: subprocess.Popen[str]
    key: str
    port: int
    url: str

    def memory(self) -> float:
        """Return its resident memory in MB; as Linux says, so elsewhere 0."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """Return the most it has had, in MB."""
        return self._status("VmHWM")

    def cpu(self) -> float:
        """Return the seconds of CPU it has used."""
        path = Path(f"/proc/{self.process.pid}/stat")
        if not path.exists():
            return 0
        fields = path.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> float:
        path = Path(f"/proc/{self.process.pid}/status")
        if not path.exists():
            return 0
        line = next(each for each in path.read_text().splitlines() if each.startswith(name))
        return int(line.split()[1]) * 1024 / MEGABYTE


@contextmanager
def serving(database: Path, *, key: str = "") -> Generator[Serving]:
    """Serve a database file; its first start makes a key, a later one is told which to use."""
    command = [sys.executable, "-c", "from bearlumen_server.cli import main; main()"]
    command += ["serve", "--port", "0", "--database", str(database)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    try:
        assert process.stdout
        url = ""
        while not url and (line := process.stdout.readline()):
            key = line.strip() if line.startswith("sk_live_") else key
            if " on http://" in line:
                url = line.strip().rpartition(" on ")[2]
        assert url, "the server ended without saying where it serves"
        yield Serving(process=process, key=key, port=int(url.rpartition(":")[2]), url=url)
    finally:
        process.terminate()
        process.wait()
        assert process.stdout
        process.stdout.close()


class Helper:
    """A script of this folder that says `ready`, and runs when it is told to."""

    def __init__(self, script: str, told: Mapping[str, Any]) -> None:
        command = [sys.executable, str(HERE / script), json.dumps(told)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, **pipes)
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def start(self) -> None:
        """Let it run."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """Wait for what it reports."""
        output, _ = self._process.communicate()
        assert self._process.returncode == 0
        return json.loads(output)

    def run(self) -> dict[str, Any]:
        """Let it run, and wait."""
        self.start()
        return self.result()
