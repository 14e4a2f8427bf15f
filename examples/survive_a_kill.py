"""Track in a process that is killed at once, and find its events all the same.

    uv run python examples/survive_a_kill.py

With `journal=` an event is on disk before `track` returns. The next client with the same directory,
key and server delivers what was left.
"""

import multiprocessing
import os
import signal
import tempfile
from datetime import UTC, datetime

from bearlumen import BearLumen
from bearlumen_server import local_server


def work(api_key: str, url: str, journal: str) -> None:
    """Track three calls, and be killed: nothing is flushed, no handler runs."""
    bear = BearLumen(api_key=api_key, base_url=url, journal=journal)
    for feature in ("search", "answer", "summarise"):
        bear.track(None, model="our-model", feature=feature, cost="0.25")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with local_server() as server, tempfile.TemporaryDirectory() as journal:
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(server.api_key, server.url, journal)
        )
        process.start()
        process.join()
        print("the process was ended by signal", -(process.exitcode or 0))

        with BearLumen(api_key=server.api_key, base_url=server.url, journal=journal) as bear:
            bear.flush()
            print("taken over from it:", bear.stats().adopted, "events")
            today = datetime.now(UTC).date()
            for item in bear.costs.by_feature(start_date=today, end_date=today).items:
                print(item.attribution_value, item.total_cost, "USD")
