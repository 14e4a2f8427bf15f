"""What is known of prices: the catalogue, what is missing, and how one cost comes about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from server.helpers import Api, event
from server.test_own_prices import call, set_alias, set_price
from server.test_recost import apply

CATALOGUE = "/v1/prices/catalogue"
MISSING = "/v1/prices/missing"
EXPLAIN = "/v1/prices/explain"


def explain(api: Api, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the explanation of an event."""
    response = api.request("GET", EXPLAIN, params={"eventId": sent["sdk_event_id"]})
    assert response.status_code == 200, response.text
    return response.json()


def lines(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return kind, quantity, price and amount of each line."""
    names = ("kind", "quantity", "price", "per", "amount")
    return [tuple(each[name] for name in names) for each in found["lines"]]


def test_the_catalogue_says_how_old_it_is(api: Api) -> None:
    """Its package and version, and the last day on which a price of it starts."""
    found = api.request("GET", CATALOGUE).json()
    assert found["package"] == "genai-prices"
    assert found["asOf"] <= "2100"


def test_the_catalogue_lists_the_prices_of_a_model(api: Api) -> None:
    """gpt-4o: 2.50 in, 1.25 cached, 10 out; half of that in batch."""
    model = {"provider": "openai", "model": "gpt-4o", "at": "2026-11-01"}
    (tier,) = api.request("GET", CATALOGUE, params=model).json()["tiers"]
    prices = {each["kind"]: each["price"] for each in tier["prices"]}
    assert prices["input_tokens"] == "2.5"
    assert (prices["cache_read_tokens"], prices["output_tokens"]) == ("1.25", "10")
    (batch,) = api.request("GET", CATALOGUE, params={**model, "batch": "true"}).json()["tiers"]
    assert {each["kind"]: each["price"] for each in batch["prices"]}["input_tokens"] == "1.25"
    unknown = api.request("GET", CATALOGUE, params={"provider": "openai", "model": "x"}).json()
    assert (unknown["tiers"], "not a model of" in unknown["reason"]) == ([], True)


def test_catalogue_prices_are_explained_kind_by_kind(api: Api) -> None:
    """600 fresh and 400 cached in, 500 out: the three amounts add up to the cost."""
    sent = call(usage={"cache_read_tokens": 400})
    api.send([sent])
    found = explain(api, sent)
    assert lines(found) == [
        ("cache_read_tokens", 400, "1.25", 1_000_000, "0.0005"),
        ("input_tokens", 600, "2.5", 1_000_000, "0.0015"),
        ("output_tokens", 500, "10", 1_000_000, "0.005"),
    ]
    assert (found["cost"], found["total"], found["upToDate"]) == ("0.007", "0.007", True)
    assert found["note"] is None
    source = found["lines"][0]["source"]
    assert (
        source
        == f"catalogue genai-prices {found['catalogue']['version']}, as of "
        + (found["catalogue"]["asOf"])
    )


def test_own_prices_are_explained_with_their_date(api: Api) -> None:
    """An own price, and a discount off the catalogue's."""
    made = set_price(
        api, provider="openai", model="gpt-4o", prices={"input_tokens": 1},
        discountPercent=20, effectiveFrom="2026-03-01",
    )  # fmt: skip
    sent = call()
    api.send([sent])
    found = explain(api, sent)
    assert lines(found) == [
        ("input_tokens", 1000, "1", 1_000_000, "0.001"),
        ("output_tokens", 500, "8", 1_000_000, "0.004"),
    ]
    own, discounted = found["lines"]
    assert own["source"] == f"own price {made['id']} version 1, from 2026-03-01"
    assert (own["ruleId"], own["effectiveFrom"]) == (made["id"], "2026-03-01T00:00:00Z")
    assert (discounted["listPrice"], discounted["discountPercent"]) == ("10", "20")


def test_a_stated_cost_is_its_own_explanation(api: Api) -> None:
    """Whoever stated it, no price had a part in it."""
    by_caller, by_provider = event(), event(metadata={"cost": None, "provider_cost": "0.5"})
    api.send([by_caller, by_provider])
    assert lines(explain(api, by_caller)) == [("stated", 1, None, 1, "0.01")]
    found = explain(api, by_provider)
    assert found["lines"][0]["source"] == "stated by the provider in its response"
    assert (found["total"], found["upToDate"]) == ("0.5", True)


def test_a_cost_of_other_prices_is_marked(api: Api) -> None:
    """The lines are those of today, until a re-cost; then the run is named."""
    sent = call()
    api.send([sent])
    set_price(api, provider="openai", model="gpt-4o", prices={"input_tokens": 1})
    found = explain(api, sent)
    assert (found["cost"], found["total"], found["upToDate"]) == ("0.0075", "0.006", False)
    assert "genai-prices" in found["note"]
    done = apply(api)
    found = explain(api, sent)
    assert (found["cost"], found["total"], found["note"]) == ("0.006", "0.006", None)
    (run,) = found["recosts"]
    assert (run["recostId"], run["before"], run["after"]) == (done["recostId"], "0.0075", "0.006")


def test_amounts_that_do_not_end_still_add_up(api: Api) -> None:
    """Seconds billed by the hour: each amount is rounded so that the sum is the cost."""
    sent = call("groq", "whisper-large-v3", input_tokens=None, output_tokens=None,
                units={"seconds": 61})  # fmt: skip
    api.send([sent])
    found = explain(api, sent)
    assert found["cost"] is not None
    assert sum(Decimal(each["amount"]) for each in found["lines"]) == Decimal(found["cost"])


def test_an_unpriced_event_says_why(api: Api) -> None:
    """There is no formula, but a reason."""
    sent = call("vllm", "ours")
    api.send([sent])
    found = explain(api, sent)
    assert (found["lines"], found["total"], found["upToDate"]) == ([], None, True)
    assert "one's own machines" in found["current"]["reason"]


def test_a_reason_says_nothing_of_another_event(api: Api, other: Api) -> None:
    """Prices are shared between the events, and organisations, that they hold for."""
    for each, at in ((api, "2026-03-05"), (other, "2026-03-20")):
        sent = call(
            usage={"service_tier": "flex", "batch": True}, event_invoked_at=f"{at}T00:00:00Z"
        )
        each.send([sent])
        reason = explain(each, sent)["current"]["reason"]
        assert reason == "openai/gpt-4o has no 'batch' price at that time"


def test_an_event_behind_an_alias_says_as_what_it_is_priced(api: Api) -> None:
    """And which alias led there."""
    alias = set_alias(api, alias="prod", provider="azure", targetModel="gpt-4o")
    sent = call("azure", "prod")
    api.send([sent])
    found = explain(api, sent)
    assert found["pricedAs"] == {"provider": "azure", "model": "gpt-4o"}
    assert found["aliasId"] == alias["id"]


def test_only_ones_own_events_are_explained(api: Api, other: Api) -> None:
    """Another organisation's is not there, and neither is one that never was."""
    sent = call()
    api.send([sent])
    for wanted, status in ((sent["sdk_event_id"], 404), (str(uuid4()), 404), ("x", 400)):
        assert other.request("GET", EXPLAIN, params={"eventId": wanted}).status_code == status


def test_models_without_a_price_are_listed_with_the_reason(api: Api) -> None:
    """The most events first; the reason is gone once there is a price for them."""
    api.send(
        [
            call("vllm", "a"),
            call("vllm", "b"),
            call("vllm", "b", event_invoked_at="2026-03-02T00:00:00Z"),
        ]
    )
    api.send([call()])
    found = api.get(MISSING)
    assert [(each["model"], each["eventCount"]) for each in found["items"]] == [("b", 2), ("a", 1)]
    assert (found["unpricedEvents"], found["total"], found["hasMore"]) == (3, 2, False)
    first = found["items"][0]
    assert (first["firstSeen"], first["lastSeen"]) == (
        "2026-03-02T00:00:00Z",
        "2026-03-10T12:00:00Z",
    )
    assert "one's own machines" in first["reason"]
    set_price(api, model="b", prices={"input_tokens": 1, "output_tokens": 1})
    assert api.get(MISSING, {"model": "b"})["items"][0]["reason"] is None
    assert api.get(MISSING, {"limit": 1})["hasMore"]
