"""Own prices from the client: set, seen, explained, put to stored events and taken back."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from bearlumen import BearLumen, ConflictError, InvalidRequestError, NotFoundError
from bearlumen.models import Explanation
from bearlumen_server import LocalServer

from .conftest import Ask

DAY = datetime(2026, 8, 5, 12, tzinfo=UTC)
AUGUST: dict[str, Any] = {"start_date": "2026-08-01", "end_date": "2026-08-31"}
"""A month of our own: the other tests count the events of theirs."""


@pytest.fixture
def model(server: LocalServer) -> str:
    """A model of its own for each test, with one call of 1000 tokens in and 500 out."""
    name = f"ours-{uuid4()}"
    with BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        usage = {"prompt_tokens": 1000, "completion_tokens": 500}
        chat = {"object": "chat.completion", "model": name, "usage": usage}
        bear.track(chat, provider="vllm", timestamp=DAY, dimensions={"team": "price"})
        assert bear.flush()
    return name


def explained(ask: Ask, model: str) -> Explanation:
    """The explanation of the only event of a model."""
    (event,) = ask(lambda bear: bear.usage.events(**AUGUST, model=model)).events
    return ask(lambda bear: bear.prices.explain(event.event_id))


def test_a_price_is_set_listed_and_deleted(ask: Ask, model: str) -> None:
    """It comes back as it was set; once deleted, it is in the history only."""
    prices = {"input_tokens": Decimal("0.25"), "output_tokens": "1"}
    made = ask(
        lambda bear: bear.prices.set(
            model=model, provider="vllm", prices=prices, units={"images": 1},
            effective_from=date(2026, 8, 1), note="contract 7",
        )
    )  # fmt: skip
    assert (made.prices["input_tokens"], made.units) == (Decimal("0.25"), {"images": 1})
    assert (made.effective_from, made.change) == (datetime(2026, 8, 1, tzinfo=UTC), "created")
    listed = ask(lambda bear: bear.prices.list()).prices
    assert [each.note for each in listed if each.id == made.id] == ["contract 7"]
    assert ask(lambda bear: bear.prices.delete(made.id)).retired_at
    assert made.id not in {each.id for each in ask(lambda bear: bear.prices.list()).prices}
    history = ask(lambda bear: bear.prices.list(history=True)).prices
    assert made.id in {each.id for each in history}


def test_a_dry_run_of_setting_prices_keeps_none(ask: Ask, model: str) -> None:
    """It is checked, and counted."""
    price: dict[str, Any] = {"model": model, "discount_percent": 5}
    answer = ask(lambda bear: bear.prices.set_many([price], dry_run=True))
    assert (answer.created, answer.dry_run) == (1, True)
    assert model not in {each.model for each in ask(lambda bear: bear.prices.list()).prices}


def test_stored_events_are_put_under_new_prices_and_back(ask: Ask, model: str) -> None:
    """1000 in at 1 USD and 500 out at 2 USD a million are 0.002."""
    missing = ask(lambda bear: bear.prices.missing(**AUGUST, model=model)).items
    assert [(each.model, each.event_count) for each in missing] == [(model, 1)]
    prices = {"input_tokens": 1, "output_tokens": 2}
    ask(lambda bear: bear.prices.set(model=model, provider="vllm", prices=prices))
    which: dict[str, Any] = {**AUGUST, "model": model, "dimensions": {"team": "price"}}
    tried = ask(lambda bear: bear.prices.recost(**which))
    assert (tried.recost_id, tried.status, tried.newly_priced_events) == (None, "dry_run", 1)
    done = ask(lambda bear: bear.prices.recost(**which, dry_run=False))
    assert (done.status, done.cost_after) == ("done", Decimal("0.002"))
    assert (done.models, done.days) == (tried.models, tried.days)
    found = explained(ask, model)
    assert [(line.kind, line.quantity, line.price) for line in found.lines] == [
        ("input_tokens", 1000, 1),
        ("output_tokens", 500, 2),
    ]
    assert (found.cost, found.total, found.up_to_date) == (Decimal("0.002"), found.cost, True)
    assert found.recosts[0].recost_id == done.recost_id
    assert done.recost_id in {
        each.recost_id for each in ask(lambda bear: bear.prices.recosts()).recosts
    }
    assert ask(lambda bear: bear.prices.undo_recost(done.recost_id)).status == "undone"
    assert ask(lambda bear: bear.prices.get_recost(done.recost_id)).status == "undone"
    assert explained(ask, model).cost is None
    with pytest.raises(ConflictError, match="nothing to go on with"):
        ask(lambda bear: bear.prices.resume_recost(done.recost_id))


def test_an_alias_is_set_listed_and_deleted(ask: Ask, model: str) -> None:
    """An event of the name is explained as the model behind it."""
    made = ask(lambda bear: bear.prices.set_alias(model, model="gpt-4o", provider="openai"))
    assert (made.alias, made.target_provider, made.target_model) == (model, "openai", "gpt-4o")
    found = explained(ask, model)
    assert (found.alias_id, found.priced_as.model) == (made.id, "gpt-4o")
    assert found.current.cost == Decimal("0.0075")
    assert made.id in {each.id for each in ask(lambda bear: bear.prices.list_aliases()).aliases}
    assert ask(lambda bear: bear.prices.delete_alias(made.id)).retired_at


def test_the_catalogue_is_shown(ask: Ask) -> None:
    """How old it is, and the prices of a model at a time."""
    assert ask(lambda bear: bear.prices.catalogue()).as_of
    found = ask(lambda bear: bear.prices.catalogue(provider="openai", model="gpt-4o", at=DAY))
    prices = {each.kind: each.price for each in found.tiers[0].prices}
    assert prices["output_tokens"] == 10


def test_a_time_of_the_catalogue_has_a_zone(ask: Ask) -> None:
    """Without one it would be the server's guess."""
    naive = datetime(2026, 8, 5)  # noqa: DTZ001
    with pytest.raises(InvalidRequestError, match="time zone"):
        ask(lambda bear: bear.prices.catalogue(provider="openai", model="gpt-4o", at=naive))


@pytest.mark.parametrize(
    ("price", "named"),
    [
        ({"model": "m", "prices": {"input_tokens": 0.1}}, "input_tokens"),
        ({"model": "m", "units": {"images": "x"}}, "images"),
        ({"model": "m", "prices": {"tokens": 1}}, "tokens"),
        ({"model": "m", "effective_from": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_a_price_that_cannot_be_meant_is_refused(
    ask: Ask, price: dict[str, Any], named: str
) -> None:
    """By the client where it can tell, else by the server."""
    with pytest.raises(InvalidRequestError, match=named):
        ask(lambda bear: bear.prices.set(**price))


def test_what_is_not_there_is_not_found(ask: Ask) -> None:
    """Whatever the id has in it."""
    for question in (
        lambda bear: bear.prices.delete("price_x/../y"),
        lambda bear: bear.prices.explain(str(uuid4())),
        lambda bear: bear.prices.undo_recost("recost_x"),
    ):
        with pytest.raises(NotFoundError):
            ask(question)


def test_an_id_of_no_price_is_asked_for_as_it_is(ask: Ask) -> None:
    """Two dots are an id that is not there, and nothing at all is no id."""
    with pytest.raises(NotFoundError):
        ask(lambda bear: bear.prices.get_recost(".."))
    with pytest.raises(InvalidRequestError, match="names nothing"):
        ask(lambda bear: bear.prices.delete(""))


@pytest.mark.parametrize("start", [5, None])
def test_what_is_no_date_is_refused_by_name(ask: Ask, start: Any) -> None:
    """The message says which argument is wrong."""
    with pytest.raises(InvalidRequestError, match="start_date is"):
        ask(lambda bear: bear.usage.summary(start_date=start, end_date="2026-01-01"))
