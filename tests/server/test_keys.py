from __future__ import annotations

import timeit
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from server.helpers import BATCH, MARCH, Api, event

from bearlumen_server import local_server
from bearlumen_server.keys import SCOPES, ApiKey, KeyRing, hash_of
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from pathlib import Path

    from bearlumen_server.keys import KeyStore


def make_key(api: Api, *scopes: str) -> dict[str, Any]:
    """Have a key made over HTTP."""
    response = api.request("POST", "/v1/keys", json={"name": "k", "scopes": list(scopes)})
    assert response.status_code == 201, response.text
    return response.json()


def with_key(api: Api, made: dict[str, Any]) -> Api:
    """Talk to the same server with that key."""
    return Api(http=api.http, org_id=api.org_id, key=made["key"])


def test_a_new_key_works_and_its_secret_is_shown_once(api: Api) -> None:
    """The list has the key's prefix, and nothing to use it with."""
    made = make_key(api, "usage:write")
    assert with_key(api, made).send([event()])["accepted"] == 1
    listed = api.request("GET", "/v1/keys")
    assert made["key"] not in listed.text
    (shown,) = [each for each in listed.json()["keys"] if each["id"] == made["id"]]
    assert made["key"].startswith(shown["prefix"])
    assert (shown["scopes"], shown["revokedAt"]) == (["usage:write"], None)


def test_a_revoked_key_is_refused_from_the_next_request_on(api: Api) -> None:
    """Revocation takes effect at once."""
    made = make_key(api, "usage:write")
    weak = with_key(api, made)
    assert weak.request("GET", "/v1/ping").status_code == 200
    revoked = api.request("DELETE", f"/v1/keys/{made['id']}")
    assert (revoked.status_code, revoked.json()["revokedAt"] is None) == (200, False)
    assert weak.request("GET", "/v1/ping").status_code == 401


PATHS = [
    ("POST", BATCH, "usage:write"),
    ("POST", "/v1/usage/events", "usage:write"),
    ("GET", "/v1/usage/events", "usage:read"),
    ("GET", "/v1/usage/summary", "usage:read"),
    ("GET", "/v1/costs/by-model", "costs:read"),
    ("GET", "/v1/costs/detailed/by-end-user", "costs:read"),
    ("POST", "/v1/revenue/events", "revenue:write"),
    ("GET", "/v1/margins/by-end-user", "margins:read"),
    ("GET", "/v1/margins/summary", "margins:read"),
    ("GET", "/v1/revenue/events", "margins:read"),
    ("GET", "/v1/insights/summary", "costs:read"),
    ("GET", "/v1/dimensions/numeric-summary", "costs:read"),
    ("POST", "/v1/dimensions/definitions", "dimensions:write"),
    ("DELETE", "/v1/dimensions/definitions/k", "dimensions:write"),
    ("GET", "/v1/end-users", "usage:read"),
    ("POST", "/v1/end-users", "end_users:write"),
    ("POST", "/v1/end-users/a/deactivate", "end_users:write"),
    ("GET", "/v1/keys", "keys:write"),
]


@pytest.mark.parametrize(("method", "path", "scope"), PATHS)
def test_a_path_wants_its_scope_and_no_other(api: Api, method: str, path: str, scope: str) -> None:
    """Every other scope together is not enough, and the one that is missing is named."""
    others = with_key(api, make_key(api, *(each for each in SCOPES if each != scope)))
    refused = others.request(method, path, params=MARCH if method == "GET" else None)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert scope in refused.json()["message"]
    alone = with_key(api, make_key(api, scope))
    allowed = alone.request(method, path, params=MARCH if "GET" in method else None)
    assert allowed.status_code != 403


def test_a_key_cannot_grant_what_it_lacks(api: Api) -> None:
    """Otherwise one scope would be all of them."""
    weak = with_key(api, make_key(api, "keys:write"))
    body = {"name": "k", "scopes": ["keys:write", "costs:read"]}
    refused = weak.request("POST", "/v1/keys", json=body)
    assert (refused.status_code, refused.json()["details"]) == (
        403,
        {"missingScope": "costs:read"},
    )


def test_another_organisations_key_cannot_be_seen_or_revoked(api: Api, other: Api) -> None:
    """It is as if it did not exist."""
    made = make_key(api, "usage:read")
    assert other.request("DELETE", f"/v1/keys/{made['id']}").status_code == 404
    assert made["id"] not in other.request("GET", "/v1/keys").text
    assert with_key(api, made).request("GET", "/v1/ping").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "k", "scopes": ["everything"]}, 422),
        ({"name": "k", "scopes": []}, 422),
        ({"scopes": ["usage:read"]}, 422),
        ({"name": ""}, 422),
        ([], 422),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(api: Api, body: Any, status: int) -> None:
    """Unknown scopes, no scopes, no name."""
    response = api.request("POST", "/v1/keys", json=body)
    assert (response.status_code, response.json()["code"]) == (status, "invalid_request")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"name":1e999}', 422),
        (b'{"name":%s}' % (b"9" * 5000), 422),
        (rb'{"name":"\ud800"}', 422),
        (b'{"name":1', 400),
    ],
)
def test_a_key_that_cannot_be_read_is_refused(api: Api, body: bytes, status: int) -> None:
    """In the form of every other refusal."""
    response = api.request("POST", "/v1/keys", content=body)
    assert (response.status_code, response.json()["code"]) == (status, "invalid_request")


def test_a_key_says_when_it_was_last_used(api: Api) -> None:
    """At once, though it is written only now and then; never, for one that nobody used."""
    used, unused = make_key(api, "usage:read"), make_key(api, "usage:read")
    before = datetime.now(UTC)
    assert with_key(api, used).request("GET", "/v1/ping").status_code == 200
    listed = {
        each["id"]: each["lastUsedAt"] for each in api.request("GET", "/v1/keys").json()["keys"]
    }
    assert listed[unused["id"]] is None
    assert before <= datetime.fromisoformat(listed[used["id"]]) <= datetime.now(UTC)


def test_when_a_key_was_used_outlives_the_server(tmp_path: Path) -> None:
    """It is written at the latest when the server stops, and not with every request."""
    path = tmp_path / "ledger.duckdb"
    with local_server(path) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        httpx.get(f"{server.url}/v1/ping", headers=headers, timeout=30).raise_for_status()
    store = DuckDBStore(path)
    (key,) = KeyRing(store).of("local")
    store.close()
    assert key.last_used_at is not None
    assert datetime.now(UTC) - key.last_used_at < timedelta(minutes=1)


def test_a_use_that_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    """A disk that was full for a minute loses nothing."""
    store = DuckDBStore(tmp_path / "ledger.duckdb")
    ring = KeyRing(store)
    _, secret = ring.create(org_id="o", name="n", scopes=SCOPES)
    assert ring.find(secret)
    note = store.note_used_keys

    def broken(used: object) -> None:
        raise OSError

    store.note_used_keys = broken
    with pytest.raises(OSError):  # noqa: PT011  # that of the line above
        ring.write_used()
    store.note_used_keys = note
    ring.write_used()
    (key,) = store.stored_keys()
    store.close()
    assert key.last_used_at is not None


def test_finding_a_key_takes_as_long_among_many_as_among_few() -> None:
    """A request pays nothing for the keys of others."""

    def seconds(count: int) -> float:
        class Kept:
            def stored_keys(self) -> list[ApiKey]:
                return [stored(f"{n}") for n in range(count)]

        ring = KeyRing(cast("KeyStore", Kept()))
        return min(timeit.repeat(lambda: ring.find("sk_live_none"), number=200, repeat=7))

    assert seconds(20_000) < 5 * seconds(10)


def stored(name: str) -> ApiKey:
    """A key as the database has it."""
    return ApiKey(
        id=name, org_id="o", name=name, prefix="sk_live_", secret_hash=hash_of(name),
        scopes=SCOPES, created_at=datetime.now(UTC),
    )  # fmt: skip


def test_the_database_holds_no_secret(tmp_path: Path) -> None:
    """Whoever gets the file gets no key."""
    store = DuckDBStore(tmp_path / "keys.duckdb")
    _, secret = KeyRing(store).create(org_id="o", name="n", scopes=SCOPES)
    store.close()
    assert (
        secret.removeprefix("sk_live_")[8:].encode() not in (tmp_path / "keys.duckdb").read_bytes()
    )
