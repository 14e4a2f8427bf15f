"""Questions about prices, to a file or to the server that owns it; the answers are the same."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from .failures import CommandError

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime
    from pathlib import Path

    from bearlumen_server.pricebook.books import PriceBooks
    from bearlumen_server.pricebook.recosting import Recosts
    from bearlumen_server.pricebook.runs import Run
    from bearlumen_server.storage import Store

    from .pricefile import PriceFile

PAGE: Final = 1000
POLL_SECONDS: Final = 1.0
_PRICES: Final = "/v1/prices"
_UNFINISHED: Final = frozenset({"running", "undoing"})


class Asking(Protocol):
    """Whoever answers."""

    def set(self, content: PriceFile, *, dry_run: bool) -> dict[str, Any]:
        """Set prices and aliases."""
        ...

    def listed(self, *, history: bool) -> dict[str, Any]:
        """List prices, aliases and the catalogue."""
        ...

    def explained(self, event_id: str) -> dict[str, Any]:
        """Explain one cost."""
        ...

    def missing(self, start: datetime, end: datetime) -> dict[str, Any]:
        """List what has no price."""
        ...

    def recost(self, start: datetime, end: datetime, *, apply: bool) -> dict[str, Any]:
        """Re-cost, and wait for the end."""
        ...

    def undo(self, run_id: str) -> dict[str, Any]:
        """Undo a run, and wait for the end."""
        ...


class _Server:
    """A running server."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url = url
        self._key = key

    def _call(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        from .remote import call

        return call(method, _PRICES + path, url=self._url, key=self._key, **content)

    def set(self, content: PriceFile, *, dry_run: bool) -> dict[str, Any]:
        prices = {"prices": content.prices, "dryRun": dry_run}
        aliases = {"aliases": content.aliases, "dryRun": dry_run}
        return {
            "prices": self._call("POST", "", body=prices)["prices"],
            "aliases": self._call("POST", "/aliases", body=aliases)["aliases"],
        }

    def listed(self, *, history: bool) -> dict[str, Any]:
        params = {"history": str(history).lower()}
        return {
            **self._call("GET", "", params=params),
            **self._call("GET", "/aliases", params=params),
            "catalogue": self._call("GET", "/catalogue"),
        }

    def explained(self, event_id: str) -> dict[str, Any]:
        return self._call("GET", "/explain", params={"eventId": event_id})

    def missing(self, start: datetime, end: datetime) -> dict[str, Any]:
        return self._call("GET", "/missing", params={**_range(start, end), "limit": str(PAGE)})

    def recost(self, start: datetime, end: datetime, *, apply: bool) -> dict[str, Any]:
        body = {**_range(start, end), "dryRun": not apply}
        return self._ended(self._call("POST", "/recost", body=body))

    def undo(self, run_id: str) -> dict[str, Any]:
        return self._ended(self._call("POST", f"/recosts/{run_id}/undo", body={}))

    def _ended(self, run: dict[str, Any]) -> dict[str, Any]:
        while run["status"] in _UNFINISHED:
            time.sleep(POLL_SECONDS)
            run = self._call("GET", f"/recosts/{run['recostId']}")
        return run


class _File:
    """A database file that no server owns at the moment."""

    def __init__(self, store: Store, books: PriceBooks, recosts: Recosts, org_id: str) -> None:
        self._store = store
        self._books = books
        self._recosts = recosts
        self._org = org_id

    def set(self, content: PriceFile, *, dry_run: bool) -> dict[str, Any]:
        from bearlumen_server.api.own_prices import shown_set
        from bearlumen_server.ledger.rejection import InvalidEventError
        from bearlumen_server.pricebook import reading
        from bearlumen_server.pricebook.books import TooManyPricesError

        try:
            prices = [
                reading.price_of(msgspec.json.encode(each), f"prices[{n}]")
                for n, each in enumerate(content.prices)
            ]
            aliases = [
                reading.alias_of(msgspec.json.encode(each), f"aliases[{n}]")
                for n, each in enumerate(content.aliases)
            ]
            done = self._books.set_prices(self._org, prices, by=None, dry_run=dry_run)
            named = self._books.set_aliases(self._org, aliases, by=None, dry_run=dry_run)
        except (InvalidEventError, TooManyPricesError) as error:
            raise CommandError(str(error)) from error
        return {
            "prices": [shown_set(each) for each in done],
            "aliases": [shown_set(each) for each in named],
        }

    def listed(self, *, history: bool) -> dict[str, Any]:
        from bearlumen_server.api.own_prices import shown_alias, shown_price
        from bearlumen_server.api.price_questions import shown_catalogue

        rules = self._books.rules(self._org, history=history)
        aliases = self._books.aliases(self._org, history=history)
        return {
            "prices": [shown_price(rule) for rule in rules],
            "aliases": [shown_alias(alias) for alias in aliases],
            "catalogue": shown_catalogue(self._books.catalogue),
        }

    def explained(self, event_id: str) -> dict[str, Any]:
        from uuid import UUID

        from bearlumen_server.api.price_questions import explained

        try:
            wanted = UUID(event_id)
        except ValueError as error:
            raise CommandError(f"{event_id[:40]!r} is no event id: expected a UUID") from error
        found = explained(self._store, self._org, self._books.own(self._org), wanted)
        if found is None:
            raise CommandError(f"no event {event_id} in this file")
        return found

    def missing(self, start: datetime, end: datetime) -> dict[str, Any]:
        from bearlumen_server.api.params import Page
        from bearlumen_server.api.price_questions import shown_missing
        from bearlumen_server.reports.question import Question

        question = Question(org_id=self._org, start=start, end=end)
        prices = self._books.own(self._org)
        return shown_missing(self._store, question, prices, Page(limit=PAGE, offset=0))

    def recost(self, start: datetime, end: datetime, *, apply: bool) -> dict[str, Any]:
        from bearlumen_server.api.recosts import shown_dry_run, shown_run
        from bearlumen_server.pricebook.recosting import RunConflictError
        from bearlumen_server.reports.question import Question

        question = Question(org_id=self._org, start=start, end=end)
        if not apply:
            return shown_dry_run(self._recosts, question)
        try:
            _, future = self._recosts.start(question, by=None)
        except RunConflictError as error:
            raise CommandError(str(error)) from error
        return shown_run(future.result(), active=False)

    def undo(self, run_id: str) -> dict[str, Any]:
        from bearlumen_server.api.recosts import shown_run
        from bearlumen_server.pricebook.recosting import RunConflictError

        run: Run | None = self._recosts.get(self._org, run_id)
        if run is None:
            raise CommandError(f"no re-costing run {run_id[:40]!r} in this file")
        try:
            future = self._recosts.undo(run, by=None)
        except RunConflictError as error:
            raise CommandError(str(error)) from error
        return shown_run(future.result(), active=False)


def asking_server(url: str, key: str | None) -> Asking:
    """Ask a running server."""
    return _Server(url, key)


@contextmanager
def asking_file(database: Path, organization: str | None) -> Generator[Asking]:
    """Ask a file.

    Raises:
        CommandError: It is missing, or holds several organisations and none was named.
    """
    from bearlumen.pricing.book import PriceBook
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.pricebook.books import PriceBooks
    from bearlumen_server.pricebook.recosting import Recosts

    from .files import opened, organization_of

    with opened(database) as store:
        org_id = organization_of(KeyRing(store), organization)
        books = PriceBooks(store, PriceBook.catalogue())
        recosts = Recosts(store, books)
        try:
            yield _File(store, books, recosts, org_id)
        finally:
            recosts.close()


def _range(start: datetime, end: datetime) -> dict[str, str]:
    from bearlumen_server.api.answer import instant

    return {"startDate": instant(start), "endDate": instant(end)}
