"""The capability that an agent is given."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic_ai.capabilities import (
    AbstractCapability,
    BatchModelRequests,
    CapabilityOrdering,
    Instrumentation,
)

from bearlumen.integration import announce, frame, guard_of

from .model import BearLumenModel, running

if TYPE_CHECKING:
    from pydantic_ai import ModelResponse, RunContext
    from pydantic_ai.capabilities import WrapModelRequestHandler
    from pydantic_ai.models import Model, ModelRequestContext

    from bearlumen import AsyncBearLumen, BearLumen


class BearLumenCapability(AbstractCapability[Any]):
    """Records each request that an agent makes to a model as one usage event.

        agent = Agent("openai:gpt-4o", capabilities=[BearLumenCapability(bear)], name="greeter")

    One serves any number of agents and runs. An agent that is called in another's tool needs it as
    well. Whom and what a request is for: the run's metadata with our prefix (`bearlumen_end_user`,
    `bearlumen_feature` and the like), then its plain `user_id`, `session_id` and `feature`, then
    the scope in force when the request begins, then the agent's name, and the conversation's id as
    the session.

    Args:
        client: Which records and delivers.
        plain_metadata: Whether `user_id`, `session_id` and `feature` are read without a prefix.
    """

    def __init__(self, client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
        self._client = client
        self._plain = plain_metadata
        self._beginning = guard_of(client)("noting that Pydantic AI asks a model")

    def get_ordering(self) -> CapabilityOrdering:
        """Within what makes spans of requests, and around what sends them in batches."""
        return CapabilityOrdering(wrapped_by=(Instrumentation,), wraps=(BatchModelRequests,))

    def get_wrapper_model(self, model: Model) -> Model | None:
        """The model whose requests are recorded, whichever serves the attempt."""
        with self._beginning:
            return BearLumenModel(self._client, model, plain_metadata=self._plain)
        return None

    async def wrap_model_request(
        self,
        ctx: RunContext[Any],
        *,
        request_context: ModelRequestContext,
        handler: WrapModelRequestHandler,
    ) -> ModelResponse:
        """Say whose request it is, which a model is told of streams alone."""
        with self._beginning:
            # A stream is read in another task than the span of its request was begun in, where the
            # announcement that the span made is not seen: it is told here that we record.
            announce(self._client, frame(self._client, {}), by=self).withdraw()
        token = running.set(ctx)
        try:
            return await handler(request_context)
        finally:
            with suppress(ValueError):  # a run that was left is closed in another context
                running.reset(token)
