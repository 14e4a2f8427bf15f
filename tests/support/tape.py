"""A recording played below a provider's client, in pieces, and how much of it was taken."""

from collections.abc import AsyncIterator, Iterator

import anyio.lowlevel
import httpx
import httpx2

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

    def httpx2_transport(self) -> httpx2.MockTransport:
        """Below openai, anthropic, mistralai and google-genai, sync and async."""
        return httpx2.MockTransport(
            lambda _: httpx2.Response(200, headers=self.headers, stream=_Httpx2Body(self))
        )

    def httpx_transport(self) -> httpx.MockTransport:
        """Below ollama, sync and async."""
        return httpx.MockTransport(
            lambda _: httpx.Response(200, headers=self.headers, stream=_HttpxBody(self))
        )


class RawBody:
    """What botocore reads an answer from: the two methods of urllib3's response it calls."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def stream(self) -> Iterator[bytes]:
        """The answer, a few bytes at a time."""
        return self._tape.pieces()

    def close(self) -> None:
        """Count that the client let go of the answer."""
        self._tape.closed += 1


class _Httpx2Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __iter__(self) -> Iterator[bytes]:
        return self._tape.pieces()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._tape.pieces():
            await anyio.lowlevel.checkpoint()
            yield piece

    def close(self) -> None:
        self._tape.closed += 1

    async def aclose(self) -> None:
        self._tape.closed += 1


class _HttpxBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    # The same again for the other namespace: neither client takes the other's streams.
    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __iter__(self) -> Iterator[bytes]:
        return self._tape.pieces()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._tape.pieces():
            await anyio.lowlevel.checkpoint()
            yield piece

    def close(self) -> None:
        self._tape.closed += 1

    async def aclose(self) -> None:
        self._tape.closed += 1
