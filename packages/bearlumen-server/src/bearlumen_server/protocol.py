"""HTTP as uvicorn reads it, with an end to how much it reads before a request begins.

llhttp takes a head of any length and keeps it: a client that never ends one would fill the memory
without ever being seen by the application.
"""

from __future__ import annotations

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .api.middleware import MAX_HEAD_BYTES

MAX_UNFINISHED_BYTES: Final = 4 * MAX_HEAD_BYTES
"""Well above what the application answers as too long, so that it is the application that does."""


class BoundedProtocol(HttpToolsProtocol):
    """Gives up on a request whose URL and headers do not end."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_in_head = False
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Read what has arrived."""
        super().data_received(data)
        if not self._is_in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_UNFINISHED_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request does not end.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._is_in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: what follows is the body, which its reader counts."""
        self._is_in_head = False
        super().on_headers_complete()
