"""The one place where our own failures are caught, logged once, counted and handed on.

Tracking happens inside somebody else's program. Whatever goes wrong in it stays here.
"""

from __future__ import annotations

import threading
from collections import Counter

from .batching.processes import loading
from .errors import BearLumenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

MAX_REMEMBERED_PROBLEMS = 1_000
"""Kinds of problem told apart; past it, new kinds are counted together."""
OTHER_PROBLEMS = "other"


class Guard:
    """Keeps trouble in tracking away from the program that is tracked."""

    def __init__(self, on_error: Callable[[Exception], object] | None) -> None:
        self._on_error = on_error
        self._fresh_lock()
        self._counts: Counter[str] = Counter()
        self.last_error: str | None = None
        """What was reported last, in words."""

    def __call__(self, doing: str) -> _Guarded:
        """A `with` block in which an exception is reported instead of raised."""
        return _Guarded(self, doing)

    def report(self, error: Exception, *, problem: str) -> None:
        """Count `error`, log it if this `problem` is new, and pass it to `on_error`.

        Args:
            error: What happened.
            problem: What makes two reports the same problem, such as the place and the type.
        """
        with self._lock:
            if problem not in self._counts and len(self._counts) >= MAX_REMEMBERED_PROBLEMS:
                problem = OTHER_PROBLEMS
            known = problem in self._counts
            self._counts[problem] += 1
            # The text of a stranger's exception may quote a prompt, so only ours is told.
            text = str(error) if isinstance(error, BearLumenError) else problem
            self.last_error = text
        if not known:
            _log("%s (logged once; `on_error` gets every report)", text)
        if self._on_error is not None:
            with _Guarded(None, "on_error"):
                self._on_error(error)

    def counts(self) -> dict[str, int]:
        """How often each problem was reported."""
        with self._lock:
            return dict(self._counts)

    def after_fork_in_child(self) -> None:
        """Replace the lock: in the child it may be held by a thread that is not there."""
        self._fresh_lock()

    def _fresh_lock(self) -> None:
        # Reentrant: a signal handler, or the garbage collector ending a stream, may report
        # something in the middle of a report.
        self._lock = threading.RLock()


class _Guarded:
    """`with guard("reading a response"):` as an object, cheaper than a generator."""

    __slots__ = ("_doing", "_guard")

    def __init__(self, guard: Guard | None, doing: str) -> None:
        self._guard = guard
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False  # nothing, or KeyboardInterrupt and its like, which are the host's
        if self._guard is None:
            _log("%s raised %s", self._doing, type(error).__name__)
        else:
            self._guard.report(
                error, problem=f"{self._doing}: {type(error).__module__}.{type(error).__name__}"
            )
        return True


def _log(message: str, *values: str) -> None:
    try:
        with loading():
            import logging  # few programs have a problem to report, and it takes a while

        logging.getLogger("bearlumen").warning(message, *values)
    except Exception:  # noqa: BLE001, S110  # a handler or filter of the host's, or its end
        pass
