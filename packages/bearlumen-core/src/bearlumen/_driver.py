"""The two drivers of questions, one sync and one async: they send, and wait between attempts.

What to send, whether to try again and what an answer means is decided in `_query.py`.
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _http
from ._config import Config
from ._query import ModelT, Request, RetryPolicy, parse
from .errors import BearLumenApiError, NetworkError

if TYPE_CHECKING:
    import httpx

UNSENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol")
"""Errors of either HTTP library from before anything was sent, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A good answer as it came, and how often the question was asked again for it."""

    response: "httpx.Response"
    retries: int


class Connection:
    """The connection of a client and of its copies, blocking."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client: httpx.Client | None = config.http_client
        self._pid = os.getpid()

    def opened(self) -> "httpx.Client":
        """The HTTP client."""
        if self._client is None or self._pid != os.getpid():
            # A connection that a fork copied is the parent's.
            self._client, self._pid = _http.sync_client(self._config), os.getpid()
        return self._client

    def close(self) -> None:
        """Close it, unless it was given."""
        is_ours = self._client is not self._config.http_client and self._pid == os.getpid()
        if self._client is not None and is_ours:
            self._client.close()
        self._client = None


class Driver:
    """Sends questions and waits between attempts, blocking."""

    is_async = False

    def __init__(self, config: Config, connection: Connection | None = None) -> None:
        self._config = config
        self._retries = RetryPolicy(max_retries=config.max_retries, jitter=random.random)
        self._connection = connection or Connection(config)

    def with_config(self, config: Config) -> "Driver":
        """The same connection with other settings."""
        return Driver(config, self._connection)

    def send(self, request: Request[ModelT]) -> ModelT:
        """The answer to `request`."""
        return self.read(self.exchange(request), request)

    def read(self, exchange: Exchange, request: Request[ModelT]) -> ModelT:
        """What an answer says."""
        return parse(exchange.response, request, asked=self)

    def exchange(self, request: Request[Any]) -> Exchange:
        """The HTTP answer to `request`, which is no error."""
        attempt, waited = 1, 0.0
        while True:
            try:
                response = self._attempt(request)
            except BearLumenApiError as error:
                wait = self._retries.wait_before_next(
                    error, attempt=attempt, waited=waited, idempotent=request.idempotent
                )
                if wait is None:
                    raise
            else:
                return Exchange(response=response, retries=attempt - 1)
            time.sleep(wait)
            attempt, waited = attempt + 1, waited + wait

    def _attempt(self, request: Request[Any]) -> "httpx.Response":
        client = self._connection.opened()
        try:
            response = client.request(**_sent(self._config, client, request))
        except _http.errors_of(client) as error:
            raise _unreachable(self._config, error) from error
        return _http.checked(response)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class AsyncConnection:
    """The connection of a client and of its copies, in asyncio."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def opened(self) -> "httpx.AsyncClient":
        """The HTTP client of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # A connection belongs to the event loop that opened it; a test or a script may
            # run one loop after another.
            given: httpx.AsyncClient | None = (
                self._config.http_client if self._loop is None else None
            )
            self._client, self._loop = given or _http.async_client(self._config), loop
        return self._client

    async def close(self) -> None:
        """Close it, unless it was given."""
        is_ours = self._client is not self._config.http_client
        if self._client is not None and is_ours and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
        self._client = None


class AsyncDriver:
    """Sends questions and waits between attempts, in asyncio."""

    is_async = True

    def __init__(self, config: Config, connection: AsyncConnection | None = None) -> None:
        self._config = config
        self._retries = RetryPolicy(max_retries=config.max_retries, jitter=random.random)
        self._connection = connection or AsyncConnection(config)

    def with_config(self, config: Config) -> "AsyncDriver":
        """The same connection with other settings."""
        return AsyncDriver(config, self._connection)

    async def send(self, request: Request[ModelT]) -> ModelT:
        """The answer to `request`."""
        return self.read(await self.exchange(request), request)

    def read(self, exchange: Exchange, request: Request[ModelT]) -> ModelT:
        """What an answer says."""
        return parse(exchange.response, request, asked=self)

    async def exchange(self, request: Request[Any]) -> Exchange:
        """The HTTP answer to `request`, which is no error."""
        attempt, waited = 1, 0.0
        while True:
            try:
                response = await self._attempt(request)
            except BearLumenApiError as error:
                wait = self._retries.wait_before_next(
                    error, attempt=attempt, waited=waited, idempotent=request.idempotent
                )
                if wait is None:
                    raise
            else:
                return Exchange(response=response, retries=attempt - 1)
            await asyncio.sleep(wait)
            attempt, waited = attempt + 1, waited + wait

    async def _attempt(self, request: Request[Any]) -> "httpx.Response":
        client = self._connection.opened()
        try:
            response = await client.request(**_sent(self._config, client, request))
        except _http.errors_of(client) as error:
            raise _unreachable(self._config, error) from error
        return _http.checked(response)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


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
    problem = NetworkError(
        f"{config.base_url} did not answer: {type(error).__name__}: {error}. Is the server up and "
        "base_url right?"
    )
    problem.maybe_received = type(error).__name__ not in UNSENT
    return problem
