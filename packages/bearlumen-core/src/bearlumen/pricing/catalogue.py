"""The one price book of this process, read when a price is first asked for."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Final

from ..errors import MissingExtraError

if TYPE_CHECKING:
    from .book import PriceBook

PACKAGE: Final = "genai_prices"

_lock = Lock()
_book: PriceBook | None = None


def catalogue() -> PriceBook:
    """The book over the installed catalogue, shared by all threads.

    The first call takes some tenths of a second, and the others wait for it.

    Raises:
        MissingExtraError: genai-prices is not installed, or is older than we can read.
    """
    global _book  # noqa: PLW0603  # one a process
    if _book is None:
        with _lock:
            if _book is None:
                _book = _read()
    return _book


def _read() -> PriceBook:
    try:
        from .book import PriceBook

        return PriceBook.catalogue()
    except ImportError as error:
        # Another package may have brought an older catalogue, which lacks modules of this one's.
        if (error.name or "").partition(".")[0] != PACKAGE:
            raise
        raise MissingExtraError(
            "Prices come from a catalogue that is not installed here, or is too old: "
            'pip install "bearlumen-core[pricing]".'
        ) from error


def _after_fork_in_child() -> None:
    """Replace the locks: in the child they may be held by a thread that is not there."""
    global _lock  # noqa: PLW0603  # one a process
    _lock = Lock()
    if _book is not None:
        _book.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
