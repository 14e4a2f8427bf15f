"""Tracks while the clock of its own process steps back and forth, by hours."""

import random
import time

from host import PLAN, steadily, write

HOURS = 11
"""Less than the server's 24: an event later than that is refused, and said to be."""

dice = random.Random(PLAN["seed"])
real_time, real_time_ns = time.time, time.time_ns
offset = 0.0


def step() -> None:
    """Go somewhere else in time."""
    global offset
    offset = dice.choice((0.0, -0.5, 0.25, dice.uniform(-HOURS, HOURS) * 3600))


if PLAN["patch"]:
    time.time = lambda: real_time() + offset
    time.time_ns = lambda: real_time_ns() + int(offset * 1e9)

from host import client, track  # noqa: E402

bear = client()
for number in steadily(1_500, PLAN["count"]):
    if number % 7 == 0:
        step()
    track(bear)
write("results", {"delivered": bear.shutdown(timeout=60)})
