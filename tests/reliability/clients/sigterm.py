"""Tracks as fast as it can until SIGTERM ends it, with a handler of the host's or with none."""

import signal
import sys
import time

from host import PLAN, client, told_to_stop, track, write


def handler(number: int, frame: object) -> None:
    """Say that the host was asked, and end as it sees fit."""
    write("results", {"handled": number})
    sys.exit(7)


match PLAN["handler"]:
    case "exits":
        signal.signal(signal.SIGTERM, handler)
    case "ignores":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    case _:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

bear = client(flush_on_sigterm=True)
while not told_to_stop():
    for _ in range(20):
        track(bear)
    time.sleep(PLAN.get("pause", 0.01))
