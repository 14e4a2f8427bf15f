"""Functions whose calls are within a scope, or whose answers are tracked."""

import asyncio
import contextvars
import functools
import inspect
import logging
import types
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import bearlumen
from bearlumen import BearLumen, InvalidRequestError, MemoryTransport

CHAT: dict[str, Any] = {
    "object": "chat.completion",
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 10, "completion_tokens": 5},
}
CHUNKS: list[dict[str, Any]] = [
    {"object": "chat.completion.chunk", "id": "c", "model": "gpt-4o", "choices": [{"index": 0}]},
    {
        "object": "chat.completion.chunk",
        "id": "c",
        "model": "gpt-4o",
        "choices": [],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    },
]


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded: the end user beside the metadata's labels."""
    assert bear.flush()
    return [{"user_id": e.get("user_id"), **e["metadata"]} for e in sent.events]


def test_names_default_to_the_functions_and_signatures_stay(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """With and without parentheses, with and without a name."""

    @bear.track_feature
    def summarise(text: str, *, shout: bool = False) -> str:
        """Short."""
        bear.track(CHAT)
        return text.upper() if shout else text

    @bear.track_workflow()
    @bear.track_agent("planner")
    def plan() -> str:
        return summarise("a", shout=True)

    assert plan() == "A"
    assert (summarise.__name__, summarise.__doc__) == ("summarise", "Short.")
    assert str(inspect.signature(summarise)) == "(text: str, *, shout: bool = False) -> str"
    (event,) = events(bear, sent)
    assert [event["feature"], event["agent"], event["workflow"]] == ["summarise", "planner", "plan"]


def test_the_end_user_is_taken_from_the_arguments(bear: BearLumen, sent: MemoryTransport) -> None:
    """By a parameter's name, however it is passed, or by a function of the arguments."""

    @bear.track_feature("f", end_user="user_id")
    def by_name(text: str, user_id: str = "default") -> None:
        bear.track(CHAT)

    @bear.track_feature("f", end_user=lambda request: request["user"], dimensions=lambda r: r["d"])
    def by_function(request: dict[str, Any]) -> None:
        bear.track(CHAT)

    @bear.track_feature(end_user="user_id")
    def by_keywords(**options: Any) -> None:
        bear.track(CHAT)

    by_name("t", "positional")
    by_name("t", user_id="keyword")
    by_name("t")
    by_function({"user": 7, "d": {"plan": "pro"}})
    by_keywords(user_id="kw")
    with bear.scope(end_user="outer"):
        by_function({})  # the lookup fails: nobody's, not the outer one's
    found = events(bear, sent)
    assert [each["user_id"] for each in found] == [
        "positional", "keyword", "default", "7", "kw", None,
    ]  # fmt: skip
    assert found[3]["dimensions"] == {"plan": "pro"}


def test_a_parameter_that_there_is_not_fails_where_it_is_written(bear: BearLumen) -> None:
    """Not at the first call in production."""
    with pytest.raises(InvalidRequestError, match=r"ask has no parameter .* \(it has text\)"):

        @bear.track_feature(end_user="user_id")
        def ask(text: str) -> None: ...

    with pytest.raises(TypeError, match="a scope has no 'customer'"):
        bear.track_feature("f", customer="x")(print)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="cannot be decorated"):
        bear.track_feature("f")(type("Anything", (), {}))


def test_methods_of_every_kind_can_be_decorated(bear: BearLumen, sent: MemoryTransport) -> None:
    """In whichever order the decorators stand."""

    class Bot:
        @bear.track_agent("method", end_user="user")
        def method(self, user: str) -> Any:
            return user, bear.track(CHAT)

        @classmethod
        @bear.track_agent("class", end_user="user")
        def inner_class(cls, user: str) -> Any:
            return user, bear.track(CHAT)

        @bear.track_agent("static", end_user="user")
        @staticmethod
        def static(user: str) -> Any:
            return user, bear.track(CHAT)

    Bot().method("a")
    Bot.inner_class("b")
    Bot().static("c")
    found = [(each["agent"], each["user_id"]) for each in events(bear, sent)]
    assert found == [("method", "a"), ("class", "b"), ("static", "c")]


def test_coroutines_keep_their_scope_over_awaits(bear: BearLumen, sent: MemoryTransport) -> None:
    """Forty at once, each with its own end user; a function that hands on a coroutine too."""

    @bear.track_feature("f", end_user="user")
    async def ask(user: str) -> None:
        await asyncio.sleep(0)
        bear.track(CHAT, agent=user)

    @bear.track_workflow("w")
    def hand_on(user: str) -> Any:
        return ask(user)

    async def main() -> None:
        await asyncio.gather(*(hand_on(str(number)) for number in range(40)))

    assert inspect.iscoroutinefunction(ask)
    asyncio.run(main())
    found = events(bear, sent)
    assert len(found) == 40
    assert all((e["user_id"], e["workflow"]) == (e["agent"], "w") for e in found)


def test_generators_are_in_scope_at_each_step_and_nobody_else_is(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """What is sent, thrown and returned goes through, and the reader's scope stays its own."""

    @bear.track_feature("inside")
    def talk() -> Iterator[Any]:
        with bear.scope(agent="kept over steps"):
            try:
                heard = yield "first"
                bear.track(CHAT, workflow=heard)
                yield "second"
            except KeyError:
                bear.track(CHAT, workflow="thrown")
        return "done"

    assert inspect.isgeneratorfunction(talk)
    generator: Any = talk()
    with bear.scope(feature="outside"):
        assert next(generator) == "first"
        bear.track(CHAT, workflow="reader")
        assert generator.send("sent") == "second"
        with pytest.raises(StopIteration) as end:
            generator.throw(KeyError())
    assert end.value.value == "done"
    found = [(e["workflow"], e["feature"], e.get("agent")) for e in events(bear, sent)]
    assert found == [
        ("reader", "outside", None),
        ("sent", "inside", "kept over steps"),
        ("thrown", "inside", "kept over steps"),
    ]


def test_async_generators_are_too(bear: BearLumen, sent: MemoryTransport) -> None:
    """And one that is left early is closed within its scope."""

    @bear.track_feature("inside")
    async def talk() -> AsyncIterator[int]:
        try:
            for number in range(3):
                await asyncio.sleep(0)
                bear.track(CHAT, workflow=str(number))
                yield number
        finally:
            bear.track(CHAT, workflow="closed")

    async def main() -> None:
        stream: Any = talk()
        async for _ in stream:
            bear.track(CHAT, workflow="reader")
            break
        await stream.aclose()

    assert inspect.isasyncgenfunction(talk)
    asyncio.run(main())
    found = [(e["workflow"], e.get("feature")) for e in events(bear, sent)]
    assert found == [("0", "inside"), ("reader", None), ("closed", "inside")]


def test_each_call_is_a_session_unless_one_is_named(bear: BearLumen, sent: MemoryTransport) -> None:
    """The type is the function's name, the id the caller's or a fresh one."""

    @bear.track_session
    def chat() -> None:
        bear.track(CHAT)
        bear.track(CHAT)

    @bear.track_session("support", session="conversation")
    def support(conversation: str) -> None:
        bear.track(CHAT)

    chat()
    chat()
    support("c-1")
    found = [(e["session_type"], e["session_id"]) for e in events(bear, sent)]
    assert found[0] == found[1] != found[2] == found[3]
    assert [found[0][0], found[4]] == ["chat", ("support", "c-1")]


def test_returned_responses_and_streams_are_tracked(bear: BearLumen, sent: MemoryTransport) -> None:
    """Of functions, coroutines and generators: what comes out is what came out before."""

    @bear.track_calls
    def ask() -> dict[str, Any]:
        return CHAT

    @bear.track_calls(feature="f")
    async def ask_later() -> dict[str, Any]:
        return CHAT

    @bear.track_calls()
    def hand_on() -> Any:
        return ask_later()

    @bear.track_calls
    def stream() -> Iterator[Any]:
        yield from CHUNKS

    @bear.track_calls
    async def stream_later() -> AsyncIterator[Any]:
        for chunk in CHUNKS:
            yield chunk

    @bear.track_calls
    def open_stream() -> Iterator[Any]:
        return iter(CHUNKS)

    async def main() -> list[Any]:
        assert await ask_later() is CHAT
        return [chunk async for chunk in stream_later()]

    assert ask() is CHAT
    assert asyncio.run(main()) == list(stream()) == list(open_stream()) == CHUNKS
    assert asyncio.run(hand_on()) is CHAT
    found = events(bear, sent)
    # ask, ask_later, and hand_on, which hands on what ask_later returns: tracked by both.
    assert [e.get("feature") for e in found].count("f") == 2
    assert len(found) == 7
    assert all(event["latency_ms"] >= 0 for event in found)


def test_tracking_what_is_no_response_never_raises(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """The function's own result and its own exceptions stay what they are."""

    @bear.track_calls
    def answer(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    assert answer(None) is None
    assert answer("text") == "text"
    with pytest.raises(KeyError):
        answer(KeyError("the host's"))
    with pytest.raises(TypeError, match="unexpected option 'featur'"):
        bear.track_calls(featur="x")(print)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    assert events(bear, sent) == []
    assert len(problems) == 1


def test_objects_and_partials_can_be_decorated(bear: BearLumen, sent: MemoryTransport) -> None:
    """They have no name of their own."""

    class Caller:
        async def __call__(self) -> Any:
            return bear.track(CHAT)

    decorated: Any = bear.track_feature(Caller())
    asyncio.run(decorated())
    partial: Any = bear.track_feature(functools.partial(bear.track, CHAT))
    partial()
    assert [e["feature"] for e in events(bear, sent)] == ["Caller", "track"]


def test_functions_can_be_decorated_before_there_is_a_client(
    sent: MemoryTransport, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules are imported before a program is configured, and tests of it may never configure."""
    from bearlumen import _default

    monkeypatch.setattr(_default, "_default", _default._Default())

    @_default._default.track_feature
    @_default._default.track_calls
    def ask() -> dict[str, Any]:
        return CHAT

    with caplog.at_level(logging.WARNING, "bearlumen"):
        assert ask() is CHAT
        assert ask() is CHAT
    assert "call bearlumen.configure" in caplog.text
    assert len(caplog.records) == 1
    with pytest.raises(InvalidRequestError, match=r"call bearlumen\.configure"):
        bearlumen.track(CHAT)
    bear = bearlumen.configure(client=BearLumen(api_key="k", transport=sent))
    assert bearlumen.get_client() is bear
    assert ask() is CHAT
    bearlumen.track(CHAT)
    assert [e.get("feature") for e in events(bear, sent)] == ["ask", None]
    with pytest.raises(InvalidRequestError, match="one or the other"):
        bearlumen.configure("key", client=bear)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    bear.shutdown()


def test_an_argument_behind_another_decorator_is_taken_by_name_alone(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Its place is that decorator's affair: a wrong one could be a prompt."""

    def inject(function: Any) -> Any:
        @functools.wraps(function)
        def injected(*args: Any, **kwargs: Any) -> Any:
            return function("database", *args, **kwargs)

        return injected

    @bear.track_feature("f", end_user="customer")
    @inject
    def ask(database: str, customer: str, text: str) -> None:
        bear.track(CHAT)

    ask("alice", "a prompt")
    ask(customer="bob", text="a prompt")
    assert [event.get("user_id") for event in events(bear, sent)] == [None, "bob"]
    assert "put the other decorator above" in str(problems[0])


def test_a_generator_that_is_awaited_still_is(bear: BearLumen, sent: MemoryTransport) -> None:
    """As `types.coroutine` makes it."""

    @bear.track_feature
    @types.coroutine
    def ask() -> Any:
        yield
        bear.track(CHAT)

    async def main() -> None:
        await ask()

    asyncio.run(main())
    assert [event["feature"] for event in events(bear, sent)] == ["ask"]


def test_a_call_that_is_dropped_where_it_waits_changes_nothing_elsewhere(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A task that nobody holds ends where the collector runs: within another one's call."""

    @bear.track_feature("endless", end_user="customer")
    async def endless(customer: str) -> None:
        await asyncio.get_running_loop().create_future()

    @bear.track_feature("endless", end_user="customer")
    async def endless_items(customer: str) -> AsyncIterator[str]:
        await asyncio.get_running_loop().create_future()
        yield customer

    async def drop(task: Any) -> None:
        """Let it wait within a scope, and end it in one of somebody else's."""
        with bear.scope(end_user="alice"):
            waiting = contextvars.copy_context()
        waiting.run(task.send, None)
        with bear.scope(end_user="bob", feature="report"):
            task.close()
            bear.track(CHAT)

    async def main() -> None:
        await drop(endless("alice"))
        await drop(anext(endless_items("alice")).__await__())

    asyncio.run(main())
    found = [(event["user_id"], event["feature"]) for event in events(bear, sent)]
    assert found == [("bob", "report"), ("bob", "report")]
