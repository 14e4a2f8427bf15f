"""Opening the database file that no server owns at the moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .failures import CommandError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from bearlumen_server.keys import KeyRing
    from bearlumen_server.storage.duckdb import DuckDBStore


@contextmanager
def opened(database: Path, *, make: bool = False) -> Generator[DuckDBStore]:
    """Open a file for one command.

    Args:
        database: The file.
        make: Whether a missing file is made.

    Raises:
        CommandError: It is missing and not to be made.
        StoreError: It cannot be used.
    """
    from bearlumen_server.storage.duckdb import DuckDBStore

    if not make and not database.exists():
        raise CommandError(f"there is no database {database}; say --database, or --url and --key")
    store = DuckDBStore(database)
    try:
        yield store
    finally:
        store.close()


def organization_of(ring: KeyRing, wanted: str | None) -> str:
    """Return the organisation meant: the one named, else the only one there is.

    Raises:
        CommandError: There are several, or none.
    """
    known = ring.organizations()
    if wanted in known:
        return wanted
    if wanted is None and len(known) == 1:
        return known[0]
    listed = ", ".join(known) or "none"
    raise CommandError(f"say --organization with one the file has: {listed}")
