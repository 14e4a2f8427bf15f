"""What the clients tracked against what the ledger holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reliability.serving import Stored

COLUMNS = ("case", "tracked", "stored", "duplicated", "lost", "known", "seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a client wrote down right after `track` had returned."""

    name: str
    event_id: str | None
    """None if `track` said that the event is lost."""
    unprotected: bool = False
    """Tracked where nothing is promised: before `os._exit`, without a journal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table."""

    case: str
    tracked: int
    stored: int
    """Of those that were tracked."""
    duplicated: int
    lost: int
    known: int
    """Not stored, and no wonder: dropped and counted, or tracked where nothing is promised."""
    seconds: float
    unnoted: int = 0
    """Stored, but killed before it was written down: no more than kills."""

    def cells(self) -> list[str]:
        """The columns as text."""
        numbers = (self.tracked, self.stored, self.duplicated, self.lost, self.known)
        return [self.case, *(f"{number:,}" for number in numbers), f"{self.seconds:.1f}"]


def account_for(
    case: str,
    notes: Sequence[Note],
    rows: Sequence[Stored],
    *,
    seconds: float,
    dropped: int = 0,
) -> Row:
    """Count what became of every event.

    Args:
        case: What is said of it in the table.
        notes: What the clients wrote down.
        rows: What the ledger holds.
        seconds: How long it took.
        dropped: How many the clients said to have dropped, of those whose id they had given out.
    """
    tracked = {note.name for note in notes}
    assert len(tracked) == len(notes), f"{case}: a client gave two events one name"
    there = {row.name for row in rows}
    missing = {note.name for note in notes if note.event_id} - there
    unpromised = {note.name for note in notes if note.unprotected}
    refused = {note.name for note in notes if note.event_id is None} - there
    lost = max(0, len(missing - unpromised) - dropped)
    return Row(
        case=case,
        tracked=len(tracked),
        stored=len(tracked & there),
        duplicated=repeated(row.name for row in rows) + repeated(row.event_id for row in rows),
        lost=lost,
        known=len(missing) + len(refused) - lost,
        seconds=seconds,
        unnoted=len(there - tracked),
    )


def repeated(values: Iterable[str]) -> int:
    """How many there are beyond one of each."""
    return sum(count - 1 for count in Counter(values).values())


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as a Markdown table that reads well as text too."""
    cells = [list(COLUMNS), *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(COLUMNS))]
    head, *body = [
        f"| {' | '.join(pad(cell, widths[n], n) for n, cell in enumerate(line))} |"
        for line in cells
    ]
    rule = [("-" * width if n == 0 else "-" * (width - 1) + ":") for n, width in enumerate(widths)]
    return [head, f"| {' | '.join(rule)} |", *body]


def pad(cell: str, width: int, column: int) -> str:
    """Words to the left, numbers to the right."""
    return cell.ljust(width) if column == 0 else cell.rjust(width)
