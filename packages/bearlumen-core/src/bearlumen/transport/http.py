"""Batches over HTTP: gzip, keep-alive, and an outcome for whatever happens."""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import cast

from .. import _http, _wire
from ..batching.processes import loading
from ..batching.retry import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import httpx

    from .._config import Config

GZIP_FROM_BYTES = 1_024
"""Smaller bodies gain nothing from compression."""
GZIP_LEVEL = 5
"""53 bytes an event in batches of 400, in 2.3 µs. Level 3 makes 57 in 1.5 µs, level 9 makes 49 in
ten times that. What cannot be packed is the provider's id of the response, half of it all."""
# Z_FILTERED, below, looks for longer repetitions: ids and figures have many short ones by chance.
GZIP_WINDOW = 31
"""The largest window, and gzip's header and trailer around what comes out."""


class HttpTransport:
    """Sends to the ingest endpoint. It is made where it is used, on the worker's thread."""

    def __init__(self, config: Config, *, client: Any = None) -> None:
        self._config = config
        self._url = config.base_url + _wire.USAGE_BATCH
        self._headers = {**_http.headers(config), "Content-Type": "application/json"}
        self._given = client
        self._client: Any = None
        self._connected()

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
        """Post one batch."""
        body = b'{"events":[' + b",".join(events) + b"]}"
        headers = self._headers
        if len(body) >= GZIP_FROM_BYTES:
            packer = zlib.compressobj(
                GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED
            )
            body = packer.compress(body) + packer.flush()
            headers = {**headers, "Content-Encoding": "gzip"}
        client = self._connected()
        patience = _http.timeout(self._config, client) if timeout is None else timeout
        try:
            response = client.post(self._url, content=body, headers=headers, timeout=patience)
        except (_http.errors_of(client), OSError, ValueError, RuntimeError) as error:
            # A ValueError: the address is none. A RuntimeError: its owner closed the client.
            return Outcome(status=None, message=f"{type(error).__name__}: {error}")
        if not response.is_success:
            problem = _http.error_from(response)
            return Outcome(
                status=response.status_code,
                retry_after=problem.retry_after,
                message=str(problem),
            )
        return _accepted(response)

    def _connected(self) -> Any:
        if self._client is None:
            with loading():
                self._client = self._given or _http.sync_client(self._config)
                # What resolving a name imports at its first use.
                import_module("encodings.idna")
        return self._client

    def close(self) -> None:
        """Close the connection, if it is ours."""
        if self._client is not None and self._client is not self._given:
            self._client.close()
        self._client = None

    def abandon(self) -> None:
        """Open a connection of this process's own next time.

        A client that was given has connections of the parent's, which two processes cannot share:
        the child makes one of its own, with our settings.
        """
        self._given = self._client = None


def _accepted(response: httpx.Response) -> Outcome:
    try:
        answer: dict[str, Any] = response.json()
        int(answer["accepted"])
        rejected: list[Any] = answer.get("rejected") or []
        return Outcome(
            status=response.status_code,
            rejected=tuple(
                cast("dict[str, Any]", one) for one in rejected if isinstance(one, dict)
            ),
            duplicates=int(answer.get("duplicates") or 0),
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        # A proxy or a captive portal answers 200 with a page of its own: nothing was stored.
        return Outcome(
            status=None,
            message=f"{response.url.host} answered {response.status_code} without the API's JSON",
        )
