"""Tracks with a limit on the size of a file, which stands for a full disk."""

import resource

from host import PLAN, client, steadily, track, write

limit = PLAN["file_bytes"]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
bear = client()
for _ in steadily(2_000, PLAN["count"]):
    track(bear)
# What is written down from here on would not fit either.
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
write("results", {"delivered": bear.shutdown(timeout=60)})
