"""Servers at once: a process that has imported `bearlumen serve`, and forks for each.

A restart after a kill then takes as long as opening the ledger does, so that fifty fit in a test.
Reads a JSON line `{"port", "database", "log"}`, answers with the pid of the new server.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bearlumen_server.cli.serve import serve

PR_SET_PDEATHSIG = 1
IMPORTED_WHEN_USED = ("app", "keys", "serving", "storage.duckdb")
"""What the command imports once it runs."""
HOST = "127.0.0.1"


def main() -> None:
    """Fork a server for every line, until there are no more."""
    for module in IMPORTED_WHEN_USED:
        importlib.import_module(f"bearlumen_server.{module}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            be_a_server(json.loads(line))
            os._exit(0)
        print(pid, flush=True)  # noqa: T201  # the answer


def be_a_server(order: dict[str, Any]) -> None:
    """`bearlumen serve`, in this process."""
    if sys.platform == "linux":  # no server outlives an interrupted run
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    serve(host=HOST, port=order["port"], database=Path(order["database"]))


if __name__ == "__main__":
    main()
