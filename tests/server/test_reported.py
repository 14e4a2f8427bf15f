"""What a response says beside its counts: its price, its parts, and what nobody has a word for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from server.helpers import BATCH, event, uuid7

if TYPE_CHECKING:
    from server.helpers import Api

UNPRICED: dict[str, Any] = {"cost": None}
"""Put into the metadata of an event that is to be priced by somebody else than its sender."""
BATCHED: dict[str, Any] = {"usage": {"batch": True}}


def test_what_a_response_says_beside_its_counts_is_read_back(api: Api) -> None:
    """Each new field has its place, and none of them is left among the free metadata."""
    main = event()
    part = event(
        metadata={
            "provider_cost": "0.0125",
            "parent_event_id": main["sdk_event_id"].upper(),
            "reported": {"usage.new.kind": 3, "usage.it's": -0.5},
            "usage": {"cache_write_tokens": 5, "cache_write_5m_tokens": 3, "batch": True},
            "mine": 1,
        }
    )
    assert api.send([main, part])["accepted"] == 2
    found = {each["eventId"]: each for each in api.events()}
    stored = found[part["sdk_event_id"]]
    assert stored["parentEventId"] == main["sdk_event_id"]
    assert (stored["providerCost"], stored["cacheWriteTokens"]) == ("0.0125", 5)
    assert stored["reported"] == {"usage.new.kind": 3, "usage.it's": -0.5}
    assert stored["usage"] == {"cache_write_5m_tokens": 3, "batch": True}
    assert stored["metadata"] == {"mine": 1}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"provider_cost": None, "parent_event_id": None, "reported": None},
        {"reported": {}, "usage": {"batch": False}},
    ],
)
def test_what_nobody_said_is_absent(api: Api, metadata: dict[str, Any]) -> None:
    """Not reported is null, and never 0."""
    api.send([event(metadata=metadata)])
    (stored,) = api.events()
    assert (stored["parentEventId"], stored["providerCost"]) == (None, None)
    assert (stored["reported"], stored["usage"]) == ({}, {})


PRECEDENCE: list[tuple[str | None, str | None, str, str]] = [
    ("0.5", "0.25", "0.5", "explicit"),
    ("0", "0.25", "0", "explicit"),
    (None, "0.25", "0.25", "provider"),
    (None, "0", "0", "provider"),
    (None, None, "0.0075", "catalogue"),
]


@pytest.mark.parametrize(("cost", "provider_cost", "expected", "source"), PRECEDENCE)
def test_the_sender_knows_best_then_the_provider_then_the_catalogue(
    api: Api, cost: str | None, provider_cost: str | None, expected: str, source: str
) -> None:
    """1,000 in and 500 out of gpt-4o are 0.0075 USD; what the provider states is kept anyway."""
    stated = {"cost": cost, "provider_cost": provider_cost}
    api.send([event(input_tokens=1000, output_tokens=500, metadata=stated)])
    (stored,) = api.events()
    assert (stored["cost"], stored["costSource"]) == (expected, source)
    assert stored["providerCost"] == provider_cost
    assert (stored["priceId"] is None) == (source != "catalogue")


def test_a_stated_price_makes_an_unknown_model_cost_something(api: Api) -> None:
    """A model that no catalogue has is priced by what its provider says, in every sum."""
    api.send([event(model="own-model", metadata={**UNPRICED, "provider_cost": 0.25})])
    answer = api.get("/v1/costs/by-model")
    assert (answer["totalCost"], answer["unpricedEvents"]) == ("0.25", 0)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('"0.1234567890125"', "0.123456789012"),
        ("0.10000000000000000001", "0.1"),
        ("0.000000000001", "0.000000000001"),
        ("1.5e-7", "0.00000015"),
        ('"-0"', "0"),
        ("999999", "999999"),
    ],
)
def test_a_providers_price_is_read_from_its_text(api: Api, text: str, kept: str) -> None:
    """As the sender's own, it never passes through a double."""
    sent = event(metadata={**UNPRICED, "provider_cost": "COST"})
    body = json.dumps({"events": [sent]}).replace('"COST"', text)
    assert api.request("POST", BATCH, content=body).json()["accepted"] == 1
    (stored,) = api.events()
    assert (stored["cost"], stored["providerCost"]) == (kept, kept)


PATH = "p" * 198
BAD: list[tuple[dict[str, Any], str]] = [
    ({"provider_cost": "-1"}, "metadata.provider_cost: expected 0 to 999999 USD"),
    ({"provider_cost": "1000000"}, "metadata.provider_cost: expected 0 to 999999 USD"),
    ({"provider_cost": "NaN"}, "metadata.provider_cost: expected a decimal"),
    ({"provider_cost": True}, "metadata.provider_cost: expected a decimal"),
    ({"provider_cost": {"usd": 1}}, "metadata.provider_cost: expected a decimal"),
    ({"parent_event_id": "resp_1"}, "metadata.parent_event_id: expected a UUID"),
    ({"parent_event_id": 7}, "metadata.parent_event_id: "),
    ({"usage": {"cache_write_5m_tokens": -1}}, "metadata.usage.cache_write_5m_tokens: "),
    ({"usage": {"batch": 1}}, "metadata.usage.batch: expected `bool`, got `int`"),
    ({"usage": {"inference_geo": 1}}, "metadata.usage.inference_geo: expected `str | null`"),
    ({"usage": {"inference_geo": "x" * 513}}, "metadata.usage.inference_geo: "),
    ({"reported": [1]}, "metadata.reported: expected `object | null`, got `array`"),
    ({"reported": {"a.b": "7"}}, "metadata.reported.a.b: expected `int | float`"),
    ({"reported": {"a.b": True}}, "metadata.reported.a.b: expected `int | float`, got `bool`"),
    ({"reported": {"a.b": {"c": 1}}}, "metadata.reported.a.b: expected `int | float`"),
    ({"reported": {"": 1}}, "metadata.reported: "),
    ({"reported": {f"{PATH}xyz": 1}}, "metadata.reported: expected `str` of length <= 200"),
    ({"reported": {f"k{n}": n for n in range(33)}}, "metadata.reported: "),
    ({"reported": {f"k{n}": None for n in range(33)}}, "metadata.reported: 33 keys"),
]


@pytest.mark.parametrize(("metadata", "named"), BAD)
def test_a_bad_field_is_named_by_its_path(api: Api, metadata: dict[str, Any], named: str) -> None:
    """One bad event never fails its batch, whichever of the fields is wrong."""
    assert api.rejection(event(metadata=metadata)).startswith(named)


def test_as_much_may_be_reported_as_the_contract_says(api: Api) -> None:
    """32 keys of 200 characters, with every digit of 64 bits and of a double."""
    numbers = [-(2**63), 2**63, 2**64 - 1, 0.1, -1e-9, 0]
    reported = {f"{PATH}{n:02}": numbers[n % len(numbers)] for n in range(32)}
    api.send([event(metadata={"reported": reported})])
    (stored,) = api.events()
    assert stored["reported"] == reported


def test_the_form_of_the_rest_guide_has_the_fields_too(api: Api) -> None:
    """Both forms share their metadata."""
    sent = {
        "metricName": "pages",
        "quantity": 2,
        "idempotencyKey": str(uuid7()),
        "eventTimestamp": "2026-03-10T12:00:00Z",
        "metadata": {"provider_cost": "0.5", "reported": {"a.b": 1}},
    }
    assert api.send([sent])["accepted"] == 1
    (stored,) = api.events()
    assert (stored["cost"], stored["costSource"]) == ("0.5", "provider")
    assert stored["reported"] == {"a.b": 1}


def test_a_batch_is_half_the_price(api: Api) -> None:
    """1,000 in and 500 out of gpt-4o in batch; of the time before its price it is unknown."""
    sent: dict[str, Any] = {
        "input_tokens": 1000,
        "output_tokens": 500,
        "metadata": {**UNPRICED, **BATCHED},
    }
    api.send([event(**sent), event(**sent, event_invoked_at="2026-11-10T12:00:00Z")])
    november, march = api.events({"endDate": "2026-11-30"})
    assert (november["cost"], november["usage"]) == ("0.00375", {"batch": True})
    assert (march["cost"], march["usage"]) == (None, {"batch": True})


PLACES: list[tuple[str | None, str | None, str]] = [
    ("us", "0.01925", "anthropic/claude-opus-5[us*1.1]"),
    ("global", "0.0175", "anthropic/claude-opus-5"),
    (None, "0.0175", "anthropic/claude-opus-5"),
    ("moon", None, ""),
]


@pytest.mark.parametrize(("place", "cost", "price_id"), PLACES)
def test_a_call_that_is_bound_to_the_us_costs_a_tenth_more(
    api: Api, place: str | None, cost: str | None, price_id: str
) -> None:
    """$5 and $25 of Opus 5; where it ran is kept, and what it was priced with is said."""
    bound = {"provider": "anthropic", "usage": {"inference_geo": place}}
    tokens = {"input_tokens": 1000, "output_tokens": 500}
    api.send([event(model="claude-opus-5", **tokens, metadata={**UNPRICED, **bound})])
    (stored,) = api.events()
    assert (stored["cost"], (stored["priceId"] or "").rpartition(":")[2]) == (cost, price_id)
    assert stored["usage"] == ({} if place is None else {"inference_geo": place})


@pytest.mark.parametrize("total", [{"cache_write_tokens": 2000}, {}])
def test_cache_writes_are_priced_by_how_long_they_are_kept(api: Api, total: dict[str, int]) -> None:
    """3 USD a million in, 3.75 written for 5 minutes, 6 for an hour: 1,000 + 1,500 + 500 tokens.

    The parts are enough to price it: their total is never less.
    """
    kept = {"cache_write_5m_tokens": 1500, "cache_write_1h_tokens": 500}
    written = {"provider": "anthropic", "usage": {**total, **kept}}
    sent = event(
        model="claude-sonnet-4-5", input_tokens=3000, output_tokens=0,
        metadata={**UNPRICED, **written},
    )  # fmt: skip
    api.send([sent])
    (stored,) = api.events()
    assert (stored["cost"], stored["usage"]) == ("0.011625", kept)


TOKENS = {"input_tokens": 1000, "output_tokens": 500}
NO_TOKENS = {"input_tokens": None, "output_tokens": None}
UNITS: list[tuple[str, dict[str, Any], dict[str, float], str | None]] = [
    ("gpt-4o", TOKENS, {"seconds": 12.3}, None),
    ("gpt-4o", TOKENS, {"images": 2}, None),
    ("gpt-4o", NO_TOKENS, {"images": 2}, None),
    ("gpt-4o", TOKENS, {"images": 0}, "0.0075"),
    # It has no price for tokens, so these are not billed.
    ("whisper-1", TOKENS, {"seconds": 12.3}, "0.00123"),
    ("whisper-1", TOKENS, {}, None),
    ("whisper-1", NO_TOKENS, {"seconds": 12.3}, "0.00123"),
    ("whisper-1", NO_TOKENS, {"seconds": 12.3, "search_units": 1}, None),
]


@pytest.mark.parametrize(("model", "tokens", "units", "cost"), UNITS)
def test_a_cost_is_whole_or_unknown(
    api: Api, model: str, tokens: dict[str, Any], units: dict[str, float], cost: str | None
) -> None:
    """What the model has no price for makes no partial sum; Whisper costs 0.36 USD an hour."""
    api.send([event(model=model, **tokens, metadata={**UNPRICED, "units": units})])
    (stored,) = api.events()
    assert (stored["cost"], stored["units"]) == (cost, units)
    assert api.get("/v1/usage/summary")["unpricedEvents"] == (cost is None)
