"""What type checkers make of decorators and scopes: read by them, never run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import assert_type

from openai import AsyncOpenAI, OpenAI

import bearlumen
from bearlumen import AsyncBearLumen, BearLumen, ContextThreadPoolExecutor, Scope


def keeps_types(bear: BearLumen) -> None:
    """A decorated function has the signature that it had, however it is decorated."""

    @bear.track_feature
    def plain(text: str, *, limit: int = 1) -> bytes:
        return text.encode()[:limit]

    @bear.track_agent("agent", end_user="user", dimensions={"plan": "pro"})
    async def awaited(user: str) -> int:
        return len(user)

    @bear.track_session(session=lambda number: number + 1)
    def steps(number: int) -> Iterator[int]:
        yield number

    @bearlumen.track_workflow("flow", end_user=lambda text: text.split(":")[0])
    async def later(text: str) -> AsyncIterator[str]:
        yield text

    @bear.track_calls(feature="f", user_id="u")
    def call() -> dict[str, int]:
        return {}

    assert_type(plain("a", limit=2), bytes)
    asynchronous: Callable[[str], Awaitable[int]] = awaited
    assert asynchronous
    assert_type(steps(1), Iterator[int])
    assert_type(later("a"), AsyncIterator[str])
    assert_type(call(), dict[str, int])
    assert_type(bear.bind(plain)("a"), bytes)
    plain(1)  # pyright: ignore[reportArgumentType]
    plain("a", limits=2)  # pyright: ignore[reportCallIssue]


class Bot:
    """Methods keep theirs as well."""

    @bearlumen.track_agent("bot", end_user="user")
    def ask(self, user: str) -> int:
        """Ask."""
        return len(user)


def methods(bot: Bot) -> None:
    """Bound, and by the class."""
    assert_type(bot.ask("a"), int)
    assert_type(Bot.ask(bot, "a"), int)


def scopes(bear: BearLumen) -> None:
    """Labels are checked; a scope may be kept and is one with or without a client."""
    scope = bear.scope(end_user="u", session=7, dimensions={"plan": "pro", "seats": 3})
    assert_type(scope, Scope)
    with bearlumen.scope(end_user=lambda: None), scope as entered:
        assert_type(entered, Scope)
    bear.scope(customer="u")  # pyright: ignore[reportCallIssue]
    bear.scope(feature=1.5)  # pyright: ignore[reportArgumentType]
    assert_type(bear.scope_headers(), dict[str, str])
    assert_type(bear.scope_from_headers({"bearlumen-scope": ""}), Scope)
    with ContextThreadPoolExecutor() as pool:
        assert_type(pool.submit(len, "a"), Future[int])


def wraps(bear: BearLumen, later: AsyncBearLumen) -> None:
    """A wrapped client has the type that it had."""
    assert_type(bear.wrap(OpenAI(), ensure_usage=True), OpenAI)
    assert_type(later.wrap(AsyncOpenAI(), provider="vllm"), AsyncOpenAI)
    assert_type(bearlumen.wrap(OpenAI()), OpenAI)


def configures(bear: AsyncBearLumen) -> None:
    """The client that is configured is the client that comes back."""
    assert_type(bearlumen.configure(api_key="k"), BearLumen)
    assert_type(bearlumen.configure(client=bear), AsyncBearLumen)
    assert_type(bearlumen.get_client(), BearLumen | AsyncBearLumen)
