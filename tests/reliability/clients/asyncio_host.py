"""An asyncio program: tasks that track, with and without a farewell."""

import asyncio

from host import PLAN, async_client, track, write


async def main() -> None:
    """Track from several tasks."""
    bear = async_client()

    async def work() -> None:
        for _ in range(100):
            track(bear)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(work() for _ in range(20)))
    if PLAN["end"] == "shutdown":
        write("results", {"delivered": await bear.shutdown(timeout=60)})


asyncio.run(main())
