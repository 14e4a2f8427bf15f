"""The processor for every run of the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from agents import add_trace_processor

from .processor import BearLumenTracingProcessor

if TYPE_CHECKING:
    from bearlumen import AsyncBearLumen, BearLumen

_lock = threading.Lock()
_installed: list[BearLumenTracingProcessor] = []


def instrument(client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
    """Record every model call of every run in this process.

    A processor is added beside those that are there, so that traces go wherever they went. Called
    again, it replaces the client; call it again after `agents.set_trace_processors`, which takes
    out all there are.

    Args:
        client: Which records and delivers.
        plain_metadata: As for `BearLumenTracingProcessor`.
    """
    processor = BearLumenTracingProcessor(client, plain_metadata=plain_metadata)
    with _lock:
        _switch_off()
        _installed.append(processor)
    add_trace_processor(processor)


def uninstrument() -> None:
    """Stop recording. Calls that have begun are recorded when they end."""
    with _lock:
        _switch_off()


def _switch_off() -> None:
    for processor in _installed:
        processor.is_on = False
    _installed.clear()
