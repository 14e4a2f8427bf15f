"""What every call of a recording asks, whatever the SDK."""

from collections.abc import Callable
from typing import Any, Final

from .recordings import Recording

Call = Callable[[Any, Recording], Any]
"""Asks an SDK's client, sync or async, for the answer of a recording."""

QUESTION: Final = "What do bears like?"
MESSAGES: Final = [{"role": "user", "content": QUESTION}]


def streamed(recording: Recording) -> dict[str, Any]:
    """The option that asks for a stream, where one is wanted."""
    return {"stream": True} if recording.streaming else {}
