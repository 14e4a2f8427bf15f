"""A program that gevent has patched: greenlets that track, with and without a farewell."""

# ruff: noqa: E402
from gevent import monkey  # pyright: ignore[reportMissingModuleSource]

monkey.patch_all()

import gevent  # pyright: ignore[reportMissingModuleSource]
from host import PLAN, client, track, write

bear = client()


def work() -> None:
    """Track a few, and let others have their turn."""
    for _ in range(100):
        track(bear)
        gevent.sleep(0.002)


gevent.joinall([gevent.spawn(work) for _ in range(20)])
if PLAN["end"] == "shutdown":
    write("results", {"delivered": bear.shutdown(timeout=60)})
