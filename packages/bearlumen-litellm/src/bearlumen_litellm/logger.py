"""The callback: it reads and queues, and does nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_OID, uuid5

from litellm.integrations.custom_logger import CustomLogger

from bearlumen import BearLumenError
from bearlumen.integration import Announced, announce, frame, guard_of, labels_in, record

from .usage import is_call, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bearlumen import AsyncBearLumen, BearLumen

MAX_CALLS: Final = 10_000
"""Calls that are remembered at once: a stream that is broken off never ends."""

Key = tuple[Any, Any]


class BearLumenLogger(CustomLogger):
    """Records every call that LiteLLM makes as one usage event.

        litellm.callbacks.append(BearLumenLogger(bear))

    An answer from LiteLLM's cache costs nothing and is no event; so are calls that fail or are
    broken off. Of retries and fallbacks the call that answered is the event. A call that a wrapped
    client given as `client=` makes is recorded by that one.

    Whom and what a call is for: metadata with our prefix (`bearlumen_end_user`,
    `bearlumen_feature`, `bearlumen_agent`, `bearlumen_workflow`, `bearlumen_session`,
    `bearlumen_dimensions`), then plain `user_id`, `session_id` and `feature`, then the scope in
    force where the call begins, then the end user of LiteLLM's proxy, `user`, and
    `litellm_session_id`.

    Args:
        client: Which records and delivers.
        plain_metadata: Whether `user_id`, `session_id` and `feature` are read without a prefix.
    """

    def __init__(self, client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        # LiteLLM takes two of a class for the same unless a public attribute differs.
        self.records_for = id(client)
        self._client = client
        self._plain = plain_metadata
        self._guard = guard_of(client)
        self._beginning = self._guard("noting that a LiteLLM call began")
        self._ending = self._guard("recording a LiteLLM call")
        self._lock = threading.Lock()
        self._calls: OrderedDict[Key, Announced] = OrderedDict()
        self._recorded: OrderedDict[Key, None] = OrderedDict()

    async def async_pre_call_deployment_hook(  # noqa: D102  # LiteLLM's own
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        # In the caller's own task; the next hook may be in a copy of its context, on a thread.
        with self._beginning:
            details = getattr(kwargs.get("litellm_logging_obj"), "model_call_details", None)
            if details:  # older versions have none here yet: the next hook will do
                self._begin(_key(details), kwargs)
        return None

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: dict[str, Any]) -> None:  # noqa: D102
        with self._beginning:
            key = _key(kwargs)
            begun = self._calls.get(key)
            if begun is None:
                self._begin(key, kwargs)
            elif (loop := _loop()) is not None:
                # The client is called before anything else has its turn. A stream is open then, and
                # what is called between two of its items is another call.
                loop.call_soon(begun.close)

    def log_post_api_call(  # noqa: D102
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        with self._beginning:
            begun = self._calls.get(_key(kwargs))
            # That of an async stream comes before the call is made.
            if begun is not None and not _is_async(kwargs):
                begun.close()

    def log_success_event(  # noqa: D102
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        with self._ending:
            self._end(kwargs, response_obj, start_time, end_time)

    async def async_log_success_event(  # noqa: D102
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        with self._ending:
            self._end(kwargs, response_obj, start_time, end_time)

    def log_failure_event(  # noqa: D102
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        with self._ending:
            self._forget(_key(kwargs))

    async def async_log_failure_event(  # noqa: D102
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        with self._ending:
            self._forget(_key(kwargs))

    def _begin(self, key: Key, kwargs: Mapping[str, Any]) -> None:
        outer = Announced.take(self._guard)
        while outer is not None and outer.by is BearLumenLogger:
            outer.is_taken = False  # a call before this one, not seen from further out
            outer = Announced.take(self._guard)
        labels, defaults = self._labels(kwargs)
        within = frame(
            self._client, labels, defaults=defaults, scope=None if outer is None else outer.frame
        )
        with self._lock:
            self._calls[key] = announce(self._client, within, by=BearLumenLogger)
            if len(self._calls) > MAX_CALLS:
                self._calls.popitem(last=False)

    def _labels(self, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What was said of the call, and what holds where nobody says anything."""
        params: Mapping[str, Any] = kwargs.get("litellm_params") or kwargs
        metadata: dict[str, Any] = {}
        for name in ("litellm_metadata", "metadata"):
            given = params.get(name)
            if isinstance(given, dict):
                metadata.update(given)  # pyright: ignore[reportUnknownArgumentType]
        user = metadata.get("user_api_key_end_user_id") or kwargs.get("user")
        session = params.get("litellm_session_id")
        defaults = {
            label: value for label, value in (("end_user", user), ("session", session)) if value
        }
        return labels_in(metadata, plain=self._plain), defaults

    def _forget(self, key: Key) -> Announced | None:
        with self._lock:
            begun = self._calls.pop(key, None)
        if begun is not None:
            begun.close()
        return begun

    def _end(
        self, kwargs: Mapping[str, Any], response: Any, began: datetime, ended: datetime
    ) -> None:
        key = _key(kwargs)
        begun = self._forget(key)
        if begun is not None and begun.is_taken:
            return  # a wrapped client below recorded it, and knows more of it
        if kwargs.get("cache_hit") is True or not is_call(kwargs.get("call_type")):
            return
        with self._lock:
            if key in self._recorded:
                return  # the loop and a thread tell of the same call
            self._recorded[key] = None
            if len(self._recorded) > MAX_CALLS:
                self._recorded.popitem(last=False)
        usage = usage_of(kwargs, response)
        if not usage.counts:
            self._guard.report(
                BearLumenError(
                    f"LiteLLM does not say what a call of {usage.model} used, so its cost is "
                    'unknown. For a stream, ask for it: stream_options={"include_usage": True}.'
                ),
                problem=f"LiteLLM call without usage: {usage.model}",
            )
        if begun is None:
            labels, defaults = self._labels(kwargs)
            within = frame(self._client, labels, defaults=defaults)
        else:
            within = begun.frame
        record(
            self._client,
            usage,
            within=within,
            event_id=str(uuid5(NAMESPACE_OID, f"litellm {key}")),
            latency_ms=(ended - began).total_seconds() * 1_000,
        )


def _key(details: Mapping[str, Any]) -> Key:
    """Which call it is. Its id alone may be the caller's own, of several calls."""
    return details.get("litellm_call_id"), details.get("start_time")


def _is_async(kwargs: Mapping[str, Any]) -> bool:
    return str(kwargs.get("call_type")).startswith("a") and kwargs.get("call_type") != (
        "anthropic_messages"
    )


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
