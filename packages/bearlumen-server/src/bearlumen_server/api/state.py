"""What the routers find on the application."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from bearlumen_server.keys import KeyRing
    from bearlumen_server.ledger.writer import Writer
    from bearlumen_server.limits import RateLimit
    from bearlumen_server.metrics import Metrics
    from bearlumen_server.pricebook.books import PriceBooks
    from bearlumen_server.pricebook.recosting import Recosts
    from bearlumen_server.settings import Settings
    from bearlumen_server.storage import Store

    from .probe import Probe


@dataclass(frozen=True, kw_only=True, slots=True)
class Operations:
    """What concerns the operator of a server, and none of its callers."""

    settings: Settings
    metrics: Metrics
    probe: Probe
    request_limit: RateLimit
    event_limit: RateLimit
    openapi: Callable[[], dict[str, Any]]
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server was told to stop."""


def store_of(request: Request) -> Store:
    """Return the ledger."""
    return request.app.state.store


def writer_of(request: Request) -> Writer:
    """Return the one writer."""
    return request.app.state.writer


def keys_of(request: Request) -> KeyRing:
    """Return the keys."""
    return request.app.state.keys


def operations_of(request: Request) -> Operations:
    """Return what concerns the operator."""
    return request.app.state.operations


def books_of(request: Request) -> PriceBooks:
    """Return every organisation's prices."""
    return request.app.state.books


def recosts_of(request: Request) -> Recosts:
    """Return the re-costing runs."""
    return request.app.state.recosts
