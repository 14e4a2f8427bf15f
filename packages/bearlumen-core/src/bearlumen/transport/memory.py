"""A transport that keeps what it is sent, for tests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..batching.retry import Outcome


@dataclass(slots=True)
class MemoryTransport:
    """Accepts every batch and remembers it.

    Give it to a client as `transport=`, track, `flush()`, and look at `events`.
    """

    batches: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])
    """What was sent, batch by batch, each event as the contract writes it."""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event sent so far, in order."""
        return [event for batch in self.batches for event in batch]

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:  # noqa: ARG002
        """Keep the batch."""
        self.batches.append([json.loads(event) for event in events])
        return Outcome(status=200)

    def close(self) -> None:
        """Nothing to let go of."""

    def abandon(self) -> None:
        """Nothing to forget."""
