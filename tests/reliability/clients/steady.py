"""Tracks so many calls a second until it is told to stop, and ends as the test wants it to."""

import os

from host import PLAN, client, steadily, track, write

bear = client()
write("results", {"started": os.getpid()})
slowest = max((track(bear) for _ in steadily(PLAN["rate"], PLAN.get("count"))), default=0.0)
write("results", {"slowest": slowest})

match PLAN.get("end", "shutdown"):
    case "shutdown":
        delivered = bear.shutdown(timeout=PLAN.get("timeout", 60))
        write("results", {"delivered": delivered})
    case "_exit":
        os._exit(0)
    case _:
        pass  # it simply ends
