"""Signals are the host's: our thread takes none, and at SIGTERM the host's handler has its turn."""

from __future__ import annotations

import os

from ..errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from types import FrameType

FAULTS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP")
"""Signals that a thread sends itself: to have them blocked is to die without a word."""

_installed = False


def start_without_signals(thread: threading.Thread) -> None:
    """Start a thread in which no signal is handled.

    The system gives a signal to any thread that takes it. uWSGI ends its workers in the handler: on
    a thread of ours, which was waiting for the interpreter's lock, it waited for itself for ever.

    Raises:
        RuntimeError: No thread can be started.
    """
    import signal

    if not hasattr(signal, "pthread_sigmask"):
        thread.start()
        return
    faults = {getattr(signal, name, None) for name in FAULTS}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - faults)
    try:
        thread.start()  # which has the mask of the thread that starts it
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def flush_on_sigterm() -> None:
    """Deliver what is queued when the process is told to end, within each `shutdown_timeout`.

    What was to happen then happens: the handler that was there before is called, or the process
    ends, or goes on if it ignores the signal.

    Raises:
        InvalidRequestError: This is not the main thread, which alone can say what a signal does.
    """
    import signal

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
