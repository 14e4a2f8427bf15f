"""The two drivers of questions, one sync and one async: they send, and wait between attempts.

What to send, whether to try again and what an answer means is decided in `_query.py`.
"""

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING, Any

from . import _http
from ._config import Config
from ._query import ModelT, Request, RetryPolicy, parse
from .errors import BearLumenApiError, NetworkError

if TYPE_CHECKING:
    import httpx


class Driver:
    """Sends questions and waits between attempts, blocking."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._retries = RetryPolicy(max_retries=config.max_retries, jitter=random.random)
        self._client: httpx.Client | None = config.http_client
        self._pid = os.getpid()

    def send(self, request: Request[ModelT]) -> ModelT:
        """The answer to `request`."""
        attempt = 1
        while True:
            try:
                return parse(self._exchange(request), request)
            except BearLumenApiError as error:
                wait = self._retries.wait_before_next(error, attempt)
                if wait is None:
                    raise
            time.sleep(wait)
            attempt += 1

    def _exchange(self, request: Request[Any]) -> "httpx.Response":
        if self._client is None or self._pid != os.getpid():
            # A connection that a fork copied is the parent's.
            self._client, self._pid = _http.sync_client(self._config), os.getpid()
        try:
            return self._client.request(**_sent(self._config, self._client, request))
        except _http.errors_of(self._client) as error:
            raise _unreachable(self._config, error) from error

    def close(self) -> None:
        """Close the connection."""
        is_ours = self._client is not self._config.http_client and self._pid == os.getpid()
        if self._client is not None and is_ours:
            self._client.close()
        self._client = None


class AsyncDriver:
    """Sends questions and waits between attempts, in asyncio."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._retries = RetryPolicy(max_retries=config.max_retries, jitter=random.random)
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: Request[ModelT]) -> ModelT:
        """The answer to `request`."""
        attempt = 1
        while True:
            try:
                return parse(await self._exchange(request), request)
            except BearLumenApiError as error:
                wait = self._retries.wait_before_next(error, attempt)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def _exchange(self, request: Request[Any]) -> "httpx.Response":
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # A connection belongs to the event loop that opened it; a test or a script may
            # run one loop after another.
            given: httpx.AsyncClient | None = (
                self._config.http_client if self._loop is None else None
            )
            self._client, self._loop = given or _http.async_client(self._config), loop
        client = self._client
        try:
            return await client.request(**_sent(self._config, client, request))
        except _http.errors_of(client) as error:
            raise _unreachable(self._config, error) from error

    async def close(self) -> None:
        """Close the connection."""
        is_ours = self._client is not self._config.http_client
        if self._client is not None and is_ours and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
        self._client = None


def _sent(config: Config, client: Any, request: Request[Any]) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": config.base_url + request.path,
        "params": request.params,
        "json": request.body,
        "headers": _http.headers(config),
        "timeout": _http.timeout(config, client),
    }


def _unreachable(config: Config, error: Exception) -> NetworkError:
    return NetworkError(
        f"{config.base_url} did not answer: {type(error).__name__}: {error}. Is the server up and "
        "base_url right?"
    )
