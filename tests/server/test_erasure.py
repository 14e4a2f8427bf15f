from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from server.helpers import AT, MARCH, Api, event

from bearlumen_server import local_server
from bearlumen_server.api.wire import segment
from bearlumen_server.storage.compact import compact_if_due
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNTED = {"service_tier": "flex", "new_tokens": 7}
NAME = "wilhelmina.zwetschgenbaum@example.org"


def of(user: str = NAME, **metadata: Any) -> dict[str, Any]:
    """Return an event of an end user, whose name is wherever a program may have put it."""
    named = {
        "session_id": f"chat-{user}",
        "feature": "chat",
        "note": {"to": [user]},
        "dimensions": {"team": "sales", "mail": user, "seats": 3},
        "usage": {
            "cache_read_tokens": 4,
            "service_tier": "flex",
            "asked_by": user,
            "new_tokens": 7,
        },
        "units": {"pages": 2},
    }
    return event(user_id=user, metadata={**named, **metadata})


def erase(api: Api, user: str = NAME, **params: str) -> dict[str, Any]:
    """Erase an end user, and return the answer, which must be a 200."""
    response = api.request("DELETE", f"/v1/end-users/{segment(user)}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def pay(api: Api, user: str, amount: str, revenue_id: str) -> dict[str, Any]:
    """Report revenue."""
    sent = {"revenueId": revenue_id, "externalId": user, "amount": amount, "occurredAt": AT}
    return api.request("POST", "/v1/revenue/events", json=sent).json()


def totals(api: Api) -> tuple[Any, ...]:
    """Return what everything adds up to."""
    summary = api.get("/v1/usage/summary")
    margins = api.get("/v1/margins/by-end-user")["endUsers"]
    by_feature = api.get("/v1/costs/by-feature")["items"]
    revenue = sum(float(each["revenue"]) for each in margins)
    return {**summary, "endUsers": None}, revenue, by_feature, api.get("/v1/usage/aggregation")


def test_an_anonymised_end_user_leaves_every_total(api: Api) -> None:
    """Two events and one payment lose the name; cost, tokens and revenue stay what they were."""
    api.send([of(), of(), of("other")])
    pay(api, NAME, "5", "i-1")
    pay(api, "other", "7", "i-2")
    before = totals(api)
    assert erase(api) == {"mode": "anonymize", "events": 2, "revenue": 1}
    assert totals(api) == before
    assert NAME not in str(api.events())
    margins = {each["endUserId"]: each["revenue"] for each in margins_of(api)}
    assert margins == {None: "5", "other": "7"}
    (untouched,) = (each for each in api.events() if each["endUserId"] == "other")
    assert untouched["dimensions"] == {"team": "sales", "mail": "other", "seats": 3}


def margins_of(api: Api) -> list[dict[str, Any]]:
    """Return the margins by end user."""
    return api.get("/v1/margins/by-end-user")["endUsers"]


def test_anonymising_keeps_the_counts_and_the_dimensions_named(api: Api) -> None:
    """What was bought and how it is priced stays; what may say for whom goes."""
    api.send([of()])
    erase(api, keepDimensions="team,seats")
    (kept,) = api.events()
    assert (kept["endUserId"], kept["sessionId"], kept["metadata"]) == (None, None, {})
    assert kept["dimensions"] == {"team": "sales", "seats": 3}
    assert (kept["usage"], kept["units"]) == (COUNTED, {"pages": 2})
    assert (kept["cacheReadTokens"], kept["feature"], kept["cost"]) == (4, "chat", "0.01")
    assert api.get("/v1/dimensions/numeric-summary", {"key": "seats"})["sum"] == 3


def test_a_removed_end_user_is_gone_for_good(api: Api) -> None:
    """Events and revenue leave the totals, and a resend of either is still a duplicate."""
    sent = [of(), of(), of("other")]
    api.send(sent)
    pay(api, NAME, "5", "i-1")
    assert erase(api, mode="remove") == {"mode": "remove", "events": 2, "revenue": 1}
    assert api.get("/v1/usage/summary")["totalCost"] == "0.01"
    assert api.send(sent) == {"accepted": 0, "duplicates": 3, "rejected": []}
    assert pay(api, NAME, "5", "i-1")["duplicates"] == 1
    assert [each["endUserId"] for each in margins_of(api)] == ["other"]


@pytest.mark.parametrize("mode", ["anonymize", "remove"])
def test_what_runs_were_asked_of_an_end_user_is_forgotten(api: Api, mode: str) -> None:
    """A re-costing run keeps its filters: not the name, nor a session or dimension of theirs."""
    api.send([of(), of("other")])
    both = {
        "externalId": [NAME, "other"],
        "sessionId": [f"chat-{NAME}", "chat-other"],
        "dimension.mail": [NAME],
    }
    for filters in (both, {"sessionId": f"chat-{NAME}"}, {"dimension.mail": NAME}):
        asked = {**MARCH, "filters": filters, "dryRun": False}
        assert api.request("POST", "/v1/prices/recost", json=asked).status_code == 200
    erase(api, mode=mode)
    runs = api.request("GET", "/v1/prices/recosts")
    assert [run["filters"] for run in reversed(runs.json()["recosts"])] == [
        {"externalId": ["other"], "sessionId": ["chat-other"], "dimension.mail": []},
        {"sessionId": []},
        {"dimension.mail": []},
    ]
    assert NAME not in runs.text + api.request("GET", "/v1/export/recosts").text


@pytest.mark.parametrize("mode", ["anonymize", "remove"])
def test_erasing_reaches_one_end_user_of_one_organisation(api: Api, other: Api, mode: str) -> None:
    """The same id in another organisation is somebody else; doing it again finds nothing."""
    for each in (api, other):
        each.send([of(), event(user_id=None)])
    assert erase(api, mode=mode)["events"] == 1
    assert erase(api, mode=mode) == {"mode": mode, "events": 0, "revenue": 0}
    assert erase(other, "a/b?c%2F", mode=mode)["events"] == 0
    assert [each["endUserId"] for each in other.events()].count(NAME) == 1


@pytest.mark.parametrize("user", ["a/b", "ü 100%", "..", "?x=1#y", " "])
def test_an_end_user_of_any_name_can_be_erased(api: Api, user: str) -> None:
    """The id is one segment of the path, percent-encoded."""
    api.send([of(user)])
    assert erase(api, user)["events"] == 1


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"mode": "hide"}, "mode"),
    ({"keepTotals": "true"}, "keepTotals"),
    ({"mode": "remove", "keepDimensions": "team"}, "keepDimensions"),
]


@pytest.mark.parametrize(("params", "named"), REFUSED)
def test_what_cannot_be_done_is_refused_by_name(
    api: Api, params: dict[str, str], named: str
) -> None:
    """And nothing is erased."""
    api.send([of()])
    response = api.request("DELETE", f"/v1/end-users/{NAME}", params=params)
    assert (response.status_code, response.json()["details"]) == (400, {"parameter": named})
    assert api.events()[0]["endUserId"] == NAME


@pytest.mark.parametrize("mode", ["anonymize", "remove"])
def test_the_name_leaves_the_bytes_of_the_file(
    tmp_path: Path, mode: str, plain_text: Callable[[Path], bytes]
) -> None:
    """After the start that follows, neither the file nor its log holds it anywhere."""
    path = tmp_path / "ledger.duckdb"
    with local_server(path) as server, httpx.Client(base_url=server.url) as client:
        api = Api(http=client, org_id="local", key=server.api_key)
        api.send([of(), of("other")])
        pay(api, NAME, "5", f"invoice-{NAME}" if mode == "remove" else "invoice-1")
    assert NAME.encode() in plain_text(path)
    with local_server(path) as server, httpx.Client(base_url=server.url) as client:
        api = Api(http=client, org_id="local", key=server.api_key)
        assert erase(api, mode=mode)["events"] == 1
        log = path.with_name(path.name + ".wal")
        assert not log.exists() or NAME.encode() not in log.read_bytes()
    assert compact_if_due(path)
    assert NAME.encode() not in plain_text(path)
    assert not compact_if_due(path)
    store = DuckDBStore(path)
    assert store.rows("SELECT count(*) FROM events", {}) == [(1 + (mode == "anonymize"),)]
    store.close()


@pytest.fixture
def plain_text() -> Callable[[Path], bytes]:
    """Read every byte of a ledger: of its file and of whatever lies beside it."""
    return lambda path: b"".join(
        each.read_bytes() for each in path.parent.iterdir() if each.is_file()
    )
