"""A tracing processor that makes a usage event of each span of a model's call."""

from __future__ import annotations

import threading
from collections import OrderedDict
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from agents import get_current_trace
from agents.tracing import TracingProcessor

from bearlumen import BearLumenError
from bearlumen.integration import Announced, announce, frame, guard_of, labels_in, record, track

from .usage import call_usage, config_of, report_missing

if TYPE_CHECKING:
    from agents.tracing import Span, Trace

    from bearlumen import AsyncBearLumen, BearLumen

CALLS: Final = frozenset(("generation", "response"))
"""Types of spans that are one call of a model. A task's and a turn's sum up others."""
UNNAMED: Final = "Agent workflow"
"""What the SDK calls a run that nobody named."""
MAX_SPANS: Final = 10_000
"""Spans that are remembered at once. One that is dropped never ends."""


class _Call:
    """A call of a model that has begun."""

    __slots__ = ("announced", "began")

    def __init__(self, announced: Announced) -> None:
        self.announced = announced
        self.began = perf_counter()


class BearLumenTracingProcessor(TracingProcessor):
    """Records each model call of a run as one usage event.

        agents.add_trace_processor(BearLumenTracingProcessor(bear))

    is what `instrument` does. Whom and what a call is for: the trace's metadata with our prefix
    (`bearlumen_end_user`, `bearlumen_feature` and the like), then its plain `user_id`, `session_id`
    and `feature`, then the scope in force where the call begins, then what the SDK knows: the
    trace's `group_id` as the session, its workflow name, and the agent whose turn it is.

    Args:
        client: Which records and delivers.
        plain_metadata: Whether `user_id`, `session_id` and `feature` are read without a prefix.
    """

    def __init__(self, client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
        self.is_on = True
        """Whether calls that begin are recorded: the SDK has no way to take a processor out."""
        self._client = client
        self._plain = plain_metadata
        self._guard = guard_of(client)
        self._beginning = self._guard("noting that a span of OpenAI Agents began")
        self._ending = self._guard("recording a span of OpenAI Agents")
        self._lock = threading.Lock()
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._agents: OrderedDict[str, str] = OrderedDict()

    def on_trace_start(self, trace: Trace) -> None:
        """Nothing is recorded of a trace."""

    def on_trace_end(self, trace: Trace) -> None:
        """Nothing is recorded of a trace."""

    def on_span_start(self, span: Span[Any]) -> None:
        """Note whose call begins, and whom and what it is for."""
        if self.is_on:
            with self._beginning:
                self._start(span)

    def on_span_end(self, span: Span[Any]) -> None:
        """Record the call, if it is one that has said what it used."""
        with self._ending:
            with self._lock:
                self._agents.pop(span.span_id, None)
                call = self._calls.pop(span.span_id, None)
            if call is not None:
                self._end(span, call)

    def shutdown(self) -> None:
        """The client delivers by itself, and at the end of the process."""

    def force_flush(self) -> None:
        """As `shutdown`: `bear.flush()` waits for what is queued."""

    def _start(self, span: Span[Any]) -> None:
        data = span.span_data
        agent = self._agents.get(span.parent_id) if span.parent_id is not None else None
        if data.type in CALLS:
            call = _Call(announce(self._client, self._frame(span, agent), by=self))
            with self._lock:
                self._calls[span.span_id] = call
                if len(self._calls) > MAX_SPANS:
                    self._calls.popitem(last=False)
            return
        if data.type == "agent":
            agent = data.name
        if agent is not None:
            with self._lock:
                self._agents[span.span_id] = agent
                if len(self._agents) > MAX_SPANS:
                    self._agents.popitem(last=False)

    def _frame(self, span: Span[Any], agent: str | None) -> Any:
        trace: Any = get_current_trace()
        given: Any = getattr(trace, "metadata", None) or getattr(span, "trace_metadata", None)
        name = getattr(trace, "name", None)
        implied = {
            "agent": agent,
            "session": getattr(trace, "group_id", None),
            "workflow": None if name == UNNAMED else name,
        }
        return frame(
            self._client,
            labels_in(given or {}, plain=self._plain),
            defaults={label: value for label, value in implied.items() if value is not None},
        )

    def _end(self, span: Span[Any], call: _Call) -> None:
        call.announced.withdraw()
        if call.announced.is_taken:
            return  # a wrapped client below recorded it, and knows more of it
        data = span.span_data
        how: dict[str, Any] = {
            "within": call.announced.frame,
            "event_id": span.span_id,
            "latency_ms": (perf_counter() - call.began) * 1_000,
        }
        if getattr(data, "response", None) is not None:
            track(self._client, data.response, **how)
            return
        if data.usage is None:
            return  # it failed, or was broken off
        usage = call_usage(
            getattr(data, "model", None),
            *config_of(getattr(data, "model_config", None)),
            data.usage,
        )
        if usage.model is None:
            self._report_redacted()
        if not usage.counts:
            report_missing(self._guard, usage)
        record(self._client, usage, **how)

    def _report_redacted(self) -> None:
        self._guard.report(
            BearLumenError(
                "A span of the Responses API names no model where "
                "trace_include_sensitive_data is off, so its cost is unknown. Turn it on, or wrap "
                "the client: set_default_openai_client(bear.wrap(AsyncOpenAI()))."
            ),
            problem="OpenAI Agents span without its response",
        )
