"""The application: wiring only."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from bearlumen.pricing.book import PriceBook

from .api import (
    attribution,
    costs,
    dimensions,
    end_users,
    erasure,
    ingest,
    insights,
    keys,
    margins,
    operations,
    ping,
    prices,
    revenue,
    transfer,
    usage,
)
from .api.errors import ApiError, on_api_error, on_http_exception, on_out_of_memory
from .api.middleware import CorrelationMiddleware
from .api.offload import offload
from .api.openapi import document
from .api.probe import Probe
from .api.state import Operations
from .keys import KeyRing
from .ledger.retention import Retention
from .ledger.writer import Writer
from .limits import RateLimit
from .metrics import Metrics
from .observing import log_access
from .pricebook.books import PriceBooks
from .pricebook.recosting import Recosts
from .storage import OutOfMemoryError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from .observing import Answered
    from .settings import Settings
    from .storage import Store

logger = logging.getLogger(__name__)

NOTE_KEYS_SECONDS: Final = 60
"""How often the database is told when keys were used."""

ROUTERS: Final = (
    ingest,
    ping,
    keys,
    usage,
    costs,
    attribution,
    dimensions,
    revenue,
    end_users,
    erasure,
    margins,
    insights,
    prices,
    transfer,
    operations,
)
"""In the order they are looked through: what is asked most first."""


def create_app(
    settings: Settings,
    store: Store,
    *,
    key_ring: KeyRing | None = None,
    price_book: PriceBook | None = None,
) -> FastAPI:
    """Return the server over an open store.

    While it runs it owns a writer thread; at its end everything accepted is written. The store
    stays open: whoever opened it closes it.

    Args:
        settings: The limits; host, port and database are the business of whoever serves it.
        store: The ledger.
        key_ring: The keys, when the caller made some already; else those of the store.
        price_book: Prices; else the bundled catalogue.
    """
    book = PriceBook.catalogue() if price_book is None else price_book
    books = PriceBooks(store, book)
    recosts = Recosts(store, books)
    metrics = Metrics()
    writer = Writer(
        store,
        book,
        max_waiting_events=settings.max_waiting_events,
        book_of=books.of,
        on_commit=metrics.committed,
    )
    metrics.watch(store, writer)
    days = settings.retention_days
    retention = Retention(store, days=days) if days else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        writer.start()
        noting = asyncio.create_task(_note_used_keys(app))
        if retention is not None:
            retention.start()
        try:
            yield
        finally:
            noting.cancel()
            if retention is not None:
                retention.close()
            recosts.close()
            writer.close()
            _write_used_keys(app)

    app = FastAPI(
        title="Bear Lumen",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.store = store
    app.state.writer = writer
    app.state.books = books
    app.state.recosts = recosts
    app.state.keys = KeyRing(store) if key_ring is None else key_ring
    app.state.operations = Operations(
        settings=settings,
        metrics=metrics,
        probe=Probe(),
        request_limit=RateLimit(settings.rate_limit_requests),
        event_limit=RateLimit(settings.rate_limit_events),
        openapi=cache(lambda: document(routes())),
    )
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(OutOfMemoryError, on_out_of_memory)
    observers: list[Callable[[Answered], None]] = []
    if settings.metrics:
        observers.append(metrics.answered)
    if settings.access_log:
        observers.append(log_access)
    app.add_middleware(CorrelationMiddleware, observers=observers)
    return app


def routes() -> list[APIRoute]:
    """Return every route of the server."""
    return [route for module in ROUTERS for route in _flat(module.router)]


def _flat(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        # What stands for an included router has no public name, and older versions none at all.
        inner = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(inner, APIRouter):
            yield from _flat(inner)


async def _note_used_keys(app: FastAPI) -> None:
    while True:
        await asyncio.sleep(NOTE_KEYS_SECONDS)
        await offload(lambda: _write_used_keys(app))


def _write_used_keys(app: FastAPI) -> None:
    ring: KeyRing = app.state.keys
    try:
        ring.write_used()
    except Exception:  # nothing hangs on it, least of all an orderly end
        logger.exception("when keys were used could not be written")
