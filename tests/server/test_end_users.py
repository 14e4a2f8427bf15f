from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb
import httpx
import pytest
from server.helpers import Api, event
from server.ledgers import file_of_version

from bearlumen_server import local_server
from bearlumen_server.storage.end_users import EndUserRegister

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/v1/end-users"
NOW = datetime(2026, 3, 10)  # noqa: DTZ001  # as the ledger has it
ODD = ["a/b", "a/b/deactivate", "..", "käufer 7", "line\nbreak\n", "100%2F", "?x=1#y", "'; DROP--"]


def listed(api: Api, **params: Any) -> list[str]:
    """Return the ids of the first page."""
    response = api.request("GET", PATH, params=params)
    assert response.status_code == 200, response.text
    return [each["externalId"] for each in response.json()["endUsers"]]


def upsert(api: Api, external_id: str, **fields: Any) -> httpx.Response:
    """Tell about an end user."""
    return api.request("POST", PATH, json={"externalId": external_id, **fields})


def at(external_id: str, action: str = "") -> str:
    """Return the path of an end user, whatever its id holds."""
    return f"{PATH}/{quote(external_id, safe='').replace('.', '%2E')}{action}"


def test_an_end_user_is_told_about_and_changed(api: Api) -> None:
    """What is left out stays, null and '' clear; the first time is 201."""
    first = upsert(api, "acme", name="Acme", email="a@acme.test", metadata={"plan": "pro"})
    assert first.status_code == 201
    second = upsert(api, "acme", name="Acme Inc", email=None)
    assert second.status_code == 200
    found = api.request("GET", at("acme")).json()
    assert found == second.json()
    assert (found["name"], found["email"], found["metadata"]) == ("Acme Inc", None, {"plan": "pro"})
    assert found["createdAt"] == first.json()["createdAt"] < found["updatedAt"]
    assert found["deactivatedAt"] is None
    assert upsert(api, "acme", metadata={}, name="").json()["metadata"] == {}


def test_an_event_or_revenue_of_an_unknown_end_user_makes_it(api: Api, other: Api) -> None:
    """Once, whatever is sent again; the nameless make nobody."""
    sent = [event(user_id="a"), event(user_id="a"), event(user_id="b"), event()]
    api.send(sent)
    api.send([*sent, event(user_id="c")])
    paid = {"revenueId": "r", "externalId": "d", "amount": "1"}
    assert api.request("POST", "/v1/revenue/events", json=paid).status_code == 200
    assert listed(api) == ["a", "b", "c", "d"]
    assert listed(other) == []


def test_an_event_does_not_change_what_is_known_of_its_end_user(api: Api) -> None:
    """Names are the organisation's to give."""
    upsert(api, "a", name="Acme")
    api.send([event(user_id="a")])
    assert api.request("GET", at("a")).json()["name"] == "Acme"


def test_deactivating_is_a_mark_and_loses_nothing(api: Api) -> None:
    """Events are recorded all the same, and the time of the first deactivation is kept."""
    api.send([event(user_id="a"), event(user_id="b")])
    first = api.request("POST", at("a", "/deactivate")).json()
    assert api.request("POST", at("a", "/deactivate")).json() == first
    assert first["deactivatedAt"] is not None
    assert api.send([event(user_id="a")])["accepted"] == 1
    assert (listed(api, status="active"), listed(api, status="deactivated")) == (["b"], ["a"])
    assert listed(api) == listed(api, status="all") == ["a", "b"]
    margins = api.get("/v1/margins/by-end-user", {"sort": "endUserId"})["endUsers"]
    assert [each["deactivatedAt"] for each in margins] == [first["deactivatedAt"], None]
    assert api.request("POST", at("a", "/reactivate")).json()["deactivatedAt"] is None
    assert listed(api, status="deactivated") == []


@pytest.mark.parametrize("external_id", ODD)
def test_an_id_may_hold_any_character(api: Api, external_id: str) -> None:
    """In a body, in an event, and in a path."""
    api.send([event(user_id=external_id)])
    assert upsert(api, external_id, name="N").status_code == 200
    assert api.request("GET", at(external_id)).json()["externalId"] == external_id
    gone = api.request("POST", at(external_id, "/deactivate"))
    assert (gone.status_code, gone.json()["externalId"]) == (200, external_id)


def test_end_users_come_in_pages_and_can_be_searched(api: Api) -> None:
    """By a part of id, name or email, in whatever case."""
    upsert(api, "u1", name="Zoë Müller")
    upsert(api, "u2", email="Info@Example.test")
    upsert(api, "zo")
    page = api.request("GET", PATH, params={"limit": 2, "offset": 1}).json()
    assert [each["externalId"] for each in page["endUsers"]] == ["u2", "zo"]
    assert (page["total"], page["hasMore"]) == (3, False)
    assert listed(api, search="ZO") == ["u1", "zo"]
    assert listed(api, search="MÜLLER") == ["u1"]
    assert listed(api, search="example") == ["u2"]
    assert listed(api, search="%") == []


def test_who_is_not_there_is_not_found(api: Api, other: Api) -> None:
    """Another organisation's end users are not there."""
    upsert(other, "theirs")
    for method, path in [
        ("GET", at("theirs")),
        ("POST", at("theirs", "/deactivate")),
        ("POST", at("theirs", "/reactivate")),
    ]:
        answer = api.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


BAD: list[tuple[Any, int, str]] = [
    ({}, 422, "externalId: required"),
    ({"externalId": ""}, 422, "externalId: "),
    ({"externalId": "a\0"}, 422, "externalId: holds a NUL"),
    ({"externalId": "a", "name": 1}, 422, "name: "),
    ({"externalId": "a", "nme": "x"}, 422, "nme: unknown field"),
    ({"externalId": "a", "metadata": [1]}, 422, "metadata: "),
    ({"externalId": "a", "metadata": {"k": "x" * 10_240}}, 422, "metadata: 10248 bytes"),
    ([], 422, "body: expected `object`"),
]


@pytest.mark.parametrize(("body", "status", "message"), BAD)
def test_a_bad_field_is_named(api: Api, body: Any, status: int, message: str) -> None:
    """And nothing is written."""
    answer = api.request("POST", PATH, json=body)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert listed(api) == []


def test_metadata_may_be_as_long_as_the_contract_says(api: Api) -> None:
    """10 KB, and the digits of its numbers are kept."""
    text = '{"externalId": "a", "metadata": {"n": 123456789012345678901234567890.10, "k": "%s"}}'
    body = text % ("x" * (10_240 - 48))
    answer = api.request("POST", PATH, content=body)
    assert answer.status_code == 201, answer.text
    assert "123456789012345678901234567890.10" in answer.text


def test_metadata_of_many_levels_is_refused(api: Api) -> None:
    """Whoever reads it back should be able to."""
    for depth, status in ((17, 422), (4000, 400)):
        nested = "[" * depth + "]" * depth
        body = f'{{"externalId": "a", "metadata": {{"k": {nested}}}}}'
        answer = api.request("POST", PATH, content=body)
        assert (answer.status_code, answer.json()["code"]) == (status, "invalid_request")


@pytest.mark.parametrize("params", [{"status": "gone"}, {"limit": "0"}, {"x": "1"}, {"search": ""}])
def test_an_unknown_parameter_is_refused(api: Api, params: dict[str, str]) -> None:
    """By its name."""
    answer = api.request("GET", PATH, params=params)
    assert (answer.status_code, answer.json()["details"]) == (
        400,
        {"parameter": next(iter(params))},
    )


def test_end_users_of_an_older_file_are_found(tmp_path: Path) -> None:
    """A ledger from before end users were kept has those of its events, and the next are added."""
    path = tmp_path / "older.duckdb"
    file_of_version(path, 3)
    with (
        local_server(path, organization="org") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        api = Api(http=client, org_id="org", key=server.api_key)
        assert listed(api) == ["user"]
        api.send([event(user_id="user"), event(user_id="b")])
        assert listed(api) == ["b", "user"]


def test_the_register_is_bounded_and_forgets_what_was_rolled_back() -> None:
    """Only what is on disk is remembered, and not more of it than fits."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE end_users (org_id VARCHAR, external_id VARCHAR, created_at TIMESTAMP, "
        "updated_at TIMESTAMP, PRIMARY KEY (org_id, external_id))"
    )
    register = EndUserRegister(2)

    def count() -> int:
        found = connection.execute("SELECT count(*) FROM end_users").fetchall()
        return found[0][0]

    def write(*ids: str | None, commit: bool = True) -> int:
        connection.execute("BEGIN")
        register.insert(connection, [("o", each) for each in ids], at=NOW)
        connection.execute("COMMIT" if commit else "ROLLBACK")
        (register.committed if commit else register.rolled_back)()
        return count()

    assert write("a", None, "a", commit=False) == 0
    assert write("a", "b") == 2
    assert write("c") == 3
    assert write("a", "b", "c") == 3
    register.forget("o", "c")
    connection.execute("DELETE FROM end_users WHERE external_id = 'c'")
    assert write("c") == 3
