"""How a batch of usage events is carried: over HTTP, or into memory for tests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ..batching.retry import Outcome
else:
    Protocol = object  # what it checks it checks before anything runs


class Transport(Protocol):
    """Carries batches of events; used by one thread at a time."""

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
        """Deliver events, each the JSON that the contract says, and say what came of it.

        Never raises for what a server or a network does: that is an outcome.

        Args:
            events: At most 1,000.
            timeout: Seconds to take at the most, where the process is ending; else what the
                transport thinks right.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of connections; another `send` may open them anew."""

    def abandon(self) -> None:
        """Forget connections without touching them: after a fork they are the parent's."""
