"""Two clients in one process, on one journal directory."""

from host import client, steadily, track, write

one, other = client(), client()
for number in steadily(800, 1_000):
    track(one if number % 2 else other)
write("results", {"delivered": one.shutdown(timeout=60) and other.shutdown(timeout=60)})
