"""The callback handler: it reads and queues, and does nothing else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from langchain_core.callbacks import BaseCallbackHandler

from bearlumen import BearLumenError
from bearlumen.integration import Announced, announce, frame, guard_of, labels_in, record

from .attribution import implied
from .usage import usage_of

if TYPE_CHECKING:
    from uuid import UUID

    from langchain_core.outputs import LLMResult

    from bearlumen import AsyncBearLumen, BearLumen

MAX_RUNS: Final = 10_000
"""Runs that are remembered at once. One that was cancelled never ends."""


class _Run:
    """A call of a model that has begun."""

    __slots__ = ("announced", "began", "metadata")

    def __init__(self, announced: Announced, metadata: dict[str, Any]) -> None:
        self.announced = announced
        self.began = perf_counter()
        self.metadata = metadata


class BearLumenCallbackHandler(BaseCallbackHandler):
    """Records every call of a model as one usage event.

        handler = BearLumenCallbackHandler(bear)
        chain.invoke(question, {"callbacks": [handler], "metadata": {"user_id": "customer_7"}})

    One handler serves any number of chains, threads and tasks. An answer from LangChain's cache
    costs nothing and is no event; so are calls that fail or are broken off.

    Whom and what a call is for: metadata with our prefix (`bearlumen_end_user`,
    `bearlumen_feature`, `bearlumen_agent`, `bearlumen_workflow`, `bearlumen_session`,
    `bearlumen_dimensions`), then plain `user_id`, `session_id` and `feature`, then the scope in
    force where the call begins, then what LangGraph knows: `thread_id` as the session, the agent's
    name or the node as the agent, the name of the outermost run as the workflow.

    Args:
        client: Which records and delivers.
        plain_metadata: Whether `user_id`, `session_id` and `feature` are read without a prefix.
    """

    # On the caller's thread or event loop: to hand each token to a thread costs more than reading.
    run_inline = True

    def __init__(self, client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
        self._client = client
        self._plain = plain_metadata
        self._guard = guard_of(client)
        self._beginning = self._guard("noting that a LangChain run began")
        self._ending = self._guard("recording a LangChain run")
        self._lock = threading.Lock()
        self._runs: OrderedDict[UUID, _Run] = OrderedDict()
        self._roots: OrderedDict[UUID, str | None] = OrderedDict()

    def on_chat_model_start(  # noqa: D102  # LangChain's own
        self, serialized: Any, messages: Any, *, run_id: UUID, **about: Any
    ) -> None:
        self._begin(run_id, **about)

    def on_llm_start(  # noqa: D102
        self, serialized: Any, prompts: Any, *, run_id: UUID, **about: Any
    ) -> None:
        self._begin(run_id, **about)

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        # The call was made: what is called between two tokens is another.
        run = self._runs.get(run_id)
        if run is not None:
            run.announced.close()

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        with self._ending:
            self._end(response, run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        with self._ending:
            run = self._forget(run_id)
            if run is not None:
                run.announced.withdraw()

    def on_chain_start(  # noqa: D102
        self, serialized: Any, inputs: Any, *, run_id: UUID, **about: Any
    ) -> None:
        self._branch(run_id, **about)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        self._roots.pop(run_id, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        self._roots.pop(run_id, None)

    def on_tool_start(  # noqa: D102
        self, serialized: Any, input_str: str, *, run_id: UUID, **about: Any
    ) -> None:
        self._branch(run_id, **about)

    def on_tool_end(self, output: Any, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        self._roots.pop(run_id, None)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        self._roots.pop(run_id, None)

    def on_retriever_start(  # noqa: D102
        self, serialized: Any, query: str, *, run_id: UUID, **about: Any
    ) -> None:
        self._branch(run_id, **about)

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **about: Any) -> None:  # noqa: D102
        self._roots.pop(run_id, None)

    def on_retriever_error(  # noqa: D102
        self, error: BaseException, *, run_id: UUID, **about: Any
    ) -> None:
        self._roots.pop(run_id, None)

    def _branch(
        self, run_id: UUID, parent_run_id: UUID | None = None, name: str | None = None, **_: Any
    ) -> None:
        """Remember what the outermost of the runs around a run is called."""
        with self._lock:
            root = self._roots.get(parent_run_id, name) if parent_run_id is not None else name
            self._roots[run_id] = root
            if len(self._roots) > MAX_RUNS:
                self._roots.popitem(last=False)

    def _begin(
        self,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        with self._beginning:
            given = metadata or {}
            root = self._roots.get(parent_run_id) if parent_run_id is not None else None
            within = frame(
                self._client,
                labels_in(given, plain=self._plain),
                defaults=implied(given, root),
            )
            with self._lock:
                self._runs[run_id] = _Run(
                    announce(self._client, within, by=BearLumenCallbackHandler), given
                )
                if len(self._runs) > MAX_RUNS:
                    self._runs.popitem(last=False)

    def _forget(self, run_id: UUID) -> _Run | None:
        with self._lock:
            return self._runs.pop(run_id, None)

    def _end(self, response: LLMResult, run_id: UUID) -> None:
        run = self._forget(run_id)
        if run is not None:
            run.announced.withdraw()
            if run.announced.is_taken:
                return  # a wrapped client below recorded it, and knows more of it
        usage = usage_of(response, run.metadata if run else {})
        if usage is None:
            return
        if not usage.counts:
            self._guard.report(
                BearLumenError(
                    f"LangChain does not say what a call of {usage.model} used, so its cost is "
                    "unknown. For a stream of ChatOpenAI with a base_url, ask for it with "
                    "stream_usage=True."
                ),
                problem=f"LangChain run without usage: {usage.model}",
            )
        record(
            self._client,
            usage,
            # An end without a beginning: LangChain leaves that out beside certain other handlers.
            within=run.announced.frame if run else frame(self._client, {}),
            event_id=str(run_id),
            latency_ms=(perf_counter() - run.began) * 1_000 if run else None,
        )
