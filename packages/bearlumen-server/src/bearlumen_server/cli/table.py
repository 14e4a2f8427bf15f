"""How the command line shows figures: plain columns, and never a figure cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIN_WIDTH: Final = 100
"""Columns that the widest table needs; a narrower terminal wraps rather than cuts figures off."""
NOTHING: Final = "-"
UNKNOWN: Final = "unknown"
"""The cost of a group in which no event has a known price. It is not zero."""


def console() -> Console:
    """Return the standard output, wide enough."""
    found = Console(highlight=False)
    found.width = max(found.width, MIN_WIDTH)
    return found


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    total: Sequence[str] | None = None,
    figures: Iterable[int] = (),
) -> Table:
    """Return a table of texts.

    Args:
        heads: The names of the columns.
        rows: The cells, as they are to be read: nothing in them is markup.
        total: The last row, under a gap.
        figures: Which columns hold figures, and are set to the right.
    """
    made = Table(
        box=box.SIMPLE_HEAD, show_edge=False, show_footer=total is not None, pad_edge=False
    )
    right = set(figures)
    for index, head in enumerate(heads):
        foot = total[index] if total is not None else ""
        made.add_column(
            head, escape(foot), justify="right" if index in right else "left", no_wrap=True
        )
    for row in rows:
        made.add_row(*(escape(_printable(cell)) for cell in row))
    return made


def _printable(text: str) -> str:
    # A model's name is whatever somebody sent: it must not steer the terminal.
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)
