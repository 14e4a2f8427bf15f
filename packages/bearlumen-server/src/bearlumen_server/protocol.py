"""HTTP as uvicorn reads it, with an end to how much it reads of a request.

llhttp takes a head of any length and keeps it: a client that never ends one would fill the memory
without ever being seen by the application. And once a request is answered, uvicorn reads whatever
still comes of its body: a client that never ends it would be read for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .api.body import READ_SECONDS
from .api.middleware import MAX_HEAD_BYTES

MAX_UNFINISHED_BYTES: Final = 4 * MAX_HEAD_BYTES
"""Well above what the application answers as too long, so that it is the application that does."""
MAX_UNREAD_BYTES: Final = 32 * 1024 * 1024
"""Of a body whose answer was sent. Many clients send all of it before they look for an answer, and
a connection that is closed before that is an error to them, whatever was answered."""


class BoundedProtocol(HttpToolsProtocol):
    """Gives up on a request that does not end."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_in_message = False
        self._is_in_body = False
        self._is_leaving = False
        self._is_stopping = False
        self._idle_bytes = 0
        self._unread_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Read what has arrived."""
        self._idle_bytes += len(data)
        super().data_received(data)
        if not self._is_in_message or self.transport.is_closing():
            return
        if self._deadline is not None:
            self._unread_bytes += len(data)
            if self._unread_bytes > MAX_UNREAD_BYTES:
                self.transport.close()
        elif self._idle_bytes > MAX_UNFINISHED_BYTES:
            self.send_400_response("The head of the request does not end.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._is_in_message = True
        self._idle_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand the request to the application, unless the last answer was that: the last."""
        if self._is_leaving:
            return
        self._is_in_body = True
        super().on_headers_complete()
        # No answer is on its way yet: the application only starts in the loop's next turn.
        self.cycle.transport = _Leaving(self.transport, self)

    def on_body(self, body: bytes) -> None:
        """Start counting again: its reader counts the body, and not what comes between its parts.

        Those are the lines before each part of a chunked body, and the fields after the last one.
        """
        self._idle_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop counting."""
        self._is_in_message = self._is_in_body = False
        self._forget_deadline()
        super().on_message_complete()
        if self._is_leaving:
            self.transport.close()

    def on_response_complete(self) -> None:
        """Give the rest of a body that nobody wants any more an end."""
        super().on_response_complete()
        if self._is_in_body and self.cycle.response_complete:
            self._set_deadline()

    def leave(self) -> None:
        """Close, as soon as the request has been read to its end or is too long for that.

        To close at once would be a reset, which takes the answer from a client that still sends.
        """
        if not self._is_in_body or self._is_stopping or self.transport.is_closing():
            self.transport.close()
        elif not self._is_leaving:
            self._is_leaving = True
            self._set_deadline()
            self.flow.resume_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()

    def shutdown(self) -> None:
        """Wait for nobody any more: the server stops."""
        self._is_stopping = True
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._forget_deadline()
        super().connection_lost(exc)

    def _set_deadline(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._unread_bytes = 0
            self._deadline = self.loop.call_later(READ_SECONDS, self.transport.close)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Leaving(asyncio.Transport):
    """What an answer is written to, which is not closed while its request is still being sent."""

    def __init__(self, transport: asyncio.Transport, protocol: BoundedProtocol) -> None:
        super().__init__()
        self._transport = transport
        self._protocol = protocol

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Write."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close in time."""
        self._protocol.leave()
