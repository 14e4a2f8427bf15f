"""What `track` does, for both clients: recognise, read, label, queue.

Nothing in here waits for a network or a disk, and nothing but misuse raises. It is loaded with the
first call, and holds what every call needs; what needs more is in `_wrapping.py`.
"""

from __future__ import annotations

from os import getpid

from ._context import current, in_force
from ._options import read_options, with_option
from ._result import TrackResult
from .batching import processes
from .batching.tally import UNWRITABLE
from .errors import BearLumenError
from .events import Part, UsageEvent, part_id
from .providers._detector import flavor_of, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._claims import Remembered
    from ._guard import Guard
    from ._open_streams import OpenStreams
    from ._options import Labels
    from ._wrapping import Wrapping
    from .batching.worker import Worker
    from .providers import Detection


class Tracker:
    """One client's tracking: its guard, its worker and the streams still being read."""

    def __init__(self, worker: Worker, *, guard: Guard, streams: OpenStreams) -> None:
        self.guard = guard
        self.streams = streams
        self.worker = worker
        self._wrapping: Wrapping | None = None
        self._remembered: Remembered | None = None
        self._tracking = self.guard("tracking a response")
        self._queueing = self.guard("queueing an event")

    def track(self, response: Any, options: Mapping[str, Any]) -> Any:
        """Record a response, or wrap a stream so that it is recorded when it is done."""
        labels = read_options(options, self.guard)
        if self._remembered is not None:
            found = self._remembered.find(response)
            if found is not None:
                if labels:
                    self._report_twice()
                return found
            if labels:
                labels = with_option(labels, "is_told", True)  # noqa: FBT003  # a value
        scope = current()
        if scope is not None:
            labels = in_force(scope, labels, self.guard)
        return self.track_as(response, labels)

    def track_once(
        self, response: Any, options: Mapping[str, Any], known: Mapping[str, Any] | None = None
    ) -> Any:
        """Record an answer where it comes from: tracked again by others it stays one event.

        Args:
            response: As for `track`.
            options: As for `track`.
            known: What only the layer that made the call knows of it: `asked_model`, the model
                where the answer names none; `is_hidden`, which items of a stream the caller did
                not ask for; `is_first_hand`, that it made the call itself.
        """
        remembered = self._remembered or self._first_remembered()
        found = remembered.find(response)
        if found is not None:
            return found
        labels = read_options(options, self.guard)
        for name, value in (known or {}).items():
            labels = with_option(labels, name, value)
        scope = current()
        if scope is not None:
            labels = in_force(scope, labels, self.guard)
        result = self.track_as(response, labels)
        if type(result) is TrackResult:
            remembered.add(response, result)
        return result

    def _first_remembered(self) -> Remembered:
        with processes.loading():
            if self._remembered is None:
                from ._claims import Remembered

                self._remembered = Remembered()
        return self._remembered

    def record_told(self, detection: Detection, options: Mapping[str, Any]) -> TrackResult:
        """Record what a framework said of a call, with the scope in force."""
        labels = read_options(options, self.guard)
        scope = current()
        if scope is not None:
            labels = in_force(scope, labels, self.guard)
        return self.record(detection, labels)

    def track_as(self, response: Any, labels: Labels) -> Any:
        """The same with labels that are checked and complete."""
        kind: type[object] = type(response)  # pyright: ignore[reportUnknownVariableType]
        detection: Detection | None = None
        event: UsageEvent | None = None
        with self._tracking:
            # The common case, and the fast one: an SDK's class that says what it is.
            flavor = flavor_of(kind)
            if flavor is not None:
                detection = read(flavor, response, stated=labels.get("provider"))
                if (
                    detection.model
                    and not detection.pending
                    and not detection.linked
                    and self._remembered is None
                ):
                    if getpid() != processes.pid:
                        processes.ensure_own_process()
                    event = UsageEvent(detection, labels)
                    return TrackResult(event, queued=self.worker.put(event))
        if event is not None:
            return TrackResult(event, queued=self._lost())
        if detection is not None:
            return self.record(detection, labels)
        return self.wrapping.track(response, labels)

    @property
    def wrapping(self) -> Wrapping:
        """What tracks all that takes more than reading a response."""
        return self._wrapping or self._first_wrapping()

    def _first_wrapping(self) -> Wrapping:
        with processes.loading():
            from ._wrapping import Wrapping

        self._wrapping = Wrapping(self)
        return self._wrapping

    def record(
        self, detection: Detection | None, labels: Labels, *, incomplete: bool = False
    ) -> TrackResult:
        """Queue the event of a call, and those of what was billed beside it."""
        processes.ensure_own_process()
        event = UsageEvent(detection, labels, incomplete)
        if (detection is None or detection.pending or not detection.model) and not (
            self._is_billed(event)
        ):
            return TrackResult(event, queued=False)
        recorded = self.recorded_already(detection, labels)
        if recorded is not None:
            return recorded
        queued: bool | None = None
        with self._queueing:
            queued = self.worker.put(event)
        if queued is None:
            queued = self._lost()
        additional: tuple[TrackResult, ...] = ()
        if detection is not None and detection.linked:
            with self._queueing:
                additional = self._record_parts(event, detection)
        result = TrackResult(event, queued=queued, additional=additional)
        if self._remembered is not None and "is_first_hand" in labels:
            with self._queueing:
                self._remembered.add_call(event, result)
        return result

    def recorded_already(self, detection: Detection | None, labels: Labels) -> TrackResult | None:
        """What a wrapped client recorded of the same call, by the id that its provider gave it.

        The answer may be another object: what was made of a raw one, or put together of a stream.
        """
        if self._remembered is None or detection is None or "is_first_hand" in labels:
            return None
        found: TrackResult | None = None
        with self._tracking:
            found = self._remembered.find_call(UsageEvent(detection, labels))
        if found is not None and "is_told" in labels:
            self._report_twice()
        return found

    def _lost(self) -> bool:
        """Count an event that a fault of ours, which was reported, kept from the queue."""
        self.worker.tally.lost(UNWRITABLE)
        return False

    def _is_billed(self, event: UsageEvent) -> bool:
        """Whether something is to be recorded of a call about which something is not known."""
        labels = event.labels
        if event.detection is None:
            # Without a response and a name there is nothing to record.
            return labels.get("model") is not None
        is_named = labels.get("model") is not None or labels.get("asked_model") is not None
        if event.detection.pending:
            return False  # counted when it is finished, or never billed
        if not is_named:
            self._report_nameless(event.provider)
        return True

    def _record_parts(self, event: UsageEvent, detection: Detection) -> tuple[TrackResult, ...]:
        results: list[TrackResult] = []
        for index, beside in enumerate(detection.linked):
            labels = {**event.labels, "event_id": part_id(event.event_id, index)}
            model = beside.model or event.model
            part = Part(of=event.event_id, model=model, counts=beside.counts)
            made = UsageEvent(
                detection, {**labels, "timestamp": event.invoked_at}, part=part,
                incomplete=event.incomplete,
            )  # fmt: skip
            results.append(TrackResult(made, queued=self.worker.put(made)))
        return tuple(results)

    def _report_twice(self) -> None:
        self.guard.report(
            BearLumenError(
                "track() was given an answer that a wrapped client, or a function decorated with "
                "track_calls, had tracked. It is one event, with what its scope said; what "
                "track() was told of it was left out: say it with bear.scope() around the call."
            ),
            problem="tracked already",
        )

    def _report_nameless(self, provider: str) -> None:
        self.guard.report(
            BearLumenError(
                f"A {provider} response does not name its model, so its cost is unknown: "
                "pass model= to track()."
            ),
            problem=f"no model: {provider}",
        )
