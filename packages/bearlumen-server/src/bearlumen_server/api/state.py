"""What the routers find on the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

    from bearlumen_server.keys import KeyRing
    from bearlumen_server.ledger.writer import Writer
    from bearlumen_server.storage import Store


def store_of(request: Request) -> Store:
    """Return the ledger."""
    return request.app.state.store


def writer_of(request: Request) -> Writer:
    """Return the one writer."""
    return request.app.state.writer


def keys_of(request: Request) -> KeyRing:
    """Return the keys."""
    return request.app.state.keys
