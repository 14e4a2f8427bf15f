"""What goes wrong around a tracked call stays out of the host, and out of the figures."""

import gc
import logging
import weakref
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from openai._models import construct_type
from openai.types.chat import ParsedChatCompletion

from bearlumen import BearLumen, InvalidRequestError, MemoryTransport

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def chat(**fields: Any) -> dict[str, Any]:
    """A chat completion as JSON."""
    return {"object": "chat.completion", "model": "m", "usage": USAGE, **fields}


def gemini(number: int) -> dict[str, Any]:
    """A whole Gemini response as JSON."""
    return {
        "responseId": f"r{number}",
        "modelVersion": "gemini-2.5-flash",
        "candidates": [],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 10},
    }


def test_class_made_on_the_way_is_let_go(bear: BearLumen, sent: MemoryTransport) -> None:
    """A program that makes a response class for each call does not grow by it."""
    content = pydantic.create_model("Content", answer=(int, ...))
    kind: Any = ParsedChatCompletion[content]  # pyright: ignore[reportInvalidTypeArguments]
    made = type("Made", (kind,), {})
    response: Any = construct_type(type_=made, value=chat(id="chatcmpl-1", choices=[]))
    assert bear.track(response).input_tokens == 10
    alive = weakref.ref(made)
    bear.flush()
    del made, response
    gc.collect()
    assert len(sent.events) == 1
    assert alive() is None


def test_log_handler_that_raises_is_survived(bear: BearLumen) -> None:
    """The host's own logging set-up cannot turn our report into its failure."""

    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise RuntimeError(record.name)

    logger, broken = logging.getLogger("bearlumen"), Broken()
    logger.addFilter(broken)
    try:
        assert not bear.track(object()).detected
    finally:
        logger.removeFilter(broken)


def test_reading_on_after_a_timeout_is_recorded_whole(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """An error before the first item is not the end of an iterator that can go on."""
    items = iter([TimeoutError(), {"created_at": "t", "model": "m", "done": True, "eval_count": 3}])

    class Slow:
        def __iter__(self) -> "Slow":
            return self

        def __next__(self) -> Any:
            item = next(items)
            if isinstance(item, Exception):
                raise item
            return item

    stream = bear.track(Slow())
    with pytest.raises(TimeoutError):
        next(stream)
    assert len(list(stream)) == 1
    bear.flush()
    assert [event["output_tokens"] for event in sent.events] == [3]


def test_reading_on_changes_no_recorded_event(bear: BearLumen, sent: MemoryTransport) -> None:
    """What was settled at shutdown stays as it was, whoever reads on."""

    def running() -> Iterator[dict[str, Any]]:
        for total in (100, 200):
            yield {**gemini(1), "usageMetadata": {"promptTokenCount": total}}

    stream = bear.track(running())
    next(stream)
    bear.shutdown()
    next(stream)
    assert stream.result.input_tokens == 100
    assert [event["input_tokens"] for event in sent.events] == [100]


def test_iterator_of_several_responses_is_refused(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Three calls must not become one event with the counts of the last."""
    for _ in bear.track(gemini(number) for number in range(3)):
        pass
    bear.flush()
    assert sent.events == []
    assert "track each by itself" in str(problems[0])


def test_stated_provider_chooses_how_the_shape_is_read(bear: BearLumen) -> None:
    """Reasoning beside the output counts where only the caller says that it is xAI's."""
    details = {"completion_tokens_details": {"reasoning_tokens": 100}}
    result = bear.track(chat(usage={**USAGE, **details}), provider="xai")
    assert (result.provider, result.output_tokens, result.reasoning_tokens) == ("xai", 105, 100)


def test_unit_that_is_no_number_costs_nothing_else(bear: BearLumen, sent: MemoryTransport) -> None:
    """An infinite duration is left out; the event and its batch are sent."""
    bear.track({"text": "", "usage": {"type": "duration", "seconds": float("inf")}}, model="w")
    bear.track(chat())
    bear.flush()
    assert len(sent.events) == 2


@pytest.mark.anyio
async def test_call_that_was_not_awaited_is_misuse(bear: BearLumen) -> None:
    """A future is no response, and its result would be lost."""
    import asyncio

    future = asyncio.get_running_loop().create_future()
    with pytest.raises(InvalidRequestError, match="await"):
        bear.track(future)
