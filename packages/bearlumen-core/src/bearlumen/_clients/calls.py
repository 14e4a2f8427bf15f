"""What is done with each call of a wrapped client."""

from __future__ import annotations

import inspect
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .._claims import Announced
from .._context import Inside, current
from .._options import Elapsed
from .._result import TrackResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._guard import Guard
    from .._tracking import Tracker

    Labelled = Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any] | None]


class Calls:
    """How the calls of one wrapped client are recorded."""

    def __init__(self, tracker: Tracker, *, provider: str | None, ensure_usage: bool) -> None:
        self._tracker = tracker
        self._guard: Guard = tracker.guard
        self._recording = tracker.guard("tracking a call of a wrapped client")
        self._provider = provider
        self.ensure_usage = ensure_usage
        """Whether streams are to be asked for their usage."""

    def tracked(self, function: Any, labels: Labelled) -> Any:
        """A method like `function`, each of its calls recorded.

        Args:
            function: A bound method that makes one call, sync or async.
            labels: What is known of a call by its arguments, such as `asked_model`; None for a
                call that is not recorded. It may change the arguments that are passed on.
        """
        if inspect.iscoroutinefunction(function):

            async def awaited(*args: Any, **kwargs: Any) -> Any:
                known = self._known(labels, args, kwargs)
                if known is None:
                    return await function(*args, **kwargs)
                frame, began = self._frame(), perf_counter()
                try:
                    answer = await function(*args, **kwargs)
                except Exception as error:
                    self._record_failed(error, known, frame, began)
                    raise
                return self._record(answer, known, frame, began)

            return awaited

        def called(*args: Any, **kwargs: Any) -> Any:
            known = self._known(labels, args, kwargs)
            if known is None:
                return function(*args, **kwargs)
            frame, began = self._frame(), perf_counter()
            try:
                answer = function(*args, **kwargs)
            except Exception as error:
                self._record_failed(error, known, frame, began)
                raise
            return self._record(answer, known, frame, began)

        return called

    def passed_on(self, stream: Any) -> Any:
        """A stream that is made of tracked ones: given to `track`, it is not tracked again."""
        return self._tracker.wrapping.passed_on(stream)

    def _known(
        self, labels: Labelled, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any] | None:
        known: dict[str, Any] | None = None
        with self._recording:
            known = labels(args, kwargs)
            if known is not None and self._provider is not None:
                known["provider"] = self._provider
        return known

    def _record(self, answer: Any, known: dict[str, Any], frame: Any, began: float) -> Any:
        result: Any = None
        with self._recording, Inside(frame):
            options = {name: known.pop(name) for name in ("model", "provider") if name in known}
            options["latency_ms"] = Elapsed.since(began)
            known["is_first_hand"] = True
            result = self._tracker.track_once(answer, options, known)
        return answer if result is None or type(result) is TrackResult else result

    def _record_failed(
        self, error: Exception, known: dict[str, Any], frame: Any, began: float
    ) -> None:
        # An answer that was billed and could not be parsed: OpenAI's `parse` hands it out so.
        if getattr(error, "completion", None) is not None:
            self._record(error, known, frame, began)

    def _frame(self) -> Any:
        """Whom and what it is for: as the layer outside says that announced it, or the scope."""
        announced = Announced.take(self._guard)
        return current() if announced is None else announced.frame
