"""What to do after an attempt to deliver a batch: a pure decision, tested as a table.

The contract: 401 and 403 keep the events and report; 413 halves the batch; 429, 5xx and no answer
keep, wait and try again; 400 bisects until the bad event is alone, and gives that one up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 60.0
REFUSED_RETRY_SECONDS = 60.0
"""After 401 or 403 the events are kept, for a key may be restored; asking often is no use."""
SUCCESS, SERVER_ERROR = 2, 5  # the hundreds of an HTTP status
MAX_RETRY_AFTER_SECONDS = 600.0
"""A longer `Retry-After` is not believed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of sending one batch."""

    status: int | None
    """The HTTP status; None when no answer came."""
    retry_after: float | None = None
    """Seconds the server asks to be left alone."""
    message: str = ""
    """What the server, or the network, said."""
    rejected: tuple[Mapping[str, Any], ...] = ()
    """Events of an accepted batch that the server refused, each with why."""
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The batch is on the server's disk."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Keep the batch and try again after `seconds`."""

    seconds: float
    refused: bool = False
    """It is the request that is wrong, not the moment: trying again soon is no use."""
    asked: bool = False
    """The server asked for it: whoever flushes meanwhile waits too."""


@dataclass(frozen=True, slots=True)
class Split:
    """Send the batch again in halves."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The one event in the batch will never be accepted."""


Step = Delivered | Wait | Split | GiveUp


def next_step(outcome: Outcome, *, attempt: int, size: int, jitter: Callable[[], float]) -> Step:
    """Decide what follows `outcome`.

    Args:
        outcome: What came of the attempt.
        attempt: How many attempts at this batch have failed before this one.
        size: How many events the batch has.
        jitter: A number from 0 to 1, which spreads the retries of many clients.
    """
    status = outcome.status
    if status is not None and status // 100 == SUCCESS:
        return Delivered()
    if status is None or status in (408, 409, 425, 429) or status // 100 == SERVER_ERROR:
        ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(attempt, 16))
        asked = min(outcome.retry_after or 0.0, MAX_RETRY_AFTER_SECONDS)
        # Never sooner than our own backoff: `Retry-After: 0` would be a busy loop.
        return Wait(max(asked, ceiling * jitter()), asked=asked > 0)
    if status in (400, 413, 422):
        return Split() if size > 1 else GiveUp()
    # A key that may be restored (401, 403), or a wrong base URL (404, 405, 3xx): no event is bad.
    return Wait(REFUSED_RETRY_SECONDS, refused=True)
