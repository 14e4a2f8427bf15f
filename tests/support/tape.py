"""A recording played below a provider's client, in pieces, and how much of it was taken."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio.lowlevel

from . import wire
from .recordings import Recording

PIECE_BYTES = 48
"""Smaller than any event, so that a client which reads ahead of its caller is seen to."""


class Tape:
    """Answers every request with the same recording, and watches how it is read."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.content = wire.body(recording)
        self.headers = {
            "content-type": wire.content_type(recording),
            "request-id": f"req_{recording.path.stem}",
            "x-request-id": f"req_{recording.path.stem}",
            "x-amzn-requestid": f"req_{recording.path.stem}",
            **recording.headers,
        }
        self.played = 0
        """Bytes handed to the client so far, over all requests."""
        self.closed = 0
        """How many answers the client has closed."""

    @property
    def finished(self) -> bool:
        """Whether the whole answer was read at least once."""
        return self.played >= len(self.content)

    def pieces(self) -> Iterator[bytes]:
        """The answer, a few bytes at a time."""
        for start in range(0, len(self.content), PIECE_BYTES):
            piece = self.content[start : start + PIECE_BYTES]
            self.played += len(piece)
            yield piece

    def transport(self, httpx: Any) -> Any:
        """What an HTTP client is made with so that it plays the tape, sync and async.

        Args:
            httpx: The module of the SDK's HTTP client: `httpx`, or its fork `httpx2`, neither of
                which takes the other's objects.
        """
        tape = self

        class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                return tape.pieces()

            async def __aiter__(self) -> AsyncIterator[bytes]:
                for piece in tape.pieces():
                    await anyio.lowlevel.checkpoint()
                    yield piece

            def close(self) -> None:
                tape.closed += 1

            async def aclose(self) -> None:
                tape.closed += 1

        return httpx.MockTransport(
            lambda _: httpx.Response(200, headers=self.headers, stream=Body())
        )

    def httpx_clients(self, httpx: Any) -> tuple[Any, Any]:
        """The HTTP client that plays the tape, and its async twin."""
        transport = self.transport(httpx)
        return httpx.Client(transport=transport), httpx.AsyncClient(transport=transport)


class RawBody:
    """What botocore reads an answer from: the methods of urllib3's response that it calls."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._pieces = tape.pieces()
        self._left = b""

    def stream(self) -> Iterator[bytes]:
        """The answer, a few bytes at a time."""
        return self._pieces

    def read(self, amt: int | None = None) -> bytes:
        """At most `amt` bytes of the answer, or all that are left."""
        while amt is None or len(self._left) < amt:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._left += piece
        size = len(self._left) if amt is None else amt
        read, self._left = self._left[:size], self._left[size:]
        return read

    def close(self) -> None:
        """Count that the client let go of the answer."""
        self._tape.closed += 1


class AsyncRawBody:
    """What aiobotocore reads an answer from: aiohttp's response, as far as it is called."""

    raw_headers: tuple[tuple[bytes, bytes], ...]

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._body = RawBody(tape)
        self.content = self
        self.status = 200
        self.raw_headers = tuple((k.encode(), v.encode()) for k, v in tape.headers.items())

    async def read(self, amt: int = -1) -> bytes:
        """At most `amt` bytes of the answer, or all that are left."""
        await anyio.lowlevel.checkpoint()
        return self._body.read(None if amt < 0 else amt)

    async def iter_chunks(self) -> AsyncIterator[tuple[bytes, bool]]:
        """The answer, a few bytes at a time, each said to end a chunk."""
        for piece in self._body.stream():
            await anyio.lowlevel.checkpoint()
            yield piece, True

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The answer in pieces of a size."""
        while piece := await self.read(size):
            yield piece

    def at_eof(self) -> bool:
        """Whether all was read."""
        return self._tape.finished

    def close(self) -> None:
        """Count that the client let go of the answer."""
        self._tape.closed += 1
