"""A model whose requests are recorded."""

from __future__ import annotations

import copy
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pydantic_ai import ModelResponse
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel

from bearlumen import BearLumenError
from bearlumen.integration import Announced, announce, frame, guard_of, labels_in, record

from .usage import usage_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai import ModelMessage, ModelSettings, RunContext
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

    from bearlumen import AsyncBearLumen, BearLumen

running: ContextVar[RunContext[Any] | None] = ContextVar("bearlumen_pydantic_ai_run", default=None)
"""The run whose request is made."""
IN_PLACE = frozenset(("test", "function"))
"""Models that ask nobody, and make up their usage."""


class _Call:
    """A request that is made."""

    __slots__ = ("announced", "began")

    def __init__(self, announced: Announced) -> None:
        self.announced = announced
        self.began = perf_counter()


class BearLumenModel(WrapperModel):
    """A model whose every request is recorded as one usage event.

        model_request_sync(BearLumenModel(bear, "openai:gpt-4o"), messages)

    It is what `BearLumenCapability` puts around an agent's model; use it where there is no agent.

    Args:
        client: Which records and delivers.
        wrapped: The model, or its name. Of a `FallbackModel` each candidate is recorded.
        plain_metadata: As for `BearLumenCapability`.
    """

    def __init__(
        self,
        client: BearLumen | AsyncBearLumen,
        wrapped: Model | str,
        *,
        plain_metadata: bool = True,
    ) -> None:
        super().__init__(wrapped)
        self._bear = client
        self._plain = plain_metadata
        self._guard = guard_of(client)
        self._beginning = self._guard("noting that a request of Pydantic AI begins")
        self._ending = self._guard("recording a request of Pydantic AI")
        self._serving: Model = self.wrapped
        self._records = self.wrapped.system not in IN_PLACE
        if isinstance(self.wrapped, FallbackModel):
            # A candidate that is rejected was paid for, and one that fails must not stand for the
            # next. The model that was given stays as it is.
            self._records = False
            self._serving = copy.copy(self.wrapped)
            self._serving.models = [
                BearLumenModel(client, each, plain_metadata=plain_metadata)
                for each in self.wrapped.models
            ]

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """As the model does."""
        call = self._begin(running.get())
        try:
            response = await self._serving.request(
                messages, model_settings, model_request_parameters
            )
        except BaseException:
            if call is not None:
                call.announced.withdraw()
            raise
        self._end(call, response)
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """As the model does; it is recorded when it is left."""
        call = self._begin(run_context or running.get())
        try:
            async with self._serving.request_stream(
                messages, model_settings, model_request_parameters, run_context
            ) as stream:
                if call is not None:
                    call.announced.close()  # what is called between two chunks is another
                try:
                    yield stream
                finally:
                    self._end(call, stream)
        finally:
            if call is not None:
                call.announced.withdraw()

    def _begin(self, run: RunContext[Any] | None) -> _Call | None:
        if not self._records:
            return None
        with self._beginning:
            given: Any = run.metadata if run is not None else None
            implied: dict[str, Any] = {}
            if run is not None:
                implied["agent"] = run.agent.name if run.agent is not None else None
                implied["session"] = run.conversation_id
            within = frame(
                self._bear,
                labels_in(given or {}, plain=self._plain),
                defaults={name: value for name, value in implied.items() if value is not None},
            )
            return _Call(announce(self._bear, within, by=self))
        return None

    def _end(self, call: _Call | None, answer: ModelResponse | StreamedResponse) -> None:
        if call is None:
            return
        with self._ending:
            call.announced.withdraw()
            if call.announced.is_taken:
                return  # a wrapped client below recorded it, and knows more of it
            response = answer if isinstance(answer, ModelResponse) else answer.get()
            usage = usage_of(response, self.wrapped)
            if not usage.counts:
                if response.state != "complete":
                    return  # broken off, or still at work: it told of no usage
                self._report_missing(usage.model)
            record(
                self._bear,
                usage,
                within=call.announced.frame,
                latency_ms=(perf_counter() - call.began) * 1_000,
            )

    def _report_missing(self, model: str | None) -> None:
        self._guard.report(
            BearLumenError(
                f"Pydantic AI does not say what a request to {model} used, so its cost is unknown. "
                "If it is a stream of an OpenAI-compatible provider, wrap the client: "
                "OpenAIProvider(openai_client=bear.wrap(AsyncOpenAI(...), ensure_usage=True))."
            ),
            problem=f"Pydantic AI request without usage: {model}",
        )
