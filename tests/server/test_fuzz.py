"""Whatever is sent, the answer is one of the contract's: never a 5xx, always our JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.helpers import AT, Api, event

from bearlumen_server.api.errors import CODES
from bearlumen_server.api.openapi import OPERATIONS
from bearlumen_server.api.openapi.document import path_of
from bearlumen_server.app import routes

if TYPE_CHECKING:
    import httpx

ROUTES: Final = sorted(
    (method, path_of(each)) for each in routes() for method in each.methods or ()
)
BODIES: Final = [each for each in ROUTES if each[0] != "GET"]

ODD: Final = [
    *["", " ", "\0", "%", "'", '"', "a'b;--", "${x}", "{0}", "\ud83d\ude00", "é" * 600],
    *["-1", "1e999", "2026-03-01", "2026-03-31T00:00:00Z", "9999-12-31", "0001-01-01", AT],
    *["Europe/Berlin", "team", "n", ".."],
]
odd_text = st.sampled_from(ODD) | st.text(max_size=40)
numbers = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 1e308, 0, -0.0])
leaves = st.none() | st.booleans() | numbers | odd_text
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def queries(draw: st.DrawFn, path: str) -> list[tuple[str, str]]:
    """Parameters the route takes, with values it may not; and some that it does not take."""
    operation = OPERATIONS["GET", path]
    params: list[tuple[str, str]] = []
    for each in operation.parameters:
        # Mostly well formed, so that the odd one gets past the others' refusals.
        choice = draw(st.sampled_from(["good", "good", "good", "odd", "none", "twice"]))
        value = draw(odd_text) if choice == "odd" else each.example
        params += [(each.name, value)] * {"none": 0, "twice": 2}.get(choice, 1)
    extra = st.tuples(odd_text | st.builds("dimension.{}".format, odd_text), odd_text)
    return params + draw(st.lists(extra, max_size=2))


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_question_is_answered(api: Api, data: st.DataObject) -> None:
    """Every GET route, with any parameters and any ids."""
    path = data.draw(st.sampled_from([path for method, path in ROUTES if method == "GET"]))
    params = data.draw(queries(path))
    is_ours(api.request("GET", with_ids(path, data), params=encoded(params)))


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_body_is_answered(api: Api, data: st.DataObject) -> None:
    """Every route that takes a body: with any JSON, nearly right events, and any bytes."""
    method, path = data.draw(st.sampled_from(BODIES))
    spoiled = st.tuples(st.sampled_from(sorted(event())), documents).map(
        lambda change: {**event(), change[0]: change[1]}
    )
    shapes = (
        documents
        | spoiled
        | st.lists(spoiled | documents, max_size=3).map(lambda events: {"events": events})
    )
    body = data.draw(st.binary(max_size=60) | shapes.map(lambda each: json.dumps(each).encode()))
    encoding = data.draw(st.sampled_from([None, None, None, "gzip", "zstd", "br"]))
    headers = {"Content-Encoding": encoding} if encoding else {}
    is_ours(api.request(method, with_ids(path, data), content=body, headers=headers))


def with_ids(path: str, data: st.DataObject) -> str:
    """The path, with anything in place of its ids."""
    ids = odd_text.filter(lambda text: text not in {"", ".", ".."})
    return re.sub(r"{\w+}", lambda _: quote(utf8(data.draw(ids)), safe=""), path)


def encoded(params: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parameters that can be sent: half a surrogate pair cannot."""
    return [(utf8(name), utf8(value)) for name, value in params]


def utf8(text: str) -> str:
    """The text without halves of surrogate pairs."""
    return text.encode(errors="replace").decode()


def is_ours(answered: httpx.Response) -> None:
    """Check that an answer is what it should be, whatever the question."""
    assert answered.status_code < 500, answered.text
    assert answered.headers["x-correlation-id"]
    if answered.status_code < 400:
        return
    body: Any = answered.json()
    assert body["code"] in CODES
    assert body["message"]
    assert body["correlationId"] == answered.headers["x-correlation-id"]
