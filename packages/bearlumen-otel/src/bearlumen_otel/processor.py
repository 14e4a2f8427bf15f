"""A span processor that makes a usage event of each span of a model call."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import StatusCode, get_current_span

from bearlumen import BearLumenError
from bearlumen.integration import Announced, announce, frame, guard_of, look_in, record

from .conventions import OPERATION, is_call, labels_of, usage_of

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

    from bearlumen import AsyncBearLumen, BearLumen

MAX_SPANS: Final = 10_000
"""Spans that are remembered at once. One that is dropped never ends."""


class _Open:
    """A span that has begun."""

    __slots__ = ("announced", "has_recorded_child", "labels")

    def __init__(self, announced: Announced | None, labels: dict[str, Any]) -> None:
        self.announced = announced
        self.labels = labels
        self.has_recorded_child = False


class BearLumenSpanProcessor(SpanProcessor):
    """Records the calls of models that any instrumentation makes spans of.

        provider = TracerProvider()
        provider.add_span_processor(BearLumenSpanProcessor(bear))

    Spans of the GenAI semantic conventions are read, by their current and previous names. Where a
    framework and an SDK both make one of the same call, the inner one is the event; a call that a
    wrapped client or another integration of ours records is left to it. A span of an agent or a
    workflow sums up others, and is none. Only spans that are sampled come here.

    Whom and what a call is for: attributes `bearlumen.end_user`, `bearlumen.feature` and the like,
    then `enduser.id`, `gen_ai.agent.name`, `gen_ai.conversation.id` and `gen_ai.workflow.name`, of
    the span or one around it, then the scope in force where the span began.

    Args:
        client: Which records and delivers.
    """

    def __init__(self, client: BearLumen | AsyncBearLumen) -> None:
        self._client = client
        self._guard = guard_of(client)
        self._beginning = self._guard("noting that a span began")
        self._ending = self._guard("recording a span")
        self._lock = threading.Lock()
        self._open: OrderedDict[int, _Open] = OrderedDict()
        look_in(self._here)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: D102, ARG002
        with self._beginning:
            attributes = span.attributes or {}
            around = self._open.get(span.parent.span_id) if span.parent is not None else None
            labels = (around.labels if around else {}) | labels_of(attributes)
            announced = None
            if is_call(attributes):
                announced = announce(self._client, frame(self._client, labels), by=self)
            with self._lock:
                self._open[span.get_span_context().span_id] = _Open(announced, labels)
                if len(self._open) > MAX_SPANS:
                    self._open.popitem(last=False)

    def on_end(self, span: ReadableSpan) -> None:  # noqa: D102
        with self._ending:
            self._end(span)

    def _here(self) -> Announced | None:
        """The call whose span is the current one.

        Pydantic AI opens a stream in another task than its span was begun in, and makes the span
        current there.
        """
        with self._beginning:
            found = self._open.get(get_current_span().get_span_context().span_id)
            return found.announced if found is not None else None
        return None

    def _end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is None:
            return
        with self._lock:
            ended = self._open.pop(context.span_id, None)
            around = self._open.get(span.parent.span_id) if span.parent is not None else None
        if ended is not None and ended.announced is not None:
            ended.announced.withdraw()
        attributes = span.attributes or {}
        done = ended is not None and (
            ended.has_recorded_child or (ended.announced is not None and ended.announced.is_taken)
        )
        failed = span.status.status_code is StatusCode.ERROR
        if not done and not failed and is_call(attributes):
            self._record(span, attributes, ended)
            done = True
        if done and around is not None and attributes.get(OPERATION) != "execute_tool":
            around.has_recorded_child = True

    def _record(self, span: ReadableSpan, attributes: Any, ended: _Open | None) -> None:
        usage = usage_of(attributes)
        if not usage.counts:
            self._guard.report(
                BearLumenError(
                    f"A span does not say what a call of {usage.model} used, so its cost is "
                    "unknown. For a stream of OpenAI's, ask for it: "
                    'stream_options={"include_usage": True}.'
                ),
                problem=f"span without usage: {usage.model}",
            )
        labels = (ended.labels if ended else {}) | labels_of(attributes)
        scope = ended.announced.frame if ended and ended.announced else None
        took = None
        if span.start_time is not None and span.end_time is not None:
            took = (span.end_time - span.start_time) / 1_000_000
        context = span.get_span_context()
        assert context is not None  # noqa: S101  # looked at above
        record(
            self._client,
            usage,
            within=frame(self._client, labels, scope=scope),
            event_id=f"{context.trace_id:032x}-{context.span_id:016x}",
            latency_ms=took,
        )
