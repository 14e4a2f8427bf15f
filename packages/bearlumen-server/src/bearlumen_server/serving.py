"""Running the application: a socket, a server, an orderly end."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import uvicorn

from .protocol import BoundedProtocol

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

    from .api.state import Operations

KEEP_ALIVE_SECONDS: Final = 30
"""Longer than clients keep idle connections (httpx: 5 s), so that none is closed as it is used."""

BACKLOG: Final = 2048
"""Connections that may wait to be accepted, as uvicorn has it."""

LAST_PORT: Final = 65535


class AddressError(Exception):
    """The address cannot be listened on; the message is one line."""


class Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, app: FastAPI) -> None:
        self._operations: Operations = app.state.operations
        settings = self._operations.settings
        self._delay = settings.shutdown_delay
        self._exit_at: float | None = None
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                server_header=False,
                http=BoundedProtocol,
                ws="none",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                # A stalled client would hold the server for ever. The default is ten times what a
                # full batch takes to be read and written.
                timeout_graceful_shutdown=settings.shutdown_seconds,
                lifespan="on",
            )
        )
        self.settled = threading.Event()
        """Set once requests are served, or never will be."""

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to exit."""
        try:
            super().run(sockets)
        finally:
            self.settled.set()

    def stop(self) -> None:
        """Say that the server is not ready any more; exit as soon as whoever asks can know."""
        self._operations.stopping.set()
        if self._delay and self._exit_at is None:
            self._exit_at = time.monotonic() + self._delay
        else:  # told twice: at once
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on a signal; uvicorn would raise it once more when it is done, and exit by it."""
        if self.should_exit:
            super().handle_exit(sig, frame)
        else:
            self.stop()

    async def on_tick(self, counter: int) -> bool:
        """Return whether it is time to exit; asked ten times a second."""
        if self._exit_at is not None and time.monotonic() >= self._exit_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.settled.set()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        AddressError: The port is taken or is none, or the host is not one of this machine's.
    """
    if not 0 <= port <= LAST_PORT:  # getaddrinfo would take it modulo 65536
        raise AddressError(f"cannot listen on {host}:{port}: a port is 0 to {LAST_PORT}")
    # asyncio turns Nagle's algorithm off only for sockets that say they are TCP, which those of
    # socket.create_server do not: every answer would wait 40 ms for a delayed acknowledgement.
    kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        family, *_, address = socket.getaddrinfo(host, port, 0, *kind)[0]
        with ExitStack() as on_failure:
            listener = on_failure.enter_context(socket.socket(family, *kind))
            if os.name == "posix":  # elsewhere it means to share the port with a stranger
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
            on_failure.pop_all()
            return listener
    except UnicodeError as error:  # an empty label, or one of more than 63 characters
        raise AddressError(f"cannot listen on {host}:{port}: not a host name") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise AddressError(f"cannot listen on {host}:{port}: {reason}") from error


def url_of(listener: socket.socket) -> str:
    """Return where a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
