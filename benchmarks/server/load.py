"""The load generator: a process of its own that sends prepared bodies and reads the answers.

It is told what to send as JSON on its command line, says `ready`, waits for a line, sends
everything over so many connections, and prints what it saw as JSON. It shares the machine with the
server, so it does as little as it can: one thread, no HTTP library, bodies made beforehand.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import time
from collections import deque
from typing import Any

import workload


class Connection(asyncio.Protocol):
    """Sends one request after the other until there are none left."""

    def __init__(self, waiting: deque[bytes], seen: dict[str, Any]) -> None:
        self._waiting = waiting
        self._seen = seen
        self._received = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: Any = transport
        self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._transport.close()
            self.done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._waiting.popleft())

    def data_received(self, data: bytes) -> None:
        """Read an answer; when it is whole, send the next request."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        self._received = b""
        if b" 200 " not in head[:16]:
            raise SystemExit(f"refused: {head[:80]!r} {body[:200]!r}")
        self._seen["seconds"].append(time.perf_counter() - self._sent_at)
        answer = json.loads(body)
        self._seen["accepted"] += answer["accepted"]
        self._seen["duplicates"] += answer["duplicates"]
        assert not answer["rejected"]
        self._next()


async def send(port: int, requests: list[bytes], connections: int) -> dict[str, Any]:
    """Send everything and return counts and times."""
    waiting = deque(requests)
    seen: dict[str, Any] = {"accepted": 0, "duplicates": 0, "seconds": []}
    loop = asyncio.get_running_loop()
    begun, cpu = time.perf_counter(), time.process_time()
    made = [
        await loop.create_connection(lambda: Connection(waiting, seen), "127.0.0.1", port)
        for _ in range(connections)
    ]
    for _, connection in made:
        await connection.done
    seen["elapsed"] = time.perf_counter() - begun
    seen["cpu"] = time.process_time() - cpu
    return seen


def main() -> None:
    """Prepare, wait to be told, send, report."""
    told = json.loads(sys.argv[1])
    made = workload.bodies(told["requests"], told["size"], seed=told["seed"])
    head = (
        f"POST /v1/usage/events/batch HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {told['key']}\r\nContent-Type: application/json\r\n"
    )
    requests: list[bytes] = []
    for body in made.bodies:
        encoding = "Content-Encoding: gzip\r\n" if told["gzip"] else ""
        sent = gzip.compress(body, 1) if told["gzip"] else body
        requests.append(f"{head}{encoding}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
    print("ready", flush=True)
    sys.stdin.readline()
    seen = asyncio.run(send(told["port"], requests, told["connections"]))
    print(json.dumps({**seen, "events": made.events, "distinct": made.distinct}), flush=True)


if __name__ == "__main__":
    main()
