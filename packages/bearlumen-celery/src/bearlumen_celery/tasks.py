"""The scope of whoever sends a task, in a header of the message, around the task itself."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from celery import signals as _signals  # pyright: ignore[reportMissingTypeStubs]

from bearlumen.integration import deliver_now, guard_of, inside

if TYPE_CHECKING:
    from bearlumen import AsyncBearLumen, BearLumen
    from bearlumen.integration import Inside

HEADER: Final = "bearlumen-scope"
_CLEAR: Final = dict.fromkeys(
    ("end_user", "feature", "agent", "workflow", "session", "session_type", "dimensions")
)
"""Whatever a thread was left with, a task begins with what came with it, and else with nothing."""


class _Instrumented:
    """The client, and the tasks that are running."""

    def __init__(self) -> None:
        self.client: BearLumen | AsyncBearLumen | None = None
        self.names_feature = False
        self._running: dict[tuple[str, int], Inside] = {}
        """By the task's id and its thread: a broker may deliver a task again while it runs."""

    def publish(self, headers: dict[str, Any] | None = None, **_: Any) -> None:
        """Put the scope in force into the headers of a message."""
        client = self.client
        if client is not None and headers is not None and HEADER not in headers:
            with guard_of(client)("sending the scope with a task"):
                headers.update(client.scope_headers())

    def begin(self, task_id: str = "", task: Any = None, **_: Any) -> None:
        """Open the scope that came with a task; an eager one runs within the caller's."""
        client = self.client
        if client is None or task is None or task.request.is_eager:
            return
        with guard_of(client)("opening the scope of a task"):
            within = inside(client, **_CLEAR)
            within.__enter__()
            self._running[task_id, get_ident()] = within
            headers: dict[str, Any] = task.request.headers or {}
            text = task.request.get(HEADER) or headers.get(HEADER)
            if text:
                # A queue may hold it for ever. Left open: it is left with the task.
                client.scope_from_headers({HEADER: text}, max_age=None).__enter__()
            if self.names_feature:
                client.scope(feature=task.name).__enter__()

    def end(self, task_id: str = "", **_: Any) -> None:
        """Leave it."""
        within = self._running.pop((task_id, get_ident()), None)
        if within is not None:
            within.__exit__()

    def deliver(self, **_: Any) -> None:
        """Deliver what the process has tracked: it may end without running `atexit`."""
        client = self.client
        if client is None:
            return
        with guard_of(client)("delivering at the worker's end"):
            deliver_now(client)


_instrumented = _Instrumented()
signals: Any = _signals  # which has no types
_SIGNALS: Final[tuple[tuple[Any, Any], ...]] = (
    (signals.before_task_publish, _instrumented.publish),
    (signals.task_prerun, _instrumented.begin),
    (signals.task_postrun, _instrumented.end),
    (signals.worker_process_shutdown, _instrumented.deliver),
    (signals.worker_shutdown, _instrumented.deliver),
)


def instrument(client: BearLumen | AsyncBearLumen, *, task_as_feature: bool = False) -> None:
    """Send the scope in force with every task of this process, and open it around those it runs.

    Call it where the Celery app is made, so that the worker and whatever sends tasks have it.
    Called again, it replaces the client.

    Args:
        client: Signs and opens the scopes, and is flushed when a worker ends. Senders and workers
            need the same `api_key`, or the same `scope_secret`.
        task_as_feature: Whether a task's name is the feature of what it tracks.
    """
    _instrumented.client = client
    _instrumented.names_feature = task_as_feature
    for signal, receiver in _SIGNALS:
        signal.connect(receiver, weak=False)


def uninstrument() -> None:
    """Stop."""
    _instrumented.client = None
    for signal, receiver in _SIGNALS:
        signal.disconnect(receiver)
