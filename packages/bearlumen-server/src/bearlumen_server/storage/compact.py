"""A ledger's file written anew, without what was erased.

DuckDB frees the blocks of a changed or deleted row for later use and does not overwrite them, and
a block in use may hold a deleted row among others. A copy holds only what a question can find.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from .base import DatabaseLockedError, DatabaseUnreadableError
from .duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIX: Final = ".compacting"
_DUE = "SELECT count(*) FROM erasures WHERE compacted_at IS NULL"
_DONE = "UPDATE new.erasures SET compacted_at = $now WHERE compacted_at IS NULL"


def compact_if_due(path: Path) -> bool:
    """Compact a file in which end users were erased since it was compacted; return whether.

    Raises:
        StoreError: The file cannot be used.
    """
    if not path.exists():
        return False
    store = DuckDBStore(path)
    try:
        due = store.rows(_DUE, {})[0][0] > 0
    finally:
        store.close()
    if due:
        compact(path)
    return due


def compact(path: Path) -> None:
    """Replace a ledger's file by a copy of what is in it; either file is whole at any time.

    It takes room for both, and about as long as reading the file.

    Raises:
        StoreError: The file cannot be used, say because a server owns it.
    """
    DuckDBStore(path).close()  # brings it up to date, and its log into it
    copy = path.with_name(path.name + SUFFIX)
    _remove((copy, _log_of(copy)))
    try:
        _copy(path, copy)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if "Could not set lock" in reason:
            raise DatabaseLockedError(f"{path} is in use by another process") from error
        raise DatabaseUnreadableError(f"cannot compact {path}: {reason}") from error
    finally:
        _remove((copy, _log_of(copy)))


def _copy(path: Path, copy: Path) -> None:
    with duckdb.connect() as connection:
        # Attached until the copy has its place: nobody else opens the file meanwhile.
        for file, name in ((path, "old"), (copy, "new")):
            quoted = str(file).replace("'", "''")
            option = " (READ_ONLY)" if name == "old" else ""
            connection.execute(f"ATTACH '{quoted}' AS {name}{option}").fetchall()
        connection.execute("COPY FROM DATABASE old TO new").fetchall()
        now = datetime.now(UTC).replace(tzinfo=None)
        connection.execute(_DONE, {"now": now}).fetchall()
        connection.execute("DETACH new").fetchall()
        if _log_of(path).exists() or _log_of(copy).exists():
            raise DatabaseUnreadableError(f"{path} changed while it was compacted; try again")
        shutil.copymode(path, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        copy.replace(path)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk; where folders cannot be opened, there is no need."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _log_of(path: Path) -> Path:
    return Path(f"{path}.wal")


def _remove(paths: Iterable[Path]) -> None:
    for each in paths:
        each.unlink(missing_ok=True)
