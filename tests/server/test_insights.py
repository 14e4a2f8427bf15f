"""What stands out in a range: totals, movers, unusual days, what could be better, distributions."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from server.helpers import Api, event, uuid7

PATH = "/v1/insights/summary"
SECOND_WEEK = {"start": "2026-03-09", "end": "2026-03-15"}


def spent(cost: str | None, day: str, **fields: Any) -> dict[str, Any]:
    """Return an event of a day of March; labels go into its metadata."""
    labels = {name: fields.pop(name) for name in ("feature", "agent") if name in fields}
    return event(
        event_invoked_at=f"2026-03-{day}T12:00:00Z",
        metadata={"cost": cost, **labels, **fields.pop("metadata", {})},
        **{"model": "own-model", **fields},
    )


def ask(api: Api, **params: Any) -> dict[str, Any]:
    """Return the insights of March, or of another range."""
    answer = api.request("GET", PATH, params={"start": "2026-03-01", "end": "2026-03-31", **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def kinds(answer: dict[str, Any]) -> list[str]:
    """Return what sorts of opportunities there are."""
    return [each["kind"] for each in answer["opportunities"]]


def test_totals(api: Api) -> None:
    """Two of 10 and 5 tokens, 4 of the 20 in from the cache; the average is of the priced one."""
    api.send(
        [
            spent("0.5", "10", user_id="a", metadata={"usage": {"cache_read_tokens": 4}}),
            spent(None, "10", user_id="a"),
        ]
    )
    api.send([spent("0.4", "01")])
    assert ask(api, **SECOND_WEEK)["totals"] == {
        "cost": "0.5",
        "events": 2,
        "tokens": 30,
        "inputTokens": 20,
        "outputTokens": 10,
        "cacheReadTokens": 4,
        "cacheReadPercent": 20.0,
        "endUsers": 1,
        "unpricedEvents": 1,
        "costPerEvent": "0.5",
        "previousCost": "0",
        "change": "0.5",
        "changePercent": None,
    }


def test_nothing_stands_out_of_nothing(api: Api) -> None:
    """An empty range is an answer."""
    found = ask(api, include="distributions")
    assert (found["topMovers"], found["anomalies"], found["opportunities"]) == ([], [], [])
    assert (found["totals"]["cost"], found["totals"]["costPerEvent"]) == ("0", None)
    assert found["distributions"]["costPerEvent"]["count"] == 0
    assert "latencyMs" not in found["distributions"]


def test_movers_are_what_changed_most(api: Api) -> None:
    """From 2 to 7 is +5, from 3 to 0 is -3; what stayed the same, and labels without values, no."""
    api.send([spent("2", "03", feature="up"), spent("3", "04", feature="down")])
    api.send([spent("7", "10", feature="up"), spent("1", "02", feature="same")])
    api.send([spent("1", "11", feature="same"), spent("9", "16", feature="later")])
    movers = ask(api, **SECOND_WEEK)["topMovers"]
    assert [(each["dimension"], each["value"], each["change"]) for each in movers] == [
        ("feature", "up", "5"),
        ("feature", "down", "-3"),
        ("model", "own-model", "2"),
    ]
    assert movers[0] == {
        "dimension": "feature",
        "value": "up",
        "current": "7",
        "previous": "2",
        "change": "5",
        "changePercent": 250.0,
        "unpricedEvents": 0,
    }
    assert len(ask(api, **SECOND_WEEK, limit=1)["topMovers"]) == 1


def test_what_is_new_has_no_percentage(api: Api) -> None:
    """Nothing before it can be compared to; the nameless move too where others have a name."""
    api.send([spent("2", "10", user_id="new"), spent("1", "10")])
    movers = ask(api, **SECOND_WEEK)["topMovers"]
    assert [(each["dimension"], each["value"]) for each in movers] == [
        ("model", "own-model"),
        ("endUser", "new"),
        ("endUser", None),
    ]
    assert {each["changePercent"] for each in movers} == {None}


def days(costs: list[str], **fields: Any) -> list[dict[str, Any]]:
    """Return an event for each day from 1 March on."""
    return [spent(cost, f"{day:02}", **fields) for day, cost in enumerate(costs, 1)]


def test_a_day_far_from_the_others_stands_out(api: Api) -> None:
    """Median 1.0, median distance 0.1, half the median 0.5: 3 and 0.2 do, 1.4 does not."""
    api.send(days(["0.9", "1.1", "1.0", "3", "1.1", "0.9", "1.4", "1.0", "0.2"], feature="f"))
    found = ask(api, start="2026-03-01", end="2026-03-09")["anomalies"]
    whole = [each for each in found if each["dimension"] is None]
    assert [(each["start"], each["cost"], each["deviation"]) for each in whole] == [
        ("2026-03-04T00:00:00Z", "3", "2"),
        ("2026-03-09T00:00:00Z", "0.2", "-0.8"),
    ]
    assert (whole[0]["usual"], whole[0]["threshold"]) == ("1", "0.5")
    assert {each["value"] for each in found if each["dimension"] == "feature"} == {"f"}
    assert {each["value"] for each in found if each["dimension"] == "model"} == {"own-model"}


def test_what_did_not_exist_yet_was_not_cheap(api: Api) -> None:
    """A feature's days begin with its first event; before, there is nothing to be unusual."""
    api.send([spent("1", f"{day:02}", feature="new") for day in range(20, 32)])
    assert ask(api)["anomalies"] == []


def test_a_day_that_is_not_over_is_not_judged(api: Api) -> None:
    """Nor one that the range cuts in two; a week at least makes a usual day."""
    today = datetime.now().astimezone().replace(microsecond=0)
    start = today - timedelta(days=10)
    sent = [
        event(
            model="own-model",
            event_invoked_at=(start + timedelta(days=day)).isoformat(),
            metadata={"cost": "1"},
        )
        for day in range(10)
    ]
    api.send(sent)
    ends = {"start": start.date().isoformat(), "end": (today + timedelta(days=9)).date()}
    assert ask(api, **ends)["anomalies"] == []


def test_models_without_a_price_are_named(api: Api) -> None:
    """By how many events they keep out of every sum."""
    api.send([spent(None, "10", model="m1"), spent(None, "11", model="m2")])
    api.send([spent(None, "11", model="m2"), spent("1", "11", model="m3")])
    found = [each for each in ask(api)["opportunities"] if each["kind"] == "unpriced_model"]
    assert [(each["model"], each["eventCount"], each["estimatedSaving"]) for each in found] == [
        ("m2", 2, None),
        ("m1", 1, None),
    ]


def test_large_inputs_that_are_never_cached_are_named(api: Api) -> None:
    """20 calls of 2,000 tokens of gpt-4o: 1.25 USD a million less, for all but the first."""
    prices: dict[str, Any] = {"metadata": {"provider": "openai"}, "model": "gpt-4o"}
    large = [spent(None, "10", input_tokens=2000 + n, feature="chat", **prices) for n in range(20)]
    api.send(large[:19])
    assert kinds(ask(api)) == []
    api.send(large[19:])
    (found,) = ask(api)["opportunities"]
    assert (found["kind"], found["model"], found["feature"]) == ("uncached_input", "gpt-4o", "chat")
    assert (found["eventCount"], found["estimatedSaving"]) == (20, "0.0475")
    read = {"provider": "openai", "usage": {"cache_read_tokens": 10}}
    api.send([spent(None, "10", feature="chat", model="gpt-4o", metadata=read)])
    assert kinds(ask(api)) == []


def test_a_saving_is_told_from_own_prices(api: Api) -> None:
    """19 calls of 2,000 tokens at an own 3 USD a million, less 1 read from the cache; then none."""
    model = {"model": "ours", "input_tokens": 2000, "metadata": {"provider": "vllm"}}
    api.send([spent("0", "10", **model) for _ in range(20)])
    assert kinds(ask(api)) == []
    for read, saving in (("1", ["0.076"]), ("3", [])):
        prices = {"input_tokens": "3", "cache_read_tokens": read}
        api.request("POST", "/v1/prices", json={"model": "ours", "prices": prices})
        assert [each["estimatedSaving"] for each in ask(api)["opportunities"]] == saving


def test_end_users_who_cost_more_than_they_pay_are_named(api: Api) -> None:
    """Once anybody pays; the worst first, who pays nothing too."""
    api.send([spent("5", "10", user_id=each) for each in ("poor", "none", "rich")])
    assert "negative_margin" not in kinds(ask(api))
    for user, amount in (("poor", "2"), ("rich", "50")):
        paid = {"revenueId": user, "externalId": user, "amount": amount}
        paid["occurredAt"] = "2026-03-10T00:00:00Z"
        api.request("POST", "/v1/revenue/events", json=paid)
    found = [each for each in ask(api)["opportunities"] if each["kind"] == "negative_margin"]
    assert [(each["endUserId"], each["estimatedSaving"]) for each in found] == [
        ("none", "5"),
        ("poor", "3"),
    ]
    assert "negative_margin" not in kinds(ask(api, model="own-model"))


def test_cost_that_is_nobodys_is_named(api: Api) -> None:
    """3 of 10 dollars have no feature while others do; of end users nobody ever spoke."""
    api.send([spent("7", "10", feature="chat"), spent("3", "10")])
    (found,) = [each for each in ask(api)["opportunities"] if each["kind"] == "unattributed_cost"]
    assert (found["dimension"], found["cost"]) == ("feature", "3")
    assert found["explanation"].startswith("30 % of the cost")


def test_revenue_is_shown_to_those_who_may_see_it(api: Api) -> None:
    """A key that may read costs alone is told nothing about margins."""
    api.send([spent("5", "10", user_id="a")])
    paid = {"revenueId": "r", "externalId": "a", "amount": "1"}
    paid["occurredAt"] = "2026-03-10T00:00:00Z"
    api.request("POST", "/v1/revenue/events", json=paid)
    made = api.request("POST", "/v1/keys", json={"name": "k", "scopes": ["costs:read"]}).json()
    weak = Api(http=api.http, org_id=api.org_id, key=made["key"])
    assert ("negative_margin" in kinds(ask(api)), kinds(ask(weak))) == (True, [])


def test_distributions_count_every_event_once(api: Api) -> None:
    """Costs 0, 0.0001, 0.0002 and 5; an edge belongs to the bucket below it."""
    api.send([spent(cost, "10") for cost in ("0", "0.0001", "0.0002", "5", None)])
    found = ask(api, include="distributions")["distributions"]
    cost = found["costPerEvent"]
    assert (cost["count"], cost["min"], cost["max"], cost["mean"]) == (4, "0", "5", "1.250075")
    assert cost["p50"] == "0.00015"
    assert float(cost["p99"]) == pytest.approx(4.850006)
    assert [(each["from"], each["to"]) for each in cost["buckets"] if each["count"]] == [
        ("0", "0.00001"),
        ("0.00001", "0.0001"),
        ("0.0001", "0.0002"),
        ("1", "10"),
    ]
    tokens = found["tokensPerEvent"]
    assert (tokens["count"], tokens["p50"], tokens["buckets"][0]["count"]) == (5, 15, 5)
    assert "latencyMs" not in found


def test_latency_is_that_of_the_calls_that_say_so(api: Api) -> None:
    """Half a second and a quarter of an hour; the last bucket has no end."""
    for latency in (500, 900_000):
        api.send([spent("1", "10", metadata={"latency_ms": latency})])
    api.send([spent("1", "10")])
    found = ask(api, include="distributions")["distributions"]["latencyMs"]
    assert (found["count"], found["p50"], found["max"]) == (2, 450_250, 900_000)
    filled = [(each["from"], each["to"]) for each in found["buckets"] if each["count"]]
    assert filled == [(200, 500), (120_000, None)]


@pytest.mark.parametrize("include", ["distributions", "distributions,distributions"])
def test_what_is_included_may_be_said_in_two_ways(api: Api, include: str) -> None:
    """Repeated or separated by commas; left out, it is not worked out."""
    assert "distributions" in ask(api, include=include)
    assert "distributions" in ask(api, include=[include, include])
    assert "distributions" not in ask(api)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"include": "secrets"}, "include"),
        ({"include": "distributions,"}, "include"),
        ({"limit": "0"}, "limit"),
        ({"startDate": "2026-03-01"}, "startDate"),
        ({"end": "2026-02-01"}, "end"),
        ({"end": "4000-01-01"}, "end"),
        ({"start": "soon"}, "start"),
        ({"granularity": "day"}, "granularity"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(
    api: Api, params: dict[str, str], named: str
) -> None:
    """By the name of the parameter."""
    params = {"start": "2026-03-01", "end": "2026-03-31", **params}
    answer = api.request("GET", PATH, params=params)
    assert (answer.status_code, answer.json()["details"]) == (400, {"parameter": named})


def test_insights_are_of_one_organisation(api: Api, other: Api) -> None:
    """Nothing of another's is compared, judged or counted."""
    other.send([spent("5", "10", feature="theirs", sdk_event_id=str(uuid7()))])
    found = ask(api, include="distributions")
    assert found["topMovers"] == found["opportunities"] == []
    assert Decimal(found["totals"]["cost"]) == 0
    assert found["distributions"]["costPerEvent"]["count"] == 0
