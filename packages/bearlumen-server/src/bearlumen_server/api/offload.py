"""Work that waits for the disk, off the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def offload(work: Callable[[], T]) -> T:
    """Run `work` on a thread and return what it returns."""
    return await to_thread.run_sync(work)
