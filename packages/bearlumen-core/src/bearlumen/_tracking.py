"""What `track` does, for both clients: recognise, read, label, queue.

Nothing in here waits for a network or a disk, and nothing but misuse raises.
"""

import inspect
from collections.abc import Mapping
from typing import Any, cast

from ._config import Config
from ._guard import Guard
from ._options import Labels, read_options
from .batching.worker import Worker
from .errors import BearLumenError, InvalidRequestError
from .events import UNKNOWN, UsageEvent
from .providers import Detection, detect
from .providers._stream import StreamReading
from .streams import (
    AsyncTrackedStream,
    OpenStreams,
    TrackedResponse,
    TrackedStream,
    TrackResult,
    wrapper_for,
)
from .transport import Transport

STREAM_KEYS = ("stream", "body")
"""Where boto3 puts the stream in the dict that it answers a streaming call with."""

AnyTrackedStream = TrackedStream[Any] | AsyncTrackedStream[Any]
ALREADY_TRACKED = (TrackedStream, AsyncTrackedStream, TrackedResponse, TrackResult)
"""Tracked once more, they stay what they are, and one event."""


class Tracker:
    """One client's tracking: its guard, its worker and the streams still being read."""

    def __init__(self, config: Config, transport: Transport) -> None:
        self.guard = Guard(config.on_error)
        self.streams = OpenStreams()
        self.worker = Worker(transport, config=config, guard=self.guard, streams=self.streams)

    def track(self, response: Any, options: Mapping[str, Any]) -> Any:
        """Record a response, or wrap a stream so that it is recorded when it is done."""
        labels = read_options(options, guard=self.guard)
        if isinstance(response, ALREADY_TRACKED):
            return cast("Any", response)
        if response is None:
            if labels.model is None:
                raise InvalidRequestError(
                    "track(None) records a call without a response, so it needs model=, and "
                    'what was used: units={"characters": 1500}, or cost=.'
                )
            return self._record(None, labels)
        if inspect.iscoroutine(response):
            response.close()
            raise InvalidRequestError(
                "track() was given a coroutine: await the call first, track(await call)."
            )
        result: Any = None
        with self.guard("tracking a response"):
            result = self._track(response, labels)
        if result is not None:
            return result
        # A fault of ours. What the caller was going to read must still be readable.
        if wrapper_for(response) or _stream_key(response):
            return response
        return _nothing(labels)

    def shutdown(self, timeout: float) -> bool:
        """Record the streams that are still open, deliver, and end the worker."""
        with self.guard("recording the open streams"):
            self.streams.settle()
        return self.worker.close(timeout)

    def _track(self, response: Any, labels: Labels) -> Any:
        wrapper = wrapper_for(response)
        if wrapper is not None:
            return self._wrap(wrapper, response, labels)
        key = _stream_key(response)
        if key:
            return TrackedResponse(response, key=key, stream=self._track(response[key], labels))
        detection = detect(response, provider=labels.provider)
        if detection is None:
            self._report_unknown(response)
        return self._record(detection, labels)

    def _wrap(
        self, kind: type[TrackedStream[Any] | AsyncTrackedStream[Any]], stream: Any, labels: Labels
    ) -> AnyTrackedStream:
        # The labels are those of the moment the call was tracked, however late it is read.
        def record(reading: StreamReading, inner: Any) -> TrackResult:
            return self._record_stream(reading, inner, labels)

        tracked = kind(
            stream,
            reading=StreamReading(provider=labels.provider),
            guard=self.guard,
            record=record,
        )
        self.streams.add(tracked)
        return tracked

    def _record_stream(self, reading: StreamReading, stream: Any, labels: Labels) -> TrackResult:
        detection = reading.detection(stream)
        if detection is None and not (reading.started or reading.exhausted):
            # Opening it failed, or nobody read it: there is no call to speak of.
            return _nothing(labels)
        if detection is None:
            self._report_unknown(stream)
        elif not detection.counts and reading.complete and reading.usage_option:
            self.guard.report(
                BearLumenError(
                    f"A stream from {detection.provider} ended without usage, so its cost is "
                    f"unknown. Ask for it: {reading.usage_option}."
                ),
                problem=f"stream without usage: {detection.provider}",
            )
        return self._record(detection, labels, incomplete=not reading.complete)

    def _record(
        self, detection: Detection | None, labels: Labels, *, incomplete: bool = False
    ) -> TrackResult:
        model = labels.model or (detection.model if detection else None)
        provider = labels.provider or (detection.provider if detection else UNKNOWN)
        counts = dict(detection.counts) if detection else {}
        incomplete = incomplete and detection is not None
        # Without a response and a name there is nothing to record; a response that is still being
        # made is counted when it is finished.
        named = detection is not None or model is not None
        pending = detection is not None and detection.pending
        queued = False
        if named and not pending:
            if model is None:
                self._report_nameless(provider)
            event = UsageEvent(
                event_id=labels.event_id,
                model=model or UNKNOWN,
                provider=provider,
                invoked_at=labels.invoked_at,
                counts=counts,
                tool_calls=detection.tool_calls if detection else {},
                service_tier=detection.service_tier if detection else None,
                units=labels.units,
                cost=labels.cost,
                user_id=labels.user_id,
                feature=labels.feature,
                agent=labels.agent,
                workflow=labels.workflow,
                session_id=labels.session_id,
                session_type=labels.session_type,
                dimensions=labels.dimensions,
                metadata=labels.metadata,
                response_id=detection.response_id if detection else None,
                incomplete=incomplete,
            )
            with self.guard("queueing an event"):
                queued = self.worker.put(event.encode())
        return TrackResult(
            detected=detection is not None,
            model=model,
            provider=provider,
            event_id=labels.event_id if queued else None,
            counts=counts,
            incomplete=incomplete,
        )

    def _report_nameless(self, provider: str) -> None:
        self.guard.report(
            BearLumenError(
                f"A {provider} response does not name its model, so its cost is unknown: "
                "pass model= to track()."
            ),
            problem=f"no model: {provider}",
        )

    def _report_unknown(self, response: Any) -> None:
        kind = f"{type(response).__module__}.{type(response).__qualname__}"
        self.guard.report(
            BearLumenError(
                f"track() does not recognise a {kind} and recorded no tokens for it. Pass the "
                "provider's own response, or track(None, model=…, units=…)."
            ),
            problem=f"unrecognised: {kind}",
        )


def _nothing(labels: Labels) -> TrackResult:
    """The result of a call of which nothing is known and nothing was recorded."""
    return TrackResult(
        detected=False, model=labels.model, provider=labels.provider or UNKNOWN, event_id=None
    )


def _stream_key(response: Any) -> str | None:
    """Where the stream stands in boto3's answer to a streaming call; None for anything else."""
    if isinstance(response, dict) and "ResponseMetadata" in response:
        answer = cast("dict[str, Any]", response)
        for key in STREAM_KEYS:
            inner = answer.get(key)
            # invoke_model's body is read with `read`; looking into it would empty it.
            if inner is not None and wrapper_for(inner) and not hasattr(inner, "read"):
                return key
    return None
