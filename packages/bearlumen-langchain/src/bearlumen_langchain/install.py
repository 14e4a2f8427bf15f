"""The handler for every run of the process, by LangChain's own hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_core.tracers.context import register_configure_hook

from .handler import BearLumenCallbackHandler

if TYPE_CHECKING:
    from contextvars import ContextVar

    from bearlumen import AsyncBearLumen, BearLumen


class _Installed:
    """Stands where LangChain looks for a context variable: its value is that of every thread.

    There is no way to take a hook back, so that there is one, which may hold nothing.
    """

    def __init__(self) -> None:
        self.handler: BearLumenCallbackHandler | None = None
        self.is_registered = False

    def get(self) -> BearLumenCallbackHandler | None:
        return self.handler


_installed = _Installed()


def instrument(client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
    """Record every call that LangChain makes in this process, without handing it a handler.

    A run that was given a `BearLumenCallbackHandler` of its own keeps to that one. Called again, it
    replaces the client.

    Args:
        client: Which records and delivers.
        plain_metadata: As for `BearLumenCallbackHandler`.
    """
    _installed.handler = BearLumenCallbackHandler(client, plain_metadata=plain_metadata)
    if not _installed.is_registered:
        variable = cast("ContextVar[Any | None]", _installed)
        register_configure_hook(variable, True, BearLumenCallbackHandler)  # noqa: FBT003
        _installed.is_registered = True


def uninstrument() -> None:
    """Stop recording what runs without a handler of its own."""
    _installed.handler = None
