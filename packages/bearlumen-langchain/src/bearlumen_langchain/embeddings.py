"""Embeddings, for which LangChain calls nobody back."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from bearlumen import AsyncBearLumen, BearLumen

    E = TypeVar("E", bound=Embeddings)

CLIENTS: Final = ("client", "async_client", "_client", "_async_client")
"""Where LangChain's classes keep the provider's client, or a resource of it."""


def track_embeddings(client: BearLumen | AsyncBearLumen, embeddings: E) -> E:
    """Embeddings of LangChain's whose calls are tracked.

        embeddings = track_embeddings(bear, OpenAIEmbeddings(model="text-embedding-3-small"))

    LangChain keeps only the vectors of an answer, so the provider's client below is wrapped, in a
    copy: what was given stays as it was. Calls are tracked with the scope in force.

    Args:
        client: Which records and delivers.
        embeddings: Of OpenAI, Azure OpenAI, Google, Ollama or Bedrock.

    Raises:
        TypeError: There is no client in it that can be wrapped.
    """
    tracked = copy.copy(embeddings)
    found = False
    for name in CLIENTS:
        held: Any = getattr(embeddings, name, None)
        if held is None:
            continue
        wrapped = _wrapped(client, held)
        if wrapped is not None:
            object.__setattr__(tracked, name, wrapped)
            found = True
    if not found:
        kind = type(embeddings).__qualname__
        raise TypeError(
            f"There is no client in a {kind} that can be wrapped. Embeddings of OpenAI, Azure "
            "OpenAI, Google, Ollama and Bedrock can be tracked; for others, track a call by hand: "
            "bear.track(None, model=..., units=...)."
        )
    return tracked


def _wrapped(client: BearLumen | AsyncBearLumen, held: Any) -> Any:
    try:
        return client.wrap(held)
    except TypeError:
        pass
    # OpenAI's are a resource of the client: `client.embeddings`.
    owner: Any = getattr(held, "_client", None)
    if owner is None or not hasattr(owner, "embeddings"):
        return None
    try:
        return client.wrap(owner).embeddings
    except TypeError:
        return None
