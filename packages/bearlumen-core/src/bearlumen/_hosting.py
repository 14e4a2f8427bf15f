"""What the adapter of an application's framework needs: a client out of settings, and its end."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Final

from ._client import BearLumen
from .errors import BearLumenError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._client import AsyncBearLumen
    from .batching.retry import Outcome

CLIENT_OPTIONS: Final = tuple(
    name for name in inspect.signature(BearLumen.__init__).parameters if name != "self"
)
"""What a client takes, in its own spelling."""
_WITH_EFFECT: Final = ("journal", "flush_on_sigterm", "transport", "http_client")
"""A client that has these does more than check them when it is made."""


def check_client_options(options: Mapping[str, Any]) -> None:
    """Find out, when an app is set up, whether a client can be made of its settings.

    Args:
        options: By the names of `CLIENT_OPTIONS`; without a key the others are checked.

    Raises:
        BearLumenError: One cannot be meant.
        TypeError: One is of another kind altogether.
        ValueError: The same.
    """
    checked = {name: value for name, value in options.items() if name not in _WITH_EFFECT}
    checked["api_key"] = options.get("api_key") or "none"
    BearLumen(**checked)


def client_that_drops(options: Mapping[str, Any], *, why: str) -> BearLumen:
    """A client for an app without a key: everything works, what is tracked is counted as lost.

    Args:
        options: Those for problems, such as `on_error`, are kept.
        why: What is reported, once.
    """
    client = BearLumen(api_key="none", transport=_Nowhere(), on_error=options.get("on_error"))
    client._attribution_guard().report(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        BearLumenError(f"{why}. What is tracked is dropped."), problem="settings of the app"
    )
    return client


class _Nowhere:
    """Refuses every event, so that the client counts it as dropped."""

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:  # noqa: ARG002
        from .batching.retry import Outcome

        return Outcome(status=400, message="There is no API key.")

    def close(self) -> None: ...
    def abandon(self) -> None: ...


async def deliver(client: BearLumen | AsyncBearLumen | None) -> None:
    """Deliver what is queued, for as long as the client itself would take at the end of a process.

    For the end of a server after which Python runs nothing more, `atexit` included: uvicorn ends by
    the signal that it was sent, and a process of a pool may be made to end.
    """
    if isinstance(client, BearLumen):
        await asyncio.to_thread(client.flush, _patience(client))
    elif client is not None:
        await client.flush(_patience(client))


def deliver_now(client: BearLumen | AsyncBearLumen) -> None:
    """The same where there is no event loop."""
    if isinstance(client, BearLumen):
        client.flush(_patience(client))
    else:
        asyncio.run(client.flush(_patience(client)))


def _patience(client: BearLumen | AsyncBearLumen) -> float:
    return client._config.shutdown_timeout  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
