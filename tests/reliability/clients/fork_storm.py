"""A parent that tracks, and forks children that track, from its very first event on.

A bare fork, one that runs none of Python's hooks, is only made while the other threads rest: where
one of them is at work, the child may find the interpreter's own locks taken, and no library can
help it. Without any of ours, 2 to 4 of 50 children that start a thread wait for ever.
"""

import ctypes
import importlib
import os
import random
import sys
import time

from host import PLAN, client, forget_clients, reap, track

REST_SECONDS = 0.05

dice = random.Random(PLAN["seed"])
# PyDLL keeps the interpreter's lock over the fork, as a server does that forks from C.
fork = ctypes.PyDLL(None).fork if PLAN.get("fork") == "c" else os.fork


def child() -> None:
    """Track a few and end."""
    forget_clients()
    ends_at_once = PLAN["end"] == "_exit"
    for _ in range(PLAN["each"]):
        track(bear, unprotected=ends_at_once and "journal" not in PLAN["client"])
    if ends_at_once:
        os._exit(0)
    sys.exit()


bear = client()
track(bear)  # begins the worker, which begins to import the HTTP client
for module in PLAN.get("late", ()):
    importlib.import_module(module)
children: list[int] = []
for _ in range(PLAN["children"]):
    time.sleep(dice.uniform(0, PLAN["gap"]))
    if fork is not os.fork:
        bear.flush()
        time.sleep(REST_SECONDS)
    pid = fork()
    if pid == 0:
        child()
    children.append(pid)
    track(bear)
reap(children)
track(bear)
