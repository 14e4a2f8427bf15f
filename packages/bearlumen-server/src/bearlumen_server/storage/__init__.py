"""Where the ledger is kept: one protocol, one module an engine."""

from .base import (
    DatabaseLockedError,
    DatabaseTooNewError,
    DatabaseUnreadableError,
    Store,
    StoreError,
)

__all__ = [
    "DatabaseLockedError",
    "DatabaseTooNewError",
    "DatabaseUnreadableError",
    "Store",
    "StoreError",
]
