"""What a client was configured with, and every default in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from . import _wire
from .errors import AuthenticationError, InvalidRequestError

if TYPE_CHECKING:
    import httpx

Environment = Literal["production", "staging"]
OnError = Callable[[Exception], object]

DEFAULT_TIMEOUT_SECONDS = 30.0
MAX_RETRIES = 2
"""Further attempts of a question after the first, as in the SDKs our users know."""
BATCH_SIZE_EVENTS = 20
FLUSH_INTERVAL_SECONDS = 10.0
"""Both as in the published Node SDK."""
MAX_QUEUED_EVENTS = 10_000
"""About 10 MiB of events; beyond it new ones are dropped and counted."""
SHUTDOWN_TIMEOUT_SECONDS = 5.0
MAX_BATCH_EVENTS = 1_000
"""The contract's limit for one request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One client's settings, checked."""

    api_key: str
    base_url: str
    timeout: "float | httpx.Timeout"
    max_retries: int
    batch_size: int
    flush_interval: float
    max_queued: int
    shutdown_timeout: float
    on_error: OnError | None

    def __repr__(self) -> str:
        """Leaves the key out: a repr ends up in logs."""
        return f"Config(base_url={self.base_url!r})"


def make_config(
    *,
    api_key: str,
    environment: Environment | None,
    base_url: str | None,
    timeout: "float | httpx.Timeout",
    max_retries: int,
    batch_size: int,
    flush_interval: float,
    max_queued: int,
    shutdown_timeout: float,
    on_error: OnError | None,
) -> Config:
    """Check the settings and fill in what follows from them.

    Raises:
        AuthenticationError: The key is empty.
        InvalidRequestError: A setting cannot be meant.
    """
    key = api_key.strip() if isinstance(api_key, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance]
    if not key:
        raise AuthenticationError(
            "api_key is empty. Pass the key of your organisation, for example "
            "BearLumen(api_key=os.environ['BEAR_LUMEN_API_KEY'])."
        )
    if not (key.isascii() and key.isprintable()):
        raise AuthenticationError("api_key holds characters that cannot be in a key; copy it anew.")
    if environment is not None and environment not in _wire.BASE_URLS:
        raise InvalidRequestError(
            f"environment is {environment!r}; it is one of {sorted(_wire.BASE_URLS)}."
        )
    url = base_url or _wire.BASE_URLS[environment or "production"]
    if not url.startswith(("http://", "https://")):
        raise InvalidRequestError(f"base_url is {url!r}; it starts with https:// or http://.")
    if not 1 <= batch_size <= MAX_BATCH_EVENTS:
        raise InvalidRequestError(f"batch_size is {batch_size}; it is 1 to {MAX_BATCH_EVENTS}.")
    for name, value in (
        ("flush_interval", flush_interval),
        ("max_queued", max_queued),
        ("shutdown_timeout", shutdown_timeout),
        ("max_retries", max_retries),
    ):
        if value < 0:
            raise InvalidRequestError(f"{name} is {value}; it is not negative.")
    return Config(
        api_key=key,
        base_url=url.rstrip("/"),
        timeout=timeout,
        max_retries=max_retries,
        batch_size=batch_size,
        flush_interval=flush_interval,
        max_queued=max_queued,
        shutdown_timeout=shutdown_timeout,
        on_error=on_error,
    )
