"""Requests that do not end, over a bare socket."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from server.helpers import BATCH, event

from bearlumen_server import protocol
from bearlumen_server.api import body
from bearlumen_server.ledger.limits import MAX_BODY_BYTES
from bearlumen_server.protocol import MAX_UNREAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from server.helpers import Api

PIECE = b" " * 65_536
CHUNK = b"10000\r\n" + PIECE + b"\r\n"
PATIENCE = 10
MOST_BYTES = 3 * MAX_UNREAD_BYTES
"""What is read, and what the buffers of two sockets can hold."""


@pytest.fixture
def line(http: httpx.Client) -> Iterator[socket.socket]:
    """A connection to the server."""
    address = (http.base_url.host, http.base_url.port or 80)
    with socket.create_connection(address, timeout=PATIENCE) as opened:
        yield opened


def head(api: Api, *fields: str, method: str = "POST", path: str = BATCH) -> bytes:
    """A request without its body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {api.key}", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def answered(line: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer."""
    with line.makefile("rb") as file:
        status = int(file.readline().split()[1])
        fields = iter(lambda: file.readline().strip().decode().lower(), "")
        headers = dict(field.split(": ", 1) for field in fields)
        return status, headers, file.read(int(headers["content-length"]))


def flood(line: socket.socket, piece: bytes) -> int:
    """Send for ever; return how much was taken before the server ended it."""
    sent = 0
    try:
        while sent < MOST_BYTES:
            line.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


BODIES = [
    pytest.param("Transfer-Encoding: chunked", CHUNK, id="chunked"),
    pytest.param("Content-Length: 1000000000000", PIECE, id="declared"),
]


@pytest.mark.parametrize(("field", "piece"), BODIES)
def test_a_body_that_never_ends_is_ended(
    api: Api, line: socket.socket, field: str, piece: bytes
) -> None:
    """A sender that looks at no answer is cut off."""
    line.sendall(head(api, field))
    assert flood(line, piece) < MOST_BYTES


@pytest.mark.parametrize(("field", "piece"), BODIES)
def test_a_body_that_nobody_asked_for_is_ended(
    api: Api, line: socket.socket, field: str, piece: bytes
) -> None:
    """The answer was sent at once, and the connection would be kept for the next request."""
    line.sendall(head(api, field, method="GET", path="/v1/ping"))
    assert answered(line)[0] == 200
    assert flood(line, piece) < MOST_BYTES


@pytest.mark.parametrize(("field", "piece"), BODIES)
def test_a_sender_of_too_much_reads_the_answer_while_it_sends(
    api: Api, line: socket.socket, field: str, piece: bytes
) -> None:
    """As soon as it is too much, followed by the end of the connection."""
    line.sendall(head(api, field))
    for _ in range(MAX_BODY_BYTES // len(PIECE) + 1):
        line.sendall(piece)
    status, headers, content = answered(line)
    assert (status, headers["connection"]) == (413, "close")
    assert json.loads(content)["code"] == "payload_too_large"
    line.sendall(piece)
    assert line.recv(1) == b""


def test_a_sender_of_too_much_reads_the_answer_after_it_sent_all(
    api: Api, line: socket.socket
) -> None:
    """Most clients send a whole body first; they must not find a reset instead of the answer."""
    size = 4 * MAX_BODY_BYTES
    line.sendall(head(api, f"Content-Length: {size}") + b" " * size)
    assert answered(line)[0] == 413
    assert line.recv(1) == b""


def test_a_sender_that_asks_first_need_not_send(api: Api, line: socket.socket) -> None:
    """`Expect: 100-continue` with a declared length above the limit."""
    line.sendall(head(api, "Expect: 100-continue", f"Content-Length: {MAX_BODY_BYTES + 1}"))
    assert answered(line)[0] == 413


def test_nothing_is_done_for_what_follows_a_body_that_was_too_large(
    api: Api, line: socket.socket
) -> None:
    """The connection ends with that answer, as it said."""
    second = json.dumps({"events": [event()]}).encode()
    size = MAX_BODY_BYTES + 1
    line.sendall(head(api, f"Content-Length: {size}") + b" " * size)
    line.sendall(head(api, f"Content-Length: {len(second)}") + second)
    assert answered(line)[0] == 413
    assert line.recv(1) == b""
    assert api.events() == []


@pytest.mark.parametrize("after", [b"", b"1\r\n \r\n", b"0\r\n"], ids=["head", "part", "trailer"])
def test_fields_that_never_end_are_ended(api: Api, line: socket.socket, after: bytes) -> None:
    """Before a body, between its parts, and after it."""
    begun = head(api, "Transfer-Encoding: chunked")
    line.sendall(begun + after if after else begun[:-2])
    piece = b"1;" + b"x" * 65_000 if after.startswith(b"1") else b"X-More: " + b"x" * 65_000
    assert flood(line, piece + b"\r\n" * (not after.startswith(b"1"))) < 16 * 1024 * 1024


def test_a_body_that_does_not_come_ends_the_connection(
    api: Api, line: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time, with an answer."""
    monkeypatch.setattr(body, "READ_SECONDS", 0.1)
    line.sendall(head(api, "Content-Length: 10"))
    status, headers, _ = answered(line)
    assert (status, headers["connection"]) == (408, "close")
    assert line.recv(1) == b""


def test_the_rest_of_a_body_is_not_waited_for_for_ever(
    api: Api, line: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender that stops in the middle of a body whose answer it has."""
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.1)
    line.sendall(head(api, "Content-Length: 10", method="GET", path="/v1/ping"))
    assert answered(line)[0] == 200
    assert line.recv(1) == b""


REFUSED: list[tuple[str, bytes, int]] = [
    (BATCH, b"{", 400),
    (BATCH, b'{"events": 1}', 422),
    ("/v1/nowhere", b" " * 1_000_000, 404),
]


@pytest.mark.parametrize(("path", "content", "status"), REFUSED)
def test_a_refusal_of_a_whole_request_keeps_the_connection(
    api: Api, line: socket.socket, path: str, content: bytes, status: int
) -> None:
    """The next request goes over it, and so does one after a body that was not read."""
    for _ in range(2):
        line.sendall(head(api, f"Content-Length: {len(content)}", path=path) + content)
        found, headers, _ = answered(line)
        assert (found, "connection" in headers) == (status, False)
    line.sendall(head(api, method="GET", path="/v1/ping"))
    assert answered(line)[0] == 200
