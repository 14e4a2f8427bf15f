"""Ollama's clients."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from .copies import copy_of, is_of

if TYPE_CHECKING:
    from .calls import Calls

_METHODS: Final = ("chat", "generate", "embed", "embeddings")


def is_client(client: Any) -> bool:
    """Whether the client is of this make."""
    return is_of(client, "ollama", "Client", "AsyncClient")


def wrap(client: Any, calls: Calls) -> Any:
    """A copy whose calls are tracked."""
    copy = copy_of(client)
    for name in _METHODS:
        method = getattr(copy, name)
        copy.__dict__[name] = functools.wraps(method)(calls.tracked(method, _labels))
    return copy


def _labels(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    model = kwargs.get("model", args[0] if args else None)
    return {"asked_model": model} if isinstance(model, str) else {}
