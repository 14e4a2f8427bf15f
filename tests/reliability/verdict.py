"""The judgement of a case."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reliability.ledger import account_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reliability.ledger import Note, Row
    from reliability.serving import Stored


class Verdict:
    """Accounts for cases; made when the test begins, which is when the time starts."""

    def __init__(self, tell: Callable[[Row], object]) -> None:
        self._tell = tell
        self._began = time.monotonic()

    def __call__(
        self,
        case: str,
        notes: Sequence[Note],
        rows: Sequence[Stored],
        *,
        kills: int = 0,
        dropped: int = 0,
    ) -> Row:
        """Print the line of a case; fail unless every event that was promised is there once.

        Args:
            case: What is said of it in the table.
            notes: What the clients wrote down.
            rows: What the ledger holds of them.
            kills: How many threads of clients were killed: each may have tracked one event more
                than it could write down.
            dropped: How many events the clients said to have dropped.
        """
        seconds = time.monotonic() - self._began
        row = account_for(case, notes, rows, seconds=seconds, dropped=dropped)
        self._tell(row)
        assert row.tracked, f"{case}: nothing was tracked"
        assert row.duplicated == 0, f"{case}: {row.duplicated} events are there twice"
        assert row.lost == 0, f"{case}: {row.lost} of {row.tracked} events are lost"
        assert row.unnoted <= kills, f"{case}: {row.unnoted} events that no client wrote down"
        return row
