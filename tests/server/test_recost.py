"""Re-costing: stored events under the prices of today, and put back."""

from __future__ import annotations

from typing import Any

import pytest
from server.helpers import MARCH, Api, event
from server.test_own_prices import call, set_price

RECOST = "/v1/prices/recost"
RECOSTS = "/v1/prices/recosts"
FIGURES = ("eventCount", "costBefore", "costAfter", "change", "changedEvents", "unpricedEvents")


def recost(api: Api, status: int = 200, **body: Any) -> dict[str, Any]:
    """Ask for a re-cost of March, without writing unless told otherwise."""
    response = api.request("POST", RECOST, json={**MARCH, **body})
    assert response.status_code == status, response.text
    return response.json()


def apply(api: Api, **body: Any) -> dict[str, Any]:
    """Re-cost March."""
    found = recost(api, dryRun=False, **body)
    assert found["status"] == "done"
    return found


def undo(api: Api, recost_id: str, status: int = 200) -> dict[str, Any]:
    """Undo a run."""
    response = api.request("POST", f"{RECOSTS}/{recost_id}/undo")
    assert response.status_code == status, response.text
    return response.json()


def figures(found: dict[str, Any]) -> tuple[Any, ...]:
    """Return the totals of an answer."""
    return tuple(found[name] for name in FIGURES)


def costs(api: Api) -> list[tuple[Any, ...]]:
    """Return what is stored about the cost of every event."""
    names = ("eventId", "cost", "costSource", "priceId")
    return [tuple(each[name] for name in names) for each in api.events()]


@pytest.fixture
def ledger(api: Api) -> Api:
    """Three events of gpt-4o at 0.0075, one of an unknown model, and one whose cost was stated."""
    days = ("2026-03-01", "2026-03-01", "2026-03-31")
    sent = [call(event_invoked_at=f"{day}T23:30:00Z") for day in days]
    api.send([*sent, call("vllm", "ours"), event()])
    set_price(api, provider="openai", model="gpt-4o", prices={"input_tokens": 1})
    set_price(api, provider="vllm", model="ours", prices={"input_tokens": 1, "output_tokens": 2})
    return api


def test_a_dry_run_says_what_would_change_and_changes_nothing(ledger: Api) -> None:
    """3 times 0.0075 become 3 times 0.006, and 0.002 are new; a stated cost is not looked at."""
    before = costs(ledger)
    found = recost(ledger)
    assert figures(found) == (4, "0.0225", "0.02", "-0.0025", 4, 0)
    assert (found["newlyPricedEvents"], found["newlyUnpricedEvents"]) == (1, 0)
    assert [(each["model"], each["change"]) for each in found["models"]] == [
        ("gpt-4o", "-0.0045"),
        ("ours", "0.002"),
    ]
    assert [(each["date"], each["costAfter"]) for each in found["days"]] == [
        ("2026-03-01", "0.012"),
        ("2026-03-10", "0.002"),
        ("2026-03-31", "0.006"),
    ]
    assert costs(ledger) == before


def test_days_are_those_of_the_time_zone(ledger: Api) -> None:
    """Half past eleven in the evening, UTC, is the next day in Berlin."""
    found = recost(ledger, timezone="Europe/Berlin")
    assert [each["date"] for each in found["days"]] == ["2026-03-02", "2026-03-10"]


def test_applying_does_what_the_dry_run_said(ledger: Api) -> None:
    """The same figures, and then the events cost that."""
    said = recost(ledger)
    done = apply(ledger)
    assert figures(done) == figures(said)
    assert (done["models"], done["days"]) == (said["models"], said["days"])
    total = ledger.get("/v1/costs/by-model")["totalCost"]
    assert total == "0.03"  # 0.02, and the 0.01 that were stated
    assert figures(recost(ledger)) == (4, "0.02", "0.02", "0", 0, 0)


def test_undoing_puts_everything_back(ledger: Api) -> None:
    """Cost, source and price id, of every event; undoing it twice is no error."""
    before = costs(ledger)
    done = apply(ledger)
    assert costs(ledger) != before
    assert undo(ledger, done["recostId"])["status"] == "undone"
    assert costs(ledger) == before
    assert undo(ledger, done["recostId"])["status"] == "undone"


def test_only_the_chosen_events_are_touched(ledger: Api) -> None:
    """By the filters that every question takes."""
    done = apply(ledger, filters={"provider": ["vllm"]})
    assert figures(done)[:3] == (1, "0", "0.002")
    assert done["filters"] == {"provider": ["vllm"]}
    assert ledger.get("/v1/costs/by-model", {"model": "gpt-4o"})["totalCost"] == "0.0325"


def test_the_later_run_has_to_be_undone_first(ledger: Api) -> None:
    """Otherwise its own undo would bring back what the earlier one had put away."""
    first = apply(ledger)["recostId"]
    set_price(ledger, provider="openai", model="gpt-4o", prices={"input_tokens": 2})
    second = apply(ledger)["recostId"]
    assert second in undo(ledger, first, 409)["message"]
    undo(ledger, second)
    assert undo(ledger, first)["status"] == "undone"
    assert ledger.get("/v1/costs/by-model", {"model": "gpt-4o"})["totalCost"] == "0.0325"


def test_runs_are_listed_and_shown(ledger: Api) -> None:
    """Who, when, which events, under which prices, and what came of it."""
    done = apply(ledger)
    (listed,) = ledger.request("GET", RECOSTS).json()["recosts"]
    shown = ledger.request("GET", f"{RECOSTS}/{done['recostId']}").json()
    assert shown == done
    assert listed == {name: value for name, value in done.items() if name not in {"models", "days"}}
    assert done["createdBy"].startswith("key_")
    assert done["priceVersion"].startswith("genai-prices:")
    assert "+own:" in done["priceVersion"]


def test_a_parameter_that_no_run_is_listed_by_is_refused(api: Api) -> None:
    """They are listed all, and shown whole."""
    for path in ("/v1/prices/recosts", "/v1/prices/recosts/none"):
        answered = api.request("GET", path, params={"limit": 1})
        assert answered.status_code == 400
        assert "limit" in answered.json()["message"]


def test_runs_are_each_organisations_own(ledger: Api, other: Api) -> None:
    """Nobody sees, undoes or causes another's."""
    other.send([call()])
    done = apply(ledger)
    assert other.request("GET", RECOSTS).json() == {"recosts": []}
    assert other.request("GET", f"{RECOSTS}/{done['recostId']}").status_code == 404
    undo(other, done["recostId"], 404)
    assert [each[1:3] for each in costs(other)] == [("0.0075", "catalogue")]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"startDate": "2026-04-01"}, "endDate"),
    ({"startDate": 3}, "startDate"),
    ({"timezone": "Mars"}, "timezone"),
    ({"dryRun": "no"}, "dryRun"),
    ({"filters": []}, "filters"),
    ({"filters": {"colour": "red"}}, "colour"),
    ({"filters": {"model": 3}}, "filters.model"),
    ({"filters": {"timezone": "UTC"}}, "timezone"),
    ({"modle": "m"}, "modle"),
]


@pytest.mark.parametrize(("body", "name"), BAD)
def test_a_bad_request_is_refused_by_name(api: Api, body: dict[str, Any], name: str) -> None:
    """Nothing that is not understood is passed over."""
    found = recost(api, 400, **body)
    assert name in found["message"]
