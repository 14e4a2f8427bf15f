"""Where the ledger is kept: one protocol, one module an engine."""

from .base import (
    DatabaseLockedError,
    DatabaseTooNewError,
    DatabaseUnreadableError,
    LaidOut,
    OutOfMemoryError,
    Sizes,
    Store,
    StoreError,
    Transaction,
)

__all__ = [
    "DatabaseLockedError",
    "DatabaseTooNewError",
    "DatabaseUnreadableError",
    "LaidOut",
    "OutOfMemoryError",
    "Sizes",
    "Store",
    "StoreError",
    "Transaction",
]
