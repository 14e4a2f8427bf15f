"""Events beyond a certain age are removed; their ids are kept, so that a resend is not counted.

The age is that of the call, not of its arrival: an event that arrives late, from beyond the
horizon, is accepted and goes with the next run. Revenue is no usage and stays.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bearlumen_server.reports.question import utc

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearlumen_server.storage import Store

logger = logging.getLogger(__name__)

CHUNK_EVENTS: Final = 20_000
"""Removed in one transaction, which the writer of usage waits for: 110 ms in the median and 180 at
most over 3 M rows, on two cores that others used as well."""
PAUSE_SECONDS: Final = 0.05
"""Between two chunks, for the writer: a lock is not handed out in the order it was asked for."""
INTERVAL_SECONDS: Final = 24 * 60 * 60.0

_OLD = "ts < $before AND ($org IS NULL OR org_id = $org)"
_LAST = "SELECT max(r) FROM (SELECT {row} AS r FROM events WHERE {old} ORDER BY r LIMIT $most)"
_REMEMBER = "INSERT INTO gone_events SELECT org_id, event_id FROM events WHERE {chunk}"


def count_older(store: Store, before: datetime, *, org_id: str | None = None) -> int:
    """Return how many events `prune` would remove."""
    sql = f"SELECT count(*) FROM events WHERE {_OLD}"  # noqa: S608
    return store.rows(sql, {"before": utc(before), "org": org_id})[0][0]


def prune(
    store: Store,
    before: datetime,
    *,
    org_id: str | None = None,
    pause: Callable[[], bool] = lambda: False,
) -> int:
    """Remove the events of calls made before an instant, and return how many there were.

    Every chunk is a transaction of its own: after a crash the rest goes with the next run.

    Args:
        store: The ledger.
        before: The instant, aware.
        org_id: Whose; None for everybody's.
        pause: Called between chunks; whether to stop there.
    """
    which = {"before": utc(before), "org": org_id}
    row = store.dialect.row
    chunk = f"{_OLD} AND {row} <= $last"
    removed = 0
    while True:
        with store.transaction() as transaction:
            find = _LAST.format(row=row, old=_OLD)
            last = transaction.rows(find, {**which, "most": CHUNK_EVENTS})[0][0]
            if last is None:
                return removed
            chosen = {**which, "last": last}
            transaction.rows(_REMEMBER.format(chunk=chunk), chosen)
            sql = f"DELETE FROM events WHERE {chunk}"  # noqa: S608
            removed += transaction.rows(sql, chosen)[0][0]
        if pause():
            return removed


class Retention:
    """A thread that prunes when it is started and once a day from then on."""

    def __init__(
        self, store: Store, *, days: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._age = timedelta(days=days)
        self._now = now
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bearlumen-retention", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, after the chunk that is being removed."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                removed = prune(self._store, self._now() - self._age, pause=self._pause)
            except Exception:  # tomorrow it is tried again; the server serves on
                logger.exception("removing events older than %s days failed", self._age.days)
            else:
                logger.info("removed %d events older than %s days", removed, self._age.days)
            self._closed.wait(INTERVAL_SECONDS)

    def _pause(self) -> bool:
        return self._closed.wait(PAUSE_SECONDS)
