"""Pass-through wrappers that read usage as a stream goes by.

The items are the provider's own, in their order and at their time: an item is read from the
provider when the caller asks for one, and not before. What the wrapper does not have, the stream
behind it has: `close`, `response`, `text_stream`, `get_final_message`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar, cast

from ._guard import Guard
from ._raw import is_spent
from ._result import FIGURES, TrackResult
from .errors import BearLumenError, InvalidRequestError
from .providers._stream import StreamReading

T = TypeVar("T")


class Call(Protocol):
    """One tracked call: what is said of it stays what it was when it was tracked."""

    def record_stream(self, reading: StreamReading, stream: Any) -> TrackResult:
        """Record a stream that is done: what was read, and the SDK's stream."""
        ...

    def track(self, response: Any) -> Any:
        """Record a response that came out of another object, or wrap a stream that did."""
        ...

    def is_hidden(self, item: Any) -> bool:
        """Whether the caller did not ask for this item."""
        ...


class Settled:
    """Something that is read bit by bit and recorded once, when it is done."""

    def __init__(self, *, guard: Guard) -> None:
        self._guard = guard
        self._result: TrackResult | None = None
        self._open = [True]

    def __del__(self) -> None:
        if "_open" in self.__dict__:
            self.settle()

    def settle(self) -> None:
        """Record what is known, once."""
        try:
            # In one step: its reader, a shutdown and the garbage collector may all come at once.
            self._open.pop()
        except IndexError:
            return
        with self._guard("recording a stream"):
            self._result = self._settle()

    def disown(self) -> None:
        """Never record it."""
        self._open.clear()

    @property
    def _settled(self) -> bool:
        return not self._open

    def _settle(self) -> TrackResult | None:
        raise NotImplementedError


_READ_THROUGH: Final = {
    "parse": "_parsing",
    "send": "_sending",
    "throw": "_sending",
    "asend": "_asending",
    "athrow": "_asending",
    "generator": "_generating",
    "raw_events": "_watching",
}
"""Attributes of a provider's stream through which items can be read past the wrapper, and the
methods that keep them from it."""


class _Tracked(Settled):
    """What the sync and the async wrapper share: watching the items, and what comes out."""

    def __init__(self, stream: Any, *, reading: StreamReading, guard: Guard, call: Call) -> None:
        self._stream = stream
        self._manager = stream
        self._iterator: Any = None
        self._reading = reading
        self._call = call
        self._child: Any = None
        self._cut = False
        self._observing = guard("reading a stream item")
        super().__init__(guard=guard)

    @property
    def __class__(self) -> Any:
        # SDKs and frameworks ask `isinstance(stream, Stream)`; the answer stays what it was.
        kind: type[Any] = type(self.__dict__.get("_stream", self))  # pyright: ignore[reportUnknownVariableType]
        return kind

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise TypeError(f"a tracked stream cannot become a {kind!r}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_stream" not in self.__dict__:
            raise AttributeError(name)
        found = getattr(self._stream, name)
        wrap = _READ_THROUGH.get(name)
        return found if wrap is None else getattr(self, wrap)(found)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._stream!r})"

    def _settle(self) -> TrackResult | None:
        if is_spent(self._stream):
            self._report_spent()
        return self._call.record_stream(self._reading, self._stream)

    def _report_spent(self) -> None:
        kind = f"{type(self._stream).__module__}.{type(self._stream).__qualname__}"
        self._guard.report(
            BearLumenError(
                f"An answer was read bit by bit from {kind} (iter_lines, iter_bytes), where "
                "track() sees nothing of it, so its usage is not recorded. Use parse(), read() or "
                "json(), or track what you made of it: the response, or a list of the chunks."
            ),
            problem=f"read bit by bit: {kind}",
        )

    def _observe(self, item: Any) -> None:
        self._cut = False
        if self._settled:
            return
        with self._observing:
            self._reading.observe(item)

    def _leave(self, error: BaseException) -> None:
        """Take note of what came out of the stream instead of an item."""
        if isinstance(error, StopIteration | StopAsyncIteration):
            # A generator that was cancelled or interrupted stops too, at the next attempt to read
            # on: that is not the end of what the provider had to say.
            self._reading.exhausted = not self._cut
            self.settle()
        elif isinstance(error, Exception) and not self._may_go_on():
            self.settle()
        else:
            self._cut = True  # the caller may well read on, after a timeout for one

    def _may_go_on(self) -> bool:
        """Whether there may be more to read after an error."""
        for frame in ("gi_frame", "ag_frame"):
            if hasattr(self._iterator, frame):
                return getattr(self._iterator, frame) is not None
        return not self._reading.started

    def _end(self) -> None:
        """Record what is known: the answer is closed, so no more of it can come."""
        self.settle()
        if isinstance(self._child, Settled):
            self._child.settle()

    def _adopt(self, parsed: Any) -> Any:
        """What a raw response was parsed into: wrapped if it is a stream, else recorded."""
        if self._child is None and not self._settled and wrapper_for(parsed) is not None:
            self._child = self._call.track(parsed)
            self.disown()
            return self._child
        if isinstance(self._child, _Tracked) and self._child._manager is parsed:  # noqa: SLF001
            return self._child
        self.settle()
        return parsed

    def _ready(self) -> TrackResult:
        if isinstance(self._child, _Tracked):
            return self._child._ready()  # noqa: SLF001  # another of this class
        if self._result is None:
            raise InvalidRequestError(
                "The stream's usage is not known yet: read the stream to its end, or close it, "
                "and then take its result."
            )
        return self._result

    def _parsing(self, parse: Callable[..., Any]) -> Callable[..., Any]:
        """A raw response's `parse`: what it gives is tracked."""

        def parsed(*args: Any, **options: Any) -> Any:
            found = parse(*args, **options)
            if not hasattr(found, "__await__"):
                return self._adopt(found)

            async def awaited() -> Any:
                return self._adopt(await found)

            return awaited()

        return parsed

    def _sending(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """A generator's `send` or `throw`: what it gives is an item like any other."""

        def sent(*args: Any) -> Any:
            try:
                item = send(*args)
            except BaseException as error:
                self._leave(error)
                raise
            self._observe(item)
            return item

        return sent

    def _asending(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """The same of an async generator."""

        async def sent(*args: Any) -> Any:
            try:
                item = await send(*args)
            except BaseException as error:
                self._leave(error)
                raise
            self._observe(item)
            return item

        return sent

    def _generating(self, _generator: Any) -> Any:
        """The generator within a stream: reading it is reading the stream."""
        return self

    def _watching(self, events: Callable[..., Any]) -> Callable[..., Any]:
        """Anthropic's `raw_events`: the same stream, as events whose data is JSON."""

        def watched(*args: Any, **options: Any) -> Any:
            found = events(*args, **options)
            return self._watch_async(found) if _has(found, "__anext__") else self._watch(found)

        return watched

    def _watch(self, events: Iterator[Any]) -> Iterator[Any]:
        try:
            for event in events:
                self._observe_json(event)
                yield event
        except BaseException as error:
            self._leave(error)
            raise
        self._leave(StopIteration())

    async def _watch_async(self, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
        try:
            async for event in events:
                self._observe_json(event)
                yield event
        except BaseException as error:
            self._leave(error)
            raise
        self._leave(StopAsyncIteration())

    def _observe_json(self, event: Any) -> None:
        with self._observing:
            self._observe(event.json())


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
        except BaseException as error:
            self._leave(error)
            raise
        self._observe(item)
        return next(self) if self._call.is_hidden(item) else item

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
            self._end()

    def close(self) -> None:
        """Close the provider's stream and record what is known."""
        try:
            close = getattr(self._stream, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

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
        except BaseException as error:
            self._leave(error)
            raise
        self._observe(item)
        return await anext(self) if self._call.is_hidden(item) else item

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
            self._end()

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
            self._end()

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
    __aenter__: Any = cast("Any", AsyncTrackedStream).__aenter__
    __aexit__: Any = cast("Any", AsyncTrackedStream).__aexit__
    aclose: Any = cast("Any", AsyncTrackedStream).aclose


@dataclass(frozen=True, slots=True)
class _Ready:
    """An awaitable that never waits: a wait for a stream nobody reads would never end."""

    value: Callable[[], TrackResult]

    def __await__(self) -> Generator[Any, None, TrackResult]:
        return self.value()
        yield


class TrackedResponse(dict[str, Any]):
    """boto3's answer whose stream or body is still to be read: the same dict, that one wrapped.

    It shows the figures of its `result` as well, once they are there.
    """

    stream: Any
    """The wrapped stream or body."""

    def __init__(self, response: dict[str, Any], *, key: str, stream: Any) -> None:
        super().__init__(response)
        self[key] = stream
        self.stream = stream

    @property
    def result(self) -> Any:
        """What the call used: of an async stream, awaited.

        A body's is ready at once, where the headers have the counts, and says more once the body
        was read.
        """
        return self.stream.result

    def __getattr__(self, name: str) -> Any:
        if name not in FIGURES:
            raise AttributeError(name)
        return getattr(self.result, name)


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
