"""Run hooks, for programs that have tracing switched off: then there are no spans."""

from __future__ import annotations

import threading
from collections import OrderedDict
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from agents import RunHooks
from agents.models import get_default_model

from bearlumen.integration import Announced, announce, frame, guard_of, record

from .usage import GATEWAYS, call_usage, report_missing

if TYPE_CHECKING:
    from types import CoroutineType

    from agents import Agent, ModelResponse, RunContextWrapper
    from agents.items import TResponseInputItem

    from bearlumen import AsyncBearLumen, BearLumen

MAX_RUNS: Final = 10_000
"""Calls that are remembered at once. One that failed never ends."""


async def _nothing() -> None:
    """What is left to await of a hook."""


class BearLumenRunHooks(RunHooks[Any]):
    """Records each model call of a run as one usage event, without spans.

        await Runner.run(agent, question, hooks=BearLumenRunHooks(bear))

    Hooks are told neither the model that answered nor the run's workflow name or group: the model
    is the agent's as it was asked for, and everything but the agent comes from the scope. An agent
    that is another's tool has hooks of its own: `agent.as_tool(…, hooks=…)`. A call that a wrapped
    client or `instrument` records as well is one event.

    Args:
        client: Which records and delivers.
        model: The model of the `RunConfig`, if it has one: it comes before the agent's.
    """

    def __init__(self, client: BearLumen | AsyncBearLumen, *, model: str | None = None) -> None:
        self._client = client
        self._model = model
        self._guard = guard_of(client)
        self._beginning = self._guard("noting that a call of OpenAI Agents began")
        self._ending = self._guard("recording a call of OpenAI Agents")
        self._lock = threading.Lock()
        self._calls: OrderedDict[int, tuple[Announced, float]] = OrderedDict()

    # Both hooks do their work when they are called, in the run's own context. What they return is
    # awaited in a task beside it, where the client that makes the call would not see it announced.
    def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[TResponseInputItem],
    ) -> CoroutineType[Any, Any, None]:
        """Note that a call begins, and whom and what it is for."""
        with self._beginning:
            within = frame(self._client, {}, defaults={"agent": agent.name})
            announced = announce(self._client, within, by=BearLumenRunHooks)
            with self._lock:
                self._calls[id(context)] = announced, perf_counter()
                if len(self._calls) > MAX_RUNS:
                    self._calls.popitem(last=False)
        return _nothing()

    def on_llm_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> CoroutineType[Any, Any, None]:
        """Record the call."""
        with self._ending:
            self._end(context, agent, response)
        return _nothing()

    def _end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> None:
        with self._lock:
            announced, began = self._calls.pop(id(context), (None, None))
        if announced is None or began is None:
            return
        announced.withdraw()
        if announced.is_taken:
            return  # a wrapped client below recorded it, or the span of the same call
        usage = call_usage(*self._asked(agent), response.usage)
        if not usage.counts:
            report_missing(self._guard, usage)
        record(
            self._client,
            usage,
            within=announced.frame,
            latency_ms=(perf_counter() - began) * 1_000,
        )

    def _asked(self, agent: Agent[Any]) -> tuple[str, object, object]:
        """The model, where it is, and by which library it is asked."""
        given: Any = self._model or agent.model or get_default_model()
        if not isinstance(given, str):
            library = type(given).__module__.rpartition(".")[2].removesuffix("_model")
            base_url = getattr(getattr(given, "_client", None), "base_url", None)
            return str(given.model), base_url, library
        prefix, slash, rest = given.partition("/")
        if slash and prefix in (*GATEWAYS, "openai"):
            return rest, None, prefix
        return given, None, None
