"""The server against its own OpenAPI document: `just fuzz`.

What schemathesis makes of the document is sent to a real server over a small ledger. No answer is a
5xx, each has a status and a shape that the document has for it, and none is given without a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis  # pyright: ignore[reportMissingImports]
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS  # pyright: ignore[reportMissingImports]
from server.helpers import BATCH, event

from bearlumen_server import LocalServer, local_server
from bearlumen_server.api.openapi import document
from bearlumen_server.app import routes

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = 60
"""Requests a route; each of them is checked for all that follows."""
PARSED_BYTES = 65_000
"""Of a URL; a longer one is no HTTP to the server. Far fewer are answered with a 414."""
UNCHECKED: Any = list(HealthCheck)
CHOSEN = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    """A server over a ledger with something of everything."""
    with local_server() as running:
        headers = {"Authorization": f"Bearer {running.api_key}"}
        with httpx.Client(base_url=running.url, headers=headers) as client:
            labels = {"feature": "f", "agent": "a", "workflow": "w", "session_id": "s"}
            events = [
                event(user_id="u", metadata={**labels, "dimensions": {"team": "t", "n": 1.5}}),
                event(metadata={"cost": None, "provider": "own", "units": {"seconds": 0.5}}),
            ]
            client.post(BATCH, json={"events": events}).raise_for_status()
            paid = {"revenueId": "r", "externalId": "u", "amount": "7", "occurredAt": "2026-03-10"}
            client.post("/v1/revenue/events", json=paid).raise_for_status()
            price = {"model": "gpt-4o", "prices": {"input_tokens": "2"}}
            client.post("/v1/prices", json=price).raise_for_status()
            client.post("/v1/end-users", json={"externalId": "u"}).raise_for_status()
            client.post("/v1/dimensions/definitions", json={"key": "team"}).raise_for_status()
        yield running


schema: Any = schemathesis.openapi.from_dict(document(routes()))


@schema.parametrize()  # pyright: ignore[reportUntypedFunctionDecorator]
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=UNCHECKED, derandomize=True)
def test_the_server_does_as_its_document_says(case: Any, server: LocalServer) -> None:
    """Statuses, types and shapes of every answer are documented; none is the server's failure."""
    headers = {"Authorization": f"Bearer {server.api_key}"}
    answered = case.call(base_url=server.url, headers=headers)
    if len(answered.request.url) > PARSED_BYTES:
        # What reads HTTP refuses it, in plain text, before there is a request to answer.
        assert answered.status_code == 400
        return
    checks = list(CHECKS.get_by_names(CHOSEN))
    case.validate_response(answered, checks=checks, headers=headers)
