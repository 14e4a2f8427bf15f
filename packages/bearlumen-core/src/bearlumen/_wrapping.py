"""What `track` does with what is no object of a class that says what it is.

A stream, a raw response or a body is wrapped and recorded when it has been read; plain JSON, a list
of a stream's items and whatever stands for a response are looked at as they are.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, cast

from ._bodies import TrackedBody
from ._options import finished, stamped
from ._raw import detect_raw, is_raw, is_read
from ._result import TrackResult
from .errors import BearLumenError, InvalidRequestError
from .events import UsageEvent, utc_now
from .providers import Detection, detect
from .providers._detector import host_provider, known
from .providers._stream import StreamReading
from .streams import AsyncTrackedStream as _AsyncStream
from .streams import Settled, TrackedResponse, TrackedStream, wrapper_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._options import Labels
    from ._tracking import Tracker

STREAM_KEYS: Final = ("stream", "body")
"""Where boto3 puts what is still to be read in the dict that it answers a call with."""
BEDROCK: Final = "bedrock"

ALREADY_TRACKED = (Settled, TrackedResponse, TrackResult)
"""Tracked once more, they stay what they are, and one event."""


class Wrapping:
    """One client's tracking of what takes more than reading a response."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._guarded = tracker.guard("tracking a response")

    def track(self, response: Any, labels: Labels) -> Any:
        """Record a response, or wrap a stream so that it is recorded when it is done."""
        kind: type[object] = type(response)  # pyright: ignore[reportUnknownVariableType]
        # By its type alone: a framework's proxy may raise when it is asked what it is.
        if issubclass(kind, ALREADY_TRACKED):
            return response
        if response is None and labels.get("model") is None:
            raise InvalidRequestError(
                "track(None) records a call without a response, so it needs model=, and "
                'what was used: units={"characters": 1500}, or cost=.'
            )
        if _is_unawaited(response):
            if inspect.iscoroutine(response):
                response.close()
            raise InvalidRequestError(
                "track() was given a call that was not awaited: await it first, track(await call)."
            )
        result: Any = None
        with self._guarded:
            result = self._track(response, labels)
        if result is not None:
            return result
        # A fault of ours. What the caller was going to read must still be readable.
        if wrapper_for(response) or _to_be_read(response) or is_raw(response):
            return response
        return TrackResult(UsageEvent(None, labels), queued=False)

    def passed_on(self, stream: Any) -> Any:
        """Wrap a stream whose parts are tracked where they come from: it is never recorded."""
        kind = wrapper_for(stream) or TrackedStream
        tracked = self._wrap(kind, stream, {})
        tracked.disown()
        return tracked

    def track_anew(self, response: Any, labels: Labels) -> Any:
        """Track what came out of another object, of whatever class."""
        return self._tracker.track_as(response, labels)

    def _track(self, response: Any, labels: Labels) -> Any:
        provider = labels.get("provider")
        if response is None:
            return self._tracker.record(None, labels)
        if is_raw(response) and is_read(response):
            return self._track_whole(response, detect_raw(response, provider=provider), labels)
        wrapper = _wrapper_of_raw(response) if is_raw(response) else wrapper_for(response)
        key = _to_be_read(response) if wrapper is None else None
        if wrapper is not None or key is not None:
            # However late it is read, the call was made now.
            late = stamped(labels, utc_now())
            if key is not None:
                return self._wrap_within(response, key, late)
            return self._wrap(wrapper or TrackedStream, response, late)
        detection = detect(response, provider=provider)
        if detection is None and isinstance(response, list | tuple):
            return self._track_collected(cast("list[Any]", response), labels)
        return self._track_whole(response, detection, labels)

    def _track_whole(
        self, response: Any, detection: Detection | None, labels: Labels
    ) -> TrackResult:
        if detection is None:
            self._report_unknown(response)
        return self._tracker.record(detection, labels)

    def _track_collected(self, items: list[Any], labels: Labels) -> TrackResult:
        """A stream's items, read already; responses of several calls are refused."""
        reading = StreamReading(provider=labels.get("provider"))
        for item in items:
            reading.observe(item)
        reading.exhausted = True
        return self.record_stream(reading, items, labels)

    def _refuse_several(self, labels: Labels) -> TrackResult:
        self._tracker.guard.report(
            BearLumenError(
                "track() was given several responses at once: track each by itself, so that "
                "each is an event of its own."
            ),
            problem="several responses at once",
        )
        return _nothing(labels)

    def _wrap(
        self,
        kind: type[TrackedStream[Any] | _AsyncStream[Any]],
        stream: Any,
        labels: Labels,
        *,
        seller: str | None = None,
    ) -> Any:
        tracked = kind(
            stream,
            reading=StreamReading(
                provider=labels.get("provider") or host_provider(stream), seller=seller
            ),
            guard=self._tracker.guard,
            call=_Call(self, labels),
        )
        self._tracker.streams.add(tracked)
        return tracked

    def _wrap_within(self, response: dict[str, Any], key: str, labels: Labels) -> TrackedResponse:
        """Wrap what is still to be read in an answer of boto3's."""
        inner = response[key]
        if not hasattr(inner, "read"):
            wrapper = wrapper_for(inner)
            stream = self._wrap(wrapper or TrackedStream, inner, labels, seller=BEDROCK)
            return TrackedResponse(response, key=key, stream=stream)
        # The counts are in the headers. Reading the body would take it from the caller.
        headers = detect(response, provider=BEDROCK)

        def record(content: Any) -> TrackResult:
            detection = detect(content) if isinstance(content, dict) else None
            if detection is None or headers is None or detection.pending:
                return self._tracker.record(headers or detection, finished(labels))
            detection.provider = BEDROCK
            detection.fill_from(headers)
            return self._tracker.record(detection, finished(labels))

        def preview() -> TrackResult:
            return TrackResult(UsageEvent(headers, labels), queued=False)

        body = TrackedBody(inner, guard=self._tracker.guard, record=record, preview=preview)
        self._tracker.streams.add(body)
        return TrackedResponse(response, key=key, stream=body)

    def record_stream(self, reading: StreamReading, stream: Any, labels: Labels) -> TrackResult:
        """Record a stream that is done, if there was a call to speak of."""
        if is_raw(stream) and not reading.started:
            detection = detect_raw(stream, provider=labels.get("provider"))
            if detection is None and is_read(stream):
                self._report_unknown(stream)
            return self._tracker.record(detection, labels) if detection else _nothing(labels)
        detection = reading.detection(stream)
        if detection is None and not (reading.started or reading.exhausted):
            # Opening it failed, or nobody read it: there is no call to speak of.
            if not hasattr(stream, "__next__") and not hasattr(stream, "__anext__"):
                self._report_unopened(stream)
            return _nothing(labels)
        if reading.is_mixed:
            return self._refuse_several(labels)
        recorded = self._tracker.recorded_already(detection, labels)
        if recorded is not None:
            return recorded
        if detection is None:
            self._report_unknown(stream)
        elif reading.complete and reading.usage_option and not detection.usage.counts:
            self._tracker.guard.report(
                BearLumenError(
                    f"A stream from {detection.provider} ended without usage, so its cost is "
                    f"unknown. Ask for it: {reading.usage_option}."
                ),
                problem=f"stream without usage: {detection.provider}",
            )
        return self._tracker.record(
            detection, labels, incomplete=detection is not None and not reading.complete
        )

    def _report_unopened(self, stream: Any) -> None:
        """Something that can be read but is no provider's, and was not read through us."""
        found = known(stream)
        if not found.flavors and not is_raw(stream) and not isinstance(stream, list):
            self._report_unknown(stream)

    def _report_unknown(self, response: Any) -> None:
        kind = f"{type(response).__module__}.{type(response).__qualname__}"
        self._tracker.guard.report(
            BearLumenError(
                f"track() does not recognise a {kind} and recorded no tokens for it. Pass the "
                "provider's own response, or track(None, model=…, units=…)."
            ),
            problem=f"unrecognised: {kind}",
        )


class _Call:
    """One tracked call: its labels are those of the moment it was tracked, however late it ends."""

    def __init__(self, wrapping: Wrapping, labels: Labels) -> None:
        self._wrapping = wrapping
        self._labels = labels
        self._is_hidden: Callable[[Any], bool] | None = labels.get("is_hidden")

    def is_hidden(self, item: Any) -> bool:
        """Whether the caller did not ask for this item, which we did."""
        return self._is_hidden is not None and self._is_hidden(item)

    def record_stream(self, reading: StreamReading, stream: Any) -> TrackResult:
        """Record a stream that is done."""
        return self._wrapping.record_stream(reading, stream, finished(self._labels))

    def track(self, response: Any) -> Any:
        """Track what came out of another object."""
        return self._wrapping.track_anew(response, self._labels)


def _nothing(labels: Labels) -> TrackResult:
    """The result of a call of which nothing is known and nothing was recorded."""
    return TrackResult(UsageEvent(None, labels), queued=False)


def _wrapper_of_raw(raw: Any) -> type[TrackedStream[Any] | _AsyncStream[Any]]:
    kind: Any = type(raw)  # pyright: ignore[reportUnknownVariableType]
    return _AsyncStream if inspect.iscoroutinefunction(kind.parse) else TrackedStream


def _is_unawaited(value: object) -> bool:
    kind = type(value)
    return hasattr(kind, "__await__") and not (
        hasattr(kind, "__aiter__") or hasattr(kind, "__aenter__")
    )


def _to_be_read(response: Any) -> str | None:
    """Where boto3's answer has a stream or a body; None for anything else."""
    if issubclass(type(response), dict) and "ResponseMetadata" in response:
        answer = cast("dict[str, Any]", response)
        for key in STREAM_KEYS:
            inner = answer.get(key)
            if inner is not None and (wrapper_for(inner) or hasattr(inner, "read")):
                return key
    return None
