"""SIGTERM: deliver, then do what the host's own handler does."""

from __future__ import annotations

import os
import signal

from ..errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_installed = False


def flush_on_sigterm() -> None:
    """Deliver what is queued when the process is told to end, within each `shutdown_timeout`.

    What was to happen then happens: the handler that was there before is called, or the process
    ends, or goes on if it ignores the signal.

    Raises:
        InvalidRequestError: This is not the main thread, which alone can say what a signal does.
    """
    global _installed  # noqa: PLW0603  # one a process
    if _installed:
        return
    previous = signal.getsignal(signal.SIGTERM)
    if previous is None:
        return  # a handler that is not Python's, which cannot be called from here

    def handle(number: int, frame: FrameType | None) -> None:
        from .worker import flush_all

        flush_all()
        if callable(previous):
            previous(number, frame)
        elif previous == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    try:
        signal.signal(signal.SIGTERM, handle)
    except ValueError:
        raise InvalidRequestError(
            "flush_on_sigterm=True needs the main thread: make the client there, or call flush() "
            "in your own handler."
        ) from None
    _installed = True
