from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from server.helpers import AT, BATCH, Api, event, uuid7

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_accepted_event_is_read_back_as_it_was_sent(api: Api) -> None:
    """Every field of the contract survives, and what nobody sent is null."""
    sent = event(
        user_id="cust_1",
        event_invoked_at="2026-03-10T14:00:00.123456+02:00",
        metadata={
            "feature": "chat",
            "agent": "planner",
            "session_id": "s1",
            "units": {"characters": 1500},
            "dimensions": {"team": "red", "seats": 3, "paid": True},
            "usage": {"cache_read_tokens": 4, "cache_write_1h_tokens": 2, "new_kind": 9},
            "cost": "0.000000000001",
            "anything": {"else": [1]},
        },
    )
    assert api.send([sent]) == {"accepted": 1, "duplicates": 0, "rejected": []}
    (stored,) = api.events()
    assert stored["eventId"] == sent["sdk_event_id"]
    assert stored["timestamp"] == "2026-03-10T12:00:00.123456Z"
    assert (stored["model"], stored["provider"]) == ("gpt-4o", "openai")
    assert (stored["inputTokens"], stored["outputTokens"]) == (10, 5)
    assert stored["cacheReadTokens"] == 4
    assert stored["usage"] == {"cache_write_1h_tokens": 2, "new_kind": 9}
    assert stored["units"] == {"characters": 1500}
    assert stored["dimensions"] == {"team": "red", "seats": 3, "paid": True}
    assert (stored["cost"], stored["costSource"]) == ("0.000000000001", "explicit")
    assert (stored["feature"], stored["agent"], stored["workflow"]) == ("chat", "planner", None)
    assert (stored["endUserId"], stored["sessionId"]) == ("cust_1", "s1")
    assert stored["metadata"] == {"anything": {"else": [1]}}


METADATA: list[tuple[dict[str, Any], str]] = [
    ({"usage": {"cache_read_tokens": "7"}}, "metadata.usage.cache_read_tokens: expected `int`"),
    ({"usage": {"tool_calls": {"web_search": -1}}}, "metadata.usage.tool_calls.web_search"),
    ({"units": {"seconds": -1}}, "metadata.units.seconds"),
    ({"units": {"seconds": "3"}}, "metadata.units.seconds"),
    ({"units": {"seconds": 1e16}}, "metadata.units.seconds"),
    ({"dimensions": {"team": None}}, "metadata.dimensions.team"),
    ({"dimensions": {"team": ["a"]}}, "metadata.dimensions.team"),
    ({"dimensions": {"team": "x" * 513}}, "metadata.dimensions.team"),
    ({"dimensions": {"k" * 129: 1}}, "metadata.dimensions"),
    ({"dimensions": {f"k{n}": n for n in range(65)}}, "metadata.dimensions"),
    ({"feature": 3}, "metadata.feature"),
    ({"feature": "x" * 513}, "metadata.feature"),
    ({"cost": "-1"}, "metadata.cost"),
    ({"cost": "1000000"}, "metadata.cost"),
    ({"cost": "NaN"}, "metadata.cost"),
    ({"cost": "1_000"}, "metadata.cost"),
    ({"cost": True}, "metadata.cost"),
    ({"dimensions": {f"k{n}": None for n in range(100)}}, "metadata.dimensions: 100 keys"),
    ({"notes": "x" * 17_000}, "metadata: "),
    ({"notes": "nul \0"}, "metadata.notes"),
    ({"notes": json.loads("[" * 20 + "]" * 20)}, "metadata.notes"),
]
FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"sdk_event_id": "not-a-uuid"}, "sdk_event_id: expected a UUID, got a string"),
    ({"sdk_event_id": None}, "sdk_event_id"),
    ({"model": ""}, "model"),
    ({"model": "m" * 513}, "model"),
    ({"model": "gpt\0"}, "model"),
    ({"input_tokens": -1}, "input_tokens: expected `int` >= 0, got -1"),
    ({"input_tokens": 1.0}, "input_tokens"),
    ({"input_tokens": True}, "input_tokens"),
    ({"output_tokens": 10**10 + 1}, "output_tokens"),
    ({"output_tokens": 10**30}, "output_tokens"),
    ({"user_id": 7}, "user_id"),
    ({"event_invoked_at": "2026-03-10T12:00:00"}, "event_invoked_at: expected an RFC 3339"),
    ({"event_invoked_at": "yesterday"}, "event_invoked_at"),
    ({"event_invoked_at": 1_770_000_000}, "event_invoked_at"),
    ({"event_invoked_at": "1999-12-31T23:59:59Z"}, "event_invoked_at"),
    ({"event_invoked_at": "2999-01-01T00:00:00Z"}, "event_invoked_at"),
    ({"metadata": "no"}, "metadata"),
]


@pytest.mark.parametrize(("fields", "named"), FIELDS)
def test_a_bad_field_is_named_and_its_neighbours_are_stored(
    api: Api, fields: dict[str, Any], named: str
) -> None:
    """One bad event never fails its batch, and its message starts with the field's path."""
    assert api.rejection({**event(), **fields}).startswith(named)


@pytest.mark.parametrize(("metadata", "named"), METADATA)
def test_bad_metadata_is_named_by_its_path(api: Api, metadata: dict[str, Any], named: str) -> None:
    """A path into the metadata leads to the very key that is wrong."""
    assert api.rejection(event(metadata=metadata)).startswith(named)


@pytest.mark.parametrize("name", ["sdk_event_id", "model"])
def test_a_missing_field_is_required(api: Api, name: str) -> None:
    """An id and a model are all an event must have."""
    sent = event()
    del sent[name]
    assert api.rejection(sent) == f"{name}: required"


@pytest.mark.parametrize("sent", [3, None, "text", [], True])
def test_something_that_is_no_object_is_rejected(api: Api, sent: object) -> None:
    """Even what is not an event is only one bad event."""
    assert "an event is an object" in api.rejection(sent)


def test_a_message_never_repeats_a_long_value(api: Api) -> None:
    """A value that was too long does not come back, in whole or in part."""
    message = api.rejection(event(model="secret" * 200))
    assert "secret" not in message
    assert "1200 characters" in message


def test_half_a_surrogate_pair_rejects_one_event_only(api: Api) -> None:
    """Text that is no text in Unicode is a bad event, not a bad body or a 500."""
    good, bad = event(), event(model="MODEL")
    body = json.dumps({"events": [good, bad]}).replace("MODEL", "\\ud800")
    answer = api.request("POST", BATCH, content=body).json()
    assert (answer["accepted"], answer["rejected"][0]["index"]) == (1, 1)
    assert answer["rejected"][0]["message"].startswith("model: ")


NUMBERS = ["1e999", "-1e999", "9" * 5000, "9" * 400, str(2**64), str(-(2**63) - 1)]
NAMED = [
    "input_tokens",
    "metadata.dimensions.n",
    "metadata.reported.n",
    "metadata.n",
    "metadata.n.of.it",
    "metadata.cost",
    "metadata.provider_cost",
]


@pytest.mark.parametrize("number", NUMBERS, ids=[n[:8] + str(len(n)) for n in NUMBERS])
@pytest.mark.parametrize("path", NAMED)
def test_a_number_beyond_the_ledger_rejects_one_event_only(
    api: Api, path: str, number: str
) -> None:
    """Kept, it would lose digits, or be an infinity that no answer can hold."""
    bad = event()
    *outer, last = path.split(".")
    inside = bad
    for name in outer:
        inside = inside.setdefault(name, {})
    inside[last] = "NUMBER"
    body = json.dumps({"events": [event(), bad, event()]}).replace('"NUMBER"', number)
    answer = api.request("POST", BATCH, content=body).json()
    (rejected,) = answer["rejected"]
    assert (answer["accepted"], rejected["index"]) == (2, 1)
    assert rejected["sdk_event_id"] == bad["sdk_event_id"]
    assert rejected["message"].startswith(f"{path}: ")
    assert len(rejected["message"]) < 200


def test_the_largest_integers_keep_every_digit(api: Api) -> None:
    """64 bits, with a sign or without, in a dimension and beside it."""
    edges = {"least": -(2**63), "most": 2**64 - 1, "one": 2**63}
    api.send([event(metadata={"dimensions": edges, "held": edges})])
    (stored,) = api.events()
    assert stored["dimensions"] == edges
    assert stored["metadata"]["held"] == edges


def test_a_pair_of_surrogates_is_a_character(api: Api) -> None:
    """An escaped emoji is text like any other, also beside an escape that is none."""
    body = json.dumps({"events": [event(user_id="😀"), event(user_id="back\\ud800slash")]})
    assert api.request("POST", BATCH, content=body).json()["accepted"] == 2
    assert {each["endUserId"] for each in api.events()} == {"😀", "back\\ud800slash"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('"0.1234567890125"', "0.123456789012"),  # half goes to the even digit
        ('"0.1234567890135"', "0.123456789014"),
        ("0.10000000000000000001", "0.1"),
        ("1e-3", "0.001"),
        ('"999999"', "999999"),
        ('"0.0000000000001"', "0"),
        ("0", "0"),
    ],
)
def test_a_cost_is_read_from_its_text(api: Api, text: str, kept: str) -> None:
    """A cost never passes through a double, and is kept to 12 digits, half to even."""
    body = json.dumps({"events": [event(metadata={"cost": "COST"})]}).replace('"COST"', text)
    assert api.request("POST", BATCH, content=body).json()["accepted"] == 1
    assert api.events()[0]["cost"] == kept


def test_an_empty_label_is_no_label(api: Api) -> None:
    """'' and absent are the same: null in every answer."""
    api.send([event(user_id="", metadata={"feature": "", "provider": ""})])
    (stored,) = api.events()
    assert (stored["feature"], stored["endUserId"], stored["provider"]) == (None, None, "unknown")


def test_an_event_without_any_metadata_is_kept_and_unpriced(api: Api) -> None:
    """Nothing but an id and a model is an event whose cost nobody knows."""
    sent = {"sdk_event_id": str(uuid4()), "model": "mystery", "event_invoked_at": AT}
    assert api.send([sent])["accepted"] == 1
    (stored,) = api.events()
    assert (stored["cost"], stored["costSource"], stored["inputTokens"]) == (None, None, None)


def test_the_price_book_prices_what_has_no_cost(api: Api) -> None:
    """gpt-4o at 2.50 and 10.00 USD per million: 1,000 in and 500 out are 0.0075 USD."""
    sent = event(input_tokens=1000, output_tokens=500, metadata={"cost": None})
    api.send([sent])
    (stored,) = api.events()
    assert (stored["cost"], stored["costSource"]) == ("0.0075", "catalogue")
    assert stored["priceId"]


def test_a_price_beyond_the_ledger_rejects_the_event(api: Api) -> None:
    """10 billion tokens out cost 100,000 USD and fit; of o1-pro they cost 6 million and do not."""
    fits = event(input_tokens=0, output_tokens=10**10, metadata={"cost": None})
    assert api.send([fits])["accepted"] == 1
    huge = event(model="o1-pro", input_tokens=0, output_tokens=10**10, metadata={"cost": None})
    assert "the most is 999999" in api.rejection(huge)


def test_an_empty_batch_is_fine(api: Api) -> None:
    """Nothing sent is nothing stored."""
    assert api.send([]) == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_the_unversioned_path_takes_batches_too(api: Api) -> None:
    """The published Node SDK 0.2.0 posts there."""
    assert api.send([event()], "/usage/events/batch")["accepted"] == 1


BODIES: list[tuple[bytes, int, str]] = [
    (b"", 400, "not JSON"),
    (b"{", 400, "not JSON"),
    (b"\xff", 400, "not JSON"),
    (b'{"events": [{"model": "\xff"}]}', 400, "not JSON"),
    (b"[" * 100_000, 400, "nested too deeply"),
    (b"[]", 422, "expected `object`"),
    (b"null", 422, "expected `object`"),
    (b"{}", 422, "events: required"),
    (b'{"events": {}}', 422, "events: expected `array`"),
    (b'{"events": 1e999}', 422, "events: "),
    (b'{"o": 1e999}', 422, "events: required"),
    (b"[1e999]", 422, "expected `object`"),
    (b'{"events": "\\ud800", "o": %s}' % (b"9" * 5000), 422, "events: expected `array`"),
    (b'{"events": 1e999', 400, "not JSON"),
    (b'{"events": 1e999, "o": NaN}', 400, "not JSON"),
]


@pytest.mark.parametrize(("body", "status", "says"), BODIES)
def test_a_body_that_is_no_batch_is_refused_whole(
    api: Api, body: bytes, status: int, says: str
) -> None:
    """No JSON is a 400; JSON of the wrong shape is a 422 that names what is missing."""
    response = api.request("POST", BATCH, content=body)
    assert (response.status_code, response.json()["code"]) == (status, "invalid_request")
    assert says in response.json()["message"]


@pytest.mark.parametrize("make", [event, dict])
def test_more_than_a_thousand_events_are_too_many(
    api: Api, make: Callable[[], dict[str, Any]]
) -> None:
    """A batch over the limit is a 413, good events or not, so that the client halves it."""
    response = api.request("POST", BATCH, json={"events": [make() for _ in range(1001)]})
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


def test_a_thousand_events_are_taken(api: Api) -> None:
    """The limit itself is allowed."""
    assert api.send([event() for _ in range(1000)])["accepted"] == 1000
    assert api.get("/v1/usage/summary")["totalEvents"] == 1000


def rest_event(**fields: Any) -> dict[str, Any]:
    """Return a valid event in the form of the REST guide."""
    return {
        "eventType": "usage",
        "metricName": "tokens",
        "quantity": 12,
        "idempotencyKey": str(uuid7()),
        "userId": "u1",
        "eventTimestamp": AT,
        **fields,
    }


def test_the_form_of_the_rest_guide_is_answered_in_its_form(api: Api) -> None:
    """`tokens` without a split are input tokens; the answer repeats what was recorded."""
    response = api.request("POST", "/v1/usage/events", json=rest_event())
    answer = response.json()
    assert (answer["userId"], answer["metricName"], answer["quantity"]) == ("u1", "tokens", 12)
    assert (answer["eventTimestamp"], answer["recorded"]) == (AT, True)
    (stored,) = api.events()
    assert (stored["eventId"], stored["inputTokens"]) == (answer["eventId"], 12)


def test_the_same_idempotency_key_is_recorded_once(api: Api) -> None:
    """Without a time of its own the resend is known by its key alone."""
    sent = rest_event(idempotencyKey="order-1")
    del sent["eventTimestamp"]
    answers = [api.request("POST", "/v1/usage/events", json=sent).json() for _ in range(2)]
    assert [each["recorded"] for each in answers] == [True, False]
    assert answers[0]["eventId"] == answers[1]["eventId"]


def test_both_forms_may_share_a_batch(api: Api) -> None:
    """A split wins over the quantity; any other metric is a unit."""
    split = rest_event(metadata={"inputTokens": 7, "outputTokens": 5, "model": "m"})
    pages = rest_event(metricName="pages", quantity=2.5, metadata={"feature": "ocr"})
    assert api.send([event(), split, pages])["accepted"] == 3
    found = {each["model"]: each for each in api.events()}
    assert (found["m"]["inputTokens"], found["m"]["outputTokens"]) == (7, 5)
    assert (found["unknown"]["units"], found["unknown"]["feature"]) == ({"pages": 2.5}, "ocr")


@pytest.mark.parametrize("fields", [{"quantity": 1.5}, {"quantity": -1}, {"idempotencyKey": ""}])
def test_a_single_bad_event_is_a_422(api: Api, fields: dict[str, Any]) -> None:
    """Alone, a bad event is a bad request that names its field."""
    response = api.request("POST", "/v1/usage/events", json=rest_event(**fields))
    (name,) = fields
    assert (response.status_code, response.json()["details"]) == (422, {"field": name})


def test_a_single_event_may_have_the_form_of_the_sdks(api: Api) -> None:
    """One path takes both forms."""
    sent = event()
    answer = api.request("POST", "/v1/usage/events", json=sent).json()
    assert (answer["eventId"], answer["recorded"]) == (sent["sdk_event_id"], True)
