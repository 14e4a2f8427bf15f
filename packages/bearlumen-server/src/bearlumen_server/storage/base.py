"""What the server asks of a storage engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bearlumen_server.keys import KeyStore

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from bearlumen_server.ledger.events import PricedEvent
    from bearlumen_server.ledger.revenue import Revenue
    from bearlumen_server.reports.dialect import Dialect


class StoreError(Exception):
    """The database cannot be used; the message is one line a person can act on."""


class DatabaseLockedError(StoreError):
    """Another process owns the file."""


class DatabaseTooNewError(StoreError):
    """The file was written by a later version of this package."""


class DatabaseUnreadableError(StoreError):
    """The file is no database, or cannot be reached."""


class OutOfMemoryError(StoreError):
    """A question needs more memory, and more disk beside it, than the engine may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much room a database takes, in bytes."""

    file_bytes: int
    log_bytes: int
    """Of what is committed and not yet in the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LaidOut:
    """Events in the form in which an engine writes them."""

    events: Sequence[PricedEvent]
    form: Any
    """The engine's own."""


class Transaction(Protocol):
    """Statements that are all committed or none."""

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        tables: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows.

        Args:
            sql: The statement.
            parameters: Values it binds.
            tables: Arrow tables it reads, by the name it has for them.
        """
        ...


class Store(KeyStore, Protocol):
    """An append-only ledger with questions. Every method may be called from any thread."""

    @property
    def dialect(self) -> Dialect:
        """The words in which this engine differs from the others."""
        ...

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Answer one query over what is committed; never waits for a writer."""
        ...

    def batches(self, sql: str, parameters: Mapping[str, object], *, size: int) -> Generator[Any]:
        """Answer one query of any length: its Arrow schema, then record batches of `size` rows.

        All are of one snapshot, and only one is in memory at a time.
        """
        ...

    def checkpoint(self) -> None:
        """Empty the log of recent changes into the file, where that is possible at once."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin to write: on disk when the block ends, nothing of it when the block raises.

        The writer of usage waits meanwhile; a block takes milliseconds.
        """
        ...

    def lay_out(self, events: Sequence[PricedEvent]) -> LaidOut:
        """Bring events into the form in which they are written.

        That is work for whatever thread has read them: the one that writes is waited for by all.
        """
        ...

    def append_usage(
        self, parts: Sequence[LaidOut], *, skip: Collection[int] = ()
    ) -> frozenset[int]:
        """Write events in one transaction and return the positions of those known already.

        When this returns, the others are on disk; when it raises, none is.

        Args:
            parts: The events; a position is that in all of them, one after the other.
            skip: Positions of events that are not meant. No two of the rest may share
                organisation and event id.
        """
        ...

    def append_revenue(self, records: Sequence[Revenue], *, org_id: str) -> frozenset[int]:
        """Write revenue in one transaction and return the positions of those known already.

        No two of `records` may share a revenue id.
        """
        ...

    def probe(self) -> None:
        """Commit something of no meaning; raises when the database cannot be written."""
        ...

    def sizes(self) -> Sizes:
        """Return how much room the database takes."""
        ...

    def forget_end_user(self, org_id: str, external_id: str) -> None:
        """Take note that an end user was deleted from `end_users`, so that a later event adds it.

        To be called within the transaction that deletes it.
        """
        ...

    def close(self) -> None:
        """Give the database back."""
        ...
