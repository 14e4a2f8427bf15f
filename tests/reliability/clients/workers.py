"""Children of multiprocessing, which track and return."""

import multiprocessing
from typing import Any

from host import PLAN, client, forget_clients, track, write

DEADLINE_SECONDS = 45
bear = client()


def work(number: int) -> int:
    """Track a few."""
    for _ in range(20):
        track(bear)
    return number


def run(context: Any) -> None:
    """Processes of their own, and a pool."""
    processes = [context.Process(target=work, args=(number,)) for number in range(8)]
    for each in processes:
        each.start()
        track(bear)
    for each in processes:
        each.join(DEADLINE_SECONDS)
        if each.exitcode is None:
            write("stuck", {"child": each.pid})
            each.kill()
    pool = context.Pool(3)
    assert pool.map_async(work, range(12)).get(DEADLINE_SECONDS) == list(range(12))
    pool.close()
    pool.join()


if multiprocessing.parent_process() is not None:
    forget_clients()
if __name__ == "__main__":
    track(bear)
    run(multiprocessing.get_context(PLAN["method"]))
