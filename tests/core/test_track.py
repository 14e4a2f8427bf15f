"""What `track` records of a call, and what it does with things that are not responses."""

import enum
import logging
import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from bearlumen import (
    AsyncBearLumen,
    AuthenticationError,
    BearLumen,
    InvalidRequestError,
    MemoryTransport,
    Provider,
)
from bearlumen._guard import Guard

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"message": {"role": "assistant", "content": "a secret answer"}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5},
}


class Team(enum.Enum):
    """A host's own enumeration."""

    CHAT = "chat"


class Tier(str, enum.Enum):  # noqa: UP042  # the older spelling is the one with the trap
    """A string that is an enumeration's member."""

    GOLD = "gold"


class Stubborn:
    """As an array of numbers is: asking whether it is true raises."""

    def __bool__(self) -> bool:
        raise ValueError("the truth value of an array is ambiguous")


def test_every_option_is_on_the_event(bear: BearLumen, sent: MemoryTransport) -> None:
    """The event says who, what, how much and when."""
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    bear.track(
        CHAT,
        model="my-deployment",
        provider="azure",
        feature="summarise",
        user_id="customer_7",
        session_id="s1",
        session_type="chat",
        agent="writer",
        workflow="onboarding",
        dimensions={"team": "search", "seats": 4, "beta": True, "tier": Tier.GOLD},
        units={"pages": Decimal("2.5"), "images": 3},
        cost=Decimal("0.0000123400"),
        latency_ms=12,
        metadata={"request": {"id": 7}},
        timestamp=moment,
        event_id=uuid.UUID("018f0000-0000-7000-8000-000000000001"),
    )
    bear.flush()
    (event,) = sent.events
    sdk = event["metadata"].pop("sdk")
    assert sdk["name"] == "bearlumen-python"
    assert event == {
        "sdk_event_id": "018f0000-0000-7000-8000-000000000001",
        "model": "my-deployment",
        "input_tokens": 10,
        "output_tokens": 5,
        "event_invoked_at": "2026-03-01T10:00:00+00:00",
        "user_id": "customer_7",
        "metadata": {
            "provider": "azure",
            "feature": "summarise",
            "session_id": "s1",
            "session_type": "chat",
            "agent": "writer",
            "workflow": "onboarding",
            "dimensions": {"team": "search", "seats": 4, "beta": True, "tier": "gold"},
            "units": {"pages": 2.5, "images": 3},
            "cost": "0.0000123400",
            "latency_ms": 12.0,
            "request": {"id": 7},
            "response_id": "chatcmpl-1",
        },
    }


def test_no_text_of_the_answer_is_sent(bear: BearLumen, sent: MemoryTransport) -> None:
    """Counts and labels leave the process, and nothing else does."""
    bear.track(CHAT)
    bear.flush()
    assert "secret" not in str(sent.events)


def test_manual_units_are_recorded(bear: BearLumen, sent: MemoryTransport) -> None:
    """A service without tokens is tracked by its units."""
    result = bear.track(
        None,
        model="eleven_multilingual_v2",
        provider=Provider.ELEVENLABS,
        feature="narration",
        units={"characters": 1500},
    )
    bear.flush()
    (event,) = sent.events
    assert event["sdk_event_id"] == result.event_id
    assert event["metadata"]["provider"] == "elevenlabs"
    assert event["metadata"]["units"] == {"characters": 1500}
    assert "input_tokens" not in event


def test_manual_tracking_needs_a_model(bear: BearLumen) -> None:
    """A call that nobody can name is misuse, and says what is missing."""
    with pytest.raises(InvalidRequestError, match="needs model="):
        bear.track(None, units={"characters": 1})


def test_unknown_option_is_misuse(bear: BearLumen) -> None:
    """A misspelt option is not swallowed."""
    with pytest.raises(TypeError, match="'user'"):
        bear.track(CHAT, user="customer_7")  # type: ignore[call-arg]


def test_naive_timestamp_is_misuse(bear: BearLumen) -> None:
    """A time without a zone could be any of 26 hours."""
    with pytest.raises(InvalidRequestError, match="time zone"):
        bear.track(CHAT, timestamp=datetime(2026, 3, 1))  # noqa: DTZ001


def test_coroutine_is_misuse(bear: BearLumen) -> None:
    """Forgetting the await of an async client is said at once."""

    async def call() -> dict[str, Any]:
        return CHAT

    with pytest.raises(InvalidRequestError, match="await"):
        bear.track(call())


@pytest.mark.parametrize(
    "response",
    [
        object(),
        42,
        "text",
        b"bytes",
        [],
        {},
        {"usage": {}},
        [CHAT],
        {"object": "chat.completion.x"},
    ],
    ids=repr,
)
def test_unrecognised_response_never_raises(
    response: object, bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """It is reported, and nothing is recorded of what could not be read."""
    result = bear.track(response)
    bear.flush()
    assert not result.detected
    assert result.event_id is None
    assert sent.events == []
    assert type(response).__qualname__ in str(problems[0])


def test_unrecognised_response_is_logged_once_a_type(
    bear: BearLumen, problems: list[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """A busy program's log is not filled with the same line."""
    with caplog.at_level(logging.WARNING, logger="bearlumen"):
        for response in (object(), object(), 42):
            bear.track(response)
    assert len(caplog.records) == 2
    assert len(problems) == 3


def test_unrecognised_response_with_a_model_is_a_visible_hole(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A call that is known to have happened is recorded without counts, not lost."""
    result = bear.track(object(), model="in-house-7b", provider="in-house")
    bear.flush()
    (event,) = sent.events
    assert not result.detected
    assert result.event_id == event["sdk_event_id"]
    assert "input_tokens" not in event


def test_response_that_breaks_on_reading_never_raises(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """An object whose attributes raise is the host's, and stays its own trouble."""

    class Broken(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            raise RuntimeError("lazy loading failed")

    assert not bear.track(Broken()).detected
    assert isinstance(problems[0], RuntimeError)


def test_raising_on_error_does_not_reach_the_caller(sent: MemoryTransport) -> None:
    """A callback's own bug stays out of the host's call."""

    def raising(error: Exception) -> None:
        raise ValueError("in the callback")

    with BearLumen(api_key="sk_test_1", transport=sent, on_error=raising) as bear:
        assert not bear.track(object()).detected


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("dimensions", {"team": ["a"]}),
        ("dimensions", {"share": float("nan")}),
        ("dimensions", "not a mapping"),
        ("units", {"images": -1}),
        ("units", {"images": "three"}),
        ("units", {"images": True}),
        ("cost", "a lot"),
        ("cost", Decimal(-1)),
        ("cost", float("inf")),
        ("dimensions", Stubborn()),
        ("units", Stubborn()),
        ("metadata", Stubborn()),
        ("event_id", "\ud800"),
        ("event_id", ""),
        ("timestamp", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))),
        ("metadata", {"usage": {"input": 1}}),
        ("metadata", {"set": float("nan")}),
    ],
)
def test_bad_value_is_left_out_and_the_event_kept(
    option: str,
    value: object,
    bear: BearLumen,
    sent: MemoryTransport,
    problems: list[Exception],
) -> None:
    """Data that goes wrong one day in production costs a label, not an event."""
    options: Any = {option: value}
    bear.track(CHAT, **options)
    bear.flush()
    (event,) = sent.events
    assert event["input_tokens"] == 10
    assert option not in event["metadata"] or event["metadata"][option] == {}
    assert len(problems) == 1


def test_own_event_id_is_stable(bear: BearLumen, sent: MemoryTransport) -> None:
    """The same id of the caller's is the same event id, so it is stored once."""
    first = bear.track(CHAT, event_id="invoice-7")
    second = bear.track(CHAT, event_id="invoice-7")
    assert first.event_id == second.event_id
    assert uuid.UUID(first.event_id)


def test_event_ids_sort_by_time(bear: BearLumen) -> None:
    """Version 7: the server's check for duplicates stays cheap."""
    ids = [uuid.UUID(bear.track(CHAT).event_id) for _ in range(50)]
    assert {one.version for one in ids} == {7}
    assert len(set(ids)) == 50
    moments = [one.int >> 80 for one in ids]
    assert moments == sorted(moments)
    assert abs(moments[0] / 1000 - datetime.now(UTC).timestamp()) < 60


def test_response_without_a_model_is_recorded_and_reported(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Bedrock does not say which model answered: the caller is told to."""
    bear.track({"output": {"message": {}}, "usage": {"inputTokens": 5, "outputTokens": 2}})
    bear.flush()
    (event,) = sent.events
    assert (event["model"], event["input_tokens"]) == ("unknown", 5)
    assert "pass model=" in str(problems[0])


def test_empty_key_fails_at_once() -> None:
    """The first line of a program says that its key is missing."""
    for key in ("", "  ", None):
        for client in (BearLumen, AsyncBearLumen):
            with pytest.raises(AuthenticationError) as caught:
                client(api_key=key)  # type: ignore[arg-type]
            assert caught.value.code == "authentication_error"


def test_reporting_within_a_report_does_not_hang(problems: list[Exception]) -> None:
    """A signal handler or the garbage collector may track in the middle of a report."""
    guard = Guard(None)

    class Reentrant(Counter[str]):
        def __missing__(self, key: str) -> int:
            if not problems:
                problems.append(ValueError())
                guard.report(ValueError(), problem="inner")
            return 0

    guard._counts = Reentrant()
    worker = threading.Thread(
        target=guard.report, args=(ValueError(),), kwargs={"problem": "outer"}, daemon=True
    )
    worker.start()
    worker.join(5)
    assert guard.counts() == {"inner": 1, "outer": 1}


def test_key_is_in_no_repr() -> None:
    """A client in a log line gives nothing away."""
    bear = BearLumen(api_key="sk_live_secret", transport=MemoryTransport())
    assert "secret" not in repr(bear) + repr(vars(bear))
