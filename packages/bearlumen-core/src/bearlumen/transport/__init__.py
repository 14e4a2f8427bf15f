"""How a batch of usage events is carried: over HTTP, or into memory for tests."""

from collections.abc import Sequence
from typing import Protocol

from ..batching.retry import Outcome


class Transport(Protocol):
    """Carries batches of events; used by one thread at a time."""

    def send(self, events: Sequence[bytes]) -> Outcome:
        """Deliver events, each the JSON that the contract says, and say what came of it.

        Never raises for what a server or a network does: that is an outcome.
        """
        ...

    def close(self) -> None:
        """Let go of connections; another `send` may open them anew."""
        ...

    def abandon(self) -> None:
        """Forget connections without touching them: after a fork they are the parent's."""
        ...
