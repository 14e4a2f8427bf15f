"""What the server's tests share: a caller with an organisation of its own, and events to send."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

AT: Final = "2026-03-10T12:00:00Z"
MARCH: Final = {"startDate": "2026-03-01", "endDate": "2026-03-31"}
BATCH: Final = "/v1/usage/events/batch"


def uuid7(milliseconds: int | None = None) -> UUID:
    """Return a time-ordered id (RFC 9562), which Python has from 3.14 on."""
    stamp = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    low = uuid4().int & ((1 << 80) - 1)
    value = (stamp << 80) | low
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=value | (7 << 76) | (2 << 62))


def event(*, metadata: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a valid event that costs a cent, with the fields given put over it."""
    return {
        "sdk_event_id": str(uuid7()),
        "model": "gpt-4o",
        "input_tokens": 10,
        "output_tokens": 5,
        "event_invoked_at": AT,
        "metadata": {"provider": "openai", "cost": "0.01", **(metadata or {})},
        **fields,
    }


@dataclass(frozen=True, kw_only=True)
class Api:
    """One organisation talking to a server."""

    http: httpx.Client
    org_id: str
    key: str

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send anything, with the organisation's key."""
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def send(self, events: Sequence[Any], path: str = BATCH) -> dict[str, Any]:
        """Send a batch and return the answer, which must be a 200."""
        response = self.request("POST", path, json={"events": list(events)})
        assert response.status_code == 200, response.text
        return response.json()

    def rejection(self, sent: Any) -> str:
        """Send one event that must be refused, between two that must not, and return the reason."""
        answer = self.send([event(), sent, event()])
        assert (answer["accepted"], answer["duplicates"]) == (2, 0), answer
        (only,) = answer["rejected"]
        assert (only["index"], only["code"]) == (1, "invalid_request")
        return only["message"]

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask about March 2026 unless told otherwise; the answer must be a 200."""
        response = self.request("GET", path, params={**MARCH, **(params or {})})
        assert response.status_code == 200, response.text
        return response.json()

    def events(self, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the first page of events."""
        return self.get("/v1/usage/events", params)["events"]
