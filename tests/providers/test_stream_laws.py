"""What holds of every stream: what is known is recorded wherever it ends, and all is passed on."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers.exchanges import Exchange, each, streams
from providers.expectations import counts_on_the_wire
from providers.forms import read, shown, stream_in
from providers.meter import Event, Meter, thorough, where_installed

pytestmark = pytest.mark.filterwarnings("ignore")
any_stream = st.sampled_from(streams())
_A_COUNT_OF_ZERO = re.compile(r"(tokens?|count)\w*['\"]?\s*[:=]\s*0\b", re.IGNORECASE)


class Broken(BaseException):
    """Not an `Exception`, as a cancellation is not."""


errors = st.sampled_from([ValueError("x"), RuntimeError("y"), OSError(5, "z"), Broken()])


@each(streams())
def test_cut_stream_is_recorded_as_it_is_known(exchange: Exchange) -> None:
    """Wherever a caller stops reading, what was reported by then is recorded, and marked."""
    with Meter() as meter:
        for _ in meter.bear.track(iter(exchange.chunks())):
            pass
        full = meter.events()
        for length in range(len(exchange.chunks()) + 1):
            chunks = exchange.chunks()
            meter.problems.clear()
            tracked = meter.bear.track(iter(chunks))
            for _ in range(length):
                next(tracked)
            tracked.close()
            _check_cut(meter, full, chunks[:length])


@thorough
@given(exchange=any_stream, data=st.data())
def test_cut_stream_of_an_sdk_is_recorded_as_it_is_known(
    exchange: Exchange, data: st.DataObject
) -> None:
    """The same through the SDK, whose stream is closed as callers close it."""
    form = exchange.forms[0]
    with Meter() as meter, where_installed():
        untouched = read(exchange.row, form, exchange.client)
        read(exchange.row, form, exchange.client, track=meter.bear.track)
        full = meter.events()
        length = data.draw(st.integers(0, len(untouched.items)))
        tracked = stream_in(meter.bear.track(exchange.client.rebuild(exchange.row, "default")))
        seen = [shown(next(tracked)) for _ in range(length)]
        tracked.close()
        assert seen == untouched.items[:length]
        _check_cut(meter, full, seen)


def _check_cut(meter: Meter, full: list[Event], seen: list[Any]) -> None:
    events = meter.events()
    if not seen:
        assert events == []
        return
    wanted = counts_on_the_wire(full[0]) if full else {}
    for event in events[:1]:
        counts = counts_on_the_wire(event)
        assert "incomplete" in event["metadata"] or counts == wanted
        zeros = {name for name, count in counts.items() if count == 0 and wanted.get(name) != 0}
        assert not zeros or _A_COUNT_OF_ZERO.search(repr(seen)), (zeros, "nobody reported them")
    # A few chunks of plain JSON could be anybody's; then the caller is told so.
    assert events or meter.problems or not full, "a stream that was begun is a call that was made"


@thorough
@given(exchange=any_stream, data=st.data(), error=errors)
def test_stream_that_raises_passes_it_on(
    exchange: Exchange, data: st.DataObject, error: BaseException
) -> None:
    """The caller gets the very items, in order, and then the very exception."""
    items = exchange.chunks()
    length = data.draw(st.integers(0, len(items)))

    def breaking() -> Iterator[Any]:
        yield from items[:length]
        raise error

    seen: list[Any] = []
    with Meter() as meter:
        tracked = meter.bear.track(breaking())
        with pytest.raises(type(error)) as caught:
            deque(map(seen.append, tracked), maxlen=0)
        tracked.close()
        meter.events()
    assert caught.value is error
    assert [id(item) for item in seen] == [id(item) for item in items[:length]]


@thorough
@given(exchange=any_stream, data=st.data(), error=errors)
def test_async_stream_that_raises_passes_it_on(
    exchange: Exchange, data: st.DataObject, error: BaseException
) -> None:
    """The same of an async stream."""
    items = exchange.chunks()
    length = data.draw(st.integers(0, len(items)))

    async def breaking() -> AsyncIterator[Any]:
        for item in items[:length]:
            yield item
        raise error

    async def reading(meter: Meter) -> tuple[list[Any], BaseException | None]:
        seen: list[Any] = []
        tracked = meter.bear.track(breaking())
        try:
            async for item in tracked:
                seen.append(item)  # noqa: PERF401
        except BaseException as raised:  # noqa: BLE001  # it is what the test is about
            return seen, raised
        finally:
            await tracked.close()
        return seen, None

    with Meter() as meter:
        seen, raised = asyncio.run(reading(meter))
        meter.events()
    assert raised is error
    assert [id(item) for item in seen] == [id(item) for item in items[:length]]
