"""Re-costing: stored events put under the prices of today, and put back.

A run works in transactions of some thousand events, each of which also says how far it got: what is
killed in between goes on from there, or is undone. Ingest waits for one of them at most.
"""

from __future__ import annotations

import logging
import secrets
import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bearlumen_server.storage.recosts import changes_table

from .figures import Figures, reprice
from .runs import Run, insert_run, later_run, runs_of, update_run
from .stored import page_of_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearlumen_server.reports.question import Question
    from bearlumen_server.storage import Store

    from .books import PriceBooks
    from .own import Prices

logger = logging.getLogger(__name__)

CHUNK_EVENTS: Final = 20_000
"""Of one transaction: as many as one commit of ingest holds."""

_NO_ID: Final = UUID(int=0)

_APPLY: Final = """
    UPDATE events SET cost = c.after_cost, cost_source = c.after_source,
                      price_id = c.after_price_id
    FROM changes c WHERE events.event_id = c.event_id AND events.org_id = {org}
    AND events.ts >= {first} AND events.ts <= {last}"""
_UNDO: Final = """
    UPDATE events SET cost = c.before_cost, cost_source = c.before_source,
                      price_id = c.before_price_id
    FROM (SELECT * FROM recost_changes WHERE org_id = {org} AND recost_id = {id}
          AND ts >= {first} AND ts <= {last}) c
    WHERE events.event_id = c.event_id AND events.org_id = {org}
    AND events.ts >= {first} AND events.ts <= {last}"""
_CHANGED: Final = """
    SELECT min(ts), max(ts), count(*) FROM (
        SELECT ts FROM recost_changes WHERE org_id = {org} AND recost_id = {id} {more}
        ORDER BY ts LIMIT {limit}) AS next_ones"""


class RunConflictError(Exception):
    """Another run is in the way; the message says which, and what to do."""


class Recosts:
    """The re-costing runs of every organisation; each has one at a time."""

    def __init__(
        self, store: Store, books: PriceBooks, *, chunk_events: int = CHUNK_EVENTS
    ) -> None:
        self._store = store
        self._books = books
        self._chunk = chunk_events
        self._lock = threading.Lock()
        self._active: dict[str, tuple[str, Future[Run]]] = {}
        self._closing = threading.Event()

    def dry_run(self, question: Question) -> Figures:
        """Say what a run would change, without changing it."""
        prices = self._books.of(question.org_id)
        figures = Figures(zone=question.zone)
        after = None
        while events := page_of_events(self._store, question, after=after, limit=self._chunk):
            for event in events:
                figures.add(reprice(event, prices))
            after = (events[-1].at.replace(tzinfo=None), events[-1].event_id)
        return figures

    def version(self, org_id: str) -> str:
        """Name the prices an organisation's events are put under."""
        return self._books.own(org_id).version

    def start(self, question: Question, *, by: str | None) -> tuple[Run, Future[Run]]:
        """Begin to put the events of a question under the prices of today.

        Raises:
            RunConflictError: A run of the organisation is under way, or was cut short.
        """
        org_id = question.org_id
        # One reading: a price that is set meanwhile is not part of this version.
        prices = self._books.own(org_id)
        with self._lock:
            runs = self.list(org_id)
            self._refuse_unfinished(runs)
            run = Run(
                id=f"recost_{secrets.token_hex(8)}",
                number=max((each.number for each in runs), default=0) + 1,
                status="running",
                question=question,
                price_version=prices.version,
                figures=Figures(zone=question.zone),
                reached=None,
                created_at=datetime.now(UTC),
                created_by=by,
            )
            with self._store.transaction() as write:
                insert_run(write, self._store, run)
            return run, self._begin(run, partial(self._apply, prices=prices))

    def resume(self, run: Run) -> Future[Run]:
        """Go on with a run, or with undoing it, where it was cut short.

        Raises:
            RunConflictError: It is under way, or at its end, or the prices changed meanwhile.
        """
        with self._lock:
            if self.is_active(run):
                raise RunConflictError(f"{run.id} is under way")
            if run.status == "undoing":
                return self._begin(run, self._undo)
            if run.status != "running":
                raise RunConflictError(f"{run.id} is {run.status}; there is nothing to go on with")
            prices = self._books.own(run.question.org_id)
            if run.price_version != prices.version:
                raise RunConflictError(
                    f"the prices changed since {run.id} was cut short; undo it and start anew"
                )
            return self._begin(run, partial(self._apply, prices=prices))

    def undo(self, run: Run, *, by: str | None) -> Future[Run]:
        """Begin to put back what a run changed, exactly.

        Raises:
            RunConflictError: A later run changed the same events, or one is under way.
        """
        with self._lock:
            if run.status == "undone":
                done: Future[Run] = Future()
                done.set_result(run)
                return done
            self._refuse_unfinished(
                [each for each in self.list(run.question.org_id) if each.id != run.id]
            )
            if self.is_active(run):
                raise RunConflictError(f"{run.id} is under way; undo it when it has ended")
            later = later_run(self._store, run)
            if later is not None:
                raise RunConflictError(f"{later} changed some of the same events; undo that first")
            if run.status != "undoing":
                run = replace(
                    run, status="undoing", reached=None, undone_at=datetime.now(UTC), undone_by=by
                )
                with self._store.transaction() as write:
                    update_run(write, self._store, run)
            return self._begin(run, self._undo)

    def list(self, org_id: str) -> list[Run]:
        """Return an organisation's runs, the latest first."""
        return runs_of(self._store, org_id=org_id)

    def get(self, org_id: str, run_id: str) -> Run | None:
        """Return one run."""
        found = runs_of(self._store, org_id=org_id, run_id=run_id)
        return found[0] if found else None

    def is_active(self, run: Run) -> bool:
        """Whether a thread of this process works on it; if not, a running one was cut short."""
        known = self._active.get(run.question.org_id)
        return known is not None and known[0] == run.id and not known[1].done()

    def close(self) -> None:
        """Stop at the next transaction; what is not finished may go on later."""
        self._closing.set()
        with self._lock:
            waiting = [future for _, future in self._active.values()]
        for future in waiting:
            future.exception()

    def _refuse_unfinished(self, runs: list[Run]) -> None:
        for run in runs:
            if self.is_active(run):
                raise RunConflictError(f"{run.id} is under way; wait for its end")
            if run.status in {"running", "undoing"}:
                raise RunConflictError(f"{run.id} was cut short; resume or undo it first")

    def _begin(self, run: Run, work: Callable[[Run], Run]) -> Future[Run]:
        future: Future[Run] = Future()
        # A client that hangs up must not cancel what is being written.
        future.set_running_or_notify_cancel()

        def target() -> None:
            try:
                future.set_result(work(run))
            except Exception as error:  # whoever waits must hear of it
                logger.exception("re-costing run %s failed", run.id)
                future.set_exception(error)

        self._active[run.question.org_id] = (run.id, future)
        threading.Thread(target=target, name="bearlumen-recost", daemon=True).start()
        return future

    def _apply(self, run: Run, *, prices: Prices) -> Run:
        while not self._closing.is_set():
            events = page_of_events(self._store, run.question, after=run.reached, limit=self._chunk)
            repriced = [reprice(event, prices) for event in events]
            for one in repriced:
                run.figures.add(one)
            if events:
                last = events[-1]
                run = replace(run, reached=(last.at.replace(tzinfo=None), last.event_id))
            if len(events) < self._chunk:
                run = replace(run, status="done", finished_at=datetime.now(UTC))
            changes = [one for one in repriced if one.differs]
            # Made before ingest is kept out.
            table = changes_table(changes, org_id=run.question.org_id, recost_id=run.id)
            with self._store.transaction() as write:
                if changes:
                    times = [one.event.at.replace(tzinfo=None) for one in changes]
                    values: dict[str, object] = {"first": min(times), "last": max(times)}
                    write.rows(*self._statement(_APPLY, run, values), {"changes": table})
                    sql = "INSERT INTO recost_changes BY NAME SELECT * FROM changes"
                    write.rows(sql, None, {"changes": table})
                update_run(write, self._store, run)
            if run.status == "done":
                break
        return run

    def _undo(self, run: Run) -> Run:
        while not self._closing.is_set():
            ts = run.reached[0] if run.reached else None
            stretch: dict[str, object] = {"limit": self._chunk}
            more = ""
            if ts is not None:
                more = f"AND ts > {self._store.dialect.bind('after')}"
                stretch["after"] = ts
            sql, values = self._statement(_CHANGED.replace("{more}", more), run, stretch)
            first, last, count = self._store.rows(sql, values)[0]
            if count < self._chunk:
                run = replace(run, status="undone")
            with self._store.transaction() as write:
                if count:
                    # All of the last instant, so that the next stretch begins behind it.
                    write.rows(*self._statement(_UNDO, run, {"first": first, "last": last}))
                    run = replace(run, reached=(last, _NO_ID))
                update_run(write, self._store, run)
            if run.status == "undone":
                break
        return run

    def _statement(
        self, sql: str, run: Run, values: dict[str, object]
    ) -> tuple[str, dict[str, object]]:
        known: dict[str, object] = {"org": run.question.org_id, "id": run.id, **values}
        used = {
            name: each for name, each in known.items() if f"{{{name}}}" in sql or name == "after"
        }
        for name in used:
            sql = sql.replace(f"{{{name}}}", self._store.dialect.bind(name))
        return sql, used
