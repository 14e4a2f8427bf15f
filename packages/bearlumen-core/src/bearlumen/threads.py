"""Threads that know what their work is for."""

from __future__ import annotations

import contextvars
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ._context import Inside, settled

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class ContextThreadPoolExecutor(ThreadPoolExecutor):
    """A `ThreadPoolExecutor` whose work runs in the context that it was submitted from.

    That is every context variable's value, the scope in force among them; a plain executor's
    threads have none of it. What the work sets stays its own. An end user that is still to be
    worked out is worked out when the work is submitted.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `fn` called in a thread, within what is in force here."""
        context = contextvars.copy_context()
        inside = Inside(settled())

        def work() -> T:
            with inside:
                return fn(*args, **kwargs)

        return super().submit(context.run, work)
