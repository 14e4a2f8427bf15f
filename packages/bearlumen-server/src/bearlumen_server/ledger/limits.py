"""The bounds of what may be sent. Every one is there to keep one sender from hurting the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

MAX_BATCH_EVENTS: Final = 1000
MAX_BODY_BYTES: Final = 5 * 1024 * 1024
"""Of a body, both as it is sent and decompressed."""
MAX_LABEL_CHARACTERS: Final = 512
"""Of ids, labels, model names and dimension values."""
MAX_KEYS: Final = 64
"""Of `dimensions`, `units` and `tool_calls`, each."""
MAX_KEY_CHARACTERS: Final = 128
MAX_REPORTED_KEYS: Final = 32
"""Of `reported`: fields of one response's usage that its sender has no word for."""
MAX_PATH_CHARACTERS: Final = 200
MAX_METADATA_BYTES: Final = 16 * 1024
"""Of what one event's metadata holds beside its labels and counts, as JSON."""
MAX_METADATA_DEPTH: Final = 16
MAX_COUNT: Final = 10**10
"""Of tokens or tool calls in one event."""
MAX_QUANTITY: Final = 1e15
"""Of a unit in one event; beyond it a double no longer counts in ones."""
MAX_COST: Final = Decimal(999_999)
"""USD of one event: six digits before the point and `COST_DIGITS` after it fill 64 bits."""
COST_DIGITS: Final = 12
MAX_DECIMAL_CHARACTERS: Final = 64
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""An event from before this was stamped by a clock that was never set."""
MAX_AHEAD: Final = timedelta(hours=24)
"""How far a sender's clock may be ahead."""

MAX_REVENUE: Final = Decimal(10**12)
"""USD of one revenue event, either sign: a credit note is negative revenue."""
MAX_PERIOD: Final = timedelta(days=5 * 366)
MAX_PERIOD_ENTRIES: Final = 200_000
"""Days that the periods of one request may cover together."""
