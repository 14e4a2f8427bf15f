"""An organisation's own prices: which one holds, and what it makes of an event."""

from __future__ import annotations

from typing import Any

import pytest
from server.helpers import Api, event

PATH = "/v1/prices"
ALIASES = "/v1/prices/aliases"


def set_price(api: Api, **price: Any) -> dict[str, Any]:
    """Set one own price, which must be a 200, and return it."""
    response = api.request("POST", PATH, json=price)
    assert response.status_code == 200, response.text
    return response.json()["prices"][0]


def set_alias(api: Api, **alias: Any) -> dict[str, Any]:
    """Set one alias, which must be a 200, and return it."""
    response = api.request("POST", ALIASES, json=alias)
    assert response.status_code == 200, response.text
    return response.json()["aliases"][0]


def call(provider: str = "openai", model: str = "gpt-4o", **fields: Any) -> dict[str, Any]:
    """Return an event of 1000 tokens in and 500 out whose cost nobody stated."""
    usage, units = fields.pop("usage", {}), fields.pop("units", {})
    tokens = {"input_tokens": 1000, "output_tokens": 500}
    metadata = {"provider": provider, "cost": None, "usage": usage, "units": units}
    return event(model=model, metadata=metadata, **{**tokens, **fields})


def cost(api: Api, sent: dict[str, Any]) -> tuple[str | None, str | None]:
    """Send one event and return what it was charged, and by whom."""
    assert api.send([sent])["accepted"] == 1
    stored = {each["eventId"]: each for each in api.events()}[sent["sdk_event_id"]]
    return stored["cost"], stored["costSource"]


def test_an_own_price_comes_before_the_catalogue(api: Api) -> None:
    """1000 in at 1 USD and 500 out at 4 USD a million."""
    assert cost(api, call()) == ("0.0075", "catalogue")
    set_price(
        api, provider="openai", model="gpt-4o", prices={"input_tokens": "1", "output_tokens": 4}
    )
    assert cost(api, call()) == ("0.003", "own")


def test_kinds_without_an_own_price_keep_the_catalogues(api: Api) -> None:
    """gpt-4o: 600 in at an own 1 USD, 400 cached at 1.25 and 500 out at 10 of the catalogue."""
    set_price(api, provider="openai", model="gpt-4o", prices={"input_tokens": "1"})
    assert cost(api, call(usage={"cache_read_tokens": 400})) == ("0.0061", "own")


def test_a_model_nobody_lists_has_the_price_it_is_given(api: Api) -> None:
    """1000 in at 0.2 and 500 out at 0.4 a million, whatever the case of its name."""
    sent = call("vllm", "Llama-Ours")
    assert cost(api, sent) == (None, None)
    set_price(
        api, provider="vllm", model="llama-ours", prices={"input_tokens": 0.2, "output_tokens": 0.4}
    )
    assert cost(api, call("vllm", "Llama-Ours")) == ("0.0004", "own")


def test_what_has_no_price_anywhere_leaves_the_event_unpriced(api: Api) -> None:
    """Input has a price, output has none: nothing is free because nobody thought of it."""
    set_price(api, provider="vllm", model="*", prices={"input_tokens": "1"})
    assert cost(api, call("vllm", "m")) == (None, None)
    assert cost(api, call("vllm", "m", output_tokens=0)) == ("0.001", "own")
    assert cost(api, call("vllm", "m", output_tokens=0, units={"images": 1})) == (None, None)


def test_units_and_tools_are_priced_one_by_one(api: Api) -> None:
    """1500 characters at 0.00003, 2 images at 0.04, 3 searches at 0.01, and no token at all."""
    set_price(
        api, provider="elevenlabs", model="voice-*", tools={"web_search": "0.01"},
        units={"characters": "0.00003", "images": "0.04"},
    )  # fmt: skip
    sent = call(
        "elevenlabs", "voice-1", input_tokens=None, output_tokens=None,
        units={"characters": 1500, "images": 2}, usage={"tool_calls": {"web_search": 3}},
    )  # fmt: skip
    assert cost(api, sent) == ("0.155", "own")


def test_an_image_has_a_price_beside_the_catalogues_tokens(api: Api) -> None:
    """gpt-4o's tokens as the catalogue has them, 0.0075, and 2 images at 0.04."""
    set_price(api, provider="openai", model="gpt-4o", units={"images": "0.04"})
    assert cost(api, call(units={"images": 2})) == ("0.0875", "own")
    assert cost(api, call()) == ("0.0075", "catalogue")


def test_a_discount_is_taken_off_what_has_no_own_price(api: Api) -> None:
    """1000 in at an own 1 USD, 500 out at 10 USD less 20 percent."""
    set_price(
        api, provider="openai", model="gpt-4o", prices={"input_tokens": 1}, discountPercent="20"
    )
    assert cost(api, call()) == ("0.005", "own")


def test_the_most_specific_price_wins_kind_by_kind(api: Api) -> None:
    """In full before a pattern, a long pattern before a short one, whoever came first."""
    set_price(api, model="gpt-4o", prices={"input_tokens": 1})
    set_price(api, model="gpt-*", prices={"input_tokens": 7, "output_tokens": 8})
    set_price(api, model="gpt-4*", prices={"output_tokens": 2})
    assert cost(api, call()) == ("0.002", "own")
    assert cost(api, call(model="gpt-4x")) == ("0.008", "own")
    assert cost(api, call(model="gpt-x")) == ("0.011", "own")


def test_a_price_for_the_provider_comes_before_one_for_any(api: Api) -> None:
    """The same model: 1 USD at openai, 3 USD anywhere else."""
    set_price(api, model="m", prices={"input_tokens": 3, "output_tokens": 0})
    set_price(api, provider="OpenAI", model="m", prices={"input_tokens": 1, "output_tokens": 0})
    assert cost(api, call(model="m")) == ("0.001", "own")
    assert cost(api, call("azure", "m")) == ("0.003", "own")


def test_a_price_holds_from_its_date_until_the_next_one(api: Api) -> None:
    """Events carry their own time: before the first date the catalogue holds."""
    for day, price in (("2026-03-05", 1), ("2026-03-12T10:00:00+02:00", 2)):
        prices = {"input_tokens": price, "output_tokens": 0}
        set_price(api, provider="openai", model="gpt-4o", prices=prices, effectiveFrom=day)
    times = {
        "2026-03-04T23:59:59Z": ("0.0075", "catalogue"),
        "2026-03-05T00:00:00Z": ("0.001", "own"),
        "2026-03-12T07:59:59Z": ("0.001", "own"),
        "2026-03-12T08:00:00Z": ("0.002", "own"),
    }
    for at, expected in times.items():
        assert cost(api, call(event_invoked_at=at)) == expected


def test_conditions_pick_batch_and_tier(api: Api) -> None:
    """1 USD for anything, 0.5 in batch, 2 for priority, whatever words the provider has."""
    for price, condition in ((1, {}), (0.5, {"batch": True}), (2, {"serviceTier": "Priority"})):
        prices = {"input_tokens": price, "output_tokens": 0}
        set_price(api, provider="vllm", model="m", prices=prices, **condition)
    assert cost(api, call("vllm", "m"))[0] == "0.001"
    assert cost(api, call("vllm", "m", usage={"batch": True}))[0] == "0.0005"
    assert cost(api, call("vllm", "m", usage={"service_tier": "batch"}))[0] == "0.0005"
    assert cost(api, call("vllm", "m", usage={"service_tier": "priority"}))[0] == "0.002"


def test_cache_writes_have_one_price_for_any_length_of_time(api: Api) -> None:
    """An own price of writes goes before both of the catalogue: 100 and 50 at 2 USD."""
    set_price(
        api, provider="anthropic", model="claude-sonnet-4-5",
        prices={"input_tokens": 0, "output_tokens": 0, "cache_write_tokens": 2},
    )  # fmt: skip
    usage = {"cache_write_tokens": 150, "cache_write_5m_tokens": 100, "cache_write_1h_tokens": 50}
    assert cost(api, call("anthropic", "claude-sonnet-4-5", usage=usage)) == ("0.0003", "own")


def test_an_alias_leads_to_the_catalogue(api: Api) -> None:
    """A deployment costs what the model behind it does, at the prices of its provider."""
    sent = call("azure", "prod-chat-eu")
    assert cost(api, sent) == (None, None)
    set_alias(api, alias="Prod-Chat-*", provider="azure", targetModel="gpt-4o")
    set_alias(
        api, alias="arn:aws:bedrock:*:application-inference-profile/abc",
        targetProvider="bedrock", targetModel="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    )  # fmt: skip
    assert cost(api, call("azure", "prod-chat-eu"))[1] == "catalogue"
    arn = "arn:aws:bedrock:us-east-1:123:application-inference-profile/abc"
    assert cost(api, call("bedrock", arn)) == ("0.01155", "catalogue")


def test_an_own_price_is_found_behind_an_alias(api: Api) -> None:
    """The name is replaced first; prices are for what it stands for."""
    set_alias(api, alias="ft:ours:*", targetProvider="openai", targetModel="gpt-4o")
    set_price(
        api, provider="openai", model="gpt-4o", prices={"input_tokens": 1, "output_tokens": 1}
    )
    assert cost(api, call("azure", "ft:ours:2")) == ("0.0015", "own")


def test_setting_the_same_again_changes_nothing(api: Api) -> None:
    """A repeated import is no new price; a correction is the next version of the same."""
    price = {"model": "m", "prices": {"input_tokens": "1.50"}, "effectiveFrom": "2026-03-01"}
    first = set_price(api, **price)
    again = set_price(api, **{**price, "prices": {"input_tokens": 1.5}})
    assert (again["id"], again["version"], again["change"]) == (first["id"], 1, "unchanged")
    corrected = set_price(api, **{**price, "prices": {"input_tokens": 2}})
    assert (corrected["id"], corrected["version"], corrected["change"]) == (
        first["id"],
        2,
        "replaced",
    )
    listed = api.request("GET", PATH).json()["prices"]
    assert [(each["version"], each["prices"]) for each in listed] == [(2, {"input_tokens": "2"})]
    history = api.request("GET", PATH, params={"history": "true"}).json()["prices"]
    assert [(each["version"], each["retiredAt"] is None) for each in history] == [
        (1, False),
        (2, True),
    ]


def test_a_deleted_price_holds_no_more(api: Api) -> None:
    """Deleting it again is no error, so that a lost answer can be asked for twice."""
    made = set_price(api, provider="openai", model="gpt-4o", prices={"input_tokens": 1})
    for _ in range(2):
        gone = api.request("DELETE", f"{PATH}/{made['id']}")
        assert (gone.status_code, gone.json()["retiredAt"] is None) == (200, False)
    assert cost(api, call()) == ("0.0075", "catalogue")
    assert api.request("DELETE", f"{PATH}/price_none").status_code == 404


def test_a_dry_run_keeps_nothing(api: Api) -> None:
    """It says what it would do."""
    body = {"prices": [{"model": "m", "discountPercent": 5}], "dryRun": True}
    answer = api.request("POST", PATH, json=body).json()
    assert (answer["created"], answer["dryRun"]) == (1, True)
    assert api.request("GET", PATH).json() == {"prices": []}


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "model"),
    ({"model": "m"}, "prices"),
    ({"model": "m", "prices": {"inptu_tokens": 1}}, "prices.inptu_tokens"),
    ({"model": "m", "prices": {"input_tokens": -1}}, "prices.input_tokens"),
    ({"model": "m", "prices": {"input_tokens": "1e99"}}, "prices.input_tokens"),
    ({"model": "m", "prices": {"input_tokens": None}}, "prices.input_tokens"),
    ({"model": "m", "units": {"images": "free"}}, "units.images"),
    ({"model": "m", "tools": []}, "tools"),
    ({"model": "m", "discountPercent": 101}, "discountPercent"),
    ({"model": "m", "discountPercent": 5, "effectiveFrom": "soon"}, "effectiveFrom"),
    ({"model": "m", "discountPercent": 5, "effectiveFrom": "2026-01-01T00:00:00"}, "effectiveFrom"),
    ({"model": "m", "discountPercent": 5, "batch": "yes"}, "batch"),
    ({"model": "*" * 20, "discountPercent": 5}, "model"),
    ({"model": "a\0", "discountPercent": 5}, "model"),
    ({"model": "m", "discountPercent": 5, "prise": 1}, "prise"),
]


@pytest.mark.parametrize(("sent", "field"), BAD)
def test_a_bad_price_is_refused_by_the_name_of_its_field(
    api: Api, sent: dict[str, Any], field: str
) -> None:
    """In a list the place in it stands before the name, and the good ones are not kept."""
    alone = api.request("POST", PATH, json=sent)
    assert (alone.status_code, alone.json()["details"]) == (422, {"field": field})
    good = {"model": "m", "discountPercent": 5}
    many = api.request("POST", PATH, json={"prices": [good, sent]})
    assert (many.status_code, many.json()["details"]) == (422, {"field": f"prices[1].{field}"})
    assert api.request("GET", PATH).json() == {"prices": []}


@pytest.mark.parametrize("path", [PATH, ALIASES])
@pytest.mark.parametrize("sent", [[], 7, "x"])
def test_a_body_that_is_no_price_is_refused_by_name(api: Api, path: str, sent: object) -> None:
    """It is the body as a whole that is wrong, and the error says so."""
    answer = api.request("POST", path, json=sent)
    assert (answer.status_code, answer.json()["details"]) == (422, {"field": "body"})


def test_prices_and_aliases_are_each_organisations_own(api: Api, other: Api) -> None:
    """Nobody prices, sees or deletes another's."""
    price = set_price(api, provider="openai", model="gpt-4o", prices={"input_tokens": 1})
    alias = set_alias(api, alias="gpt-4o-mini", targetModel="gpt-4o")
    assert cost(other, call()) == ("0.0075", "catalogue")
    assert other.request("GET", PATH, params={"history": "true"}).json() == {"prices": []}
    assert other.request("GET", ALIASES).json() == {"aliases": []}
    assert other.request("DELETE", f"{PATH}/{price['id']}").status_code == 404
    assert other.request("DELETE", f"{ALIASES}/{alias['id']}").status_code == 404
