"""The body of Bedrock's `invoke_model`, wrapped: the caller reads it, and what passes is noted.

The headers beside it have the counts; the body of some models names the model and says more.
"""

import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, cast

from ._guard import Guard
from ._result import TrackResult
from .streams import Settled

MAX_KEPT_BYTES: Final = 1 << 20
"""Of a longer body, such as an image, only the headers count."""

Record = Callable[[Any], TrackResult]
"""Records the call, given the body's JSON or None."""


class _Read:
    """Stands for something that is read: what it gives is given, byte for byte, and noted."""

    _body: Any

    def _note(self, piece: bytes, *, ended: bool) -> None:
        raise NotImplementedError

    @property
    def __class__(self) -> Any:
        # SDKs and frameworks ask `isinstance(body, StreamingBody)`; the answer stays what it was.
        body: Any = self.__dict__.get("_body", self)
        return cast("Any", type(body))

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise TypeError(f"a tracked body cannot become a {kind!r}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_body" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._body, name)

    def __repr__(self) -> str:
        return f"TrackedBody({self._body!r})"

    def read(self, *args: Any, **options: Any) -> Any:
        """Read at most as many bytes as asked for, or all that are left."""
        found = self._body.read(*args, **options)
        amount = args[0] if args else options.get("amt")
        if amount is None or amount < 0:
            return self._noted(found, lambda piece: self._note(piece, ended=True))
        return self._noted(found, lambda piece: self._note(piece, ended=not piece and amount > 0))

    def readinto(self, buffer: Any) -> Any:
        """Read into `buffer`; how many bytes."""

        def note(size: int) -> None:
            self._note(bytes(memoryview(buffer)[:size]), ended=not size and len(buffer) > 0)

        return self._noted(self._body.readinto(buffer), note)

    def readlines(self) -> Any:
        """The body as a list of lines."""
        lines = self._body.readlines()
        return self._noted(lines, lambda lines: self._note(b"".join(lines), ended=True))

    def iter_chunks(self, *args: Any, **options: Any) -> Any:
        """The body in pieces."""
        return self._pieces(self._body.iter_chunks(*args, **options))

    def iter_lines(self, *args: Any, **options: Any) -> Any:
        """The body by lines."""
        # Without the ends of its lines JSON is still the same JSON.
        return self._pieces(self._body.iter_lines(*args, **options))

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces(iter(self._body))

    def __next__(self) -> bytes:
        try:
            piece = next(self._body)
        except StopIteration:
            self._note(b"", ended=True)
            raise
        self._note(piece, ended=False)
        return piece

    next = __next__

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces(aiter(self._body))

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._body)
        except StopAsyncIteration:
            self._note(b"", ended=True)
            raise
        self._note(piece, ended=False)
        return piece

    anext = __anext__

    def _noted(self, found: Any, note: Callable[[Any], None]) -> Any:
        """What was read, noted; of an async body, when it is awaited."""
        if not inspect.isawaitable(found):
            note(found)
            return found

        async def awaited() -> Any:
            piece = await found
            note(piece)
            return piece

        return awaited()

    def _pieces(self, found: Any) -> Any:
        return (self._async_pieces if hasattr(found, "__anext__") else self._sync_pieces)(found)

    def _sync_pieces(self, found: Iterator[bytes]) -> Iterator[bytes]:
        for piece in found:
            self._note(piece, ended=False)
            yield piece
        self._note(b"", ended=True)

    async def _async_pieces(self, found: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in found:
            self._note(piece, ended=False)
            yield piece
        self._note(b"", ended=True)


class TrackedBody(_Read, Settled):
    """A `StreamingBody`, sync or async, whose call becomes one event when it is done.

    It is done when it has been read to its end, closed, or dropped.
    """

    def __init__(
        self,
        body: Any,
        *,
        guard: Guard,
        record: Record,
        preview: Callable[[], TrackResult | None],
    ) -> None:
        self._body = body
        self._record = record
        self._preview = preview
        self._kept: bytearray | None = bytearray()
        Settled.__init__(self, guard=guard)

    def __enter__(self) -> Any:
        return self._opened(self._body.__enter__())

    def __exit__(self, *error: object) -> Any:
        try:
            return self._body.__exit__(*error)
        finally:
            self.settle()

    async def __aenter__(self) -> Any:
        return self._opened(await self._body.__aenter__())

    async def __aexit__(self, *error: object) -> Any:
        try:
            return await self._body.__aexit__(*error)
        finally:
            self.settle()

    def close(self) -> Any:
        """Close the body and record what is known."""
        try:
            return self._body.close()
        finally:
            self.settle()

    async def aclose(self) -> None:
        """Close an async body and record what is known."""
        try:
            await self._body.aclose()
        finally:
            self.settle()

    @property
    def result(self) -> TrackResult | None:
        """What the call used: what the headers say, and more once the body was read."""
        return self._result or self._preview()

    def _opened(self, body: Any) -> Any:
        # botocore's `with` gives what is below the body, which has other methods.
        if body is self._body:
            return self
        return _Opened(body, note=self._note)

    def _note(self, piece: bytes, *, ended: bool) -> None:
        with self._guard("reading a body"):
            if self._kept is not None and len(self._kept) + len(piece) <= MAX_KEPT_BYTES:
                self._kept += piece
            else:
                self._kept = None
            if ended:
                self.settle()

    def _settle(self) -> TrackResult | None:
        # What is not whole is no JSON.
        kept, self._kept = self._kept, None
        content: Any = None
        try:
            content = json.loads(kept) if kept else None
        except (ValueError, RecursionError):
            content = None
        return self._record(content)


class _Opened(_Read):
    """What `with body` gives: a part of it."""

    def __init__(self, body: Any, *, note: Callable[..., None]) -> None:
        self._body = body
        self._pass_on = note

    def _note(self, piece: bytes, *, ended: bool) -> None:
        self._pass_on(piece, ended=ended)
