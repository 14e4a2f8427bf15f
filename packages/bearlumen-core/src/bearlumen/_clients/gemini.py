"""google-genai's client.

Where it calls functions by itself, one call makes several requests: each is tracked.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Final

from .._context import Inside, current
from ..decorators import stepping, stepping_async
from .copies import copy_of, is_of

if TYPE_CHECKING:
    from .calls import Calls

_METHODS: Final = (
    "_generate_content",
    "_generate_content_stream",
    "_embed_content",
    "_generate_images",
    "_edit_image",
    "_upscale_image",
)
"""Of `Models`, one request each; the public methods are made of them."""


def is_client(client: Any) -> bool:
    """Whether the client is of this make; `client.aio` is one as well."""
    return is_of(client, "google", "Client", "AsyncClient") and hasattr(client, "_models")


def wrap(client: Any, calls: Calls) -> Any:
    """A copy whose models, sync and async, are tracked, and the chats that are made of them."""
    copy = copy_of(client)
    copy.__dict__["_models"] = _tracked_models(client._models, calls)  # noqa: SLF001
    if hasattr(client, "_aio"):
        copy.__dict__["_aio"] = wrap(client._aio, calls)  # noqa: SLF001
    return copy


def _tracked_models(models: Any, calls: Calls) -> Any:
    copy = copy_of(models)
    for name in _METHODS:
        method = getattr(copy, name, None)
        if method is not None:
            copy.__dict__[name] = calls.tracked(method, _labels)
    copy.__dict__["generate_content_stream"] = _begun_at_the_call(
        copy.generate_content_stream, calls
    )
    return copy


def _begun_at_the_call(method: Any, calls: Calls) -> Any:
    """The method whose stream makes its requests while it is read: in the scope of its call."""
    if not inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        def called(*args: Any, **kwargs: Any) -> Any:
            begun = method(*args, **kwargs), Inside(current())
            return calls.passed_on(stepping(method, lambda _args, _kwargs: begun)())

        return called

    @functools.wraps(method)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        within = Inside(current())
        begun = await method(*args, **kwargs), within
        return calls.passed_on(stepping_async(method, lambda _args, _kwargs: begun)())

    return awaited


def _labels(_args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    model = kwargs.get("model")
    return {"asked_model": model.rpartition("/")[2]} if isinstance(model, str) else {}
