"""Read a stream's usage from its items as they go by."""

from typing import Any

from ._detector import CompiledFlavor, Detection, Reading, candidates, preferring
from ._extractor import Chunk


class StreamReading:
    """What is known of one stream so far."""

    def __init__(self, *, provider: str | None = None) -> None:
        self._provider = provider
        self._reading = Reading()
        self._flavor: CompiledFlavor | None = None
        self._chunks: tuple[Any, ...] = ()
        self._final = False
        self.exhausted = False
        """The stream came to its own end."""
        self.started = False
        """An item was read."""

    def observe(self, item: Any) -> None:
        """Look at one item; it is not kept."""
        self.started = True
        if self._flavor is None:
            self._recognise(item)
            return
        for matches, at, chunk in self._chunks:
            if matches(item):
                self._read(at(item), chunk)
                return

    @property
    def complete(self) -> bool:
        """The usage read is all there will be."""
        return self.exhausted or self._final

    def detection(self, stream: Any) -> Detection | None:
        """What the stream amounts to; None if nothing of it was recognised.

        Args:
            stream: The SDK's stream. Where its helpers were read instead of its items, the
                response that it put together itself is read.
        """
        whole = None if self.complete and self._reading.values else self._from_snapshot(stream)
        if whole is not None:
            return whole
        return self._flavor.detection(self._reading) if self._flavor else None

    @property
    def usage_option(self) -> str:
        """What the caller has to ask the provider for to be sent usage, if that is the case."""
        return self._flavor.declared.usage_option if self._flavor else ""

    def _recognise(self, item: Any) -> None:
        for flavor in preferring(self._provider, candidates(item)):
            for matches, at, chunk in flavor.chunks:
                if matches(item):
                    self._flavor = flavor
                    self._chunks = tuple(c for c in flavor.chunks if not c[2].opening)
                    self._read(at(item), chunk)
                    return

    def _read(self, part: Any, chunk: Chunk) -> None:
        if self._flavor is not None:
            self._flavor.read(part, self._reading)
            self._final = self._final or chunk.final

    def _from_snapshot(self, stream: Any) -> Detection | None:
        for flavor in candidates(stream):
            if flavor.snapshot is None:
                continue
            try:
                response = flavor.snapshot(stream)
            except AssertionError:  # how the helpers say that nothing was read yet
                continue
            if response is not None and flavor.matches(response):
                self._flavor = flavor
                self._final = flavor.finished(response)
                return flavor.detect(response)
        return None
