"""Read a stream's usage from its items as they go by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from ._detector import Detection, answered, host_provider, known, read
from ._fields import fields_of

if TYPE_CHECKING:
    from ._extractor import Chunk
    from ._flavor import Beside, CompiledFlavor
    from ._plan import Values

_SAYS_USAGE: Final = (b"usage", b"okenCount", b"token_count", b"invocationMetrics")
"""What a part of an encoded item has in it if it says something about usage."""


class StreamReading:
    """What is known of one stream so far."""

    def __init__(self, *, provider: str | None = None, seller: str | None = None) -> None:
        self._stated = provider
        self._seller = seller
        """Who sold the call, where what holds the stream says so: Bedrock sells Anthropic's."""
        self._flavor: CompiledFlavor | None = None
        self._values: list[Any] = []
        self._provider: str | None = None
        self._linked: tuple[Beside, ...] = ()
        self._chunks: tuple[Any, ...] = ()
        self._final = False
        self.exhausted = False
        """The stream came to its own end."""
        self.started = False
        """An item was read."""
        self._ids: set[str] = set()
        self._wholes = 0

    def observe(self, item: Any) -> None:
        """Look at one item; it is not kept."""
        self.started = True
        if type(item) is dict and "chunk" in item:
            item = _decoded(cast("dict[str, Any]", item))
            if item is None:
                return
        if self._flavor is None:
            self._recognise(item)
            return
        for matches, at, chunk in self._chunks:
            if matches(item):
                self._read(item, at(item), chunk)
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
        if not (self.complete and self._reported):
            whole = self._from_snapshot(stream)
            if whole is not None:
                return whole
        if self._flavor is None:
            return None
        return Detection(
            self._flavor,
            tuple(self._values) or self._flavor.read({}),
            self._seller or self._answered_by(stream),
            partial=not self.complete,
            linked=self._linked,
        )

    @property
    def usage_option(self) -> str:
        """What the caller has to ask the provider for to be sent usage, if that is the case."""
        return self._flavor.declared.usage_option if self._flavor else ""

    @property
    def _reported(self) -> bool:
        return bool(
            self._flavor and self._values and self._flavor.usage(tuple(self._values)).counts
        )

    def _answered_by(self, stream: Any) -> str:
        flavor = cast("CompiledFlavor", self._flavor)
        provider = self._provider or flavor.provider
        if provider != flavor.provider or not flavor.is_marked:
            return provider
        # The shape is shared; whoever answered the request may be known by the host.
        return host_provider(stream) or provider

    @property
    def is_mixed(self) -> bool:
        """Whether the items were not of one stream but responses of several calls."""
        return len(self._ids) > 1 or self._wholes > 1

    def _recognise(self, item: Any) -> None:
        # xAI's items are pairs.
        one: Any = cast("Any", item)[0] if isinstance(item, tuple) and item else item  # pyright: ignore[reportUnknownVariableType]
        flavors = known(one).flavors
        if self._stated is not None:
            flavors = sorted(flavors, key=lambda flavor: flavor.provider != self._stated)
        for flavor in flavors:
            for matches, at, chunk in flavor.chunks:
                if matches(item):
                    self._flavor = flavor
                    self._chunks = tuple(c for c in flavor.chunks if not c[2].opening)
                    self._read(item, at(item), chunk)
                    return

    def _read(self, item: Any, part: Any, chunk: Chunk) -> None:
        flavor = self._flavor
        if flavor is None:
            return
        part = {} if part is None else part
        flavor, values = self._resolve(flavor, item, part)
        if not self._values:
            self._values = list(values)
        else:
            # What a later item reports replaces what an earlier one did; what it leaves out stays.
            for place, value in enumerate(values):
                if value is not None:
                    self._values[place] = value
        for linked in flavor.linked:
            self._linked = tuple(linked.find(part)) or self._linked
        if part is item and flavor.matches(item):
            # The item could be a whole response, too.
            if len(self._ids) <= 1 and (response_id := flavor.response_id(values)):
                self._ids.add(response_id)
            self._wholes += chunk.final
        self._final = self._final or chunk.final

    def _resolve(
        self, flavor: CompiledFlavor, item: Any, part: Any
    ) -> tuple[CompiledFlavor, Values]:
        """The flavor to read with, and what it reads: an item may bear another provider's mark."""
        values = flavor.read(part)
        if self._provider not in (None, flavor.provider):
            return flavor, values
        own, self._provider = answered(flavor, part, values, self._stated)
        if self._provider == flavor.provider and part is not item:
            around = flavor.read(item)
            own, self._provider = answered(flavor, item, around, self._stated)
        if own is not flavor:
            self._flavor, self._values = own, []
            self._chunks = tuple(c for c in own.chunks if not c[2].opening)
            values = own.read(part)
        return own, values

    def _from_snapshot(self, stream: Any) -> Detection | None:
        for flavor in known(stream).flavors:
            if flavor.snapshot is None:
                continue
            try:
                response = flavor.snapshot(stream)
            except AssertionError:  # how the helpers say that nothing was read yet
                continue
            if response is not None and flavor.matches(response):
                self._flavor = flavor
                self._final = flavor.finished(response)
                return read(flavor, response)
        return None


def _decoded(item: dict[str, Any]) -> Any:
    """The JSON in an item of `invoke_model_with_response_stream`; None if it is of no use.

    An item of another kind that has a `chunk` too is left as it is.
    """
    content = fields_of(item["chunk"]).get("bytes")
    if not isinstance(content, bytes):
        return item
    if not any(word in content for word in _SAYS_USAGE):
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
