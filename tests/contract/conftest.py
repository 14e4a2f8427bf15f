"""The same questions through the sync and the async client, to a real server."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest

from bearlumen import AsyncBearLumen, BearLumen
from bearlumen_server import LocalServer, local_server

Ask = Callable[[Callable[[Any], Any]], Any]
"""Puts a question to a client, and gives the answer whether it had to be awaited or not."""

DAY = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    """A server with the day's calls in its ledger."""
    with local_server() as running:
        with BearLumen(api_key=running.api_key, base_url=running.url) as bear:
            record_the_day(bear)
        yield running


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, server: LocalServer) -> Ask:
    """One of the two clients, ready to be asked."""
    kind: Literal["sync", "async"] = request.param
    settings: dict[str, Any] = {"api_key": server.api_key, "base_url": server.url}

    def sync(question: Callable[[Any], Any]) -> Any:
        with BearLumen(**settings) as bear:
            return question(bear)

    async def awaited(question: Callable[[Any], Any]) -> Any:
        async with AsyncBearLumen(**settings) as bear:
            return await question(bear)

    return sync if kind == "sync" else lambda question: asyncio.run(awaited(question))


def every(page: Any) -> Any:
    """The items of all pages from this one on, whichever client's page it is."""

    async def awaited() -> list[Any]:
        return [item async for item in await page]

    return awaited() if inspect.isawaitable(page) else list(page)


def record_the_day(bear: BearLumen) -> None:
    """Calls whose cost is worked out by hand in the tests.

    gpt-4o costs 2.50 USD a million tokens in, 1.25 cached, 10 out.
    """
    chat = {"object": "chat.completion", "model": "gpt-4o-2024-08-06"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    cached = {**usage, "prompt_tokens_details": {"cached_tokens": 400}}
    team = {"team": "search"}
    bear.track(
        {**chat, "usage": usage},
        feature="chat", user_id="acme", timestamp=DAY, dimensions=team,
    )  # 0.0035  # fmt: skip
    bear.track(
        {**chat, "usage": cached}, feature="chat", user_id="globex", agent="writer", timestamp=DAY
    )  # 0.0030
    bear.track(
        None, model="voice-1", provider="elevenlabs", units={"characters": 1500},
        user_id="acme", timestamp=DAY,
    )  # unpriced  # fmt: skip
    bear.track(
        None, model="voice-1", provider="elevenlabs", units={"characters": Decimal("2.5")},
        cost=Decimal("0.000000000123"), user_id="acme", timestamp=DAY, feature="speech",
    )  # stated  # fmt: skip
    assert bear.flush()
