"""A module that starts a thread when it is imported, which tracks before the import is done."""

import threading

from host import client, track

bear = client()


def work() -> None:
    """Track a few."""
    for _ in range(500):
        track(bear)


threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads:
    each.start()
track(bear)
