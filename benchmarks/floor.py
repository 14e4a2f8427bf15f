"""The least work that still delivers every call: what the SDKs are compared with.

The standard library alone: the caller makes the event, with an id from a counter, and appends it to
a deque; a thread encodes, compresses and posts a thousand at a time. With `journal` the caller also
writes the event to a file, which is what a process that is killed leaves behind. There are no
options, no labels beyond two, no retries to speak of and no limits.

`uuids` makes the id with `uuid.uuid4()`, as the floor of `track.py` does.
"""

import http.client
import itertools
import json
import os
import threading
import time
import uuid
import zlib
from collections import deque
from pathlib import Path
from typing import Any, Final

BATCH_EVENTS: Final = 1_000
INTERVAL_SECONDS: Final = 0.2
RETRY_SECONDS: Final = 0.1
HEADERS: Final = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
GZIP_WINDOW: Final = 31
"""What zlib calls its largest window with gzip's frame."""


class Floor:
    """Records calls and delivers them."""

    def __init__(self, port: int, *, journal: Path | None = None, uuids: bool = False) -> None:
        self._port = port
        self._waiting: deque[Any] = deque()
        self._wake, self._idle = threading.Event(), threading.Event()
        self._prefix = os.urandom(8).hex()
        number = itertools.count().__next__
        self._id = (lambda: str(uuid.uuid4())) if uuids else (lambda: f"{self._prefix}{number():x}")
        self._encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
        self.record = self._record
        if journal is not None:
            how = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._journal = os.open(journal / "floor.events", how)
            self.record = self._record_and_write
        threading.Thread(target=self._run, daemon=True).start()

    def _event(self, response: Any, user: str, feature: str) -> dict[str, Any]:
        usage = response.usage
        read, written = usage.prompt_tokens_details, usage.completion_tokens_details
        return {
            "id": self._id(),
            "at": time.time_ns(),
            "provider": "openai",
            "model": response.model,
            "response_id": response.id,
            "input": usage.prompt_tokens,
            "output": usage.completion_tokens,
            "cached": read.cached_tokens if read is not None else None,
            "reasoning": written.reasoning_tokens if written is not None else None,
            "user": user,
            "feature": feature,
        }

    def _record(self, response: Any, user: str, feature: str) -> None:
        self._put(self._event(response, user, feature))

    def _record_and_write(self, response: Any, user: str, feature: str) -> None:
        line = self._encode(self._event(response, user, feature))
        os.write(self._journal, line.encode() + b"\n")
        self._put(line)

    def _put(self, event: Any) -> None:
        self._waiting.append(event)
        if len(self._waiting) >= BATCH_EVENTS and not self._wake.is_set():
            self._wake.set()

    def flush(self) -> None:
        """Wait until everything is delivered."""
        while self._waiting or not self._idle.is_set():
            self._wake.set()
            time.sleep(0.001)

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        while True:
            if not self._waiting:
                self._idle.set()
            self._wake.wait(INTERVAL_SECONDS)
            self._wake.clear()
            while self._waiting:
                self._idle.clear()
                count = min(BATCH_EVENTS, len(self._waiting))
                self._send(connection, [self._waiting.popleft() for _ in range(count)])

    def _send(self, connection: http.client.HTTPConnection, batch: list[Any]) -> None:
        joined = isinstance(batch[0], str)
        text = '{"events":[' + ",".join(batch) + "]}" if joined else self._encode({"events": batch})
        packer = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW)
        body = packer.compress(text.encode()) + packer.flush()
        while True:
            try:
                connection.request("POST", "/events", body, HEADERS)
                answer = connection.getresponse()
                answer.read()
                if answer.status == http.client.OK:
                    return
            except OSError:
                connection.close()
            time.sleep(RETRY_SECONDS)
