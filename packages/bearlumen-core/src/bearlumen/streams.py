"""Pass-through wrappers that read usage as a stream goes by.

The items are the provider's own, in their order and at their time: an item is read from the
provider when the caller asks for one, and not before. What the wrapper does not have, the stream
behind it has: `close`, `response`, `text_stream`, `get_final_message`.
"""

import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from ._guard import Guard
from .errors import InvalidRequestError
from .providers._stream import StreamReading

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackResult:
    """What `track` read from a response and recorded."""

    detected: bool
    """Whether a response was recognised; for one that wasn't, `on_error` was told why."""
    model: str | None
    provider: str
    event_id: str | None
    """The id of the usage event; None if none was recorded."""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Reported token counts by name. One that the provider did not report is absent."""
    incomplete: bool = False
    """The stream was not read to its end: the counts are what was known by then."""

    @property
    def input_tokens(self) -> int | None:
        """Everything the model read, cached input included; None if not reported."""
        return self.counts.get("input_tokens")

    @property
    def output_tokens(self) -> int | None:
        """Everything it generated, reasoning included; None if not reported."""
        return self.counts.get("output_tokens")

    @property
    def cache_read_tokens(self) -> int | None:
        """The part of the input that was served from cache; None if not reported."""
        return self.counts.get("cache_read_tokens")

    @property
    def cache_write_tokens(self) -> int | None:
        """The part of the input that was written to cache; None if not reported."""
        return self.counts.get("cache_write_tokens")

    @property
    def reasoning_tokens(self) -> int | None:
        """The part of the output that was reasoning; None if not reported."""
        return self.counts.get("reasoning_tokens")


Record = Callable[[StreamReading, Any], TrackResult]
"""Makes the event of a stream that is done: what was read, and the SDK's stream."""


class OpenStreams:
    """The wrapped streams of one client that are not done yet."""

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[_Tracked] = weakref.WeakSet()
        self._lock = threading.RLock()

    def add(self, stream: "_Tracked") -> None:
        """Take note of a stream."""
        with self._lock:
            self._streams.add(stream)

    def settle(self) -> None:
        """Record what is known of each: the client ends."""
        for stream in self._take():
            stream.settle()

    def disown(self) -> None:
        """Forget all, recording nothing: after a fork they are the parent's to record."""
        self._lock = threading.RLock()
        for stream in self._take():
            stream.disown()

    def _take(self) -> "list[_Tracked]":
        with self._lock:
            streams = list(self._streams)
            self._streams.clear()
        return streams


class _Tracked:
    """What the sync and the async wrapper share: watching, and settling once."""

    def __init__(
        self, stream: Any, *, reading: StreamReading, guard: Guard, record: Record
    ) -> None:
        self._stream = stream
        self._manager = stream
        self._iterator: Any = None
        self._reading = reading
        self._guard = guard
        self._record = record
        self._settled = False
        self._result: TrackResult | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_stream" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._stream!r})"

    def __del__(self) -> None:
        if "_settled" in self.__dict__:
            self.settle()

    def settle(self) -> None:
        """Record what is known, once."""
        if self._settled:
            return
        self._settled = True
        with self._guard("recording a stream"):
            self._result = self._record(self._reading, self._stream)

    def disown(self) -> None:
        """Never record it."""
        self._settled = True

    def _observe(self, item: Any) -> None:
        with self._guard("reading a stream item"):
            self._reading.observe(item)

    def _exhaust(self) -> None:
        self._reading.exhausted = True
        self.settle()

    def _ready(self) -> TrackResult:
        if self._result is None:
            raise InvalidRequestError(
                "The stream's usage is not known yet: read the stream to its end, or close it, "
                "and then take its result."
            )
        return self._result


class TrackedStream(_Tracked, Generic[T]):
    """A provider's stream whose usage becomes one event when it is done.

    It is done when it has been read to its end, closed, left by an error, or dropped. A stream
    that was not read to its end is recorded with what was known by then, marked incomplete.
    """

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            if self._iterator is None:
                self._iterator = iter(self._stream)
            item = next(self._iterator)
        except StopIteration:
            self._exhaust()
            raise
        except Exception:
            self.settle()
            raise
        self._observe(item)
        return item

    def __enter__(self) -> Self:
        # A helper such as `client.messages.stream(...)` gives its stream on entering.
        if _has(self._manager, "__enter__"):
            self._stream = self._manager.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            if _has(self._manager, "__exit__"):
                return self._manager.__exit__(kind, error, trace)
            self.close()
            return None
        finally:
            self.settle()

    def close(self) -> None:
        """Close the provider's stream and record what is known."""
        try:
            close = getattr(self._stream, "close", None)
            if close is not None:
                close()
        finally:
            self.settle()

    @property
    def result(self) -> TrackResult:
        """What the stream used, once it is done.

        Raises:
            InvalidRequestError: The stream is still being read.
        """
        return self._ready()


class AsyncTrackedStream(_Tracked, Generic[T]):
    """The same for an async stream; its `result` is awaited."""

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            if self._iterator is None:
                self._iterator = aiter(self._stream)
            item = await anext(self._iterator)
        except StopAsyncIteration:
            self._exhaust()
            raise
        except Exception:  # not a cancellation: the caller may well read on after a timeout
            self.settle()
            raise
        self._observe(item)
        return item

    async def __aenter__(self) -> Self:
        if _has(self._manager, "__aenter__"):
            self._stream = await self._manager.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            if _has(self._manager, "__aexit__"):
                return await self._manager.__aexit__(kind, error, trace)
            await self.aclose()
            return None
        finally:
            self.settle()

    async def close(self) -> None:
        """Close the provider's stream and record what is known."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the provider's stream and record what is known."""
        try:
            close = getattr(self._stream, "aclose", None) or getattr(self._stream, "close", None)
            closing: Any = close() if close is not None else None
            if closing is not None:
                await closing
        finally:
            self.settle()

    @property
    def result(self) -> Awaitable[TrackResult]:
        """What the stream used, once it is done: `await stream.result`.

        Raises:
            InvalidRequestError: On awaiting, when the stream is still being read.
        """
        return _Ready(self._ready)


class TrackedDualStream(TrackedStream[T]):
    """For a stream that is read with `for` or with `async for`; its `result` is not awaited."""

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    __anext__: Any = cast("Any", AsyncTrackedStream).__anext__
    aclose: Any = cast("Any", AsyncTrackedStream).aclose


@dataclass(frozen=True, slots=True)
class _Ready:
    """An awaitable that never waits: a wait for a stream nobody reads would never end."""

    value: Callable[[], TrackResult]

    def __await__(self) -> Generator[Any, None, TrackResult]:
        return self.value()
        yield


class TrackedResponse(dict[str, Any]):
    """boto3's answer to a streaming call: the same dict, its stream wrapped."""

    stream: TrackedStream[Any] | AsyncTrackedStream[Any]

    def __init__(
        self,
        response: dict[str, Any],
        *,
        key: str,
        stream: TrackedStream[Any] | AsyncTrackedStream[Any],
    ) -> None:
        super().__init__(response)
        self[key] = stream
        self.stream = stream

    @property
    def result(self) -> Any:
        """The wrapped stream's result: awaited where the stream is async."""
        return self.stream.result


def wrapper_for(value: object) -> type[TrackedStream[Any] | AsyncTrackedStream[Any]] | None:
    """The wrapper that is read as `value` is; None if it is not a stream."""
    if not is_async_stream(value):
        return TrackedStream if is_stream(value) else None
    return TrackedDualStream if _has(value, "__next__") else AsyncTrackedStream


def is_async_stream(value: object) -> bool:
    """Whether `value` is read with `async for`, or opens something that is."""
    kind = type(value)
    return hasattr(kind, "__aiter__") or (
        hasattr(kind, "__aenter__") and not hasattr(kind, "__enter__")
    )


def is_stream(value: object) -> bool:
    """Whether `value` is read with `for`, once, or opens something that is.

    A pydantic model can be iterated too, over its fields; so can collections, which have a length.
    """
    kind = type(value)
    if hasattr(kind, "__next__"):
        return True
    if hasattr(kind, "__len__") or hasattr(kind, "__pydantic_fields__"):
        return False
    return hasattr(kind, "__iter__") or hasattr(kind, "__enter__")


def _has(value: object, method: str) -> bool:
    return hasattr(type(value), method)
