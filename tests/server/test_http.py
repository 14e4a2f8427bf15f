from __future__ import annotations

import gzip
import json
import socket
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pytest
from server.helpers import BATCH, Api, event

from bearlumen_server.serving import listen

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


def zstd(data: bytes) -> bytes:
    """Compress with zstd."""
    codec: Any = pa.Codec("zstd")
    return codec.compress(data, asbytes=True)


def test_ping_says_who_is_asking(api: Api) -> None:
    """Any valid key is enough."""
    response = api.request("GET", "/v1/ping")
    assert response.json() == {"ok": True, "organizationId": api.org_id}


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_a_compressed_batch_is_read(
    api: Api, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    """Both encodings of the contract are understood."""
    body = compress(json.dumps({"events": [event()]}).encode())
    response = api.request("POST", BATCH, content=body, headers={"Content-Encoding": encoding})
    assert response.json()["accepted"] == 1


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_a_bomb_is_refused(api: Api, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    """A small body that inflates beyond 5 MiB is a 413."""
    body = compress(b" " * 50_000_000)
    response = api.request("POST", BATCH, content=body, headers={"Content-Encoding": encoding})
    assert len(body) < 100_000
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_that_is_not_compressed_as_it_says_is_a_400(api: Api, encoding: str) -> None:
    """Garbage in place of a compressed body is the sender's mistake."""
    headers = {"Content-Encoding": encoding}
    response = api.request("POST", BATCH, content=b"not compressed", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


def test_an_unknown_encoding_is_a_415(api: Api) -> None:
    """The message names the encoding."""
    response = api.request("POST", BATCH, content=b"x", headers={"Content-Encoding": "br"})
    assert (response.status_code, response.json()["code"]) == (415, "invalid_request")
    assert "'br'" in response.json()["message"]


def test_a_body_over_five_mebibytes_is_a_413(api: Api) -> None:
    """Whatever is in it."""
    response = api.request("POST", BATCH, content=b" " * (5 * 1024 * 1024 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


def test_answers_are_not_held_back_by_nagles_algorithm() -> None:
    """A socket that does not say it is TCP keeps it on, and each answer waits 40 ms."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_sane_correlation_id_is_kept(api: Api) -> None:
    """The caller's own id is in the answer, so that both sides' logs can be joined."""
    response = api.request("GET", "/v1/ping", headers={"X-Correlation-Id": "req-1.a:b_c"})
    assert response.headers["x-correlation-id"] == "req-1.a:b_c"


@pytest.mark.parametrize("given", ["", "a b", "<script>", "x" * 129])
def test_an_insane_correlation_id_is_replaced(api: Api, given: str) -> None:
    """What could be mistaken for something else in a log is not repeated."""
    response = api.request("GET", "/v1/ping", headers={"X-Correlation-Id": given})
    assert response.headers["x-correlation-id"] not in {"", given}


ERRORS: list[tuple[str, str, int, str]] = [
    ("GET", "/v1/nowhere", 404, "not_found"),
    ("GET", "/v1/ping/", 404, "not_found"),
    ("PUT", "/v1/ping", 405, "invalid_request"),
    ("GET", "/v1/usage/summary", 400, "invalid_request"),
    ("POST", BATCH, 400, "invalid_request"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ERRORS)
def test_every_error_has_the_shape_of_the_contract(
    api: Api, method: str, path: str, status: int, code: str
) -> None:
    """Code, message and the id that is in the header too."""
    response = api.request(method, path)
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert body["correlationId"] == response.headers["x-correlation-id"]
    assert body["message"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer sk_live_wrong"},
        {"Authorization": b"Bearer sk_live_\xff"},
    ],
)
def test_without_a_valid_key_nothing_is_answered(
    http: httpx.Client, headers: dict[str, Any]
) -> None:
    """Missing, wrong or malformed: a 401 that does not say which."""
    response = http.get("/v1/ping", headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "authentication_error")


def test_almost_the_right_key_is_the_wrong_key(api: Api) -> None:
    """A key with the right prefix and one wrong character is unknown."""
    wrong = api.key[:-1] + ("A" if api.key[-1] != "A" else "B")
    response = api.request("GET", "/v1/ping", headers={"Authorization": f"Bearer {wrong}"})
    assert response.status_code == 401
