"""Failures that are nobody's bug: one line on stderr, exit code 2."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Generator

EXIT_CODE: Final = 2


class CommandError(Exception):
    """A command that cannot be done; the message is one line that says why."""


@contextmanager
def one_line() -> Generator[None]:
    """Turn the failures a person can mend into one line."""
    try:
        yield
    except Exception as error:
        # Looked up now: importing them first would make every command wait for DuckDB.
        if _is_mendable(error):
            _fail(str(error))
        raise


def _is_mendable(error: Exception) -> bool:
    if isinstance(error, CommandError):
        return True
    known = {
        "bearlumen.errors": "BearLumenError",
        "bearlumen_server.storage.base": "StoreError",
        "bearlumen_server.serving": "AddressError",
        "bearlumen_server.settings": "SettingsError",
    }
    for module, name in known.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(error, getattr(loaded, name)):
            return True
    return False


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"bearlumen: {' '.join(message.split())}\n")
    sys.exit(EXIT_CODE)
