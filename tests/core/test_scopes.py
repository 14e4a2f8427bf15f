"""Whom and what a call is for: scopes, over tasks, threads, generators and processes."""

import asyncio
import contextvars
import enum
import threading
import uuid
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearlumen import (
    AuthenticationError,
    BearLumen,
    ContextThreadPoolExecutor,
    InvalidRequestError,
    MemoryTransport,
    TrackResult,
)

CHAT: dict[str, Any] = {
    "object": "chat.completion",
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 10, "completion_tokens": 5},
}
NAMES = ("feature", "agent", "workflow", "session_id", "session_type", "dimensions")


def labels(sent: MemoryTransport, bear: BearLumen) -> list[dict[str, Any]]:
    """What each event was said to be for."""
    assert bear.flush()
    return [
        {
            **({"end_user": event["user_id"]} if "user_id" in event else {}),
            **{n: event["metadata"][n] for n in NAMES if n in event["metadata"]},
        }
        for event in sent.events
    ]


def test_inner_wins_over_outer_and_the_call_over_both(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """Each label is the nearest one; dimensions are put together."""
    with bear.scope(end_user="alice", feature="chat", dimensions={"plan": "pro", "tier": 1}):
        with bear.scope(feature="search", agent="planner", dimensions={"tier": 2}):
            bear.track(CHAT, agent="writer", dimensions={"region": "eu"})
        bear.track(CHAT)
    bear.track(CHAT)
    assert labels(sent, bear) == [
        {
            "end_user": "alice",
            "feature": "search",
            "agent": "writer",
            "dimensions": {"plan": "pro", "tier": 2, "region": "eu"},
        },
        {"end_user": "alice", "feature": "chat", "dimensions": {"plan": "pro", "tier": 1}},
        {},
    ]


def test_none_says_nobody(bear: BearLumen, sent: MemoryTransport) -> None:
    """A job for nobody within a request of somebody's is nobody's, not theirs."""
    with bear.scope(end_user="alice", dimensions={"plan": "pro"}):
        with bear.scope(end_user=None, dimensions=None):
            bear.track(CHAT)
        bear.track(CHAT, user_id=None)
        bear.track(CHAT, user_id=None, latency_ms=5)
    assert [each.get("end_user") for each in labels(sent, bear)] == [None, None, None]


def test_a_session_of_its_own_has_its_own_type(bear: BearLumen, sent: MemoryTransport) -> None:
    """An inner session is not taken for the type of the outer one."""
    with bear.scope(session="s1", session_type="chat"):
        with bear.scope(session="s2"):
            bear.track(CHAT)
        bear.track(CHAT, session_id="s3")
        bear.track(CHAT)
    assert labels(sent, bear) == [
        {"session_id": "s2"},
        {"session_id": "s3"},
        {"session_id": "s1", "session_type": "chat"},
    ]


def test_a_function_is_asked_when_something_is_tracked(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """Looking up who it is costs nothing where nothing is tracked, and is never stale."""
    asked: list[str] = []
    users = iter(["nobody yet", "alice"])

    def who() -> str:
        asked.append("once")
        return next(users)

    with bear.scope(end_user=who):
        bear.track(CHAT, user_id="explicit")
        assert not asked
        bear.track(CHAT)
        bear.track(CHAT)
    assert [each["end_user"] for each in labels(sent, bear)] == ["explicit", "nobody yet", "alice"]


class Plan(enum.StrEnum):
    """A host's own."""

    PRO = "pro"


@pytest.mark.parametrize(
    ("given_value", "recorded"),
    [
        (7, "7"),
        (uuid.UUID(int=1), str(uuid.UUID(int=1))),
        (Plan.PRO, "pro"),
        ("", None),
        ("x" * 512, "x" * 512),
        ("x" * 513, None),
        (True, None),
        (object(), None),
        (b"alice", None),
        ("a\0b", None),
        ("\ud800", None),
        ("zoë", "zoë"),
        (lambda: 1 / 0, None),
        (object, None),
    ],
)
def test_what_cannot_be_a_label_is_left_out(
    bear: BearLumen, sent: MemoryTransport, given_value: Any, recorded: str | None
) -> None:
    """A value is never cut, which could make it somebody else's, and the event is kept."""
    with bear.scope(end_user="outer"), bear.scope(end_user=given_value, feature="f"):
        bear.track(CHAT)
    assert [each.get("end_user") for each in labels(sent, bear)] == [recorded]


def test_misuse_says_what_a_scope_has(bear: BearLumen) -> None:
    """The names are those of a scope, and the message tells them."""
    with pytest.raises(TypeError, match="it is called 'end_user' there"):
        bear.scope(user_id="alice")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="end_user, feature, agent"):
        bear.scope(team="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_hundred_tasks_never_cross(bear: BearLumen, sent: MemoryTransport) -> None:
    """A task sees the scope it was made in, and its own, and nobody else's."""

    async def call(number: int) -> None:
        async with bear.scope(end_user=f"user {number}"):
            await asyncio.sleep(0)
            await asyncio.gather(*[asyncio.to_thread(bear.track, CHAT, agent=f"{number}")] * 1)
            with bear.scope(feature=f"feature {number}"):
                await asyncio.sleep(0)
                bear.track(CHAT, agent=f"{number}")

    async def main() -> None:
        await asyncio.gather(*(call(number) for number in range(100)))

    asyncio.run(main())
    found = labels(sent, bear)
    assert len(found) == 200
    assert all(each["end_user"] == f"user {each['agent']}" for each in found)
    assert all(each.get("feature") in {None, f"feature {each['agent']}"} for each in found)


def test_threads_are_bound_or_see_nothing(bear: BearLumen, sent: MemoryTransport) -> None:
    """A thread has no scope of another's, unless it is carried over."""
    with bear.scope(end_user=lambda: "alice"):
        plain = threading.Thread(target=bear.track, args=(CHAT,))
        bound = threading.Thread(target=bear.bind(bear.track), args=(CHAT,))
        with ContextThreadPoolExecutor(1) as pool:
            pool.submit(bear.track, CHAT).result()
            pool.submit(lambda: bear.scope(end_user="leak").__enter__()).result()
        with ThreadPoolExecutor(1) as other:
            other.submit(bear.track, CHAT).result()
    for thread in (plain, bound):
        thread.start()
        thread.join()
    assert [each.get("end_user") for each in labels(sent, bear)] == ["alice", None, None, "alice"]


def test_a_bound_function_runs_in_many_threads_at_once(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """It enters the scope anew for each call."""
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait(5)
        bear.track(CHAT)

    with bear.scope(end_user="alice"):
        bound = bear.bind(work)
    threads = [threading.Thread(target=bound) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["end_user"] for each in labels(sent, bear)] == ["alice"] * 8


def test_a_scope_left_out_of_order_does_not_come_back(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A generator of the host's that opens a scope and is closed late leaves nothing behind."""

    def generator() -> Generator[None, None, None]:
        with bear.scope(end_user="alice"):
            yield

    held = generator()
    next(held)
    with bear.scope(feature="search"):
        held.close()
        bear.track(CHAT)
    bear.track(CHAT)
    assert labels(sent, bear) == [{"end_user": "alice", "feature": "search"}, {}]


def test_one_scope_may_be_entered_by_several(bear: BearLumen, sent: MemoryTransport) -> None:
    """The same scope, kept and used again, nested and in threads."""
    shared = bear.scope(feature="batch")

    def work() -> None:
        with shared:
            bear.track(CHAT)
        bear.track(CHAT)

    with shared, shared:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    bear.track(CHAT)
    found = [each.get("feature") for each in labels(sent, bear)]
    assert (found.count("batch"), found.count(None)) == (4, 5)


def test_a_stream_keeps_the_scope_it_was_tracked_in(bear: BearLumen, sent: MemoryTransport) -> None:
    """However late it is read, and under whosever scope."""
    chunks = [
        {"object": "chat.completion.chunk", "id": "c", "model": "gpt-4o", "choices": []},
        {
            "object": "chat.completion.chunk",
            "id": "c",
            "model": "gpt-4o",
            "choices": [],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        },
    ]
    with bear.scope(end_user="alice"):
        stream = bear.track(iter(chunks))
    with bear.scope(end_user="bob", feature="other"):
        assert list(stream) == chunks
    assert labels(sent, bear) == [{"end_user": "alice"}]


def test_a_signed_header_opens_the_scope_elsewhere(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Whatever the server calls the header, and for as long as it is fresh."""
    with bear.scope(end_user=lambda: "zoë", session="s", dimensions={"plan": "pro", "n": 2}):
        headers = bear.scope_headers()
    (value,) = headers.values()
    for spelled in ("bearlumen-scope", "Bearlumen-Scope", "HTTP_BEARLUMEN_SCOPE"):
        with bear.scope_from_headers({spelled: value}):
            bear.track(CHAT)
    with bear.scope_from_headers({b"bearlumen-scope": value.encode()}):
        bear.track(CHAT)
    expected = {"end_user": "zoë", "session_id": "s", "dimensions": {"plan": "pro", "n": 2}}
    assert labels(sent, bear) == [expected] * 4
    assert bear.scope_headers() == {}
    assert not problems


@given(header=st.one_of(st.text(), st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))))
def test_no_header_that_was_not_signed_names_an_end_user(header: str) -> None:
    """Whatever a client sends, the scope stays what it was, and nothing raises."""
    sent = MemoryTransport()
    with BearLumen(api_key="k", transport=sent) as bear, bear.scope(end_user="alice"):
        with bear.scope(end_user="mallory"):
            good = bear.scope_headers()["bearlumen-scope"]
        tampered = good[:4] + ("A" if good[4] != "A" else "B") + good[5:]
        for value in (header, good + header if header else "", tampered):
            with bear.scope_from_headers({"bearlumen-scope": value}):
                bear.track(CHAT)
        assert {each["end_user"] for each in labels(sent, bear)} == {"alice"}


def test_another_secret_and_an_old_header_are_left_aside(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """What may be a replay is not believed; the reason is reported."""
    with bear.scope(end_user="alice"):
        headers = bear.scope_headers()
    with BearLumen(api_key="other", transport=sent, on_error=problems.append) as other:
        with other.scope_from_headers(headers):
            assert isinstance(other.track(CHAT), TrackResult)
        with bear.scope_from_headers(headers, max_age=-1):
            bear.track(CHAT)
        assert other.flush()
    assert labels(sent, bear) == [{}, {}]
    assert ["not signed" in str(problems[0]), "seconds old" in str(problems[1])] == [True, True]
    shared: Any = {"scope_secret": "between us", "transport": sent}
    with BearLumen(api_key="a", **shared) as one, BearLumen(api_key="b", **shared) as two:
        with one.scope(end_user="alice"):
            headers = one.scope_headers()
        with two.scope_from_headers(headers):
            two.track(CHAT)
        assert labels(sent, two)[-1] == {"end_user": "alice"}


def test_an_empty_secret_is_refused() -> None:
    """Anybody could sign with it."""
    with pytest.raises(InvalidRequestError, match="scope_secret is empty"):
        BearLumen(api_key="k", scope_secret="")
    with pytest.raises(AuthenticationError):
        BearLumen(api_key="")


def test_a_scope_too_long_for_a_header_goes_without_its_dimensions(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """A server that refuses a long header would break the host's own request."""
    many = {f"key {number}": "x" * 400 for number in range(30)}
    with bear.scope(end_user="alice", dimensions=many):
        (value,) = bear.scope_headers().values()
    assert len(value) < 1_000
    assert "without its dimensions" in str(problems[0])


def test_who_is_asked_may_track_and_is_not_asked_again(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """Its own call is nobody's."""
    asked: list[int] = []

    def who() -> str:
        asked.append(1)
        bear.track(CHAT)
        return "alice"

    with bear.scope(end_user=who, feature="search"):
        bear.track(CHAT)
    assert labels(sent, bear) == [{"feature": "search"}, {"end_user": "alice", "feature": "search"}]
    assert len(asked) == 1


def test_one_scope_in_several_contexts_is_left_in_each(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """However its entries and exits are mixed."""
    scope, inner = bear.scope(end_user="alice"), bear.scope(feature="search")
    one, other = contextvars.copy_context(), contextvars.copy_context()
    one.run(scope.__enter__)
    other.run(scope.__enter__)
    one.run(inner.__enter__)
    one.run(scope.__exit__, None, None, None)
    other.run(scope.__exit__, None, None, None)
    other.run(bear.track, CHAT)
    one.run(inner.__exit__, None, None, None)
    one.run(bear.track, CHAT)
    assert labels(sent, bear) == [{}, {}]


def test_threads_share_a_scope(bear: BearLumen, sent: MemoryTransport) -> None:
    """Entering and leaving it at once, none is left in it."""
    scope = bear.scope(end_user="alice")

    def work() -> None:
        for _ in range(300):
            with scope:
                pass
        bear.track(CHAT)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert labels(sent, bear) == [{}] * 8


@pytest.mark.parametrize("headers", [None, [(b"bearlumen-scope", b"x")], {"bearlumen-scope": "v1"}])
def test_headers_of_any_kind_raise_nothing(
    headers: Any, bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """They are reported."""
    with bear.scope_from_headers(headers):
        bear.track(CHAT)
    assert labels(sent, bear) == [{}]
    assert len(problems) == 1


def test_a_scope_that_no_header_can_take_is_not_sent(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """A header that is too long would cost the host its request."""
    with bear.scope(end_user="\U0001f43b" * 512):
        assert len(bear.scope_headers()["bearlumen-scope"]) < 6_000
    long = dict.fromkeys(("end_user", "feature", "agent"), "\U0001f43b" * 512)
    with bear.scope(**long):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert bear.scope_headers() == {}
    assert "it was not sent" in str(problems[0])


class _Odd:
    """What an ORM's column or an array does: it has no truth value, whatever it is compared to."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("no truth value")

    def __str__(self) -> str:
        raise RuntimeError("nor a text")

    __hash__ = object.__hash__


class _OddText(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise TypeError("no truth value")

    def __str__(self) -> str:
        raise RuntimeError("nor a text")

    __hash__ = str.__hash__


ODD: list[Any] = [
    _Odd(), 10**5000, b"x", bytearray(b"x"), memoryview(b"x"), True, 0.5, ("x",), ["x"], object,
    "\udc80", "a\0", "x" * 513,
]  # fmt: skip


@pytest.mark.parametrize(
    "value", ODD, ids=[f"{type(odd).__name__}-{i}" for i, odd in enumerate(ODD)]
)
@pytest.mark.parametrize("by", ["value", "function"])
def test_no_value_raises_into_the_program(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception], by: str, value: Any
) -> None:
    """Whatever is given as a label, it is left out, and is not that of an outer scope either."""
    given = value if by == "value" else lambda: value
    with bear.scope(end_user="outer"), bear.scope(end_user=given, dimensions={"number": value}):
        bear.track(CHAT)
    assert [each.get("end_user") for each in labels(sent, bear)] == [None]
    assert problems


def test_a_text_of_a_class_of_its_own_is_the_text(bear: BearLumen, sent: MemoryTransport) -> None:
    """Whatever that class says of itself."""
    with bear.scope(end_user=_OddText("alice")):
        bear.track(CHAT)
    assert [each.get("end_user") for each in labels(sent, bear)] == ["alice"]
