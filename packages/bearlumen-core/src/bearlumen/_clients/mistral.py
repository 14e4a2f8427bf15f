"""Mistral's client, whose parts are loaded when they are first used."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from .copies import copy_of, is_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import Calls

_METHODS: Final = {
    "chat": ("complete", "stream"),
    "fim": ("complete", "stream"),
    "agents": ("complete", "stream"),
    "embeddings": ("create",),
    "ocr": ("process",),
    "transcriptions": ("complete", "stream"),
    "conversations": ("start", "append", "restart", "start_stream", "append_stream",
                      "restart_stream"),
}  # fmt: skip
"""What calls, and its async twin: `parse` and its relatives are made of these."""
_HOLDERS: Final = frozenset(("audio", "beta"))
"""Parts that have parts of their own."""


def is_client(client: Any) -> bool:
    """Whether the client is of this make."""
    return is_of(client, "mistralai", "Mistral", "MistralAzure", "MistralGCP")


def wrap(client: Any, calls: Calls) -> Any:
    """A copy each of whose parts is tracked from when it is first used."""
    return _tracking_parts(client, calls)


def _tracking_parts(holder: Any, calls: Calls) -> Any:
    kind: Any = type(holder)  # pyright: ignore[reportUnknownVariableType]
    lookup: Callable[[Any, str], Any] | None = getattr(kind, "__getattr__", None)

    def load(self: Any, name: str) -> Any:
        if lookup is None:
            raise AttributeError(name)
        part = _tracked_part(name, lookup(self, name), calls)
        self.__dict__[name] = part
        return part

    copy = copy_of(holder, **({"__getattr__": load} if lookup is not None else {}))
    for name in (*_METHODS, *_HOLDERS):
        if name in copy.__dict__:
            copy.__dict__[name] = _tracked_part(name, copy.__dict__[name], calls)
    return copy


def _tracked_part(name: str, part: Any, calls: Calls) -> Any:
    if name in _HOLDERS:
        return _tracking_parts(part, calls)
    if name not in _METHODS:
        return part
    copy = copy_of(part)
    for method in _METHODS[name]:
        for twin in (method, f"{method}_async"):
            found = getattr(copy, twin, None)
            if found is not None:
                copy.__dict__[twin] = functools.wraps(found)(calls.tracked(found, _labels))
    return copy


def _labels(_args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    model = kwargs.get("model")
    return {"asked_model": model} if isinstance(model, str) else {}
