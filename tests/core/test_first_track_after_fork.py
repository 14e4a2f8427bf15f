"""The first events of a process that was forked when the package was loaded, and no more."""

import os
import subprocess
import sys

import pytest

FORKS = 20
PROGRAM = f"""
import os, sys, threading
import bearlumen

def child():
    sent = bearlumen.MemoryTransport()
    bear = bearlumen.BearLumen("k", transport=sent)
    begin = threading.Barrier(16)
    def first():
        begin.wait()
        for _ in range(3):
            bear.track(None, model="m", units={{"calls": 1}})
    threads = [threading.Thread(target=first) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    bear.shutdown()
    return len(sent.events)

sys.setswitchinterval(1e-6)
for _ in range({FORKS}):
    pid = os.fork()
    if not pid:
        os._exit(child())
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_threads_that_track_first_in_a_forked_process_lose_nothing() -> None:
    """As under `gunicorn --preload`, where many requests come to a new worker at once."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["48"] * FORKS
