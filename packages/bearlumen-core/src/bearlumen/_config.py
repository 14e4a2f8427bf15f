"""What a client was configured with, and every default in one place."""

from __future__ import annotations

import os

from . import _wire
from .errors import AuthenticationError, InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    import httpx

    Environment = Literal["production", "staging"]
    JournalSync = Literal["never", "always"]
    OnError = Callable[[Exception], object]

MIB = 1 << 20
DEFAULT_TIMEOUT_SECONDS = 30.0
MAX_RETRIES = 2
"""Further attempts of a question after the first, as in the SDKs our users know."""
BATCH_SIZE_EVENTS = 20
FLUSH_INTERVAL_SECONDS = 10.0
"""Both as in the published Node SDK."""
MAX_QUEUED_EVENTS = 10_000
MAX_QUEUED_BYTES = 16 * MIB
"""Of events in memory; beyond either new ones are dropped and counted."""
JOURNAL_MAX_BYTES = 512 * MIB
"""Of a journal's directory, about a million events."""
SHUTDOWN_TIMEOUT_SECONDS = 5.0
MAX_BATCH_EVENTS = 1_000
"""The contract's limit for one request."""
MAX_BODY_BYTES = 4 * MIB
"""Of one request before it is packed; the contract's limit is 5 MiB."""


class Config:
    """One client's settings, checked.

    A plain class: `dataclasses` takes as long to import as all the rest of the package.
    """

    __slots__ = (
        "api_key",
        "base_url",
        "batch_size",
        "flush_interval",
        "flush_on_sigterm",
        "http_client",
        "journal",
        "journal_max_bytes",
        "journal_sync",
        "max_queued",
        "max_queued_bytes",
        "max_retries",
        "on_error",
        "scope_secret",
        "shutdown_timeout",
        "timeout",
    )

    def __init__(
        self,
        *,
        api_key: str,
        environment: Environment | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT_SECONDS,
        max_retries: int = MAX_RETRIES,
        batch_size: int = BATCH_SIZE_EVENTS,
        flush_interval: float = FLUSH_INTERVAL_SECONDS,
        max_queued: int = MAX_QUEUED_EVENTS,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
        journal: str | os.PathLike[str] | None = None,
        journal_sync: JournalSync = "never",
        journal_max_bytes: int = JOURNAL_MAX_BYTES,
        shutdown_timeout: float = SHUTDOWN_TIMEOUT_SECONDS,
        flush_on_sigterm: bool = False,
        on_error: OnError | None = None,
        scope_secret: str | None = None,
        http_client: Any = None,
    ) -> None:
        """Check the settings and fill in what follows from them.

        Raises:
            AuthenticationError: The key is empty.
            InvalidRequestError: A setting cannot be meant.
        """
        self.api_key = _key(api_key)
        self.base_url = _base_url(environment, base_url)
        self.timeout = timeout
        self.max_retries = max_retries
        self.batch_size = batch_size
        self.flush_interval = flush_interval
        self.max_queued = max_queued
        self.max_queued_bytes = max_queued_bytes
        self.journal: str | None = None if journal is None else os.path.abspath(os.fspath(journal))  # noqa: PTH100
        self.journal_sync = journal_sync
        self.journal_max_bytes = journal_max_bytes
        self.shutdown_timeout = shutdown_timeout
        self.flush_on_sigterm = flush_on_sigterm
        self.on_error = on_error
        self.scope_secret = scope_secret
        self.http_client = http_client
        _check_amount("batch_size", batch_size, whole=True)
        if scope_secret is not None and not scope_secret:
            raise InvalidRequestError(
                "scope_secret is empty, so that anybody could sign a scope; leave it out to sign "
                "with the api_key."
            )
        if not 1 <= batch_size <= MAX_BATCH_EVENTS:
            raise InvalidRequestError(f"batch_size is {batch_size}; it is 1 to {MAX_BATCH_EVENTS}.")
        if journal_sync not in ("never", "always"):
            raise InvalidRequestError(
                f"journal_sync is {journal_sync!r}; it is 'never' or 'always'."
            )
        for name in (
            "flush_interval",
            "max_queued",
            "max_queued_bytes",
            "journal_max_bytes",
            "shutdown_timeout",
            "max_retries",
        ):
            _check_amount(name, getattr(self, name), whole=name == "max_retries")
        if not hasattr(timeout, "as_dict"):  # an object of the HTTP library is its own affair
            _check_timeout(timeout)

    def changed(self, **values: Any) -> Config:
        """The same settings with other values of some.

        Raises:
            InvalidRequestError: A value cannot be meant.
        """
        same = {name: getattr(self, name) for name in self.__slots__}
        return Config(**{**same, **values})

    def __repr__(self) -> str:
        """Leaves the key out: a repr ends up in logs."""
        return f"Config(base_url={self.base_url!r})"


def _check_amount(name: str, value: object, *, whole: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        kind = "whole number" if whole else "number"
        raise InvalidRequestError(f"{name} is {value!r}; it is a {kind}.")
    if not value >= 0:  # which NaN is not either
        raise InvalidRequestError(f"{name} is {value}; it is not negative.")


def _check_timeout(timeout: object) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < _EVER:
        raise InvalidRequestError(
            f"timeout is {timeout!r}; it is a number of seconds above 0, or the HTTP library's "
            "own Timeout."
        )


_EVER = float("inf")


def _key(api_key: object) -> str:
    key = api_key.strip() if isinstance(api_key, str) else ""
    if not key:
        raise AuthenticationError(
            "api_key is empty. Pass the key of your organisation, for example "
            "BearLumen(api_key=os.environ['BEAR_LUMEN_API_KEY'])."
        )
    if not (key.isascii() and key.isprintable()):
        raise AuthenticationError("api_key holds characters that cannot be in a key; copy it anew.")
    return key


def _base_url(environment: str | None, base_url: str | None) -> str:
    if environment is not None and environment not in _wire.BASE_URLS:
        raise InvalidRequestError(
            f"environment is {environment!r}; it is one of {sorted(_wire.BASE_URLS)}."
        )
    url = base_url or _wire.BASE_URLS[environment or "production"]
    if not url.startswith(("http://", "https://")):
        raise InvalidRequestError(f"base_url is {url!r}; it starts with https:// or http://.")
    return url.rstrip("/")
