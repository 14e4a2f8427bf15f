"""The application: wiring only."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from bearlumen.pricing.book import PriceBook

from .api import (
    attribution,
    costs,
    dimensions,
    end_users,
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
from .api.errors import ApiError, on_api_error, on_http_exception
from .api.middleware import CorrelationMiddleware
from .keys import KeyRing
from .ledger.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .settings import Settings
    from .storage import Store

ROUTERS = (
    operations,
    ping,
    keys,
    ingest,
    usage,
    costs,
    attribution,
    dimensions,
    revenue,
    end_users,
    margins,
    insights,
    prices,
    transfer,
)


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
    writer = Writer(store, book, max_waiting_events=settings.max_waiting_events)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        writer.start()
        try:
            yield
        finally:
            writer.close()

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
    app.state.keys = KeyRing(store) if key_ring is None else key_ring
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_middleware(CorrelationMiddleware)
    return app
