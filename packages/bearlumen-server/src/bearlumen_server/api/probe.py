"""Whether the database can be written: asked now and then, for `/readyz`."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from anyio import fail_after, to_thread

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

logger = logging.getLogger(__name__)

PROBE_SECONDS: Final = 5
"""For how long the database is taken to be as it was: the question costs a commit, and needs no
key."""
PROBE_TIMEOUT_SECONDS: Final = 2
OK: Final = "ok"


class Probe:
    """Whether the database can be written, asked now and then."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._asked_at = -float("inf")
        self._last = OK

    async def result(self, store: Store) -> str:
        """Return `ok`, or what is wrong."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= PROBE_SECONDS:
                self._last = await self._ask(store)
                self._asked_at = time.monotonic()
            return self._last

    @staticmethod
    async def _ask(store: Store) -> str:
        try:
            with fail_after(PROBE_TIMEOUT_SECONDS):
                await to_thread.run_sync(store.probe, abandon_on_cancel=True)
        except TimeoutError:
            return "does not answer"
        except Exception:
            logger.exception("the database cannot be written")
            return "cannot be written"
        return OK
