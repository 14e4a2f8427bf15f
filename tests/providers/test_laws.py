"""What holds of every response, however odd: nothing raises, nothing is made up, nothing is lost.

The exchanges are those of the corpus, where there is one, and the repository's own recordings.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers.damage import STRANGERS, anything, damaged, fragile, json_junk, junk, renumbered
from providers.exchanges import Exchange, each, exchanges
from providers.expectations import accepted_providers, counts_on_the_wire
from providers.forms import read
from providers.meter import Event, Meter, passed_on, thorough, where_installed

from bearlumen import InvalidRequestError

PARTS = {
    "input_tokens": ("cache_read_tokens", "cache_write_tokens"),
    "output_tokens": ("reasoning_tokens",),
    "cache_write_tokens": ("cache_write_5m_tokens", "cache_write_1h_tokens"),
}
"""What a total contains; the price book takes the parts out of it."""
SINGLE_PARTS = {
    "input_tokens": ("audio_input_tokens", "image_input_tokens", "tool_use_prompt_tokens"),
    "output_tokens": ("audio_output_tokens", "image_output_tokens"),
}
"""Parts that may overlap with others, and are no more than the total each."""
DROPPED = {
    # Earlier versions also the usage of embeddings.
    "google-genai": ("service_tier", "input_tokens", "output_tokens", "audio_output_tokens"),
    # What the service model of its version does not know.
    "boto3": ("cache_write_5m_tokens", "cache_write_1h_tokens", "service_tier", "reported"),
}
"""What an SDK's objects may leave out of the JSON."""

pytestmark = pytest.mark.filterwarnings("ignore")
any_exchange = st.sampled_from(exchanges())


@thorough
@given(exchange=any_exchange, data=st.data())
def test_damaged_json_is_survived(exchange: Exchange, data: st.DataObject) -> None:
    """Fields that are gone, or of another type, make no call fail and no event unsound."""
    row = data.draw(damaged(exchange, junk))
    held = data.draw(st.sampled_from(("iterator", "list") if exchange.streaming else ("dict",)))
    with Meter() as meter:
        passed_on(exchange, row, exchange.json_form(held), meter)
        meter.events()


@thorough
@given(exchange=any_exchange, data=st.data())
def test_damage_on_the_wire_is_survived(exchange: Exchange, data: st.DataObject) -> None:
    """What the SDKs make of a damaged answer, or how they refuse it, reaches the caller."""
    row = data.draw(damaged(exchange, json_junk))
    form = data.draw(st.sampled_from(exchange.forms))
    with Meter() as meter, where_installed():
        passed_on(exchange, row, form, meter)
        meter.events()


@thorough
@given(exchange=any_exchange, data=st.data())
def test_objects_that_raise_are_survived(exchange: Exchange, data: st.DataObject) -> None:
    """An attribute that raises is an attribute that is not there."""
    with Meter() as meter:
        meter.bear.track(data.draw(fragile(exchange)))
        meter.events()


@thorough
@given(value=anything)
def test_anything_is_survived(value: Any) -> None:
    """Whatever is tracked by mistake, nothing raises and nothing unsound is sent."""
    _track_in_every_way(value)


@pytest.mark.parametrize("make", STRANGERS)
def test_stranger_is_survived(make: Callable[[], Any]) -> None:
    """Nor do objects that answer no question, or every one."""
    _track_in_every_way(make())


def _track_in_every_way(value: Any) -> None:
    with Meter() as meter:
        meter.bear.track(value)
        meter.bear.track([value])
        for _ in meter.bear.track(iter([value])):
            pass
        meter.events()


@thorough
@given(exchange=any_exchange, data=st.data())
def test_parts_fit_into_their_total(exchange: Exchange, data: st.DataObject) -> None:
    """Whatever a provider states, what is sent never has more cached tokens than tokens."""
    row = data.draw(renumbered(exchange))
    held = "iterator" if exchange.streaming else "dict"
    with Meter() as meter:
        read(row, exchange.json_form(held), exchange.client, track=meter.bear.track)
        for event in meter.events():
            _check_parts(counts_on_the_wire(event))


def _check_parts(counts: dict[str, int]) -> None:
    for total, parts in PARTS.items():
        if total in counts:
            assert sum(counts.get(part, 0) for part in parts) <= counts[total], (total, counts)
    for total, parts in SINGLE_PARTS.items():
        if total in counts:
            assert all(counts.get(part, 0) <= counts[total] for part in parts), (total, counts)


@each([exchange for exchange in exchanges() if not exchange.says_less_as_json])
def test_json_and_object_are_the_same_event(exchange: Exchange) -> None:
    """A caller without the SDK is told what a caller with it is told."""
    with_sdk = exchange.forms[0]
    without = exchange.json_form("iterator" if exchange.streaming else "dict")
    with Meter() as meter:
        seen = passed_on(exchange, exchange.row, with_sdk, meter)
        held = [_comparable(event) for event in meter.events()]
        if seen.error:
            pytest.skip("the SDK raises in the middle of this stream")
        passed_on(exchange, exchange.row, without, meter)
        plain = [_comparable(event) for event in meter.events()]
    for event in held + plain:
        assert event["metadata"].pop("provider") in accepted_providers(exchange.row, without)
    for said, known in zip(plain, held, strict=False):
        _forgive(DROPPED.get(exchange.row["sdk"], ()), said, known)
    assert plain == held


def _comparable(event: Event) -> Event:
    """An event without its ids and its time."""
    kept = {k: v for k, v in event.items() if k not in {"sdk_event_id", "event_invoked_at"}}
    ids = {"parent_event_id", "response_id"}
    metadata = {k: v for k, v in event["metadata"].items() if k not in ids}
    return {**kept, "metadata": {"usage": {}, **metadata}}


def _forgive(dropped: tuple[str, ...], said: Event, known: Event) -> None:
    """Leave out of what the JSON said what the SDK's object is not known to have kept."""
    for name in dropped:
        if name not in known:
            said.pop(name, None)
    for part in ("metadata", "usage"):
        if part in said:
            _forgive(dropped, said[part], known[part])


@pytest.mark.parametrize(
    "make", [lambda: None, lambda: asyncio.sleep(0)], ids=["None", "coroutine"]
)
def test_misuse_is_told(make: Callable[[], Any]) -> None:
    """The two things that cannot be meant raise at once, and record nothing."""
    with Meter() as meter:
        with pytest.raises(InvalidRequestError):
            meter.bear.track(make())
        assert meter.events() == []
