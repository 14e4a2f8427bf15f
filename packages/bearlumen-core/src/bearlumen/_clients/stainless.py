"""OpenAI's and Anthropic's clients, and those that are generated in the same way.

Every call of theirs goes through `post`: raw ones, parsed ones, and those of the `stream` helpers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from .copies import copy_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .calls import Calls

_BASES: Final = frozenset(("SyncAPIClient", "AsyncAPIClient"))
_BILLED: Final = (
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/images/generations",
    "/images/edits",
    "/images/variations",
    "/audio/transcriptions",
    "/audio/translations",
    "/v1/messages",
    "/v1/complete",
    "/rerank",
)
"""Ends of the paths whose answers say what they used. Speech does not: see docs/attribution.md."""
_ASKABLE: Final = ("/chat/completions", "/completions")
_RAW_HEADER: Final = "X-Stainless-Raw-Response"


def is_client(client: Any) -> bool:
    """Whether the client is of this make."""
    return any(
        kind.__name__ in _BASES and kind.__module__.endswith("_base_client")
        for kind in type(client).__mro__
    )


def wrap(client: Any, calls: Calls) -> Any:
    """A copy whose `post` is tracked, and whose copies are wrapped as well."""
    copy = copy_of(client)
    copy.__dict__["post"] = calls.tracked(
        copy.post, lambda args, kwargs: _labels(args, kwargs, calls)
    )
    for name, value in client.__dict__.items():
        # A resource, of those that were used already: it holds the client's own `post`.
        if getattr(value, "_client", None) is client and _root(value) == _root_of_sdk(client):
            del copy.__dict__[name]
            if not hasattr(type(client), name):  # pyright: ignore[reportUnknownArgumentType]
                copy.__dict__[name] = type(value)(copy)
    for name in ("copy", "with_options"):
        if hasattr(copy, name):
            copy.__dict__[name] = _copying(getattr(copy, name), calls)
    return copy


def _root(value: object) -> str:
    return type(value).__module__.partition(".")[0]


def _root_of_sdk(client: Any) -> str | None:
    """The package of the SDK, which may have been subclassed elsewhere."""
    modules = (kind.__module__ for kind in type(client).__mro__ if kind.__name__ in _BASES)
    return next((module.partition(".")[0] for module in modules), None)


def _copying(make: Any, calls: Calls) -> Any:
    def make_copy(*args: Any, **kwargs: Any) -> Any:
        return wrap(make(*args, **kwargs), calls)

    return make_copy


def _labels(args: tuple[Any, ...], kwargs: dict[str, Any], calls: Calls) -> dict[str, Any] | None:
    path: object = args[0] if args else kwargs.get("path")
    if not isinstance(path, str) or not path.partition("?")[0].endswith(_BILLED):
        return None
    body: object = kwargs.get("body")
    if not isinstance(body, dict):
        return {}
    asked = cast("dict[str, Any]", body)
    labels: dict[str, Any] = {}
    if isinstance(asked.get("model"), str):
        labels["asked_model"] = asked["model"]
    if calls.ensure_usage and path.endswith(_ASKABLE) and _asks_for_no_usage(asked, kwargs):
        given: Any = asked.get("stream_options")
        kwargs["body"] = {
            **asked,
            "stream_options": {**(given if isinstance(given, dict) else {}), "include_usage": True},
        }
        labels["is_hidden"] = is_usage_chunk
    return labels


def _asks_for_no_usage(body: Mapping[str, Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether it is a stream that was not asked for its usage, nor forbidden to tell it."""
    options = cast("dict[str, Any]", kwargs.get("options") or {})
    if "stream_options" in (options.get("extra_json") or {}):
        return False  # the caller's `extra_body`, which comes last
    given: Any = body.get("stream_options")
    if not body.get("stream") or (isinstance(given, dict) and "include_usage" in given):
        return False
    headers = cast("dict[str, Any]", options.get("headers") or {})
    # Who reads the lines of the answer would read the one of the usage as well.
    return headers.get(_RAW_HEADER) != "stream"


def is_usage_chunk(item: Any) -> bool:
    """Whether it is the extra item that a stream ends with when it is asked for its usage."""
    return not getattr(item, "choices", True) and getattr(item, "usage", None) is not None
