"""A server on 127.0.0.1 that takes every batch of events, of any SDK, and forgets nothing.

It runs in a process of its own and decodes nothing before it is asked, so that the SDK that sends
is measured and not the server. It prints its port, then answers the lines it reads:

    reset     forget what came so far
    requests  how many requests came; costs next to nothing
    report    what came, decoded: requests, events, distinct ids, bytes of the bodies

When its standard input closes it prints how many events came, and ends.
"""

import asyncio
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

ANSWER = b'{"accepted":0,"rejected":[],"duplicates":0}'
"""What the ingest endpoint answers, but for the number, which nothing depends on."""
OK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)
) + ANSWER
LISTS = ("events", "batch")
"""Where the SDKs put their events in a body of JSON."""
IDS = ("sdk_event_id", "uuid", "id", "event_id")


class Taken:
    """What came."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, bytes, bytes]] = []
        """Encoding, content type, body."""

    def report(self) -> dict[str, Any]:
        """Decode all of it."""
        ids: set[str] = set()
        events = plain = 0
        for encoding, kind, body in self.bodies:
            text = gzip.decompress(body) if encoding == b"gzip" else body
            plain += len(text)
            for found in spans(text) if b"protobuf" in kind else json_ids(text):
                events += 1
                ids.add(found)
        return {
            "requests": len(self.bodies),
            "events": events,
            "distinct": len(ids),
            "wire_bytes": sum(len(body) for _, _, body in self.bodies),
            "plain_bytes": plain,
            "encodings": dict(Counter(one.decode() or "none" for one, _, _ in self.bodies)),
        }


def json_ids(body: bytes) -> Iterator[str]:
    """The ids of the events in a body of JSON."""
    document = json.loads(body)
    for event in next(document[name] for name in LISTS if name in document):
        yield next(event[name] for name in IDS if name in event)


def spans(body: bytes) -> Iterator[str]:
    """The ids of the spans in an OTLP request: its fields, without the schema of any other.

    https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
    """
    for resource in _inner(body, 1):
        for scope in _inner(resource, 2):
            for span in _inner(scope, 2):
                found = dict(_fields(span))
                yield (found[1] + found[2]).hex()


def _inner(message: bytes, number: int) -> Iterator[bytes]:
    return (value for field, value in _fields(message) if field == number)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    at, fixed = 0, {1: 8, 5: 4}
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        size = fixed.get(kind)
        if size is None:
            size, at = _varint(message, at)
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:  # the last byte of a number has no high bit
            return value, at
        shift += 7


class Connection(asyncio.Protocol):
    """One connection, kept open: as little of HTTP/1.1 as the SDKs speak."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._buffer = bytearray()

    def connection_made(self, transport: Any) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take whole requests off the buffer."""
        self._buffer += data
        while self._take_one():
            pass

    def _take_one(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip().lower()
        start = end + 4
        found = (
            self._chunks(start)
            if headers.get(b"transfer-encoding") == b"chunked"
            else self._whole(start, int(headers.get(b"content-length", b"0")))
        )
        if found is None:
            return False
        body, used = found
        del self._buffer[:used]
        if first.startswith(b"POST") and body:
            encoding = headers.get(b"content-encoding", b"")
            self._taken.bodies.append((encoding, headers.get(b"content-type", b""), body))
        self._transport.write(OK)
        return True

    def _whole(self, start: int, size: int) -> tuple[bytes, int] | None:
        if len(self._buffer) < start + size:
            return None
        return bytes(self._buffer[start : start + size]), start + size

    def _chunks(self, at: int) -> tuple[bytes, int] | None:
        parts: list[bytes] = []
        while (end := self._buffer.find(b"\r\n", at)) >= 0:
            size = int(self._buffer[at:end].split(b";")[0], 16)
            start, at = end + 2, end + 2 + size + 2
            if len(self._buffer) < at:
                return None
            if size == 0:
                return b"".join(parts), at
            parts.append(bytes(self._buffer[start : start + size]))
        return None


async def serve(port: int) -> None:
    """Serve until the standard input closes."""
    taken, loop = Taken(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(taken), "127.0.0.1", port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while command := (await commands.readline()).strip():
        if command == b"reset":
            taken.bodies.clear()
            print(flush=True)
        elif command == b"requests":
            print(len(taken.bodies), flush=True)
        else:
            print(json.dumps(taken.report()), flush=True)
    print(taken.report()["events"], flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
