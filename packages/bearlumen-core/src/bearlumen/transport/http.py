"""Batches over HTTP: gzip, keep-alive, and an outcome for whatever happens."""

import gzip
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from .. import _http, _wire
from ..batching.retry import Outcome

if TYPE_CHECKING:
    import httpx

    from .._config import Config

GZIP_FROM_BYTES = 1_024
"""Smaller bodies gain nothing from compression."""
GZIP_LEVEL = 5
"""On usage events within 3 % of the size of level 9, in less than half the time."""


class HttpTransport:
    """Sends to the ingest endpoint. The connection opens on the first batch."""

    def __init__(self, config: "Config") -> None:
        self._config = config
        self._client: httpx.Client | None = None

    def send(self, events: Sequence[bytes]) -> Outcome:
        """Post one batch."""
        import httpx

        body = b'{"events":[' + b",".join(events) + b"]}"
        headers = {"Content-Type": "application/json"}
        if len(body) >= GZIP_FROM_BYTES:
            body = gzip.compress(body, GZIP_LEVEL)
            headers["Content-Encoding"] = "gzip"
        try:
            if self._client is None:
                self._client = _http.sync_client(self._config)
            response = self._client.post(_wire.USAGE_BATCH, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Outcome(status=None, message=f"{type(error).__name__}: {error}")
        if not response.is_success:
            problem = _http.error_from(response)
            return Outcome(
                status=response.status_code,
                retry_after=problem.retry_after,
                message=str(problem),
            )
        return _accepted(response)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def abandon(self) -> None:
        """Open a connection of this process's own next time."""
        self._client = None


def _accepted(response: "httpx.Response") -> Outcome:
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
