"""A process that makes a client and never tracks, and a forked child of one that tracks."""

import os
import sys
import threading
from pathlib import Path

from host import client, forget_clients, reap, track, write


def threads() -> dict[str, int]:
    """How many threads this process has, as Python and as the system sees it."""
    tasks = Path("/proc/self/task")
    return {
        "python": threading.active_count(),
        "system": len(list(tasks.iterdir())) if tasks.exists() else 1,
    }


bear = client()
write("results", {"before": threads()})
for _ in range(50):
    track(bear)
pid = os.fork()
if pid == 0:
    forget_clients()
    write("results", {"child": threads()})
    sys.exit()
reap([pid])
