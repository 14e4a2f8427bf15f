"""The handler on LlamaIndex's root dispatcher, which every event reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index_instrumentation import get_dispatcher

from .handler import BearLumenEventHandler

if TYPE_CHECKING:
    from bearlumen import AsyncBearLumen, BearLumen


def instrument(client: BearLumen | AsyncBearLumen, *, plain_tags: bool = True) -> None:
    """Record every call that LlamaIndex makes in this process.

    Called again, it replaces the client.

    Args:
        client: Which records and delivers.
        plain_tags: As for `BearLumenEventHandler`.
    """
    uninstrument()
    get_dispatcher().add_event_handler(BearLumenEventHandler(client, plain_tags=plain_tags))


def uninstrument() -> None:
    """Stop recording."""
    dispatcher = get_dispatcher()
    dispatcher.event_handlers = [
        handler
        for handler in dispatcher.event_handlers
        if not isinstance(handler, BearLumenEventHandler)
    ]
