"""Work that takes its time, off the event loop."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")

REPORT_THREADS: Final = 8
"""Reports answered at once. They have threads of their own, so that no other request waits for
them; each already uses every core, so that more would only make all of them slower."""
LARGE_BYTES: Final = 64 * 1024
"""A body up to here is read in less than a thread is worth, about a millisecond."""

INTAKE_THREADS: Final = 1
"""Bodies read at once. Reading is Python, of which one thread runs at a time: with more of them
each only takes longer, and the writer waits for its turn."""

_report_threads: RunVar[CapacityLimiter] = RunVar("report_threads")
_intake_threads: RunVar[CapacityLimiter] = RunVar("intake_threads")


async def offload(work: Callable[[], T]) -> T:
    """Run `work` on a thread and return what it returns."""
    return await to_thread.run_sync(work)


async def offload_large(size: int, work: Callable[[], T]) -> T:
    """Run `work` over this many bytes: at once, or on a thread when they are many."""
    if size <= LARGE_BYTES:
        return work()
    return await to_thread.run_sync(work, limiter=_limiter(_intake_threads, INTAKE_THREADS))


def report(endpoint: Callable[P, T]) -> Callable[P, Coroutine[None, None, T]]:
    """Answer with `endpoint` on a thread for reports."""

    @wraps(endpoint)
    async def offloaded(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(
            lambda: endpoint(*args, **kwargs), limiter=_limiter(_report_threads, REPORT_THREADS)
        )

    return offloaded


def _limiter(kept: RunVar[CapacityLimiter], threads: int) -> CapacityLimiter:
    """Return that of this event loop: a limiter belongs to one."""
    try:
        return kept.get()
    except LookupError:
        limiter = CapacityLimiter(threads)
        kept.set(limiter)
        return limiter
