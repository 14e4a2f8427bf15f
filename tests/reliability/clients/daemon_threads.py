"""Ends while daemon threads still track."""

import threading
import time

from host import client, track

bear = client()


def work() -> None:
    """Track until the interpreter is gone."""
    while True:
        track(bear)
        time.sleep(0.0005)


for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(1)
