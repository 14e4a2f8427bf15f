"""A proxy between client and server that misbehaves as it is told to."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from reliability.serving import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES = 65_536
TIMEOUT_SECONDS = 60
HTML = b"<!doctype html><title>Sign in</title><p>Welcome to the hotel's network."
ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER so that closing sends a reset."""


class EndedError(Exception):
    """The connection was closed."""


@dataclass
class Exchange:
    """One request on a connection of the client's, which has begun to arrive."""

    client: socket.socket
    upstream: int
    left: bytes
    proxy: Proxy
    request: bytes = b""

    def read_request(self) -> bytes:
        """The request, whole."""
        self.request, self.left = read_message(self.client, self.left)
        return self.request

    def forward(self) -> bytes:
        """The server's answer to the request: what it stored, it has stored."""
        request = self.request or self.read_request()
        with socket.create_connection((HOST, self.upstream), TIMEOUT_SECONDS) as server:
            server.sendall(request)
            answer, _ = read_message(server, b"")
        return answer

    def close(self) -> None:
        """Close the client's connection."""
        raise EndedError


def read_message(source: socket.socket, begun: bytes) -> tuple[bytes, bytes]:
    """An HTTP message with its body, and what came after it."""
    data = begun
    while b"\r\n\r\n" not in data:
        data += received(source)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
        assert name.strip().lower() != b"transfer-encoding", "the proxy does not read chunks"
    while len(body) < length:
        body += received(source)
    return head + b"\r\n\r\n" + body[:length], body[length:]


def received(source: socket.socket) -> bytes:
    """Some bytes, at least one."""
    data = source.recv(READ_BYTES)
    if not data:
        raise EndedError
    return data


def passing(exchange: Exchange) -> None:
    """Behave."""
    exchange.client.sendall(exchange.forward())


def losing_the_answer(exchange: Exchange) -> None:
    """Close once the server has stored and answered."""
    exchange.forward()
    exchange.close()


def half_closing(exchange: Exchange) -> None:
    """Store, say nothing more, and keep the other half of the connection open for a while."""
    exchange.forward()
    exchange.client.shutdown(socket.SHUT_WR)
    exchange.proxy.stopped.wait(2)
    exchange.close()


def cutting_the_answer(exchange: Exchange) -> None:
    """Store, and pass on half of the answer."""
    answer = exchange.forward()
    exchange.client.sendall(answer[: len(answer) * 2 // 3])
    exchange.close()


def resetting(exchange: Exchange) -> None:
    """Reset the connection in the middle of the request."""
    exchange.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    exchange.close()


def dripping(exchange: Exchange) -> None:
    """Pass the answer on, a few bytes at a time."""
    answer = exchange.forward()
    for start in range(0, len(answer), 16):
        exchange.client.sendall(answer[start : start + 16])
        time.sleep(0.02)


def hanging(exchange: Exchange) -> None:
    """Never answer."""
    exchange.read_request()
    exchange.proxy.stopped.wait()
    exchange.close()


def html_page(exchange: Exchange) -> None:
    """Answer 200 with a page, without asking the server."""
    exchange.read_request()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(HTML)}\r\n\r\n"
    exchange.client.sendall(head.encode() + HTML)


def answering(status: int, *, retry_after: int | None = None) -> Callable[[Exchange], None]:
    """Answer with a status, without asking the server."""
    extra = "" if retry_after is None else f"Retry-After: {retry_after}\r\n"
    body = b'{"code":"server_error","message":"not now","correlationId":"c"}'
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\n{extra}"
    message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def answer(exchange: Exchange) -> None:
        exchange.read_request()
        exchange.client.sendall(message)

    return answer


@dataclass
class Seen:
    """A request that came, and what was done to it."""

    came: float
    behaviour: Callable[[Exchange], object]
    done: float = 0.0


@dataclass
class Proxy:
    """Listens on a port of its own. `behave` says what becomes of the requests from now on."""

    upstream: int
    behave: Callable[[Exchange], object] = passing
    seen: list[Seen] = field(default_factory=list[Seen])
    stopped: threading.Event = field(default_factory=threading.Event)
    port: int = field(default_factory=free_port)
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set[socket.socket])

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.refuse()

    def listen(self) -> None:
        """Accept connections."""
        self._listener = socket.create_server((HOST, self.port), backlog=128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Close everything; from now on connections are refused."""
        if self._listener is not None:
            # Closing alone would leave the accepting thread's hold on it.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for each in list(self._open):
            shut(each)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(TIMEOUT_SECONDS)
        self._open.add(client)
        left = b""
        try:
            while True:
                left = left or received(client)
                seen = Seen(time.monotonic(), self.behave)
                self.seen.append(seen)
                exchange = Exchange(client, self.upstream, left, self)
                try:
                    seen.behaviour(exchange)
                finally:
                    seen.done = time.monotonic()
                left = exchange.left
        except (EndedError, OSError):
            pass
        finally:
            self._open.discard(client)
            client.close()


def shut(each: socket.socket) -> None:
    """End a connection that another thread may be reading."""
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
